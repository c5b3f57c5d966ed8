from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MockEmail

from .campaign_common import CampaignCase

SEND = "odoo.addons.crm_procedure.models.campaign_send"


@tagged("post_install", "-at_install")
class TestSending(CampaignCase, MockEmail):
    """Q2: invitations and reminders, each once; failures, bounces, refusals."""

    def mails(self, campaign):
        participants = campaign.sudo().participant_ids
        domain = [("model", "=", "survey.user_input"), ("res_id", "in", participants.ids)]
        return self.env["mail.mail"].sudo().search(domain)

    def test_each_is_invited_once(self):
        self.new_customers(7)
        campaign = self.new_campaign()
        campaign.action_send()
        self.assertEqual((campaign.drawn_count, campaign.invited_count), (7, 0))
        self.send(campaign)
        self.send(campaign)
        mails = self.mails(campaign)
        self.assertEqual(len(mails), 7)
        self.assertEqual(campaign.invited_count, 7)
        mail = mails.filtered(lambda m: m.email_to == "c0@example.org")
        participant = campaign.participant_ids.filtered(lambda p: p.email == "c0@example.org")
        self.assertIn(participant.access_token, mail.body_html)
        self.assertIn(f"/crm_procedure/survey/{participant.id}/stop/", mail.body_html)
        self.assertIn("marketing@example.com", mail.email_from)

    def test_small_batches_and_a_kill_between(self):
        """Whatever was committed stays; what was not is done again: nobody twice, nobody left out."""
        self.new_customers(5)
        campaign = self.new_campaign()
        campaign.action_send()
        sudo = campaign.sudo()
        self.assertEqual(sudo._invite_batch(2), 2)
        with self.assertRaises(RuntimeError), self.env.cr.savepoint():
            sudo._invite_batch(2)
            raise RuntimeError("killed")
        self.env.invalidate_all()
        self.assertEqual(campaign.invited_count, 2)
        while sudo._invite_batch(2):
            pass
        self.assertEqual(sorted(self.mails(campaign).mapped("email_to")), [f"c{n}@example.org" for n in range(5)])

    def test_scheduled_action(self):
        self.new_customers(3)
        campaign = self.new_campaign()
        campaign.action_send()
        with self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_survey_send").method_direct_trigger()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.invited_count, 3)

    def test_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        template = self.env.ref("crm_procedure.mail_template_survey_invite")
        template.with_context(lang="zh_CN").subject = "您对我们满意吗?"
        self.new_customers(1, lang="zh_CN")
        campaign = self.running()
        self.assertEqual(self.mails(campaign).subject, "您对我们满意吗?")
        self.assertEqual(campaign.participant_ids.lang_id.code, "zh_CN")

    def test_one_bad_address_does_not_stop_the_rest(self):
        self.new_customers(3)
        campaign = self.new_campaign()
        campaign.action_send()
        bad = campaign.participant_ids[1]
        queue = type(campaign)._queue

        def fail_on_bad(records, participants, template):
            if bad.id in participants.ids:
                raise UserError("This one always fails")
            return queue(records, participants, template)

        with patch.object(type(campaign), "_queue", fail_on_bad), mute_logger(SEND):
            self.send(campaign)
        self.assertEqual(sorted(campaign.participant_ids.mapped("procedure_outcome")), ["failed", "invited", "invited"])
        self.assertIn("always fails", bad.procedure_failure)
        self.assertEqual(campaign.undelivered_count, 1)

    def test_mail_server_fails_half_way(self):
        """Mails that did not leave are shown as failed and sent again by a button, to the address of now."""
        customers = self.new_customers(4)
        campaign = self.running()
        mails = self.mails(campaign)
        self.env.flush_all()
        with self.mock_mail_gateway():
            mails[:2].send()
        with (
            self.mock_mail_gateway(),
            patch.object(self.env.registry["ir.mail_server"], "_connect__", side_effect=OSError("Connection refused")),
            mute_logger("odoo.addons.mail.models.mail_mail"),
        ):
            mails[2:].send()
        campaign.invalidate_recordset()
        campaign.participant_ids.invalidate_recordset()
        self.assertEqual(campaign.undelivered_count, 2)
        failed = campaign.participant_ids.filtered(lambda p: p.procedure_outcome == "failed")
        self.assertTrue(all(failed.mapped("procedure_failure")))
        failed[0].procedure_customer_id.sudo().email = "new@example.org"
        self.assertLessEqual(failed.procedure_customer_id, customers)
        campaign.action_resend()
        self.send(campaign)
        self.assertEqual(campaign.undelivered_count, 0)
        self.assertEqual(failed[0].email, "new@example.org")
        outgoing = self.mails(campaign).filtered(lambda m: m.state == "outgoing")
        self.assertEqual(sorted(outgoing.mapped("res_id")), sorted(failed.ids), "none twice")
        with self.assertRaisesRegex(UserError, "nothing to send again"):
            campaign.action_resend()

    def test_bounce(self):
        self.new_customers(2)
        campaign = self.running()
        participant = campaign.participant_ids.sudo()[0]
        participant._message_receive_bounce("somebody@else.example", self.env["res.partner"])
        self.assertEqual(participant.procedure_outcome, "invited")
        participant._message_receive_bounce(participant.email.upper(), participant.partner_id)
        self.assertEqual(participant.procedure_outcome, "bounced")
        campaign.action_analyse()
        self.assertEqual(self.figure(campaign, "response").population, 2, "asked, though the mail came back")

    def test_reminders_and_when_they_stop(self):
        """Seven days after the last mail, twice at most; never after the answer, a refusal or the end."""
        self.new_customers(4)
        campaign = self.running()
        answered, refused, bounced, silent = campaign.participant_ids.sudo()
        self.answer(answered, 4)
        refused._procedure_stop(refused._procedure_stop_token())
        bounced.procedure_outcome = "bounced"
        self.assertEqual(len(self.mails(campaign)), 4)
        start = fields.Datetime.now()
        for days, total, reminders in ((6, 4, 0), (8, 5, 1), (9, 5, 1), (16, 6, 2), (20, 6, 2), (30, 6, 2)):
            with self.subTest(days=days), freeze_time(start + timedelta(days=days)):
                self.send(campaign)
                self.assertEqual(len(self.mails(campaign)), total)
                self.assertEqual(silent.procedure_reminders, reminders)

    def test_no_reminder_after_the_end(self):
        self.new_customers(1)
        campaign = self.running(date_to=fields.Date.today() + timedelta(days=3))
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            self.send(campaign)
        self.assertEqual(len(self.mails(campaign)), 1)

    def test_remind_now(self):
        """By hand, but nobody twice within a day."""
        self.new_customers(2)
        campaign = self.running()
        self.assertIn("nobody to remind", campaign.action_remind()["params"]["message"])
        self.send(campaign)
        self.assertEqual(len(self.mails(campaign)), 2)
        with freeze_time(fields.Datetime.now() + timedelta(days=2)):
            self.assertIn("2 reminders", campaign.action_remind()["params"]["message"])
            self.send(campaign)
            self.send(campaign)
            self.assertEqual(len(self.mails(campaign)), 4)
            campaign.action_remind()
            self.send(campaign)
            self.assertEqual(len(self.mails(campaign)), 4)

    def test_looked_at_again_just_before_the_mail(self):
        """Two surveys drawn in the same week; whoever was asked, or refused, meanwhile is left out with the reason."""
        first_customer, second_customer, third = self.new_customers(3)
        one, two = self.new_campaign(), self.new_campaign()
        one.action_draw()
        two.action_draw()
        self.assertEqual(two.drawn_count, 3)
        third.email, third.child_ids = "x@example.org", False
        two.participant_ids.sudo().filtered(lambda p: p.procedure_customer_id == third).email = False
        second_customer.procedure_no_survey = True
        one.action_send()
        self.send(one)
        two.action_send()
        self.send(two)
        reasons = {p.procedure_customer_id: p.procedure_skip_reason for p in two.participant_ids}
        self.assertEqual(reasons, {first_customer: "again", second_customer: "optout", third: "address"})
        self.assertFalse(self.mails(two))
        self.assertEqual(two.invited_count, 0)

    def test_two_surveys_at_once(self):
        self.new_customers(3)
        one, two = self.new_campaign(), self.new_campaign()
        (one | two).action_draw()
        (one | two).action_send()
        self.send(one | two)
        self.assertEqual(one.invited_count + two.invited_count, 3)

    def test_by_phone(self):
        """Staff ask and type it in, and the answer says so (Q2)."""
        self.new_customers(2, email=False, phone="+86 24 5550")
        campaign = self.running()
        self.assertFalse(self.mails(campaign))
        self.assertEqual(campaign.call_count, 2)
        participant = campaign.participant_ids[0]
        for role in ("user", "sales", "service", "manager", "auditor"):
            with self.assertRaises(AccessError):
                self._call(participant, self.users[role], "action_enter_by_phone")
        action = self._call(participant, self.users["marketing"], "action_enter_by_phone")
        self.assertIn(participant.access_token, action["url"])
        self.answer(participant, 5)
        self.assertEqual(participant.procedure_entered_by_id, self.users["marketing"])
        self.assertEqual(participant.procedure_outcome, "answered")
        with self.assertRaisesRegex(UserError, "can no longer answer"):
            participant.with_user(self.users["marketing"]).action_enter_by_phone()

    def test_ended_surveys_are_put_before_marketing_once(self):
        self.new_customers(1)
        campaign = self.running(date_to=fields.Date.today() + timedelta(days=1))
        for days, count in ((1, 0), (3, 1), (4, 1)):
            with freeze_time(fields.Datetime.now() + timedelta(days=days)), self.enter_registry_test_mode():
                self.env.ref("crm_procedure.ir_cron_survey_end").method_direct_trigger()
            campaign.invalidate_recordset()
            self.assertEqual(len(campaign.activity_ids), count)
        campaign.action_analyse()
        self.assertFalse(campaign.activity_ids)

    def test_queries_of_an_invitation(self):
        """At most three each, and none more with more of them."""
        counts = []
        for count in (20, 100):
            self.new_customers(count)
            campaign = self.new_campaign(expected_rate=1)
            campaign.action_send()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            campaign.sudo()._invite_batch(500)
            self.env.flush_all()
            counts.append((self.env.cr.sql_log_count - before) / count)
        self.assertLess(counts[1], 3)
        self.assertLessEqual(counts[1], counts[0])


@tagged("post_install", "-at_install")
class TestLinks(CampaignCase, HttpCase):
    """The personal link, whose hand it opens for, and “do not ask me again”."""

    def test_answer_by_the_link(self):
        self.new_customers(1)
        participant = self.running().participant_ids
        url = participant.get_start_url()
        page = self.url_open(url)
        self.assertEqual(page.status_code, 200)
        self.assertIn(self.survey.title, page.text)
        self.assertEqual(participant.state, "new", "looking is not answering")
        without = self.url_open(f"/survey/start/{self.survey.access_token}")
        self.assertNotIn("o_survey-fill-form", without.text, "by invitation only")

    def test_staff_do_not_answer_for_the_customer(self):
        """Logged in, the link opens only in telephone mode, which says who typed it in."""
        self.new_customers(1)
        participant = self.running().participant_ids
        self.users["marketing"].password = "test_marketing1"
        self.authenticate("test_marketing", "test_marketing1")
        refused = self.url_open(participant.get_start_url())
        self.assertNotIn("o_survey-fill-form", refused.text)
        participant.with_user(self.users["marketing"]).action_enter_by_phone()
        self.env.flush_all()
        opened = self.url_open(participant.get_start_url())
        self.assertIn("o_survey-fill-form", opened.text)

    def test_after_the_end(self):
        """Answers after the deadline: a page that says so, nothing taken."""
        self.new_customers(2)
        campaign = self.running()
        campaign.action_analyse()
        self.env.flush_all()
        page = self.url_open(campaign.participant_ids[0].get_start_url())
        self.assertNotIn("o_survey-fill-form", page.text)
        late = campaign.participant_ids[1]
        self.answer(late, 5)
        self.assertEqual(late.procedure_outcome, "late", "kept, and not in the figures")
        self.assertEqual(campaign.answered_count, 0)

    def test_do_not_ask_me_again(self):
        """A GET changes nothing; wrong and missing links answer alike."""
        customer = self.new_customers(1)
        participant = self.running().participant_ids.sudo()
        url = f"/crm_procedure/survey/{participant.id}/stop/{participant._procedure_stop_token()}"
        self.assertEqual(self.url_open(url).status_code, 200)
        self.assertFalse(customer.procedure_no_survey)
        pages = []
        for wrong in (f"/crm_procedure/survey/{participant.id}/stop/nonsense", "/crm_procedure/survey/0/stop/nonsense"):
            page = self.url_open(wrong)
            token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
            pages.append(self.url_open(wrong, data={"csrf_token": token}).text.split("<main>")[1])
        self.assertEqual(pages[0].replace(str(participant.id), "0"), pages[1])
        self.assertFalse(customer.procedure_no_survey)
        page = self.url_open(url)
        token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
        self.url_open(url, data={"csrf_token": token})
        customer.invalidate_recordset()
        participant.invalidate_recordset()
        self.assertTrue(customer.procedure_no_survey)
        self.assertEqual(participant.procedure_outcome, "refused")
