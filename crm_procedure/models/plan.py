from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, date_utils, format_date

SUBMIT, APPROVE, APPROVE_REGULAR = "plan_submit", "plan_approve", "plan_approve_regular"
LONGEST = 400  # days


class ProcedurePlan(models.Model):
    """Who is contacted when in a period: made by a supervisor, marketing or sales, approved by
    management (G4, G5, G6, X14).

    A draft is computed as often as wanted and binds nobody; submitted, its lines are frozen;
    approved, they become planned communications (``plan_create.py``).
    """

    _name = "crm.procedure.plan"
    _description = "Care Plan"
    _inherit = ["crm.procedure.approval.mixin", "crm.procedure.mixin"]
    _order = "date_from desc, id desc"

    _power_submit = SUBMIT
    _power_approve = APPROVE
    _approver_duty = "management"
    _open_states = ("draft", "submitted")
    _number_prefix = "PLN"
    _deadline_limit = "plan_sign"
    _duty = "service"

    date_from = fields.Date(string="From", required=True, default=lambda self: self._next_quarter()[0], tracking=True)
    date_to = fields.Date(string="Until", required=True, default=lambda self: self._next_quarter()[1], tracking=True)
    user_id = fields.Many2one(
        string="Account owner",
        default=False,
        help="Whose customers are planned for. Empty: the customers of every owner.",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    grade_ids = fields.Many2many(
        "crm.procedure.grade",
        string="Customer Grades",
        default=lambda self: self.env["crm.procedure.grade"]._for_company(self.env.company),
        help="Customers of these grades are planned for, as often as the grade says.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("submitted", "Submitted"),
            ("approved", "Approved"),
            ("closed", "Closed"),
            ("rejected", "Rejected"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )
    close_reason = fields.Text(string="Reason for closing", readonly=True, copy=False)
    note = fields.Text(string="Goals and measures", help="What the plan is to achieve, beyond the contacts.")
    line_ids = fields.One2many("crm.procedure.plan.line", "plan_id", string="Lines", readonly=True)
    week_ids = fields.One2many("crm.procedure.plan.week", "plan_id", string="Weeks", readonly=True)
    communication_ids = fields.One2many("crm.procedure.communication", "plan_id", string="Communications")
    computed_on = fields.Datetime(readonly=True, copy=False)
    customer_count = fields.Integer(string="Customers", readonly=True, copy=False)
    contact_count = fields.Integer(string="Contacts", readonly=True, copy=False)
    capacity_count = fields.Integer(string="Possible contacts", readonly=True, copy=False)
    skipped_count = fields.Integer(string="Customers set aside", readonly=True, copy=False)
    overloaded_count = fields.Integer(
        string="Weeks over capacity",
        readonly=True,
        copy=False,
        help="Weeks in which an owner has more than is possible.",
    )
    by_supervisor = fields.Boolean(
        compute="_compute_by_supervisor",
        string="A supervisor may approve",
        help="The procedure leaves plans for all these grades to the supervisor (X14).",
    )

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _deadline_idx = models.Index("(deadline) WHERE state IN ('draft', 'submitted')")
    _period_order = models.Constraint("CHECK (date_from <= date_to)", "A plan ends on or after the day it begins.")

    @api.depends("grade_ids.plan_by_supervisor")
    def _compute_by_supervisor(self):
        for plan in self:
            plan.by_supervisor = bool(plan.grade_ids) and all(plan.grade_ids.mapped("plan_by_supervisor"))

    @api.depends("name", "date_from", "date_to")
    def _compute_display_name(self):
        for plan in self:
            period = plan.date_from and plan.date_to and plan._period_label()
            plan.display_name = " ".join(filter(None, [plan.name, period])) or self.env._("New")

    @api.constrains("date_from", "date_to")
    def _check_period(self):
        for plan in self:
            if (plan.date_to - plan.date_from).days > LONGEST:
                raise ValidationError(
                    self.env._("A plan covers at most %(days)s days. Plan for a quarter or a year.", days=LONGEST)
                )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _signature_fields(self):
        return super()._signature_fields() | {
            "close_reason",
            "computed_on",
            "customer_count",
            "contact_count",
            "capacity_count",
            "skipped_count",
            "overloaded_count",
        }

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self.env.user.check_procedure_power(SUBMIT, self.env._("make a care plan"))
        return super().create([{"user_id": False, **vals} for vals in vals_list])

    def write(self, vals):
        result = super().write(vals)
        if not self.env.su and {"date_from", "date_to", "user_id", "grade_ids", "company_id"} & set(vals):
            self._forget_lines()
        return result

    def _forget_lines(self):
        """What was computed for another period, owner or grade is not what the plan says now."""
        for model in ("crm.procedure.plan.line", "crm.procedure.plan.week"):
            self.env[model].flush_model()
            table = SQL.identifier(self.env[model]._table)
            self.env.cr.execute(SQL("DELETE FROM %s WHERE plan_id = ANY(%s)", table, self.ids))
            self.env[model].invalidate_model()
        self.invalidate_recordset(["line_ids", "week_ids"])
        nothing = dict.fromkeys(("customer_count", "contact_count", "skipped_count", "overloaded_count"), 0)
        self.sudo().write({"computed_on": False, **nothing})  # the plan's own books

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    @api.model
    def action_plan_next_quarter(self):
        """Draft the plan of the coming quarter for all owners and grades, computed (G5).

        :return: action that opens it; a draft that is there already is opened, not doubled
        :raise AccessError: without the power to make plans
        """
        self.env.user.check_procedure_power(SUBMIT, self.env._("make a care plan"))
        begin, end = self._next_quarter()
        same = (
            Domain("company_id", "=", self.env.company.id)
            & Domain("date_from", "=", begin)
            & Domain("date_to", "=", end)
            & Domain("user_id", "=", False)
            & Domain("state", "in", ("draft", "submitted", "approved"))
        )
        plan = self.search(same, limit=1) or self.create({"date_from": begin, "date_to": end})
        if plan.state == "draft":
            plan.action_compute()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": plan.id,
            "views": [(False, "form")],
        }

    def action_compute(self):
        """Find who is due when, and what that means for each owner and week. Binds nobody yet.

        :return: True
        :raise AccessError: without the power to make plans
        :raise UserError: a past period, no grade, an owner who left, or nobody to plan for
        """
        self._check_power(SUBMIT, self.env._("compute"))
        self._lock_in_state("draft", self.env._("computed"))
        for plan in self:
            plan._compute_schedule()
        return True

    def action_close(self, reason=None):
        """End a plan. Before its last day that takes a reason, and cancels what it still plans.

        :param str reason: asked for in a dialog when it is needed and not given
        :return: True, or the action that opens the dialog
        :raise AccessError: without the power to approve
        :raise UserError: when it is not approved
        """
        self._check_power(self._power_approve, self.env._("close"))
        early = self.filtered(lambda plan: plan.date_to >= plan.company_id._procedure_now().date())
        if early and not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_close", self.env._("Close Plan"))
        self._lock_in_state("approved", self.env._("closed"))
        self._set_state("closed", close_reason=(reason or "").strip() or False)
        early._cancel_future(self.env._("The care plan was closed: %(reason)s", reason=(reason or "").strip()))
        return True

    def action_view_communications(self):
        """:return: action that lists the communications this plan has made"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.communication_action")
        action["domain"] = [("plan_id", "=", self.id)]
        action["context"] = {}
        action["display_name"] = self.env._("Contacts of %(plan)s", plan=self.display_name)
        return action

    def action_view_lines(self):
        """:return: action that lists what each customer is owed"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.plan_line_action")
        action["domain"] = [("plan_id", "=", self.id)]
        action["display_name"] = self.env._("Customers of %(plan)s", plan=self.display_name)
        return action

    # ------------------------------------------------------------
    # BUSINESS: signing
    # ------------------------------------------------------------

    def _reason_methods(self):
        """:return: names of the methods that the reason dialog may call"""
        return super()._reason_methods() | {"action_close"}

    def _check_power(self, power, act):
        """Plans for grades that the procedure leaves to the supervisor take the smaller power (X14)."""
        if power == APPROVE and self.env.user.has_procedure_power(APPROVE_REGULAR):
            regular = self.filtered("by_supervisor")
            regular.check_access("read")
            return super(ProcedurePlan, self - regular)._check_power(power, act)
        return super()._check_power(power, act)

    def _check_submit(self):
        super()._check_submit()
        for plan in self:
            plan._check_fit()
            if not plan.computed_on:
                plan._compute_schedule()
            if not plan.contact_count:
                raise UserError(
                    self.env._(
                        "%(plan)s plans no contact: nobody of these grades is due in the period, or all are set "
                        "aside. See Customers for the reasons.",
                        plan=plan.display_name,
                    )
                )

    def _check_approve(self):
        super()._check_approve()
        for plan in self:
            plan._check_fit()
            plan._compute_again_if_late()

    def _check_fit(self):
        """Refuse what cannot be planned: a past period, no grade, an owner who is gone."""
        self.ensure_one()
        today = self.company_id._procedure_now().date()
        if self.date_to < today:
            raise UserError(
                self.env._(
                    "%(plan)s ended on %(date)s: nothing can be planned for days that are past. Choose a period "
                    "that ends today or later.",
                    plan=self.display_name,
                    date=format_date(self.env, self.date_to),
                )
            )
        if not self.grade_ids:
            raise UserError(
                self.env._("%(plan)s names no grade. Choose whose customers are planned for.", plan=self.display_name)
            )
        if self.user_id and not self.user_id.sudo().active:  # whether a colleague is there is no secret
            raise UserError(
                self.env._(
                    "%(user)s has left, so nothing can be planned for %(plan)s. Give the customers to somebody "
                    "else first.",
                    user=self.user_id.sudo().name,
                    plan=self.display_name,
                )
            )

    def _on_approved(self):
        super()._on_approved()
        for plan in self:
            plan._start_creating()

    def _ask_approver(self):
        """Supervisors are asked to sign what the procedure leaves to them."""
        regular = self.filtered("by_supervisor")
        super(ProcedurePlan, self - regular)._ask_approver()
        for plan in regular:
            others = self.env["res.users"].search_procedure_role("supervisor", plan.company_id)
            if not others - plan.submitted_by_id:
                super(ProcedurePlan, plan)._ask_approver()
                continue
            plan.sudo().activity_schedule(  # the approver is asked on the submitter's behalf
                "crm_procedure.mail_activity_type_approval",
                user_id=(others - plan.submitted_by_id)[0].id,
                summary=self.env._("Please sign %(record)s", record=plan.display_name),
            )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _next_quarter(self):
        """:return: (first day, last day) of the coming quarter in the company's time zone"""
        today = self.env.company._procedure_now().date()
        begin = date_utils.start_of(today, "quarter") + relativedelta(months=3)
        return begin, begin + relativedelta(months=3) - timedelta(days=1)

    def _period_label(self):
        return f"{format_date(self.env, self.date_from)} – {format_date(self.env, self.date_to)}"
