from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..models import grading_apply
from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestGradingApply(ProcedureCase):
    """Accidents between computing and applying: never a half-applied list that says it is."""

    def _submitted(self):
        grading = self.new_grading()
        grading.action_compute()
        grading.action_submit()
        return grading

    def _approve(self, grading):
        grading.with_user(self.users["sales"]).action_approve()

    def _customers(self, count=5):
        return self.env["res.partner"].concat(*(self.new_customer(f"Customer {n}", 10) for n in range(count)))

    def test_applied_twice(self):
        self._customers(1)
        grading = self._submitted()
        self._approve(grading)
        with self.assertRaisesRegex(UserError, "approved"):
            self._approve(grading)

    def test_archived_since(self):
        gone, stays = self._customers(2)
        grading = self._submitted()
        gone.action_archive()
        self._approve(grading)
        grading = grading.sudo()
        self.assertTrue(grading.applied_on)
        self.assertFalse(gone.procedure_grade_id)
        self.assertEqual(stays.procedure_grade_id.name, "C")
        self.assertEqual(grading.line_ids.filtered("skip_reason").partner_id, gone)
        self.assertIn("1 lines were set aside", "".join(grading.message_ids.mapped("body")))

    def test_merged_since(self):
        """The better grade of two merged customers holds; no line is lost."""
        small, big = self.new_customer("Small", 10), self.new_customer("Big", 9999)
        grading = self._submitted()
        self._merge(small, big)
        self._approve(grading)
        grading = grading.sudo()
        self.assertEqual(len(grading.line_ids), 2)
        self.assertEqual(small.procedure_grade_id.name, "A")
        self.assertEqual(grading.line_ids.filtered("skip_reason").mapped("skip_reason"), ["merged"])

    def test_graded_customers_can_be_merged(self):
        """By whom contacts are merged: the grade of the one that stays holds, or else the other's."""
        first, second, third = self._customers(3)
        grading = self._submitted()
        self._approve(grading)
        fresh = self.new_customer("Fresh")
        self._merge(first, second)
        self._merge(fresh, third)
        self.assertEqual((first | fresh).mapped("procedure_grade_id"), self.grade("C"))

    def _merge(self, stays, goes):
        clerk = self.users["service"]
        clerk.group_ids += self.env.ref("base.group_partner_manager")
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(clerk)
        wizard._merge((stays | goes).ids, stays.with_user(clerk))

    def test_made_a_contact_since(self):
        child, parent = self._customers(2)
        parent.is_company = True
        grading = self._submitted()
        child.parent_id = parent
        self._approve(grading)
        self.assertFalse(child.procedure_grade_id)
        self.assertEqual(grading.sudo().line_ids.filtered("skip_reason").skip_reason, "contact")

    def test_another_list_was_signed_since(self):
        self._customers(1)
        first, second = self._submitted(), self._submitted()
        self._approve(first)
        with self.assertRaisesRegex(UserError, "no longer right"):
            self._approve(second)

    def test_long_list_is_applied_by_the_scheduled_action(self):
        """Approved is not applied; a killed job goes on where it stopped."""
        customers = self._customers(5)
        grading = self._submitted()
        with patch.object(grading_apply, "CHUNK", 2):
            self._approve(grading)
            grading = grading.sudo()
            self.assertEqual(grading.state, "approved")
            self.assertFalse(grading.applied_on)
            self.assertFalse(any(customers.mapped("procedure_grade_id")))
            grading._apply_chunk()  # … and the worker is killed here
            self.assertEqual(len(customers.filtered("procedure_grade_id")), 2)
            self.assertFalse(grading.applied_on)
            self.assertEqual(grading.apply_progress, 40)
            waiting = self.new_grading()
            with self.assertRaisesRegex(UserError, "still being applied"):
                waiting.action_compute()
            self._run_cron("ir_cron_grading_apply")
        self.assertTrue(grading.applied_on)
        self.assertEqual(set(customers.mapped("procedure_grade_id.name")), {"C"})
        self.assertEqual(grading.apply_progress, 100)

    def test_scheduled_action_twice_changes_nothing(self):
        self._customers(3)
        grading = self._submitted()
        self._approve(grading)
        before = grading.sudo().applied_on
        self._run_cron("ir_cron_grading_apply")
        self.assertEqual(grading.sudo().applied_on, before)

    def test_queries_do_not_grow(self):
        """Set-based: 10 n customers cost as many queries as n."""
        counts = []
        for count in (5, 45):
            self._customers(count)
            grading = self.new_grading()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            grading.action_compute()
            grading.action_submit()
            self._approve(grading)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5, counts)

    def _run_cron(self, name):
        with self.enter_registry_test_mode():
            self.env.ref(f"crm_procedure.{name}").method_direct_trigger()
        self.env.invalidate_all()
