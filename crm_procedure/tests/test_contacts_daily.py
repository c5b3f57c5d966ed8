from datetime import date, datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from ..models import communication_remind, plan_replan
from .test_plan import PlanCase


@tagged("post_install", "-at_install")
class TestContactsDaily(PlanCase):
    """What happens by itself every day: due window, first visits, late ones, changed grades (V1, V3, V4, V5)."""

    def run_daily(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_contacts").method_direct_trigger()
        self.env.invalidate_all()

    def planned(self, day, **values):
        return self.env["crm.procedure.communication"].create(
            {"partner_id": self.customer.id, "user_id": self.owner.id, "date_planned": day, **values}
        )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.new_customer("Customer", user_id=cls.owner.id)

    def told(self):
        return self.env["mail.message"].search(
            [("subject", "like", "late"), ("partner_ids", "in", self.owner.partner_id.ids)]
        )

    # ------------------------------------------------------------
    # Due window
    # ------------------------------------------------------------

    def test_activities_only_inside_the_due_window(self):
        near, far = self.planned("2026-06-22"), self.planned("2026-06-24")
        self.run_daily("2026-06-15 01:30:00")
        self.assertEqual(near.activity_ids.user_id, self.owner)
        self.assertEqual(near.activity_ids.date_deadline, date(2026, 6, 22))
        self.assertFalse(far.activity_ids)
        self.run_daily("2026-06-15 02:30:00")
        self.assertEqual(len(near.activity_ids), 1, "once")
        self.run_daily("2026-06-17 01:30:00")
        self.assertTrue(far.activity_ids)

    def test_written_like_odoo_would(self):
        """Every column of the row is what the ORM writes."""
        contact = self.planned("2026-06-16")
        self.run_daily("2026-06-15 01:30:00")
        ours = contact.activity_ids
        theirs = contact.activity_schedule(
            "crm_procedure.mail_activity_type_contact", date(2026, 6, 16), user_id=self.owner.id
        )
        names = [name for name, field in ours._fields.items() if field.store and field.column_type]
        different = {"id", "create_date", "write_date", "create_uid", "write_uid", "note"}
        for name in set(names) - different:
            with self.subTest(name):
                self.assertEqual(ours[name], theirs[name])
        self.assertFalse(ours.note)

    def test_visits_are_meetings(self):
        visit = self.planned("2026-06-16", method="visit")
        self.run_daily("2026-06-15 01:30:00")
        self.assertEqual(visit.activity_ids.activity_type_id.category, "meeting")

    def test_reminders_cost_little_and_mail_nobody(self):
        """At most 0.15 queries for each activity, and no mail."""
        self.env["crm.procedure.communication"].with_context(tracking_disable=True).create(
            [{"partner_id": self.customer.id, "user_id": self.owner.id, "date_planned": "2026-06-16"}] * 200
        )
        mails = self.env["mail.mail"].search_count([])
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        done = self.env["crm.procedure.communication"]._remind_chunk(self.company)
        self.assertEqual(done, 200)
        self.assertLess((self.env.cr.sql_log_count - before) / done, 0.15)
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)

    def test_a_new_owner_is_reminded(self):
        """Also of what stood in nobody's activities because the owner had left."""
        heir = self.users["supervisor"]
        contact, announced = self.planned("2026-06-16"), self.planned("2026-06-16")
        announced.activity_schedule("crm_procedure.mail_activity_type_contact", user_id=self.owner.id)
        self.owner.action_archive()
        self.run_daily("2026-06-15 01:30:00")
        self.assertFalse(contact.activity_ids)
        self.customer.user_id = heir
        self.run_daily("2026-06-15 02:30:00")
        self.assertEqual((contact.user_id, contact.activity_ids.user_id), (heir, heir))
        self.assertEqual(len(announced.activity_ids), 1)

    def test_reminders_are_gone_when_done(self):
        contact = self.planned("2026-06-16", usage_note="a", need_note="b")
        self.run_daily("2026-06-15 01:30:00")
        contact.with_user(self.owner).action_done()
        self.assertFalse(contact.activity_ids)
        self.run_daily("2026-06-20 01:30:00")
        self.assertFalse(contact.activity_ids)

    def test_killed_in_the_middle(self):
        """Chunks are whole: what was made stays, the rest follows, nothing twice."""
        contacts = self.planned("2026-06-16")
        for _ in range(24):
            contacts |= self.planned("2026-06-16")
        with patch.object(communication_remind, "CHUNK", 10):
            model = self.env["crm.procedure.communication"]
            model._remind_chunk(self.company)
            with self.env.cr.savepoint() as savepoint:
                model._remind_chunk(self.company)
                savepoint.rollback()
            self.env.invalidate_all()
            self.run_daily("2026-06-15 01:30:00")
        self.assertEqual([len(contact.activity_ids) for contact in contacts], [1] * 25)

    # ------------------------------------------------------------
    # Late
    # ------------------------------------------------------------

    def test_a_missed_contact_climbs(self):
        """The owner is told a day after, the leader and management after the deadline, each once."""
        team = self.team_sales
        team.write({"leader_id": self.users["supervisor"].id, "member_ids": [(4, self.owner.id)]})
        contact = self.planned("2026-06-16", team_id=team.id)  # a Tuesday; to be made by the 19th
        for moment, level, count in (
            ("2026-06-16 08:00:00", "0", 0),
            ("2026-06-17 08:00:00", "0", 1),
            ("2026-06-18 08:00:00", "0", 1),
            ("2026-06-22 23:30:00", "0", 1),
            ("2026-06-24 08:00:00", "1", 1),
            ("2026-06-26 08:00:00", "2", 1),
            ("2026-07-03 08:00:00", "2", 1),
        ):
            self.run_daily(moment)
            with freeze_time(moment), self.enter_registry_test_mode():
                self.env.ref("crm_procedure.ir_cron_escalate").method_direct_trigger()
            self.env.invalidate_all()
            with self.subTest(moment=moment):
                self.assertEqual(contact.escalation_level, level)
                self.assertEqual(len(self.told()), count)
        self.assertIn(contact.name, self.told().body)
        overdue = contact.activity_ids.filtered(
            lambda a: a.activity_type_id == self.env.ref("crm_procedure.mail_activity_type_overdue")
        )
        self.assertEqual(overdue.user_id, self.users["supervisor"] | self.users["manager"])

    def test_one_message_for_all_that_is_late(self):
        for _ in range(25):
            self.planned("2026-06-10")
        self.run_daily("2026-06-15 01:30:00")
        self.assertEqual(len(self.told()), 1)
        self.assertIn("5 more", self.told().body)

    # ------------------------------------------------------------
    # First visit
    # ------------------------------------------------------------

    def test_first_visit_is_not_planned_for_the_past(self):
        self.new_customer("New", 100, "2026-05-22", user_id=self.owner.id)
        self.run_daily("2026-06-15 01:30:00")
        visit = self.env["crm.procedure.communication"].search([("kind", "=", "first_visit")])
        self.assertEqual(visit.date_planned, date(2026, 6, 15))

    def test_first_visit_after_the_first_order(self):
        """V5: within the limit after the first confirmed order, once; not for old customers."""
        new = self.new_customer("New", 100, "2026-06-12", user_id=self.owner.id)
        old = self.new_customer("Old", 100, "2026-01-12", user_id=self.owner.id)
        self.new_order(old, 100, "2026-06-12")
        quoted = self.new_customer("Quoted", user_id=self.owner.id)
        self.new_order(quoted, 100, "2026-06-12", state="draft")
        nobody = self.new_customer("Nobody")
        self.new_order(nobody, 100, "2026-06-12", user_id=False)
        self.run_daily("2026-06-15 01:30:00")
        visits = self.env["crm.procedure.communication"].search([("kind", "=", "first_visit")])
        self.assertEqual(visits.partner_id, new)
        self.assertEqual(visits.date_planned, date(2026, 6, 19))
        self.assertEqual(visits.user_id, self.owner)
        self.new_order(new, 100, "2026-06-14")
        visits.with_user(self.owner).action_cancel("Visited before")
        self.run_daily("2026-06-16 01:30:00")
        self.assertEqual(self.env["crm.procedure.communication"].search_count([("kind", "=", "first_visit")]), 1)

    # ------------------------------------------------------------
    # Plans follow the grades
    # ------------------------------------------------------------

    def future(self, customer):
        return (
            self.env["crm.procedure.communication"]
            .search([("partner_id", "=", customer.id), ("plan_id", "!=", False)])
            .sorted(lambda c: (c.date_planned, c.id))
        )

    def test_a_better_grade_is_contacted_more_often(self):
        """G5: from the next contact on, at the interval of the new grade."""
        customer = self.graded("C", last="2026-06-01")
        self.approved()
        [contact] = self.future(customer)
        customer.procedure_grade_id = self.grade("A")
        self.run_daily("2026-07-02 01:30:00")
        contacts = self.future(customer)
        self.assertEqual(set(contacts.mapped("state")), {"planned"})
        self.assertEqual(contacts.grade_id, self.grade("A"))
        self.assertIn(contact, contacts, "moved, not made anew")
        days = contacts.mapped("date_planned")
        self.assertEqual(len(days), 4)
        last = date(2026, 6, 3)
        for day in days:
            self.assertLessEqual((day - last).days, 30)
            last = day
        for contact in contacts:
            self.assertEqual(contact.deadline, contact._deadline_of(self.company, contact.date_planned, 3))
        numbers = contacts.mapped("name")
        self.run_daily("2026-07-03 01:30:00")
        self.assertEqual(self.future(customer).mapped("name"), numbers, "nothing to do the next day")

    def test_a_lower_grade_is_contacted_less_often(self):
        """Those that are too many are cancelled with the reason; nothing is deleted."""
        customer = self.graded("A", last="2026-06-20")
        self.approved()
        before = self.future(customer)
        self.assertEqual(len(before), 3)
        customer.procedure_grade_id = self.grade("C")
        self.run_daily("2026-07-01 01:30:00")
        after = self.future(customer)
        self.assertEqual(after, before)
        planned = after.filtered(lambda c: c.state == "planned")
        self.assertEqual(len(planned), 1)
        self.assertLessEqual(planned.date_planned, date(2026, 6, 20) + timedelta(days=90))
        self.assertIn("grade has changed", (after - planned)[0].cancel_reason)

    def test_what_somebody_works_on_stays(self):
        """Only future, untouched ones move: not moved by hand, not in an activity, not done."""
        customer = self.graded("A", last="2026-06-20")
        self.approved()
        announced, by_hand, last = self.future(customer)
        day = by_hand.date_planned + timedelta(days=1)
        by_hand.with_user(self.owner).date_planned = day
        announced.reminder_level = 1
        kept = announced.date_planned
        customer.procedure_grade_id = self.grade("C")
        self.run_daily("2026-07-01 01:30:00")
        self.assertEqual((announced.state, announced.date_planned), ("planned", kept))
        self.assertEqual((by_hand.state, by_hand.date_planned), ("planned", day))
        self.assertEqual(last.state, "cancelled")

    def test_customers_who_come_into_the_plan(self):
        """Graded, or given an owner, after the approval: the horizon is filled for them too."""
        self.graded("A")
        nobody = self.graded("B", user_id=False)
        plan = self.approved()
        self.assertFalse(self.future(nobody))
        late = self.graded("A", last="2026-06-10")
        nobody.user_id = self.owner
        self.run_daily("2026-07-06 01:30:00")
        for customer in late | nobody:
            contacts = self.future(customer)
            self.assertEqual(contacts.plan_id, plan)
            self.assertGreater(min(contacts.mapped("date_planned")), date(2026, 7, 6))
        count = len(plan.communication_ids)
        self.run_daily("2026-07-07 01:30:00")
        self.assertEqual(len(plan.communication_ids), count)

    def test_replanning_in_chunks(self):
        customers = self.graded("C", 25, last="2026-06-01")
        self.approved()
        customers.procedure_grade_id = self.grade("A")
        with patch.object(plan_replan, "CHUNK", 10):
            self.run_daily("2026-07-02 01:30:00")
        for customer in customers:
            self.assertGreaterEqual(len(self.future(customer)), 3)
        names = self.env["crm.procedure.communication"].search([]).mapped("name")
        numbers = sorted(int(name[-4:]) for name in names)
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "no gap")

    def test_plans_end(self):
        self.graded("A")
        plan = self.approved()
        self.run_daily("2026-10-01 01:30:00")
        self.assertEqual(plan.state, "closed")
        self.assertEqual(plan.communication_ids[0].state, "planned", "still owed")
        self.assertLess(plan.communication_ids[0].deadline, datetime(2026, 10, 4))
