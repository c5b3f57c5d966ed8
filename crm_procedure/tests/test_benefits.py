from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestBenefits(ProcedureCase):
    """G7: what a grade entitles to is proposed on the quotation and applied by a click only."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls.users["sales"]
        cls.seller.group_ids += cls.env.ref("sales_team.group_sale_salesman")
        cls.seller.group_ids += cls.env.ref("product.group_product_pricelist")
        cls.pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Key Customers",
                "item_ids": [
                    Command.create({"applied_on": "3_global", "compute_price": "percentage", "percent_price": 10})
                ],
            }
        )
        cls.product.list_price = 100
        cls.customer = cls.new_customer("Customer")
        cls.customer.with_company(cls.company).sudo().procedure_grade_id = cls.grade("A")
        cls.grade("A").write({"pricelist_id": cls.pricelist.id, "reward_percent": 5, "reward_note": "free training"})

    def _quotation(self, **values):
        return (
            self.env["sale.order"]
            .with_user(self.seller)
            .create(
                {
                    "partner_id": self.customer.id,
                    "company_id": self.company.id,
                    "order_line": [
                        Command.create({"product_id": self.product.id, "product_uom_qty": 10, "tax_ids": False})
                    ],
                    **values,
                }
            )
        )

    def test_proposed_and_not_applied(self):
        order = self._quotation()
        self.assertIn("Key Customers", order.procedure_benefit)
        self.assertTrue(order.procedure_benefit_open)
        self.assertEqual(order.amount_total, 1000)

    def test_applied(self):
        """Price list and reward by Odoo's own means; then the proposal is gone, and the record says who did it."""
        self.new_order(self.customer, 10)
        order = self._quotation()
        self.assertIn("5 % off as a repeat customer; free training", order.procedure_benefit)
        order.action_apply_procedure_benefits()
        self.assertEqual(order.pricelist_id, self.pricelist)
        self.assertAlmostEqual(order.amount_total, 1000 * 0.9 * 0.95)
        self.assertEqual(order.order_line.filtered("procedure_reward").mapped("price_subtotal"), [-45])
        self.assertFalse(order.procedure_benefit_open)
        self.assertIn("free training", order.procedure_benefit)
        self.assertIn("Benefits of grade A applied", order.message_ids[0].body)
        with self.assertRaisesRegex(UserError, "nothing to apply"):
            order.action_apply_procedure_benefits()

    def test_reward_for_repeat_customers_only(self):
        self.grade("A").pricelist_id = False
        order = self._quotation()
        self.assertFalse(order.procedure_benefit)
        self.new_order(self.customer, 10, state="draft")
        self.new_order(self.customer, 10, state="cancel")
        order.invalidate_recordset()
        self.assertFalse(order.procedure_benefit, "quotations and cancelled orders are no repetition")
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": self.customer.id})
        self.new_order(contact, 10)
        order.invalidate_recordset()
        self.assertTrue(order.procedure_benefit)

    def test_only_on_quotations(self):
        order = self._quotation()
        order.action_confirm()
        self.assertFalse(order.procedure_benefit)
        with self.assertRaisesRegex(UserError, "no quotation any more"):
            order.action_apply_procedure_benefits()
        order._action_cancel()
        with self.assertRaisesRegex(UserError, "no quotation any more"):
            order.action_apply_procedure_benefits()

    def test_needs_the_right_to_edit_the_order(self):
        order = self._quotation()
        with self.assertRaises(AccessError):
            order.with_user(self.users["marketing"]).action_apply_procedure_benefits()

    def test_while_choosing_the_customer(self):
        with Form(self.env["sale.order"].with_user(self.seller)) as form:
            form.partner_id = self.customer
            self.assertIn("Key Customers", form.procedure_benefit)

    def test_each_company_its_own_price_list(self):
        """One grade for all companies, price lists of each; a price list of another company is not proposed."""
        other = self.env["res.company"].create({"name": "Southwind"})
        self.assertFalse(self.grade("A").with_company(other).pricelist_id)
        self.grade("A").pricelist_id = self.env["product.pricelist"].create({"name": "Foreign", "company_id": other.id})
        self.assertFalse(self._quotation().procedure_benefit)

    def test_impossible_reward(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation), self.env.cr.savepoint():
            self.grade("A").reward_percent = 120
            self.env.flush_all()
