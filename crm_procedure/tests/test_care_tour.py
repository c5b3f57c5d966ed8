from odoo.tests import HttpCase, TransactionCase, tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestCareTour(ProcedureCase, HttpCase):
    def test_gift_beyond_the_limit(self):
        """V10, X16: sales asks with a reason, management approves, sales records the gift."""
        for role in ("sales", "manager"):
            self.users[role].password = f"test_{role}"
        customer = self.new_customer("Tour Customer", is_company=True, user_id=self.users["sales"].id)
        gift = self.env["crm.procedure.communication"].create(
            {"partner_id": customer.id, "user_id": self.users["sales"].id, "kind": "gift", "cost": 800}
        )
        self.tour("crm_procedure_cost_sales", "sales")
        self.tour("crm_procedure_cost_manager", "manager")
        self.tour("crm_procedure_cost_done", "sales")
        self.assertEqual((gift.state, gift.cost_decided_by_id), ("done", self.users["manager"]))


@tagged("post_install", "-at_install")
class TestCareDemo(TransactionCase):
    """What a newcomer finds in a database with demo data."""

    def test_demo(self):
        gift = self.env.ref("crm_procedure.care_jubilee_demo", raise_if_not_found=False)
        if not gift:
            self.skipTest("The database holds no demo data.")
        self.assertEqual(gift.cost_state, "asked")
        self.assertTrue(gift.cost_excess)
        lanhai = self.env.ref("crm_procedure.customer_lanhai_demo")
        self.assertIn("Usually orders every 35 days", lanhai.procedure_quiet_reason)
        self.assertTrue(self.env.ref("crm_procedure.occasion_birthday").greeting_ids.communication_id.activity_ids)
        self.assertTrue(self.env.ref("base.main_company").resource_calendar_id.procedure_workday_ids)
