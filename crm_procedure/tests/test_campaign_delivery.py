from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .campaign_common import CampaignCase


@tagged("post_install", "-at_install")
class TestDelivery(CampaignCase):
    """Q6, 003 six: the feedback form after a delivery, within 30 days, each order once; bad marks become tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.new_customers(1)
        cls.form = cls.new_campaign(kind="delivery", days_after=7, date_from=fields.Date.today() - timedelta(days=60))
        cls.form.action_send()

    def order(self, days, customer=None, **values):
        day = fields.Date.to_string(fields.Date.today() - timedelta(days=days))
        return self.new_order(customer or self.customer, 100, day, **values)

    def take(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_survey_delivery").method_direct_trigger()
        self.send(self.form)
        self.form.invalidate_recordset()
        return self.form.participant_ids

    def test_each_order_once_in_time(self):
        self.order(3)
        self.order(45)
        self.assertFalse(self.take(), "too early, too late")
        order = self.order(10)
        participant = self.take()
        self.assertEqual(participant.procedure_order_id, order)
        self.assertEqual(participant.procedure_outcome, "invited")
        self.assertEqual(self.take(), participant)
        self.assertEqual(self.form.survey_id, self.env.ref("crm_procedure.survey_delivery"))

    def test_not_more_often_than_the_guard(self):
        """Two orders in a week: one form; the next after three months."""
        self.order(12)
        later = self.order(9)
        participant = self.take()
        self.assertEqual(participant.procedure_order_id, later, "about the latest")
        self.order(8)
        self.assertEqual(self.take(), participant)
        participant.sudo().procedure_invited_on = self.days_ago(100)
        self.assertEqual(len(self.take()), 2)

    def test_quotations_and_other_companies_do_not_count(self):
        self.order(10, state="draft")
        self.order(10, state="cancel")
        other = self.env["res.company"].create({"name": "Southwind"})
        order = self.order(10)
        order.company_id = other
        self.assertFalse(self.take())

    def test_invoiced_only(self):
        self.form.sudo().order_condition = "invoiced"
        order = self.order(10)
        self.assertFalse(self.take())
        self.env.cr.execute("UPDATE sale_order SET invoice_status = 'invoiced' WHERE id = %s", [order.id])
        self.env.invalidate_all()
        self.assertEqual(self.take().procedure_order_id, order)

    def test_day_of_delivery(self):
        """The promised day counts rather than the day of the order, where it is known."""
        order = self.order(50)
        order.commitment_date = self.days_ago(10)
        self.assertEqual(self.take().procedure_order_id, order)

    def test_whoever_ordered_is_asked(self):
        person, buyer = self.env["res.partner"].create(
            [
                {"name": name, "parent_id": self.customer.id, "email": f"{name}@example.org", "type": "contact"}
                for name in ("Lin", "Wu")
            ]
        )
        order = self.order(10, buyer)
        participant = self.take()
        self.assertEqual((participant.procedure_order_id, participant.partner_id), (order, buyer))
        self.assertEqual(participant.procedure_customer_id, self.customer)
        self.assertNotEqual(participant.partner_id, person)

    def test_limit_of_the_procedure(self):
        with self.assertRaisesRegex(ValidationError, "within 30 days"):
            self.new_campaign(kind="delivery", days_after=31)

    def test_bad_marks_become_a_ticket(self):
        self.order(10)
        participant = self.take().sudo()
        self.answer(participant, (5, 1, 4), comment="Nobody called back")
        ticket = participant.procedure_ticket_id
        self.assertEqual((ticket.state, ticket.channel, ticket.partner_id), ("reported", "web", self.customer))
        self.assertEqual(ticket.company_id, self.company)
        self.assertIn("Nobody called back", ticket.description)
        self.assertIn("know and can do?: 1", ticket.description)
        self.assertNotIn("smoothly", ticket.description)

    def test_good_marks_do_not(self):
        self.order(10)
        participant = self.take().sudo()
        self.answer(participant, 3)
        self.assertFalse(participant.procedure_ticket_id)

    def test_answer_is_kept_when_the_ticket_fails(self):
        self.order(10)
        participant = self.take().sudo()
        tickets = self.env.registry["crm.procedure.ticket"]
        with (
            patch.object(tickets, "_intake", side_effect=ValueError("no")),
            mute_logger("odoo.addons.crm_procedure.models.survey_user_input"),
        ):
            self.answer(participant, 1)
        self.assertEqual(participant.procedure_outcome, "answered")
        self.assertIn("Report it by hand", "".join(self.form.sudo().message_ids.mapped("body")))

    def test_report_like_any_other(self):
        self.order(10)
        self.answer(self.take(), 5)
        self.form.action_analyse()
        self.assertEqual(self.figure(self.form, dimension="effect").answers, 1)
        self.assertFalse(self.figure(self.form, "nps", "recommendation"), "the form does not ask it")
