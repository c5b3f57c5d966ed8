import itertools

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.fields import Domain
from odoo.tools import format_amount, format_date, formatLang

from ..tools.scoring import Scoring


class ProcedureGrading(models.Model):
    """One grading run: computed and submitted by marketing, co-signed by sales, applied.

    A draft writes nothing to customers. The criteria and grades it was computed with are
    frozen on it, so that its reasons can be given years later.
    """

    _name = "crm.procedure.grading"
    _description = "Grading"
    _inherit = ["crm.procedure.approval.mixin", "crm.procedure.mixin"]
    _order = "date desc, id desc"

    _power_submit = "grading_submit"
    _power_approve = "grading_approve"
    _approver_duty = "sales"
    _open_states = ("draft", "submitted")
    _number_prefix = "GRL"
    _deadline_limit = "grading_sign"
    _duty = "marketing"

    date = fields.Date(
        required=True,
        default=fields.Date.context_today,
        copy=False,
        help="Orders and marks up to this day count.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("submitted", "Submitted"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    line_ids = fields.One2many("crm.procedure.grading.line", "grading_id", string="Lines")
    line_count = fields.Integer(compute="_compute_line_count", string="Changes")
    rules = fields.Json(readonly=True, copy=False, help="Criteria, grades and window at the time of computing.")
    computed_on = fields.Datetime(readonly=True, copy=False)
    compared_with_id = fields.Many2one(
        "crm.procedure.grading",
        string="Compared with",
        readonly=True,
        copy=False,
        help="The latest approved list when this one was computed: its grades are the ones before.",
    )

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _deadline_idx = models.Index("(deadline) WHERE state IN ('draft', 'submitted')")

    def _compute_line_count(self):
        counts = dict(
            self.env["crm.procedure.grading.line"]._read_group(
                [("grading_id", "in", self.ids)], ["grading_id"], ["__count"]
            )
        )
        for grading in self:
            grading.line_count = counts.get(grading, 0)

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _signature_fields(self):
        return super()._signature_fields() | {
            "rules",
            "figures",
            "computed_on",
            "compared_with_id",
            "applied_on",
            "apply_position",
        }

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_compute(self):
        """Score all customers, store a line for each that moves, and the figures.

        Lines overridden by hand stay, with fresh scores. Nothing is written to customers.

        :return: True
        :raise UserError: no criteria, no weights, no customers, or a missing currency rate
        """
        self._check_power(self._power_submit, self.env._("compute"))
        self._lock_in_state("draft", self.env._("computed"))
        for grading in self:
            grading._compute_lines()
        return True

    def action_view_lines(self):
        """:return: action that lists who moves, with the reasons"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.grading_line_action_run")
        action["domain"] = [("grading_id", "=", self.id)]
        action["context"] = {"default_grading_id": self.id}
        action["display_name"] = self.env._("%(grading)s: who moves", grading=self.name)
        return action

    # ------------------------------------------------------------
    # BUSINESS: computing
    # ------------------------------------------------------------

    def _scoring(self, rules=None):
        """:return: the scoring engine for this run, by its own frozen rules unless told others"""
        self.ensure_one()
        return Scoring(self.env, self.company_id.id, self.date, rules or self.rules)

    def _measuring(self):
        """:return: an engine that only measures: no criteria, no grades"""
        company = self.company_id
        window = self.env["crm.procedure"]._in_force(company)._limit("grading_window")
        rules = {"criteria": [], "grades": [], "window": window, "tz": company._procedure_tz()}
        return Scoring(self.env, company.id, self.date, rules)

    def _current_rules(self):
        """Criteria, grades and window as they stand now, checked.

        :return: dict for ``Scoring`` and for the ``rules`` field
        """
        self.ensure_one()
        company = self.company_id
        criteria = self.env["crm.procedure.criterion"]._for_company(company)
        if not criteria or not sum(criteria.mapped("weight")):
            raise UserError(
                self.env._(
                    "The weights of the grading criteria add up to zero, so no score can be computed. "
                    "Give at least one criterion a weight under Configuration > Grading Criteria."
                )
            )
        grades = self.env["crm.procedure.grade"]._for_company(company)
        self._check_grades(grades)
        return {
            "criteria": criteria.read(["name", "measure", "weight", "value_zero", "value_full"]),
            "grades": grades.read(["name", "minimum_score", "contact_interval_days"]),
            "window": self._limit("grading_window"),
            "tz": company._procedure_tz(),
        }

    def _check_grades(self, grades):
        if not grades:
            raise UserError(self.env._("There are no grades. Add some under Configuration > Customer Grades."))
        for better, worse in itertools.pairwise(grades):
            if better.minimum_score <= worse.minimum_score:
                raise UserError(
                    self.env._(
                        "Grade %(better)s stands above %(worse)s but does not ask for a higher score "
                        "(%(score_better)s and %(score_worse)s). Correct the order or the scores under "
                        "Configuration > Customer Grades.",
                        better=better.name,
                        worse=worse.name,
                        score_better=better.minimum_score,
                        score_worse=worse.minimum_score,
                    )
                )

    def _compute_lines(self):
        self.ensure_one()
        self._refuse_while_applying()
        rules = self._current_rules()
        scoring = self._scoring(rules)
        self._check_currencies(scoring)
        compared_with = self._latest_approved()
        moves = self._store_lines(scoring)
        if not moves:
            raise UserError(
                self.env._(
                    "There are no customers to grade: nobody is a customer of %(company)s, has ordered in "
                    "the last %(months)d months or holds a grade.",
                    company=self.company_id.name,
                    months=rules["window"],
                )
            )
        self.sudo().write(  # rules and figures are the run's own books, the power was checked
            {
                "rules": rules,
                "figures": self._prepare_figures(moves, rules),
                "computed_on": fields.Datetime.now(),
                "compared_with_id": compared_with.id,
            }
        )

    def _store_lines(self, scoring):
        """Replace the lines by fresh ones; what was overridden by hand stays so.

        :return: what ``Scoring.moves`` gives
        """
        lines = self.env["crm.procedure.grading.line"]
        kept = lines.search([("grading_id", "=", self.id), ("override_reason", "!=", False)])
        self.env.cr.execute(
            "DELETE FROM crm_procedure_grading_line WHERE grading_id = %s AND id != ALL(%s)",
            [self.id, kept.ids],
        )
        # the lines just made are seen by nobody else before the transaction ends
        moves = scoring.insert_lines(self.id, kept.partner_id.ids)
        lines._carry_over_overrides(self)
        lines.invalidate_model()
        self.invalidate_recordset(["line_ids", "line_count"])
        kept._refresh(scoring)
        return moves

    def _check_currencies(self, scoring):
        missing = self.env["res.currency"].browse(scoring.currencies_without_rate())
        if missing:
            raise UserError(
                self.env._(
                    "There are orders in %(currencies)s, but no rate to convert them to %(currency)s. "
                    "Enter a rate under Invoicing > Configuration > Currencies, then compute again.",
                    currencies=", ".join(missing.mapped("name")),
                    currency=self.company_id.currency_id.name,
                )
            )

    def _check_open_for_overrides(self):
        """Lines are chosen otherwise only in a draft that has been computed."""
        self._check_editable()
        for grading in self.filtered(lambda g: not g.computed_on):
            raise UserError(self.env._("%(grading)s is not computed yet. Press Compute first.", grading=grading.name))

    def _explain(self, measures, score, grade, override_reason=None):
        """The reasons of a grade, fit to be shown to the customer (G8).

        :param dict measures: {measure: value}
        :return: Markup, empty for a run that was never computed
        """
        self.ensure_one()
        if not self.rules:
            return False
        criteria = self.env["crm.procedure.criterion"].with_context(active_test=False).search([])
        names = {criterion.id: criterion.name for criterion in criteria}
        rows = self._scoring().explain(measures)
        for row in rows:
            row["label"] = names.get(row["id"], row["name"])
            row["shown"] = self._show_measure(row["measure"], row["value"])

        def number(value, digits=0):
            return formatLang(self.env, value, digits=digits)

        summary = self.env._(
            "Grade %(grade)s with %(score)s of 100 points, as of %(date)s (%(grading)s).",
            grade=grade._badge(),
            score=Markup("<b>%s</b>") % number(score, 2),
            date=format_date(self.env, self.date),
            grading=self.name,
        )
        values = {"rows": rows, "summary": summary, "override_reason": override_reason, "number": number}
        return self.env["ir.qweb"]._render("crm_procedure.grade_explanation", values)

    def _show_measure(self, measure, value):
        """:return: the measured value as people write it"""
        if value is None or value is False:
            return self.env._("not known")
        if measure == "sales_amount":
            return format_amount(self.env, value, self.company_id.currency_id)
        if measure in ("standing", "credit"):
            field = self.env["res.partner"]._fields[f"procedure_{measure}"]
            return dict(field._description_selection(self.env))[value]
        return str(value)

    # ------------------------------------------------------------
    # BUSINESS: signatures
    # ------------------------------------------------------------

    def _check_submit(self):
        super()._check_submit()
        for grading in self:
            if not grading.computed_on:
                raise UserError(
                    self.env._("%(grading)s is not computed yet. Press Compute first.", grading=grading.name)
                )
            grading._refuse_stale()

    def _check_approve(self):
        super()._check_approve()
        for grading in self:
            grading._refuse_stale()

    def _on_approved(self):
        super()._on_approved()
        for grading in self:
            grading._start_applying()

    def _refuse_stale(self):
        """Another list signed since the computing makes this one's comparison wrong."""
        self._refuse_while_applying()
        newer = self._latest_approved()
        if newer != self.compared_with_id:
            raise UserError(
                self.env._(
                    "%(newer)s was approved after %(grading)s had been computed, so the moves shown are no "
                    "longer right. Compute it again, or have it rejected and make a new one.",
                    newer=newer.name,
                    grading=self.name,
                )
            )

    def _latest_approved(self):
        """:return: the list of the company that was signed last; sudo: seen by the caller or not"""
        return self.sudo().search(
            Domain("company_id", "=", self.company_id.id) & Domain("state", "=", "approved"),
            order="approved_on desc, id desc",
            limit=1,
        )

    def _refuse_while_applying(self):
        running = self.sudo().search(  # as above
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "approved")
            & Domain("applied_on", "=", False)
            & Domain("id", "!=", self.id),
            limit=1,
        )
        if running:
            raise UserError(
                self.env._(
                    "%(running)s is still being applied to the customers. Wait until that is finished, "
                    "then compute again.",
                    running=running.name,
                )
            )

    # ------------------------------------------------------------
    # CRON: the next run
    # ------------------------------------------------------------

    @api.model
    def _cron_draft(self):
        """Draft this month's run of each company and remind marketing (G8).

        Safe to run twice: a company that has a run dated this month is left alone.
        """
        companies = self.env["res.company"].search([])
        for done, company in enumerate(companies, start=1):
            self.with_company(company)._draft_monthly(company)
            self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - done)

    @api.model
    def _draft_monthly(self, company):
        today = fields.Date.context_today(self.with_context(tz=company._procedure_tz()))
        if self.search_count([("company_id", "=", company.id), ("date", ">=", today.replace(day=1))], limit=1):
            return
        try:
            with self.env.cr.savepoint():
                team = self.env["crm.procedure.team"]._with_duty("marketing", company)
                grading = self.create({"company_id": company.id, "date": today, "user_id": team.leader_id.id})
                grading._compute_lines()
        except (UserError, LockError) as problem:
            self._remind_marketing(company, str(problem))
            return
        grading._remind(team)

    def _remind(self, team):
        for user in team.leader_id or self.env["res.users"].search_procedure_role("marketing", self.company_id):
            self.activity_schedule(
                "crm_procedure.mail_activity_type_grading",
                user_id=user.id,
                summary=self.env._("Check and submit %(grading)s", grading=self.name),
            )

    @api.model
    def _remind_marketing(self, company, problem):
        """A company without customers has nothing to be told; others learn what is wrong."""
        if not self.search_count([("company_id", "=", company.id)], limit=1):
            return
        team = self.env["crm.procedure.team"]._with_duty("marketing", company)
        last = self.search([("company_id", "=", company.id)], limit=1)
        for user in team.leader_id:
            last.activity_schedule(
                "crm_procedure.mail_activity_type_grading",
                user_id=user.id,
                summary=self.env._("This month's grading could not be drafted"),
                note=problem,
            )
