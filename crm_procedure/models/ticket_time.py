from odoo import api, fields, models

from ..tools import clock
from .custody import HOLDERS

HOUR = 3600


class ProcedureTicket(models.Model):
    """The time bar: who used how much of the limit, what is left, and how long the customer waits."""

    _inherit = "crm.procedure.ticket"

    time_used = fields.Float(string="Time used", compute="_compute_time", help="Hours of this round that count for us.")
    time_limit = fields.Float(string="Time allowed", compute="_compute_time", help="Hours in which the answer is due.")
    time_left = fields.Float(string="Time left", compute="_compute_time", help="Hours; below zero when it is late.")
    time_percent = fields.Integer(string="Time used (%)", compute="_compute_time")
    time_felt = fields.Float(
        string="As the customer feels it",
        compute="_compute_time",
        help="Hours since the report, day and night, all rounds, until the customer or management ended it.",
    )
    time_html = fields.Html(string="Time", compute="_compute_time_html", sanitize=False)

    @api.depends("state", "custody_ids.date_to", "answer_deadline", "priority", "kind", "category_id")
    def _compute_time(self):
        now = clock.seconds(fields.Datetime.now())
        self.time_used = self.time_limit = self.time_left = self.time_percent = self.time_felt = 0
        tickets = {ticket.id: ticket for ticket in self._origin}
        for case in self._timed_cases():
            ticket = tickets[case["id"]]
            limit, working = case["limits"]["solution"]
            used = clock.used(case["time"] if working else clock.Always(), case["spans"], now)
            ticket.time_used, ticket.time_limit = used / HOUR, limit / HOUR
            ticket.time_left = (limit - used) / HOUR
            ticket.time_percent = 100 * used // limit
            end = clock.seconds(ticket.date_closed) or now
            ticket.time_felt = (end - case["date_reported"]) / HOUR

    @api.depends("state", "custody_ids.date_to", "answer_deadline", "priority", "kind", "category_id")
    @api.depends_context("lang")
    def _compute_time_html(self):
        self.time_html = False
        tickets = {ticket.id: ticket for ticket in self._origin}
        for case in self._timed_cases():
            ticket = tickets[case["id"]]
            ticket.time_html = self.env["ir.qweb"]._render("crm_procedure.ticket_time", ticket._time_values(case))

    def _timed_cases(self):
        self.env.flush_all()
        cases = self._clock_cases(self._origin.ids)
        return list(self._with_time(cases)) if cases else []

    def _time_values(self, case):
        """:return: what the bar shows: segments by holder, what is left, and the sentences beside it"""
        self.ensure_one()
        now = clock.seconds(fields.Datetime.now())
        limit, working = case["limits"]["solution"]
        time = case["time"] if working else clock.Always()
        held = {}
        labels = dict(self.env["crm.procedure.custody"]._fields["holder"]._description_selection(self.env))
        for row in self.custody_ids.filtered(lambda row: row.round == self.round):
            span = (clock.seconds(row.date_from), clock.seconds(row.date_to))
            label = row.team_id.sudo().name if row.holder == "department" and row.team_id else labels[row.holder]
            held.setdefault((row.holder, label), []).append(span)
        parts = [
            {"holder": holder, "label": label, "hours": clock.used(time, clock.merge(spans), now) / HOUR}
            for (holder, label), spans in sorted(
                held.items(), key=lambda item: [h for h, _l in HOLDERS].index(item[0][0])
            )
        ]
        used = clock.used(time, case["spans"], now) / HOUR
        left = limit / HOUR - used
        whole = max(sum(part["hours"] for part in parts if part["holder"] != "customer") + max(left, 0), 0.01)
        for part in parts:
            part["width"] = 0 if part["holder"] == "customer" else 100 * part["hours"] / whole
        return {
            "parts": parts,
            "used": used,
            "left": left,
            "limit": limit / HOUR,
            "left_width": 100 * max(left, 0) / whole,
            "felt": self.time_felt,
            "working": working,
            "running": self._running(case),
            "ended": self.state in ("answered", "closed", "unconfirmed", "cancelled"),
            "span": self._span,
        }

    @api.model
    def _span(self, hours):
        """:return: a number of hours in words, e.g. "2 d 3 h" for long ones"""
        hours = abs(hours)
        if hours >= 48:
            return self.env._("%(days)s d %(hours)s h", days=int(hours // 24), hours=int(hours % 24))
        if hours >= 1:
            return self.env._("%(hours)s h %(minutes)s min", hours=int(hours), minutes=int(hours * 60 % 60))
        return self.env._("%(minutes)s min", minutes=int(hours * 60))


class ProcedureCustody(models.Model):
    _inherit = "crm.procedure.custody"

    hours = fields.Float(string="Hours counted", compute="_compute_hours", help="Working hours of the ticket's team.")
    felt_hours = fields.Float(string="Hours felt", compute="_compute_hours", help="Hours, day and night.")

    @api.depends("date_from", "date_to")
    def _compute_hours(self):
        now = clock.seconds(fields.Datetime.now())
        cases = {case["id"]: case for case in self.ticket_id._timed_cases()}
        for row in self:
            case = cases[row.ticket_id.id]
            start, end = clock.seconds(row.date_from), clock.seconds(row.date_to) or now
            row.hours = clock.used(case["time"], [(min(start, end), end)], now) / HOUR
            row.felt_hours = (end - start) / HOUR
