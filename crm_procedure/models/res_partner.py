from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

USER = "crm_procedure.group_user"


class ResPartner(models.Model):
    """The customer: its grade, score and marks, kept on the commercial partner.

    Nothing here is a stored compute: orders are written all day, and each would rewrite
    the customer's row (PERFORMANCE.md). The grade is written by an approved list only;
    score and reasons are computed when somebody looks.
    """

    _inherit = "res.partner"

    procedure_grade_id = fields.Many2one(
        "crm.procedure.grade",
        string="Customer Grade",
        company_dependent=True,
        copy=False,
        ondelete="restrict",
        groups=USER,
        help="Set by the approved grading list. Overridden in a list, with a reason, not here.",
    )
    procedure_potential = fields.Integer(
        string="Potential", copy=False, groups=USER, help="Potential for cooperation, 0 to 100."
    )
    procedure_standing = fields.Selection(
        [("leader", "Leader"), ("major", "Major player"), ("average", "Average"), ("small", "Small")],
        string="Standing in the industry",
        copy=False,
        groups=USER,
    )
    procedure_credit = fields.Selection(
        [("good", "Good"), ("normal", "Normal"), ("poor", "Poor")],
        string="Credit standing",
        copy=False,
        groups=USER,
    )
    procedure_score = fields.Float(
        string="Score",
        digits=(5, 2),
        compute="_compute_procedure_score",
        groups=USER,
        help="0 to 100, by the criteria and the day of the latest approved grading.",
    )
    procedure_graded_on = fields.Date(
        string="Graded on",
        compute="_compute_procedure_score",
        search="_search_procedure_graded_on",
        groups=USER,
    )
    procedure_explanation = fields.Html(
        string="Why this grade", compute="_compute_procedure_explanation", sanitize=False, groups=USER
    )
    procedure_company_grade_id = fields.Many2one(
        "crm.procedure.grade",
        string="Grade of the company",
        compute="_compute_procedure_company_grade_id",
        groups=USER,
        help="A contact has the grade of the company it belongs to.",
    )
    procedure_grade_color = fields.Integer(
        related="procedure_grade_id.color", string="Colour of the grade", groups=USER
    )
    procedure_line_ids = fields.One2many(
        "crm.procedure.grading.line",
        "partner_id",
        string="Grade History",
        domain=[("grading_id.state", "=", "approved")],
        groups=USER,
    )

    _procedure_potential_range = models.Constraint(
        "CHECK (procedure_potential BETWEEN 0 AND 100)",
        "The potential of a customer lies between 0 and 100.",
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("commercial_partner_id.procedure_grade_id")
    @api.depends_context("company")
    def _compute_procedure_company_grade_id(self):
        for partner in self:
            partner.procedure_company_grade_id = partner.commercial_partner_id.procedure_grade_id

    @api.depends("procedure_grade_id")
    @api.depends_context("company")
    def _compute_procedure_score(self):
        self.procedure_score = 0
        self.procedure_graded_on = False
        graded = self.filtered("procedure_grade_id")
        run = self._latest_grading()
        if not graded or not run:
            return
        results = self._procedure_results(run, graded)
        for partner in graded:
            line, result = results.get(partner.id, (None, None))
            if result:
                partner.procedure_score = result["score"]
                partner.procedure_graded_on = run.date
            elif line:
                partner.procedure_score, partner.procedure_graded_on = line.score, line.date

    @api.depends("procedure_grade_id")
    @api.depends_context("company", "lang")
    def _compute_procedure_explanation(self):
        self.procedure_explanation = False
        run = self._latest_grading()
        graded = self.filtered("procedure_grade_id")
        if not graded or not run:
            return
        results = self._procedure_results(run, graded)
        for partner in graded:
            line, result = results.get(partner.id, (None, None))
            if line and (line.grading_id == run or not result):
                partner.procedure_explanation = line.explanation_html
            elif result:
                partner.procedure_explanation = run._explain(
                    result, result["score"], partner.procedure_grade_id, line and line.override_reason
                )

    def _search_procedure_graded_on(self, operator, value):
        """Whoever holds a grade takes part in every run: the latest one decides."""
        run = self._latest_grading()
        if operator == "in":
            hits = run and run.date in {fields.Date.to_date(day) for day in value if day}
            matched = Domain("procedure_grade_id", "!=", False) if hits else Domain.FALSE
            return matched | Domain("procedure_grade_id", "=", False) if False in value else matched
        compare = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}.get(operator)
        if not compare:
            return NotImplemented
        if run and getattr(run.date, compare)(fields.Date.to_date(value)):
            return Domain("procedure_grade_id", "!=", False)
        return Domain.FALSE

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("procedure_grade_id"):
                self._refuse_grade()
        # a default is no way round either; the board of grades passes one for its columns
        context = dict(self.env.context)
        if not self.env.su and context.pop("default_procedure_grade_id", None):
            self = self.with_context(context)  # noqa: PLW0642  as core does in create
        return super().create(vals_list)

    def write(self, vals):
        if "procedure_grade_id" in vals and any(
            partner.procedure_grade_id.id != (vals["procedure_grade_id"] or False) for partner in self
        ):
            self._refuse_grade()
        return super().write(vals)

    def _refuse_grade(self):
        """A grade comes from a list that two departments signed, by no other way (X3)."""
        if not self.env.su:
            raise AccessError(
                self.env._(
                    "The grade of a customer is set by an approved grading list. To give another grade, "
                    "override the customer's line in a grading and enter the reason."
                )
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_view_grade_history(self):
        """:return: action that lists the grades this customer has had, with the reasons"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.grading_line_action")
        action["domain"] = [
            ("partner_id", "=", self.commercial_partner_id.id),
            ("grading_id.state", "=", "approved"),
        ]
        action["display_name"] = self.env._("Grades of %(customer)s", customer=self.display_name)
        return action

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        """:return: names of the methods that the reason dialog may call; each file adds its own"""
        return set()

    @api.model
    def _latest_grading(self):
        """:return: the latest applied grading of the current company

        sudo: its rules explain every grade and are no secret.
        """
        return (
            self.env["crm.procedure.grading"]
            .sudo()
            .search(
                [("company_id", "=", self.env.company.id), ("applied_on", "!=", False)],
                order="approved_on desc, id desc",
                limit=1,
            )
        )

    def _procedure_results(self, run, partners):
        """The latest line of each partner and what ``run`` finds for it.

        A customer who moved in ``run`` has a line there; the others are computed now, as
        of the day of the run.

        :return: {partner id: (line or None, measured values or None)}
        """
        lines = (
            self.env["crm.procedure.grading.line"]
            .sudo()
            .search_fetch(  # as in _latest_grading
                [
                    ("partner_id", "in", partners.ids),
                    ("grading_id.company_id", "=", self.env.company.id),
                    ("grading_id.applied_on", "!=", False),
                ],
                order="id",
            )
        )
        latest = {line.partner_id.id: line for line in lines}
        moved = {id_: line for id_, line in latest.items() if line.grading_id == run}
        computed = run._scoring().customers([id_ for id_ in partners.ids if id_ not in moved])
        results = {}
        for partner in partners:
            line = latest.get(partner.id)
            if partner.id in moved:
                results[partner.id] = (line, {**line._measures(), "score": line.score})
            else:
                results[partner.id] = (line, computed.get(partner.id))
        return results
