from odoo import api, fields, models
from odoo.tools import formatLang

from ..tools.estimates import Estimate
from .survey_question import DIMENSIONS

OVERALL = "overall"
NET = "nps"


class ProcedureCampaignFigure(models.Model):
    """A figure of a campaign's report, frozen with it: what graphs, pivots and indicators read."""

    _name = "crm.procedure.campaign.figure"
    _description = "Survey Figure"
    _order = "campaign_id, sequence, id"
    _rec_name = "kind"

    campaign_id = fields.Many2one("crm.procedure.campaign", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="campaign_id.company_id", store=True, index=True)
    date = fields.Date(related="campaign_id.date_from", store=True, string="Survey of")
    sequence = fields.Integer()
    kind = fields.Selection(
        [("response", "Response rate"), ("csat", "Satisfied customers"), (NET, "Net promoter score")], required=True
    )
    dimension = fields.Selection([(OVERALL, "Overall"), *DIMENSIONS], required=True, default=OVERALL)
    grade_id = fields.Many2one("crm.procedure.grade", string="Grade", ondelete="restrict")
    is_grade = fields.Boolean(string="Of one grade", help="Not of all customers together.")
    status = fields.Selection(
        [("ok", "Shown"), ("few", "Too few answers"), ("none", "No data")], required=True, default="none"
    )
    value = fields.Float(aggregator="avg", help="Per cent; the net promoter score from -100 to 100.")
    low = fields.Float(string="At least", aggregator=None, help="Lower end of the 95 % interval.")
    high = fields.Float(string="At most", aggregator=None, help="Upper end of the 95 % interval.")
    answers = fields.Integer()
    population = fields.Integer(string="Customers", help="The customers that the figure speaks for.")
    previous = fields.Float(string="Before", aggregator=None, help="In the survey it is compared with.")
    gap = fields.Float(string="Difference", aggregator=None)
    change = fields.Selection(
        [
            ("up", "Better"),
            ("down", "Worse"),
            ("same", "Within chance"),
            ("unknown", "Nothing to compare with"),
        ],
        string="Against last time",
        required=True,
        default="unknown",
        help="Better or worse only where the difference is more than chance would bring, 95 times of 100.",
    )
    text = fields.Char(string="Figure", compute="_compute_text")
    change_text = fields.Char(string="Change", compute="_compute_text")

    @api.depends("status", "value", "low", "high", "kind", "change", "gap")
    @api.depends_context("lang")
    def _compute_text(self):
        for figure in self:
            figure.text = figure._write_out()
            figure.change_text = figure._write_change()

    def _label(self):
        """:return: what the figure is of, e.g. “Satisfied customers: service level”"""
        self.ensure_one()
        kind, dimension = (
            dict(self._fields[name]._description_selection(self.env))[self[name]] for name in ("kind", "dimension")
        )
        return f"{kind}: {dimension}" if self.kind == "csat" and self.dimension != OVERALL else kind

    def _key(self):
        """:return: what the same figure of another survey has in common with this one"""
        self.ensure_one()
        return (self.kind, self.dimension, self.is_grade, self.grade_id.id)

    def _estimate(self):
        """:return: the figure as ``tools/estimates.py`` knows it"""
        self.ensure_one()
        return Estimate(self.value / 100, self.low / 100, self.high / 100, self.answers)

    def _write_out(self):
        """:return: the figure with its interval, or why there is none"""
        self.ensure_one()
        if self.status == "none":
            return self.env._("no data")
        if self.status == "few":
            return self.env._("too few answers to show")
        return self.env._(
            "%(value)s (%(low)s to %(high)s)",
            value=self._number(self.value),
            low=self._number(self.low),
            high=self._number(self.high),
        )

    def _write_change(self):
        self.ensure_one()
        if self.change == "unknown":
            return ""
        label = dict(self._fields["change"]._description_selection(self.env))[self.change]
        sign = "+" if self.gap > 0 else ""
        return f"{label} ({sign}{formatLang(self.env, self.gap, digits=1)})"

    def _number(self, value):
        text = formatLang(self.env, value, digits=1)
        if self.kind == NET:
            return f"+{text}" if value > 0 else text
        return f"{text} %"
