from datetime import date, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import ROLES
from .indicator_common import NOW, IndicatorCase

COMPUTE = "odoo.addons.crm_procedure.models.indicator_compute"


@tagged("post_install", "-at_install")
class TestIndicatorValues(IndicatorCase):
    """Counted for all companies, stored per day, never rewritten (A7, "The one idea")."""

    def test_share(self):
        self.new_contacts(9, 1)
        value = self.count()
        self.assertEqual((value.population, value.conforming, value.value), (10, 9, 90))
        self.assertEqual((value.state, value.target, value.direction), ("met", 90, "up"))
        self.assertEqual((value.date_from, value.date_to), (date(2026, 5, 16), date(2026, 6, 15)))

    def test_missed(self):
        self.new_contacts(8, 2)
        self.assertEqual(self.count().state, "missed")

    def test_no_data(self):
        value = self.count()
        self.assertEqual((value.state, value.population), ("no_data", 0))

    def test_count(self):
        held = self.new_indicator("held", measure="count", target=1, domain_conforming="[]")
        self.assertEqual(self.count(held).state, "missed", "what has to happen and did not, is missed")
        self.new_contact()
        value = self.count(held)
        self.assertEqual((value.state, value.value), ("met", 1))

    def test_down(self):
        late = self.new_indicator(
            "late", measure="count", target=0, direction="down", domain_conforming="[('is_on_time', '=', False)]"
        )
        self.assertEqual(self.count(late).state, "met")
        self.new_contact(on_time=False)
        self.assertEqual(self.count(late).state, "missed")

    def test_period_ends_now(self):
        """What is due later today is not missed yet; the first day counts from midnight, local time."""
        zone = self.company.resource_calendar_id
        zone.tz = "Asia/Shanghai"  # UTC+8
        self.new_contact("2026-06-15 08:00:00")
        self.new_contact("2026-06-15 08:00:01", on_time=False)
        self.new_contact("2026-05-15 16:00:00")  # midnight of the 16th
        self.new_contact("2026-05-15 15:59:59", on_time=False)
        value = self.count()
        self.assertEqual((value.population, value.conforming), (2, 2))

    def test_day_is_the_companys(self):
        self.company.resource_calendar_id.tz = "Asia/Shanghai"
        with freeze_time("2026-06-15 17:00:00"):
            self.indicator._compute_values(self.company)
        self.assertEqual(self.indicator.value_ids.mapped("date"), [date(2026, 6, 16)])

    def test_date_fields(self):
        planned = self.new_indicator("planned", period_field="date_planned")
        self.new_contact("2026-06-15 23:00:00")
        self.new_contact("2026-06-16 10:00:00")
        self.new_contact("2026-05-16 10:00:00")
        self.new_contact("2026-05-15 10:00:00")
        self.assertEqual(self.count(planned).population, 2)

    def test_period_as_the_limit_says(self):
        """A limit of the version in force is a value, never a constant (DESIGN.md)."""
        indicator = self.new_indicator("floor", period="limit", limit_code="contact_floor")
        self.new_contact("2026-04-01 10:00:00")
        self.assertEqual(self.count(indicator).population, 1)
        self.procedure.sudo().limit_ids.filtered(lambda row: row.code == "contact_floor").with_context(
            tracking_disable=True
        )._write({"value": 30})
        self.env.invalidate_all()
        self.assertEqual(self.count(indicator).population, 0)

    def test_past_stays(self):
        """Values in the past are evidence; today's are replaced."""
        self.new_contacts(1, 1)
        before = self.count(now="2026-06-14 08:00:00")
        self.new_contact(on_time=False)
        today = self.count()
        self.new_contact(on_time=False)
        again = self.count(now="2026-06-15 18:00:00")
        self.assertEqual(today, again)
        self.assertEqual((before.population, again.population), (2, 4))
        self.indicator.target = 10
        self.assertEqual(before.target, 90, "the target as it was")

    def test_nobody_writes_them(self):
        value = self.count()
        for role in ROLES:
            row = value.with_user(self.users[role])
            self.assertEqual(row.state, "no_data")
            with self.assertRaises(AccessError):
                row.write({"value": 100})
            with self.assertRaises(AccessError):
                row.unlink()
            with self.assertRaises(AccessError):
                self.values.with_user(self.users[role]).create(
                    {"indicator_id": self.indicator.id, "company_id": self.company.id, "date": NOW, "state": "met"}
                )
        with self.assertRaises(UserError):
            value.unlink()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            value.copy()

    def test_other_company_sees_its_own(self):
        other = self.env["res.company"].create({"name": "Southwind"})
        self.new_contacts(1, 0)
        self.new_contacts(1, 3, company=other)
        with freeze_time(NOW):
            self.indicator._compute_values(self.company + other)
        spy = self.users["supervisor"]
        spy.write({"company_ids": other.ids, "company_id": other.id})
        rows = self.values.with_user(spy).with_context(allowed_company_ids=other.ids).search([])
        self.assertEqual(rows.company_id, other)
        self.assertEqual((rows.population, rows.conforming), (4, 1))
        theirs = self.indicators.with_user(spy).with_context(allowed_company_ids=other.ids)
        self.assertEqual(theirs.browse(self.indicator.id).population, 4)
        ours = self.new_indicator("ours", company_id=self.company.id)
        self.assertFalse(theirs.search([("id", "=", ours.id)]))

    def test_one_query_for_all_companies(self):
        """However many companies and records: one aggregate query an indicator."""
        companies = self.company + self.env["res.company"].create([{"name": f"Company {n}"} for n in range(3)])
        self.new_contacts(2, 2)

        def counting():
            queries = []
            execute = type(self.env.cr).execute

            def watch(cursor, query, *args, **kwargs):
                queries.append(str(query))
                return execute(cursor, query, *args, **kwargs)

            with patch.object(type(self.env.cr), "execute", watch), freeze_time(NOW):
                self.indicator._compute_values(companies)
            return [query for query in queries if "COUNT(*) FILTER" in query and "EXPLAIN" not in query]

        self.assertEqual(len(counting()), 1)
        self.indicator.write(
            {"model_name": "res.partner", "domain_population": "[]", "domain_conforming": "[]", "period": "now"}
        )
        self.assertEqual(len(counting()), len(companies), "customers are shared: each company looks at them itself")

    def test_shared_records_count_everywhere(self):
        self.indicator.write(
            {
                "model_name": "res.partner",
                "domain_population": "[('customer_rank', '>', 0)]",
                "domain_conforming": "[('procedure_completeness', '>=', 100)]",
                "period": "now",
            }
        )
        other = self.env["res.company"].create({"name": "Southwind"})
        mine = self.count().population
        self.new_customer("Ours alone", company_id=self.company.id)
        self.assertEqual(self.count().population, mine + 1)
        self.assertEqual(self.count(company=other).population, mine)

    # ------------------------------------------------------------
    # Accidents
    # ------------------------------------------------------------

    def test_model_uninstalled(self):
        """It says so and keeps its values (issue 6, "Bad input and accidents")."""
        self.new_contacts(1, 0)
        before = self.count(now="2026-06-14 08:00:00")
        self.env.cr.execute(
            "UPDATE crm_procedure_indicator SET model_name = 'gone.model' WHERE id = %s", [self.indicator.id]
        )
        self.env.invalidate_all()
        value = self.count()
        self.assertEqual(value.state, "broken")
        self.assertIn("no model “gone.model”", value.reason)
        self.assertEqual((before.state, before.value), ("met", 100))
        indicator = self.indicator.with_user(self.users["quality"])
        self.assertEqual((indicator.state, indicator.broken_reason), ("broken", value.reason))
        self.assertEqual(indicator.activity_ids.user_id, self.users["quality"])
        self.assertIn("gone.model", indicator.activity_ids.note)
        self.count(now="2026-06-16 08:00:00")
        self.assertEqual(len(indicator.activity_ids), 1, "asked once")
        with self.assertRaises(UserError):
            indicator.action_open("population")
        indicator.model_name = "crm.procedure.communication"
        self.assertEqual(self.count(now="2026-06-17 08:00:00").state, "met")
        self.assertFalse(indicator.activity_ids, "repaired")

    def test_a_broken_one_does_not_stop_the_others(self):
        other = self.new_indicator("other")
        self.new_contacts(1, 0)
        fail = patch.object(type(self.indicator), "_count", self._failing(self.indicator))
        with fail, mute_logger(COMPUTE), freeze_time(NOW):
            (self.indicator + other).sudo()._compute_values(self.company)
        self.assertEqual(self.indicator.value_ids.state, "broken")
        self.assertIn("PostgreSQL was out of luck", self.indicator.value_ids.reason)
        self.assertEqual(other.value_ids.state, "met")

    def _failing(self, broken):
        count = type(broken)._count

        def fails(indicator, companies):
            if indicator == broken:
                indicator.env.cr.execute("SAVEPOINT x")
                raise RuntimeError("PostgreSQL was out of luck\nand more")
            return count(indicator, companies)

        return fails

    # ------------------------------------------------------------
    # Night
    # ------------------------------------------------------------

    def run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_indicator").with_context(bin_size=False).method_direct_trigger()
        self.env.invalidate_all()

    def test_cron(self):
        self.new_contacts(1, 1, deadline="2020-01-01 10:00:00")
        self.indicator.period = "now"
        self.run_cron()
        companies = self.env["res.company"].search([])
        self.assertEqual(self.indicator.value_ids.company_id, companies)
        self.assertEqual(len(self.indicator.value_ids), len(companies))
        mine = self.indicator.value_ids.filtered(lambda value: value.company_id == self.company)
        self.assertEqual(mine.value, 50)

    def test_cron_twice_counts_once(self):
        self.run_cron()
        self.assertFalse(self.indicators._due())
        with patch.object(type(self.indicators), "_compute_values") as compute:
            self.run_cron()
        compute.assert_not_called()
        with freeze_time(self.env.cr.now() + timedelta(days=1)):
            self.assertEqual(self.indicators._due(), self.indicator)

    def test_cron_goes_on_after_the_kill(self):
        """What was committed stays; the next run takes the rest."""
        other = self.new_indicator("other")
        self.env["res.company"].search([]).partner_id.mapped("name")
        self.indicator._compute_values()
        self.assertEqual(self.indicators._due(), other)

    def test_cron_survives_a_failure(self):
        other = self.new_indicator("other")
        compute = type(self.indicator)._compute_values

        def fails(indicator, companies=None):
            if indicator == self.indicator:
                raise RuntimeError("the disk was full")
            return compute(indicator, companies)

        with patch.object(type(self.indicator), "_compute_values", fails), mute_logger(COMPUTE):
            with patch.object(type(self.env.cr), "rollback"):
                self.run_cron()
        self.assertTrue(other.value_ids)
        self.assertFalse(self.indicator.value_ids)

    # ------------------------------------------------------------
    # Refresh now
    # ------------------------------------------------------------

    def test_refresh(self):
        self.new_contacts(1, 0)
        with freeze_time(NOW):
            for role in ROLES:
                indicator = self.indicator.with_user(self.users[role])
                if role in ("supervisor", "quality", "manager"):
                    indicator.action_compute()
                    continue
                with self.assertRaises(AccessError):
                    indicator.action_compute()
        self.assertEqual(len(self.indicator.value_ids), 1)
        self.assertEqual(self.indicator.value_ids.state, "met")

    def test_refresh_is_told(self):
        """Whoever looks at the board hears of it."""
        with patch.object(type(self.env["bus.bus"]), "_sendone") as send, freeze_time(NOW):
            self.indicator.with_user(self.users["manager"]).action_compute()
        send.assert_called_once_with(
            (self.company, "crm_procedure_board"), "crm_procedure/board", {"company_id": self.company.id}
        )

    def test_average_leaves_out_days_without_data(self):
        self.new_contacts(3, 1, deadline="2026-06-10 15:00:00")
        self.count()
        self.count(now="2026-07-30 08:00:00")  # nothing in that month
        [[average]] = self.values._read_group([("indicator_id", "=", self.indicator.id)], [], ["value:avg"])
        self.assertEqual(average, 75)
