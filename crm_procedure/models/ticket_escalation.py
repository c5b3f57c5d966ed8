import logging
from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import clock
from .mixin import LEADER, MANAGEMENT
from .ticket import OURS
from .ticket_clock import STEPS

_logger = logging.getLogger(__name__)

LEVELS = {"leader": LEADER, "holder": LEADER, "supervisor": LEADER, "manager": MANAGEMENT}


class ProcedureTicket(models.Model):
    """What runs late climbs by itself: the ladder of the procedure, each rung once in a round.

    The moment of the next rung stands on the ticket, so that a run costs one look at a small
    index. Rung and next moment are written in one transaction: a run that is killed has told
    nobody, or has put down that it did.
    """

    _inherit = "crm.procedure.ticket"

    next_climb = fields.Datetime(string="Next escalation", readonly=True, copy=False)
    climb_ids = fields.One2many("crm.procedure.ticket.climb", "ticket_id", string="Escalation steps", readonly=True)

    _climb_idx = models.Index("(next_climb) WHERE state IN ('reported', 'accepted', 'handling')")

    # ------------------------------------------------------------
    # BUSINESS: when
    # ------------------------------------------------------------

    @api.model
    def _clock_columns(self):
        return [*super()._clock_columns(), "next_climb"]

    @api.model
    def _clock_cases(self, ids):
        cases = super()._clock_cases(ids)
        self.env.cr.execute(
            SQL(
                "SELECT s.ticket_id, array_agg(s.what || ' ' || s.rung_key) FROM crm_procedure_ticket_climb s "
                "JOIN crm_procedure_ticket t ON t.id = s.ticket_id AND t.round = s.round "
                "WHERE s.ticket_id = ANY(%s) GROUP BY 1",
                ids,
            )
        )
        climbed = dict(self.env.cr.fetchall())
        for case in cases:
            case["climbed"] = set(climbed.get(case["id"], ()))
        return cases

    @api.model
    def _clock(self, case):
        result = super()._clock(case)
        result["next_climb"] = min((moment for moment, _what, _rung in self._climbs(case, result)), default=None)
        return result

    @api.model
    def _climbs(self, case, moments):
        """:return: iterator of (moment in seconds, step, rung) of all rungs that this ticket has before it"""
        for what in self._unmet(case):
            deadline = moments[STEPS[what][0]]
            for rung in case["procedure"]._ticket_rungs():
                if not self._rung_holds(rung, what, case) or f"{what} {rung['key']}" in case["climbed"]:
                    continue
                if rung["moment"] == "percent":
                    moment = self._due(case, what, rung["percent"] / 100)
                elif rung["moment"] == "after" and deadline is not None:
                    moment = clock.add(case["time"], deadline, int(rung["hours"] * 3600)) or deadline
                else:
                    moment = deadline
                if moment is not None:
                    yield moment, what, rung

    @api.model
    def _rung_holds(self, rung, what, case):
        if rung["what"] and rung["what"] != what or rung["kind"] and rung["kind"] != case["kind"]:
            return False
        return not rung["priority"] or case["priority"] >= rung["priority"]

    @api.model
    def _write_deadlines(self, rows):
        super()._write_deadlines(rows)
        upcoming = [row["next_climb"] for row in rows if row["next_climb"] is not None]
        if upcoming:
            self._wake(clock.naive(min(upcoming)))

    @api.model
    def _wake(self, moment):
        """Let the ladder run at ``moment``, to the minute.

        An earlier run that is scheduled already sees to it: it ends with scheduling the next.
        """
        cron_id = self.env["ir.model.data"]._xmlid_to_res_id("crm_procedure.ir_cron_ticket_climb")
        if not cron_id:
            return
        cron = self.env["ir.cron"].sudo().browse(cron_id)  # any ticket sets its own alarm
        ahead = [("cron_id", "=", cron.id), ("call_at", "<=", moment), ("call_at", ">", fields.Datetime.now())]
        if not cron.env["ir.cron.trigger"].search_count(ahead, limit=1):
            cron._trigger(moment)

    # ------------------------------------------------------------
    # BUSINESS: who
    # ------------------------------------------------------------

    def _climb(self):
        """Take every rung that is due now: note it, tell whoever has to know, set the next moment."""
        now = fields.Datetime.now()
        reached = clock.seconds(now)
        tickets, steps, told = {ticket.id: ticket for ticket in self}, [], defaultdict(self.browse)
        for case in self._timed_cases():
            ticket = tickets[case["id"]]
            for moment, what, rung in self._climbs(case, self._clock(case)):
                if moment > reached:
                    continue
                users = ticket._rung_users(rung)
                level = max(ticket.escalation_level, LEVELS.get(rung["whom"], "0"))
                if level != ticket.escalation_level:
                    ticket.escalation_level = level
                steps.append(ticket._step_values(what, rung, moment, users, now))
                for user in users:
                    told[user, what, rung["moment"] == "percent", rung["by_mail"]] |= ticket
        self.env["crm.procedure.ticket.climb"].create(steps)
        self._recompute_deadlines()
        for (user, what, ahead, by_mail), late in told.items():
            late._tell_late(user, what, ahead, by_mail)

    def _step_values(self, what, rung, moment, users, now):
        return {
            "ticket_id": self.id,
            "round": self.round,
            "what": what,
            "rung_key": rung["key"],
            "due": clock.naive(moment),
            "date": now,
            "user_ids": [fields.Command.set(users.ids)],
        }

    def _rung_users(self, rung):
        """:return: who is told; somebody higher as well when all of them are away"""
        self.ensure_one()
        users = self._whom(rung).filtered("active")
        if not users._procedure_present():
            users |= self._whom({"whom": "manager"}).filtered("active")
        return users

    def _whom(self, rung):
        roles = self.env["res.users"]
        if rung["whom"] == "responsible":
            return self.user_id or self.team_id.leader_id
        if rung["whom"] == "leader":
            return self.team_id.leader_id
        if rung["whom"] == "holder":
            held = self.custody_ids.filtered(lambda row: not row.date_to)
            return held.team_id.leader_id or self.team_id.leader_id
        if rung["whom"] == "user":
            return roles.browse(rung["user_id"])
        if rung["whom"] == "supervisor":
            return roles.search_procedure_role("supervisor", self.company_id)
        management = self.env["crm.procedure.team"]._with_duty("management", self.company_id)
        return management.leader_id or roles.search_procedure_role("manager", self.company_id)

    def _tell_late(self, user, what, ahead, by_mail):
        """One activity is enough: who has one on the ticket is not told by another."""
        limit = dict(self.env["crm.procedure.ticket.climb"]._fields["what"]._description_selection(self.env))[what]
        summary = (
            self.env._("Soon late: %(limit)s", limit=limit) if ahead else self.env._("Late: %(limit)s", limit=limit)
        )
        kind = self.env.ref("crm_procedure.mail_activity_type_overdue")
        known = self.filtered(lambda t: any(a.user_id == user and a.activity_type_id == kind for a in t.activity_ids))
        fresh = self - known
        fresh.mapped("display_name")  # read once, not once for each activity
        fresh.with_context(mail_activity_quick_update=True).activity_schedule(
            "crm_procedure.mail_activity_type_overdue", user_id=user.id, summary=summary
        )
        for ticket in self if by_mail else self.browse():
            ticket.with_context(mail_notify_force_send=False).message_notify(
                partner_ids=user.partner_id.ids, subject=f"{summary}: {ticket.display_name}", body=summary
            )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_climb(self, batch_size=200):
        """Take the rungs that are due, a batch at a time; then wake up for the next one."""
        due = [("state", "in", OURS), ("next_climb", "<=", fields.Datetime.now())]
        found = self.search(due, limit=batch_size, order="next_climb, id")
        tickets = found.try_lock_for_update()
        try:
            with self.env.cr.savepoint():
                tickets._climb()
        except Exception:
            _logger.exception("Escalation of tickets in one batch failed, now one by one")
            tickets.invalidate_recordset()
            tickets._climb_one_by_one()
        remaining = self.search_count(due) if len(found) == batch_size else 0
        if not remaining:
            self._wake_for_next()
        self.env["ir.cron"]._commit_progress(len(tickets), remaining=remaining)

    def _climb_one_by_one(self):
        for ticket in self:
            try:
                with self.env.cr.savepoint():
                    ticket._climb()
            except Exception:
                _logger.exception("%s cannot climb and is set aside until the night", ticket)
                ticket.invalidate_recordset()
                ticket.next_climb = False

    @api.model
    def _wake_for_next(self):
        following = self.search([("state", "in", OURS), ("next_climb", "!=", False)], order="next_climb", limit=1)
        if following:
            self._wake(following.next_climb)
