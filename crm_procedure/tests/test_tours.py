from odoo.tests import HttpCase, tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestTours(ProcedureCase, HttpCase):
    """What users click, in a real browser."""

    def test_grading(self):
        """G1, G3: marketing computes, overrides and submits; sales co-signs; the customer shows it."""
        self._set_criteria(sales_amount=(1, 0, 10000)).name = "Sales amount"
        for role in ("sales", "marketing"):
            self.users[role].write(
                {"group_ids": [(4, self.env.ref("base.group_partner_manager").id)], "password": f"test_{role}"}
            )
        customer = self.new_customer("Tour Customer", 5000, self.env.cr.now().date().isoformat())
        self.start_tour("/odoo", "crm_procedure_grading_marketing", login="test_marketing")
        self.start_tour("/odoo", "crm_procedure_grading_sales", login="test_sales")
        self.assertEqual(customer.procedure_grade_id, self.grade("A"))
