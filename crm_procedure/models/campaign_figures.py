from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL

from ..tools import estimates
from .campaign_figure import NET, OVERALL
from .survey_question import DIMENSIONS, RECOMMENDATION
from .survey_user_input import ASKED

SATISFIED = 0.75  # of the scale: 4 or 5 of five points
PROMOTER, DETRACTOR = 0.9, 0.6  # 9 and 10, 0 to 6 of ten
TINY = 1e-9


class ProcedureCampaign(models.Model):
    """The figures of the report 《客户满意度调查报告》, frozen when it is made (Q4, Q5, ISO 9001 9.1.2).

    A customer counts as satisfied with a dimension whose questions got three quarters of the
    scale on average, and overall likewise. Who left out a dimension is not counted there.
    """

    _inherit = "crm.procedure.campaign"

    figures = fields.Json(string="Figures as data", readonly=True, copy=False, help="See ``_freeze`` for its shape.")
    figure_ids = fields.One2many("crm.procedure.campaign.figure", "campaign_id", string="Figures", readonly=True)
    analysed_on = fields.Datetime(string="Analysed on", readonly=True, copy=False)
    compared_with_id = fields.Many2one(
        "crm.procedure.campaign",
        string="Compared with",
        readonly=True,
        copy=False,
        help="The latest approved survey of this kind when this one was analysed.",
    )
    response_rate = fields.Float(
        string="Response rate (%)", readonly=True, copy=False, aggregator=None, help="Of all who were asked."
    )
    csat = fields.Float(
        string="Satisfied (%)", readonly=True, copy=False, aggregator=None, help="Weighted by grade. See the interval."
    )
    nps = fields.Float(
        string="Net promoter score", readonly=True, copy=False, aggregator=None, help="From -100 to 100."
    )
    csat_answers = fields.Integer(string="Answers on satisfaction", readonly=True, copy=False, help="0: no data.")
    nps_answers = fields.Integer(string="Answers on recommendation", readonly=True, copy=False, help="0: no data.")
    response_text = fields.Char(string="Response rate", compute="_compute_texts")
    csat_text = fields.Char(string="Satisfied customers", compute="_compute_texts")
    nps_text = fields.Char(string="Recommendation", compute="_compute_texts")
    figures_html = fields.Html(string="Results", compute="_compute_figures_html", sanitize=False)
    findings = fields.Html(help="What the answers mean, and where the gaps are. Management reads this.")

    @api.depends("figure_ids")
    @api.depends_context("lang")
    def _compute_texts(self):
        for campaign in self:
            overall = campaign.figure_ids.filtered(
                lambda f: f.dimension in (OVERALL, RECOMMENDATION) and not f.is_grade
            )
            texts = {figure.kind: figure.text for figure in overall}
            campaign.response_text = texts.get("response", "")
            campaign.csat_text = texts.get("csat", "")
            campaign.nps_text = texts.get(NET, "")

    @api.depends("figures", "figure_ids")
    @api.depends_context("lang")
    def _compute_figures_html(self):
        for campaign in self:
            campaign.figures_html = campaign.figures and self.env["ir.qweb"]._render(
                "crm_procedure.campaign_figures", campaign._figures_values()
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_analyse(self):
        """End the survey and freeze its figures; answers that come later are kept and not counted.

        :return: True
        :raise UserError: when it is not running, or nobody was asked
        """
        self._check_power(self._power_submit, self.env._("analyse"))
        self._lock_in_state("running", self.env._("analysed"))
        for campaign in self:
            if not campaign.invited_count:
                raise UserError(
                    self.env._(
                        "Nobody has been asked in %(campaign)s yet, so there is nothing to analyse. The invitations "
                        "go out in the background.",
                        campaign=campaign.display_name,
                    )
                )
            campaign._freeze()
            campaign.participant_ids.sudo().filtered(lambda p: p.state != "done").write(
                {"deadline": fields.Datetime.now()}  # sudo: the links end with the survey
            )
            campaign._set_state("analysed", analysed_on=fields.Datetime.now())
        self.sudo().activity_feedback(["crm_procedure.mail_activity_type_survey"])  # the request was met
        return True

    def action_view_figures(self):
        """:return: action that shows the figures as a graph"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.campaign_figure_action")
        action["domain"] = [("campaign_id", "in", (self | self.compared_with_id).ids)]
        action["display_name"] = self.env._("%(campaign)s: figures", campaign=self.display_name)
        return action

    def action_next(self):
        """:return: action that opens the next survey like this one, as a draft"""
        self._check_power(self._power_submit, self.env._("repeat"))
        self.ensure_one()
        following = self.copy()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": following.id,
            "view_mode": "form",
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _check_submit(self):
        super()._check_submit()
        for campaign in self:
            if not (campaign.findings or "").strip():
                raise UserError(
                    self.env._(
                        "%(campaign)s has no findings. Write what the answers mean and where the gaps are, and give "
                        "each gap an improvement action, then submit it.",
                        campaign=campaign.display_name,
                    )
                )

    def _freeze(self):
        """Make the figures of this moment and keep them.

        ``figures``: dict of ``as_of``, ``counts``: {outcome: number}, ``by_grade``: list of {grade, name,
        population, asked, answered}, ``missing``: names of grades without an answer, ``comments``: list
        of [dimension or "", question, list of {text, grade}], ``service``: {answers, rating}, ``least``.
        Rates and scores stand in ``figure_ids``.
        """
        self.ensure_one()
        before = self._last_approved()
        strata = self._strata()
        least = int(self._limit("survey_cell"))
        figures = {
            "as_of": fields.Datetime.to_string(fields.Datetime.now()),
            "counts": self._counts_by_outcome(),
            "by_grade": list(strata.values()),
            "missing": [row["name"] for row in strata.values() if row["population"] and not row["answered"]],
            "comments": self._comments(strata, least),
            "service": self._service_ratings(),
            "least": least,
        }
        rows = self._response_rows(strata) + self._answer_rows(strata)
        previous = {figure._key(): figure for figure in before.figure_ids}
        values = [
            row | {"sequence": sequence} | self._compared(row, previous, least) for sequence, row in enumerate(rows)
        ]
        headline = {row["kind"]: row for row in values if not row["is_grade"] and self._is_headline(row)}
        for row in values:
            row.pop("estimate")
        self.sudo().write(  # the run's own books; the power was checked
            {
                "figures": figures,
                "figure_ids": [Command.clear(), *(Command.create(row) for row in values)],
                "compared_with_id": before.id,
                "response_rate": headline["response"]["value"],
                "csat": headline["csat"]["value"],
                "csat_answers": headline["csat"]["answers"],
                "nps": headline.get(NET, {}).get("value", 0),
                "nps_answers": headline.get(NET, {}).get("answers", 0),
            }
        )

    @api.model
    def _is_headline(self, row):
        return row["dimension"] == (RECOMMENDATION if row["kind"] == NET else OVERALL)

    def _last_approved(self):
        """:return: the survey to compare with; sudo: an approved one is open to all"""
        return self.sudo().search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("kind", "=", self.kind)
            & Domain("state", "=", "approved")
            & Domain("id", "!=", self.id),
            order="date_from desc, id desc",
            limit=1,
        )

    def _counts_by_outcome(self):
        rows = self.env["survey.user_input"]._read_group(
            [("campaign_id", "=", self.id)], ["procedure_outcome"], ["__count"]
        )
        return dict(rows)

    def _strata(self):
        """:return: {grade id or 0: {grade, name, population, asked, answered}}, best grade first"""
        rows = (
            self.env["survey.user_input"]
            .sudo()
            ._read_group(  # how many is no secret to who analyses
                [("campaign_id", "=", self.id)], ["procedure_grade_id", "procedure_outcome"], ["__count"]
            )
        )
        drawn = {row["grade"]: row for row in (self.sample or {}).get("strata", [])}
        grades = self.env["crm.procedure.grade"].with_context(active_test=False)
        keys = {grade.id or 0 for grade, _outcome, _count in rows} | set(drawn)
        known = grades.browse([key for key in keys if key]).sorted("sequence").ids
        strata = {}
        for key in [*known, *([0] if 0 in keys else [])]:
            own = {outcome: count for grade, outcome, count in rows if (grade.id or 0) == key}
            asked = sum(count for outcome, count in own.items() if outcome in ASKED)
            strata[key] = {
                "grade": key,
                "name": grades.browse(key).name if key else self.env._("no grade"),
                # a form after delivery asks everybody it can: those asked are all there are
                "population": drawn[key]["population"] if key in drawn else asked,
                "asked": asked,
                "answered": own.get("answered", 0),
            }
        return strata

    # ------------------------------------------------------------
    # BUSINESS: rows
    # ------------------------------------------------------------

    def _response_rows(self, strata):
        """Answered of all asked, those whose mail came back or failed among them (AAPOR, Standard
        Definitions, 9th ed. 2016: response rate 1, the strictest)."""

        def row(group, grade=None):
            asked, answered = sum(r["asked"] for r in group), sum(r["answered"] for r in group)
            estimate = None
            if asked:
                share = answered / asked
                low, high = estimates.wilson(share, asked)
                estimate = estimates.Estimate(share, min(low, share), max(high, share), asked)
            # the rate speaks for those who were asked
            return self._row("response", OVERALL, group, estimate, grade) | {"population": asked, "answers": answered}

        groups = list(strata.values())
        return [row(groups), *(row([one], one["grade"]) for one in groups)]

    def _answer_rows(self, strata):
        counts = self._counts_by_dimension()
        asked = set(self.survey_id.sudo()._procedure_scored().mapped("procedure_dimension")) | set(counts)
        used = [OVERALL] + [key for key, _label in DIMENSIONS if key in asked]
        rows = []
        for dimension in used:
            kind = NET if dimension == RECOMMENDATION else "csat"
            estimate = estimates.weighted_net if kind == NET else estimates.weighted_share
            own = counts.get(dimension, {})
            parts = {
                key: estimates.Stratum(stratum["population"], *own.get(key, (0, 0, 0)))
                for key, stratum in strata.items()
            }
            rows.append(self._row(kind, dimension, strata.values(), estimate(parts.values())))
            for key, stratum in strata.items():
                rows.append(self._row(kind, dimension, [stratum], estimate([parts[key]]), key))
        return rows

    def _row(self, kind, dimension, strata, estimate, grade=None):
        return {
            "kind": kind,
            "dimension": dimension,
            "grade_id": grade or False,
            "is_grade": grade is not None,
            "population": sum(stratum["population"] for stratum in strata),
            "answers": estimate.answers if estimate else 0,
            "estimate": estimate,
        }

    def _compared(self, row, previous, least):
        """:return: what the row says: its value, whether it may be shown, and the change since last time"""
        estimate = row["estimate"]
        if not estimate:
            return {"status": "none", "value": 0, "low": 0, "high": 0, "change": "unknown"}
        if estimate.answers < least:
            # a figure of four answers tells more about four people than about the customers
            return {"status": "few", "value": 0, "low": 0, "high": 0, "change": "unknown"}
        values = {"status": "ok"} | {name: 100 * getattr(estimate, name) for name in ("value", "low", "high")}
        before = previous.get((row["kind"], row["dimension"], row["is_grade"], row["grade_id"]))
        if not before or before.status != "ok":
            return values | {"change": "unknown"}
        gap = estimates.difference(estimate, before._estimate())
        change = "same"
        if estimates.is_significant(gap):
            change = "up" if gap.value > 0 else "down"
        return values | {"previous": before.value, "gap": 100 * gap.value, "change": change}

    def _counts_by_dimension(self):
        """Answers summed up in one query, each customer once in a dimension.

        :return: {dimension: {grade id or 0: (answers, satisfied or promoters, detractors)}}
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH best AS (
                    SELECT question_id, max(answer_score) AS score FROM survey_question_answer
                     WHERE question_id IS NOT NULL GROUP BY 1
                ), marks AS (
                    SELECT u.id, COALESCE(u.procedure_grade_id, 0) AS grade, q.procedure_dimension AS dimension,
                           CASE WHEN l.answer_type = 'scale' AND q.question_type = 'scale'
                                THEN (l.value_scale - q.scale_min)::float / NULLIF(q.scale_max - q.scale_min, 0)
                                WHEN l.answer_type = 'suggestion' AND q.question_type = 'simple_choice'
                                     AND best.score > 0
                                THEN GREATEST(l.answer_score, 0) / best.score
                           END AS mark
                      FROM survey_user_input u
                      JOIN survey_user_input_line l ON l.user_input_id = u.id AND l.skipped IS NOT TRUE
                      JOIN survey_question q ON q.id = l.question_id
                 LEFT JOIN best ON best.question_id = q.id
                     WHERE u.campaign_id = %s AND u.procedure_outcome = 'answered'
                       AND u.test_entry IS NOT TRUE AND q.procedure_dimension IS NOT NULL
                ), scores AS (
                    SELECT id, grade, dimension, avg(mark) AS mark FROM marks
                     WHERE mark IS NOT NULL GROUP BY id, grade, dimension
                     UNION ALL
                    SELECT id, grade, %s, avg(mark) FROM marks
                     WHERE mark IS NOT NULL AND dimension != %s GROUP BY id, grade
                )
                SELECT dimension, grade, count(*),
                       count(*) FILTER (WHERE mark >= CASE WHEN dimension = %s THEN %s ELSE %s END),
                       count(*) FILTER (WHERE dimension = %s AND mark <= %s)
                  FROM scores
              GROUP BY 1, 2
                """,
                self.id,
                OVERALL,
                RECOMMENDATION,
                RECOMMENDATION,
                PROMOTER - TINY,
                SATISFIED - TINY,
                RECOMMENDATION,
                DETRACTOR + TINY,
            )
        )
        counts = {}
        for dimension, grade, *numbers in rows:
            counts.setdefault(dimension, {})[grade] = tuple(numbers)
        return counts
