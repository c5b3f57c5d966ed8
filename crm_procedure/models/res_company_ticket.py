from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    procedure_public_form = fields.Boolean(
        string="Public form",
        default=True,
        help="Anybody can report something at /ticket/new, without an account.",
    )
    procedure_suggestion_box = fields.Boolean(
        string="Suggestion box",
        help="Anybody can leave a suggestion at /ticket/box without a name.",
    )
    procedure_unaccepted_told_on = fields.Date(readonly=True, export_string_translation=False)


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    procedure_public_form = fields.Boolean(related="company_id.procedure_public_form", readonly=False)
    procedure_suggestion_box = fields.Boolean(related="company_id.procedure_suggestion_box", readonly=False)
