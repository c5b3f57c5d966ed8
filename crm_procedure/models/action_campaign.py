from odoo import api, fields, models


class ProcedureAction(models.Model):
    """Improvement actions that a survey leads to (Q5)."""

    _inherit = "crm.procedure.action"

    campaign_id = fields.Many2one(
        "crm.procedure.campaign", string="Survey", index="btree_not_null", ondelete="restrict", check_company=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("campaign_id"):
                campaign = self.env["crm.procedure.campaign"].browse(vals["campaign_id"])
                vals.setdefault("company_id", campaign.company_id.id)
        return super().create(vals_list)
