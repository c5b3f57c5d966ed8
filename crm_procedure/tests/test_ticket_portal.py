import re

from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_ticket_answer import DoorCase

SCRIPT = "<script>alert(1)</script>"


@tagged("post_install", "-at_install")
class TestTicketPortal(DoorCase):
    """Customers with a login see their own tickets and nothing else (C2, C13)."""

    def setUp(self):
        super().setUp()
        self.env.ref("base.main_company").procedure_public_form = True
        self.company.partner_id.email = "info@northwind.example"

    def log_in(self, login):
        self.authenticate(login, login)

    # ------------------------------------------------------------
    # What is seen
    # ------------------------------------------------------------

    def test_list_search_and_pages(self):
        mine = self.report(subject="Torn seal")
        other = self.report(subject="Lotus matter", partner_id=self.other_customer.id)
        for n in range(21):
            self.report(subject=f"Delivery {n:02}")
        self.log_in("portal_jade")
        page = self.url_open("/my/tickets")
        self.assertIn("Delivery 20", page.text)
        self.assertNotIn("Torn seal", page.text, "on the second page")
        self.assertIn("Torn seal", self.url_open("/my/tickets/page/2").text)
        found = self.url_open("/my/tickets?search=torn&sortby=name&filterby=open").text
        self.assertIn("Torn seal", found)
        self.assertNotIn("Delivery", found)
        self.assertNotIn("Lotus matter", page.text + found)
        for junk in ("?sortby=x&filterby=y", f"?search={SCRIPT}", "/page/0", f"/page/{10**12}", "?search=%25%27%00"):
            page = self.url_open(f"/my/tickets{junk}")
            self.assertEqual(page.status_code, 200, junk)
            self.assertNotIn(SCRIPT, page.text)
        self.assertEqual(self.url_open(f"/my/tickets/{mine.id}").status_code, 200)
        self.assertEqual(self.url_open(f"/my/tickets/{other.id}").status_code, 404)
        self.assertIn("/my/tickets", self.url_open("/my/home").text)

    def test_queries_do_not_grow_with_the_list(self):
        self.log_in("portal_jade")
        self.report()
        self.url_open("/my/tickets")
        few = self._queries("/my/tickets")
        for n in range(15):
            self.report(subject=f"More {n}")
        self.assertLessEqual(self._queries("/my/tickets"), few + 3)

    def _queries(self, path):
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.assertEqual(self.url_open(path).status_code, 200)
        return self.env.cr.sql_log_count - before

    def test_timeline_shows_what_is_for_the_customer_only(self):
        ticket = self.report(subject=f"Torn {SCRIPT}", description="It leaks.").sudo()
        ticket.with_user(self.users["service"]).action_accept()
        service = ticket.with_user(self.users["service"])
        service.message_post(body="The customer is a nuisance", subtype_xmlid="mail.mt_note")
        service.message_post(body="He will not notice", subtype_xmlid="mail.mt_comment", message_type="comment")
        service.action_tell_customer("A technician comes on Monday.")
        service.solution = "Replaced."
        service.action_answer()
        ticket._customer_reject(ticket._answer_token(), "Leaks again")
        self.log_in("portal_jade")
        page = self.url_open(f"/my/tickets/{ticket.id}").text
        for text in ("It leaks.", "A technician comes on Monday.", "Replaced.", "Leaks again", ticket.name):
            self.assertIn(text, page)
        for text in ("nuisance", "not notice", SCRIPT, "Mail to"):
            self.assertNotIn(text, page)

    def test_customers_call_no_method(self):
        """What the page shows is not to be had by a remote call: no right to the model, no key in a field."""
        ticket = self.answered().sudo()
        ticket._portal_ensure_token()
        self.log_in("portal_jade")
        for model, method, args in (
            (ticket._name, "read", [ticket.ids, ["access_token", "end_reason"]]),
            (ticket._name, "search_read", [[], ["name"]]),
            (ticket._name, "message_post", [ticket.ids]),
            (ticket.round_ids._name, "search_read", [[], ["solution"]]),
            ("crm.procedure.custody", "search_read", [[], ["holder"]]),
            ("crm.procedure.ticket.knock", "search_read", [[], ["source"]]),
        ):
            with self.subTest(model=model, method=method), mute_logger("odoo.http"):
                call = {"model": model, "method": method, "args": args, "kwargs": {}}
                answer = self.url_open("/web/dataset/call_kw", json={"params": call}).json()
                self.assertIn("error", answer)
        for path, params in (
            ("/mail/chatter_fetch", {"thread_model": ticket._name, "thread_id": ticket.id}),
            ("/mail/thread/messages", {"thread_model": ticket._name, "thread_id": ticket.id}),
        ):
            with self.subTest(path), mute_logger("odoo.http"):
                answer = self.url_open(path, json={"params": params}).text
                self.assertNotIn("We sent a new one", answer)
        service = ticket.with_user(self.users["service"])
        self.assertNotIn("access_token", service.fields_get())
        self.assertNotIn("access_token=", service._get_share_url())

    # ------------------------------------------------------------
    # What is done
    # ------------------------------------------------------------

    def test_c2_report(self):
        self.log_in("portal_jade")
        answer = self.post(
            "/my/tickets/new",
            csrf_token=self._token("/my/tickets/new"),
            subject=f"Torn {SCRIPT}",
            description="It leaks.",
            kind="complaint",
            remedy="refund",
            severity="critical",
            partner_id=str(self.other_customer.id),
            state="closed",
            files=[("files", (f"{SCRIPT}.html", SCRIPT.encode(), "text/html"))],
        )
        ticket = self.Ticket.search([], order="id desc", limit=1)
        self.assertEqual((ticket.state, ticket.channel, ticket.severity), ("reported", "web", "minor"))
        self.assertEqual((ticket.partner_id, ticket.remedy_wanted), (self.portal.partner_id, "refund"))
        self.assertEqual(ticket.company_id, self.company)
        self.assertIn(ticket.name, answer.text)
        self.assertNotIn(SCRIPT, answer.text)
        file = ticket.message_ids.attachment_ids
        self.assertNotEqual(file.mimetype, "text/html")
        fetched = self.url_open(f"/my/tickets/{ticket.id}/file/{file.id}")
        self.assertEqual(fetched.content, SCRIPT.encode())
        self.assertIn("attachment", fetched.headers["Content-Disposition"])
        self.assertTrue(self.env["mail.mail"].search([("email_to", "=", self.portal.email)]), "receipt")

    def test_refused_report_keeps_what_was_entered(self):
        self.log_in("portal_jade")
        page = self.post("/my/tickets/new", csrf_token=self._token("/my/tickets/new"), description="Long story")
        self.assertIn("Long story", page.text)
        self.assertIn("what it is about", page.text)

    def test_write_and_decide(self):
        ticket = self.answered().sudo()
        self.log_in("portal_jade")
        path = f"/my/tickets/{ticket.id}"
        token = self._token(path)
        page = self.post(f"{path}/write", csrf_token=token, text=f"One question {SCRIPT}")
        self.assertIn("One question", page.text)
        self.assertNotIn(SCRIPT, page.text)
        self.assertEqual(ticket.state, "answered")
        self.assertIn(f"/ticket/answer/{ticket.id}/{ticket._answer_token()}", page.text)
        self.post(self.path(ticket), csrf_token=token, decision="accept", rating="5")
        self.assertEqual((ticket.state, ticket.round_ids.channel), ("closed", "portal"))

    def test_words_that_say_no_open_the_next_round(self):
        ticket = self.answered().sudo()
        self.log_in("portal_jade")
        path = f"/my/tickets/{ticket.id}"
        self.post(f"{path}/write", csrf_token=self._token(path), text="It is still not working")
        self.assertEqual((ticket.state, ticket.round), ("handling", 2))

    def test_page_by_mailed_link(self):
        """Without a login: to read and to write; the right to accept comes with another mail."""
        ticket = self.answered().sudo()
        path = ticket.get_portal_url()
        page = self.url_open(path)
        self.assertIn("We sent a new one.", page.text)
        self.assertNotIn(ticket._answer_token(), page.text)
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
        self.post(
            f"/my/tickets/{ticket.id}/write", csrf_token=token, access_token=ticket.access_token, text="A question"
        )
        self.assertIn("A question", ticket._customer_messages()[-1:].body)

    # ------------------------------------------------------------
    # Everybody else, on every route
    # ------------------------------------------------------------

    def test_others_find_nothing(self):
        ticket = self.answered().sudo()
        ticket._customer_post("See the picture", [("seal.png", b"secret bytes")])
        file = ticket._customer_attachments()
        ticket._portal_ensure_token()
        used = self.answered().sudo()
        old = used._answer_token()
        used._customer_reject(old, "No")
        used.round_ids.decided_on = "2026-01-01"
        messages = ticket.message_ids
        gets = [
            f"/my/tickets/{ticket.id}",
            f"/my/tickets/{ticket.id}?access_token=wrong",
            f"/my/tickets/{ticket.id}?access_token=%C3%A9",
            f"/my/tickets/{ticket.id}?access_token={old}",
            f"/my/tickets/{ticket.id + 9999}",
            f"/my/tickets/{10**30}",
            f"/my/tickets/{ticket.id}/file/{file.id}",
            f"/my/tickets/{ticket.id}/file/{10**30}",
            f"/ticket/answer/{ticket.id}/{old}",
            f"/ticket/answer/{used.id}/{old}",
            f"/ticket/answer/{ticket.id}/{ticket.access_token}",
        ]
        posts = [
            f"/my/tickets/{ticket.id}/write",
            f"/ticket/answer/{ticket.id}/{old}",
            f"/ticket/answer/{used.id}/{old}",
        ]
        for login in (None, "portal_lotus", "stranger"):
            if login:
                self.log_in(login)
            for path in gets:
                with self.subTest(login=login, path=path):
                    page = self.url_open(path)
                    self.assertEqual(page.status_code, 404)
                    self.assertNotIn("Broken seal", page.text)
                    self.assertNotIn("secret bytes", page.text)
            token = self._token("/ticket/new")
            for path in posts:
                with self.subTest(login=login, path=path):
                    page = self.post(path, csrf_token=token, decision="accept", text="x", access_token="wrong")
                    self.assertEqual(page.status_code, 404)
        self.env.invalidate_all()
        self.assertEqual(ticket.message_ids, messages)
        self.assertEqual((ticket.state, used.state), ("answered", "handling"))

    def test_login_is_asked_for(self):
        for path in ("/my/tickets", "/my/tickets/new"):
            self.assertIn("/web/login", self.url_open(path).url)

    def _token(self, path):
        return re.search(r'name="csrf_token" value="([^"]+)"', self.url_open(path).text)[1]
