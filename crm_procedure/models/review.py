from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import format_date, format_datetime

from ..tools import reviews
from ..tools.periods import MONTH, QUARTER, YEAR, period_name

PREPARE, APPROVE = "review_prepare", "review_approve"


class ProcedureReview(models.Model):
    """A meeting that looks back on a period: figures frozen, agenda, conclusions, decisions
    (A1, A3, A4, A5, X15; ISO 9001 9.3, ISO 10002 8.6).

    Opened by the system when the period is over, held and written down by those who prepare and
    chair it, approved by management. Further subjects stand in files of their own: review_open
    (when, with whom, about what), review_figures (what is frozen), review_announce (who is told),
    review_topic (the agenda), action_review (what follows).
    """

    _name = "crm.procedure.review"
    _description = "Review"
    _inherit = ["crm.procedure.reported.mixin", "crm.procedure.approval.mixin", "crm.procedure.mixin"]
    _order = "date_to desc, id desc"

    _power_submit = PREPARE
    _power_approve = APPROVE
    _rejected_state = "draft"
    _approver_duty = "management"
    _open_states = ("draft", "submitted")
    _number_prefix = "REV"
    _deadline_limit = "review_hold"

    kind = fields.Selection(reviews.SELECTION, required=True, default="quarterly", index=True)
    date_from = fields.Date(
        string="From", required=True, compute="_compute_period", store=True, readonly=False, precompute=True
    )
    date_to = fields.Date(
        string="Until", required=True, compute="_compute_period", store=True, readonly=False, precompute=True
    )
    period_label = fields.Char(string="Period", compute="_compute_period_label")
    date = fields.Date(string="Meeting", copy=False, tracking=True, help="The day on which it is or was held.")
    user_id = fields.Many2one(string="Chair", default=False, tracking=True)
    prepared_by_id = fields.Many2one("res.users", string="Prepared by", copy=False, tracking=True)
    attendee_ids = fields.Many2many(
        "res.users",
        string="Attendees",
        copy=False,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    agenda_ids = fields.One2many("crm.procedure.review.topic", "review_id", string="Agenda")
    action_ids = fields.One2many("crm.procedure.action", "review_id", string="Decisions")
    state = fields.Selection(
        [("draft", "Draft"), ("submitted", "Submitted"), ("approved", "Approved")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        group_expand=True,
    )
    summary = fields.Html(help="What management is to know, in a few sentences.", copy=False)
    previous_id = fields.Many2one(
        "crm.procedure.review", string="Last review", readonly=True, copy=False, index="btree_not_null"
    )
    changed_procedure_id = fields.Many2one(
        "crm.procedure",
        string="Because of",
        readonly=True,
        copy=False,
        index="btree_not_null",
        help="The new version of the procedure that made this legal review necessary.",
    )
    missed = fields.Char(
        string="Periods without a review", readonly=True, copy=False, help="That passed before this one was opened."
    )
    figures = fields.Json(
        string="Figures as data", readonly=True, copy=False, help="See ``review_figures.py`` for its shape."
    )
    frozen_on = fields.Datetime(string="Figures of", readonly=True, copy=False)
    decisions = fields.Json(string="Decisions as signed", readonly=True, copy=False, export_string_translation=False)
    invited_on = fields.Datetime(readonly=True, copy=False)
    pack_id = fields.Many2one("ir.attachment", string="Meeting Pack", readonly=True, copy=False, ondelete="set null")

    may_write = fields.Boolean(compute="_compute_may_write", export_string_translation=False)
    topic_count = fields.Integer(string="Topics", compute="_compute_counts")
    action_count = fields.Integer(string="Decisions taken", compute="_compute_counts")
    is_empty = fields.Boolean(string="Without data", compute="_compute_is_empty")

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _period_order = models.Constraint("CHECK (date_from <= date_to)", "A period ends on its first day or later.")
    _period_uniq = models.UniqueIndex(
        "(company_id, kind, date_to, COALESCE(changed_procedure_id, 0))",
        "There is a review of this kind for this period already.",
    )
    _deadline_idx = models.Index("(deadline) WHERE state IN ('draft', 'submitted')")

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("kind", "company_id")
    def _compute_period(self):
        for review in self:
            company = review.company_id or self.env.company
            review.date_from, review.date_to = review._last_period(review.kind or "quarterly", company)

    @api.depends("date_from", "date_to")
    @api.depends_context("lang")
    def _compute_period_label(self):
        for review in self:
            review.period_label = review.date_from and review._period_text(review.date_from, review.date_to)

    @api.depends("name", "kind", "date_from", "date_to")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for review in self:
            words = (review.name, kinds.get(review.kind), review.period_label)
            review.display_name = " ".join(filter(None, words)) or self.env._("New")

    @api.depends("state", "user_id")
    @api.depends_context("uid")
    def _compute_may_write(self):
        for review in self:
            review.may_write = review.state == "draft" and review._may_write()

    @api.depends("agenda_ids", "action_ids")
    def _compute_counts(self):
        own = [("review_id", "in", self.ids)]
        topics, actions = (
            dict(self.env[name]._read_group(own, ["review_id"], ["__count"]))
            for name in ("crm.procedure.review.topic", "crm.procedure.action")
        )
        for review in self:
            review.topic_count = topics.get(review._origin, 0)
            review.action_count = actions.get(review._origin, 0)

    @api.depends("figures")
    def _compute_is_empty(self):
        for review in self:
            review.is_empty = bool(review.figures) and not review.figures["has_data"]

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _signature_fields(self):
        return super()._signature_fields() | {
            "previous_id",
            "changed_procedure_id",
            "missed",
            "figures",
            "frozen_on",
            "decisions",
            "invited_on",
            "pack_id",
        }

    @api.model
    def _opening_fields(self):
        """:return: fields that the figures and the agenda hang on: chosen once"""
        return {"kind", "date_from", "date_to", "company_id"}

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            self.env.user.check_procedure_power(PREPARE, self.env._("open a review"))
        quiet = self.with_context(mail_auto_subscribe_no_notify=True)  # the chair has the invitation
        opened = super(ProcedureReview, quiet).create([{"user_id": False, **vals} for vals in vals_list])
        opened = opened.with_env(self.env)
        opened._open()
        return opened

    def write(self, vals):
        if not self.env.su:
            self._refuse_other_period(set(vals))
        return super().write(vals)

    def _refuse_other_period(self, names):
        if names & self._opening_fields():
            raise UserError(
                self.env._(
                    "Kind, period and company of a review cannot be changed: its figures and its agenda were made "
                    "for them. Open another review."
                )
            )

    def _check_editable(self):
        """Drafts are written by those who prepare reviews, and by who chairs this one."""
        super()._check_editable()
        for review in self:
            review._check_may_write()

    def _check_may_write(self):
        self.ensure_one()
        if not self._may_write():
            raise AccessError(
                self.env._(
                    "%(review)s is written by %(chair)s, who chairs it, and by those who prepare reviews. Ask one of "
                    "them, or propose a topic.",
                    review=self.display_name,
                    chair=self.user_id.sudo().name or self.env._("nobody"),  # named on the form
                )
            )

    def _may_write(self):
        return self.env.su or self._is_written_by(self.env.user)

    def _is_written_by(self, user):
        """:return: whether ``user`` writes the minutes: the chair, and those who prepare reviews"""
        self.ensure_one()
        return self.user_id == user or user.has_procedure_power(PREPARE)

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_conclude_rest(self):
        """Note "no remarks" under the topics that nobody said anything about; what departments proposed
        gets a conclusion of its own.

        :return: True
        """
        self._check_acts("draft", self.env._("written"))
        for review in self.sudo():  # the chair, or who prepares it, was checked
            text = self.with_context(lang=review._house_lang()).env._("No remarks.")
            rest = review.agenda_ids.filtered(lambda t: not (t.conclusion or "").strip() and t.origin != "department")
            rest.conclusion = text
        return True

    def action_freeze(self, reason=None):
        """Make the figures anew, while it is a draft: with a reason, which stays on record.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_acts("draft", self.env._("frozen again"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_freeze", self.env._("Freeze again"))
        for review in self:
            before = format_datetime(self.env, review.frozen_on)
            review.sudo()._freeze()  # who may was checked; figures are nobody's to type
            review.message_post(
                body=self.env._(
                    "The figures of %(before)s were made anew: %(reason)s", before=before, reason=reason.strip()
                )
            )
        return True

    def action_view_actions(self):
        """:return: action that lists what was decided here"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.action_action")
        action["domain"] = [("review_id", "=", self.id)]
        action["context"] = {}
        action["display_name"] = self.env._("%(review)s: decisions", review=self.name)
        return action

    def action_view_last(self):
        """:return: action that opens the review of this kind before this one"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.previous_id.id,
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_freeze"}

    def _check_acts(self, state, act):
        """The chair and those who prepare reviews act on one, while it is in ``state``."""
        self.check_access("read")
        for review in self:
            review._check_may_write()
        self._lock_in_state(state, act)

    def _check_submit(self):
        super()._check_submit()
        for review in self:
            review._check_held()
            review._check_concluded()

    def _check_held(self):
        today = self.company_id._procedure_now().date()
        if not self.date or self.date > today:
            raise UserError(
                self.env._(
                    "%(review)s has not been held yet: its meeting is on %(date)s. Enter the day on which it was "
                    "held, then submit it.",
                    review=self.display_name,
                    date=format_date(self.env, self.date) or self.env._("no day yet"),
                )
            )

    def _check_concluded(self):
        if not self.attendee_ids:
            raise UserError(self.env._("%(review)s has no attendees. Enter who was there.", review=self.display_name))
        open_topics = self.agenda_ids.filtered(lambda topic: not (topic.conclusion or "").strip())
        if open_topics:
            raise UserError(
                self.env._(
                    "These topics have no conclusion yet: %(topics)s. Write what was found and decided, put the "
                    "topic off, or note “no remarks” under the rest.",
                    topics=self.env._(", ").join(open_topics.mapped("name")),
                )
            )

    @api.model
    def _period_text(self, first, last):
        """:return: the period as people call it: a month, a quarter, a year, or its days"""
        months = 12 * (last.year - first.year) + last.month - first.month + 1
        whole = (first, last) in reviews.ended_since(first, fields.Date.add(last, days=1), months)
        if whole and months == 1:
            return period_name(self.env, first, MONTH)
        if whole and months == 3:
            return period_name(self.env, first, QUARTER)
        if whole and months == 12:
            return period_name(self.env, first, YEAR)
        return f"{format_date(self.env, first)} – {format_date(self.env, last)}"
