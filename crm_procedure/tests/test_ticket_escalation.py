from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .ticket_common import MONDAY, ClockCase

LOG = "odoo.addons.crm_procedure.models.ticket_escalation"


@tagged("post_install", "-at_install")
class TestTicketEscalation(ClockCase):
    """The ladder as data: at 80 %, at the limit, some hours later; each once (C10, R12)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_rows(solution=(10, "working_hour"), first=(99, "day"), accept=(99, "day"), acknowledge=(99, "day"))

    def setUp(self):
        super().setUp()
        with freeze_time(f"{MONDAY} 08:00:00"):
            self.ticket = self.report()
            self._accept(self.ticket)

    def _run(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_ticket_climb").method_direct_trigger()
        self.env.invalidate_all()

    def _told(self):
        return [(step.what, sorted(step.user_ids.mapped("name"))) for step in self.ticket.sudo().climb_ids]

    def test_climbs_to_the_minute_and_once(self):
        for moment, told, level in (
            ("2026-06-01 16:59:00", 0, "0"),
            ("2026-06-01 17:00:00", 1, "0"),  # 8 of 10 hours
            ("2026-06-01 17:00:00", 1, "0"),
            ("2026-06-02 09:59:00", 1, "0"),
            ("2026-06-02 10:00:00", 2, "1"),
            ("2026-06-03 09:59:00", 2, "1"),
            ("2026-06-03 10:00:00", 3, "2"),
            ("2026-06-30 10:00:00", 3, "2"),
        ):
            with self.subTest(moment):
                self._run(moment)
                self.assertEqual(len(self.ticket.sudo().climb_ids), told)
                self.assertEqual(self.ticket.escalation_level, level)
        self.assertEqual(
            self._told(), [("solution", ["Service"]), ("solution", ["Service"]), ("solution", ["Manager"])]
        )
        overdue = self.env.ref("crm_procedure.mail_activity_type_overdue")
        asked = self.ticket.sudo().activity_ids.filtered(lambda a: a.activity_type_id == overdue)
        self.assertEqual(asked.user_id, self.users["service"] | self.users["manager"])
        self.assertEqual(len(asked), 2, "who has one on the ticket is not told by another")

    def test_wakes_at_the_moment(self):
        cron = self.env.ref("crm_procedure.ir_cron_ticket_climb")
        self.assertEqual(self.ticket.next_climb, datetime(2026, 6, 1, 17))
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).mapped("call_at")
        self.assertIn(datetime(2026, 6, 1, 17), calls)
        self._run("2026-06-01 17:00:00")
        calls = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).mapped("call_at")
        self.assertIn(datetime(2026, 6, 2, 10), calls)

    def test_not_by_the_other_ladder(self):
        with freeze_time("2026-06-20 10:00:00"), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_escalate").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.ticket.escalation_level, "0")

    def test_waiting_and_answered_do_not_climb(self):
        with freeze_time(f"{MONDAY} 09:00:00"):
            self.ticket.with_user(self.users["service"]).action_ask_customer("Which lot?")
        self._run("2026-06-20 10:00:00")
        self.assertFalse(self.ticket.sudo().climb_ids)
        self.assertFalse(self.ticket.next_climb)

    def test_each_round_has_its_ladder(self):
        self._run("2026-06-01 17:00:00")
        with freeze_time("2026-06-02 08:00:00"):
            self._answer(self.ticket)
            self.ticket._customer_reject(self.ticket._answer_token(), "No")
        self._run("2026-06-20 10:00:00")
        self.assertEqual(self.ticket.sudo().climb_ids.mapped("round"), [1, 2, 2, 2])

    def test_leader_on_leave_or_gone(self):
        """Management is told beside a leader who is away."""
        resource = self.env["resource.resource"].create(
            {"name": "Leader", "user_id": self.users["service"].id, "company_id": self.company.id}
        )
        self.env["resource.calendar.leaves"].create(
            {"resource_id": resource.id, "date_from": "2026-06-02 00:00:00", "date_to": "2026-06-10 00:00:00"}
        )
        self._run("2026-06-02 10:00:00")
        self.assertIn(("solution", ["Manager", "Service"]), self._told())
        self.team_service.leader_id = False
        self._run("2026-06-03 10:00:00")

    def test_one_that_fails_does_not_stop_the_rest(self):
        with freeze_time(f"{MONDAY} 08:00:00"):
            others = self.report() | self.report()
        bad, model = others[0], type(self.ticket)
        real = model._rung_users

        def fail(ticket, rung):
            if ticket.id == bad.id:
                raise UserError("This one always fails")
            return real(ticket, rung)

        with patch.object(model, "_rung_users", fail), mute_logger(LOG):
            self._run("2026-06-02 10:00:00")
        steps = self.env["crm.procedure.ticket.climb"].search([])
        self.assertEqual(steps.ticket_id, self.ticket | others[1])
        self.assertFalse(bad.next_climb, "set aside until the night")
        with freeze_time("2026-06-02 23:00:00"):
            self._recompute()
        self.assertTrue(bad.next_climb, "and tried again")

    def test_ladder_as_data(self):
        """A rung for one kind, told by mail to a person."""
        self.procedure.sudo().ticket_rung_ids = [
            Command.clear(),
            Command.create(
                {
                    "moment": "breach",
                    "whom": "user",
                    "user_id": self.users["quality"].id,
                    "kind": "issue",
                    "by_mail": True,
                }
            ),
        ]
        with freeze_time(f"{MONDAY} 08:00:00"):
            issue = self.report(kind="issue")
        self._run("2026-06-20 10:00:00")
        self.assertEqual(issue.sudo().climb_ids.user_ids, self.users["quality"])
        self.assertFalse(self.ticket.sudo().climb_ids - issue.sudo().climb_ids)

    def test_nothing_due_costs_the_same_with_many(self):
        counts = []
        for more in (2, 100):
            with freeze_time(f"{MONDAY} 08:00:00"):
                self.Ticket.sudo().create([{"subject": "x", "company_id": self.company.id} for _n in range(more)])
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self._run(f"{MONDAY} 09:00:00")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5)
