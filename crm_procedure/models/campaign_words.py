from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import formatLang

from .campaign_figure import OVERALL
from .survey_question import DIMENSIONS, RECOMMENDATION


class ProcedureCampaign(models.Model):
    """What stands beside the figures: the customers' words, the service ratings, how to read it all (Q4)."""

    _inherit = "crm.procedure.campaign"

    def _comments(self, strata, least):
        """What customers wrote, in their words, by dimension; the grade only where it does not point at one.

        :return: list of [dimension or "", question, list of {text, grade}]
        """
        lines = self.env["survey.user_input.line"].sudo()  # without names; the power was checked
        found = lines.search(
            Domain("user_input_id.campaign_id", "=", self.id)
            & Domain("user_input_id.procedure_outcome", "=", "answered")
            & Domain("answer_type", "in", ("text_box", "char_box")),
            order="question_sequence, question_id, id",
        )
        many = {key for key, stratum in strata.items() if stratum["answered"] >= least}
        groups = {}
        for line in found:
            text = (line.value_text_box or line.value_char_box or "").strip()
            if not text or line.question_id.save_as_email or line.question_id.validation_email:
                continue
            key = line.user_input_id.procedure_grade_id.id or 0
            groups.setdefault(line.question_id, []).append(
                {"text": text, "grade": strata[key]["name"] if key in many else ""}
            )
        order = {key: place for place, (key, _label) in enumerate(DIMENSIONS)}
        questions = sorted(groups, key=lambda q: (order.get(q.procedure_dimension, len(order)), q.sequence, q.id))
        return [[question.procedure_dimension or "", question.title, groups[question]] for question in questions]

    def _service_ratings(self):
        """What customers said of their tickets in the twelve months before, to hold the survey against.

        :return: {answers, rating (1 to 5, 0 without answers)}
        """
        end = self._end_moment()
        tickets = self.env["crm.procedure.ticket"].sudo()  # one average, no ticket
        [(rating, count)] = tickets._read_group(
            Domain("company_id", "=", self.company_id.id)
            & Domain("customer_rating", ">", 0)
            & Domain("date_closed", ">", fields.Datetime.subtract(end, years=1))
            & Domain("date_closed", "<=", end),
            [],
            ["customer_rating:avg", "__count"],
        )
        return {"answers": count, "rating": float(rating or 0)}

    def _figures_values(self):
        """:return: values of the template that shows the figures"""
        self.ensure_one()
        labels = dict(self.env["survey.question"]._fields["procedure_dimension"]._description_selection(self.env))
        return {
            "figures": self.figures,
            "overall": self.figure_ids.filtered(lambda figure: not figure.is_grade),
            "by_grade": self._grade_table(),
            "badge": self._grade_badge,
            "label": lambda dimension: labels.get(dimension) or self.env._("General"),
            "notes": self._figure_notes(),
            "share": lambda value: round(min(100, max(0, value)), 1),
        }

    def _figure_notes(self):
        """:return: list of sentences on how the figures are to be read"""
        figures = self.figures
        notes = [
            self.env._(
                "Satisfied is who gave three quarters of the scale or more on average. Figures of all customers are "
                "weighted by grade."
            ),
            self.env._("The response rate counts everybody who was asked, also where the mail failed or came back."),
            self.env._("Figures of fewer than %(least)s answers are not shown.", least=figures["least"]),
        ]
        if figures["missing"]:
            notes.append(
                self.env._(
                    "Nobody answered in %(grades)s: the figures say nothing of these grades.",
                    grades=", ".join(figures["missing"]),
                )
            )
        if self.compared_with_id:
            notes.append(
                self.env._(
                    "Compared with %(survey)s: better or worse only where chance does not explain it.",
                    survey=self.compared_with_id.sudo().display_name,  # an approved one is open to all
                )
            )
        if figures["service"]["answers"]:
            notes.append(
                self.env._(
                    "For comparison: closed tickets of these twelve months were rated %(rating)s of 5 on average "
                    "(%(count)s ratings).",
                    rating=formatLang(self.env, figures["service"]["rating"], digits=1),
                    count=figures["service"]["answers"],
                )
            )
        return notes

    def _grade_table(self):
        """:return: list of {row of ``by_grade``, figures: {kind: figure}}"""
        table = []
        for row in self.figures["by_grade"]:
            own = self.figure_ids.filtered(
                lambda f, row=row: (
                    f.is_grade and (f.grade_id.id or 0) == row["grade"] and f.dimension in (OVERALL, RECOMMENDATION)
                )
            )
            table.append({**row, "figures": {figure.kind: figure for figure in own}})
        return table
