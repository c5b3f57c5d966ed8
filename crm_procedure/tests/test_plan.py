import random
from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..models import plan_create
from .common import ProcedureCase

NOW = "2026-06-15 08:00:00"  # a Monday
QUARTER = {"date_from": "2026-07-01", "date_to": "2026-09-30"}


class PlanCase(ProcedureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW))
        cls.owner = cls.users["sales"]
        for letter, every in (("A", 30), ("B", 60), ("C", 90)):
            cls.grade(letter).contact_interval_days = every

    @classmethod
    def graded(cls, letter, count=1, last=None, owner=None, **values):
        """Customers of a grade; ``last``: the day of the last contact"""
        customers = cls.env["res.partner"].create(
            [
                {
                    "name": f"{letter} {number}",
                    "customer_rank": 1,
                    "user_id": (owner or cls.owner).id,
                    "procedure_grade_id": cls.grade(letter).id,
                    **values,
                }
                for number in range(count)
            ]
        )
        if last:
            contacts = cls.env["crm.procedure.communication"].create(
                [{"partner_id": customer.id, "kind": "other", "date_planned": last} for customer in customers]
            )
            contacts.date_done = f"{last} 10:00:00"
            contacts._finish()
        return customers

    def new_plan(self, role="supervisor", **values):
        return self.env["crm.procedure.plan"].with_user(self.users[role]).create({**QUARTER, **values})

    def approved(self, **values):
        plan = self.new_plan(**values)
        self.sign(plan, "supervisor", "manager")
        return plan.sudo()

    def days(self, plan, customer):
        line = plan.sudo().line_ids.filtered(lambda line: line.partner_id == customer)
        return [date.fromisoformat(day) for day in line.days or []]


@tagged("post_install", "-at_install")
class TestPlan(PlanCase):
    """Who is contacted when, and who signs it (G4, G5, G6, X4, X14)."""

    # ------------------------------------------------------------
    # The schedule
    # ------------------------------------------------------------

    def test_interval_of_the_grade(self):
        """G4, V3: no longer than the grade's interval between two contacts, all of the period."""
        customers = {letter: self.graded(letter, last="2026-06-12") for letter in "ABC"}
        plan = self.new_plan()
        plan.action_compute()
        for letter, every in (("A", 30), ("B", 60), ("C", 90)):
            with self.subTest(letter):
                days = self.days(plan, customers[letter])
                last = date(2026, 6, 12)
                for day in days:
                    self.assertLessEqual(day - last, timedelta(days=every))
                    self.assertGreaterEqual(day - last, timedelta(days=min(every // 2, 7)))
                    self.assertLess(day.weekday(), 5)
                    last = day
                self.assertGreater(last + timedelta(days=every), date(2026, 9, 30), "to the end of the period")

    def test_floor_for_all(self):
        """X4, V4: at least every quarter, whatever the grade says."""
        self.grade("C").contact_interval_days = 300
        customer = self.graded("C", last="2026-06-01")
        plan = self.new_plan()
        plan.action_compute()
        self.assertEqual(plan.sudo().line_ids.interval_days, 90)
        self.assertLessEqual(self.days(plan, customer)[0], date(2026, 8, 30))

    def test_even_load(self):
        """G5: customers who were all contacted on one day are not all due on one day."""
        self.graded("C", 130, last="2026-06-12")
        plan = self.new_plan()
        plan.action_compute()
        weeks = plan.sudo().week_ids
        self.assertEqual(sum(weeks.mapped("contacts")), 130)
        self.assertLessEqual(max(weeks.mapped("contacts")), 20)
        self.assertEqual(weeks[1].capacity, 40)
        self.assertEqual(plan.overloaded_count, 0)

    def test_any_mix_of_intervals_and_last_contacts(self):
        """Every customer who is due has a first contact, on time unless overdue, on a working day."""
        draw = random.Random(19)
        for _ in range(12):
            for letter in "ABC":
                self.grade(letter).contact_interval_days = draw.choice((1, 2, 3, 5, 7, 10, 30, 61, 90))
            customers = self.env["res.partner"]
            for _ in range(draw.randint(1, 6)):
                last = draw.choice((None, date(2026, 6, 30) - timedelta(days=draw.randint(0, 120))))
                customers |= self.graded(draw.choice("ABC"), draw.randint(1, 3), last=last and last.isoformat())
            plan = self.new_plan(date_to=date(2026, 7, 1) + timedelta(days=draw.randint(0, 90)))
            plan.action_compute()
            for line in plan.sudo().line_ids:
                days = self.days(plan, line.partner_id)
                self.assertEqual(bool(days), line.due_date <= plan.date_to and not line.skip_reason, line.due_date)
                if days and line.due_date >= plan.date_from:
                    self.assertLessEqual(days[0], max(line.due_date, date(2026, 7, 1)))
                self.assertFalse([day for day in days if day.weekday() > 4])
                self.assertEqual(days, sorted(set(days)))
            plan.unlink()
            customers.action_archive()

    def test_overdue_ones_come_first(self):
        late = self.graded("C", last="2026-01-10")
        self.graded("C", 60, last="2026-06-01")
        plan = self.new_plan()
        plan.action_compute()
        self.assertLessEqual(self.days(plan, late)[0], date(2026, 7, 14))

    def test_over_capacity_is_said(self):
        self.graded("A", 300)
        plan = self.new_plan()
        plan.action_compute()
        self.assertTrue(plan.overloaded_count)
        self.assertGreater(plan.contact_count, plan.capacity_count)

    def test_holidays_and_own_leaves(self):
        """G5: nothing is planned for days on which nobody works, or the owner does not."""
        self.graded("A", 5, last="2026-06-20")
        closed = (date(2026, 7, 20), date(2026, 8, 2))
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Works holidays",
                "calendar_id": self.company.resource_calendar_id.id,
                "company_id": self.company.id,
                "date_from": "2026-07-20 00:00:00",
                "date_to": "2026-08-02 23:59:59",
            }
        )
        resource = self.env["resource.resource"].create(
            {
                "name": "Owner",
                "user_id": self.owner.id,
                "company_id": self.company.id,
                "calendar_id": self.company.resource_calendar_id.id,
            }
        )
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Leave",
                "resource_id": resource.id,
                "calendar_id": resource.calendar_id.id,
                "date_from": "2026-08-10 00:00:00",
                "date_to": "2026-08-14 23:59:59",
            }
        )
        plan = self.new_plan()
        plan.action_compute()
        for line in plan.sudo().line_ids:
            days = self.days(plan, line.partner_id)
            for day in days:
                self.assertFalse(closed[0] <= day <= closed[1], day)
                self.assertFalse(date(2026, 8, 10) <= day <= date(2026, 8, 14), day)
            for first, second in zip(days, days[1:], strict=False):
                self.assertGreaterEqual((second - first).days, 7)

    def test_never_twice_a_week_unless_the_grade_demands_it(self):
        for every in (8, 9, 11, 16):
            self.grade("A").contact_interval_days = every
            customers = self.graded("A", 7, last="2026-06-14")
            self.env["resource.calendar.leaves"].create(
                {
                    "name": "Long holidays",
                    "calendar_id": self.company.resource_calendar_id.id,
                    "company_id": self.company.id,
                    "date_from": "2026-08-01 00:00:00",
                    "date_to": "2026-08-09 23:59:59",
                }
            )
            plan = self.new_plan()
            plan.action_compute()
            for customer in customers:
                days = self.days(plan, customer)
                gaps = [(second - first).days for first, second in zip(days, days[1:], strict=False)]
                with self.subTest(every=every):
                    self.assertGreaterEqual(min(gaps), 7)
                    self.assertLessEqual(max(gaps), 2 * every + 3)
            plan.unlink()
            customers.action_archive()
        self.grade("A").contact_interval_days = 2
        customer = self.graded("A")
        plan = self.new_plan()
        plan.action_compute()
        self.assertGreaterEqual(len(self.days(plan, customer)), 30, "the grade demands it")

    def test_make_a_plan_of_one_owner_and_grade(self):
        mine, grade = self.graded("A"), self.graded("B")
        other = self.graded("A", owner=self.users["specialist"])
        plan = self.new_plan(user_id=self.owner.id, grade_ids=[(6, 0, self.grade("A").ids)])
        plan.action_compute()
        self.assertEqual(plan.sudo().line_ids.partner_id, mine)
        self.assertFalse(plan.sudo().line_ids.partner_id & (grade | other))

    def test_set_aside_with_the_reason(self):
        """Customers without owner, owners who left, archived and merged customers."""
        gone = self.users["service"]
        no_owner = self.graded("A", user_id=False)
        left = self.graded("A", owner=gone)
        gone.action_archive()
        archived = self.graded("A", active=False)
        contact = self.graded("A")
        contact.parent_id = self.graded("A")
        plan = self.new_plan()
        plan.action_compute()
        reasons = {line.partner_id: line.skip_reason for line in plan.sudo().line_ids}
        self.assertEqual(reasons[no_owner], "no_owner")
        self.assertEqual(reasons[left], "owner_left")
        self.assertNotIn(archived, reasons)
        self.assertNotIn(contact, reasons)
        self.assertEqual(plan.skipped_count, 2)

    def test_no_customer_is_in_two_plans(self):
        customer = self.graded("A")
        self.approved()
        second = self.new_plan(date_from="2026-08-01", date_to="2026-10-31")
        second.action_compute()
        self.assertEqual(second.sudo().line_ids.mapped("skip_reason"), ["other_plan"])
        with self.assertRaisesRegex(UserError, "plans no contact"):
            second.action_submit()
        following = self.new_plan(date_from="2026-10-01", date_to="2026-12-31")
        following.action_compute()
        self.assertTrue(self.days(following, customer))

    # ------------------------------------------------------------
    # Refusals
    # ------------------------------------------------------------

    def test_refusals(self):
        self.graded("A")
        past = self.new_plan(date_from="2026-01-01", date_to="2026-03-31")
        for method in ("action_compute", "action_submit"):
            with self.assertRaisesRegex(UserError, "past"):
                getattr(past, method)()
        with self.assertRaisesRegex(UserError, "no grade"):
            self.new_plan(grade_ids=False).action_compute()
        with self.assertRaisesRegex(ValidationError, "at most"):
            self.new_plan(date_to="2028-01-01")
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.new_plan(date_to="2026-06-30")

    def test_refuses_an_owner_who_left(self):
        self.graded("A")
        plan = self.new_plan(user_id=self.owner.id)
        plan.action_submit()
        self.owner.action_archive()
        with self.assertRaisesRegex(UserError, "has left"):
            plan.with_user(self.users["manager"]).action_approve()

    def test_refuses_an_interval_of_nothing(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.grade("A").contact_interval_days = 0
            self.env.flush_all()

    def test_nobody_to_plan_for(self):
        with self.assertRaisesRegex(UserError, "nobody to plan for"):
            self.new_plan().action_compute()

    # ------------------------------------------------------------
    # Signing
    # ------------------------------------------------------------

    def test_approval_makes_the_contacts(self):
        """G6: planned, for the owner, with number, grade, means and deadline; none before."""
        customer = self.graded("A", last="2026-06-12")
        team = self.team_sales
        plan = self.new_plan()
        plan.action_submit()
        self.assertFalse(plan.sudo().communication_ids)
        plan.with_user(self.users["manager"]).action_approve()
        contacts = plan.sudo().communication_ids.sorted("date_planned")
        self.assertEqual(contacts.mapped("date_planned"), self.days(plan, customer))
        first = contacts[0]
        self.assertRegex(first.name, r"^COM-2026-\d{4}$")
        self.assertEqual((first.user_id, first.partner_id), (self.owner, customer))
        self.assertEqual((first.state, first.kind, first.method), ("planned", "revisit", self.grade("A").method))
        self.assertEqual((first.grade_id, first.procedure_id), (self.grade("A"), self.procedure))
        self.assertEqual(first.team_id, team)
        self.assertEqual(first.deadline.date(), first.date_planned + timedelta(days=3))
        self.assertEqual(first.deadline, first._deadline_of(self.company, first.date_planned, 3))
        self.assertTrue(plan.created_on)
        following = self.env["crm.procedure.communication"].create({"partner_id": customer.id})
        numbers = sorted(int(name[-4:]) for name in (contacts | following).mapped("name"))
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))), "no gap")

    def test_big_plans_are_carried_out_in_the_background(self):
        """In chunks; killed after any of them, the next call leaves no duplicate and no gap."""
        self.graded("A", 25)
        with self.patched_chunk(10):
            plan = self.approved()
            self.assertFalse(plan.created_on)
            self.assertFalse(plan.communication_ids)
            plan._create_chunk()
            position = plan.create_position
            with self.env.cr.savepoint() as savepoint:
                plan._create_chunk()
                savepoint.rollback()  # killed
            self.env.invalidate_all()
            self.assertEqual(plan.create_position, position)
            with self.enter_registry_test_mode():
                self.env.ref("crm_procedure.ir_cron_plan_create").method_direct_trigger()
            self.env.invalidate_all()
        self.assertTrue(plan.created_on)
        contacts = plan.communication_ids
        self.assertEqual(len(contacts), plan.contact_count)
        self.assertEqual(len({(c.plan_line_id, c.plan_turn) for c in contacts}), plan.contact_count)
        numbers = sorted(int(name[-4:]) for name in contacts.mapped("name"))
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def patched_chunk(self, size):
        return patch.object(plan_create, "CHUNK", size)

    def test_queries_do_not_grow(self):
        counts = []
        for count in (20, 200):
            self.graded("B", count)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            plan = self.approved(grade_ids=[(6, 0, self.grade("B").ids)])
            counts.append(self.env.cr.sql_log_count - before)
            plan.with_user(self.users["manager"]).action_close("Test")
        self.assertLessEqual(counts[1], counts[0] + 5)

    def test_gone_meanwhile(self):
        """Archived, or given to somebody else, between computing and approval."""
        first, second = self.graded("A"), self.graded("A")
        plan = self.new_plan()
        plan.action_submit()
        first.action_archive()
        second.user_id = self.users["specialist"]
        plan.with_user(self.users["manager"]).action_approve()
        contacts = plan.sudo().communication_ids
        self.assertEqual(contacts.partner_id, second)
        self.assertEqual(contacts.user_id, self.users["specialist"])

    def test_signed_after_its_first_days(self):
        """Laid out again from the day of signing: nobody is left out, nothing is planned for the past."""
        customers = self.graded("A", 20, last="2026-06-10")
        plan = self.new_plan()
        plan.action_submit()
        with freeze_time("2026-07-20 08:00:00"):
            plan.with_user(self.users["manager"]).action_approve()
        contacts = plan.sudo().communication_ids
        self.assertEqual(contacts.partner_id, customers)
        self.assertGreaterEqual(min(contacts.mapped("date_planned")), date(2026, 7, 20))
        self.assertEqual(len(contacts), plan.contact_count)
        self.assertIn("Laid out again", "".join(plan.sudo().message_ids.mapped("body")))

    def test_merged_meanwhile(self):
        first, second = self.graded("A", email="a@example.com"), self.graded("A", email="a@example.com")
        plan = self.new_plan()
        plan.action_submit()
        self.env["base.partner.merge.automatic.wizard"]._merge([first.id, second.id], first)
        self.env.invalidate_all()
        plan.with_user(self.users["manager"]).action_approve()
        lines = plan.sudo().line_ids
        self.assertEqual(len(lines), 2)
        self.assertEqual(len(plan.sudo().communication_ids), lines[0].contacts)

    def test_rejected_with_a_reason(self):
        self.graded("A")
        plan = self.new_plan()
        plan.action_submit()
        plan.with_user(self.users["manager"]).action_reject("Too little for key accounts")
        self.assertEqual((plan.state, plan.reject_reason), ("rejected", "Too little for key accounts"))
        self.assertFalse(plan.sudo().communication_ids)
        again = plan.copy()
        self.assertEqual((again.state, again.date_from, again.contact_count), ("draft", plan.date_from, 0))

    def test_supervisor_approves_what_the_procedure_leaves_to_them(self):
        """X14: only for grades that are all marked, and not one's own."""
        self.graded("A"), self.graded("C")
        self.grade("C").plan_by_supervisor = True
        supervisor = self.users["supervisor"]
        both = self.new_plan("marketing")
        both.action_submit()
        with self.assertRaises(AccessError):
            both.with_user(supervisor).action_approve()
        regular = self.new_plan("marketing", grade_ids=[(6, 0, self.grade("C").ids)])
        both.with_user(self.users["manager"]).action_reject("Two plans, please")
        regular.action_submit()
        self.assertEqual(regular.sudo().activity_ids.user_id, supervisor)
        for role in ("sales", "marketing", "service", "quality"):
            with self.subTest(role), self.assertRaises(AccessError):
                regular.with_user(self.users[role]).action_approve()
        regular.with_user(supervisor).action_approve()
        own = self.new_plan(grade_ids=[(6, 0, self.grade("C").ids)], date_from="2026-10-01", date_to="2026-12-31")
        own.action_submit()
        with self.assertRaisesRegex(UserError, "own work"):
            own.action_approve()
        own.with_user(self.users["manager"]).action_approve()

    def test_drafts_are_computed_again_when_their_scope_changes(self):
        self.graded("A"), self.graded("B")
        plan = self.new_plan()
        plan.action_compute()
        self.assertEqual(plan.customer_count, 2)
        plan.grade_ids = self.grade("A")
        self.assertFalse(plan.computed_on)
        plan.action_submit()
        self.assertEqual(plan.customer_count, 1, "computed by submitting it")
        with self.assertRaises(UserError):
            plan.grade_ids = self.grade("B")
        with self.assertRaises(UserError):
            plan.action_compute()

    def test_figures_are_not_typed(self):
        plan = self.new_plan()
        for name, value in {"state": "approved", "contact_count": 5, "computed_on": NOW, "created_on": NOW}.items():
            with self.subTest(name), self.assertRaises(AccessError):
                plan.write({name: value})
        for model in ("crm.procedure.plan.line", "crm.procedure.plan.week"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.users["supervisor"]).create({"plan_id": plan.id})

    def test_closing(self):
        """Before its end with a reason, which cancels what is still planned; done ones stay."""
        self.graded("A")
        plan = self.approved()
        done = plan.communication_ids.sorted("date_planned")[0]
        done.write({"usage_note": "a", "need_note": "b"})
        with freeze_time("2026-07-20 08:00:00"):
            done._finish()
            manager = plan.with_user(self.users["manager"])
            self.assertEqual(manager.action_close()["res_model"], "crm.procedure.reason")
            with self.assertRaises(AccessError):
                plan.with_user(self.users["sales"]).action_close("No")
            manager.action_close("New territories")
        self.assertEqual((plan.state, plan.close_reason), ("closed", "New territories"))
        self.assertEqual(set((plan.communication_ids - done).mapped("state")), {"cancelled"})
        self.assertEqual(done.state, "done")

    def test_next_quarter_in_one_click(self):
        self.graded("A")
        plans = self.env["crm.procedure.plan"].with_user(self.users["supervisor"])
        action = plans.action_plan_next_quarter()
        plan = plans.browse(action["res_id"])
        self.assertEqual((plan.date_from, plan.date_to), (date(2026, 7, 1), date(2026, 9, 30)))
        self.assertTrue(plan.contact_count)
        self.assertEqual(plans.action_plan_next_quarter()["res_id"], plan.id, "not doubled")
        with self.assertRaises(AccessError):
            plans.with_user(self.users["specialist"]).action_plan_next_quarter()

    def test_who_sees_plans(self):
        """Drafts: who makes, signs or oversees them; approved ones: everybody, with their own lines."""
        self.graded("A")
        self.graded("A", owner=self.users["specialist"])
        plan = self.new_plan()
        plan.action_submit()
        for state in ("submitted", "approved"):
            if state == "approved":
                plan.with_user(self.users["manager"]).action_approve()
            for role in ("user", "specialist", "sales", "marketing", "service", "manager", "auditor"):
                model = self.env["crm.procedure.plan"].with_user(self.users[role])
                everything = role in ("sales", "marketing", "manager", "auditor")
                with self.subTest(role=role, state=state):
                    self.assertEqual(bool(model.search([("id", "=", plan.id)])), everything or state == "approved")
                    lines = model.env["crm.procedure.plan.line"].search_count([("plan_id", "=", plan.id)])
                    own = int(role == "specialist" and state == "approved")
                    self.assertEqual(lines, 2 if everything else own)
