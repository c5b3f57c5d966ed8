from odoo import api, fields, models
from odoo.fields import Domain

from .communication import RECORD
from .res_partner import USER

SHOWN = 10


class ResPartner(models.Model):
    """The contacts with a customer, latest first, on the customer's page (V1)."""

    _inherit = "res.partner"

    procedure_timeline = fields.Html(
        string="Communications", compute="_compute_procedure_timeline", sanitize=False, groups=USER
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company", "uid", "lang")
    def _compute_procedure_timeline(self):
        for partner in self:
            of_customer = Domain("partner_id", "=", partner.commercial_partner_id.id)
            of_company = Domain("company_id", "=", self.env.company.id)
            rows = []
            if partner.commercial_partner_id.id:
                contacts = self.env["crm.procedure.communication"].search_fetch(
                    of_customer & of_company, order="date_planned desc, id desc", limit=SHOWN
                )
                rows = contacts._timeline_rows()
            partner.procedure_timeline = self.env["ir.qweb"]._render(
                "crm_procedure.communication_timeline", {"rows": rows}
            )

    def action_record_contact(self):
        """Open the contact that is due with the customer, or a new one.

        :return: action that opens the form
        :raise AccessError: without the power to record
        """
        self.ensure_one()
        self.env.user.check_procedure_power(RECORD, self.env._("record a communication"))
        due = self.env["crm.procedure.communication"]._due_with(self, self.env.user)
        if due:
            return due._open_record(due)
        customer = self.commercial_partner_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Communication"),
            "res_model": "crm.procedure.communication",
            "view_mode": "form",
            "context": {
                "default_partner_id": customer.id,
                "default_contact_id": self.id if self != customer else False,
                "default_kind": "other",
            },
        }
