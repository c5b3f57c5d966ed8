from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    procedure_waive_separation = fields.Boolean(related="company_id.procedure_waive_separation", readonly=False)
