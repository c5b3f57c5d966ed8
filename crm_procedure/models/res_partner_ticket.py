from odoo import api, fields, models

from .ticket import OPEN


class ResPartner(models.Model):
    """Tickets of a customer, in its own form and on the contact's card."""

    _inherit = "res.partner"

    procedure_ticket_count = fields.Integer(
        string="Tickets",
        compute="_compute_procedure_ticket_count",
        groups="crm_procedure.group_user",
        help="Of the customer and its contacts: those that you may see.",
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_procedure_ticket_count(self):
        counts = self._procedure_ticket_counts([])
        for partner in self:
            partner.procedure_ticket_count = counts.get(partner.commercial_partner_id, 0)

    @api.model
    def _procedure_ticket_domain(self, partners):
        return [("commercial_partner_id", "in", partners.commercial_partner_id.ids)]

    def _procedure_ticket_counts(self, domain):
        """:return: {customer: number of tickets}, by one query"""
        tickets = self.env["crm.procedure.ticket"]
        domain = self._procedure_ticket_domain(self) + domain
        return dict(tickets._read_group(domain, ["commercial_partner_id"], ["__count"]))

    def action_view_procedure_tickets(self):
        """:return: action that opens the tickets of the customer and its contacts"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.ticket_action")
        action["domain"] = self._procedure_ticket_domain(self)
        action["context"] = {"default_partner_id": self.id}
        action["views"] = sorted(action["views"], key=lambda view: view[1] != "list")
        return action

    def _procedure_forget_in_records(self):
        """The address an answer went to goes as well; its link dies with it."""
        super()._procedure_forget_in_records()
        answers = self.env["crm.procedure.ticket.round"].sudo()  # an administrator, as for all the rest
        answers.search([("ticket_id.partner_id", "in", self.ids)]).sent_to = False

    def _compute_application_statistics_hook(self):
        statistics = super()._compute_application_statistics_hook()
        if not self.env.user.has_group("crm_procedure.group_user"):
            return statistics
        counts = self._procedure_ticket_counts([("state", "in", OPEN)])
        for partner in self:
            count = counts.get(partner.commercial_partner_id)
            if count:
                label = self.env._("Open tickets")
                statistics[partner.id].append(
                    {"iconClass": "fa-comments-o", "value": count, "label": label, "tagClass": "o_tag_color_1"}
                )
        return statistics
