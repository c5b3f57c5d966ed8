from odoo.service.model import call_kw

from .common import ProcedureCase


class TicketCase(ProcedureCase):
    """A service department, a technical one, a customer with an address, and short ways to a state."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team_service = cls._new_team("service")
        cls.team_technical = cls._new_team("technical", role="user", member_ids=cls.users["specialist"].ids)
        cls.customer = cls.new_customer("Jade Foods", email="buyer@jade.example")
        cls.Ticket = cls.env["crm.procedure.ticket"]

    @classmethod
    def report(cls, role="user", **values):
        """:return: a new ticket, as the user who reported it"""
        values = {"subject": "Broken seal", "partner_id": cls.customer.id, "company_id": cls.company.id, **values}
        return cls.Ticket.with_user(cls.users[role]).create(values)

    @classmethod
    def accepted(cls, **values):
        """:return: an accepted ticket, as customer service"""
        ticket = cls.report(**values).with_user(cls.users["service"])
        ticket.action_accept()
        return ticket

    @classmethod
    def answered(cls, **values):
        ticket = cls.accepted(**values)
        ticket.solution = "We sent a new one."
        ticket.action_answer()
        return ticket

    @classmethod
    def part(cls, ticket, role="service", **values):
        """:return: a department's part of a ticket, as whoever assigned it"""
        values = {
            "subject": "Find out why",
            "kind": "handling",
            "ticket_id": ticket.id,
            "team_id": cls.team_technical.id,
            **values,
        }
        return cls.env["crm.procedure.action"].with_user(cls.users[role]).create(values)

    def _call(self, record, user, method, *args, **kwargs):
        """As a remote caller would, rights and all."""
        return call_kw(record.with_user(user).env[record._name], method, [record.ids, *args], kwargs)
