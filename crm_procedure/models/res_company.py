from datetime import datetime, time, timedelta

from pytz import timezone, utc

from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    procedure_waive_separation = fields.Boolean(
        string="One person may submit and approve",
        help="For a company so small that nobody else can approve. Each approval that "
        "used this says so in the record's history.",
    )

    def _procedure_tz(self):
        """:return: name of the time zone that the company's days begin and end in"""
        self.ensure_one()
        company = self.sudo()  # the time zone of the company is no secret
        return company.resource_calendar_id.tz or company.partner_id.tz or "UTC"

    def _procedure_work_ends(self, first, last, resource=None):
        """Local working days and when work ends on each, holidays and leaves taken off.

        A company without a calendar works every day until midnight.

        :param date first: first day looked at
        :param date last: last day looked at
        :param resource: ``resource.resource`` whose calendar and leaves count, or the company's
        :return: {date: naive UTC datetime}, in order
        """
        self.ensure_one()
        zone = timezone(self._procedure_tz())
        start, end = (zone.localize(datetime.combine(day, time.min)) for day in (first, last + timedelta(days=1)))
        resource = resource or self.env["resource.resource"]
        calendar = (resource.calendar_id or self.resource_calendar_id).sudo()  # working hours are no secret
        if not calendar:
            days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
            intervals = [(None, zone.localize(datetime.combine(day, time.max)), None) for day in days]
        else:
            intervals = calendar._work_intervals_batch(start, end, resources=resource)[resource.id]
        return {
            stop.astimezone(zone).date(): stop.astimezone(utc).replace(tzinfo=None) for _start, stop, _meta in intervals
        }

    def _procedure_days_ahead(self, days):
        """:return: end of work on the working day that is ``days`` after today, naive UTC"""
        today = self._procedure_now().date()
        horizon = today + timedelta(days=3 * days + 60)
        ends = list(self._procedure_work_ends(today + timedelta(days=1), horizon).values())
        return ends[min(days, len(ends)) - 1] if ends else datetime.combine(horizon, time.min)

    def _procedure_days_ago(self, days):
        """The moment since when ``days`` working days have passed, naive UTC.

        On a day off the clock stands at the beginning of the next working day.
        """
        now = self._procedure_now()
        today = now.date()
        earlier = list(self._procedure_work_ends(today - timedelta(days=3 * days + 60), today))
        clock = now.time() if today in earlier else time.min
        earlier = [day for day in earlier if day < today]
        day = earlier[-min(days, len(earlier))] if earlier else today - timedelta(days=days)
        zone = timezone(self._procedure_tz())
        return zone.localize(datetime.combine(day, clock)).astimezone(utc).replace(tzinfo=None)

    def _procedure_bounds(self, first, last):
        """:return: (beginning of the day ``first``, end of the day ``last``) in the company's time, naive UTC"""
        zone = timezone(self._procedure_tz())
        return tuple(
            zone.localize(datetime.combine(day, time.min)).astimezone(utc).replace(tzinfo=None)
            for day in (first, last + timedelta(days=1))
        )

    def _procedure_now(self):
        """:return: the present moment in the company's time zone"""
        zone = timezone(self._procedure_tz())
        return zone.normalize(utc.localize(fields.Datetime.now()).astimezone(zone))
