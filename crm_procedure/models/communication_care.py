from odoo import api, fields, models


class ProcedureCommunication(models.Model):
    _inherit = "crm.procedure.communication"

    occasion_id = fields.Many2one(
        "crm.procedure.occasion",
        string="Occasion",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The care occasion that this greeting or gift belongs to.",
    )

    @api.model
    def _system_fields(self):
        return super()._system_fields() | {"occasion_id"}
