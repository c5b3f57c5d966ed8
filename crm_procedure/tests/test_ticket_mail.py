from datetime import timedelta
from email.message import EmailMessage

from odoo.fields import Datetime
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MailCommon

from ..models.ticket_mail import MAILS_PER_MINUTE, RECEIPTS_PER_HOUR
from ..tools.mail_words import is_automatic, own_words
from .ticket_common import TicketCase

GATEWAY = ("odoo.addons.mail.models.mail_thread", "odoo.addons.crm_procedure.models.mail_thread")


class TicketMailCase(TicketCase):
    """A department with an address, and mails as they come from outside."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        domain = cls.env["mail.alias.domain"].create({"name": "northwind.example"})
        cls.company.alias_domain_id = domain
        cls.team_service.write({"alias_name": "complaints", "alias_domain_id": domain.id})
        cls.company.partner_id.email = "info@northwind.example"
        cls.address = "complaints@northwind.example"
        cls.serial = 0

    @classmethod
    def mail(cls, email_from="Buyer <buyer@jade.example>", subject="It broke", body="It broke again.", **headers):
        """:return: bytes of a mail; ``In_Reply_To=…`` is a header, ``files`` a list of (name, bytes)"""
        message = EmailMessage()
        cls.serial += 1
        headers = {"Message_Id": f"<{cls.serial}@jade.example>", "To": cls.address, **headers}
        message["From"], message["Subject"] = email_from, subject
        files = headers.pop("files", ())
        for name, value in headers.items():
            if value:
                message[name.replace("_", "-")] = value
        message.set_content(body)
        for name, content in files:
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return message.as_bytes()

    def receive(self, *args, raw=None, **kwargs):
        """:return: the ticket that the mail made or came to, perhaps none"""
        with mute_logger(*GATEWAY):
            ticket_id = self.env["mail.thread"].message_process(None, raw or self.mail(*args, **kwargs))
        return self.Ticket.browse(ticket_id or ())

    def sent_to(self, email):
        return self.env["mail.mail"].search([("email_to", "=", email)], order="id")

    def reply_id(self, ticket):
        """:return: Message-ID of our latest mail to the customer"""
        return ticket.message_ids.filtered("message_id")[:1].message_id


@tagged("post_install", "-at_install")
class TestTicketMail(TicketMailCase, MailCommon):
    """Mails from outside: nothing lost, nothing twice, nothing that is somebody else's (C1, C2, C4, C5)."""

    # ------------------------------------------------------------
    # In
    # ------------------------------------------------------------

    def test_c2_a_mail_becomes_a_report(self):
        ticket = self.receive(subject="Broken <b>seal", body="It is torn.", files=[("<img src=x>.png", b"\x89PNG")])
        self.assertEqual((ticket.state, ticket.channel, ticket.subject), ("reported", "email", "Broken <b>seal"))
        self.assertEqual((ticket.company_id, ticket.team_id), (self.company, self.team_service))
        self.assertEqual(ticket.partner_id, self.customer)
        self.assertEqual(ticket.description, "It is torn.")
        self.assertEqual(ticket.message_ids.attachment_ids.mapped("raw"), [b"\x89PNG"])
        self.assertFalse(ticket.reported_by_id)

    def test_c4_unknown_sender_is_no_contact_until_acceptance(self):
        ticket = self.receive('"Ms Wu" <wu@lotus.example>')
        self.assertEqual((ticket.partner_name, ticket.email_from), ("Ms Wu", "wu@lotus.example"))
        self.assertFalse(self.env["res.partner"].search([("email_normalized", "=", "wu@lotus.example")]))
        ticket.with_user(self.users["service"]).action_accept()
        self.assertEqual(ticket.partner_id.name, "Ms Wu")

    def test_c5_receipt_then_acknowledgement(self):
        """The receipt holds nothing of the mail, for its sender may be forged."""
        ticket = self.receive(subject="Buy cheap pills", body="at spam.example")
        receipt = self.sent_to("buyer@jade.example")
        self.assertIn(ticket.name, receipt.subject)
        self.assertNotIn("pills", receipt.subject + receipt.body_html)
        self.assertNotIn("spam", receipt.body_html)
        self.assertEqual(receipt.reply_to, self.address)
        self.assertIn("auto-generated", receipt.headers)
        ticket.with_user(self.users["service"]).action_accept()
        acknowledgement = self.sent_to("buyer@jade.example")[-1]
        self.assertIn(ticket.name, acknowledgement.subject)
        self.assertIn("at spam.example", acknowledgement.body_html)
        self.assertNotIn("answer_url", acknowledgement.body_html)

    def test_language_of_the_mails(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.customer.lang = "zh_CN"
        self.assertEqual(self.report()._customer_lang(), "zh_CN")
        self.customer.lang = False
        self.assertEqual(self.report(subject="密封件损坏")._customer_lang(), "zh_CN")
        self.assertEqual(self.report()._customer_lang(), "en_US")

    def test_reply_comes_to_its_ticket(self):
        ticket = self.receive()
        ticket.with_user(self.users["service"]).action_accept()
        ours = self.reply_id(ticket)
        self.assertEqual(self.receive(body="One thing more", In_Reply_To=ours), ticket)
        self.assertIn("One thing more", ticket.message_ids[:1].body)
        found = self.receive(subject=f"Re: [{ticket.name}] It broke", body="And another")
        self.assertEqual(found, ticket, "the number is enough where the mail program lost the thread")
        colleague = self.env["res.partner"].create(
            {"name": "Boss", "email": "boss@jade.example", "parent_id": self.customer.id}
        )
        self.assertEqual(self.receive(f"<{colleague.email}>", In_Reply_To=ours), ticket)

    def test_twice_is_once(self):
        raw = self.mail()
        first = self.receive(raw=raw)
        self.assertFalse(self.receive(raw=raw))
        nameless = self.mail(Message_Id=None)
        self.assertTrue(self.receive(raw=nameless))
        self.assertFalse(self.receive(raw=nameless), "without a Message-ID its content tells")
        self.assertEqual(self.Ticket.search_count([("email_normalized", "=", "buyer@jade.example")]), 2)
        self.assertEqual(len(first.message_ids.filtered(lambda m: m.message_type == "email")), 1)

    # ------------------------------------------------------------
    # Whose it is
    # ------------------------------------------------------------

    def test_forged_reference_never_reaches_another_customers_ticket(self):
        other = self.report(partner_id=self.new_customer("Lotus", email="wu@lotus.example").id)
        other.with_user(self.users["service"]).action_accept()
        before = other.message_ids
        for headers in (
            {"In_Reply_To": self.reply_id(other)},
            {"References": f"<x@y> {self.reply_id(other)}"},
            {"subject": f"Re: [{other.name}] x"},
        ):
            with self.subTest(headers):
                ticket = self.receive("Thief <thief@evil.example>", **headers)
                self.assertNotEqual(ticket, other)
                self.assertEqual(ticket.state, "reported")
                self.assertIn(other.name, "".join(ticket.message_ids.mapped("body")), "service is told")
                self.assertFalse(ticket._customer_messages().filtered(lambda m: other.name in m.body))
        self.assertEqual(other.message_ids, before)
        mails = self.sent_to("thief@evil.example")
        self.assertFalse([mail for mail in mails if other.name in mail.subject + mail.body_html])

    def test_our_own_name_is_no_customer(self):
        for email in (self.users["sales"].email, self.address, "info@northwind.example"):
            with self.subTest(email):
                ticket = self.receive(f"Ours <{email}>", subject="Forwarded")
                self.assertEqual(ticket.state, "reported")
                self.assertFalse(ticket.partner_id or ticket.email_from)
                self.assertFalse(self.sent_to(email))
        ticket = self.receive(f"<{self.users['sales'].email}>")
        self.assertEqual(ticket.reported_by_id, self.users["sales"], "a colleague passed it on")

    def test_a_colleagues_reply_stays_inside(self):
        ticket = self.report("sales").sudo()
        ticket.with_user(self.users["service"]).action_accept()
        ticket.is_waiting = True
        service = self.users["service"].email
        self.assertEqual(self.receive(f"<{service}>", body="He lies", In_Reply_To=self.reply_id(ticket)), ticket)
        self.assertTrue(ticket.message_ids[:1].is_internal)
        self.assertFalse(ticket._customer_messages().filtered(lambda m: "He lies" in m.body))
        self.assertTrue(ticket.is_waiting)

    # ------------------------------------------------------------
    # What it does
    # ------------------------------------------------------------

    def test_c14_no_by_mail_opens_the_next_round(self):
        ticket = self.answered()
        ticket = self.receive(body="It is still not working.", In_Reply_To=self.reply_id(ticket))
        self.assertEqual((ticket.state, ticket.round), ("handling", 2))
        self.assertEqual((ticket.round_ids.outcome, ticket.round_ids.channel), ("rejected", "email"))

    def test_c15_yes_by_mail_closes_nothing(self):
        ticket = self.answered()
        quoted = "Thank you.\n\nOn Monday, Service wrote:\n> It is still broken? Not yet solved?"
        ticket = self.receive(body=quoted, In_Reply_To=self.reply_id(ticket))
        self.assertEqual((ticket.state, ticket.round), ("answered", 1))
        self.assertIn("The customer wrote", "".join(filter(None, ticket.activity_ids.mapped("summary"))))

    def test_reopened_by_mail_within_the_days(self):
        ticket = self.answered()
        ticket._customer_accept(ticket._answer_token(), 5)
        ours = self.reply_id(ticket)
        self.assertEqual(self.receive(body="Thanks for everything", In_Reply_To=ours), ticket)
        self.assertEqual(ticket.state, "closed")
        self.receive(body="It broke again, bad", In_Reply_To=ours)
        self.assertEqual((ticket.state, ticket.round), ("handling", 2))

    def test_too_late_to_reopen_is_a_new_report(self):
        ticket = self.answered().sudo()
        ticket._customer_accept(ticket._answer_token(), 5)
        ticket.date_closed -= timedelta(days=400)
        new = self.receive(body="It broke again, bad", In_Reply_To=self.reply_id(ticket))
        self.assertNotEqual(new, ticket)
        self.assertEqual((ticket.state, new.state), ("closed", "reported"))
        self.assertIn(ticket.name, "".join(new.message_ids.mapped("body")))

    def test_machines_change_nothing(self):
        """RFC 3834: kept inside, no state, no reply, no loop."""
        for headers in (
            {"Auto_Submitted": "auto-replied (vacation)"},
            {"X_Auto_Response_Suppress": "All"},
            {"Precedence": "auto_reply"},
            {"Precedence": "bulk"},
            {"X_Autoreply": "yes"},
            {"Return_Path": "<>"},
        ):
            with self.subTest(headers):
                ticket = self.answered().sudo()
                mails = len(self.sent_to("buyer@jade.example"))
                found = self.receive(body="I am not there. It is bad.", In_Reply_To=self.reply_id(ticket), **headers)
                self.assertEqual(found, ticket)
                self.assertEqual((ticket.state, ticket.round), ("answered", 1))
                self.assertIn("I am not there", "".join(ticket.message_ids.mapped("body")), "nothing is lost")
                self.assertFalse(ticket._customer_messages().filtered(lambda m: "I am not there" in m.body))
                fresh = self.receive(body="I am not there", **headers)
                self.assertEqual(fresh.state, "reported")
                self.assertEqual(len(self.sent_to("buyer@jade.example")), mails, "no receipt")
        self.assertFalse(is_automatic(_message({"Auto-Submitted": "no"})))

    def test_bounce_is_told_and_changes_nothing(self):
        ticket = self.answered()
        domain = self.company.alias_domain_id
        raw = self.mail(
            "MAILER-DAEMON <MAILER-DAEMON@jade.example>", To=domain.bounce_email, In_Reply_To=self.reply_id(ticket)
        )
        self.assertFalse(self.receive(raw=raw))
        self.assertEqual(ticket.state, "answered")
        self.assertIn("came back", "".join(ticket.sudo().message_ids.mapped("body")))
        self.assertIn("came back", "".join(filter(None, ticket.sudo().activity_ids.mapped("summary"))))

    def test_twenty_a_minute_are_set_aside_and_kept(self):
        tickets = [self.receive(subject=f"Mail {n}") for n in range(MAILS_PER_MINUTE + 15)]
        distinct = set(tickets)
        self.assertEqual(len(distinct), MAILS_PER_MINUTE)
        last = tickets[-1]
        bodies = last.message_ids.mapped("body")
        self.assertEqual(sum("It broke again" in body for body in bodies), 16, "nothing is lost")
        self.assertEqual(sum("nothing was sent back" in body for body in bodies), 1, "and it says why, once")
        self.assertLessEqual(len(self.sent_to("buyer@jade.example")), RECEIPTS_PER_HOUR)
        self.env["crm.procedure.ticket.knock"].search([]).date = Datetime.now() - timedelta(minutes=2)
        self.assertNotIn(self.receive(), distinct, "a minute later it goes on")
        self.assertNotEqual(self.receive("Other <other@lotus.example>"), last, "others do not wait")

    def test_own_words(self):
        self.assertEqual(
            own_words("<div>好的<br>谢谢</div><div class='gmail_quote' data-o-mail-quote='1'>x</div>"), "好的\n谢谢"
        )
        self.assertEqual(
            own_words("<p>不满意</p><div>------------------ 原始邮件 ------------------</div><p>满意</p>"), "不满意"
        )
        self.assertEqual(own_words("谢谢<br>张三 于2026年1月1日写道：<br>没有解决"), "谢谢")
        for body in ("", None, "<", "<<<>>>", "\x00", "<p>" * 300):
            own_words(body)

    def test_200_mails_cost_the_same_each(self):
        """No query count that grows with the tickets or the mails that are there."""
        costs = []
        for number in range(200):
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(self.receive(f"buyer{number}@lotus.example"))
            self.env.flush_all()
            costs.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(max(costs[-20:]), max(costs[1:21]))


def _message(headers):
    message = EmailMessage()
    for name, value in headers.items():
        message[name] = value
    return message
