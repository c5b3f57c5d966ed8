from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..tools.contradiction import contradicts
from ..tools.similarity import likeness
from .ticket_common import TicketCase


@tagged("post_install", "-at_install")
class TestTicketTriage(TicketCase):
    """C7, C8: priority by a visible rule; duplicates found and merged."""

    def test_c8_priority_by_the_rule(self):
        for values, priority in (
            ({"kind": "inquiry"}, "0"),
            ({"kind": "complaint"}, "1"),
            ({"kind": "inquiry", "severity": "major"}, "2"),
            ({"kind": "complaint", "severity": "critical"}, "3"),
            ({"kind": "inquiry", "is_safety": True}, "3"),
        ):
            with self.subTest(values):
                self.assertEqual(self.report("service", **values).priority, priority)

    def test_rule_follows_what_service_finds(self):
        ticket = self.accepted()
        self.assertIn("Complaint", ticket.priority_rule)
        ticket.severity = "major"
        self.assertEqual(ticket.priority, "2")
        self.assertIn("Major", ticket.priority_rule)
        ticket.kind = "inquiry"
        ticket.severity = "minor"
        self.assertEqual(ticket.priority, "0")
        self.assertIn("nothing special", ticket.priority_rule)

    def test_by_the_grade(self):
        self.procedure.sudo().ticket_triage_ids = [
            (0, 0, {"grade_id": self.grade("A").id, "kind": "inquiry", "priority": "2"})
        ]
        self.customer.sudo().with_company(self.company).procedure_grade_id = self.grade("A")
        self.assertEqual(self.report(kind="inquiry").priority, "2")
        self.assertEqual(self.report(kind="inquiry", partner_id=False).priority, "0")

    def test_changed_with_a_reason_and_taken_back(self):
        ticket = self.accepted()
        with self.assertRaisesRegex(UserError, "say why"):
            ticket.priority = "3"
        with self.assertRaises(AccessError):
            ticket.with_user(self.users["sales"]).action_set_priority("Because", "3")
        self.assertEqual(ticket.action_set_priority()["res_model"], "crm.procedure.reason")
        ticket.action_set_priority("Their line stands still", "3")
        self.assertEqual((ticket.priority, ticket.priority_reason), ("3", "Their line stands still"))
        ticket.severity = "major"
        self.assertEqual(ticket.priority, "3", "by hand it stays")
        ticket.action_follow_rule()
        self.assertEqual((ticket.priority, ticket.priority_reason), ("2", False))

    def test_dialog_asks_for_the_priority(self):
        ticket = self.accepted()
        action = ticket.action_set_priority()
        dialog = self.env[action["res_model"]].with_user(self.users["service"]).browse(action["res_id"])
        dialog.reason = "Their line stands still"
        with self.assertRaisesRegex(UserError, "Choose"):
            dialog.action_confirm()
        dialog.priority = "3"
        dialog.action_confirm()
        self.assertEqual(ticket.priority, "3")

    # ------------------------------------------------------------
    # Duplicates
    # ------------------------------------------------------------

    def test_proposes_the_same_of_the_same_customer(self):
        first = self.accepted(subject="Seal of the jar is broken")
        again = self.accepted(subject="The seal of my jars is broken!")
        self.accepted(subject="Invoice has the wrong address")
        other = self.new_customer("Lotus")
        self.accepted(subject="Seal of the jar is broken", partner_id=other.id)
        self.assertEqual(again.similar_ids, first)

    def test_alike_in_chinese(self):
        self.assertGreater(likeness("外包装有破损,密封条断裂", "包装破损,密封条断了"), 0.35)
        self.assertLess(likeness("外包装有破损", "发票抬头写错了"), 0.2)

    def test_merged_and_every_message_kept(self):
        one, two = self.accepted(), self.accepted()
        two.sudo().message_post(body="The customer called again", message_type="comment")
        file = self.env["ir.attachment"].create(
            {"name": "a.txt", "res_model": two._name, "res_id": two.id, "raw": b"x"}
        )
        part = self.part(two)
        two.action_merge(one.id)
        self.assertEqual((two.state, two.duplicate_of_id), ("cancelled", one))
        self.assertIn("The customer called again", "".join(one.sudo().message_ids.mapped("body")))
        self.assertEqual(file.res_id, one.id)
        self.assertEqual(part.ticket_id, one)
        held = one.custody_ids.filtered(lambda row: not row.date_to)
        self.assertEqual(held.holder, "department")

    def test_dialog_to_merge(self):
        one = self.accepted(subject="The seal of the jar is broken")
        two = self.accepted(subject="Seal of the jar is broken")
        action = two.action_open_merge()
        dialog = (
            self.env[action["res_model"]].with_user(self.users["service"]).with_context(**action["context"]).create({})
        )
        self.assertEqual(dialog.target_id, one, "the likest is proposed")
        self.assertEqual(dialog.action_confirm()["res_id"], one.id)
        self.assertEqual(two.duplicate_of_id, one)

    def test_what_is_not_merged(self):
        one, two = self.accepted(), self.accepted()
        stranger = self.accepted(partner_id=self.new_customer("Lotus", email="a@lotus.example").id)
        with self.assertRaisesRegex(UserError, "not of the same customer"):
            stranger.action_merge(one.id)
        with self.assertRaisesRegex(UserError, "another ticket"):
            one.action_merge(one.id)
        two.action_cancel("Junk")
        with self.assertRaisesRegex(UserError, "has ended"):
            one.action_merge(two.id)
        with self.assertRaises(AccessError):
            one.with_user(self.users["sales"]).action_merge(stranger.id)
        answered = self.answered()
        answered._customer_reject(answered._answer_token())
        with self.assertRaisesRegex(AccessError, "the customer ends it"):
            answered.action_merge(one.id)

    # ------------------------------------------------------------
    # Words that contradict
    # ------------------------------------------------------------

    def test_contradiction(self):
        for rating, words, expected in (
            (5, "Thank you, all fine", False),
            (5, "No problem any more", False),
            (4, "not bad", False),
            (2, "", True),
            (5, "It still does not work", True),
            (5, "The screw is broken again", True),
            (5, "处理得不错,没问题了", False),
            (5, "谢谢,问题已经解决", False),
            (5, "问题还没有解决", True),
            (5, "我不满意", True),
            (0, None, False),
        ):
            with self.subTest(words=words, rating=rating):
                self.assertEqual(contradicts(rating, 5, words), expected)
