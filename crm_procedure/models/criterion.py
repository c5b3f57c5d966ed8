from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import scoring


class ProcedureCriterion(models.Model):
    """What counts for the grade: a measure, its weight, and a linear scale (G1, G2, X2).

    ``value_zero`` earns no points, ``value_full`` all 100; in between the points grow
    evenly. For the days since the last order less is better, so there full < zero.
    """

    _name = "crm.procedure.criterion"
    _description = "Grading Criterion"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all companies.")
    measure = fields.Selection(
        [
            ("sales_amount", "Sales amount in the period"),
            ("order_count", "Number of orders in the period"),
            ("recency", "Days since the last order"),
            ("potential", "Potential for cooperation (0–100)"),
            ("standing", "Standing in the industry (small 0, average 1, major 2, leader 3)"),
            ("credit", "Credit (poor 0, normal 1, good 2)"),
        ],
        required=True,
    )
    weight = fields.Float(required=True, default=10)
    value_zero = fields.Float(string="No points at", required=True)
    value_full = fields.Float(string="All points at", required=True)

    _weight_not_negative = models.Constraint(
        "CHECK (weight >= 0)", "A weight cannot be negative. Enter 0 to leave a criterion out."
    )

    @api.onchange("measure")
    def _onchange_measure(self):
        if self.measure:
            self.value_zero, self.value_full = scoring.DEFAULT_SCALES[self.measure]
            self.name = self.name or dict(self._fields["measure"]._description_selection(self.env))[self.measure]

    @api.constrains("measure", "value_zero", "value_full")
    def _check_scale(self):
        for criterion in self:
            falling = criterion.measure in scoring.LESS_IS_BETTER
            span = criterion.value_full - criterion.value_zero
            if span == 0 or (span < 0) != falling:
                raise ValidationError(
                    self.env._(
                        "%(criterion)s: the cut-offs are the wrong way round. All points must be earned at a "
                        "%(direction)s value than no points (now: none at %(zero)s, all at %(full)s).",
                        criterion=criterion.name,
                        direction=self.env._("lower") if falling else self.env._("higher"),
                        zero=criterion.value_zero,
                        full=criterion.value_full,
                    )
                )

    @api.model
    def _for_company(self, company):
        """:return: the criteria that count in ``company``"""
        return self.search([("company_id", "in", (company.id, False))])
