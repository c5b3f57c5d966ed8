import ast
import math

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import estimates

UNGRADED = 0  # stands for "no grade" where a key is needed


class ProcedureCampaign(models.Model):
    """Whom to ask: a stratified sample that can be drawn again (Q1, ISO 10004 7.3).

    Customers are put in order by a hash of seed and id, and the first of each grade are taken:
    the same seed and the same customers give the same sample on any machine, and a customer
    who comes or goes changes no more than one place.
    """

    _inherit = "crm.procedure.campaign"

    grade_ids = fields.Many2many(
        "crm.procedure.grade", string="Grades", check_company=True, help="Empty: customers of every grade, and without."
    )
    population_domain = fields.Char(string="Further conditions", help="Which customers belong to the population.")
    margin = fields.Float(
        string="Margin of error (%)",
        default=5,
        digits=(4, 1),
        help="The figures are to be known within so many percentage points, 95 times of 100.",
    )
    precision = fields.Selection(
        [("total", "For all customers together"), ("grade", "For each grade by itself")],
        required=True,
        default="total",
        help="By grade takes many more answers.",
    )
    expected_rate = fields.Integer(
        string="Expected answers (%)",
        default=40,
        help="Of a hundred customers asked, how many will answer; so many more are asked.",
    )
    seed = fields.Integer(
        default=lambda self: self._default_seed(),
        copy=False,
        help="Number that the draw starts from. The same number and the same customers give the same sample.",
    )
    sample = fields.Json(
        string="Sample as data", readonly=True, copy=False, help="See ``_sample_figures`` for its shape."
    )
    sample_html = fields.Html(string="Sample", compute="_compute_sample_html", sanitize=False)

    _margin_range = models.Constraint(
        "CHECK (margin >= 0.5 AND margin <= 50)", "The margin of error lies between 0.5 and 50 %."
    )
    _rate_range = models.Constraint(
        "CHECK (expected_rate BETWEEN 1 AND 100)", "The expected answers lie between 1 and 100 %."
    )

    @api.depends("sample")
    @api.depends_context("lang")
    def _compute_sample_html(self):
        for campaign in self:
            campaign.sample_html = campaign.sample and self.env["ir.qweb"]._render(
                "crm_procedure.campaign_sample",
                {"sample": campaign.sample, "badge": campaign._grade_badge, **campaign._sample_sentences()},
            )

    @api.constrains("population_domain")
    def _check_population_domain(self):
        for campaign in self:
            campaign._extra_domain()

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_draw(self):
        """Draw the sample, or draw it again by the same seed.

        :return: True
        :raise UserError: when there is nobody to ask
        """
        self._check_power(self._power_submit, self.env._("draw the sample of"))
        self._lock_in_state("draft", self.env._("drawn"))
        for campaign in self.filtered(lambda c: c.kind == "yearly"):
            campaign._draw()
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _draw(self):
        self.ensure_one()
        self.env.cr.execute(
            "DELETE FROM survey_user_input WHERE campaign_id = %s AND procedure_outcome = 'drawn'", [self.id]
        )
        frame = self._frame(self._population_domain())
        counts = self.env.execute_query(
            SQL("WITH %s SELECT grade_key, reason, channel, count(*) FROM frame GROUP BY 1, 2, 3", frame)
        )
        sample = self._sample_figures(counts)
        if not sample["drawn"]:
            raise UserError(
                self.env._(
                    "There is nobody to ask. %(population)s customers belong to the population: %(again)s were asked "
                    "lately, %(optout)s do not want to be asked, %(address)s have neither email nor telephone. Widen "
                    "the grades or the conditions, or wait until customers may be asked again.",
                    population=sample["population"],
                    **{reason: sample["excluded"].get(reason, 0) for reason in ("again", "optout", "address")},
                )
            )
        quota = {row["grade"]: row["drawn"] for row in sample["strata"]}
        self._insert_participants(
            SQL(
                """
                WITH %s, placed AS (
                    SELECT *, row_number() OVER (
                        PARTITION BY grade_key ORDER BY md5(%s || ':' || id), id
                    ) AS place
                      FROM frame
                     WHERE reason IS NULL
                )
                SELECT placed.*, NULL::int AS order_id
                  FROM placed
                  JOIN unnest(%s::int[], %s::int[]) AS quota (grade, most) ON quota.grade = grade_key
                 WHERE place <= most
                """,
                frame,
                str(self.seed),
                list(quota),
                list(quota.values()),
            )
        )
        self.sudo().sample = sample  # the run's own books; the power was checked

    def _population_domain(self):
        """:return: domain of the customers that the survey is about, by the rights of whoever draws"""
        self.ensure_one()
        domain = Domain("company_id", "in", [False, self.company_id.id])
        domain &= Domain("customer_rank", ">", 0) | Domain("procedure_grade_id", "!=", False)
        if self.grade_ids:
            domain &= Domain("procedure_grade_id", "in", self.grade_ids.ids)
        return domain & self._extra_domain()

    def _extra_domain(self):
        self.ensure_one()
        try:
            domain = Domain(ast.literal_eval(self.population_domain or "[]"))
            self.env["res.partner"]._search(domain)
        except (ValueError, SyntaxError, TypeError, KeyError, AssertionError) as error:
            raise ValidationError(
                self.env._(
                    "The further conditions of %(campaign)s cannot be read: %(error)s",
                    campaign=self.display_name,
                    error=error,
                )
            ) from error
        return domain

    def _frame(self, domain, prefer=()):
        """The customers of the population, each with the person to ask, or why nobody is asked.

        :param prefer: ids of people who are asked rather than others, as they know what it is about
        :return: SQL of common table expressions, the last one called ``frame``: id (customer),
            grade_id, grade_key, contact_id, email, nickname, lang, channel, reason
        """
        partners = self.env["res.partner"].with_company(self.company_id)
        query = partners._search(domain)
        table = query.table
        grade = partners._field_to_sql(table, "procedure_grade_id", query)
        query.add_where(SQL("%s = %s", SQL.identifier(table, "commercial_partner_id"), SQL.identifier(table, "id")))
        population = query.select(SQL("%s AS id", SQL.identifier(table, "id")), SQL("%s AS grade_id", grade))
        self.env["survey.user_input"].flush_model()
        self.env["mail.blacklist"].flush_model()
        partners.flush_model()
        return SQL(
            """
            population AS (%s),
            frame AS (
                SELECT p.id, p.grade_id, COALESCE(p.grade_id, 0) AS grade_key,
                       person.id AS contact_id, person.email, person.name AS nickname, person.lang,
                       CASE WHEN person.email_normalized IS NOT NULL THEN 'email' ELSE 'phone' END AS channel,
                       CASE WHEN company.procedure_no_survey THEN 'optout'
                            WHEN asked.campaign_id IS NOT NULL THEN 'again'
                            WHEN person.id IS NOT NULL THEN NULL
                            WHEN EXISTS (
                                SELECT FROM res_partner c
                             LEFT JOIN mail_blacklist b ON b.email = c.email_normalized AND b.active
                                 WHERE c.commercial_partner_id = p.id AND c.active
                                   AND (c.procedure_no_survey OR b.id IS NOT NULL)
                            ) THEN 'optout'
                            ELSE 'address'
                       END AS reason
                  FROM population p
                  JOIN res_partner company ON company.id = p.id
             LEFT JOIN LATERAL (
                    SELECT c.id, c.email, c.email_normalized, COALESCE(c.name, company.name) AS name,
                           COALESCE(c.lang, company.lang) AS lang
                      FROM res_partner c
                 LEFT JOIN mail_blacklist b ON b.email = c.email_normalized AND b.active
                     WHERE c.commercial_partner_id = p.id AND c.active
                       AND (c.id = p.id OR c.type = 'contact')
                       AND c.procedure_no_survey IS NOT TRUE AND b.id IS NULL
                       AND (c.email_normalized IS NOT NULL OR c.phone IS NOT NULL)
                  ORDER BY c.email_normalized IS NULL, c.id = ANY(%s::int[]) DESC, c.id = p.id, c.id
                     LIMIT 1
                  ) person ON true
             LEFT JOIN LATERAL (
                    SELECT u.campaign_id
                      FROM survey_user_input u
                      JOIN crm_procedure_campaign k ON k.id = u.campaign_id
                     WHERE u.procedure_customer_id = p.id AND k.company_id = %s
                       AND u.procedure_invited_on > %s
                     LIMIT 1
                  ) asked ON true
            )
            """,
            population,
            list(prefer),
            self.company_id.id,
            self._asked_since(),
        )

    def _asked_since(self):
        """:return: moment since when nobody may have been asked to be asked again"""
        months = self._limit("survey_again")
        return fields.Datetime.subtract(fields.Datetime.now(), days=round(months * 365 / 12))

    def _sample_figures(self, counts):
        """:param counts: rows of (grade key, reason or None, channel, number)
        :return: dict: ``seed``, ``margin`` and ``expected`` (shares), ``precision``, ``population``,
            ``needed`` (answers), ``drawn``, ``by_phone``, ``excluded``: {reason: number}, ``domain``,
            ``drawn_on``, ``strata``: list of {grade (id or 0), name, population, able, needed, drawn}
        """
        self.ensure_one()
        population, able, excluded, phone = {}, {}, {}, 0
        for key, reason, channel, number in counts:
            population[key] = population.get(key, 0) + number
            if reason:
                excluded[reason] = excluded.get(reason, 0) + number
            else:
                able[key] = able.get(key, 0) + number
                phone += number if channel == "phone" else 0
        needed = self._answers_needed(population)
        rate = self.expected_rate / 100
        strata = []
        grades = self.env["crm.procedure.grade"].with_context(active_test=False).browse(filter(None, population))
        for key in [*grades.sorted("sequence").ids, *([UNGRADED] if UNGRADED in population else [])]:
            strata.append(
                {
                    "grade": key,
                    "name": grades.browse(key).name if key else "",
                    "population": population[key],
                    "able": able.get(key, 0),
                    "needed": needed[key],
                    "drawn": min(able.get(key, 0), math.ceil(needed[key] / rate - 1e-9)),
                }
            )
        return {
            "seed": self.seed,
            "margin": self.margin / 100,
            "expected": rate,
            "precision": self.precision,
            "domain": repr(list(self._population_domain())),
            "drawn_on": fields.Datetime.to_string(fields.Datetime.now()),
            "population": sum(population.values()),
            "needed": sum(needed.values()),
            "drawn": sum(row["drawn"] for row in strata),
            "by_phone": phone,
            "excluded": excluded,
            "strata": strata,
        }

    def _answers_needed(self, population):
        """:return: {grade key: answers}; each grade at least as many as its figures are shown from"""
        margin = self.margin / 100
        if self.precision == "grade":
            return {key: estimates.sample_size(size, margin) for key, size in population.items()}
        total = estimates.sample_size(sum(population.values()), margin)
        return estimates.allocate(population, total, floor=int(self._limit("survey_cell")))

    def _insert_participants(self, rows):
        """Make participants of the rows of a query: two statements, however many there are.

        :param rows: SQL with the columns of ``frame`` and ``order_id``
        :return: ids of the participants
        """
        self.ensure_one()
        survey = self.survey_id.sudo()
        added = self.env.execute_query(
            SQL(
                """
                INSERT INTO survey_user_input (
                    survey_id, campaign_id, partner_id, procedure_customer_id, procedure_grade_id, procedure_order_id,
                    email, nickname, lang_id, procedure_channel, procedure_outcome, procedure_reminders,
                    state, deadline, access_token, scoring_percentage, scoring_total, scoring_success,
                    create_uid, create_date, write_uid, write_date
                )
                SELECT %(survey)s, %(campaign)s, chosen.contact_id, chosen.id, chosen.grade_id, chosen.order_id,
                       chosen.email, chosen.nickname, lang.id, chosen.channel, 'drawn', 0,
                       'new', %(deadline)s, gen_random_uuid()::varchar, 0, 0, false,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                  FROM (%(rows)s) chosen
             LEFT JOIN res_lang lang ON lang.code = chosen.lang AND lang.active AND lang.code = ANY(%(langs)s)
              ORDER BY chosen.id
           ON CONFLICT DO NOTHING
             RETURNING id
                """,
                survey=survey.id,
                campaign=self.id,
                rows=rows,
                deadline=self._end_moment(),
                langs=survey._get_supported_lang_codes(),
                uid=self.env.uid,
                now=self.env.cr.now(),
            )
        )
        ids = [row[0] for row in added]
        asked = self.env["survey.user_input"]._fields["predefined_question_ids"]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO %s (%s, %s)
                SELECT participant, question
                  FROM unnest(%s::int[]) AS participant, unnest(%s::int[]) AS question
                """,
                SQL.identifier(asked.relation),
                SQL.identifier(asked.column1),
                SQL.identifier(asked.column2),
                ids,
                survey._prepare_user_input_predefined_questions().ids,
            )
        )
        self.env["survey.user_input"].invalidate_model()
        self.invalidate_recordset()
        return ids

    # ------------------------------------------------------------
    # TOOLS
    # ------------------------------------------------------------

    def _sample_sentences(self):
        """:return: dict of ``summary`` and ``notes`` (list), for people"""
        self.ensure_one()
        sample = self.sample
        bold = Markup("<b>%s</b>")
        excluded = sample["excluded"].get
        summary = self.env._(
            "%(population)s customers belong to the population. To know the figures within %(margin)s %%, %(needed)s "
            "answers are needed; as %(expected)s %% are expected to answer, %(drawn)s customers are asked.",
            population=bold % sample["population"],
            margin=f"{100 * sample['margin']:g}",
            needed=bold % sample["needed"],
            expected=f"{100 * sample['expected']:g}",
            drawn=bold % sample["drawn"],
        )
        notes = [
            (sample["by_phone"], self.env._("Have no email address and can be asked on the telephone: %(count)s")),
            (excluded("again"), self.env._("Are not asked, as they were asked lately: %(count)s")),
            (excluded("optout"), self.env._("Are not asked, as they do not want to be: %(count)s")),
            (excluded("address"), self.env._("Cannot be asked, with neither email nor telephone: %(count)s")),
            (
                sample["seed"],
                self.env._(
                    "Drawn by the number %(count)s: the same number and the same customers give the same sample."
                ),
            ),
        ]
        return {"summary": summary, "notes": [text % {"count": count} for count, text in notes if count]}

    @api.model
    def _grade_badge(self, grade_id):
        """:return: the badge of a grade as on its lists, for an id or 0"""
        return self.env["crm.procedure.grade"].with_context(active_test=False).browse(grade_id or [])._badge()
