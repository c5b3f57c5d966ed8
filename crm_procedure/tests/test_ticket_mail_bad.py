import importlib.util
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged
from odoo.tools import file_path, mute_logger

from .test_ticket_mail import GATEWAY, TicketMailCase

MUTED = (*GATEWAY, "odoo.addons.mail.tools.parser", "odoo.tools.mail")
BREAK = b"\r\n"

headers = st.sampled_from(
    [
        b"From: buyer@jade.example",
        b"From: =?bogus-charset?Q?=FF=FE?= <buyer@jade.example>",
        b"From: \xff\xfe <buyer@jade.example>",
        b"From: " + b"x" * 5000 + b"@jade.example",
        b"From: <buyer@jade.example>, <second@jade.example>",
        b"From: undisclosed",
        b"From:",
        b"From: \x00@\x00",
        b"Subject: =?utf-8?B?5a+G5bCB5Lu2?=",
        b"Subject: =?gb2312?B?/////w==?=",
        b"Subject: \xb2\xe2\xca\xd4",
        b"Subject: " + b"long " * 20_000,
        b"Subject: <script>alert(1)</script>",
        b"Subject: a\x00b",
        b"Message-Id: <same@jade.example>",
        b"Message-Id: " + b"<" + b"m" * 20_000 + b"@x>",
        b"Message-Id: []",
        b"Message-Id: <\xff\x00>",
        b"In-Reply-To: <nothing@x> <>,,",
        b"References: " + b"<r@x> " * 500,
        b"Date: yesterday, of course",
        b"Date: Mon, 32 Feb 9999 99:99:99 +9999",
        b'Cc: "unclosed <a@b.example>',
        b"Cc: a@b.example, \xff, <>, @, ;",
        b"Content-Type: text/html; charset=klingon",
        b'Content-Type: text/plain; charset="',
        b"Content-Type: multipart/mixed",
        b'Content-Type: multipart/mixed; boundary="b"',
        b"Content-Type: multipart/alternative; boundary=b",
        b"Content-Type: message/rfc822",
        b'Content-Type: application/octet-stream; name="../../etc/passwd"',
        b"Content-Type: /",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: quoted-printable",
        b"Content-Transfer-Encoding: uuencode",
        b"Content-Disposition: attachment; filename*=utf-8''%FF%00<script>.html",
        b"no colon in this line",
        b": no name",
    ]
)
bodies = st.one_of(
    st.binary(max_size=300),
    st.sampled_from(
        [
            b"",
            b"\x00" * 50,
            b"<html><script>alert(1)</script><p>text",
            b"=ZZ=E4=B8",
            b"****not base64****",
            b"--b\r\n\r\ntext\r\n--b--",
            b"--b\r\nContent-Type: text/html; charset=x-unknown\r\n\r\n\xff\r\n--b",
            b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b--",
            b'--b\r\nContent-Type: application/pdf; name="<img src=x onerror=alert(1)>.pdf"\r\n\r\n%PDF\r\n--b--',
            b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: x\r\n\r\ny\r\n--b--",
        ]
    ),
)


@tagged("post_install", "-at_install")
class TestBadMail(TicketMailCase):
    """Whatever comes as a mail: nothing is closed, leaked or lost, and nothing falls over."""

    def test_generated_mails(self):
        """At least 100 malformed mails: each is a report, or was recognised."""
        kept, count = self.answered().sudo(), 0

        @settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(headers, max_size=6), bodies)
        def come_in(lines, body):
            nonlocal count
            count += 1
            raw = BREAK.join([b"To: " + self.address.encode(), *lines, b"X-Count: %d" % count, b"", body])
            raw = raw.replace(b"<same@", b"<%d@" % count)  # what comes twice has its own test
            before = self.Ticket.search_count([])
            with self.env.cr.savepoint(), mute_logger(*MUTED):
                self.env["mail.thread"].message_process(None, raw)
            self.assertEqual(self.Ticket.search_count([]), before + 1, raw[:3000])
            newest = self.Ticket.search([], order="id desc", limit=1)
            self.assertLessEqual(len(newest.subject), 200)
            self.env.flush_all()

        # the guard against too many has its own test
        self.patch(self.env.registry["crm.procedure.ticket.knock"], "_count", lambda *args, **kwargs: 0)
        come_in()
        self.assertGreaterEqual(count, 100)
        self.assertEqual((kept.state, kept.round), ("answered", 1))
        self.assertFalse(self.Ticket.search([("state", "=", "closed")]))

    def test_mails_of_odoo(self):
        """The mails that Odoo's own gateway is tested with."""
        try:
            path = file_path("test_mail/data/test_mail_data.py")
        except FileNotFoundError:
            self.skipTest("Odoo was installed without its tests.")
        spec = importlib.util.spec_from_file_location("odoo_mail_corpus", path)
        corpus = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(corpus)
        mails = {
            name: text
            for name, text in vars(corpus).items()
            if name.startswith("MAIL_") and isinstance(text, (str, bytes)) and name != "MAIL_BOUNCE"
        }
        self.assertGreater(len(mails), 10)
        for number, (name, text) in enumerate(sorted(mails.items())):
            text = text.decode() if isinstance(text, bytes) else text
            text = re.sub(r"\{(\w+)\}", lambda found, n=number: _fill(found[1], n), text)
            text = re.sub(r"(?m)^(To|Delivered-To|X-Original-To|Cc|Return-Path):.*\n", "", text.lstrip("\n"))
            text = re.sub(r"(?mi)^Message-Id:.*\n", "", text, count=1)
            raw = f"To: {self.address}\nX-Name: {name}\nMessage-Id: <{number}@corpus>\n{text}".encode()
            with self.subTest(name), mute_logger(*MUTED), self.env.cr.savepoint():
                ticket = self.Ticket.browse(self.env["mail.thread"].message_process(None, raw) or ())
                if "MAILER-DAEMON" in text or "multipart/report" in text:
                    self.assertFalse(ticket)
                else:
                    self.assertEqual(ticket.state, "reported")
                    self.assertTrue(ticket.message_ids)

    def test_ten_megabytes_of_subject(self):
        ticket = self.receive(raw=b"To: %s\r\nSubject: %s\r\n\r\nx" % (self.address.encode(), b"y" * 10_000_000))
        self.assertEqual(len(ticket.subject), 200)
        self.assertLess(max(map(len, filter(None, ticket.message_ids.mapped("subject")))), 1000)

    def test_a_mail_that_breaks_everything_is_kept_whole(self):
        raw = self.mail(body="precious")

        def fail(*args, **kwargs):
            raise ValueError("as broken as can be")

        self.patch(self.env.registry["mail.thread"], "_message_parse_extract_payload", fail)
        ticket = self.receive(raw=raw)
        self.assertEqual((ticket.state, ticket.channel), ("reported", "email"))
        self.assertIn(b"precious", ticket.message_ids.attachment_ids.raw)
        self.assertFalse(self.receive(raw=raw), "once")
        other = self.mail(To="somebody@else.example", body="x")
        with self.assertRaises(ValueError):
            self.receive(raw=other)

    def test_script_in_everything(self):
        script = "<script>alert(1)</script>"
        ticket = self.receive(
            f'"{script}" <evil@lotus.example>', subject=script, body=script, files=[(f"{script}.html", script.encode())]
        )
        ticket.with_user(self.users["service"]).action_accept()
        bodies = "".join(ticket.message_ids.mapped("body"))
        bodies += "".join(self.sent_to("evil@lotus.example").mapped("body_html"))
        self.assertNotIn("<script", bodies)
        self.assertNotEqual(ticket.message_ids.attachment_ids.mimetype, "text/html")


def _fill(name, number):
    known = {"email_from": "buyer@jade.example", "msg_id": f"<{number}@odoo.example>", "subject": "Corpus"}
    return known.get(name, "")
