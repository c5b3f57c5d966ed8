import re
from unittest.mock import patch

from lxml import etree

from odoo.tests import tagged

from ..controllers import ticket_form
from .test_ticket_answer import DoorCase

SCRIPT = "<script>alert(1)</script>"
REFUSED = "This was not taken"


@tagged("post_install", "-at_install")
class TestTicketForm(DoorCase):
    """The public form and the suggestion box (C2, C3): open to everybody, and not to robots."""

    def setUp(self):
        super().setUp()
        self.company.write({"procedure_public_form": True, "procedure_suggestion_box": True})
        self.path_new = f"/ticket/new/{self.company.id}"
        self.path_box = f"/ticket/box/{self.company.id}"
        self.patch(ticket_form, "SECONDS_TO_FILL_IN", 0)
        self.env["crm.procedure.ticket.knock"].search([]).unlink()

    def send(self, path=None, files=None, **values):
        page = self.url_open(path or self.path_new).text
        hidden = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("csrf_token", "stamp")}
        usual = {"subject": "Torn seal", "description": "It leaks.", "email": "wu@lotus.example", "name": "Ms Wu"}
        return self.post(path or self.path_new, files=files, **{**hidden, **usual, **values})

    def newest(self):
        return self.Ticket.search([("company_id", "=", self.company.id)], order="id desc", limit=1)

    def test_c2_report_without_an_account(self):
        page = self.send(phone="123", kind="inquiry", severity="critical", partner_id=str(self.customer.id))
        ticket = self.newest()
        self.assertEqual((ticket.state, ticket.channel, ticket.kind), ("reported", "web", "inquiry"))
        self.assertEqual((ticket.partner_name, ticket.email_from, ticket.phone), ("Ms Wu", "wu@lotus.example", "123"))
        self.assertFalse(ticket.partner_id or ticket.reported_by_id)
        self.assertEqual(ticket.severity, "minor")
        self.assertIn(ticket.name, page.text)
        receipt = self.env["mail.mail"].search([("email_to", "=", "wu@lotus.example")])
        self.assertEqual(len(receipt), 1)
        self.assertNotIn("leaks", receipt.body_html, "the address may be somebody else's")
        self.assertIn(ticket.name, self.url_open("/ticket/thanks").text)

    def test_suggestion_box_knows_nobody(self):
        page = self.send(self.path_box)
        ticket = self.newest()
        self.assertEqual((ticket.channel, ticket.kind, ticket.is_anonymous), ("box", "suggestion", True))
        self.assertFalse(ticket.email_from or ticket.partner_name or ticket.partner_id or ticket.phone)
        self.assertIn(ticket.name, page.text)
        self.assertFalse(self.env["mail.mail"].search([("email_to", "=", "wu@lotus.example")]))
        knocks = self.env["crm.procedure.ticket.knock"].search([])
        self.assertFalse([source for source in knocks.mapped("source") if "." in source or "@" in source])

    def test_shut_doors_are_no_doors(self):
        self.company.write({"procedure_public_form": False, "procedure_suggestion_box": False})
        for path in (self.path_new, self.path_box, "/ticket/new/99999999", f"/ticket/new/{10**30}", "/ticket/thanks"):
            self.assertEqual(self.url_open(path).status_code, 404, path)
            self.assertIn(self.post(path, csrf_token="x").status_code, (400, 405))

    def test_robots_and_stale_pages_have_one_answer(self):
        page = self.url_open(self.path_new).text
        stamp = re.search(r'name="stamp" value="([^"]+)"', page)[1]
        number, moment, _sign = stamp.split(".")
        answers = [
            self.send(website="http://spam.example"),
            self.send(stamp=""),
            self.send(stamp="x.y.z"),
            self.send(stamp=f"{number}.{int(moment) - 10}.{'0' * 64}"),
            self.send(stamp=f"é.{moment}.é"),
        ]
        with patch.object(ticket_form, "SECONDS_TO_FILL_IN", 100):
            answers.append(self.send())
        with patch.object(ticket_form, "HOURS_OF_A_PAGE", -1):
            answers.append(self.send())
        for answer in answers:
            self.assertEqual(answer.status_code, 400)
            self.assertIn(REFUSED, answer.text)
        self.assertFalse(self.newest())

    def test_so_many_an_hour(self):
        for n in range(ticket_form.REPORTS_PER_ADDRESS):
            self.assertEqual(self.send(subject=f"Report {n}").status_code, 200)
        self.assertIn(REFUSED, self.send().text, "one address")
        self.assertEqual(self.send(email="other@lotus.example").status_code, 200)
        for n in range(ticket_form.REPORTS_PER_HOUR):
            last = self.send(email=f"{n}@lotus.example")
        self.assertIn(REFUSED, last.text, "one visitor")
        self.assertEqual(self.Ticket.search_count([("company_id", "=", self.company.id)]), 9)

    def test_second_click_is_one_report(self):
        page = self.url_open(self.path_new).text
        values = {name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("csrf_token", "stamp")}
        values |= {"subject": "Once", "email": "wu@lotus.example"}
        first, second = self.post(self.path_new, **values), self.post(self.path_new, **values)
        self.assertEqual(self.Ticket.search_count([("subject", "=", "Once")]), 1)
        self.assertIn(self.newest().name, first.text)
        self.assertIn(self.newest().name, second.text)

    def test_what_is_missing_is_said_and_the_rest_kept(self):
        page = self.send(email="", phone="", description=f"Long story {SCRIPT}")
        self.assertIn("so that we can answer", page.text)
        self.assertIn("Long story", page.text)
        self.assertNotIn(SCRIPT, page.text)
        self.assertIn("no mail address", self.send(email="wu at lotus").text)
        self.assertFalse(self.newest())

    def test_files(self):
        script = [("files", (f"../{SCRIPT}.svg", f"<svg>{SCRIPT}</svg>".encode(), "image/svg+xml"))]
        self.assertEqual(self.send(files=script).status_code, 200)
        file = self.newest().message_ids.attachment_ids
        self.assertEqual(len(file), 1)
        self.assertNotIn("svg", file.mimetype)
        many = [("files", (f"{n}.txt", b"x", "text/plain")) for n in range(6)]
        self.assertIn("At most 5 files", self.send(files=many).text)
        self.patch(ticket_form.door, "FILE_BYTES", 10)
        large = [("files", ("large.txt", b"x" * 11, "text/plain"))]
        self.assertIn("Attach at most", self.send(files=large).text)
        self.assertEqual(len(self.Ticket.search([("company_id", "=", self.company.id)])), 1)

    def test_a_colleagues_address_is_not_told_apart(self):
        """Nobody finds out here who works in the company, and no colleague becomes a customer (C15)."""
        page = self.send(email=self.users["service"].email)
        self.assertEqual(page.status_code, 200)
        ticket = self.newest()
        self.assertIn(ticket.name, page.text)
        self.assertFalse(ticket.email_from or ticket.partner_id)
        self.assertIn("Ms Wu", ticket.partner_name)

    def test_bad_input(self):
        for values in (
            {"subject": "x" * 100_000, "description": "y" * 1_000_000},
            {"subject": SCRIPT, "name": SCRIPT, "phone": SCRIPT * 20, "kind": SCRIPT},
            {"subject": "a\x00b", "name": "\x00", "description": "\ufffe"},
            {"email": "a@b.example\nBcc: c@d.example"},
        ):
            answer = self.send(**values)
            self.assertEqual(answer.status_code, 200)
            self.assertNotIn(SCRIPT, answer.text)
        self.assertEqual(self.newest().kind, "complaint")

    def test_no_page_waits_for_scripts(self):
        """Until its scripts are there, Odoo holds back clicks on what looks like a button: a mark
        given by somebody quick, or on a slow line, would come too late."""
        views = self.env["ir.ui.view"].search([("type", "=", "qweb"), ("key", "=like", "crm_procedure.%")])
        held = "//form[@method='post'] | //form[@method='post']//button | //label[contains(@class, 'btn')]"
        found = [(view.key, node) for view in views for node in etree.fromstring(view.arch_db).xpath(held)]
        self.assertGreater(len(found), 8)
        for key, node in found:
            classes = node.get("class", "") + node.get("t-attf-class", "")
            self.assertIn("o_no_wait_lazy_js", classes, f"{key}: {etree.tostring(node)[:120]}")
