from odoo.fields import Command
from odoo.service.model import call_kw

from .common import ProcedureCase

MONDAY = "2026-06-01"  # a Monday; work is from 8 to 12 and from 13 to 17


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


class ClockCase(TicketCase):
    """A plain calendar, and limits that can be counted on one's fingers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls._new_calendar("Service")
        cls.company.resource_calendar_id = cls.calendar
        cls._set_rows(solution=(8, "working_hour"), first=(24, "hour"), accept=(1, "working_hour"))

    @classmethod
    def _new_calendar(cls, name, hours=((8, 12), (13, 17)), tz="UTC"):
        lines = [
            Command.create(
                {"name": name, "dayofweek": str(day), "hour_from": start, "hour_to": end, "day_period": "morning"}
            )
            for day in range(5)
            for start, end in hours
        ]
        return cls.env["resource.calendar"].create(
            {"name": name, "tz": tz, "attendance_ids": lines, "company_id": cls.company.id}
        )

    @classmethod
    def _set_rows(cls, **limits):
        """``what=(value, unit)`` or ``what=(value, unit, {criteria})``, and no other rows."""
        cls.procedure.ticket_limit_ids.sudo().unlink()
        cls.procedure.sudo().ticket_limit_ids = [
            Command.create({"what": what, "value": row[0], "unit": row[1], **(row[2] if len(row) > 2 else {})})
            for what, row in limits.items()
        ]

    @classmethod
    def _add_row(cls, what, value, unit, **criteria):
        cls.procedure.sudo().ticket_limit_ids = [
            Command.create({"what": what, "value": value, "unit": unit, **criteria})
        ]

    def _leave(self, start, end):
        self.env["resource.calendar.leaves"].create(
            {"name": "Holiday", "calendar_id": self.calendar.id, "date_from": start, "date_to": end}
        )

    def _recompute(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_ticket_deadlines").method_direct_trigger()
        self.env.invalidate_all()

    def _accept(self, ticket):
        ticket.with_user(self.users["service"]).action_accept()

    def _answer(self, ticket):
        service = ticket.with_user(self.users["service"])
        service.solution = "A new one"
        service.action_answer()
