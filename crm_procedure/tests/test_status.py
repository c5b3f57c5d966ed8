from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..tools import lifecycle
from ..tools.lifecycle import Lifecycle
from .common import ProcedureCase

TODAY = date(2026, 7, 1)


@tagged("post_install", "-at_install")
class TestStatus(ProcedureCase):
    """D9, S7: potential, active, in service, dormant, lost, by rules or by a decision with a reason."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        freezer = freeze_time(f"{TODAY} 08:00:00")
        freezer.start()
        cls.addClassCleanup(freezer.stop)

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_status").method_direct_trigger()
        self.env.invalidate_all()

    def _ordered(self, days_ago, **values):
        day = TODAY - timedelta(days=days_ago)
        return self.new_customer(f"Ordered {days_ago} days ago", 100, day.isoformat(), **values)

    def _set_status(self, partner, status, role="sales", **values):
        partner.with_user(self.users[role]).action_set_status(status, "Told us so", **values)

    # ------------------------------------------------------------
    # Rules
    # ------------------------------------------------------------

    def test_rules(self):
        """D9: by the days since the last order, to the day."""
        cases = {0: "in_service", 89: "in_service", 90: "active", 179: "active", 180: "dormant", 364: "dormant"}
        cases |= {365: "lost", 2000: "lost"}
        customers = {days: self._ordered(days) for days in cases}
        fresh = self.new_customer("Fresh")
        quoted = self.new_customer("Quoted")
        self.new_order(quoted, 50, "2026-06-20", state="draft")
        vendor = self.env["res.partner"].create({"name": "Vendor"})
        self._run_cron()
        self.assertEqual({days: c.procedure_status for days, c in customers.items()}, cases)
        self.assertEqual((fresh | quoted).mapped("procedure_status"), ["potential"] * 2)
        self.assertFalse(vendor.procedure_status)
        self.assertFalse(self.company.partner_id.procedure_status)

    def test_orders_of_contacts_count_for_the_customer(self):
        customer = self.new_customer("Customer", is_company=True)
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": customer.id})
        self.new_order(contact, 10, "2026-06-20")
        self._run_cron()
        self.assertEqual(customer.procedure_status, "in_service")
        self.assertFalse(contact.procedure_status)

    def test_made_a_contact(self):
        child, parent = self._ordered(5), self._ordered(400)
        self._run_cron()
        parent.is_company = True
        child.parent_id = parent
        self._run_cron()
        self.assertFalse(child.procedure_status)
        self.assertEqual(parent.procedure_status, "in_service", "its contact has ordered")

    def test_limits_of_the_version_in_force(self):
        """D2: another version, other limits."""
        customer = self._ordered(100)
        version = self.procedure.copy({"version": "V2.0", "effective_date": "2026-07-01"})
        for code, value in (("status_service", 30), ("status_dormant", 60), ("status_lost", 90)):
            version.limit_ids.filtered(lambda row, code=code: row.code == code).value = value
        self.sign(version, "quality", "manager")
        self._run_cron()
        self.assertEqual(customer.procedure_status, "lost")

    def test_limits_that_contradict_each_other(self):
        version = self.procedure.copy({"version": "V2.0", "effective_date": "2026-07-01"})
        version.limit_ids.filtered(lambda row: row.code == "status_dormant").value = 500
        with self.assertRaisesRegex(UserError, "contradict"):
            version.with_user(self.users["quality"]).action_submit()

    def test_on_signing_in_service_at_once(self):
        """S7: the confirmation of an order, not the next night."""
        customer = self._ordered(400)
        self._run_cron()
        self.assertEqual(customer.procedure_status, "lost")
        order = self.new_order(customer, 10, TODAY.isoformat(), state="draft")
        order.action_confirm()
        self.assertEqual(customer.procedure_status, "in_service")
        change = customer.procedure_status_ids[0]
        self.assertEqual((change.previous_status, change.status), ("lost", "in_service"))

    def test_cancelled_order(self):
        customer = self._ordered(5)
        self._run_cron()
        self.env["sale.order"].search([("partner_id", "=", customer.id)])._action_cancel()
        self._run_cron()
        self.assertEqual(customer.procedure_status, "potential")

    def test_each_company_its_own(self):
        other = self.env["res.company"].create({"name": "Southwind"})
        customer = self._ordered(400)
        self.new_order(customer, 5, "2026-06-30", company_id=other.id)
        self._run_cron()
        self.assertEqual(customer.procedure_status, "lost")
        self.assertEqual(customer.with_company(other).procedure_status, "in_service")

    # ------------------------------------------------------------
    # The daily action
    # ------------------------------------------------------------

    def test_history(self):
        """Each change stands in the history, the first status does not; a run without changes adds nothing."""
        customer = self._ordered(179)
        self._run_cron()
        self.assertFalse(customer.procedure_status_ids)
        with freeze_time(TODAY + timedelta(days=1)):
            self._run_cron()
            self._run_cron()
        change = customer.procedure_status_ids
        self.assertEqual((change.previous_status, change.status, change.user_id.id), ("active", "dormant", False))

    def test_chunks_and_other_peoples_saving(self):
        """A chunk that PostgreSQL refuses is tried again; nothing is done twice or left out."""
        customers = self.env["res.partner"].concat(*(self._ordered(400 + n) for n in range(7)))
        write, calls = Lifecycle._write, []

        def refused_once(engine, changes):
            calls.append(1)
            if len(calls) == 2:
                raise SerializationFailure
            return write(engine, changes)

        with (
            patch.object(lifecycle, "CHUNK", 2),
            patch.object(Lifecycle, "_write", refused_once),
            patch.object(self.env.cr, "rollback", lambda: None),
        ):
            self.assertTrue(Lifecycle(self.company).refresh_all(lambda count: 10))
        self.assertEqual(len(calls), 5)
        self.assertEqual(set(customers.mapped("procedure_status")), {"lost"})

    def test_killed_between_chunks(self):
        customers = self.env["res.partner"].concat(*(self._ordered(400 + n) for n in range(5)))
        left = iter([10, 10, 0])
        with patch.object(lifecycle, "CHUNK", 2):
            done = Lifecycle(self.company).refresh_all(lambda count: next(left))
            self.assertFalse(done)
            self.assertEqual(len(customers.filtered("procedure_status")), 4)
            self._run_cron()
        self.assertEqual(set(customers.mapped("procedure_status")), {"lost"})

    def test_changed_between_finding_and_writing(self):
        customer = self._ordered(400)
        engine = Lifecycle(self.company)
        staged = [10]

        def sign_meanwhile(count):
            if staged and staged.pop():
                order = self.new_order(customer, 10, TODAY.isoformat(), state="draft")
                order.action_confirm()
            return 10

        engine.refresh_all(sign_meanwhile)
        self.assertEqual(customer.procedure_status, "in_service")

    def test_queries_do_not_grow(self):
        """Set-based: 10 n customers cost as many queries as n."""
        counts = []
        for count in (5, 45):
            for n in range(count):
                self._ordered(400 + n)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            Lifecycle(self.company).refresh_all(lambda count: 10)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)

    # ------------------------------------------------------------
    # Decisions by hand
    # ------------------------------------------------------------

    def test_decision(self):
        """Who, when and why; the rules leave it alone until it is taken back."""
        customer = self._ordered(5)
        self._run_cron()
        self._set_status(customer, "lost")
        self._run_cron()
        self.assertEqual(customer.procedure_status, "lost")
        decision = customer.procedure_status_decision_id
        self.assertEqual(
            (decision.user_id, decision.reason, decision.previous_status),
            (self.users["sales"], "Told us so", "in_service"),
        )
        explained = customer.with_user(self.users["user"]).procedure_status_reason
        self.assertIn("Told us so", explained)
        self.assertIn("In service", explained)
        by_hand = self.env["res.partner"].search([("procedure_status_decision_id", "!=", False)])
        self.assertEqual(by_hand, customer)
        self.assertNotIn(customer, self.env["res.partner"].search([("procedure_status_decision_id", "=", False)]))
        customer.with_user(self.users["supervisor"]).action_release_status()
        self.assertEqual(customer.procedure_status, "in_service")
        self.assertFalse(customer.procedure_status_decision_id)
        self.assertEqual(decision.ended_by_id, self.users["supervisor"])
        self.assertEqual(customer.procedure_status_ids.mapped("status"), ["in_service", "lost"])

    def test_decision_until_its_review_date(self):
        customer = self._ordered(5)
        self._set_status(customer, "dormant", review_date="2026-07-10")
        for day, status in (("2026-07-09", "dormant"), ("2026-07-10", "in_service")):
            with freeze_time(f"{day} 08:00:00"):
                self._run_cron()
                self.assertEqual(customer.procedure_status, status)
        self.assertFalse(customer.procedure_status_decision_id)

    def test_second_decision_replaces_the_first(self):
        customer = self._ordered(5)
        self._set_status(customer, "dormant")
        self._set_status(customer, "lost", role="supervisor")
        self.assertEqual(customer.procedure_status_decision_id.status, "lost")
        self.assertEqual(customer.procedure_status_ids.sorted("id").mapped("holds"), [False, True])

    def test_dialog(self):
        """The reason is asked for; an empty one is refused."""
        customer = self._ordered(5)
        action = customer.with_user(self.users["sales"]).action_set_status()
        wizard = self.env[action["res_model"]].with_user(self.users["sales"]).browse(action["res_id"])
        with self.assertRaises(UserError), self.env.cr.savepoint():
            wizard.action_confirm()
        with Form(wizard) as form:
            form.status = "lost"
            form.reason = "Bankrupt"
            self.assertEqual(form.review_date, "2026-09-29")
        wizard.action_confirm()
        self.assertEqual(customer.procedure_status_decision_id.reason, "Bankrupt")
        self.assertEqual(customer.procedure_status_decision_id.review_date, date(2026, 9, 29))

    def test_refused_decisions(self):
        customer = self.new_customer("Customer", is_company=True)
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": customer.id})
        with self.assertRaisesRegex(UserError, "contact of Customer"):
            self._set_status(contact, "lost")
        with self.assertRaisesRegex(UserError, "future"):
            self._set_status(customer, "lost", review_date=TODAY)
        with self.assertRaisesRegex(UserError, "no status"):
            self._set_status(customer, "happy")
        with self.assertRaises(AccessError):
            self._set_status(customer, "lost", role="specialist")

    def test_status_is_not_typed(self):
        customer = self._ordered(5)
        user = self.users["sales"]
        user.group_ids += self.env.ref("base.group_partner_manager")
        partners = self.env["res.partner"].with_user(user)
        with self.assertRaises(AccessError):
            customer.with_user(user).procedure_status = "lost"
        with self.assertRaises(AccessError):
            partners.create({"name": "New", "procedure_status": "lost"})
        self.assertFalse(
            partners.with_context(default_procedure_status="lost").create({"name": "New"}).procedure_status
        )

    def test_decision_is_evidence(self):
        customer = self._ordered(5)
        self._set_status(customer, "lost")
        for role in ("sales", "supervisor", "quality", "manager"):
            decision = customer.procedure_status_ids.with_user(self.users[role])
            for act in (lambda d=decision: d.write({"reason": "Other"}), decision.unlink):
                with self.assertRaises(AccessError):
                    act()

    # ------------------------------------------------------------
    # Looking
    # ------------------------------------------------------------

    def test_search_group_and_panel(self):
        lost, active = self._ordered(400), self._ordered(100)
        self._run_cron()
        partners = self.env["res.partner"].with_user(self.users["specialist"])
        mine = [("id", "in", (lost | active).ids)]
        self.assertEqual(partners.search([*mine, ("procedure_status", "=", "lost")]), lost)
        groups = partners._read_group(mine, ["procedure_status"], ["__count"])
        self.assertEqual(dict(groups), {"lost": 1, "active": 1})
        panel = partners.search_panel_select_range("procedure_status", enable_counters=True, search_domain=mine)
        counts = {value["id"]: value.get("__count") for value in panel["values"]}
        self.assertEqual((counts["lost"], counts["active"]), (1, 1))

    def test_merged_customers(self):
        """The history of both stays; a decision on either goes on."""
        stays, goes = self._ordered(5), self._ordered(6)
        self._set_status(goes, "dormant")
        fresh = self.new_customer("Fresh")
        clerk = self.users["service"]
        clerk.group_ids += self.env.ref("base.group_partner_manager")
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        wizard._merge((stays | goes).ids, stays.with_user(clerk))
        self.assertEqual(stays.procedure_status_decision_id.status, "dormant")
        wizard._merge((fresh | stays).ids, fresh.with_user(clerk))
        self.assertEqual(fresh.procedure_status_decision_id.status, "dormant")
