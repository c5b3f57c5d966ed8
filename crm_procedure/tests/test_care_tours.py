from datetime import timedelta

from odoo.tests import HttpCase, tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestCareTours(ProcedureCase, HttpCase):
    """What users click when they contact customers and plan it, in a real browser."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role in ("sales", "specialist", "supervisor", "manager"):
            cls.users[role].password = f"test_{role}"
        cls.customer = cls.new_customer(
            "Tour Customer", user_id=cls.users["specialist"].id, procedure_grade_id=cls.grade("A").id
        )

    def today(self):
        return self.company._procedure_now().date()

    def planned(self, days=0, **values):
        return self.env["crm.procedure.communication"].create(
            {
                "partner_id": self.customer.id,
                "user_id": self.users["specialist"].id,
                "date_planned": self.today() - timedelta(days=days),
                **values,
            }
        )

    def test_a_visit_is_recorded(self):
        """V1, V2, V12: from My Week to the record, the opportunity and the next contact."""
        contact = self.planned()
        self.tour("crm_procedure_record_visit", "specialist")
        self.assertEqual(contact.state, "done")
        self.assertEqual((contact.satisfaction, contact.need_note), (4, "A second line in autumn"))
        self.assertTrue(contact.lead_count and contact.next_ids)

    def test_a_quarter_is_planned(self):
        """G5, G6: planned by the supervisor in one click, approved by management."""
        self.tour("crm_procedure_plan_supervisor", "supervisor")
        self.tour("crm_procedure_plan_manager", "manager")
        contacts = self.env["crm.procedure.communication"].search([("partner_id", "=", self.customer.id)])
        self.assertTrue(contacts.plan_id)

    def test_a_missed_contact_climbs(self):
        """V1: management finds it among the activities."""
        self.planned(14, team_id=self.team_sales.id)
        for level, code in (("1", "escalate_leader"), ("2", "escalate_management")):
            self.env["crm.procedure.communication"]._escalate_batch(self.company, self.procedure, level, code, 100)
        self.tour("crm_procedure_missed_contact", "manager")
