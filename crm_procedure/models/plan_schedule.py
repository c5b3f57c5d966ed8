from datetime import datetime, time, timedelta

from pytz import timezone

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools.planning import NOT_DUE, Planning


class ProcedurePlan(models.Model):
    """Finding who is due when: one SQL statement over all customers (``tools/planning.py``)."""

    _inherit = "crm.procedure.plan"

    def _compute_schedule(self):
        """Make the lines and weeks of a draft anew.

        :raise UserError: nobody to plan for
        """
        self.ensure_one()
        self._check_fit()
        self._forget_lines()
        planning = self._planning()
        if not planning.insert_lines():
            raise UserError(
                self.env._(
                    "There is nobody to plan for: no active customer of %(company)s has one of these grades. Grade "
                    "your customers first, or choose other grades.",
                    company=self.company_id.name,
                )
            )
        planning.insert_weeks()
        self._store_figures()

    def _compute_again_if_late(self):
        """A plan signed after its first days is laid out anew from today on, so that nothing is lost."""
        today = self.company_id._procedure_now().date()
        made = fields.Datetime.context_timestamp(
            self.with_context(tz=self.company_id._procedure_tz()), self.computed_on
        )
        if self.date_from < today and made.date() < today:
            self._compute_schedule()
            self.sudo().message_post(  # a note on a record that approvers cannot write
                body=self.env._(
                    "Laid out again from today on: the first days of the plan were past when it was signed."
                )
            )

    def _planning(self, begin=None):
        """:return: the schedule from ``begin`` (today), or from the first day of the plan when that is later"""
        begin = max(self.date_from, begin or self.company_id._procedure_now().date())
        days = self._working_days(begin, self.date_to)
        return Planning(self, begin, days, self._limit("contacts_per_day"), int(self._limit("contact_floor")))

    def _store_figures(self):
        [[customers, contacts, skipped]] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE contacts > 0), COALESCE(sum(contacts), 0),
                       count(*) FILTER (WHERE skip_reason != %s)
                FROM crm_procedure_plan_line WHERE plan_id = %s
                """,
                NOT_DUE,
                self.id,
            )
        )
        [[capacity, overloaded]] = self.env.execute_query(
            SQL(
                "SELECT COALESCE(sum(capacity), 0), count(*) FILTER (WHERE contacts > capacity)"
                " FROM crm_procedure_plan_week WHERE plan_id = %s",
                self.id,
            )
        )
        self.sudo().write(  # the plan's own books; the power was checked
            {
                "computed_on": fields.Datetime.now(),
                "customer_count": customers,
                "contact_count": contacts,
                "skipped_count": skipped,
                "capacity_count": capacity,
                "overloaded_count": overloaded,
            }
        )

    def _owners(self):
        """:return: the active account owners in the scope of the plan

        sudo: who keeps customers, which the plan is about.
        """
        if self.user_id:
            return self.user_id.sudo()
        self.env["res.partner"].flush_model(["user_id", "active", "procedure_grade_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT p.user_id FROM res_partner p JOIN res_users u ON u.id = p.user_id AND u.active
                WHERE p.active AND p.procedure_grade_id->>%s IS NOT NULL
                """,
                str(self.company_id.id),
            )
        )
        return self.env["res.users"].sudo().browse([user for [user] in rows])

    def _working_days(self, first, last, owners=None):
        """The days on which each owner works, holidays, make-up days and own leaves counted;
        each calendar is asked once for all of its people.

        :return: {user id: sorted list of dates}; nobody without a working day
        """
        company = self.company_id
        owners = self._owners() if owners is None else owners
        zone = timezone(company._procedure_tz())
        start, end = (zone.localize(datetime.combine(day, time.min)) for day in (first, last + timedelta(days=1)))
        own = {
            owner: owner.resource_ids.filtered(lambda r: r.company_id == company and r.calendar_id)[:1]
            for owner in owners
        }
        fallback = company.sudo().resource_calendar_id  # working hours are no secret
        days = {}
        calendars = {resource.calendar_id or fallback for resource in own.values()}
        for calendar in calendars:
            people = {user: r for user, r in own.items() if (r.calendar_id or fallback) == calendar}
            resources = self.env["resource.resource"].sudo().union(*people.values())
            if calendar:
                intervals = calendar._work_intervals_batch(start, end, resources=resources)
            for user, resource in people.items():
                if not calendar:
                    days[user.id] = [first + timedelta(days=n) for n in range((last - first).days + 1)]
                    continue
                found = {begin.astimezone(zone).date() for begin, _stop, _meta in intervals[resource.id]}
                if found:
                    days[user.id] = sorted(found)
        return days
