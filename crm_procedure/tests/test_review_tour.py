from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from .review_common import ReviewCase


@tagged("post_install", "-at_install")
class TestReviewTour(ReviewCase, HttpCase):
    def test_review(self):
        """A4, A6: an employee proposes, quality holds the review and decides, management signs."""
        for role in ("user", "quality", "manager"):
            self.users[role].password = f"test_{role}"
        today = fields.Date.context_today(self.env.user)
        review = self.Review.create({"kind": "quarterly", "company_id": self.company.id, "date": today})
        self.tour("crm_procedure_review_propose", "user")
        topic = review.agenda_ids.filtered("proposed_by_id")
        self.assertEqual(topic.proposed_by_id, self.users["user"])
        topic.conclusion = "They are right"
        review.date = today - timedelta(days=1)  # whatever the time zone of the browser
        self.tour("crm_procedure_review_hold", "quality")
        self.tour("crm_procedure_review_sign", "manager")
        self.assertEqual(review.state, "approved")
        self.assertEqual(review.agenda_ids[0].conclusion, "Nothing is late")
        self.assertEqual(review.action_ids.review_topic_id, review.agenda_ids[1])
        self.assertEqual(topic.state, "answered")
