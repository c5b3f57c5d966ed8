from odoo.tests import HttpCase, tagged

from .campaign_common import CampaignCase


@tagged("post_install", "-at_install")
class TestCampaignTour(CampaignCase, HttpCase):
    def test_survey(self):
        """Q1, Q4: marketing starts a survey with what it comes with, ends it and reports; management approves."""
        for role in ("marketing", "manager"):
            self.users[role].password = f"test_{role}"
        self.new_customers(8, "B")
        self.start_tour("/odoo", "crm_procedure_campaign_start", login="test_marketing")
        campaign = self.Campaign.search([("title", "=", "Tour survey")])
        self.send(campaign)
        ours = campaign.participant_ids.filtered(lambda p: p.procedure_customer_id.ref == "TEST")
        self.assertEqual(len(ours), 8)
        for participant in ours[:6]:
            self.answer(participant, 4, 9, "All well")
        self.start_tour("/odoo", "crm_procedure_campaign_report", login="test_marketing")
        self.start_tour("/odoo", "crm_procedure_campaign_approve", login="test_manager")
        self.assertEqual(campaign.state, "approved")
        self.assertEqual(campaign.csat, 100)
