"""Turns checked invoices (``invoice_csv``) into customers and confirmed sale orders.

Nothing here commits: whoever calls decides, so that a load is there as a whole or not at all.
"""

from collections import Counter
from itertools import islice
from zoneinfo import ZoneInfo

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command, Domain

BATCH = 500  # records in one create
QUIET = {
    # no mails, followers, messages or activities: thousands of old orders are no news
    "tracking_disable": True,
    "mail_create_nosubscribe": True,
    "mail_notify_force_send": False,
    "mail_activity_quick_update": True,
    "sale_no_log_for_new_lines": True,
}
UTC = ZoneInfo("UTC")
COUNTRY_ALIASES = {"eire": "IE", "usa": "US", "uk": "GB", "rsa": "ZA"}  # as traders write them


def prepare_company(env, name, currency, signers, zone=None, may_exist=True):
    """The company that the invoices go to, made when there is none of that name.

    :param currency: res.currency of a company to be made
    :param signers: users who will grade; they get access to a company that is made
    :param str zone: time zone of a company to be made
    :param bool may_exist: whether an existing company is what the caller wants
    :raise UserError: when it exists though it must not, or is closed to a signer
    """
    company = env["res.company"].search([("name", "=", name)], limit=1)
    if not company:
        company = env["res.company"].create({"name": name, "currency_id": currency.id})
        company.resource_calendar_id.tz = zone or "UTC"
        signers.write({"company_ids": [Command.link(company.id)]})
        return company
    if not may_exist:
        raise UserError(
            f"There is a company {name} already. To add the invoices to it, say so with --company; "
            "for a company of their own choose another name."
        )
    for user in signers:
        if company not in user.company_ids:
            raise UserError(
                f"{user.login} may not work in {name}. Let an administrator add it to the allowed companies "
                "of that user."
            )
    return company


def find_signers(env, marketing, sales):
    """:return: the users with these logins, in this order
    :raise UserError: when one does not exist, or lacks the role
    """
    users = env["res.users"]
    for login, role, power in (
        (marketing, "marketing", "grading_submit"),
        (sales, "sales", "grading_approve"),
    ):
        user = users.search([("login", "=", login), ("share", "=", False)])
        if not user:
            raise UserError(
                f"There is no user with the login {login}. Name one who has the {role} role with --{role} LOGIN."
            )
        if not user.has_procedure_power(power):
            raise UserError(
                f"{login} does not have the {role} role of Customer Procedure. Give it to that user, or name "
                f"another one with --{role} LOGIN."
            )
        users += user
    return users


class InvoiceLoader:
    """Loads invoices into one company.

    :param env: superuser environment
    :param company: res.company
    :param currency: res.currency of the amounts
    :param str zone: time zone that the invoices' dates are in
    """

    def __init__(self, env, company, currency, zone=None):
        self.env = env(context={**env.context, **QUIET, "allowed_company_ids": company.ids})
        self.company = company.with_env(self.env)
        self.currency = currency.with_env(self.env)
        self.zone = ZoneInfo(zone or self.company._procedure_tz())

    def refuse_known(self, invoices):
        """:raise UserError: when orders of these invoices are in the company already"""
        known = self.env["sale.order"].search(
            Domain("company_id", "=", self.company.id)
            & Domain("client_order_ref", "in", [invoice.number for invoice in invoices])
        )
        if known:
            raise UserError(
                f"{len(known):,} of the {len(invoices):,} invoices are in {self.company.name} already, "
                f"such as {known[-1].client_order_ref}. To grade them again use Customer Procedure > "
                "Gradings; to load them a second time choose another company with --company."
            )

    def refuse_unconvertible(self):
        """:raise UserError: when the amounts cannot be converted to the company's currency"""
        own = self.company.currency_id
        if self.currency != own and not self.currency.rate_ids:
            raise UserError(
                f"The amounts are in {self.currency.name} and {self.company.name} reckons in {own.name}, but "
                "there is no rate to convert them by. Enter one under Invoicing > Configuration > Currencies."
            )

    def load(self, invoices, progress=lambda kind, done, total: None):
        """Make the customers that are missing, and an order for each invoice.

        :param invoices: list of ``invoice_csv.Invoice``
        :param progress: called with what is made, how many are done and how many there are
        :return: res.partner of all customers, list of countries that Odoo does not know
        """
        self.refuse_known(invoices)
        self.refuse_unconvertible()
        if not self.currency.active:
            self.currency.active = True
        partners, unknown = self._load_partners(invoices, progress)
        self._load_orders(invoices, partners, progress)
        self._check_total(invoices)
        return self.env["res.partner"].browse(partners.values()), unknown

    def _load_partners(self, invoices, progress):
        last_country = {invoice.customer: invoice.country for invoice in invoices}
        partners = self._find_partners(list(last_country))
        partners.filtered(lambda partner: not partner.customer_rank).customer_rank = 1
        ids = {partner.ref: partner.id for partner in partners}
        countries, unknown = self._countries(last_country.values())
        new = [
            {
                "name": f"Customer {number}",
                "ref": number,
                "is_company": True,
                "customer_rank": 1,
                "company_id": self.company.id,
                "country_id": countries.get(country),
                "user_id": False,
            }
            for number, country in last_country.items()
            if number not in ids
        ]
        for done, batch in _batches(new):
            made = self.env["res.partner"].create(batch)
            ids.update(zip((vals["ref"] for vals in batch), made.ids, strict=True))
            self._forget()
            progress("customers", done, len(new))
        return ids, unknown

    def _find_partners(self, numbers):
        partners = self.env["res.partner"].search(
            Domain("ref", "in", numbers)
            & Domain("parent_id", "=", False)
            & Domain("company_id", "in", (self.company.id, False))
        )
        if len(partners) > len(set(partners.mapped("ref"))):
            [(twice, _count)] = Counter(partners.mapped("ref")).most_common(1)
            raise UserError(
                f"There are several customers with the reference {twice}, so it is not clear whose invoices "
                "these are. Merge them, or correct their references."
            )
        return partners

    def _countries(self, names):
        """:return: {name: id of res.country}, and how many customers have which unknown one"""
        countries = self.env["res.country"].search([])
        by_name = {country.code.lower(): country.id for country in countries}
        by_code = dict(by_name)
        by_name.update({country.name.lower(): country.id for country in countries})
        found = {}
        for name in set(names):
            key = name.lower()
            found[name] = by_name.get(key) or by_code.get(COUNTRY_ALIASES.get(key, "").lower())
        return found, Counter(name for name in names if name and not found[name])

    def _load_orders(self, invoices, partners, progress):
        product = self._product()
        orders = self.env["sale.order"]
        defaults = orders.default_get(list(orders._fields))  # once, not for each order
        for done, batch in _batches(invoices):
            orders.create(
                [{**defaults, **self._prepare_order(invoice, partners[invoice.customer], product)} for invoice in batch]
            )
            self._forget()
            progress("orders", done, len(invoices))

    def _product(self):
        """What the orders sell; nothing is left to invoice on an order that was invoiced."""
        values = {
            "name": "Invoice total",
            "type": "service",
            "invoice_policy": "delivery",
            "company_id": self.company.id,
            "purchase_ok": False,
            "taxes_id": False,
        }
        products = self.env["product.product"]
        known = [(name, "=", values[name]) for name in ("name", "type", "company_id")]
        return products.search(known, limit=1) or products.create(values)

    def _prepare_order(self, invoice, partner_id, product):
        moment = invoice.date.replace(tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)
        # what Odoo would look up for each order, a query or more apiece, is told
        return {
            "name": invoice.number,
            "client_order_ref": invoice.number,
            "state": "sale",
            "date_order": fields.Datetime.to_string(moment),
            "company_id": self.company.id,
            "partner_id": partner_id,
            "partner_invoice_id": partner_id,
            "partner_shipping_id": partner_id,
            "currency_id": self.currency.id,
            "pricelist_id": False,
            "fiscal_position_id": False,
            "payment_term_id": False,
            "user_id": False,
            "team_id": False,
            "order_line": [
                Command.create(
                    {
                        "product_id": product.id,
                        "name": f"{product.name} ({invoice.lines} lines)",
                        "product_uom_qty": 1,
                        "price_unit": float(invoice.amount),
                        "tax_ids": False,
                        "analytic_distribution": False,
                    }
                )
            ],
        }

    def _check_total(self, invoices):
        """The orders must add up to the file, whatever other addons make of them."""
        [[total, count]] = self.env["sale.order"]._read_group(
            Domain("company_id", "=", self.company.id)
            & Domain("client_order_ref", "in", [invoice.number for invoice in invoices])
            & Domain("state", "=", "sale"),
            aggregates=["amount_untaxed:sum", "__count"],
        )
        expected = sum(invoice.amount for invoice in invoices)
        if count != len(invoices) or self.currency.compare_amounts(total, float(expected)):
            raise UserError(
                f"The file holds {len(invoices):,} invoices worth {expected:,} {self.currency.name}, the orders "
                f"made are {count:,} worth {total:,.2f}. Nothing was loaded."
            )

    def set_full_amount(self, amount):
        """Let ``amount`` earn all points for sales in this company, by criteria of its own:
        a copy of what holds now."""
        criteria = self.env["crm.procedure.criterion"]._for_company(self.company)
        if not criteria.company_id:
            criteria = criteria.__class__.union(
                *(criterion.copy({"company_id": self.company.id}) for criterion in criteria)
            )
        criteria.filtered(lambda criterion: criterion.measure == "sales_amount").value_full = amount

    def _forget(self):
        """Write what is pending and let go of it, so that memory stays flat."""
        self.env.flush_all()
        self.env.invalidate_all()


def _batches(items):
    """Yield (number of items up to and with this batch, batch)."""
    iterator, done = iter(items), 0
    while batch := list(islice(iterator, BATCH)):
        done += len(batch)
        yield done, batch
