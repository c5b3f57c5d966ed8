from odoo import fields, models


class ProcedureGrade(models.Model):
    """What a grade entitles to (G7): proposed on the quotation, never applied by itself."""

    _inherit = "crm.procedure.grade"

    pricelist_id = fields.Many2one(
        "product.pricelist",
        string="Price List",
        company_dependent=True,
        domain="[('company_id', 'in', (allowed_company_ids[0], False))]",
        help="Proposed on the quotations of customers with this grade. Each company has its own.",
    )
    service_priority = fields.Selection(
        [("0", "Normal"), ("1", "Raised"), ("2", "High"), ("3", "First")],
        required=True,
        default="0",
        help="How urgent the tickets of these customers are from the start.",
    )
    reward_percent = fields.Float(
        string="Repeat-Customer Reward (%)", help="Discount proposed to those who have ordered before."
    )
    reward_note = fields.Char(
        string="Other Reward",
        translate=True,
        help="Promised to those who have ordered before, e.g. free training. The salesperson sees to it.",
    )

    _reward_percent_range = models.Constraint(
        "CHECK (reward_percent >= 0 AND reward_percent <= 100)", "A reward lies between 0 and 100 %."
    )
