from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import float_round

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
    company_id = fields.Many2one("res.company", index=True, help="Empty: for every company that has none of its own.")
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

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_suggest_cut_offs(self):
        """Set the cut-offs of amounts and counts by the company's own customers: all points
        at what one in twenty of those with orders exceeds, none at zero.

        :return: True
        :raise UserError: for other measures, or when nobody has ordered
        """
        for criterion in self:
            if criterion.measure not in ("sales_amount", "order_count"):
                raise UserError(
                    self.env._(
                        "Cut-offs can be suggested for amounts and numbers of orders. Those of %(criterion)s "
                        "follow from its scale: enter them yourself.",
                        criterion=criterion.name,
                    )
                )
            company = criterion.company_id or self.env.company
            grading = self.env["crm.procedure.grading"].new({"company_id": company.id})
            value = grading._measuring().percentile(criterion.measure, 0.95)
            if not value:
                raise UserError(self.env._("There are no confirmed orders in the period to take cut-offs from."))
            step = 10 ** max(0, len(str(int(value))) - 2)  # two leading digits are plenty
            criterion.write({"value_zero": 0, "value_full": float_round(value, precision_rounding=step)})
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _for_company(self, company):
        """:return: the criteria that count in ``company``: its own ones, or else those for
        all companies
        """
        return self.search([("company_id", "=", company.id)]) or self.search([("company_id", "=", False)])
