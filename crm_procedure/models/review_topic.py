from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .review import PREPARE
from .review_template import SOURCES

PROPOSED = {"name", "description"}  # what a department tells; the rest is for the meeting
GIVEN = {"origin", "source", "proposed_by_id", "proposed_on", "reply", "replied_by_id", "replied_on", "state"}


class ProcedureReviewTopic(models.Model):
    """A topic of a review: standard, added for the meeting, or proposed by a department (A1, A6).

    Any employee proposes one in two fields; it waits for the next review that takes topics
    (``review_feedback.py``). Whoever prepares or chairs the review writes down what came of it.
    """

    _name = "crm.procedure.review.topic"
    _description = "Review Topic"
    _inherit = ["crm.procedure.reported.mixin", "crm.procedure.act.mixin", "mail.thread"]
    _order = "review_id desc, sequence, id"
    _check_company_auto = True
    _mail_post_access = "read"

    review_id = fields.Many2one(
        "crm.procedure.review", string="Review", index="btree_not_null", ondelete="cascade", check_company=True
    )
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    sequence = fields.Integer(default=500)
    name = fields.Char(string="Topic", required=True)
    description = fields.Text(string="What it is about")
    origin = fields.Selection(
        [("standard", "Standard topic"), ("manual", "Added"), ("department", "Proposed by a department")],
        required=True,
        default="manual",
        readonly=True,
    )
    source = fields.Selection(SOURCES, string="Figures", readonly=True)
    proposed_by_id = fields.Many2one("res.users", string="Proposed by", readonly=True, index="btree_not_null")
    proposed_on = fields.Datetime(string="Proposed on", readonly=True)
    team_id = fields.Many2one("crm.procedure.team", string="Department", check_company=True, index="btree_not_null")
    summary = fields.Text(string="Summed up", help="What several departments said, in one place.")
    conclusion = fields.Text(help="What the meeting found and decided.")
    changes_procedure = fields.Boolean(
        string="Changes the procedure",
        help="Once management has approved the review, quality management is asked to revise the procedure (A2).",
    )
    action_ids = fields.One2many("crm.procedure.action", "review_topic_id", string="Decisions")
    action_count = fields.Integer(string="Actions", compute="_compute_action_count")
    reply = fields.Text(readonly=True, help="What the proposer was told.")
    replied_by_id = fields.Many2one("res.users", string="Answered by", readonly=True)
    replied_on = fields.Datetime(string="Answered on", readonly=True)
    state = fields.Selection(
        [("proposed", "Proposed"), ("agenda", "On the agenda"), ("answered", "Answered")],
        compute="_compute_state",
        store=True,
        index=True,
        group_expand=True,
    )
    may_write = fields.Boolean(compute="_compute_may_write", export_string_translation=False)
    may_propose = fields.Boolean(compute="_compute_may_write", export_string_translation=False)

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("review_id.state", "replied_on")
    def _compute_state(self):
        for topic in self:
            if topic.replied_on or topic.review_id.state == "approved":
                topic.state = "answered"
            else:
                topic.state = "agenda" if topic.review_id else "proposed"

    @api.depends("action_ids")
    def _compute_action_count(self):
        counts = dict(
            self.env["crm.procedure.action"]._read_group(
                [("review_topic_id", "in", self.ids)], ["review_topic_id"], ["__count"]
            )
        )
        for topic in self:
            topic.action_count = counts.get(topic._origin, 0)

    @api.depends("review_id.state", "review_id.user_id", "proposed_by_id", "conclusion", "replied_on")
    @api.depends_context("uid")
    def _compute_may_write(self):
        for topic in self:
            topic.may_write = topic._may_write()
            topic.may_propose = not topic.id or topic.may_write or topic._is_own_proposal()

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [self._as_entered(vals) for vals in vals_list]
        for vals in vals_list:
            if vals.get("review_id"):
                vals["company_id"] = self.env["crm.procedure.review"].browse(vals["review_id"]).sudo().company_id.id
        topics = super().create(vals_list)
        if not self.env.su:
            topics._check_written(topics.filtered("review_id"))
        return topics

    @api.model
    def _as_entered(self, vals):
        """What somebody enters: on a review it is an added topic, otherwise the proposal of a department."""
        vals = {name: value for name, value in vals.items() if name not in GIVEN}
        given = dict.fromkeys(GIVEN - {"state"}, False)  # explicit, so that no default from the context slips in
        review = vals.get("review_id", self.env.context.get("default_review_id"))
        if review:
            return {**vals, **given, "review_id": review, "origin": "manual"}
        company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
        unwritten = dict.fromkeys(("summary", "conclusion", "changes_procedure", "review_id"), False)
        return {
            **vals,
            **unwritten,
            **given,
            "origin": "department",
            "proposed_by_id": self.env.uid,
            "proposed_on": fields.Datetime.now(),
            "team_id": vals.get("team_id") or self._own_team(company).id,
        }

    @api.model
    def _own_team(self, company):
        """:return: the department that the user leads or belongs to, or none"""
        user = self.env.user
        return (
            self.env["crm.procedure.team"]
            .sudo()  # departments are public in the company
            .search(
                Domain("company_id", "=", company.id)
                & (Domain("leader_id", "=", user.id) | Domain("member_ids", "in", user.ids)),
                limit=1,
            )
        )

    def write(self, vals):
        if not self.env.su:
            names = {name for name in vals if not name.startswith(("message_", "activity_"))}
            if names & GIVEN:
                raise AccessError(
                    self.env._("Who proposed a topic, and what came of it, is put on record by the buttons alone.")
                )
            before = self.review_id
            self._check_written(self.filtered(lambda topic: not (names <= PROPOSED and topic._is_own_proposal())))
            result = super().write(vals)
            (self.review_id - before).sudo(False)._check_editable()
            return result
        return super().write(vals)

    def _check_written(self, topics):
        """The agenda is written by those who prepare or chair the review, while it is a draft."""
        topics.review_id.sudo(False)._check_editable()
        for topic in topics.filtered(lambda topic: not topic._may_write()):
            raise AccessError(
                self.env._(
                    "%(topic)s is on record as it was proposed. Ask customer service or quality management to add "
                    "to it.",
                    topic=topic.name,
                )
            )

    def _may_write(self):
        self.ensure_one()
        if self.env.su:
            return True
        if self.review_id:
            review = self.review_id.sudo()  # who proposed a topic may not see the review: only whether it is open
            return review.state == "draft" and review._is_written_by(self.env.user)
        return not self.replied_on and self.env.user.has_procedure_power(PREPARE)

    def _is_own_proposal(self):
        """Proposers add to their words until somebody has answered."""
        self.ensure_one()
        answered = self.replied_on or (self.conclusion or "").strip()
        state = self.review_id.sudo().state  # as in _may_write
        return self.proposed_by_id == self.env.user and not answered and state in (False, "draft")

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agenda_of_a_draft(self):
        for topic in self:
            if topic.proposed_by_id:
                raise UserError(
                    self.env._(
                        "%(topic)s was proposed by %(user)s and is evidence: it cannot be deleted. Answer it, or put "
                        "it off to the next review.",
                        topic=topic.name,
                        user=topic.proposed_by_id.sudo().name,  # shown with the topic
                    )
                )
        self._check_written(self)

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_decide(self):
        """:return: action that opens a new action, to be done by somebody until a day, under this topic"""
        self.ensure_one()
        self._check_written(self)
        if not self.env["crm.procedure.action"].has_access("create"):
            raise UserError(
                self.env._(
                    "Write the decision down as the conclusion. Whoever prepares the review gives out the action: "
                    "%(user)s.",
                    user=self.review_id.prepared_by_id.sudo().name or self.env._("nobody"),  # named on the form
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decision"),
            "res_model": "crm.procedure.action",
            "views": [(self.env.ref("crm_procedure.action_view_form_decision").id, "form")],
            "target": "new",
            "context": {
                "default_kind": "improvement",
                "default_review_topic_id": self.id,
                "default_review_id": self.review_id.id,
                "default_company_id": self.company_id.id,
            },
        }

    def action_pareto(self):
        """:return: action that shows the tickets of the period as a Pareto, to be clicked"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.ticket_action_pareto")
        begin, end = self.review_id._bounds()
        action["domain"] = [
            ("company_id", "=", self.company_id.id),
            ("date_reported", ">=", fields.Datetime.to_string(begin)),
            ("date_reported", "<", fields.Datetime.to_string(end)),
            ("state", "!=", "cancelled"),
        ]
        action["context"] = {}
        action["display_name"] = self.env._("Pareto: %(period)s", period=self.review_id.period_label)
        return action
