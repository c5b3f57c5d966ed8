from datetime import datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .ticket_common import MONDAY, ClockCase


@tagged("post_install", "-at_install")
class TestTicketClosure(ClockCase):
    """C13–C15, G6, X8, X12: what goes out, who approves it, silence and the telephone."""

    def _cron(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_ticket_closure").method_direct_trigger()
        self.env.invalidate_all()

    def _mails(self):
        return self.env["mail.mail"].search([("email_to", "=", "buyer@jade.example")])

    # ------------------------------------------------------------
    # Progress (C13, X12)
    # ------------------------------------------------------------

    def test_c13_the_customer_reads_what_is_meant_for_them(self):
        ticket = self.accepted()
        ticket.message_post(body="They are always difficult", message_type="comment", subtype_xmlid="mail.mt_comment")
        ticket.action_tell_customer("A technician comes on Friday.")
        bodies = "".join(ticket._customer_messages().mapped("body"))
        self.assertIn("technician", bodies)
        self.assertNotIn("difficult", bodies)
        self.assertIn("technician", self._mails()[0].body_html)

    def test_x12_nobody_else_writes_to_the_customer(self):
        ticket = self.accepted()
        self.part(ticket)
        specialist = ticket.with_user(self.users["specialist"])
        specialist.message_post(body="Hello", message_type="comment", partner_ids=self.customer.ids)
        self.assertFalse(self.env["mail.notification"].search([("res_partner_id", "=", self.customer.id)]))
        for method in ("action_tell_customer", "action_ask_customer", "action_answer"):
            with self.subTest(method), self.assertRaises(AccessError):
                self._call(ticket, self.users["specialist"], method)

    def test_question_stops_the_clock_and_a_mail_sets_it_going(self):
        ticket = self.accepted()
        ticket.action_ask_customer("Which lot is it?")
        self.assertTrue(ticket.is_waiting)
        ticket.sudo().message_post(body="Lot 7", message_type="email", author_id=self.customer.id)
        self.assertFalse(ticket.is_waiting)
        ticket.action_ask_customer("And when?")
        ticket.action_resume()
        self.assertFalse(ticket.is_waiting)

    def test_nobody_to_ask(self):
        ticket = self.accepted(partner_id=False, is_anonymous=True)
        with self.assertRaisesRegex(UserError, "nobody who could be asked"):
            ticket.action_ask_customer("Who are you?")
        self.assertFalse(self._mails())

    # ------------------------------------------------------------
    # Approval (G6)
    # ------------------------------------------------------------

    def test_g6_management_approves_where_the_procedure_says(self):
        ticket = self.accepted()
        ticket.write({"severity": "critical", "solution": "Money back"})
        self.assertTrue(ticket.needs_approval)
        with self.assertRaisesRegex(UserError, "Ask for approval"):
            ticket.action_answer()
        ticket.action_ask_approval()
        self.assertIn(self.users["manager"], ticket.activity_ids.user_id)
        ticket.with_user(self.users["manager"]).action_approve_solution()
        ticket.action_answer()
        self.assertEqual(ticket.state, "answered")

    def test_g6_by_cost_and_grade(self):
        self.procedure.sudo().write({"approve_severity": False, "approve_cost": 1000})
        ticket = self.accepted()
        ticket.write({"solution": "Money back", "solution_cost": 1000})
        self.assertFalse(ticket.needs_approval)
        ticket.solution_cost = 1001
        ticket.invalidate_recordset(["needs_approval"])
        self.assertTrue(ticket.needs_approval)

    def test_what_was_approved_is_what_goes_out(self):
        ticket = self.accepted()
        ticket.write({"severity": "critical", "solution": "Money back"})
        ticket.action_ask_approval()
        ticket.with_user(self.users["manager"]).action_approve_solution()
        ticket.solution = "Nothing"
        self.assertFalse(ticket.solution_approval)
        with self.assertRaisesRegex(UserError, "approve"):
            ticket.action_answer()

    def test_nobody_approves_their_own_solution(self):
        both = self.users["service"]
        ticket = self.accepted()
        ticket.write({"severity": "critical", "solution": "Money back"})
        ticket.action_ask_approval()
        both.group_ids += self.env.ref("crm_procedure.group_manager")
        with self.assertRaisesRegex(UserError, "own work"):
            ticket.action_approve_solution()
        with self.assertRaises(AccessError):
            ticket.solution_approval = "approved"
        ticket.with_user(self.users["manager"]).action_reject_solution("Too dear")
        self.assertEqual(ticket.solution_approval, "rejected")
        self.assertIn("Too dear", "".join(ticket.message_ids.mapped("body")))

    # ------------------------------------------------------------
    # Telephone (X8)
    # ------------------------------------------------------------

    def _by_phone(self):
        with freeze_time(f"{MONDAY} 09:00:00"):
            ticket = self.answered()
            ticket.action_record_phone("Ms Wu says that it works", 5)
        return ticket

    def test_phone_is_verified_by_somebody_else(self):
        ticket = self._by_phone()
        self.assertTrue(ticket.phone_pending)
        self.assertIn(ticket, self.Ticket.search([("phone_pending", "=", True)]))
        self.assertEqual(ticket.state, "answered")
        self.users["service"].group_ids += self.env.ref("crm_procedure.group_supervisor")
        with self.assertRaisesRegex(UserError, "somebody else"):
            ticket.action_verify_phone()
        with freeze_time(f"{MONDAY} 10:00:00"):
            ticket.with_user(self.users["supervisor"]).action_verify_phone()
        self.assertEqual(ticket.state, "answered", "it is not the verifier who closes")
        self._cron(f"{MONDAY} 10:01:00")
        self.assertEqual((ticket.state, ticket.customer_rating), ("closed", 5))
        self.assertEqual(ticket.round_ids.channel, "phone")
        self.assertEqual(ticket.round_ids.phone_verified_by_id, self.users["supervisor"])

    def test_phone_not_verified_in_time_reopens(self):
        ticket = self._by_phone()
        self._cron("2026-06-03 16:59:00")
        self.assertEqual(ticket.state, "answered")
        self._cron("2026-06-03 17:01:00")
        self.assertEqual((ticket.state, ticket.round), ("handling", 2))
        self.assertEqual(ticket.round_ids.outcome, "unverified")

    def test_phone_refuted(self):
        ticket = self._by_phone()
        ticket.with_user(self.users["quality"]).action_refute_phone("She never said so")
        self.assertEqual((ticket.state, ticket.round), ("handling", 2))

    def test_phone_is_not_typed(self):
        ticket = self._by_phone()
        for role in ("service", "supervisor", "manager"):
            with self.subTest(role), self.assertRaises(AccessError):
                ticket.round_ids.with_user(self.users[role]).write({"phone_verified_on": datetime(2026, 6, 1)})

    # ------------------------------------------------------------
    # Silence (X8)
    # ------------------------------------------------------------

    def test_silence_reminders_on_working_days(self):
        """glpi#6527: week-ends are no days of silence."""
        with freeze_time("2026-06-04 09:00:00"):  # a Thursday
            ticket = self.answered()
        first = len(self._mails())
        self._cron("2026-06-08 12:00:00")
        self.assertEqual(len(self._mails()), first, "only two working days have passed")
        self._cron("2026-06-09 17:01:00")
        self.assertEqual(len(self._mails()), first + 1)
        self._cron("2026-06-09 18:01:00")
        self.assertEqual(len(self._mails()), first + 1, "once")
        self.assertIn(ticket._answer_token(), self._mails()[0].body_html)
        self._cron("2026-06-20 17:01:00")
        self._cron("2026-06-30 17:01:00")
        self._cron("2026-07-30 17:01:00")
        self.assertEqual(len(self._mails()), first + 2)
        self.assertEqual(ticket.reminders, 2)
        self.assertEqual(ticket.state, "answered", "nothing ends by itself")
        self.assertIn(self.users["manager"], ticket.sudo().activity_ids.user_id)

    def test_no_reminder_after_the_customer_spoke(self):
        with freeze_time(f"{MONDAY} 09:00:00"):
            ticket = self.answered()
            ticket._customer_accept(ticket._answer_token(), 5)
        before = len(self._mails())
        self._cron("2026-07-30 17:01:00")
        self.assertEqual(len(self._mails()), before)
