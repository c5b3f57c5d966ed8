from datetime import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ROLES
from .ticket_common import TicketCase


@tagged("post_install", "-at_install")
class TestTicketCause(TicketCase):
    """C16, C18, R13; ISO 9001 10.2: cause, responsibility, action, effect."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cause = cls.env["crm.procedure.ticket.cause"].create({"name": "Glue"})

    def _major(self):
        ticket = self.accepted()
        ticket.write({"severity": "major", "solution": "A new one"})
        ticket.action_answer()
        return ticket

    def test_c18_major_complaint_needs_cause_and_action(self):
        ticket = self._major()
        self.assertTrue(ticket.to_learn)
        with self.assertRaisesRegex(UserError, "root cause"):
            ticket.action_finish()
        with self.assertRaisesRegex(UserError, "root cause"):
            ticket.with_user(self.users["manager"]).action_close_unconfirmed("Silence")
        ticket.cause_id = self.cause
        with self.assertRaisesRegex(UserError, "corrective or preventive"):
            ticket.action_finish()
        self.part(ticket, kind="corrective", user_id=self.users["sales"].id)
        ticket.action_finish()
        self.assertTrue(ticket.date_finished)
        self.assertEqual(ticket.state, "answered", "closing stays the customer's")

    def test_the_customer_closes_all_the_same(self):
        ticket = self._major()
        self.assertEqual(ticket._customer_accept(ticket._answer_token(), 5), "closed")
        self.assertIn(ticket, self.Ticket.search([("to_learn", "=", True)]))
        quality = ticket.with_user(self.users["quality"])
        quality.write({"cause_id": self.cause.id, "why_1": "Old glue", "lesson": "Check the date"})
        self.part(ticket, role="quality", kind="preventive", user_id=self.users["sales"].id)
        quality.action_finish()
        self.assertNotIn(ticket, self.Ticket.search([("to_learn", "=", True)]))
        with self.assertRaisesRegex(UserError, "evidence"):
            quality.lesson = "Something else"

    def test_overseers_enter_causes_and_nothing_else(self):
        ticket = self._major()
        for role in ("supervisor", "quality", "manager"):
            ticket.with_user(self.users[role]).why_1 = "Because"
            with self.subTest(role), self.assertRaises(AccessError):
                ticket.with_user(self.users[role]).solution = "Another"
        with self.assertRaises(AccessError):
            ticket.with_user(self.users["auditor"]).why_1 = "Because"

    def test_r13_person_is_seen_by_few(self):
        ticket = self.answered()
        ticket.with_user(self.users["quality"]).cause_user_id = self.users["sales"]
        self.part(self.accepted())
        for role in ROLES:
            mine = ticket.with_user(self.users[role])
            with self.subTest(role):
                if role in ("supervisor", "quality", "manager"):
                    self.assertEqual(mine.cause_user_id, self.users["sales"])
                    continue
                self.assertNotIn("cause_user_id", mine.fields_get())
                with self.assertRaises(AccessError):
                    mine.read(["cause_user_id"])
                with self.assertRaises(AccessError):
                    mine.search([("cause_user_id", "=", self.users["sales"].id)])

    def test_nobody_answers_a_complaint_about_oneself(self):
        """ISO 10002 4: objectivity."""
        ticket = self.accepted()
        ticket.with_user(self.users["quality"]).cause_user_id = self.users["service"]
        ticket.solution = "It was not my fault"
        with self.assertRaisesRegex(UserError, "your own work"):
            ticket.action_answer()

    def test_similar_cases(self):
        one, two = self.answered(), self.answered()
        (one | two).cause_id = self.cause
        found = self.Ticket.search(one.action_similar_cases()["domain"])
        self.assertEqual(found, two)

    def test_minor_needs_nothing(self):
        ticket = self.answered()
        ticket.action_finish()
        self.assertTrue(ticket.date_finished)

    def test_effect_check_is_asked_for_once(self):
        action = self.part(self.accepted(), kind="corrective", user_id=self.users["quality"].id)
        with freeze_time("2026-06-01 10:00:00"):
            action.with_user(self.users["quality"]).action_done("New glue")
        kind = self.env.ref("crm_procedure.mail_activity_type_check")
        for moment, count in (("2026-06-20", 0), ("2026-06-29", 1), ("2026-06-30", 1)):
            with freeze_time(f"{moment} 10:00:00"), self.enter_registry_test_mode():
                self.env.ref("crm_procedure.ir_cron_action_check").method_direct_trigger()
            self.env.invalidate_all()
            asked = action.sudo().activity_ids.filtered(lambda a: a.activity_type_id == kind)
            self.assertEqual(len(asked), count, moment)
        self.assertNotEqual(asked.user_id, self.users["quality"], "never whoever did it")
        with freeze_time("2026-06-30 10:00:00"):
            self.assertIn(action, self.env["crm.procedure.action"].search([("to_check", "=", True)]))
        self.assertGreater(action.date_done, datetime(2026, 5, 31))
