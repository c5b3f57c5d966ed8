from odoo import models

REPORT = [
    "name",
    "kind",
    "channel",
    "date_reported",
    "reported_by_id",
    "partner_id",
    "partner_name",
    "phone",
    "email_from",
    "sale_order_id",
    "subject",
    "description",
    "remedy_wanted",
]
TRIAGE = ["date_accepted", "category_id", "severity", "priority", "is_safety", "team_id", "user_id", "answer_deadline"]
ACTION = ["name", "kind", "subject", "team_id", "user_id", "deadline", "date_done", "result", "state"]
ANSWER = ["number", "answered_on", "solution", "outcome", "decided_on", "rating", "comment"]
CAUSE = ["cause_id", "why_1", "why_2", "why_3", "why_4", "why_5", "cause_team_id", "cause_user_id", "lesson"]
END = ["state", "date_closed", "customer_rating", "customer_rating_handling", "end_reason"]


class TicketForm(models.AbstractModel):
    """客户投诉处理单: from the customer's words to the customer's confirmation and the lesson (C4, C16, X19)."""

    _name = "report.crm_procedure.complaint_record"
    _description = "Complaint Record"
    _inherit = ["crm.procedure.printed.form"]

    _code = "complaint_record"
    _model = "crm.procedure.ticket"

    def _title(self):
        return self.env._("Complaint Record")

    def _content(self, record):
        return {
            "report": self._rows(record, REPORT),
            "triage": self._rows(record, TRIAGE),
            "actions": self._part(record.action_ids, ACTION),
            "answers": self._part(record.round_ids, ANSWER),
            "cause": self._rows(record, CAUSE),
            "end": self._rows(record, END),
        }

    def _part(self, records, names):
        """:return: labels, and a list of texts for each record"""
        labels = [label for label, _text in self._rows(records.browse(), names)]
        return labels, [[text for _label, text in self._rows(record, names)] for record in records]

    def _signed(self, record):
        """Who took it in, who answered, and who approved the solution."""
        answer = record.round_ids[-1:]
        return (
            (record.user_id if record.date_accepted else self.env["res.users"], record.date_accepted),
            (answer.answered_by_id, answer.answered_on),
            (record.solution_approved_by_id, record.solution_approved_on),
        )
