from odoo.tests import HttpCase, tagged

from .ticket_common import TicketCase


@tagged("post_install", "-at_install")
class TestTicketTours(TicketCase, HttpCase):
    """What users click, in a real browser."""

    def test_from_report_to_close(self):
        """C4, C10, C12, C14, C15: reported, accepted, a department's part, answered, rejected, answered, closed."""
        for role in ("sales", "service", "user"):
            self.users[role].write(
                {"group_ids": [(4, self.env.ref("base.group_partner_manager").id)], "password": f"test_{role}"}
            )
        self.start_tour("/odoo", "crm_procedure_ticket_report", login="test_sales")
        ticket = self.Ticket.search([("subject", "=", "Tour seal is broken")])
        self.assertEqual(ticket.reported_by_id, self.users["sales"])
        self.start_tour("/odoo", "crm_procedure_ticket_service", login="test_service")
        self.start_tour("/odoo", "crm_procedure_ticket_department", login="test_user")
        self.assertEqual(ticket.action_ids.state, "done")
        self.start_tour("/odoo", "crm_procedure_ticket_answer", login="test_service")
        self.assertEqual(ticket._customer_reject(ticket._answer_token(), "They leak as well", 1, 3), "reopened")
        self.start_tour("/odoo", "crm_procedure_ticket_again", login="test_service")
        self.assertEqual(ticket._customer_accept(ticket._answer_token(), 5, 5, "Thanks"), "closed")
        self.assertEqual(ticket.round, 2)
