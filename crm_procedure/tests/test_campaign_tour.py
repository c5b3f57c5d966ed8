from odoo.tests import HttpCase, tagged

from .campaign_common import CampaignCase


@tagged("post_install", "-at_install")
class TestCampaignTour(CampaignCase, HttpCase):
    def test_survey(self):
        """Q1, Q4: marketing starts a survey with what it comes with, ends it and reports; management approves."""
        for role in ("marketing", "manager"):
            self.users[role].password = f"test_{role}"
        self.new_customers(8, "B")
        self.tour("crm_procedure_campaign_start", "marketing")
        campaign = self.Campaign.search([("title", "=", "Tour survey")])
        self.send(campaign)
        ours = campaign.participant_ids.filtered(lambda p: p.procedure_customer_id.ref == "TEST")
        self.assertEqual(len(ours), 8)
        for participant in ours[:6]:
            self.answer(participant, 4, 9, "All well")
        self.tour("crm_procedure_campaign_report", "marketing")
        self.tour("crm_procedure_campaign_approve", "manager")
        self.assertEqual(campaign.state, "approved")
        self.assertEqual(campaign.csat, 100)
