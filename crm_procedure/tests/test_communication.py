from datetime import date, datetime

from freezegun import freeze_time
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ProcedureCase

NOW = "2026-05-12 08:00:00"  # a Tuesday


@tagged("post_install", "-at_install")
class TestCommunication(ProcedureCase):
    """The communication record: planned, done, evidence (V1, V2, V5, V6, V9)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(NOW))
        cls.customer = cls.new_customer("Customer", user_id=cls.users["sales"].id)
        cls.person = cls.env["res.partner"].create({"name": "Ms Wu", "parent_id": cls.customer.id})

    def new_contact(self, role="specialist", **values):
        return (
            self.env["crm.procedure.communication"]
            .with_user(self.users[role])
            .create({"partner_id": self.customer.id, **values})
        )

    def new_done(self, role="specialist", **values):
        contact = self.new_contact(role, usage_note="Runs well", need_note="None", **values)
        contact.action_done()
        return contact

    # ------------------------------------------------------------
    # Planned
    # ------------------------------------------------------------

    def test_new_one_is_a_controlled_record(self):
        """D10: number, version, owner, grade of the day and deadline come by themselves."""
        self.customer.sudo().procedure_grade_id = self.grade("B")
        contact = self.new_contact(date_planned="2026-05-20")
        self.assertEqual(contact.name, "COM-2026-0001")
        self.assertEqual(contact.procedure_id, self.procedure)
        self.assertEqual(contact.user_id, self.users["specialist"])
        self.assertEqual(contact.grade_id.name, "B")
        self.assertEqual(contact.deadline, datetime(2026, 5, 23, 23, 59, 59))
        contact.date_planned = "2026-05-25"
        self.assertEqual(contact.deadline.date(), date(2026, 5, 28), "the deadline follows the day")

    def test_deadline_ends_with_the_company_s_day(self):
        self.company.resource_calendar_id.tz = "Asia/Shanghai"
        contact = self.new_contact(date_planned="2026-05-20")
        self.assertEqual(contact.deadline, datetime(2026, 5, 23, 15, 59, 59))
        with freeze_time("2026-05-12 16:30:00"):  # the 13th in Shanghai
            self.assertEqual(self.new_contact().date_planned, date(2026, 5, 13))

    def test_a_contact_person_stands_for_the_customer(self):
        contact = self.new_contact(partner_id=self.person.id)
        self.assertEqual(contact.partner_id, self.customer)
        self.assertEqual(contact.contact_id, self.person)
        stranger = self.env["res.partner"].create({"name": "Somebody else"})
        with self.assertRaisesRegex(ValidationError, "no contact person"):
            contact.contact_id = stranger

    def test_many_at_once(self):
        """Numbers are one block, without a gap, and the cost per record does not grow."""
        counts = []
        for count in (10, 100):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            contacts = (
                self.env["crm.procedure.communication"]
                .with_context(tracking_disable=True)
                .create([{"partner_id": self.customer.id}] * count)
            )
            self.env.flush_all()
            counts.append((self.env.cr.sql_log_count - before) / count)
        numbers = [int(name.rpartition("-")[2]) for name in contacts.mapped("name")]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + 100)))
        self.assertLess(counts[1], 0.5)
        self.assertLess(counts[1], counts[0])

    def test_numbers_are_given_back_with_the_record(self):
        before = self.new_contact().name
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.new_contact(satisfaction=9)
        after = self.new_contact().name
        self.assertEqual(int(after[-4:]), int(before[-4:]) + 1)

    # ------------------------------------------------------------
    # Done
    # ------------------------------------------------------------

    def test_done_puts_who_when_and_on_time(self):
        """V2: done now, recorded by me, in time."""
        contact = self.new_done()
        self.assertEqual(contact.state, "done")
        self.assertEqual(contact.date_done, datetime(2026, 5, 12, 8))
        self.assertEqual(contact.recorded_by_id, self.users["specialist"])
        self.assertTrue(contact.is_on_time)

    def test_done_after_the_deadline_is_not_on_time(self):
        contact = self.new_contact(date_planned="2026-05-01", usage_note="a", need_note="b")
        contact.action_done()
        self.assertFalse(contact.is_on_time)
        backdated = self.new_contact(
            date_planned="2026-05-01", date_done="2026-05-04 10:00:00", usage_note="a", need_note="b"
        )
        backdated.action_done()
        self.assertTrue(backdated.is_on_time)
        self.assertEqual(backdated.recorded_on, datetime(2026, 5, 12, 8), "when it was entered stays visible")

    def test_the_future_is_not_done(self):
        contact = self.new_contact(date_done="2026-05-13 10:00:00", usage_note="a", need_note="b")
        with self.assertRaisesRegex(UserError, "future"):
            contact.action_done()

    def test_required_contents(self):
        """V2, V5, V9: what the procedure requires of a kind has to be there; blanks do not count."""
        contact = self.new_contact(usage_note="Runs well", need_note="  ")
        with self.assertRaisesRegex(UserError, "Change of needs"):
            contact.action_done()
        contact.need_note = "A second line"
        contact.action_done()
        first = self.new_contact(kind="first_visit", usage_note="Runs well")
        with self.assertRaisesRegex(UserError, "Satisfaction"):
            first.action_done()
        self.new_contact(kind="other").action_done()

    def test_required_contents_are_the_version_s(self):
        draft = self.procedure.copy({"version": "V2.0", "effective_date": "2026-05-12"})
        draft.content_ids.filtered(lambda row: row.kind == "revisit").with_user(self.users["quality"]).unlink()
        self.sign(draft, "quality", "manager")
        self.new_contact().action_done()
        with self.assertRaises(UserError):
            self.procedure.content_ids.with_user(self.users["quality"]).unlink()

    def test_nothing_is_done_twice(self):
        contact = self.new_done()
        with self.assertRaisesRegex(UserError, "it is done"):
            contact.action_done()
        with self.assertRaisesRegex(UserError, "it is done"):
            contact.action_cancel("No")

    def test_cancel_asks_for_a_reason(self):
        contact = self.new_contact()
        self.assertEqual(contact.action_cancel()["res_model"], "crm.procedure.reason")
        self.assertEqual(contact.action_cancel("  ")["res_model"], "crm.procedure.reason")
        wizard = self.env["crm.procedure.reason"].with_user(self.users["specialist"])
        wizard.browse(contact.action_cancel()["res_id"]).write({"reason": "Closed for holidays"})
        wizard.browse(contact.action_cancel()["res_id"])
        contact.action_cancel("Closed for holidays")
        self.assertEqual((contact.state, contact.cancel_reason), ("cancelled", "Closed for holidays"))
        with self.assertRaisesRegex(UserError, "evidence"):
            contact.need_note = "after all"

    # ------------------------------------------------------------
    # Evidence
    # ------------------------------------------------------------

    def test_evidence_is_frozen_after_the_grace(self):
        """Completed for a day, then nothing but a correction with author and time."""
        contact = self.new_done()
        contact.opinion_note = "Likes the manual"
        with self.assertRaisesRegex(UserError, "Add Correction"):
            contact.date_done = "2026-05-11 10:00:00"
        with freeze_time("2026-05-13 08:00:01"):
            contact.invalidate_recordset()
            for role in ("specialist", "supervisor"):
                with self.assertRaisesRegex(UserError, "Add Correction"):
                    contact.with_user(self.users[role]).opinion_note = "Never said so"
            self.assertEqual(contact.action_correct()["res_model"], "crm.procedure.reason")
            contact.action_correct("It was Mr Xu")
        note = contact.message_ids[0]
        self.assertIn("It was Mr Xu", note.body)
        self.assertEqual(note.author_id, self.users["specialist"].partner_id)

    def test_evidence_is_not_deleted(self):
        contact = self.new_done()
        for user in (self.users["specialist"], self.users["supervisor"], self.env.user):
            with self.assertRaisesRegex(UserError, "evidence"):
                contact.with_user(user).unlink()
        late = self.new_contact(date_planned="2026-05-01")
        with self.assertRaisesRegex(UserError, "evidence"):
            late.unlink()
        self.new_contact().unlink()

    def test_state_and_signatures_are_not_typed(self):
        contact = self.new_contact()
        values = {
            "state": "done",
            "recorded_on": "2026-01-01 00:00:00",
            "recorded_by_id": self.users["sales"].id,
            "is_on_time": True,
            "cancel_reason": "x",
            "grade_id": self.grade("A").id,
            "name": "COM-1",
        }
        for name, value in values.items():
            with self.subTest(name), self.assertRaises(AccessError):
                contact.write({name: value})
            if name != "name":
                with self.subTest(name), self.assertRaises(AccessError):
                    self.new_contact(**{name: value})
        sneaky = contact.with_context(default_state="done", default_is_on_time=True, default_recorded_by_id=1)
        made = sneaky.create({"partner_id": self.customer.id})
        self.assertEqual((made.state, made.is_on_time, made.recorded_by_id.id), ("planned", False, False))

    def test_a_correction_of_a_planned_one_is_refused(self):
        with self.assertRaisesRegex(UserError, "not taken place"):
            self.new_contact().action_correct("x")

    # ------------------------------------------------------------
    # Who sees and records what
    # ------------------------------------------------------------

    def test_who_sees_what(self):
        """DESIGN.md: user and specialist their own, sales own customers', the others all; also grouped."""
        other = self.new_customer("Other")
        contacts = {
            "specialist": self.new_contact("specialist", partner_id=other.id),
            "user": self.env["crm.procedure.communication"].create(
                {"partner_id": other.id, "user_id": self.users["user"].id}
            ),
            "sales": self.new_contact("sales", partner_id=other.id),
            "customer": self.new_contact("supervisor"),
        }
        everything = set(contacts)
        for role, seen in {
            "user": {"user"},
            "specialist": {"specialist"},
            "sales": {"sales", "customer"},
            "marketing": everything,
            "service": everything,
            "supervisor": everything,
            "quality": everything,
            "manager": everything,
            "auditor": everything,
        }.items():
            model = self.env["crm.procedure.communication"].with_user(self.users[role])
            domain = [("id", "in", [contact.id for contact in contacts.values()])]
            with self.subTest(role):
                found = model.search(domain)
                self.assertEqual({key for key, contact in contacts.items() if contact in found}, seen)
                self.assertEqual(model._read_group(domain, [], ["__count"]), [(len(seen),)])
                self.assertEqual(len(model.search_read(domain, ["need_note"])), len(seen))
                self.users[role].group_ids += self.env.ref("base.group_allow_export")
                self.assertEqual(len(found.export_data(["name"])["datas"]), len(seen))
                for key in everything - seen:
                    with self.assertRaises(AccessError):
                        contacts[key].with_user(self.users[role]).read(["need_note"])

    def test_who_records_what(self):
        """Specialist and sales their own, service and supervisor all, the others nothing."""
        contact = self.new_contact("supervisor", usage_note="a", need_note="b")
        for role in ("user", "specialist", "sales", "marketing", "quality", "manager", "auditor"):
            with self.subTest(role):
                for method in ("action_done", "action_cancel", "action_correct"):
                    with self.assertRaises(AccessError):
                        getattr(contact.with_user(self.users[role]), method)()
                with self.assertRaises(AccessError):
                    contact.with_user(self.users[role]).need_note = "x"
        with self.assertRaises(AccessError):
            self.new_contact("specialist", user_id=self.users["sales"].id)
        contact.with_user(self.users["service"]).action_done()

    def test_a_second_role_that_reads_gives_no_right_to_record(self):
        user = self.users["specialist"]
        user.group_ids += self.env.ref("crm_procedure.group_marketing")
        user.group_ids += self.env.ref("crm_procedure.group_auditor")
        contact = self.new_contact("supervisor", usage_note="a", need_note="b")
        self.assertTrue(contact.with_user(user).name)
        with self.assertRaises(AccessError):
            contact.with_user(user).action_done()

    def test_the_customer_sees_nothing(self):
        """Portal users and employees without a role."""
        contact = self.new_done()
        portal = new_test_user(self.env, "portal_wu", "base.group_portal", partner_id=self.person.id)
        for user in (portal, self.stranger):
            with self.assertRaises(AccessError):
                contact.with_user(user).read(["need_note"])
            with self.assertRaises(AccessError):
                contact.with_user(user).message_ids.read(["body"])

    # ------------------------------------------------------------
    # On the customer
    # ------------------------------------------------------------

    def test_last_and_next_contact(self):
        """V1, V7: on the customer and its contacts, searchable, nothing stored."""
        other = self.new_customer("Other")
        self.assertFalse(self.customer.procedure_last_contact)
        self.new_done(date_done="2026-04-02 09:00:00")
        self.new_contact(date_planned="2026-06-01")
        self.new_contact(date_planned="2026-07-01")
        self.env.invalidate_all()
        both = self.customer | self.person
        self.assertEqual(set(both.mapped("procedure_last_contact")), {datetime(2026, 4, 2, 9)})
        self.assertEqual(set(both.mapped("procedure_next_contact")), {date(2026, 6, 1)})
        self.assertFalse(self.env["res.partner"]._fields["procedure_last_contact"].store)
        scope = ("id", "in", (both | other).ids)
        for domain, found in (
            ([("procedure_last_contact", "<", "2026-04-03")], both),
            ([("procedure_last_contact", ">=", "2026-04-03")], both.browse()),
            ([("procedure_last_contact", "=", False)], other),
            ([("procedure_last_contact", "!=", False)], both),
            ([("procedure_next_contact", "=", "2026-06-01")], both),
            ([("procedure_next_contact", "=", "2026-07-01")], both.browse()),
            ([("procedure_next_contact", ">", "2026-05-31")], both),
            ([("procedure_next_contact", "in", [False, "2026-06-01"])], both | other),
        ):
            with self.subTest(domain):
                self.assertEqual(self.env["res.partner"].search([scope, *domain]), found)

    def test_a_mailed_greeting_is_no_contact(self):
        """V3, V10: a festival mail that went out by itself puts off no revisit."""
        festival = self.env["crm.procedure.occasion"].create(
            {"name": "Founding day", "basis": "date", "month": "4", "day": 1, "company_id": self.company.id}
        )
        for method, expected in (("email", False), ("phone", datetime(2026, 4, 2, 9))):
            greeting = self.new_done(date_done="2026-04-02 09:00:00", kind="greeting", method=method)
            greeting.sudo().write({"occasion_id": festival.id})
            self.env.invalidate_all()
            self.assertEqual(self.customer.procedure_last_contact, expected)
            found = self.env["res.partner"].search(
                [("id", "=", self.customer.id), ("procedure_last_contact", "!=", False)]
            )
            self.assertEqual(bool(found), bool(expected))

    def test_planned_ones_go_with_the_customer(self):
        """A new owner owes what is planned; what was done stays whose it was."""
        planned = self.new_contact("sales", date_planned="2026-06-01")
        planned.sudo().activity_schedule("crm_procedure.mail_activity_type_contact", user_id=self.users["sales"].id)
        somebody_else_s = self.new_contact("supervisor")
        done = self.new_done("sales")
        self.customer.user_id = self.users["specialist"]
        self.assertEqual(planned.user_id, self.users["specialist"])
        self.assertEqual(planned.sudo().activity_ids.user_id, self.users["specialist"])
        self.assertEqual(somebody_else_s.user_id, self.users["supervisor"])
        self.assertEqual(done.user_id, self.users["sales"])

    def test_an_archived_customer_is_not_contacted(self):
        planned = self.new_contact()
        self.customer.action_archive()
        self.assertEqual(planned.state, "cancelled")
        self.assertIn("archived", planned.cancel_reason)

    def test_merging_customers_keeps_both_histories(self):
        duplicate = self.new_customer("Customr")
        contacts = self.new_done() | self.new_done(partner_id=duplicate.id) | self.new_contact(partner_id=duplicate.id)
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge([self.customer.id, duplicate.id], self.customer)
        self.env.invalidate_all()
        self.assertEqual(contacts.partner_id, self.customer)
