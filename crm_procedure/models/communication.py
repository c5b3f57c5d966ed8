from datetime import datetime, time, timedelta

from pytz import timezone, utc

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from .content import KINDS

SEE = "communication_see"
RECORD = "communication_record"
SELF_WRITTEN = ("message_", "activity_", "my_activity_")  # what chatter and reminders write by themselves


class ProcedureCommunication(models.Model):
    """One contact with a customer, planned or done (V1, V2, V6).

    A planned contact is what somebody owes a customer; a done one is evidence of what was
    heard. The state changes in ``_set_state`` alone.
    """

    _name = "crm.procedure.communication"
    _description = "Communication"
    _inherit = ["crm.procedure.act.mixin", "crm.procedure.mixin"]
    _order = "date_planned desc, id desc"

    _open_states = ("planned",)
    _number_prefix = "COM"

    # millions of rows: only the indexes that a screen or a scheduled action reads
    name = fields.Char(index=False)
    company_id = fields.Many2one(index=False)
    user_id = fields.Many2one(
        string="Account owner", index=False, required=True, tracking=True, help="Who makes the contact."
    )
    deadline = fields.Datetime(help="After this the contact is overdue and is escalated.")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="restrict", index=False, tracking=True
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Contact person",
        ondelete="restrict",
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', partner_id), ('id', '!=', partner_id)]",
        help="With whom we speak.",
    )
    kind = fields.Selection(KINDS, required=True, default="revisit", tracking=True)
    method = fields.Selection(
        [
            ("phone", "Phone"),
            ("email", "E-mail"),
            ("sms", "Text message"),
            ("visit", "Visit"),
            ("online", "Online meeting"),
        ],
        required=True,
        default="phone",
        help="By which means.",
    )
    grade_id = fields.Many2one(
        "crm.procedure.grade",
        string="Customer Grade",
        ondelete="restrict",
        index=False,
        readonly=True,
        help="The customer's grade when this was planned.",
    )
    date_planned = fields.Date(
        string="Planned for",
        required=True,
        tracking=True,
        copy=False,
        default=lambda self: self.env.company._procedure_now().date(),
    )
    date_done = fields.Datetime(string="Done on", copy=False, help="When we spoke. Empty: the moment of pressing Done.")
    state = fields.Selection(
        [("planned", "Planned"), ("done", "Done"), ("cancelled", "Cancelled")],
        required=True,
        default="planned",
        readonly=True,
        copy=False,
        tracking=True,
        group_expand=True,
    )

    usage_note = fields.Text(string="Use of the product", help="How the customer uses what we delivered.")
    need_note = fields.Text(string="Change of needs", help="What the customer needs differently from now on.")
    opinion_note = fields.Text(string="Opinions and suggestions", help="What the customer says about us.")
    next_note = fields.Text(string="Next step", help="What was agreed, and by when.")
    satisfaction = fields.Integer(
        aggregator="avg", help="What the customer answered: 1 (very dissatisfied) to 5 (very satisfied); 0: not asked."
    )
    currency_id = fields.Many2one(related="company_id.currency_id", string="Currency")
    cost = fields.Monetary(help="What the contact cost: journey, meal, gift.", tracking=True)

    cancel_reason = fields.Text(string="Reason for cancelling", readonly=True, copy=False)
    recorded_on = fields.Datetime(readonly=True, copy=False, help="When the contact was entered as done.")
    recorded_by_id = fields.Many2one("res.users", string="Recorded by", readonly=True, copy=False)
    is_on_time = fields.Boolean(string="On time", readonly=True, copy=False, help="Done, and not after the deadline.")
    is_touched = fields.Boolean(
        readonly=True, copy=False, help="Somebody has worked on it: changes of the plan leave it where it is."
    )
    reminder_level = fields.Integer(
        default=0,
        readonly=True,
        copy=False,
        aggregator=None,
        help="0: none yet; 1: in the owner's activities; 2: told that it is late.",
    )
    is_frozen = fields.Boolean(compute="_compute_is_frozen", help="Evidence: nothing but a correction can be added.")
    can_record = fields.Boolean(compute="_compute_can_record")

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _satisfaction_range = models.Constraint(
        "CHECK (satisfaction BETWEEN 0 AND 5)", "Satisfaction goes from 1 to 5; 0 says that it was not asked."
    )
    _cost_positive = models.Constraint("CHECK (cost >= 0)", "A cost cannot be below zero.")
    _week_idx = models.Index("(user_id, date_planned)")
    _timeline_idx = models.Index("(partner_id, date_planned)")
    _order_idx = models.Index("(date_planned DESC, id DESC)")
    _done_idx = models.Index("(partner_id, date_done) WHERE state = 'done'")
    _deadline_idx = models.Index("(deadline) WHERE state = 'planned'")
    _reminder_idx = models.Index("(reminder_level, date_planned) WHERE state = 'planned' AND reminder_level < 2")

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("name", "partner_id")
    def _compute_display_name(self):
        """The customer first: in calendars and activities there is room for little."""
        for record in self:
            # sudo: the name of the customer of a contact that one may see
            customer, number = record.partner_id.sudo().display_name, record.name
            record.display_name = f"{customer} ({number})" if customer and number else customer or self.env._("New")

    @api.depends("state", "recorded_on")
    def _compute_is_frozen(self):
        now = fields.Datetime.now()
        for record in self:
            grace = timedelta(hours=record._limit("communication_grace"))
            record.is_frozen = record.state == "cancelled" or bool(
                record.state == "done" and record.recorded_on and record.recorded_on + grace < now
            )

    @api.depends_context("uid")
    @api.depends("user_id")
    def _compute_can_record(self):
        writable = self.filtered("id")._filtered_access("write") if self.has_access("write") else self.browse()
        for record in self:
            record.can_record = not record.id or record in writable

    def _read_group_select(self, aggregate_spec, query):
        """Who was not asked does not count for the average."""
        if aggregate_spec == "satisfaction:avg":
            return SQL("AVG(NULLIF(%s, 0))", self._field_to_sql(self._table, "satisfaction", query))
        return super()._read_group_select(aggregate_spec, query)

    @api.constrains("contact_id", "partner_id")
    def _check_contact(self):
        for record in self.filtered("contact_id"):
            # sudo: whose contact it is, not who
            if record.contact_id.sudo().commercial_partner_id != record.partner_id.sudo().commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is no contact person of %(customer)s. Choose one of the customer's own.",
                        contact=record.contact_id.sudo().name,
                        customer=record.partner_id.sudo().name,
                    )
                )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _system_fields(self):
        """:return: fields that only methods set, never a form, an import or a remote call"""
        return {
            "state",
            "grade_id",
            "cancel_reason",
            "recorded_on",
            "recorded_by_id",
            "is_on_time",
            "is_touched",
            "reminder_level",
        }

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self.env.user.check_procedure_power(RECORD, self.env._("record a communication"))
            unset = dict.fromkeys(self._system_fields(), False) | {"state": "planned"}
            for vals in vals_list:
                self._refuse_system_fields({name for name in vals if vals[name] and vals[name] != "planned"})
            # explicit values, so that no default from the context slips one in
            vals_list = [vals | unset for vals in vals_list]
        self._fill_customer(vals_list)
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            touched = {name for name in vals if not name.startswith(SELF_WRITTEN)}
            self._refuse_system_fields(touched)
            self._check_editable(touched)
            if touched:
                vals = {**vals, "is_touched": True}
        if vals.get("partner_id"):
            vals = dict(vals)
            self._name_customer(vals)
        result = super().write(vals)
        if "date_planned" in vals and "deadline" not in vals:
            self._follow_planned_day()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        for record in self:
            if not record._is_draft():
                raise UserError(
                    self.env._(
                        "%(record)s is evidence and cannot be deleted. Cancel it with a reason instead.",
                        record=record.display_name,
                    )
                )

    def _is_draft(self):
        """:return: whether nobody but its author knows of it: planned by hand, not due yet"""
        self.ensure_one()
        return self.state == "planned" and self.escalation_level == "0" and not self.is_overdue

    @api.model
    def _refuse_system_fields(self, names):
        if names & self._system_fields():
            raise AccessError(
                self.env._(
                    "State and signatures are not typed in. Use the buttons Done and Cancel, which record who "
                    "did it and when."
                )
            )

    def _check_editable(self, names):
        """Done ones can be completed for a while, by name only contents; then they are frozen."""
        for record in self.filtered(lambda r: r.state != "planned" and names):
            if record.is_frozen or names - record._content_fields():
                raise UserError(
                    self.env._(
                        "%(record)s is %(state)s and evidence: it cannot be changed any more. "
                        "Use Add Correction, which puts your words beside it with your name and the time.",
                        record=record.display_name,
                        state=record._state_label().lower(),
                    )
                )

    @api.model
    def _content_fields(self):
        """:return: what may be completed until a done communication is frozen"""
        return {"contact_id", "usage_note", "need_note", "opinion_note", "next_note", "satisfaction", "cost"}

    @api.model
    def _fill_customer(self, vals_list):
        """The customer is the company; its grade of the day, and the deadline, are put on record."""
        for vals in vals_list:
            vals.setdefault("company_id", self.env.company.id)
            if vals.get("partner_id"):
                self._name_customer(vals)
        today = self.env.company._procedure_now().date()
        for company_id in {vals["company_id"] for vals in vals_list}:
            company = self.env["res.company"].browse(company_id)
            own = [vals for vals in vals_list if vals["company_id"] == company_id]
            # sudo: the grade of a customer is no secret within the company
            partners = self.env["res.partner"].sudo().with_company(company)
            partners = partners.browse({vals["partner_id"] for vals in own if vals.get("partner_id")})
            grades = {partner.id: partner.procedure_grade_id.id for partner in partners}
            slack = self.env["crm.procedure"]._in_force(company)._limit("contact_slack")
            for vals in own:
                vals["grade_id"] = vals.get("grade_id") or grades.get(vals.get("partner_id"))
                if not vals.get("deadline"):
                    day = fields.Date.to_date(vals.get("date_planned")) or today
                    vals["deadline"] = self._deadline_of(company, day, slack)

    @api.model
    def _name_customer(self, vals):
        # sudo: which company a contact belongs to
        partner = self.env["res.partner"].browse(vals["partner_id"]).sudo()
        if partner.commercial_partner_id != partner:
            vals["contact_id"] = vals.get("contact_id") or partner.id
            vals["partner_id"] = partner.commercial_partner_id.id

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _deadline_of(self, company, day, slack):
        """:param slack: days after the planned one
        :return: the end of the last day for a contact planned for ``day``, naive UTC
        """
        zone = timezone(company._procedure_tz())
        last = datetime.combine(day + timedelta(days=int(slack)), time(23, 59, 59))
        return zone.localize(last).astimezone(utc).replace(tzinfo=None)

    def _follow_planned_day(self):
        """The deadline of a contact planned by hand follows its day.

        sudo: a deadline is not typed; it is found by the limit.
        """
        for record in self.sudo():
            record.deadline = self._deadline_of(record.company_id, record.date_planned, record._limit("contact_slack"))
