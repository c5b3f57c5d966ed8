from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestControlledRecords(ProcedureCase):
    """The mixin: number, version in force, deadline, overdue, escalation."""

    def test_numbers_per_company_without_gaps(self):
        with freeze_time("2026-06-30"):
            names = [self.new_grading().name for _ in range(3)]
        self.assertEqual(names, ["GRL-2026-0001", "GRL-2026-0002", "GRL-2026-0003"])
        other = self.env["res.company"].create({"name": "Southwind"})
        grading = self.env["crm.procedure.grading"].with_company(other).create({"company_id": other.id})
        self.assertTrue(grading.name.endswith("-0001"))

    def test_version_in_force_is_kept(self):
        """D2: an old record keeps the version it was made under."""
        with freeze_time("2026-06-30"):
            old = self.new_grading()
        self.assertEqual(old.procedure_id, self.procedure)
        newer = self.procedure.copy({"version": "V2.0", "effective_date": date(2026, 7, 1)})
        with freeze_time("2026-06-30"):
            self.sign(newer, "quality", "manager")
            self.assertEqual(self.new_grading().procedure_id, self.procedure, "not in force yet")
        with freeze_time("2026-07-01"):
            self.assertEqual(self.new_grading().procedure_id, newer)
        self.assertEqual(old.procedure_id, self.procedure)

    def test_number_and_version_are_not_typed(self):
        grading = self.new_grading()
        for values in ({"name": "GRL-1"}, {"procedure_id": False}, {"escalation_level": "2"}):
            with self.assertRaisesRegex(AccessError, "given by the system"):
                grading.write(values)

    def test_deadline_in_working_days(self):
        """Five working days after a Friday end with the next Friday's work."""
        with freeze_time("2026-06-26 10:00:00"):
            grading = self.new_grading()
        self.assertEqual(grading.deadline.date(), date(2026, 7, 3))

    def test_overdue_is_searchable(self):
        grading = self.new_grading(deadline=datetime(2026, 6, 30, 12))
        found = self.env["crm.procedure.grading"].search
        scope = ("id", "=", grading.id)
        with freeze_time("2026-06-30 11:59:00"):
            self.assertFalse(grading.is_overdue)
            self.assertFalse(found([scope, ("is_overdue", "=", True)]))
            self.assertTrue(found([scope, ("is_overdue", "=", False)]))
        grading.invalidate_recordset(["is_overdue"])
        with freeze_time("2026-06-30 12:01:00"):
            self.assertTrue(grading.is_overdue)
            self.assertTrue(found([scope, ("is_overdue", "=", True)]))

    def test_escalation_climbs_once_each(self):
        """Leader after one working day, management after three, each told once."""
        grading = self.new_grading(deadline=datetime(2026, 6, 26, 12)).sudo()  # a Friday
        for moment, level, users in (
            ("2026-06-26 18:00:00", "0", []),
            ("2026-06-28 12:00:00", "0", []),  # a Sunday: no working day has passed
            ("2026-06-30 12:00:00", "1", ["marketing"]),
            ("2026-06-30 13:00:00", "1", ["marketing"]),
            ("2026-07-03 12:00:00", "2", ["marketing", "manager"]),
            ("2026-07-10 12:00:00", "2", ["marketing", "manager"]),
        ):
            with self.subTest(moment=moment), freeze_time(moment):
                self._escalate()
                self.assertEqual(grading.escalation_level, level)
                self.assertEqual(
                    grading.activity_ids.user_id, self.env["res.users"].concat(*(self.users[u] for u in users))
                )

    def test_closed_records_do_not_escalate(self):
        self.new_customer("Customer", 10)
        grading = self.run_grading()
        grading.deadline = datetime(2026, 1, 1)
        with freeze_time("2026-07-10 12:00:00"):
            self._escalate()
        self.assertEqual(grading.escalation_level, "0")

    def test_one_bad_record_does_not_stop_the_rest(self):
        late = self.new_grading().browse([self.new_grading(deadline=datetime(2026, 6, 1)).id for _ in range(3)])
        bad, model = late[1], type(late)
        escalate = model._escalate

        def fail_on_bad(records, level):
            escalate(records, level)
            if bad.id in records.ids:
                raise UserError("This one always fails")

        log = "odoo.addons.crm_procedure.models.mixin"
        with freeze_time("2026-06-03 12:00:00"), patch.object(model, "_escalate", fail_on_bad), mute_logger(log):
            self._escalate()
        self.assertEqual(late.mapped("escalation_level"), ["1"] * 3)
        self.assertEqual([len(grading.sudo().activity_ids) for grading in late], [1, 0, 1])

    def test_escalation_queries_do_not_grow_much(self):
        counts = []
        for count in (3, 30):
            late = [self.new_grading(deadline=datetime(2026, 6, 1)) for _ in range(count)]
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            with freeze_time("2026-06-03 12:00:00"):
                self.env["crm.procedure.grading"]._escalate_batch(
                    self.company, self.procedure, "1", "escalate_leader", 200
                )
            self.env.flush_all()
            counts.append((self.env.cr.sql_log_count - before) / len(late))
        self.assertLess(counts[1], counts[0], "in batch, not one by one")

    def _escalate(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_escalate").method_direct_trigger()
        self.env.invalidate_all()
