from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .campaign_common import CampaignCase


@tagged("post_install", "-at_install")
class TestCampaign(CampaignCase):
    """Q1, Q2, X7: whom to ask; a draw that can be repeated; states and rights."""

    def test_new_survey_comes_filled_in(self):
        """Five minutes: nothing has to be typed before the sample is drawn."""
        campaign = self.new_campaign()
        self.assertEqual(campaign.survey_id, self.survey)
        self.assertEqual(campaign.date_to - campaign.date_from, timedelta(days=21))
        self.assertTrue(campaign.title and campaign.seed)
        form = self.new_campaign(kind="delivery")
        self.assertEqual(form.survey_id, self.env.ref("crm_procedure.survey_delivery"))
        self.assertTrue(form.propose_tickets)

    def test_census_of_few(self):
        self.new_customers(4, "A")
        self.new_customers(6, "B")
        campaign = self.new_campaign()
        campaign.action_draw()
        self.assertEqual(campaign.sample["population"], 10)
        self.assertEqual(campaign.sample["drawn"], 10)
        self.assertEqual([row["name"] for row in campaign.sample["strata"]], ["A", "B"])
        participants = campaign.participant_ids
        self.assertEqual(len(participants), 10)
        self.assertEqual(set(participants.mapped("procedure_outcome")), {"drawn"})
        self.assertEqual(len(set(participants.mapped("access_token"))), 10)
        self.assertEqual(participants[0].predefined_question_ids, self.survey.question_ids)
        self.assertFalse(
            self.env["mail.mail"].search([("model", "=", "survey.user_input"), ("res_id", "in", participants.ids)])
        )

    def test_sample_size_and_allocation(self):
        """200 customers within 10 %: 66 answers of 200 by the formula, 132 asked when half of them answer."""
        self.new_customers(20, "A")
        self.new_customers(180, "C")
        campaign = self.new_campaign(margin=10, expected_rate=50)
        campaign.action_draw()
        self.assertEqual(campaign.sample["needed"], 66)
        self.assertEqual({row["name"]: row["drawn"] for row in campaign.sample["strata"]}, {"A": 14, "C": 118})
        campaign.precision = "grade"
        campaign.action_draw()
        needed = {row["name"]: row["needed"] for row in campaign.sample["strata"]}
        self.assertEqual(needed, {"A": 17, "C": 63})

    def test_draw_can_be_repeated(self):
        """The same seed and customers: the same sample; another customer changes one place at most."""
        self.new_customers(60)
        campaign = self.new_campaign(margin=20, expected_rate=100, seed=42)
        campaign.action_draw()
        first = campaign.participant_ids.procedure_customer_id
        campaign.action_draw()
        self.assertEqual(campaign.participant_ids.procedure_customer_id, first)
        other = self.new_campaign(margin=20, expected_rate=100, seed=42)
        other.action_draw()
        self.assertEqual(other.participant_ids.procedure_customer_id, first)
        other.seed = 43
        other.action_draw()
        self.assertNotEqual(other.participant_ids.procedure_customer_id, first)
        self.new_customers(1, "C", name="Latecomer", email="late@example.org")
        campaign.action_draw()
        self.assertLessEqual(len(first - campaign.participant_ids.procedure_customer_id), 1)

    def test_population_by_grade_and_conditions(self):
        self.new_customers(3, "A")
        self.new_customers(3, "B", city="Shenyang")
        self.new_customers(3, "C", city="Shenyang")
        campaign = self.new_campaign(grade_ids=[(6, 0, (self.grade("A") | self.grade("B")).ids)])
        campaign.action_draw()
        self.assertEqual(campaign.sample["population"], 6)
        campaign.population_domain = "[('city', '=', 'Shenyang'), ('ref', '=', 'TEST')]"
        campaign.action_draw()
        self.assertEqual(campaign.sample["population"], 3)

    def test_conditions_that_cannot_be_read(self):
        for text in ("[('nowhere', '=', 1)]", "[(", "__import__('os')", "[('city', 'foo', 1)]"):
            with self.subTest(text), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.new_campaign(population_domain=text)

    def test_who_is_asked_at_a_customer(self):
        """A person rather than the switchboard; without any email the telephone; nobody who refused."""
        with_person, by_phone, refused, nothing, blocked = (
            self.new_customers(1, "C", name=name, email=False, phone=False)
            for name in ("Person", "Phone", "Refused", "Nothing", "Blocked")
        )
        with_person.email = "office@example.org"
        person = self.env["res.partner"].create(
            {"name": "Ms Lin", "parent_id": with_person.id, "email": "lin@example.org", "type": "contact"}
        )
        by_phone.phone = "+86 24 5550"
        refused.write({"email": "r@example.org", "procedure_no_survey": True})
        blocked.email = "blocked@example.org"
        self.env["mail.blacklist"]._add("blocked@example.org")
        campaign = self.new_campaign()
        campaign.action_draw()
        asked = {p.procedure_customer_id: p for p in campaign.participant_ids}
        self.assertEqual(set(asked), {with_person, by_phone})
        self.assertEqual(asked[with_person].partner_id, person)
        self.assertEqual(asked[by_phone].procedure_channel, "phone")
        self.assertEqual(campaign.sample["excluded"], {"optout": 2, "address": 1})
        self.assertEqual(campaign.sample["population"], 5)
        self.assertFalse(nothing in asked)

    def test_not_asked_again(self):
        """Two surveys for one customer in a week: the second leaves those out, and says so."""
        customers = self.new_customers(6)
        first = self.running()
        self.assertEqual(first.invited_count, 6)
        self.new_customers(2, "B")
        second = self.new_campaign()
        second.action_draw()
        self.assertEqual(second.participant_ids.procedure_customer_id & customers, self.env["res.partner"])
        self.assertEqual(second.sample["excluded"], {"again": 6})
        long_ago = self.days_ago(100)
        first.participant_ids.sudo().write({"procedure_invited_on": long_ago})
        second.action_draw()
        self.assertFalse(second.sample["excluded"])

    def test_nobody_to_ask(self):
        with self.assertRaisesRegex(UserError, "nobody to ask"):
            self.new_campaign().action_draw()

    def test_survey_without_scored_questions(self):
        survey = self.env["survey.survey"].create(
            {
                "title": "Only words",
                "survey_type": "procedure",
                "question_and_page_ids": [(0, 0, {"title": "Well?", "question_type": "text_box"})],
            }
        )
        self.new_customers(2)
        with self.assertRaisesRegex(UserError, "no question that makes a figure"):
            self.new_campaign(survey_id=survey.id).action_send()

    def test_survey_of_the_past(self):
        self.new_customers(2)
        day = fields.Date.today() - timedelta(days=30)
        with self.assertRaisesRegex(UserError, "nobody could answer"):
            self.new_campaign(date_from=day, date_to=day).action_send()

    def test_state_and_figures_are_not_typed(self):
        self.new_customers(2)
        campaign = self.running()
        for values in ({"state": "approved"}, {"csat": 100}, {"figures": {}}, {"sample": {}}):
            with self.assertRaises(AccessError):
                campaign.write(values)
        with self.assertRaisesRegex(UserError, "cannot be changed any more"):
            campaign.seed = 3
        campaign.date_to += timedelta(days=7)
        self.assertEqual(campaign.participant_ids[0].deadline, campaign._end_moment())
        with self.assertRaises(UserError):
            campaign.unlink()
        with self.assertRaises(UserError):
            campaign.participant_ids.sudo().unlink()

    def test_steps_in_order(self):
        """Draft, running, analysed, submitted, approved; a report without findings does not go to management."""
        self.new_customers(2)
        campaign = self.new_campaign()
        for method in ("action_analyse", "action_submit", "action_remind"):
            with self.assertRaises(UserError):
                getattr(campaign, method)()
        campaign.action_send()
        with self.assertRaisesRegex(UserError, "Nobody has been asked"):
            campaign.action_analyse()
        self.send(campaign)
        campaign.action_analyse()
        with self.assertRaisesRegex(UserError, "no findings"):
            campaign.action_submit()
        campaign.findings = "<p>All is well.</p>"
        campaign.action_submit()
        campaign.with_user(self.users["manager"]).action_reject("Say what you will do")
        self.assertEqual(campaign.state, "analysed")
        campaign.action_submit()
        campaign.with_user(self.users["manager"]).action_approve()
        self.assertEqual(campaign.state, "approved")
        following = self.Campaign.browse(campaign.action_next()["res_id"])
        self.assertEqual(following.state, "draft")
        self.assertFalse(following.participant_ids or following.figures or following.sample)

    def test_who_sees_what(self):
        """Results are for everybody when they are approved, participants for those concerned."""
        self.new_customers(2)
        campaign = self.running()
        participant = campaign.participant_ids[0]
        for role in ("user", "sales", "service", "specialist"):
            with self.assertRaises(AccessError):
                self._call(campaign, self.users[role], "read", ["title"])
            with self.assertRaises(AccessError):
                self._call(participant, self.users[role], "read", ["email"])
        for role in ("marketing", "supervisor", "quality", "manager", "auditor"):
            self._call(campaign, self.users[role], "read", ["title", "answered_count"])
            self._call(participant, self.users[role], "read", ["procedure_outcome"])
            with self.assertRaises(AccessError):
                self._call(participant, self.users[role], "write", {"procedure_outcome": "answered"})
        self.approved(campaign)
        self._call(campaign, self.users["user"], "read", ["csat_text", "figures_html"])

    def test_answered_questions_stay(self):
        """A question deleted after the campaign would take its answers along."""
        self.new_customers(2)
        campaign = self.running()
        self.answer(campaign.participant_ids[0], 5, 10)
        question = self.survey.question_ids[0]
        for change in (
            question.unlink,
            self.survey.unlink,
            lambda: question.write({"procedure_dimension": "service"}),
            lambda: question.write({"scale_max": 7}),
        ):
            with self.assertRaisesRegex(UserError, "answers are evidence"):
                change()
        question.title = "How satisfied are you with our products?"
        self.survey.copy()

    def test_other_surveys_stay_closed(self):
        other = self.env["survey.survey"].create({"title": "Staff", "survey_type": "survey"})
        with self.assertRaises(AccessError):
            other.with_user(self.users["marketing"]).read(["title"])

    def test_draw_takes_few_queries(self):
        counts = []
        for count in (5, 50):
            self.new_customers(count)
            campaign = self.new_campaign()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            campaign.action_draw()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0], "not one by one")
