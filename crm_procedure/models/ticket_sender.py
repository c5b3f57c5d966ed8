from odoo import api, models
from odoo.fields import Domain
from odoo.tools import email_normalize
from odoo.tools.mail import email_split_tuples

from ..tools.mail_words import clean

LONGEST_ADDRESS = 254  # RFC 5321


class ProcedureTicket(models.Model):
    """Who stands at the door: a customer, somebody unknown, or a name of our own."""

    _inherit = "crm.procedure.ticket"

    @api.model
    def _sender(self, email_from, partner=None):
        """What a report says about whoever sent it.

        A name of our own (a colleague, the company, an address of this system) is no customer:
        such a report comes without one, and nothing is sent back.

        :param str email_from: as it came, e.g. ``"Wu" <wu@lotus.example>``
        :param partner: the contact that was found for it
        :return: dict of ``partner_id``, ``partner_name``, ``email_from``
        """
        name, address = (email_split_tuples(clean(email_from)[:2000]) or [("", "")])[0]
        normalized = email_normalize(address)
        unknown = {"partner_id": False, "partner_name": clean(name or address, 200) or False, "email_from": False}
        if not normalized or len(normalized) > LONGEST_ADDRESS or self._is_own_address(normalized):
            return unknown
        partner = (partner or self.env["res.partner"]).sudo()  # only which contact it is
        known = partner.email_normalized == normalized and not self._is_own_partner(partner)
        return {
            "partner_id": partner.id if known else False,
            "partner_name": False if known else unknown["partner_name"],
            "email_from": normalized,
        }

    @api.model
    def _is_own_address(self, email):
        """:param str email: normalized
        :return: whether it belongs to a colleague, a company of ours or this system
        """
        # sudo, here and below: only whether the address is one of ours
        if self.env["mail.alias.domain"].sudo()._find_aliases([email]):
            return True
        users = Domain("share", "=", False) & (Domain("email_normalized", "=", email) | Domain("login", "=", email))
        if self.env["res.users"].sudo().search_count(users, limit=1):
            return True
        companies = self.env["res.company"].sudo().search([]).partner_id
        return email in companies.mapped("email_normalized")

    @api.model
    def _is_own_partner(self, partner):
        return bool(partner.user_ids.filtered(lambda user: user._is_internal()) or partner.ref_company_ids)

    def _is_from_customer(self, email):
        """:param str email: normalized
        :return: whether the address is that of this ticket's customer, or of a contact of that company
        """
        self.ensure_one()
        if not email:
            return False
        if email == self.email_normalized:
            return True
        company = self.commercial_partner_id
        domain = [("email_normalized", "=", email), ("commercial_partner_id", "=", company.id)]
        # sudo: only whether there is such a contact
        return bool(company and self.env["res.partner"].sudo().search_count(domain, limit=1))
