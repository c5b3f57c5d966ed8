import re
from datetime import timedelta

from odoo.fields import Datetime
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .ticket_common import TicketCase


class DoorCase(TicketCase, HttpCase):
    """Visitors: strangers, customers with a login, colleagues."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = cls._portal("portal_jade", cls.customer)
        cls.other_customer = cls.new_customer("Lotus Hotels", email="wu@lotus.example")
        cls.other_portal = cls._portal("portal_lotus", cls.other_customer)
        for role in ("service", "manager"):
            cls.users[role].password = f"test_{role}"

    @classmethod
    def _portal(cls, login, company):
        user = new_test_user(
            cls.env,
            login,
            "base.group_portal",
            name=f"Contact of {company.name}",
            email=f"{login}@customer.example",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        user.partner_id.parent_id = company
        return user

    def path(self, ticket):
        return f"/ticket/answer/{ticket.id}/{ticket._answer_token()}"

    def post(self, path, files=None, **values):
        """As a form on a page of this session does."""
        page = self.url_open("/ticket/new") if "csrf_token" not in values else None
        if page is not None:
            values["csrf_token"] = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        with mute_logger("odoo.http"):
            return self.url_open(path, data=values, files=files)


@tagged("post_install", "-at_install")
class TestTicketAnswer(DoorCase):
    """The answer page: the customer alone closes (C14, C15, X8; ISO 10002 7.9)."""

    def setUp(self):
        super().setUp()
        self.env.ref("base.main_company").procedure_public_form = True
        self.ticket = self.answered().sudo()

    def test_c15_accept(self):
        path = self.path(self.ticket)
        page = self.url_open(path)
        self.assertEqual(page.status_code, 200)
        self.assertIn("We sent a new one.", page.text)
        self.assertEqual(page.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(page.headers["X-Frame-Options"], "DENY")
        self.assertIn("no-store", page.headers["Cache-Control"])
        done = self.post(path, decision="accept", rating="5", rating_handling="4", comment="Thanks")
        self.assertIn("is closed", done.text)
        self.assertEqual((self.ticket.state, self.ticket.customer_rating), ("closed", 5))
        self.assertEqual(self.ticket.round_ids.channel, "link")

    def test_c14_reject(self):
        done = self.post(self.path(self.ticket), decision="reject", rating="1", comment="<script>alert(1)</script>")
        self.assertIn("We go on", done.text)
        self.assertNotIn("<script>alert", done.text)
        self.assertEqual((self.ticket.state, self.ticket.round), ("handling", 2))
        self.assertIn("<script>", self.ticket.round_ids.comment)
        self.assertNotIn("<script>", "".join(self.ticket.message_ids.mapped("body")))

    def test_asked_again(self):
        path = self.path(self.ticket)
        page = self.post(path, decision="accept", rating="1", comment="still <b>torn")
        self.assertIn("Does this really settle the matter?", page.text)
        self.assertIn("still &lt;b&gt;torn", page.text, "what was entered is kept")
        self.assertEqual(self.ticket.state, "answered")
        self.assertIn("is closed", self.post(path, decision="accept", rating="1", sure="1").text)

    def test_a_look_changes_nothing(self):
        """Link previewers and mail scanners fetch every link, with every harmless method."""
        path = self.path(self.ticket)
        before = self.ticket.write_date, self.ticket.message_ids
        for suffix in ("", "?decision=accept", "?decision=reject&rating=1", "?sure=1&decision=accept", "/"):
            for method in ("GET", "HEAD", "OPTIONS"):
                self.url_open(path + suffix, method=method)
        for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', self.url_open(path).text):
            if "/web/" not in link:
                self.url_open(link)
        self.env.invalidate_all()
        self.assertEqual(self.ticket.state, "answered")
        self.assertEqual((self.ticket.write_date, self.ticket.message_ids), before)

    def test_without_a_page_of_ours_nothing_is_posted(self):
        with mute_logger("odoo.http"):
            answer = self.url_open(self.path(self.ticket), data={"decision": "accept"})
        self.assertEqual(answer.status_code, 400)
        self.assertEqual(self.ticket.state, "answered")

    def test_double_click(self):
        path = self.path(self.ticket)
        first = self.post(path, decision="accept", rating="5")
        second = self.post(path, decision="accept", rating="1")
        third = self.post(path, decision="reject", rating="1")
        self.assertTrue(first.text and "is closed" in second.text and "is closed" in third.text)
        self.assertEqual((self.ticket.state, self.ticket.customer_rating), ("closed", 5))
        self.ticket.round_ids.decided_on -= timedelta(hours=1)
        self.assertEqual(self.url_open(path).status_code, 404, "later the link leads nowhere")

    def test_wrong_missing_and_old_are_alike(self):
        good = self.ticket._answer_token()
        used = self.answered().sudo()
        used_path = self.path(used)
        used._customer_reject(used._answer_token())
        used.round_ids.decided_on -= timedelta(hours=1)
        old = self.answered().sudo()
        old_path = self.path(old)
        old.round_ids.link_expires_on = Datetime.now() - timedelta(days=1)
        other = self.answered()
        paths = [
            used_path,
            old_path,
            f"/ticket/answer/{self.ticket.id}/wrong",
            f"/ticket/answer/{self.ticket.id}/{'0' * len(good)}",
            f"/ticket/answer/{self.ticket.id}/{'é' * 64}",
            f"/ticket/answer/{self.ticket.id}/{good[:-1]}",
            f"/ticket/answer/{other.id}/{good}",
            f"/ticket/answer/{self.ticket.id + 10_000}/{good}",
            f"/ticket/answer/0/{good}",
            f"/ticket/answer/{10**30}/{good}",
        ]
        pages = set()
        for path in paths:
            page = self.url_open(path)
            self.assertEqual(page.status_code, 404, path)
            text = re.sub(r"csrf_token: \"[^\"]*\"|/ticket/[^\"<]*|[0-9a-f]{32,}o?\d*", "", page.text)
            pages.add(text)
            self.assertEqual(self.post(path, decision="accept", rating="5").status_code, 404, path)
        self.assertEqual(len(pages), 1)
        self.assertEqual({self.ticket.state, old.state, other.state}, {"answered"})
        self.assertEqual(used.state, "handling")

    def test_staff_decides_nothing(self):
        """A colleague who came by a link, or looks at the customer's page, has no way to accept."""
        path = self.path(self.ticket)
        for role in ("service", "manager"):
            self.authenticate(f"test_{role}", f"test_{role}")
            token = self.url_open("/ticket/new").text
            token = re.search(r'name="csrf_token" value="([^"]+)"', token)[1]
            answer = self.post(path, decision="accept", rating="5", csrf_token=token)
            self.assertEqual(answer.status_code, 404)
            page = self.url_open(f"/my/tickets/{self.ticket.id}")
            self.assertNotIn(self.ticket._answer_token(), page.text)
        self.assertEqual(self.ticket.state, "answered")

    def test_recourse_is_told(self):
        ticket = self.accepted()
        ticket.write({"solution": "The warranty has ended.", "is_declined": True, "recourse": "Ask the association."})
        ticket.action_answer()
        self.assertIn("Ask the association.", self.url_open(self.path(ticket)).text)

    def test_silent_customer_still_decides(self):
        self.ticket.with_user(self.users["manager"]).action_close_unconfirmed("Silence")
        self.assertIn("is closed", self.post(self.path(self.ticket), decision="accept", rating="5").text)
        self.assertEqual(self.ticket.state, "closed")

    def test_junk_in_the_form(self):
        path = self.path(self.ticket)
        for values in (
            {"decision": "close"},
            {},
            {"decision": "accept", "rating": "99", "comment": "not " + "x" * 1_000_000},
            {"decision": "accept", "rating": "\u0661", "rating_handling": "-1", "comment": "not\x00 good"},
        ):
            self.assertIn(self.post(path, **values).status_code, (200, 404))
            self.assertEqual(self.ticket.state, "answered")

    def test_archived_customer_still_decides(self):
        self.customer.action_archive()
        self.assertIn("is closed", self.post(self.path(self.ticket), decision="accept").text)
