from odoo import fields, models


class ProcedureTeam(models.Model):
    _inherit = "crm.procedure.team"

    resource_calendar_id = fields.Many2one(
        "resource.calendar",
        string="Working hours",
        domain="[('company_id', 'in', (False, company_id))]",
        help="In which the clock of this team's tickets runs. Empty: those of the company.",
    )
