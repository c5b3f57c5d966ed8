from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.in_time import in_time, was_in_time
from .ticket import OURS


class ProcedureTicket(models.Model):
    """Whether each step of a ticket was made by its deadline: computed, for indicators and filters (S11, C10, C12)."""

    _inherit = "crm.procedure.ticket"

    is_accepted_in_time = fields.Boolean(
        string="Accepted in time", compute="_compute_in_time", search="_search_accepted_in_time"
    )
    is_acknowledged_in_time = fields.Boolean(
        string="Acknowledged in time", compute="_compute_in_time", search="_search_acknowledged_in_time"
    )
    is_first_in_time = fields.Boolean(
        string="First answer in time", compute="_compute_in_time", search="_search_first_in_time"
    )
    is_answered_in_time = fields.Boolean(
        string="Answered in time",
        compute="_compute_in_time",
        search="_search_answered_in_time",
        help="The latest answer; while we work on another round, it is not.",
    )

    @api.depends(
        "state",
        "date_accepted",
        "accept_deadline",
        "date_acknowledged",
        "acknowledge_deadline",
        "date_first_answer",
        "first_deadline",
        "date_answered",
        "answer_deadline",
    )
    def _compute_in_time(self):
        for ticket in self:
            answered = ticket.state not in OURS and was_in_time(ticket, "date_answered", "answer_deadline")
            ticket.is_accepted_in_time = was_in_time(ticket, "date_accepted", "accept_deadline")
            ticket.is_acknowledged_in_time = was_in_time(ticket, "date_acknowledged", "acknowledge_deadline")
            ticket.is_first_in_time = was_in_time(ticket, "date_first_answer", "first_deadline")
            ticket.is_answered_in_time = answered

    def _search_accepted_in_time(self, operator, value):
        return in_time("date_accepted", "accept_deadline") if operator == "in" else NotImplemented

    def _search_acknowledged_in_time(self, operator, value):
        return in_time("date_acknowledged", "acknowledge_deadline") if operator == "in" else NotImplemented

    def _search_first_in_time(self, operator, value):
        return in_time("date_first_answer", "first_deadline") if operator == "in" else NotImplemented

    def _search_answered_in_time(self, operator, value):
        if operator != "in":
            return NotImplemented
        return in_time("date_answered", "answer_deadline") & Domain("state", "not in", OURS)


class ProcedureAction(models.Model):
    _inherit = "crm.procedure.action"

    is_done_in_time = fields.Boolean(
        string="Done in time", compute="_compute_done_in_time", search="_search_done_in_time"
    )

    @api.depends("date_done", "deadline")
    def _compute_done_in_time(self):
        for action in self:
            action.is_done_in_time = was_in_time(action, "date_done", "deadline")

    def _search_done_in_time(self, operator, value):
        return in_time("date_done", "deadline") if operator == "in" else NotImplemented


class ProcedureDecidedMixin(models.AbstractModel):
    """A record that has to be signed or sent back by its deadline."""

    _name = "crm.procedure.decided.mixin"
    _description = "Record Decided by a Deadline"

    is_decided_in_time = fields.Boolean(
        string="Decided in time",
        compute="_compute_decided_in_time",
        search="_search_decided_in_time",
        help="Approved or rejected by the deadline.",
    )

    @api.depends("approved_on", "rejected_on", "deadline")
    def _compute_decided_in_time(self):
        for record in self:
            record.is_decided_in_time = was_in_time(record, "approved_on", "deadline") or was_in_time(
                record, "rejected_on", "deadline"
            )

    def _search_decided_in_time(self, operator, value):
        if operator != "in":
            return NotImplemented
        return in_time("approved_on", "deadline") | in_time("rejected_on", "deadline")


class ProcedureGrading(models.Model):
    _name = "crm.procedure.grading"
    _inherit = ["crm.procedure.grading", "crm.procedure.decided.mixin"]


class ProcedurePlan(models.Model):
    _name = "crm.procedure.plan"
    _inherit = ["crm.procedure.plan", "crm.procedure.decided.mixin"]


class ProcedureChange(models.Model):
    _name = "crm.procedure.change"
    _inherit = ["crm.procedure.change", "crm.procedure.decided.mixin"]


class ProcedureCampaign(models.Model):
    _name = "crm.procedure.campaign"
    _inherit = ["crm.procedure.campaign", "crm.procedure.decided.mixin"]


class ProcedureReview(models.Model):
    _inherit = "crm.procedure.review"

    is_held_in_time = fields.Boolean(
        string="Held in time",
        compute="_compute_held_in_time",
        search="_search_held_in_time",
        help="Held and submitted by the deadline, and not sent back.",
    )

    @api.depends("state", "submitted_on", "deadline")
    def _compute_held_in_time(self):
        for review in self:
            review.is_held_in_time = review.state != "draft" and was_in_time(review, "submitted_on", "deadline")

    def _search_held_in_time(self, operator, value):
        if operator != "in":
            return NotImplemented
        return in_time("submitted_on", "deadline") & Domain("state", "!=", "draft")


class SurveyUserInput(models.Model):
    _inherit = "survey.user_input"

    _indicator_company = "campaign_id.company_id"
