from odoo import fields, models


class ProcedureGrade(models.Model):
    _inherit = "crm.procedure.grade"

    care_budget = fields.Float(
        string="Care Budget a Year",
        company_dependent=True,
        help="What reception, gifts, events and greetings may cost for one customer of this grade in a year, in the "
        "company's currency; beyond it management approves. 0: no budget is set.",
    )

    _care_budget_positive = models.Constraint(
        "CHECK (jsonb_path_exists(care_budget, '$.* ? (@ < 0)') IS NOT TRUE)", "A budget cannot be below zero."
    )
