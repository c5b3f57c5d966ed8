from datetime import date, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from ..tools.quiet import Quiet
from .common import ProcedureCase

TODAY = date(2026, 7, 1)
ACTIVITY = "crm_procedure.mail_activity_type_quiet"


@tagged("post_install", "-at_install")
class TestQuiet(ProcedureCase):
    """V7, 001 第15条: who has gone quiet by its own rhythm, told once an episode."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        freezer = freeze_time(f"{TODAY} 08:00:00")
        freezer.start()
        cls.addClassCleanup(freezer.stop)
        cls.owner = cls.users["sales"]

    @classmethod
    def _customer(cls, *days_ago, **values):
        """A customer with an order on each of these days before today."""
        customer = cls.new_customer(f"Ordered {days_ago}", **{"user_id": cls.owner.id, **values})
        for days in days_ago:
            cls.new_order(customer, 100, (TODAY - timedelta(days=days)).isoformat())
        return customer

    @classmethod
    def _spoke(cls, customer, days_ago):
        contact = cls.env["crm.procedure.communication"].create({"partner_id": customer.id, "user_id": cls.owner.id})
        contact._finish(date_done=f"{TODAY - timedelta(days=days_ago)} 06:00:00")
        return contact

    def _run(self, days=0):
        with freeze_time(f"{TODAY + timedelta(days=days)} 08:00:00"), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_quiet").method_direct_trigger()
        self.env.invalidate_all()

    def _episodes(self, customer):
        return self.env["crm.procedure.quiet"].search([("partner_id", "=", customer.id)], order="id")

    # ------------------------------------------------------------
    # The rule
    # ------------------------------------------------------------

    def test_own_rhythm(self):
        """Every 30 days: quiet from day 61 on. Every 90 days: not yet at 100."""
        monthly = {days: self._customer(days, days + 30, days + 60, days + 90) for days in (29, 60, 61, 200)}
        quarterly = self._customer(100, 190, 280, 370)
        self._run()
        found = {days: bool(customer.procedure_quiet_id) for days, customer in monthly.items()}
        self.assertEqual(found, {29: False, 60: False, 61: True, 200: True})
        self.assertFalse(quarterly.procedure_quiet_id)

    def test_median(self):
        """One long pause does not make a slow customer; two orders of a day are one."""
        customer = self._customer(70, 70, 100, 130, 160, 500, 530)
        self._run()
        self.assertEqual(customer.procedure_quiet_id.gap, 30)

    def test_no_rhythm(self):
        """Two order days are no rhythm; quotations and other companies' orders do not count."""
        twice = self._customer(300, 350)
        quoted = self._customer(300, 350)
        self.new_order(quoted, 5, "2026-02-01", state="draft")
        other = self.env["res.company"].create({"name": "Southwind"})
        self.new_order(twice, 5, "2026-02-01", company_id=other.id)
        self._run()
        self.assertFalse((twice | quoted).procedure_quiet_id)

    def test_daily_buyers_are_given_two_weeks(self):
        buyers = {days: self._customer(days, days + 1, days + 2, days + 3) for days in (3, 28, 29)}
        self._run()
        quiet = {days: bool(customer.procedure_quiet_id) for days, customer in buyers.items()}
        self.assertEqual(quiet, {3: False, 28: False, 29: True})

    def test_lost_ones_are_the_lifecycles(self):
        """No storm of reminders about customers who left years ago."""
        lost = self._customer(366, 396, 426)
        yearly = self._customer(800, 1165 - 76, 1090)
        self._run()
        self.assertFalse((lost | yearly).procedure_quiet_id)

    def test_a_contact_counts(self):
        """Spoken with within one gap: not at risk."""
        spoken = self._customer(70, 100, 130)
        self._spoke(spoken, 20)
        long_ago = self._customer(70, 100, 130)
        self._spoke(long_ago, 31)
        self._run()
        self.assertFalse(spoken.procedure_quiet_id)
        self.assertEqual(long_ago.procedure_quiet_id.last_contact, TODAY - timedelta(days=31))

    def test_greeting_by_itself_is_no_contact(self):
        """An e-mail that the system sent on a festival does not hide that nobody has spoken with the customer."""
        occasion = self.env.ref("crm_procedure.occasion_birthday")
        customers = [self._customer(70, 100, 130) for _ in range(2)]
        for customer, method in zip(customers, ("email", "phone"), strict=True):
            self._spoke(customer, 5).write({"occasion_id": occasion.id, "method": method})
        self._run()
        self.assertEqual([bool(customer.procedure_quiet_id) for customer in customers], [True, False])

    def test_orders_of_contacts(self):
        customer = self._customer(70, 100, 130, is_company=True)
        buyer = self.env["res.partner"].create({"name": "Buyer", "parent_id": customer.id})
        self.new_order(buyer, 5, "2026-06-20")
        self._run()
        self.assertFalse(customer.procedure_quiet_id)

    def test_archived(self):
        customer = self._customer(70, 100, 130, active=False)
        self._run()
        self.assertFalse(self._episodes(customer))

    def test_limits_of_the_version_in_force(self):
        customer = self._customer(70, 100, 130)
        version = self.procedure.copy({"version": "V2.0", "effective_date": "2026-07-01"})
        version.limit_ids.filtered(lambda row: row.code == "quiet_share").value = 300
        self.sign(version, "quality", "manager")
        self._run()
        self.assertFalse(customer.procedure_quiet_id)

    def test_days_are_the_companys(self):
        """23:00 UTC is the next day in Shanghai."""
        self.company.resource_calendar_id.tz = "Asia/Shanghai"
        customer = self._customer(90, 120)
        self.new_order(customer, 5, "2026-05-01").date_order = "2026-05-01 23:00:00"
        self._run()
        self.assertFalse(customer.procedure_quiet_id, "2 May there, 60 days ago")

    # ------------------------------------------------------------
    # Episodes
    # ------------------------------------------------------------

    def test_owner_is_told_once(self):
        customer = self._customer(70, 100, 130)
        for days in (0, 0, 1, 5):
            self._run(days)
        activity = customer.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual((activity.user_id, activity.activity_type_id), (self.owner, self.env.ref(ACTIVITY)))
        self.assertIn("Usually orders every 30 days, last order 70 days ago, no contact on record.", activity.note)
        self.assertEqual(len(self._episodes(customer)), 1)
        activity.action_feedback("Called")
        self._run(6)
        self.assertFalse(customer.activity_ids, "once an episode")

    def test_ends_with_an_order(self):
        customer = self._customer(70, 100, 130)
        self._run()
        self.new_order(customer, 5, (TODAY + timedelta(days=1)).isoformat())
        self._run(2)
        episode = self._episodes(customer)
        self.assertEqual((episode.ended_on, episode.ended_by), (TODAY + timedelta(days=2), "order"))
        self.assertFalse(customer.activity_ids, "the reminder is taken back")
        self.assertFalse(customer.procedure_quiet_id)

    def test_ends_with_a_contact_and_begins_anew(self):
        customer = self._customer(70, 100, 130)
        self._run()
        self._spoke(customer, 0)
        self._run(1)
        self.assertEqual(self._episodes(customer).ended_by, "contact")
        self.assertFalse(customer.activity_ids)
        self._run(20)
        self.assertEqual(len(self._episodes(customer)), 1)
        self._run(31)
        self.assertEqual(len(self._episodes(customer)), 2, "spoken with, and still nothing a month later")
        self.assertEqual(len(customer.activity_ids), 1)

    def test_order_cancelled_again(self):
        """The same silence goes on, without another reminder."""
        customer = self._customer(70, 100, 130)
        self._run()
        order = self.new_order(customer, 5, "2026-07-01")
        self._run(1)
        order._action_cancel()
        self._run(2)
        episode = self._episodes(customer)
        self.assertEqual((len(episode), episode.ended_on), (1, False))

    def test_another_owner(self):
        customer = self._customer(70, 100, 130)
        self._run()
        customer.user_id = self.users["specialist"]
        self._run(1)
        self.assertEqual(self._episodes(customer).user_id, self.users["specialist"])

    def test_owner_left(self):
        self._new_team("service")
        customer = self._customer(70, 100, 130, user_id=False)
        self._run()
        self.assertEqual(customer.activity_ids.user_id, self.users["service"])

    def test_merged(self):
        customer, twin = self._customer(70, 100, 130), self._customer(71, 101, 131)
        self._run()
        self.env["base.partner.merge.automatic.wizard"]._merge((customer | twin).ids, customer)
        self._run(1)
        episodes = self._episodes(customer)
        self.assertEqual(len(episodes), 2)
        self.assertEqual(len(episodes.filtered(lambda e: not e.ended_on)), 1)

    # ------------------------------------------------------------
    # What users see
    # ------------------------------------------------------------

    def test_in_words_and_filter(self):
        customer, fine = self._customer(70, 100, 130), self._customer(10, 40, 70)
        self._spoke(customer, 40)
        self._run()
        partners = self.env["res.partner"].with_user(self.users["user"])
        both = partners.browse((customer | fine).ids)
        self.assertEqual(
            both[0].procedure_quiet_reason,
            "Usually orders every 30 days, last order 70 days ago, last contact 40 days ago.",
        )
        mine = [("id", "in", both.ids)]
        self.assertEqual(partners.search([*mine, ("procedure_quiet_id", "!=", False)]).ids, customer.ids)
        self.assertEqual(partners.search([*mine, ("procedure_quiet_id", "=", False)]).ids, fine.ids)
        self.assertEqual(self._episodes(customer).action_plan_contact()["context"]["default_partner_id"], customer.id)

    def test_who_sees(self):
        customer = self._customer(70, 100, 130)
        self._run()
        episode = self._episodes(customer)
        for role, user in self.users.items():
            self.assertEqual(episode.with_user(user).has_access("read"), role not in ("user", "specialist"), role)
            self.assertFalse(episode.with_user(user).has_access("write"), role)

    # ------------------------------------------------------------
    # Accidents and speed
    # ------------------------------------------------------------

    def test_killed_between_batches(self):
        customers = self.env["res.partner"].concat(*(self._customer(70, 100, 130) for _ in range(5)))
        episodes = self.env["crm.procedure.quiet"].with_company(self.company)
        Quiet(self.company).refresh()
        self.assertEqual(episodes._tell_batch(2), 2)
        self._run()
        self._run()
        self.assertEqual([len(customer.activity_ids) for customer in customers], [1] * 5)

    def test_held_by_another_worker(self):
        self._customer(70, 100, 130)
        Quiet(self.company).refresh()
        episodes = self.env["crm.procedure.quiet"].with_company(self.company)
        with patch.object(type(episodes), "try_lock_for_update", lambda records, **kw: records.browse()):
            self.assertEqual(episodes._tell_batch(10), 0)

    def test_queries_do_not_grow(self):
        """Set-based: as many queries for 20 customers as for 2, and few for each reminder."""
        counts = []
        for number in (2, 20):
            for _ in range(number):
                self._customer(70, 100, 130)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            begun, _ended = Quiet(self.company).refresh()
            self.assertEqual(begun, number)
            found = self.env.cr.sql_log_count
            self.env["crm.procedure.quiet"].with_company(self.company)._tell_batch(50)
            self.env.flush_all()
            counts.append((found - before, self.env.cr.sql_log_count - found))
        self.assertLessEqual(counts[1][0], counts[0][0])
        self.assertLess(counts[1][1] - counts[0][1], 18, "less than one more each")
