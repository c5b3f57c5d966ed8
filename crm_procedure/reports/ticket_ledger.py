from odoo import models

# What the ledger shows of a ticket, in this order; a field that is added here is a further column.
LEDGER = [
    "name",
    "subject",
    "kind",
    "channel",
    "commercial_partner_id",
    "partner_name",
    "category_id",
    "severity",
    "priority",
    "is_safety",
    "state",
    "round",
    "reported_by_id",
    "user_id",
    "team_id",
    "date_reported",
    "date_accepted",
    "date_acknowledged",
    "date_first_answer",
    "date_answered",
    "answer_deadline",
    "date_closed",
    "solution",
    "is_declined",
    "customer_rating",
    "customer_rating_handling",
    "cause_id",
    "cause_team_id",
    "lesson",
    "end_reason",
]


class TicketLedger(models.AbstractModel):
    """The ledger of tickets as a workbook: one row each, from report to lesson (C16)."""

    _name = "crm.procedure.workbook.ticket_ledger"
    _description = "Ticket Ledger as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "ticket_ledger"
    _model = "crm.procedure.ticket"
    _place = 40

    def _title(self):
        return self.env._("Ticket Ledger")

    def _pack_records(self, review):
        begin, end = review._bounds()
        return self.env[self._model].search(
            [
                ("company_id", "=", review.company_id.id),
                ("date_reported", ">=", begin),
                ("date_reported", "<", end),
            ],
            order="date_reported, id",
        )

    def _no_data(self):
        return self.env._("No data: no feedback was received in this period.")

    def _columns(self, records):
        return [self._field_column(name) for name in self._names()]

    def _rows(self, records):
        return self._field_rows(records.ids, self._names())

    def _names(self):
        """:return: fields of ``LEDGER`` that the user may see"""
        tickets = self.env[self._model]
        return [name for name in LEDGER if tickets._has_field_access(tickets._fields[name], "read")]
