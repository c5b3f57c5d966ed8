"""``odoo grade_invoices``: from a file of invoices to a graded list of customers."""

import argparse
import math
import sys
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.cli.command import Command
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.tools import config

REFUSED, BAD_FILE = 1, 2  # exit codes
TOP = 10
WAIT = 0.5  # seconds between two looks at a list that a running server is applying


class Grade_Invoices(Command):  # noqa: N801  the command is named after the class
    """
    Load a CSV file of invoices as customers and confirmed sale orders, grade the customers and
    print the list.

    The whole file is checked first: when a row is bad, the bad rows are listed with their line
    numbers and nothing is loaded. The list is computed and submitted by one user, co-signed by
    another, as in the application.
    """

    epilog = """
        The file is UTF-8 text, separated by commas, one invoice a line, with this header:
            invoice_date,invoice,customer,country,amount_gbp,lines
        The currency is taken from the header (amount_gbp, amount_eur). Numbers of credit notes
        begin with C, their amounts are below zero: they reduce what the customer bought and
        count as no order.

        Exit codes: 0 graded; 1 refused, with the reason; 2 the file has bad rows.

        Example:
            odoo grade_invoices -d mydb invoices.csv --full-amount 5000
    """

    def __init__(self):
        super().__init__()
        add = self.parser.add_argument
        add("file", type=Path, metavar="FILE", help="CSV file of invoices")
        add("-c", "--config", help="Odoo's configuration file")
        add("-d", "--database", dest="db_name", help="database (default: the configured one)")
        add(
            "--company",
            metavar="NAME",
            help="load into this company; made, in the file's currency, when there is "
            "none (default: a new company named after the file)",
        )
        add("--marketing", metavar="LOGIN", default="marketing", help="who submits the list (%(default)s)")
        add("--sales", metavar="LOGIN", default="sales", help="who co-signs the list (%(default)s)")
        add("--date", type=_day, metavar="YYYY-MM-DD", help="grade as of this day (default: the last invoice's)")
        add(
            "--timezone",
            type=_zone,
            metavar="ZONE",
            help="time zone of the invoices, such as Europe/London (default: the company's; UTC for a new one)",
        )
        add(
            "--full-amount",
            type=_amount,
            metavar="AMOUNT",
            help="sales amount that earns all points, in the company's currency; gives the company criteria of its own",
        )

    def run(self, cmdargs):
        options = self.parser.parse_args(cmdargs)
        options.may_exist = bool(options.company)
        options.company = options.company or _company_name(options.file)
        registry = self._registry(options)
        with registry.cursor() as cr:
            env = Environment(cr, SUPERUSER_ID, {})
            if "crm.procedure.grading" not in env:
                self.parser.error(
                    f"Customer Procedure is not installed in {cr.dbname}: odoo -d {cr.dbname} "
                    "-i crm_procedure --stop-after-init"
                )
            try:
                _Run(env, options).run()
            except UserError as refusal:
                cr.rollback()
                _fail(REFUSED, str(refusal))

    def _registry(self, options):
        arguments = ["--no-http"]
        if options.config:
            arguments += ["-c", options.config]
        if options.db_name:
            arguments += ["-d", options.db_name]
        # the log stays for what goes wrong; progress and result are printed
        config.parse_config([*arguments, "--log-level=warn"], setup_logging=True)
        if len(config["db_name"]) != 1:
            self.parser.error("name one database with -d")
        return Registry(config["db_name"][0])


class _Run:
    """One call of the command; the phases are timed."""

    def __init__(self, env, options):
        self.env = env
        self.options = options
        self.seconds = {}

    def run(self):
        currency, invoices = self._read()
        marketing, sales = self._find_signers()
        with self._phase("load"):
            company, unknown = self._load(currency, invoices, marketing | sales)
            self.env.cr.commit()
            self.env.registry.signal_changes()  # running servers learn of the company
        day = self.options.date or max(invoice.date for invoice in invoices).date()
        try:
            grading = self._grade(company, day, marketing, sales)
        except UserError as refusal:
            self.env.cr.rollback()
            _fail(
                REFUSED,
                f"{refusal}\nThe invoices are loaded into {company.name}; the customers can be graded "
                "under Customer Procedure > Gradings.",
            )
        self._print(grading, invoices, unknown)

    # ------------------------------------------------------------
    # Phases
    # ------------------------------------------------------------

    def _read(self):
        from odoo.addons.crm_procedure.tools import invoice_csv

        known = self.env["res.currency"].with_context(active_test=False).search([])
        currencies = {currency.name: currency.decimal_places for currency in known}
        with self._phase("check"):
            try:
                with self.options.file.open("rb") as lines:
                    code, invoices = invoice_csv.read(lines, currencies)
            except OSError as problem:
                _fail(BAD_FILE, f"{self.options.file}: {problem.strerror}")
            except invoice_csv.BadFile as bad:
                count = len(bad.problems)
                _fail(
                    BAD_FILE, f"{self.options.file}: {count:,} bad line{'s' * (count > 1)}, nothing was loaded.\n{bad}"
                )
        return known.filtered(lambda currency: currency.name == code), invoices

    def _find_signers(self):
        from odoo.addons.crm_procedure.tools import invoice_loader

        return invoice_loader.find_signers(self.env, self.options.marketing, self.options.sales)

    def _load(self, currency, invoices, signers):
        from odoo.addons.crm_procedure.tools import invoice_loader

        options = self.options
        existing = self.env["res.company"].search([("name", "=", options.company)], limit=1)
        if existing:
            invoice_loader.InvoiceLoader(self.env, existing, currency, options.timezone).refuse_known(invoices)
        company = invoice_loader.prepare_company(
            self.env, options.company, currency, signers, options.timezone, options.may_exist
        )
        if len(signers) == 1 and not company.procedure_waive_separation:
            raise UserError(
                f"{signers.login} cannot both submit and co-sign. Name two users with --marketing and --sales."
            )
        loader = invoice_loader.InvoiceLoader(self.env, company, currency, options.timezone)
        _partners, unknown = loader.load(invoices, _progress)
        if options.full_amount:
            loader.set_full_amount(options.full_amount)
        return company, unknown

    def _grade(self, company, day, marketing, sales):
        """Compute, submit, co-sign and apply, each as the user whose duty it is."""
        grading = self.env["crm.procedure.grading"].with_context(
            allowed_company_ids=company.ids, mail_notify_force_send=False, mail_activity_quick_update=True
        )
        with self._phase("compute"):
            grading = grading.with_user(marketing).with_context(lang=marketing.lang)
            grading = grading.create({"company_id": company.id, "date": day})
            grading.action_compute()
            grading.action_submit()
            self.env.cr.commit()
        with self._phase("sign and apply"):
            grading.with_user(sales).with_context(lang=sales.lang).action_approve()
            self.env.cr.commit()
            self._wait_until_applied(grading)
        return grading.sudo()

    def _wait_until_applied(self, grading):
        """A long list is applied by a scheduled action: run it, unless a server does."""
        cron = self.env.ref("crm_procedure.ir_cron_grading_apply")
        while not grading.sudo().applied_on:
            try:
                if cron.method_direct_trigger() is not True:
                    raise UserError(
                        f"{grading.name} is co-signed, but could not be applied now: the log says why. "
                        "The scheduled action tries again every hour."
                    )
            except UserError as refusal:
                if "already executing" not in str(refusal):
                    raise
                time.sleep(WAIT)
            self.env.cr.commit()
            self.env.invalidate_all()

    @contextmanager
    def _phase(self, name):
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start

    # ------------------------------------------------------------
    # The list
    # ------------------------------------------------------------

    def _print(self, grading, invoices, unknown):
        figures = grading.figures
        grades = self.env["crm.procedure.grade"].browse([row["id"] for row in figures["grades"]])
        credit_notes = sum(invoice.is_credit_note for invoice in invoices)
        customers = len({invoice.customer for invoice in invoices})
        print(f"{grading.name} of {grading.company_id.name}, as of {grading.date}")
        print(f"{len(invoices):,} invoices of {customers:,} customers, {credit_notes:,} of them credit notes")
        if unknown:
            print(
                "Countries that Odoo does not know, left empty: "
                + ", ".join(f"{name} ({count})" for name, count in unknown.most_common())
            )
        print(f"\n{'Grade':<14}{'Customers':>10}{'Before':>10}")
        for grade, row in zip(grades, figures["grades"], strict=True):
            print(f"{grade.name:<14}{row['then']:>10,}{row['now']:>10,}")
        print(f"\nMoves: {figures['new']:,} new, {figures['up']:,} up, {figures['down']:,} down")
        self._print_top(grading, grades)
        print("\nSeconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in self.seconds.items()))

    def _print_top(self, grading, grades):
        company = grading.company_id
        symbol = company.currency_id.name
        partners = self.env["res.partner"].with_company(company)
        candidates = partners
        for grade in grades:
            candidates |= partners.search([("procedure_grade_id", "=", grade.id)])
            if len(candidates) >= TOP:
                break
        scores = grading._scoring().customers(candidates.ids)
        ranked = sorted(scores.items(), key=lambda item: (-item[1]["score"], -item[1]["sales_amount"], item[0]))
        print(f"\n{'Top ' + str(TOP):<28}{'Grade':>6}{'Score':>8}{'Amount ' + symbol:>16}{'Orders':>8}")
        for partner_id, found in ranked[:TOP]:
            partner = partners.browse(partner_id)
            print(
                f"{partner.name[:27]:<28}{partner.procedure_grade_id.name or '':>6}{found['score']:>8.2f}"
                f"{found['sales_amount']:>16,.2f}{found['order_count']:>8}"
            )


def _company_name(path):
    name = " ".join(path.stem.replace("_", " ").split())
    return name[:1].upper() + name[1:]


def _progress(kind, done, total):
    """One line that counts up on a terminal, a line now and then in a log."""
    terminal = sys.stderr.isatty()
    if terminal or done == total or done % 2000 == 0:
        end = "\n" if done == total or not terminal else "\r"
        print(f"{kind}: {done:,} of {total:,}", end=end, file=sys.stderr, flush=True)


def _fail(code, message):
    print(message, file=sys.stderr)
    sys.exit(code)


def _day(text):
    return date.fromisoformat(text)


def _zone(text):
    try:
        return ZoneInfo(text).key
    except (ValueError, OSError, LookupError) as problem:
        raise argparse.ArgumentTypeError(f"{text} is no time zone such as Europe/London") from problem


def _amount(text):
    amount = float(text)
    if not (math.isfinite(amount) and amount > 0):
        raise ValueError
    return amount
