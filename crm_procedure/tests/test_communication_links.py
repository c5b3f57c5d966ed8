from datetime import date, datetime, timedelta

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestCommunicationLinks(ProcedureCase):
    """What comes of a contact, and contacts that happened anyway (V1, V6, V12)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time("2026-05-12 08:00:00"))
        cls.customer = cls.new_customer("Customer", user_id=cls.users["sales"].id)
        cls.person = cls.env["res.partner"].create({"name": "Ms Wu", "parent_id": cls.customer.id})
        cls.specialist = cls.users["specialist"]
        cls.contact = (
            cls.env["crm.procedure.communication"]
            .with_user(cls.specialist)
            .create({"partner_id": cls.customer.id, "usage_note": "Runs well", "need_note": "A second line"})
        )

    # ------------------------------------------------------------
    # What comes of it
    # ------------------------------------------------------------

    def test_an_opportunity_for_sales(self):
        """V12: whoever hears of business hands it over, without a right to opportunities; once."""
        for _ in range(2):
            action = self.contact.action_create_lead()
        self.assertEqual(action["tag"], "display_notification")
        lead = self.env["crm.lead"].search([("procedure_communication_id", "=", self.contact.id)])
        self.assertEqual(len(lead), 1)
        self.assertEqual((lead.partner_id, lead.user_id), (self.customer, self.users["sales"]))
        self.assertIn("A second line", lead.description)
        self.assertEqual(self.contact.lead_count, 1)
        self.contact.action_create_lead("referral")
        referral = self.env["crm.lead"].search([("procedure_origin", "=", "referral")])
        self.assertEqual((referral.referred, referral.partner_id.id), ("Customer", False))

    def test_an_opportunity_takes_the_power(self):
        for role in ("user", "marketing", "auditor", "sales"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.contact.with_user(self.users[role]).action_create_lead()

    def test_a_customer_change(self):
        """I10: opened with the customer, linked both ways."""
        context = self.contact.action_create_change()["context"]
        change = (
            self.env["crm.procedure.change"]
            .with_user(self.specialist)
            .with_context(**context)
            .create({"description": "Moved to Harbour Road"})
        )
        self.assertEqual((change.partner_id, change.communication_id), (self.customer, self.contact))
        self.assertEqual(self.contact.change_count, 1)
        hidden = self.contact.sudo().copy({"user_id": self.users["sales"].id})
        with self.assertRaises(AccessError):
            change.communication_id = hidden

    def test_the_next_contact(self):
        """V3: after the interval of the grade, on a working day; not doubled."""
        self.customer.sudo().procedure_grade_id = self.grade("A")
        interval = self.grade("A").contact_interval_days
        self.contact.action_done()
        following = self.contact.browse(self.contact.action_plan_next()["res_id"])
        self.assertEqual(following.previous_id, self.contact)
        latest = date(2026, 5, 12) + timedelta(days=interval)
        self.assertLessEqual(following.date_planned, latest)
        self.assertGreater(following.date_planned, latest - timedelta(days=4))
        self.assertLess(following.date_planned.weekday(), 5)
        self.assertEqual(self.contact.action_plan_next()["res_id"], following.id)

    # ------------------------------------------------------------
    # Happened anyway
    # ------------------------------------------------------------

    def new_meeting(self, stop="2026-05-11 10:00:00", people=None):
        start = datetime.fromisoformat(stop) - timedelta(hours=1)
        people = self.person | self.specialist.partner_id if people is None else people
        return (
            self.env["calendar.event"]
            .with_user(self.specialist)
            .create({"name": "Spring visit", "start": start, "stop": stop, "partner_ids": people.ids})
        )

    def test_a_meeting_that_was_held(self):
        meeting = self.new_meeting()
        self.env.invalidate_all()
        self.assertIn("Spring visit", self.contact.evidence_found)
        self.contact.need_note = False
        self.contact.action_use_evidence()
        self.assertEqual(self.contact.state, "done")
        self.assertEqual((self.contact.method, self.contact.date_done), ("visit", meeting.stop))
        self.assertEqual(self.contact.event_id, meeting)
        another = self.contact.copy({"date_planned": "2026-05-12"})
        self.assertFalse(another.evidence_found, "each is used once")
        with self.assertRaisesRegex(UserError, "No meeting"):
            another.action_use_evidence()

    def test_a_meeting_records_the_contact_that_is_due(self):
        meeting = self.new_meeting()
        self.assertTrue(meeting.procedure_is_held)
        self.assertEqual(meeting.action_procedure_record()["res_id"], self.contact.id)
        self.assertEqual(self.contact.state, "done")
        self.assertEqual(meeting.action_procedure_record()["res_id"], self.contact.id, "not twice")
        second = self.new_meeting("2026-05-12 07:00:00")
        record = self.contact.browse(second.action_procedure_record()["res_id"])
        self.assertEqual((record.kind, record.state), ("other", "done"), "nothing was due: a contact of its own")

    def test_meetings_that_do_not_count(self):
        for meeting in (self.new_meeting("2026-05-12 09:00:00"), self.new_meeting(people=self.specialist.partner_id)):
            self.assertFalse(meeting.procedure_is_held)
            with self.assertRaisesRegex(UserError, "cannot be put on record"):
                meeting.action_procedure_record()
        with self.assertRaises(AccessError):
            self.new_meeting().with_user(self.users["marketing"]).action_procedure_record()

    def test_a_mail_that_was_answered(self):
        self.customer.message_post(body="an internal note", subtype_xmlid="mail.mt_note")
        self.assertFalse(self.contact.evidence_found)
        mail = self.customer.message_post(
            body="Your drive is on its way", subject="Delivery", message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        mail.date = "2026-05-11 09:30:00"
        self.env.invalidate_all()
        self.assertIn("Delivery", self.contact.evidence_found)
        self.contact.action_use_evidence()
        self.assertEqual((self.contact.method, self.contact.date_done), ("email", datetime(2026, 5, 11, 9, 30)))

    def test_a_call_that_was_logged(self):
        call = self.person.activity_schedule("mail.mail_activity_data_call", user_id=self.specialist.id, summary="Ask")
        call.with_user(self.specialist).action_feedback("All is well")
        self.env.invalidate_all()
        self.assertIn("Ask", self.contact.evidence_found)
        self.contact.action_use_evidence()
        self.assertEqual((self.contact.method, self.contact.activity_id), ("phone", call))

    def test_what_was_before_the_last_contact_does_not_count(self):
        self.new_meeting("2026-05-10 10:00:00")
        done = self.contact.copy({"date_done": "2026-05-11 10:00:00"})
        done.action_done()
        self.env.invalidate_all()
        self.assertFalse(self.contact.evidence_found)
