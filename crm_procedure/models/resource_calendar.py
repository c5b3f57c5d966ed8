from collections import defaultdict
from datetime import datetime, timedelta

from pytz import timezone

from odoo import fields, models
from odoo.fields import Domain
from odoo.tools import ormcache
from odoo.tools.date_utils import float_to_time
from odoo.tools.intervals import Intervals


class ResourceCalendar(models.Model):
    """Counts extra working days wherever Odoo asks for working time: deadlines, plans,
    ``plan_hours``, ``plan_days``, ``get_work_hours_count``, days greyed out in calendars."""

    _inherit = "resource.calendar"

    procedure_workday_ids = fields.One2many(
        "resource.calendar.workday", "calendar_id", string="Extra Working Days", copy=True
    )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @ormcache("self.id")
    def _procedure_workdays(self):
        """Kept in memory: a calendar without such days, which is most of them, costs no query.

        sudo: working hours are no secret, and whoever plans needs them.

        :return: {date: weekday, Monday is 0}
        """
        return {day.date: int(day.dayofweek) for day in self.sudo().procedure_workday_ids}

    def _works_on_date(self, date):
        return date in self._procedure_workdays() or super()._works_on_date(date)

    def _attendance_intervals_batch(self, start_dt, end_dt, resources=None, domain=None, tz=None, lunch=False):
        """On an extra working day the hours of another weekday take the place of the day's own."""
        result = super()._attendance_intervals_batch(start_dt, end_dt, resources, domain, tz, lunch)
        if self.flexible_hours:  # worked on any day anyway
            return result
        # a day more on both sides, for the day of a resource far away
        first, last = start_dt.date() - timedelta(days=1), end_dt.date() + timedelta(days=1)
        days = {day: weekday for day, weekday in self._procedure_workdays().items() if first <= day <= last}
        if not days:
            return result
        hours = self._procedure_hours(days, domain, lunch)
        resources = resources or self.env["resource.resource"]
        calendars = resources._get_calendar_at(start_dt, tz)
        for resource in [*resources, self.env["resource.resource"]]:
            if resource and (not calendars.get(resource) or calendars[resource].flexible_hours):
                continue
            zone = tz or timezone((resource or self).tz)
            usual = [interval for interval in result[resource.id] if interval[0].astimezone(zone).date() not in days]
            extra = self._procedure_extra_intervals(hours, start_dt.astimezone(zone), end_dt.astimezone(zone), zone)
            result[resource.id] = Intervals([*usual, *extra], keep_distinct=True)
        return result

    def _procedure_hours(self, days, domain, lunch):
        """:return: {date: attendances whose hours hold on that day}"""
        attendances = self.env["resource.calendar.attendance"].search(
            Domain(domain or Domain.TRUE)
            & Domain("calendar_id", "=", self.id)
            & Domain("display_type", "=", False)
            & Domain("day_period", "=" if lunch else "!=", "lunch")
        )
        two_weeks = self.two_weeks_calendar
        by_day = defaultdict(attendances.browse)
        for attendance in attendances:
            by_day[two_weeks and int(attendance.week_type), int(attendance.dayofweek)] |= attendance
        return {day: by_day[two_weeks and attendances.get_week_type(day), weekday] for day, weekday in days.items()}

    def _procedure_extra_intervals(self, hours, start, end, zone):
        """:return: intervals (start, end, attendance) of the extra days between two local moments"""
        intervals = []
        for day, attendances in hours.items():
            for attendance in attendances:
                begin = zone.localize(datetime.combine(day, float_to_time(attendance.hour_from)))
                stop = zone.localize(datetime.combine(day, float_to_time(attendance.hour_to)))
                if begin < end and stop > start:
                    intervals.append((max(begin, start), min(stop, end), attendance))
        return intervals
