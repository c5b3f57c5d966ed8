from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .ticket_common import TicketCase


@tagged("post_install", "-at_install")
class TestAction(TicketCase):
    """Parts of departments and what follows from a ticket (C10, C11, C18, Q5; ISO 9001 10.2)."""

    def test_c10_a_part_changes_hands_and_comes_back(self):
        ticket = self.accepted()
        part = self.part(ticket)
        self.assertEqual(ticket.state, "handling")
        held = ticket.custody_ids.filtered(lambda row: not row.date_to)
        self.assertEqual((held.holder, held.team_id), ("department", self.team_technical))
        self.assertTrue(part.deadline, "within the days of the procedure")
        self.assertEqual(part.activity_ids.user_id, self.team_technical.leader_id, "told at once (C11)")
        part.with_user(self.users["specialist"]).action_done("The glue was old")
        held = ticket.custody_ids.filtered(lambda row: not row.date_to)
        self.assertEqual(held.holder, "service")
        self.assertIn("The glue was old", "".join(ticket.message_ids.mapped("body")))

    def test_departments_side_by_side(self):
        ticket = self.accepted()
        self.part(ticket)
        second = self.part(ticket, team_id=self.team_sales.id)
        held = ticket.custody_ids.filtered(lambda row: not row.date_to)
        self.assertEqual(held.team_id, self.team_technical | self.team_sales)
        second.with_user(self.users["sales"]).action_done("Told the customer's buyer")
        held = ticket.custody_ids.filtered(lambda row: not row.date_to)
        self.assertEqual(held.team_id, self.team_technical)

    def test_only_the_owner_does_it(self):
        part = self.part(self.accepted(), user_id=self.users["sales"].id)
        for role in ("specialist", "user", "service"):
            with self.subTest(role), self.assertRaises(AccessError):
                part.with_user(self.users[role]).action_done("Me")
        sales = part.with_user(self.users["sales"])
        self.assertEqual(sales.action_done()["res_model"], "crm.procedure.reason")
        sales.action_done("Called the supplier")
        self.assertEqual((part.state, part.done_by_id), ("done", self.users["sales"]))

    def test_owner_changes_not_the_task(self):
        part = self.part(self.accepted())
        with self.assertRaises(AccessError):
            part.with_user(self.users["specialist"]).deadline = "2030-01-01 00:00:00"
        with self.assertRaises(AccessError):
            part.with_user(self.users["service"]).state = "effective"
        with self.assertRaises(AccessError):
            self.part(self.accepted(), state="done")
        with self.assertRaises(AccessError):
            self.part(self.accepted(), role="sales")

    def test_effect_is_checked_by_somebody_else(self):
        """ISO 9001 10.2.1: after a set time, by somebody else."""
        action = self.part(self.accepted(), kind="corrective", user_id=self.users["quality"].id)
        with freeze_time("2026-06-01 10:00:00"):
            action.with_user(self.users["quality"]).action_done("New glue")
        self.assertEqual(action.check_date, date(2026, 6, 29), "20 working days")
        with self.assertRaisesRegex(UserError, "own work"):
            action.with_user(self.users["quality"]).action_verify(True)
        action.with_user(self.users["supervisor"]).action_verify_ineffective("Seals still break")
        self.assertEqual((action.state, action.verified_by_id), ("ineffective", self.users["supervisor"]))
        self.assertEqual(action.verify_note, "Seals still break")

    def test_waived_in_a_one_person_company_and_on_record(self):
        self.company.procedure_waive_separation = True
        action = self.part(self.accepted(), kind="corrective", user_id=self.users["quality"].id)
        action.with_user(self.users["quality"]).action_done("New glue")
        action.with_user(self.users["quality"]).action_verify(True)
        self.assertIn("waived", "".join(action.sudo().message_ids.mapped("body")))

    def test_evidence(self):
        action = self.part(self.accepted())
        with self.assertRaises(UserError):
            action.sudo().unlink()
        action.with_user(self.users["specialist"]).action_done("Done")
        with self.assertRaisesRegex(UserError, "evidence"):
            action.subject = "Something else"

    def test_late_actions_climb(self):
        """The mixin's ladder: leader, then management."""
        with freeze_time("2026-06-01 09:00:00"):
            action = self.part(self.accepted())
        with freeze_time("2026-06-10 09:00:00"):
            with self.enter_registry_test_mode():
                self.env.ref("crm_procedure.ir_cron_escalate").method_direct_trigger()
        self.env.invalidate_all()
        self.assertNotEqual(action.escalation_level, "0")
