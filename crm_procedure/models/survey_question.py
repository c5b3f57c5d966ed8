from odoo import api, fields, models
from odoo.exceptions import UserError

RECOMMENDATION = "recommendation"
DIMENSIONS = [
    ("product", "Product quality"),
    ("service", "Service level"),
    ("experience", "Experience"),
    ("efficiency", "Efficiency of the service"),
    ("professionalism", "Professionalism"),
    ("effect", "Effect of the solution"),
    (RECOMMENDATION, "Recommendation"),
]
SCORED_TYPES = ("scale", "simple_choice")
# What the answers were given to: changed afterwards, they would mean something else.
MEANING = {"procedure_dimension", "question_type", "scale_min", "scale_max", "survey_id", "is_page"}


class SurveySurvey(models.Model):
    """A questionnaire of the procedure is a survey of a type of its own, which our roles may read."""

    _inherit = "survey.survey"

    survey_type = fields.Selection(
        selection_add=[("procedure", "Customer Procedure")], ondelete={"procedure": "set default"}
    )

    @api.depends("survey_type")
    @api.depends_context("uid")
    def _compute_allowed_survey_types(self):
        super()._compute_allowed_survey_types()
        user = self.env.user
        if user.has_group("crm_procedure.group_marketing") or user.has_group("survey.group_survey_user"):
            self.allowed_survey_types = (self.allowed_survey_types or []) + ["procedure"]

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        self.question_and_page_ids._refuse_if_asked()

    def _procedure_scored(self):
        """:return: questions whose answers make a figure"""
        return self.question_ids.filtered(
            lambda question: question.procedure_dimension and question.question_type in SCORED_TYPES
        )

    def action_procedure_preview(self):
        """:return: action that opens the questionnaire as a customer sees it; nothing is stored"""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "target": "new", "url": f"/survey/print/{self.access_token}"}


class SurveyQuestion(models.Model):
    """What a question asks about (Q3): figures are made per dimension, comments grouped by it."""

    _inherit = "survey.question"

    procedure_dimension = fields.Selection(
        DIMENSIONS,
        string="Dimension",
        help="What the question asks about. Scales and single choices with a dimension make the figures of a "
        "survey campaign; a free text is grouped under it. Recommendation: a scale from 0 to 10.",
    )

    def write(self, vals):
        if MEANING & set(vals):
            changed = self.filtered(
                lambda q: any(
                    q._fields[name].convert_to_write(q[name], q) != vals[name] for name in MEANING & set(vals)
                )
            )
            changed._refuse_if_asked()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        self._refuse_if_asked()

    def _refuse_if_asked(self):
        """Answers go with their question, so a question that customers have answered stays."""
        lines = self.env["survey.user_input.line"].sudo()  # only whether there are answers
        line = lines.search([("question_id", "in", self.ids), ("user_input_id.campaign_id", "!=", False)], limit=1)
        if line:
            raise UserError(
                self.env._(
                    "“%(question)s” has been answered in %(campaign)s, and the answers are evidence. Make a copy of "
                    "the questionnaire and change that one.",
                    question=line.question_id.title,
                    campaign=line.user_input_id.campaign_id.display_name,
                )
            )
