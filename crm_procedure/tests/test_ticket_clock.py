from datetime import datetime

from freezegun import freeze_time

from odoo.tests import tagged

from .ticket_common import MONDAY, ClockCase


@tagged("post_install", "-at_install")
class TestTicketClock(ClockCase):
    """S11, C10, C12, X9, X10: the fair clock on tickets."""

    # ------------------------------------------------------------
    # Limits (X9, X10)
    # ------------------------------------------------------------

    def test_x9_targets_apart_working_or_calendar(self):
        with freeze_time(f"{MONDAY} 15:00:00"):
            ticket = self.report()
        self.assertEqual(ticket.accept_deadline, datetime(2026, 6, 1, 16))
        self.assertEqual(ticket.first_deadline, datetime(2026, 6, 2, 15), "24 hours, day and night (003)")
        self.assertEqual(ticket.answer_deadline, datetime(2026, 6, 2, 15), "8 hours of work: 2 today, 6 tomorrow")
        self.assertEqual(ticket.deadline, ticket.accept_deadline, "the next one")

    def test_nearest_row_wins(self):
        """By kind, priority, grade and category; of several the one that names most."""
        category = self.env["crm.procedure.ticket.category"].create({"name": "Packing"})
        self.customer.sudo().with_company(self.company).procedure_grade_id = self.grade("A")
        self._add_row("solution", 4, "working_hour", kind="complaint")
        self._add_row("solution", 3, "working_hour", grade_id=self.grade("A").id, kind="complaint")
        self._add_row("solution", 2, "working_hour", category_id=category.id, kind="complaint", priority="3")
        with freeze_time(f"{MONDAY} 08:00:00"):
            other = self.report(partner_id=False, kind="inquiry")
            plain = self.report(partner_id=False)
            key = self.report()
            self._accept(plain)
            plain.with_user(self.users["service"]).write({"category_id": category.id})
        self.assertEqual(other.answer_deadline.hour, 17)
        self.assertEqual(plain.answer_deadline.hour, 12)
        self.assertEqual(key.answer_deadline.hour, 11, "of an A customer")
        self.assertEqual(key.grade_id, self.grade("A"))

    def test_limits_of_the_procedure_where_no_row_is(self):
        self._set_rows()
        with freeze_time(f"{MONDAY} 08:00:00"):
            ticket = self.report()
        self.assertEqual(ticket.accept_deadline, datetime(2026, 6, 1, 10), "120 working minutes")
        self.assertEqual(ticket.answer_deadline, datetime(2026, 6, 5, 17), "5 working days")

    def test_c10_part_of_a_department(self):
        self._add_row("part", 4, "working_hour")
        with freeze_time(f"{MONDAY} 15:00:00"):
            part = self.part(self.accepted())
        self.assertEqual(part.deadline, datetime(2026, 6, 2, 10))

    # ------------------------------------------------------------
    # Custody and pause (S11, C10)
    # ------------------------------------------------------------

    def test_waiting_stops_the_clock_for_its_working_time(self):
        """Asked on Monday at 16, answered on Tuesday at 9: two hours of work, not seventeen."""
        with freeze_time(f"{MONDAY} 15:00:00"):
            ticket = self.report()
            self._accept(ticket)
        service = ticket.with_user(self.users["service"])
        with freeze_time(f"{MONDAY} 16:00:00"):
            service.action_ask_customer("Which lot is it?")
        self.assertTrue(ticket.is_waiting)
        self.assertFalse(ticket.deadline, "nobody of us has to act")
        with freeze_time("2026-06-05 10:00:00"):
            self.assertFalse(ticket.is_overdue)
        with freeze_time("2026-06-02 09:00:00"):
            ticket._customer_replied()
        self.assertFalse(ticket.is_waiting)
        self.assertEqual(ticket.answer_deadline, datetime(2026, 6, 2, 17), "one hour used, seven left")

    def test_reopening_is_a_clock_of_its_own(self):
        with freeze_time(f"{MONDAY} 08:00:00"):
            ticket = self.report()
            self._accept(ticket)
        with freeze_time(f"{MONDAY} 15:00:00"):
            self._answer(ticket)
        self.assertFalse(ticket.deadline)
        self.assertLess(ticket.date_answered, ticket.answer_deadline, "in time")
        with freeze_time("2026-06-03 08:00:00"):
            ticket._customer_reject(ticket._answer_token(), "No")
        self.assertEqual(ticket.answer_deadline, datetime(2026, 6, 3, 17))
        self.assertEqual(ticket.custody_ids.mapped("holder"), ["service", "customer", "service"])
        self.assertEqual(ticket.custody_ids.mapped("round"), [1, 1, 2])

    def test_a_leave_entered_later_is_as_if_it_had_been_there(self):
        """glpi#15605: re-derive, never patch."""

        def life(ticket):
            with freeze_time(f"{MONDAY} 15:00:00"):
                ticket = self.report()
                self._accept(ticket)
            with freeze_time(f"{MONDAY} 16:00:00"):
                ticket.with_user(self.users["service"]).action_ask_customer("Which lot?")
            with freeze_time("2026-06-02 09:00:00"):
                ticket._customer_replied()
            return ticket

        with freeze_time("2026-06-02 10:00:00"):
            before = life(None)
            self._leave("2026-06-02 00:00:00", "2026-06-03 00:00:00")
            self._recompute()
            after = life(None)
        for name in ("accept_deadline", "first_deadline", "answer_deadline", "deadline", "next_climb"):
            self.assertEqual(before[name], after[name], name)
        self.assertEqual(before.answer_deadline, datetime(2026, 6, 3, 16), "one hour on Monday, none on Tuesday")

    def test_deadlines_follow_working_hours_in_the_background(self):
        cron = self.env.ref("crm_procedure.ir_cron_ticket_deadlines")
        triggers = [("cron_id", "=", cron.id)]
        for change in (
            lambda: self._leave("2026-06-02 00:00:00", "2026-06-03 00:00:00"),
            lambda: self.calendar.attendance_ids[0].write({"hour_to": 11}),
            lambda: self.calendar.attendance_ids[0].unlink(),
        ):
            self.env["ir.cron.trigger"].search(triggers).unlink()
            change()
            self.assertTrue(self.env["ir.cron.trigger"].search_count(triggers))

    def test_priority_changed_is_as_if_it_had_been_so(self):
        self._add_row("solution", 2, "working_hour", priority="3")
        with freeze_time(f"{MONDAY} 08:00:00"):
            ticket = self.report()
            self._accept(ticket)
        with freeze_time(f"{MONDAY} 10:00:00"):
            ticket.with_user(self.users["service"]).action_set_priority("Their line stands still", "3")
        self.assertEqual(ticket.answer_deadline, datetime(2026, 6, 1, 10))

    def test_departments_count_as_ours(self):
        with freeze_time(f"{MONDAY} 08:00:00"):
            ticket = self.report()
            self._accept(ticket)
        before = ticket.answer_deadline
        with freeze_time(f"{MONDAY} 09:00:00"):
            part = self.part(ticket)
        with freeze_time(f"{MONDAY} 11:00:00"):
            part.with_user(self.users["specialist"]).action_done("Glue")
        self.assertEqual(ticket.answer_deadline, before)
        with freeze_time(f"{MONDAY} 12:00:00"):
            hours = {row.holder: row.hours for row in ticket.custody_ids if row.holder == "department"}
            self.assertEqual(hours, {"department": 2})
            self.assertEqual(ticket.time_used, 4)
            self.assertEqual(ticket.time_left, 4)
            self.assertEqual(ticket.time_percent, 50)
            self.assertIn("technical", ticket.time_html)

    def test_time_as_the_customer_feels_it(self):
        with freeze_time(f"{MONDAY} 08:00:00"):
            ticket = self.report()
        with freeze_time("2026-06-03 08:00:00"):
            self.assertEqual(ticket.time_felt, 48)
            self.assertEqual(ticket.time_used, 16)

    # ------------------------------------------------------------
    # Calendars
    # ------------------------------------------------------------

    def test_team_with_its_own_hours(self):
        self.team_service.resource_calendar_id = self._new_calendar("Late shift", ((14, 18), (19, 23)))
        with freeze_time(f"{MONDAY} 15:00:00"):
            ticket = self.report()
        self.assertEqual(ticket.answer_deadline, datetime(2026, 6, 2, 15))

    def test_without_a_calendar(self):
        """Nobody crashes; every hour counts."""
        self.company.resource_calendar_id = False
        with freeze_time(f"{MONDAY} 15:00:00"):
            self.assertEqual(self.report().answer_deadline, datetime(2026, 6, 1, 23))

    def test_empty_calendar(self):
        self.calendar.attendance_ids.unlink()
        with freeze_time(f"{MONDAY} 15:00:00"):
            self.assertEqual(self.report().answer_deadline, datetime(2026, 6, 1, 23))

    def test_long_leave(self):
        """The list of the calendar grows until the deadline is in it."""
        self._leave("2026-06-01 00:00:00", "2027-06-01 00:00:00")
        with freeze_time(f"{MONDAY} 15:00:00"):
            self.assertEqual(self.report().answer_deadline, datetime(2027, 6, 1, 17))

    def test_clock_change(self):
        """Work begins at eight on the wall, in winter and in summer."""
        self.company.resource_calendar_id = self._new_calendar("Berlin", tz="Europe/Berlin")
        with freeze_time("2026-03-27 15:00:00"):  # Friday 16:00 in Berlin, an hour before the end
            self.assertEqual(self.report().answer_deadline, datetime(2026, 3, 30, 14), "16:00 in summer time")

    # ------------------------------------------------------------
    # Cost
    # ------------------------------------------------------------

    def test_recompute_in_few_queries(self):
        tickets = self.Ticket.sudo().create(
            [{"subject": f"T{n}", "partner_id": self.customer.id, "company_id": self.company.id} for n in range(100)]
        )
        self.env.cr.execute("UPDATE crm_procedure_ticket SET answer_deadline = NULL")
        counts = []
        for some in (tickets[:2], tickets):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some._recompute_deadlines()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], 15)
        self.assertLessEqual(counts[1], counts[0] + 2)
        self.assertTrue(all(tickets.mapped("answer_deadline")))

    def test_creation_in_few_queries(self):
        values = {"subject": "Torn", "partner_id": self.customer.id, "company_id": self.company.id}
        model = self.Ticket.with_user(self.users["user"])
        model.create(dict(values))
        self.env.flush_all()
        for count, bound in ((1, 20), (50, 6 * 50), (200, 6 * 200)):
            before = self.env.cr.sql_log_count
            model.create([dict(values) for _n in range(count)])
            self.env.flush_all()
            spent = self.env.cr.sql_log_count - before
            self.assertLessEqual(spent, bound, f"{count} tickets")

    def test_200_in_a_row_cost_the_same_each(self):
        values = {"subject": "Torn", "partner_id": self.customer.id, "company_id": self.company.id}
        costs = []
        for _n in range(200):
            before = self.env.cr.sql_log_count
            self.Ticket.sudo().create(dict(values))
            self.env.flush_all()
            costs.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(max(costs[-10:]), min(costs[2:12]))
