from odoo import fields, models


class ProcedureGrade(models.Model):
    """Who signs the care plans of a grade (X14)."""

    _inherit = "crm.procedure.grade"

    plan_by_supervisor = fields.Boolean(
        string="Plans signed by the supervisor",
        help="A care plan for grades that are all marked so may be approved by a supervisor who did not submit it; "
        "otherwise management approves.",
    )
