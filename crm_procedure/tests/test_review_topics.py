from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .review_common import ReviewCase


@tagged("post_install", "-at_install")
class TestReviewTopics(ReviewCase):
    """Feedback of departments on the procedure (A6): proposed in two fields, taken up, answered."""

    def propose(self, role="user", moment="2026-04-02 08:00:00", **values):
        with freeze_time(moment):
            values = {"name": "Too many fields", "description": "Nobody fills them in", **values}
            topic = self.Topic.with_user(self.users[role]).create(values)
        topic.read([])  # every column, as the form does, whatever review it is on
        return topic

    def told(self, role):
        return self.env["mail.message"].search(
            [("model", "=", self.Topic._name), ("partner_ids", "in", self.users[role].partner_id.ids)]
        )

    def test_anybody_proposes(self):
        """A6: in two fields; who, when and from where is put on record."""
        self.team_sales.member_ids = self.users["user"]
        topic = self.propose()
        self.assertEqual((topic.origin, topic.state), ("department", "proposed"))
        self.assertEqual((topic.proposed_by_id, topic.team_id), (self.users["user"], self.team_sales))
        for role in ("specialist", "sales", "marketing", "service", "supervisor", "quality", "manager"):
            self.assertTrue(self.propose(role).proposed_by_id, role)
        with self.assertRaises(AccessError):
            self.propose("auditor")
        with self.assertRaises(AccessError):
            self.Topic.with_user(self.stranger).create({"name": "Too many fields"})

    def test_nothing_else_is_smuggled_in(self):
        """A6: what came of it is not the proposer's to write."""
        sneaky = {"conclusion": "Granted", "reply": "Yes", "changes_procedure": True, "proposed_by_id": 1}
        topic = self.propose(**sneaky)
        self.assertFalse(topic.conclusion or topic.reply or topic.changes_procedure or topic.replied_on)
        self.assertEqual(topic.proposed_by_id, self.users["user"])
        context = {f"default_{name}": value for name, value in sneaky.items()}
        topic = self.Topic.with_user(self.users["user"]).with_context(**context).create({"name": "Too many"})
        self.assertFalse(topic.conclusion or topic.reply or topic.changes_procedure)
        with self.assertRaises(AccessError):
            topic.conclusion = "Granted"
        with self.assertRaises(AccessError):
            topic.sudo(False).write({"reply": "Yes"})
        draft = self.new_review("quarterly")
        with self.assertRaises(AccessError):
            topic.review_id = draft
        with self.assertRaises(AccessError):
            self.Topic.with_user(self.users["user"]).create({"name": "Mine", "review_id": draft.id})

    def test_who_sees_it(self):
        """A6: who proposed it, the leader of the department, those who prepare, sign and oversee; nobody else."""
        self.team_sales.member_ids = self.users["user"]
        topic = self.propose()
        seen = {role for role, user in self.users.items() if self.Topic.with_user(user).search([("id", "=", topic.id)])}
        self.assertEqual(seen, {"user", "sales", "service", "supervisor", "quality", "manager", "auditor"})

    def test_it_lands_on_the_next_review(self):
        """A6: what waits comes on the agenda of the next review by itself, after the standard topics."""
        topic = self.propose(moment="2026-04-20 08:00:00")
        self.assertFalse(topic.review_id)
        with freeze_time("2026-04-20 09:00:00"):
            self.assertFalse(self.Topic.with_user(self.users["user"]).search([("review_id", "!=", False)]))
        self.new_review("legal", "2026-04-21 08:00:00")
        self.assertFalse(topic.review_id, "legal reviews take none")
        self.run_cron("2026-05-01 08:00:00")
        self.assertEqual(topic.sudo().review_id.kind, "monthly")
        self.assertEqual(topic.state, "agenda")
        self.assertEqual(topic.sudo().review_id.agenda_ids[-1], topic)

    def test_it_lands_on_the_meeting_being_prepared(self):
        review = self.new_review("monthly", date="2026-04-10")
        self.new_review("quarterly", date="2026-04-15")
        self.assertEqual(self.propose(moment="2026-04-03 08:00:00").review_id, review, "the next meeting")
        self.assertFalse(self.propose(moment="2026-04-20 08:00:00").review_id, "both were held by then")

    def test_service_sums_up_and_answers(self):
        """A6: customer service answers at once where no meeting is needed; the proposer is told."""
        topic = self.propose()
        service = topic.with_user(self.users["service"])
        service.summary = "Three departments say so"
        action = service.action_reply()
        self.assertEqual(action["res_model"], "crm.procedure.reason")
        wizard = self.env["crm.procedure.reason"].with_user(self.users["service"]).browse(action["res_id"])
        wizard.reason = "Only the first five are required"
        wizard.action_confirm()
        self.assertEqual((topic.state, topic.reply), ("answered", "Only the first five are required"))
        self.assertEqual(topic.replied_by_id, self.users["service"])
        self.assertIn("first five", self.told("user").body)
        with self.assertRaisesRegex(UserError, "answered already"):
            service.action_reply("And again")
        for role in ("user", "manager", "auditor", "marketing"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.propose().with_user(self.users[role]).action_reply("No")

    def test_answered_ones_wait_for_no_review(self):
        topic = self.propose()
        topic.with_user(self.users["service"]).action_reply("Done")
        self.run_cron("2026-05-01 08:00:00")
        self.assertFalse(topic.review_id)

    def test_put_off(self):
        """A6: what a meeting had no time for waits for the next one; the proposer is told why."""
        review = self.new_review("monthly", date="2026-04-10")
        topic = self.propose()
        topic.with_user(self.users["service"]).action_put_off("No time left")
        self.assertFalse(topic.review_id)
        self.assertEqual(topic.state, "proposed")
        self.assertIn("No time left", self.told("user").body)
        self.assertIn("put off", "".join(review.message_ids.mapped("body")))
        self.run_cron("2026-05-01 08:00:00")
        self.assertEqual(topic.sudo().review_id.date_to.isoformat(), "2026-04-30")
        with self.assertRaisesRegex(UserError, "cannot be put off"):
            review.agenda_ids[0].with_user(self.users["service"]).action_put_off("Boring")

    def test_proposer_learns_what_came_of_it(self):
        """A6: with the approval of the minutes, and with what is done about it."""
        review = self.new_review("monthly", date="2026-04-03")
        topic = self.propose()
        quality = topic.with_user(self.users["quality"])
        self.env["crm.procedure.action"].with_user(self.users["quality"]).create(
            {"subject": "Fewer fields", "kind": "improvement", "review_topic_id": topic.id}
        )
        quality.conclusion = "They are right"
        self.hold(review)
        self.assertFalse(self.told("user"), "not before management has signed")
        review.with_user(self.users["manager"]).action_approve()
        self.assertEqual((topic.state, topic.replied_by_id), ("answered", review.user_id))
        message = self.told("user")
        self.assertEqual(len(message), 1)
        self.assertIn(review.name, message.body)
        self.assertIn("Fewer fields", message.body)

    def test_proposals_are_evidence(self):
        topic = self.propose()
        for user in (self.users["user"], self.users["quality"]):
            with self.assertRaisesRegex(UserError, "evidence"):
                topic.with_user(user).unlink()

    def test_proposer_adds_until_it_is_answered(self):
        topic = self.propose()
        topic.description = "Nobody fills them in, not even we"
        topic.with_user(self.users["service"]).action_reply("Thank you")
        with self.assertRaises(AccessError):
            topic.description = "More"

    def test_long_and_strange_words(self):
        """Emoji, right-to-left, markup and very long text come through as they were written."""
        words = "<b>字段太多</b> 😀 مرحبا =1+1 " + "x" * 40_000
        topic = self.propose(description=words)
        self.new_review("monthly", date="2026-04-10")
        topic.with_user(self.users["service"]).action_reply("<script>alert(1)</script> 好")
        self.assertEqual(topic.description, words)
        self.assertNotIn("<script>", self.told("user").body)
        self.assertIn("好", self.told("user").body)
