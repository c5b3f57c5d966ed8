from odoo import api, fields, models
from odoo.fields import Domain

from .review_template import SOURCES

PROPOSED = {"name", "description"}  # what a department tells; the rest is for the meeting
GIVEN = {"origin", "proposed_by_id", "proposed_on", "reply", "replied_by_id", "replied_on", "state"}


class ProcedureReviewTopic(models.Model):
    """A topic of a review: standard, added for the meeting, or proposed by a department (A1, A6).

    Any employee proposes one in two fields; it waits for the next review that takes topics, and
    the proposer learns what came of it.
    """

    _name = "crm.procedure.review.topic"
    _description = "Review Topic"
    _inherit = ["crm.procedure.reported.mixin", "mail.thread"]
    _order = "review_id desc, sequence, id"
    _check_company_auto = True

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
    team_id = fields.Many2one("crm.procedure.team", string="Department", check_company=True, index="btree_not_null")
    proposed_on = fields.Datetime(readonly=True)
    summary = fields.Text(string="Summed up by service", help="What several departments said, in one place.")
    conclusion = fields.Text(help="What the meeting found and decided.")
    changes_procedure = fields.Boolean(
        string="Changes the procedure",
        help="Once management has approved the review, quality management is asked to revise the procedure (A2).",
    )
    reply = fields.Text(readonly=True)
    replied_by_id = fields.Many2one("res.users", string="Answered by", readonly=True)
    replied_on = fields.Datetime(string="Answered on", readonly=True)
    state = fields.Selection(
        [("proposed", "Proposed"), ("agenda", "On the agenda"), ("answered", "Answered")],
        compute="_compute_state",
        store=True,
        index=True,
    )

    @api.depends("review_id.state", "replied_on")
    def _compute_state(self):
        for topic in self:
            if topic.replied_on or topic.review_id.state == "approved":
                topic.state = "answered"
            else:
                topic.state = "agenda" if topic.review_id else "proposed"

    @api.model
    def _take_waiting(self, review):
        """Put what waits on the agenda of ``review``."""
        waiting = self.search(
            Domain("company_id", "=", review.company_id.id)
            & Domain("review_id", "=", False)
            & Domain("state", "=", "proposed")
        )
        waiting.review_id = review
