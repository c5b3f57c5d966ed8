from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    procedure_no_survey = fields.Boolean(
        string="Not to be surveyed",
        groups="crm_procedure.group_user",
        help="Does not want to be asked about satisfaction. Set on a company, it holds for everybody there.",
    )
