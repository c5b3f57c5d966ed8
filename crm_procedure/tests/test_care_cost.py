from datetime import date, datetime

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestCareCost(ProcedureCase):
    """V8, V10, V16, X16, 001 第13/18条: what reception, gifts and events may cost, and who allows more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        freezer = freeze_time("2026-07-15 08:00:00")
        freezer.start()
        cls.addClassCleanup(freezer.stop)
        cls.customer = cls.new_customer("Huarui", 8000, is_company=True, user_id=cls.users["sales"].id)
        cls.person = cls.env["res.partner"].create({"name": "He Jing", "parent_id": cls.customer.id})
        cls.run_grading()
        cls.grade_a = cls.customer.procedure_grade_id
        cls.currency = cls.company.currency_id.name

    def _contact(self, kind="gift", cost=0, role="sales", **values):
        return (
            self.env["crm.procedure.communication"]
            .with_user(self.users[role])
            .create({"partner_id": self.person.id, "kind": kind, "cost": cost, **values})
        )

    def _spend(self, cost, kind="gift", **values):
        """A cost of earlier, whatever the limits."""
        contact = self._contact(kind, **values).sudo()
        contact.write({"cost": cost, "state": "done", "date_done": contact.date_done or "2026-03-01 08:00:00"})
        return contact

    def _set_budget(self, amount):
        self.grade_a.with_company(self.company).care_budget = amount

    # ------------------------------------------------------------
    # Gifts: a limit for a person and year
    # ------------------------------------------------------------

    def test_gift_within_the_limit(self):
        contact = self._contact(cost=500)
        self.assertFalse(contact.cost_excess)
        contact.action_done()
        self.assertEqual(contact.state, "done")

    def test_gift_beyond_the_limit(self):
        """The refusal names person, year, sums and what to do."""
        self._spend(300)
        contact = self._contact(cost=200.01)
        with self.assertRaises(UserError) as caught:
            contact.action_done()
        message = str(caught.exception).replace("\xa0", " ")
        for text in ("Gifts to He Jing in 2026", "500.01", "300.00", "500.00", "Ask for Approval", contact.name):
            self.assertIn(text, message)
        self.assertEqual(contact.state, "planned")
        contact.cost = 200
        contact.action_done()

    def test_what_counts_for_the_person(self):
        """Of this year, planned ones too; not cancelled ones, other persons', other kinds, last year's."""
        self._spend(400, date_done="2025-12-31 08:00:00")
        self._spend(400, kind="event")
        self._contact(cost=400).action_cancel("Not wanted")
        colleague = self.env["res.partner"].create({"name": "Ding Min", "parent_id": self.customer.id})
        self._spend(400, partner_id=colleague.id)
        self._spend(400, partner_id=self.customer.id)
        contact = self._contact(cost=500)
        self.assertFalse(contact.cost_excess)
        self._contact(cost=1)
        contact.invalidate_recordset()
        self.assertIn("501", contact.cost_excess, "a planned one is spoken for")

    def test_years_edge_is_the_companys(self):
        """31 December 20:00 UTC is the new year in Shanghai."""
        self.company.resource_calendar_id.tz = "Asia/Shanghai"
        self._spend(400, date_done=datetime(2025, 12, 31, 20))
        self.assertTrue(self._contact(cost=101).with_company(self.company).cost_excess)

    def test_the_customer_itself(self):
        self._spend(400, partner_id=self.customer.id)
        self.assertTrue(self._contact(cost=101, partner_id=self.customer.id).cost_excess)

    def test_limit_of_the_version_in_force(self):
        version = self.procedure.copy({"version": "V2.0", "effective_date": "2026-07-15"})
        version.limit_ids.filtered(lambda row: row.code == "gift_year").value = 100
        self.sign(version, "quality", "manager")
        self.assertTrue(self._contact(cost=101).cost_excess)

    # ------------------------------------------------------------
    # The budget of the grade
    # ------------------------------------------------------------

    def test_budget_of_the_grade(self):
        """Reception, gifts, events and greetings of all persons; not the journeys of revisits."""
        self._set_budget(1000)
        self._spend(900, kind="event")
        self._spend(5000, kind="revisit")
        reception = self._contact("reception", cost=100, opinion_note="Pleased")
        self.assertFalse(reception.cost_excess)
        self.assertIn("900.00", reception.cost_note)
        reception.cost = 101
        with self.assertRaisesRegex(UserError, "Care of Huarui in 2026 would come to .*1,001.00"):
            reception.action_done()
        self.assertFalse(self._contact("revisit", cost=5000).cost_excess)

    def test_no_budget_set(self):
        self.assertFalse(self._contact("event", cost=99999).cost_excess)

    def test_budgets_are_each_companys(self):
        other = self.env["res.company"].create({"name": "Southwind"})
        self.grade_a.with_company(other).care_budget = 10
        self.assertFalse(self._contact("event", cost=99).cost_excess)

    def test_negative(self):
        with mute_logger("odoo.sql_db"):
            with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                self._set_budget(-1)
                self.env.flush_all()
            with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                self._contact(cost=-5)
                self.env.flush_all()

    # ------------------------------------------------------------
    # Approval
    # ------------------------------------------------------------

    def _asked(self, cost=800):
        contact = self._contact(cost=cost)
        contact.action_ask_cost("Jubilee of the plant")
        return contact

    def test_approved_by_management(self):
        contact = self._asked()
        manager = self.users["manager"]
        activity = contact.activity_ids
        self.assertEqual(activity.user_id, manager)
        self.assertIn("Jubilee", activity.note)
        with self.assertRaises(UserError):
            contact.action_done()
        contact.with_user(manager).action_approve_cost()
        self.assertEqual((contact.cost_state, contact.cost_approved), ("approved", 800))
        self.assertEqual(contact.cost_decided_by_id, manager)
        self.assertFalse(contact.activity_ids)
        contact.action_done()
        self.assertEqual(contact.state, "done")

    def test_more_than_approved(self):
        contact = self._asked()
        contact.with_user(self.users["manager"]).action_approve_cost()
        contact.cost = 801
        with self.assertRaises(UserError):
            contact.action_done()
        contact.cost = 700
        contact.action_done()
        with self.assertRaisesRegex(UserError, "Management has to approve"):
            contact.cost = 900

    def test_approval_is_for_this_person_and_kind(self):
        other = self.env["res.partner"].create({"name": "Ding Min", "parent_id": self.customer.id})
        for values in ({"contact_id": other.id}, {"kind": "event"}):
            contact = self._asked()
            contact.with_user(self.users["manager"]).action_approve_cost()
            contact.write(values)
            self.assertEqual((contact.cost_state, contact.cost_approved), (False, 0), values)

    def test_undecided_costs_do_not_count(self):
        """What management has not allowed blocks nobody else's gift; what it has allowed does."""
        asked = self._asked()
        contact = self._contact(cost=400)
        self.assertFalse(contact.cost_excess)
        asked.with_user(self.users["manager"]).action_approve_cost()
        contact.invalidate_recordset()
        self.assertTrue(contact.cost_excess)

    def test_rejected(self):
        contact = self._asked()
        manager = self.users["manager"]
        self.assertEqual(contact.with_user(manager).action_reject_cost()["res_model"], "crm.procedure.reason")
        contact.with_user(manager).action_reject_cost("Against our rules")
        self.assertEqual(contact.cost_state, "rejected")
        self.assertIn("Against our rules", "".join(contact.message_ids.mapped("body")))
        with self.assertRaises(UserError):
            contact.action_done()
        contact.action_ask_cost("Half of it")
        self.assertEqual(contact.cost_state, "asked")

    def test_not_ones_own(self):
        manager = self.users["manager"]
        manager.group_ids += self.env.ref("crm_procedure.group_sales")
        contact = self._contact(cost=800, role="manager", user_id=manager.id)
        contact.action_ask_cost("Jubilee")
        with self.assertRaisesRegex(UserError, "yourself"):
            contact.action_approve_cost()
        self.company.procedure_waive_separation = True
        contact.action_approve_cost()
        self.assertIn("waived", "".join(contact.message_ids.mapped("body")))

    def test_nothing_to_ask_or_decide(self):
        contact = self._contact(cost=5)
        with self.assertRaisesRegex(UserError, "needs no approval"):
            contact.action_ask_cost("Please")
        with self.assertRaisesRegex(UserError, "Nobody waits"):
            contact.with_user(self.users["manager"]).action_approve_cost()

    def test_not_typed(self):
        contact = self._contact(cost=800)
        for values in ({"cost_state": "approved"}, {"cost_approved": 9999}, {"cost_decided_by_id": 1}):
            with self.assertRaises(AccessError), self.env.cr.savepoint():
                contact.write(values)
        model = self.env["crm.procedure.communication"].with_user(self.users["sales"])
        sneaky = model.with_context(default_cost_state="approved", default_cost_approved=9999)
        values = {"partner_id": self.person.id, "kind": "gift", "cost": 800}
        record = model.browse(call_kw(sneaky, "create", [values], {}))
        self.assertFalse(record.cost_state)
        with self.assertRaises(UserError):
            record.action_done()

    # ------------------------------------------------------------
    # What is shown
    # ------------------------------------------------------------

    def test_in_the_form(self):
        self._spend(300)
        with Form(self.env["crm.procedure.communication"].with_user(self.users["sales"])) as form:
            form.partner_id = self.customer
            form.contact_id = self.person
            form.kind = "gift"
            self.assertIn("300.00", form.cost_note)
            form.cost = 300
            self.assertIn("600.00", form.cost_excess)

    def test_totals(self):
        """By customer, owner and team; the team is the owner's department."""
        self._set_budget(2000)
        first, second = self._spend(300), self._spend(200, kind="event")
        self.assertEqual((first | second).team_id, self.team_sales)
        model = self.env["crm.procedure.communication"].with_user(self.users["manager"])
        domain = self.env.ref("crm_procedure.care_cost_action").domain
        self.assertEqual(domain, "[('cost', '>', 0), ('state', '!=', 'cancelled')]")
        for field, key in (
            ("partner_id", self.customer),
            ("user_id", self.users["sales"]),
            ("team_id", self.team_sales),
        ):
            groups = dict(model._read_group([("partner_id", "=", self.customer.id)], [field], ["cost:sum"]))
            self.assertEqual({record.id: cost for record, cost in groups.items()}, {key.id: 500})
        shown = self.person.with_user(self.users["sales"]).procedure_care_cost.replace("\xa0", " ")
        self.assertRegex(shown, "500.00.* of .*2,000.00")

    def test_who_sees_the_sum(self):
        with self.assertRaises(AccessError):
            self.customer.with_user(self.users["user"]).read(["procedure_care_cost"])

    def test_queries_do_not_grow(self):
        """The sums of a list of customers are one query."""
        customers = self.env["res.partner"].concat(*(self.new_customer(f"C{n}") for n in range(30)))
        counts = []
        for number in (3, 30):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers[:number].mapped("procedure_care_cost")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])

    def test_planned_for_another_year(self):
        self._spend(400)
        contact = self._contact(cost=400, date_planned=date(2027, 1, 5))
        self.assertFalse(contact.cost_excess)
