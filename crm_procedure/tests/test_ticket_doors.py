from io import BytesIO

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .ticket_common import TicketCase

SCRIPT = "<script>alert(1)</script>"


@tagged("post_install", "-at_install")
class TestTicketDoors(TicketCase):
    """Doors inside the company, what nobody accepted, and the papers of a ticket (C1, C4, C16)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.email = "info@northwind.example"

    # ------------------------------------------------------------
    # One click (C1)
    # ------------------------------------------------------------

    def _reported_by(self, role, record):
        action = record.with_user(self.users[role]).action_report_ticket()
        form = Form(self.Ticket.with_user(self.users[role]).with_context(**action["context"]))
        form.subject = "Torn seal"
        return form.save()

    def test_c1_from_an_order(self):
        order = self.new_order(self.customer, 100)
        self.users["sales"].group_ids += self.env.ref("sales_team.group_sale_salesman_all_leads")
        ticket = self._reported_by("sales", order)
        self.assertEqual((ticket.sale_order_id, ticket.sudo().partner_id), (order, self.customer))
        self.assertEqual(ticket.state, "reported")
        self.assertEqual(order.with_user(self.users["sales"]).procedure_ticket_count, 1)
        action = order.with_user(self.users["sales"]).action_view_tickets()
        self.assertEqual(self.Ticket.search(action["domain"]), ticket)
        with self.assertRaises(AccessError):
            self.report("user", sale_order_id=order.id)

    def test_c1_from_a_communication(self):
        contact = self.env["crm.procedure.communication"].create(
            {"partner_id": self.customer.id, "user_id": self.users["specialist"].id, "company_id": self.company.id}
        )
        ticket = self._reported_by("specialist", contact)
        self.assertEqual(ticket.communication_id, contact)
        self.assertEqual(contact.ticket_count, 1)
        with self.assertRaises(AccessError):
            self.report("user", communication_id=contact.id)

    # ------------------------------------------------------------
    # What nobody accepted (C1, X11)
    # ------------------------------------------------------------

    def _told(self):
        return self.env["mail.mail"].search([("email_to", "ilike", self.users["service"].email)])

    def test_daily_list_of_what_nobody_accepted(self):
        with freeze_time("2026-11-23 02:00:00"):  # a Monday
            waiting, taken = self.report(subject=f"Torn {SCRIPT}"), self.accepted()
            self.company._tell_unaccepted()
            mail = self._told()
            self.assertEqual(len(mail), 1)
            self.assertIn(waiting.name, mail.body_html)
            self.assertNotIn(taken.name, mail.body_html)
            self.assertNotIn(SCRIPT, mail.body_html)
            self.company._tell_unaccepted()
            self.assertEqual(len(self._told()), 1, "once a day")
        with freeze_time("2026-11-28 02:00:00"):  # a Saturday
            self.company._tell_unaccepted()
        self.assertEqual(len(self._told()), 1)
        with freeze_time("2026-11-30 02:00:00"):
            self.company._tell_unaccepted()
            self.assertEqual(len(self._told()), 2)

    def test_nothing_waits_nothing_is_sent(self):
        with freeze_time("2026-11-23 02:00:00"):
            self.accepted()
            self.assertFalse(self.company._tell_unaccepted())

    def test_cron_of_the_list(self):
        self.report()
        with self.enter_registry_test_mode(), freeze_time("2026-11-23 02:00:00"):
            self.env.ref("crm_procedure.ir_cron_ticket_unaccepted").method_direct_trigger()
        self.assertEqual(self.company.procedure_unaccepted_told_on.isoformat(), "2026-11-23")

    # ------------------------------------------------------------
    # Papers (C4, C16, X19)
    # ------------------------------------------------------------

    def _page(self, ticket, role="service"):
        report = self.env["ir.actions.report"].with_user(self.users[role])
        html, _kind = report._render_qweb_html("crm_procedure.complaint_record", ticket.ids)
        return html.decode()

    def test_complaint_record(self):
        ticket = self.report(subject=f"Torn {SCRIPT}", description="It leaks.").with_user(self.users["service"])
        ticket.action_accept()
        self.part(ticket, subject="Look at the seal")
        ticket.solution = "We sent a new one."
        ticket.action_answer()
        ticket._customer_accept(ticket._answer_token(), 5, 4, "Thanks")
        page = self._page(ticket)
        for text in (ticket.name, "It leaks.", "Look at the seal", "We sent a new one.", "Thanks", "QP-07"):
            self.assertIn(text, page)
        self.assertNotIn(SCRIPT, page)

    def test_complaint_record_hides_the_person(self):
        """R13: who caused it is for supervisor, quality and management."""
        ticket = self.answered().sudo()
        culprit = self.users["marketing"]
        culprit.partner_id.name = "Somebody Careless"
        ticket.cause_user_id = culprit
        self.assertNotIn("Somebody Careless", self._page(ticket))
        self.assertIn("Somebody Careless", self._page(ticket, "quality"))

    def test_complaint_record_of_what_one_may_see(self):
        ticket = self.report("sales")
        with self.assertRaises(AccessError):
            self._page(ticket, "marketing")

    def test_ledger(self):
        tickets = self.answered(subject="=1+1") | self.report()
        workbook = self.env["crm.procedure.workbook.ticket_ledger"].with_user(self.users["service"])
        self.users["service"].group_ids += self.env.ref("base.group_allow_export")
        target = BytesIO()
        name = workbook._export(target, tickets.with_user(self.users["service"]))
        self.assertTrue(name.endswith(".xlsx"))
        rows = [list(row) for row in workbook._rows(tickets.with_user(self.users["service"]))]
        self.assertEqual(len(rows), 2)
        self.assertEqual(rows[0][:2], [tickets[0].name, "=1+1"])
        self.assertEqual(len(rows[0]), len(workbook._columns(tickets)))
        self.assertNotIn(b"<f>1+1</f>", target.getvalue())
        with self.assertRaises(AccessError):
            self.env["crm.procedure.workbook.ticket_ledger"].with_user(self.users["user"])._export(BytesIO(), tickets)
