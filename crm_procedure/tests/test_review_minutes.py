from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .review_common import ReviewCase


@tagged("post_install", "-at_install")
class TestReviewMinutes(ReviewCase):
    """Held, concluded, decided, submitted, signed (A1, A3, A4, A5); who is told."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.review = cls.new_review("quarterly", date="2026-04-03")

    def mails(self, review):
        return self.env["mail.message"].search(
            [("model", "=", review._name), ("res_id", "=", review.id), ("message_type", "=", "user_notification")]
        )

    def decide(self, topic, role="quality", **values):
        topic = topic.with_user(self.users[role])
        action = topic.action_decide()
        context = {key: value for key, value in action["context"].items() if key.startswith("default_")}
        return topic.env[action["res_model"]].with_context(**context).create({"subject": "Train everybody", **values})

    # ------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------

    def test_who_writes_the_minutes(self):
        """A4: the chair and those who prepare; attendees read."""
        topic = self.review.agenda_ids[0]
        for role in ("manager", "quality", "service", "supervisor"):
            topic.with_user(self.users[role]).conclusion = f"Written by {role}"
            self.review.with_user(self.users[role]).write({"agenda_ids": [(1, topic.id, {"conclusion": "So be it"})]})
        for role in ("sales", "marketing", "auditor"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.review.with_user(self.users[role]).write({"date": "2026-04-05"})
            with self.subTest(role), self.assertRaises(AccessError):
                topic.with_user(self.users[role]).conclusion = "Mine"
        self.assertEqual(self.review.with_user(self.users["sales"]).agenda_ids[0].conclusion, "So be it")

    def test_who_sees_a_review(self):
        """A3: who is invited, who prepares, signs or oversees; a plain user does not."""
        seen = {
            role
            for role, user in self.users.items()
            if self.Review.with_user(user).search([("id", "=", self.review.id)])
        }
        self.assertEqual(seen, set(self.users) - {"user", "specialist"})
        with self.assertRaises(AccessError):
            self.review.with_user(self.users["user"]).read(["figures"])
        self.review.attendee_ids += self.users["user"]
        self.review.with_user(self.users["user"]).read(["figures", "figures_html", "agenda_ids"])

    def test_chair_without_a_role(self):
        """A5: the leader of the legal department is a plain user and writes the minutes of the legal review."""
        self._new_team("legal", role="user")
        review = self.new_review("legal")
        mine = review.with_user(self.users["user"])
        mine.write({"agenda_ids": [(1, review.agenda_ids[0].id, {"conclusion": "Within the law"})]})
        mine.action_conclude_rest()
        self.assertFalse(review.agenda_ids.filtered(lambda topic: not topic.conclusion))
        with self.assertRaisesRegex(UserError, "gives out the action"):
            mine.agenda_ids[0].action_decide()
        with self.assertRaises(AccessError):
            mine.action_submit()

    def test_not_submitted_before_it_was_held(self):
        """A4: the meeting was held, everybody's topic has a conclusion."""
        quality = self.review.with_user(self.users["quality"])
        with freeze_time("2026-04-02 08:00:00"), self.assertRaisesRegex(UserError, "not been held"):
            quality.action_submit()
        with freeze_time("2026-04-03 08:00:00"):
            with self.assertRaisesRegex(UserError, "no conclusion yet: Open actions"):
                quality.action_submit()
            quality.agenda_ids[0].conclusion = "All done"
            quality.action_conclude_rest()
            quality.attendee_ids = False
            with self.assertRaisesRegex(UserError, "no attendees"):
                quality.action_submit()
            quality.attendee_ids = self.users["sales"]
            quality.date = False
            with self.assertRaisesRegex(UserError, "not been held"):
                quality.action_submit()
            quality.date = "2026-04-03"
            quality.action_submit()
        self.assertEqual(self.review.agenda_ids[0].conclusion, "All done", "no remarks on the rest only")

    def test_no_remarks_leaves_departments_alone(self):
        with freeze_time("2026-04-02 08:00:00"):
            topic = self.Topic.with_user(self.users["user"]).create({"name": "Too many fields"})
        self.assertEqual(topic.review_id, self.review)
        self.review.with_user(self.users["quality"]).action_conclude_rest()
        self.assertFalse(topic.conclusion)

    # ------------------------------------------------------------
    # Decisions
    # ------------------------------------------------------------

    def test_decisions_become_actions(self):
        """A1, A4: one click from the topic: what, who, by when; the owner is told."""
        action = self.decide(self.review.agenda_ids[1], user_id=self.users["sales"].id)
        self.assertEqual((action.kind, action.review_id), ("improvement", self.review))
        self.assertEqual(self.review.action_ids, action)
        self.assertEqual(self.review.agenda_ids[1].action_count, 1)
        self.assertIn(self.users["sales"], action.activity_ids.user_id)
        seen = action.with_user(self.users["marketing"]).read(["subject"])
        self.assertEqual(seen[0]["subject"], "Train everybody", "attendees see what was decided")

    def test_open_actions_come_first_next_time(self):
        """A1, A4: the next review, of any kind, begins with what is still to be done."""
        with freeze_time("2026-04-03 09:00:00"):
            late = self.decide(
                self.review.agenda_ids[1], user_id=self.users["sales"].id, deadline="2026-05-01 09:00:00"
            )
            done = self.decide(self.review.agenda_ids[1], user_id=self.users["marketing"].id)
            done.with_user(self.users["marketing"]).action_done("Done")
            done.with_user(self.users["manager"]).action_verify(True, "Looks good")
        following = self.new_review("monthly", "2026-06-01 08:00:00")
        first = following.agenda_ids[0]
        rows = following.figures["actions"]["rows"]
        self.assertEqual([row["id"] for row in rows], late.ids)
        self.assertTrue(rows[0]["is_overdue"])
        self.assertEqual(rows[0]["review"], self.review.name)
        self.assertIn(late.subject, first.figures_html)
        self.assertEqual(following.figures["actions"]["of_reviews"], 1)

    def test_decision_that_changes_the_procedure(self):
        """A2: with the signature of management, quality management is asked to revise it."""
        self.review.agenda_ids[-1].changes_procedure = True
        self.hold(self.review)
        kind = self.env.ref("crm_procedure.mail_activity_type_revise")
        self.assertFalse(self.review.activity_ids.filtered(lambda a: a.activity_type_id == kind))
        self.review.with_user(self.users["manager"]).action_approve()
        activity = self.review.activity_ids.filtered(lambda a: a.activity_type_id == kind)
        self.assertEqual(activity.user_id, self.users["quality"])
        self.assertIn("Do the rules have to change?", activity.summary)

    # ------------------------------------------------------------
    # Signatures
    # ------------------------------------------------------------

    def test_signed_by_management(self):
        """A3, A4: whoever submitted it does not approve it; approved, nothing in it moves any more."""
        action = self.decide(self.review.agenda_ids[1], user_id=self.users["sales"].id)
        self.hold(self.review)
        self.assertEqual(self.review.state, "submitted")
        asked = self.env.ref("crm_procedure.mail_activity_type_approval")
        self.assertEqual(
            self.review.activity_ids.filtered(lambda a: a.activity_type_id == asked).user_id, self.users["manager"]
        )
        self.users["quality"].group_ids += self.env.ref("crm_procedure.group_manager")
        with self.assertRaisesRegex(UserError, "own work"):
            self.review.with_user(self.users["quality"]).action_approve()
        self.review.with_user(self.users["manager"]).action_approve()
        self.assertEqual(self.review.state, "approved")
        self.assertEqual(self.review.decisions[0]["id"], action.id)
        for role in ("quality", "manager", "service"):
            mine = self.review.with_user(self.users[role])
            with self.subTest(role), self.assertRaises(UserError):
                mine.write({"date": "2026-04-05"})
            with self.subTest(role), self.assertRaises(UserError):
                mine.agenda_ids[0].write({"conclusion": "Something else"})
            with self.subTest(role), self.assertRaises(UserError):
                mine.agenda_ids[0].unlink()
            with self.subTest(role), self.assertRaises(UserError):
                self.Topic.with_user(self.users[role]).create({"name": "Late", "review_id": self.review.id})
            with self.subTest(role), self.assertRaises(UserError):
                mine.action_freeze("Nicer figures")
            with self.subTest(role), self.assertRaises(UserError):
                mine.unlink()

    def test_sent_back(self):
        """Rejected, it is a draft again with the reason on it; there is one review for a period."""
        self.hold(self.review)
        self.review.with_user(self.users["manager"]).action_reject("Who does it?")
        self.assertEqual((self.review.state, self.review.reject_reason), ("draft", "Who does it?"))
        self.hold(self.review, "2026-04-07")
        self.review.with_user(self.users["manager"]).action_approve()
        self.assertEqual(self.review.state, "approved")

    def test_decisions_are_those_that_were_signed(self):
        """A4: the minutes say what management signed, whatever becomes of the action."""
        action = self.decide(self.review.agenda_ids[1], user_id=self.users["sales"].id)
        self.hold(self.review)
        self.review.with_user(self.users["manager"]).action_approve()
        action.subject = "Train nobody"
        sheet = self.env["report.crm_procedure.review_minutes"]._sheet(self.review)
        self.assertEqual([line[1] for line in sheet["decisions"]["lines"]], ["Train everybody"])

    def test_printed_minutes(self):
        """A4, D1: form number, attendees, figures, conclusions, decisions, signatures."""
        self.decide(self.review.agenda_ids[1], user_id=self.users["sales"].id)
        self.review.agenda_ids[0].conclusion = "<b>=1+1</b> 好 😀"
        self.review.agenda_ids[1].conclusion = "Two were late"
        self.hold_without_conclusions()
        report = self.env.ref("crm_procedure.report_review_minutes")
        for role in ("manager", "sales", "auditor"):
            html = report.with_user(self.users[role])._render_qweb_html(report.report_name, self.review.ids)[0].decode()
            for text in ("REV-2026-0001", "Two were late", "Train everybody", "Marketing", "no form number assigned"):
                self.assertIn(text, html)
            self.assertIn("&lt;b&gt;=1+1", html)
        with self.assertRaises(AccessError):
            report.with_user(self.users["user"])._render_qweb_html(report.report_name, self.review.ids)

    def hold_without_conclusions(self):
        quality = self.review.with_user(self.users["quality"])
        quality.action_conclude_rest()
        with freeze_time("2026-04-03 12:00:00"):
            quality.action_submit()

    # ------------------------------------------------------------
    # Telling people
    # ------------------------------------------------------------

    def opened(self, moment="2026-07-01 08:00:00"):
        self.run_cron(moment)
        return self.reviews("quarterly")[-1]

    def test_one_mail_in_the_readers_language(self):
        """A1, A4: every attendee has one message, in their language; those with a duty an activity besides."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.users["sales"].lang = "zh_CN"
        review = self.opened()
        mails = self.mails(review)
        self.assertEqual(len(mails), 2, "one for each language")
        addressed = mails.mapped("partner_ids")
        self.assertEqual(addressed, review.attendee_ids.partner_id)
        self.assertEqual(sum(len(mail.partner_ids) for mail in mails), len(addressed))
        kind = self.env.ref("crm_procedure.mail_activity_type_review")
        activities = review.activity_ids.filtered(lambda a: a.activity_type_id == kind)
        self.assertEqual(activities.user_id, self.users["manager"] | self.users["quality"])
        queued = self.env["mail.mail"].search([("model", "=", review._name), ("res_id", "=", review.id)])
        reached = queued.mapped("recipient_ids")
        self.assertEqual(reached, addressed)
        self.assertEqual(sum(len(mail.recipient_ids) for mail in queued), len(addressed), "no second mail")
        self.run_cron("2026-07-01 20:00:00")
        self.assertEqual(self.mails(review), mails)

    def test_attendees_without_mail(self):
        """A4: nobody is forgotten in silence: the review names who could not be written to."""
        self.users["sales"].email = False
        review = self.opened()
        self.assertNotIn(self.users["sales"].partner_id, self.mails(review).partner_ids)
        self.assertIn("Sales", "".join(review.message_ids.mapped("body")))
        self.users["marketing"].write({"email": False, "notification_type": "inbox"})
        later = self.opened("2026-10-01 08:00:00")
        self.assertIn(self.users["marketing"].partner_id, self.mails(later).partner_ids, "reads it in the inbox")

    def test_nobody_to_invite(self):
        """A review of a company without people is opened all the same."""
        other = self.env["res.company"].create({"name": "Empty"})
        review = self.Review.with_company(other)._open_one(
            other, kind="monthly", date_from="2026-03-01", date_to="2026-03-31"
        )
        self.assertFalse(review.attendee_ids or self.mails(review))
        self.assertTrue(review.agenda_ids)

    def test_by_hand_people_are_told_on_request(self):
        self.assertFalse(self.mails(self.review))
        with self.assertRaises(AccessError):
            self.review.with_user(self.users["sales"]).action_invite()
        self.review.with_user(self.users["quality"]).action_invite()
        self.assertEqual(self.mails(self.review).partner_ids, self.review.attendee_ids.partner_id)
        self.review.with_user(self.users["quality"]).action_invite()
        self.assertEqual(len(self.mails(self.review)), 1, "once")
