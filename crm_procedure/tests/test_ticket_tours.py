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
        self.tour("crm_procedure_ticket_report", "sales")
        ticket = self.Ticket.search([("subject", "=", "Tour seal is broken")])
        self.assertEqual(ticket.reported_by_id, self.users["sales"])
        self.tour("crm_procedure_ticket_service", "service")
        self.tour("crm_procedure_ticket_department", "user")
        self.assertEqual(ticket.action_ids.state, "done")
        self.tour("crm_procedure_ticket_answer", "service")
        self.assertEqual(ticket._customer_reject(ticket._answer_token(), "They leak as well", 1, 3), "reopened")
        self.tour("crm_procedure_ticket_again", "service")
        self.assertEqual(ticket._customer_accept(ticket._answer_token(), 5, 5, "Thanks"), "closed")
        self.assertEqual(ticket.round, 2)
