from odoo.tests import tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestGrading(ProcedureCase):
    def test_first_run(self):
        """G1: compute, submit, co-sign; the customers show the grade, and why."""
        big = self.new_customer("Big", 10000, potential=100)
        mid = self.new_customer("Mid", 7000)
        small = self.new_customer("Small", 100)
        grading = self.new_grading()
        grading.action_compute()
        self.assertEqual(
            {line.partner_id: (line.score, line.grade_id.name, line.move) for line in grading.line_ids},
            {big: (100, "A", "new"), mid: (49, "B", "new"), small: (0.7, "C", "new")},
        )
        self.assertFalse((big | mid | small).procedure_grade_id, "a draft writes nothing to customers")
        self.sign(grading, "marketing", "sales")
        self.assertEqual(grading.state, "approved")
        self.assertTrue(grading.applied_on)
        self.assertEqual((big | mid | small).mapped("procedure_grade_id.name"), ["A", "B", "C"])
        self.assertEqual(mid.procedure_score, 49)
        self.assertEqual(str(mid.procedure_graded_on), "2026-06-30")
        self.assertIn("7,000", mid.procedure_explanation)
        print(grading.figures_html)
