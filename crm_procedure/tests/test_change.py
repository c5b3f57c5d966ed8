from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ROLES, ProcedureCase


@tagged("post_install", "-at_install")
class TestChange(ProcedureCase):
    """I10, X13: whoever hears of a change proposes it, a steward confirms it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.new_customer("Customer", phone="+86 21 5555 6666", city="Shanghai", is_company=True)
        cls.industry = cls.env["res.partner.industry"].create({"name": "Ship building"})

    def new_change(self, role="user", lines=(), **values):
        return (
            self.env["crm.procedure.change"]
            .with_user(self.users[role])
            .create(
                {
                    "partner_id": self.customer.id,
                    "description": "Moved to Harbour Road",
                    "line_ids": [Command.create({"entry": entry, "new_value": value}) for entry, value in lines],
                    **values,
                }
            )
        )

    def propose(self, role="user", lines=(), **values):
        change = self.new_change(role, lines, **values)
        change.action_submit()
        return change

    def confirm(self, change, role="sales"):
        change.with_user(self.users[role]).action_approve()

    def test_two_fields_are_enough(self):
        """Which customer, what changed; the number, the deadline and who is asked come by themselves."""
        with freeze_time("2026-06-26 10:00:00"):  # a Friday
            with Form(self.env["crm.procedure.change"].with_user(self.users["user"])) as form:
                form.partner_id = self.customer
                form.description = "The new buyer is Ms Wu"
            change = form.record
            change.action_submit()
        self.assertRegex(change.name, r"^CHG-2026-\d{4}$")
        self.assertEqual(change.sudo().deadline.date(), date(2026, 7, 1))
        self.assertEqual(change.team_id, self.team_sales)
        self.assertEqual(change.sudo().activity_ids.user_id, self.users["sales"])
        self.confirm(change)
        note = self.customer.message_ids[0].body
        self.assertIn("The new buyer is Ms Wu", note)
        self.assertIn(change.name, note)

    def test_every_role_but_the_auditor_proposes(self):
        """DESIGN.md, row "report": the auditor and a user without a role do not."""
        for role in (*ROLES, "stranger"):
            user = self.stranger if role == "stranger" else self.users[role]
            model = self.env["crm.procedure.change"].with_user(user)
            values = {
                "partner_id": self.customer.id,
                "description": "Moved",
                "line_ids": [Command.create({"entry": "city", "new_value": role})],
            }
            with self.subTest(role=role):
                if role in ("auditor", "stranger"):
                    with self.assertRaises(AccessError):
                        call_kw(model, "create", [values], {})
                else:
                    change = model.browse(call_kw(model, "create", [values], {}))
                    call_kw(model, "action_submit", [change.ids], {})
                    self.assertEqual(change.state, "submitted")

    def test_before_and_after(self):
        lines = [("city", "Suzhou"), ("industry_id", "Ship building"), ("procedure_size", "Large"), ("phone", "")]
        change = self.propose(lines=lines)
        shown = {line.entry: (line.old_value, line.new_value) for line in change.line_ids}
        self.assertEqual(shown["city"], ("Shanghai", "Suzhou"))
        self.assertEqual(self.customer.city, "Shanghai", "nothing is written before the confirmation")
        self.confirm(change)
        self.assertRecordValues(
            self.customer,
            [{"city": "Suzhou", "industry_id": self.industry.id, "procedure_size": "large", "phone": False}],
        )
        self.assertEqual(change.line_ids.filtered(lambda line: line.entry == "city").old_value, "Shanghai")

    def test_unknown_value(self):
        for entry, value in (("industry_id", "Whaling"), ("procedure_size", "huge"), ("name", "")):
            with self.subTest(entry=entry), self.assertRaisesRegex(UserError, "no value of|emptied"):
                self.propose(lines=[(entry, value)])

    def test_only_entries_of_the_file(self):
        """Neither the grade nor a login: what the steward writes for others is a closed list."""
        change = self.new_change()
        for entry in ("procedure_grade_id", "active", "company_id", "contact", "user_id", "procedure_verified_on"):
            with self.subTest(entry=entry), self.assertRaises(ValidationError):
                change.line_ids = [Command.create({"entry": entry, "new_value": "x"})]

    def test_nobody_confirms_their_own(self):
        change = self.propose("sales")
        self.assertEqual(change.sudo().activity_ids.user_id, self.users["supervisor"], "not the leader, who proposed")
        with self.assertRaisesRegex(UserError, "own work"):
            self.confirm(change, "sales")
        self.confirm(change, "supervisor")
        own = self.propose("sales")
        self.company.procedure_waive_separation = True
        self.confirm(own, "sales")
        self.assertIn("waived", "".join(own.sudo().message_ids.mapped("body")))

    def test_reject_with_a_reason(self):
        change = self.propose(lines=[("city", "Suzhou")]).with_user(self.users["supervisor"])
        self.assertEqual(change.action_reject()["res_model"], "crm.procedure.reason")
        change.action_reject(reason="They did not move")
        self.assertEqual(change.state, "rejected")
        self.assertEqual(self.customer.city, "Shanghai")
        with self.assertRaises(UserError):
            self.confirm(change)

    def test_steward_spells_it_out(self):
        """The proposer says it in words, the steward adds the values; nobody else does."""
        change = self.propose()
        values = {"line_ids": [Command.create({"entry": "city", "new_value": "Suzhou"})]}
        for role in ("user", "quality", "marketing"):
            with self.subTest(role=role), self.assertRaises(UserError):
                change.with_user(self.users[role]).write(values)
        with self.assertRaises(UserError):
            change.with_user(self.users["sales"]).write({**values, "description": "Something else"})
        sneaky = change.with_user(self.users["sales"]).with_context(procedure_completing="COMPLETING")
        with self.assertRaises(UserError):
            sneaky.write({"description": "Something else"})
        change.with_user(self.users["sales"]).write(values)
        self.assertEqual(change.line_ids.old_value, "Shanghai")
        self.confirm(change)
        self.assertEqual(self.customer.city, "Suzhou")
        with self.assertRaises(UserError):
            change.with_user(self.users["sales"]).write({"line_ids": [Command.clear()]})

    def test_before_is_not_typed(self):
        change = self.propose(lines=[("city", "Suzhou")])
        line = change.line_ids.with_user(self.users["sales"])
        line.write({"old_shown": "Paris", "old_known": ["Paris"]})
        self.assertEqual(line.old_value, "Shanghai")

    def test_changed_meanwhile(self):
        change = self.propose(lines=[("city", "Suzhou")])
        self.customer.city = "Ningbo"
        self.assertTrue(change.is_stale)
        with self.assertRaisesRegex(UserError, "City changed meanwhile"):
            self.confirm(change)
        change.with_user(self.users["sales"]).action_compare_again()
        self.assertEqual(change.line_ids.old_value, "Ningbo")
        self.confirm(change)
        self.assertEqual(self.customer.city, "Suzhou")

    def test_customer_merged_meanwhile(self):
        """Bad input: the surviving customer is not overwritten unseen, and nothing is lost."""
        change = self.propose(lines=[("city", "Suzhou")])
        survivor = self.new_customer("Survivor", city="Shanghai", is_company=True)
        self.env["base.partner.merge.automatic.wizard"]._merge((self.customer | survivor).ids, survivor)
        self.env.invalidate_all()
        self.assertEqual(change.partner_id, survivor)
        with self.assertRaisesRegex(UserError, "merged into Survivor"):
            self.confirm(change)
        change.with_user(self.users["sales"]).action_compare_again()
        self.confirm(change)
        self.assertEqual(survivor.city, "Suzhou")

    def test_customer_archived_or_deleted_meanwhile(self):
        change = self.propose(lines=[("city", "Suzhou")])
        self.customer.action_archive()
        with self.assertRaisesRegex(UserError, "archived"):
            self.confirm(change)
        change.with_user(self.users["sales"]).action_reject(reason="Gone")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.customer.unlink()
        self.assertTrue(change.exists(), "evidence stays")

    def test_colleagues_are_no_customers(self):
        """Else a new mail address would open somebody's login."""
        colleague = new_test_user(self.env, "colleague", "base.group_user").partner_id
        with self.assertRaisesRegex(UserError, "colleague with a login"):
            self.propose(partner_id=colleague.id, lines=[("email", "thief@example.com")])

    def test_only_own_proposals_are_seen(self):
        change = self.propose("service")
        self.assertFalse(self.env["crm.procedure.change"].with_user(self.users["user"]).search([]))
        for role in ("service", "sales", "supervisor", "quality", "manager", "auditor"):
            self.assertEqual(self.env["crm.procedure.change"].with_user(self.users[role]).search([]), change, role)

    def test_late_changes_escalate(self):
        with freeze_time("2026-06-01 10:00:00"):
            change = self.propose()
            draft = self.new_change()
        with freeze_time("2026-07-01 10:00:00"):
            self.assertTrue(change.is_overdue)
            self.assertFalse(draft.is_overdue, "a draft is nobody's to confirm")
            self.env["crm.procedure.change"]._escalate_batch(self.company, self.procedure, "1", "escalate_leader", 200)
        self.assertEqual(change.escalation_level, "1")
