from odoo.tests import HttpCase, tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestTours(ProcedureCase, HttpCase):
    """What users click, in a real browser."""

    def _let_in(self, *roles):
        """These people log in, and may edit contacts as an ERP's users do."""
        for role in roles:
            self.users[role].write(
                {"group_ids": [(4, self.env.ref("base.group_partner_manager").id)], "password": f"test_{role}"}
            )

    def test_customer_change(self):
        """I10, X13: anybody reports in two fields; the steward sees before and after, and confirms."""
        self._let_in("user", "sales")
        customer = self.new_customer("Tour Customer", is_company=True, street="Lake View 3")
        self.tour("crm_procedure_change_user", "user")
        self.tour("crm_procedure_change_steward", "sales")
        self.assertEqual(customer.street, "Harbour Road 12")

    def test_grading(self):
        """G1, G3: marketing computes, overrides and submits; sales co-signs; the customer shows it."""
        self._set_criteria(sales_amount=(1, 0, 10000)).name = "Sales amount"
        self._let_in("sales", "marketing")
        customer = self.new_customer("Tour Customer", 5000, self.env.cr.now().date().isoformat())
        self.tour("crm_procedure_grading_marketing", "marketing")
        self.tour("crm_procedure_grading_sales", "sales")
        self.assertEqual(customer.procedure_grade_id, self.grade("A"))
