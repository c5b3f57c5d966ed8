from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools import indicators, limits
from .indicator_value import shown

EDIT, REFRESH = "indicator_edit", "indicator_refresh"


class ProcedureIndicator(models.Model):
    """What shows that a clause is followed: a row, not code (A7; DESIGN.md, "The one idea").

    A model, the records that count (population), those of them that are as they should be
    (conforming), a period and a target. Further subjects stand in files of their own:
    indicator_definition (what may be counted), indicator_count (how), indicator_compute (when),
    indicator_open (the records behind it), indicator_board and indicator_freeze (who reads it).
    """

    _name = "crm.procedure.indicator"
    _description = "Indicator"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True, tracking=True)
    code = fields.Char(required=True, copy=False, help="Short and unique: reports and other apps know it by this.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company", string="Company", index=True, help="Empty: every company, each by itself."
    )
    clause = fields.Char(
        tracking=True,
        help="Number of the clause that it shows to be followed, e.g. 5.2. It is looked up in the version in force.",
    )
    limit_code = fields.Selection(
        [(limit.code, limit.label) for limit in limits.LIMITS],
        string="Limit",
        help="The limit of the procedure that it measures.",
    )
    origin = fields.Selection(
        [("document", "From the documents"), ("own", "Our own definition")],
        required=True,
        default="own",
        tracking=True,
        help="Whether what it asks for is written in the procedure, or was chosen by us.",
    )
    role_ids = fields.Many2many(
        "res.groups",
        string="Responsible roles",
        domain=lambda self: [
            ("privilege_id.category_id", "=", self.env.ref("crm_procedure.module_category_procedure").id)
        ],
    )
    description = fields.Text(
        string="In words", translate=True, help="What is counted, as you would say it to an auditor."
    )

    model_name = fields.Char(string="Model", required=True, tracking=True, help="Technical name of the records.")
    model_choice = fields.Selection(
        selection="_selection_model",
        string="Records",
        compute="_compute_model_choice",
        inverse="_inverse_model_choice",
        help="What is counted.",
    )
    measure = fields.Selection(
        [
            (indicators.SHARE, "Share of the records, in %"),
            (indicators.COUNT, "Number of records"),
        ],
        required=True,
        default=indicators.SHARE,
        tracking=True,
    )
    domain_population = fields.Char(
        string="Which records count",
        required=True,
        default="[]",
        tracking=True,
        help="All that the indicator looks at.",
    )
    domain_conforming = fields.Char(
        string="Which of them conform",
        required=True,
        default="[]",
        tracking=True,
        help="Those that are as the procedure wants them.",
    )
    period = fields.Selection(
        [
            (indicators.NOW, "As it stands now"),
            ("month", "The last month"),
            ("quarter", "The last three months"),
            ("year", "The last twelve months"),
            (indicators.LIMIT, "As long as the limit says"),
        ],
        required=True,
        default=indicators.NOW,
        tracking=True,
        help="Periods end with the moment of counting.",
    )
    period_field = fields.Char(
        string="Date that counts", tracking=True, help="Records whose date lies in the period are counted."
    )
    target = fields.Float(required=True, default=100, tracking=True, digits=(16, 1), aggregator=None)
    direction = fields.Selection(
        [(indicators.UP, "At least"), (indicators.DOWN, "At most")],
        string="Target is reached from",
        required=True,
        default=indicators.UP,
        tracking=True,
    )

    value_ids = fields.One2many("crm.procedure.indicator.value", "indicator_id", string="Values", readonly=True)
    value = fields.Float(string="Value", compute="_compute_latest", digits=(16, 1), aggregator=None)
    population = fields.Integer(string="Records that count", compute="_compute_latest", aggregator=None)
    conforming = fields.Integer(string="Conforming", compute="_compute_latest", aggregator=None)
    state = fields.Selection(indicators.STATES, compute="_compute_latest", search="_search_state")
    computed_on = fields.Datetime(string="Counted on", compute="_compute_latest")
    broken_reason = fields.Text(string="Why it cannot be measured", compute="_compute_latest")
    value_shown = fields.Char(string="Value in words", compute="_compute_latest")
    target_shown = fields.Char(string="Target in words", compute="_compute_target_shown")
    may_refresh = fields.Boolean(compute="_compute_may_refresh", export_string_translation=False)

    _code_uniq = models.Constraint("UNIQUE (code)", "This code is taken. Choose another one.")
    _target_positive = models.Constraint("CHECK (target >= 0)", "A target is zero or more.")

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends_context("company")
    def _compute_latest(self):
        """What was counted last for the company that one works in."""
        latest = self.env["crm.procedure.indicator.value"]._latest(self._origin, self.env.company)
        for indicator in self:
            row = latest.get(indicator._origin.id)
            indicator.value = row.value if row else 0
            indicator.population = row.population if row else 0
            indicator.conforming = row.conforming if row else 0
            indicator.state = row.state if row else indicators.NO_DATA
            indicator.computed_on = row.computed_on if row else False
            indicator.broken_reason = row.reason if row else False
            measured = row and row.state in indicators.MEASURED
            indicator.value_shown = measured and shown(self.env, row.value, indicator.measure)

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        known = self.with_context(active_test=False).search([])
        latest = self.env["crm.procedure.indicator.value"]._latest(known, self.env.company)
        states = {indicator.id: indicators.NO_DATA for indicator in known}
        states |= {indicator_id: row.state for indicator_id, row in latest.items()}
        return [("id", "in", [indicator_id for indicator_id, state in states.items() if state in value])]

    @api.depends("target", "measure", "direction")
    def _compute_target_shown(self):
        for indicator in self:
            sign = "≤" if indicator.direction == indicators.DOWN else "≥"
            indicator.target_shown = f"{sign} {shown(self.env, indicator.target, indicator.measure)}"

    @api.depends("model_name")
    def _compute_model_choice(self):
        known = dict(self._selection_model())
        for indicator in self:
            indicator.model_choice = indicator.model_name if indicator.model_name in known else False

    def _inverse_model_choice(self):
        for indicator in self.filtered("model_choice"):
            indicator.model_name = indicator.model_choice

    @api.onchange("model_choice")
    def _onchange_model_choice(self):
        """Conditions on other records say nothing of these."""
        if self.model_choice and self.model_choice != self.model_name:
            self.model_name = self.model_choice
            self.domain_population = self.domain_conforming = "[]"
            self.period_field = False

    @api.depends_context("uid")
    def _compute_may_refresh(self):
        self.may_refresh = self.env.user.has_procedure_power(REFRESH)

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    def copy_data(self, default=None):
        default = default or {}
        rows = super().copy_data(default)
        for indicator, vals in zip(self, rows, strict=True):
            vals.setdefault("code", self._free_code(indicator.code))
            if "name" not in default:
                vals["name"] = self.env._("%(name)s (copy)", name=indicator.name)
        return rows

    @api.model
    def _free_code(self, code):
        # sudo: codes are unique over all companies
        taken = set(self.sudo().with_context(active_test=False).search([("code", "=like", f"{code}%")]).mapped("code"))
        number = 2
        while f"{code}_{number}" in taken:
            number += 1
        return f"{code}_{number}"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_measured(self):
        for indicator in self.filtered("value_ids"):
            raise UserError(
                self.env._(
                    "%(indicator)s has values, which are evidence, and cannot be deleted. Archive it instead.",
                    indicator=indicator.name,
                )
            )

    def _check_power(self, power, act):
        for indicator in self:
            self.env.user.check_procedure_power(power, f"{act} {indicator.name}")
