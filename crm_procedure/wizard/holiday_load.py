from datetime import datetime, time, timedelta

from markupsafe import Markup
from pytz import timezone, utc

from odoo import api, fields, models
from odoo.exceptions import LockError, UserError
from odoo.tools import format_date

from ..tools import public_holidays

COLORS = {"off": "danger", "work": "success", "gone": "secondary"}


class ProcedureHolidayLoad(models.TransientModel):
    """Loads the public holidays and make-up working days (调休) of a year into calendars that
    somebody chose, after showing what will change.

    Loading again changes nothing, unless the ``holidays`` library has learnt more meanwhile:
    then days that were loaded before and hold no longer go. What was entered by hand stays.
    """

    _name = "crm.procedure.holiday.load"
    _description = "Load Public Holidays"

    calendar_ids = fields.Many2many(
        "resource.calendar",
        string="Working Hours",
        required=True,
        default=lambda self: self._default_calendars(),
        help="Calendars that follow these public holidays. Others stay as they are.",
    )
    country_id = fields.Many2one(
        "res.country", required=True, default=lambda self: self.env.company.country_id or self.env.ref("base.cn")
    )
    year = fields.Integer(required=True, default=lambda self: self.env.company._procedure_now().year)
    changes_html = fields.Html(string="What will change", compute="_compute_changes_html", sanitize=False)
    warning = fields.Char(compute="_compute_changes_html")
    has_changes = fields.Boolean(compute="_compute_changes_html")

    @api.model
    def _default_calendars(self):
        if self.env.context.get("active_model") == "resource.calendar":
            return self.env.context.get("active_ids")
        return self.env.company.resource_calendar_id

    @api.depends("calendar_ids", "country_id", "year")
    def _compute_changes_html(self):
        for wizard in self:
            wizard.changes_html = wizard.warning = wizard.has_changes = False
            if not (wizard.country_id and wizard.year and wizard.calendar_ids):
                continue
            try:
                special = wizard._special_days()
            except UserError as error:
                wizard.warning = str(error)
                continue
            if not special.announced:
                wizard.warning = wizard._not_announced()
            changes = {calendar: wizard._changes(calendar._origin, special) for calendar in wizard.calendar_ids}
            wizard.has_changes = any(any(found.values()) for found in changes.values())
            wizard.changes_html = Markup().join(wizard._changes_table(*item) for item in changes.items())

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_load(self):
        """Make the changes that the dialog shows.

        :return: close the dialog and say what was done
        :raise AccessError: for whoever may not change working hours
        :raise UserError: for a country or year that is not known, or when somebody else is loading
        """
        self.ensure_one()
        self.calendar_ids.check_access("write")
        special = self._special_days()
        try:
            self.calendar_ids.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("Somebody else is changing these working hours. Try again in a few seconds.")
            ) from error
        added = removed = 0
        for calendar in self.calendar_ids:
            changes = self._changes(calendar, special)
            added += len(changes["off"]) + len(changes["work"])
            removed += len(changes["obsolete_off"]) + len(changes["obsolete_work"])
            self._apply(calendar, changes)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(year)s, %(country)s: %(added)d days added, %(removed)d removed.",
                    year=self.year,
                    country=self.country_id.name,
                    added=added,
                    removed=removed,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _special_days(self):
        """:return: ``public_holidays.Year`` of the country, names in the user's language"""
        try:
            return public_holidays.year_of(self.country_id.code, self.year, self.env.lang)
        except public_holidays.UnknownCountry as error:
            raise UserError(
                self.env._(
                    "The public holidays of %(country)s are not known. Enter them under Time Off of the working hours.",
                    country=self.country_id.name,
                )
            ) from error
        except public_holidays.UnknownYear as error:
            raise UserError(
                self.env._(
                    "The public holidays of %(country)s in %(year)s are not known. Check the year.",
                    country=self.country_id.name,
                    year=self.year,
                )
            ) from error

    def _not_announced(self):
        if self.year < self.env.company._procedure_now().year:
            return False
        return self.env._(
            "%(country)s moves working days to weekends around its holidays, and those of %(year)s are not known yet. "
            "Load what is known, and load the year again when the government has announced them and an administrator "
            'has updated the Python package "holidays" on the server.',
            country=self.country_id.name,
            year=self.year,
        )

    def _changes(self, calendar, special):
        """What loading would change in one calendar.

        :return: {"off": {date: name}, "work": {date: (weekday, name)}, "obsolete_off": leaves
            loaded before and gone, "obsolete_work": extra working days likewise}
        """
        leaves = self._leaves(calendar)
        ours = leaves.filtered(lambda leave: leave.procedure_country_id == self.country_id)
        zone = timezone(calendar.tz or "UTC")
        days_off = self._names_off(special)
        covered = {leave: self._days_covered(leave, zone) for leave in leaves}
        taken = set().union(*covered.values())
        workdays = calendar.procedure_workday_ids.filtered(lambda day: day.date.year == self.year)
        worked = set(workdays.mapped("date"))
        return {
            "off": {day: name for day, name in days_off.items() if day not in taken},
            "work": {
                day: self._workday(day, day_off) for day, day_off in special.exchanged.items() if day not in worked
            },
            "obsolete_off": ours.filtered(lambda leave: covered[leave] and not covered[leave] & days_off.keys()),
            "obsolete_work": workdays.filtered(
                lambda day: day.country_id == self.country_id and day.date not in special.exchanged
            ),
        }

    def _leaves(self, calendar):
        """:return: time off of everybody in the calendar that touches the year"""
        begin, end = (datetime(self.year + n, 1, 1) + timedelta(days=3 * n - 1) for n in (0, 1))
        return self.env["resource.calendar.leaves"].search(
            [
                ("calendar_id", "in", [calendar.id, False]),
                ("resource_id", "=", False),
                ("time_type", "=", "leave"),
                ("company_id", "in", [(calendar.company_id or self.env.company).id, False]),
                ("date_from", "<", end),
                ("date_to", ">", begin),
            ]
        )

    def _days_covered(self, leave, zone):
        """:return: set of the local days in the year of which the leave takes the middle"""
        begin, end = (utc.localize(moment).astimezone(zone) for moment in (leave.date_from, leave.date_to))
        days = (begin.date() + timedelta(days=n) for n in range((end.date() - begin.date()).days + 1))
        return {
            day
            for day in days
            if day.year == self.year and begin <= zone.localize(datetime.combine(day, time(12))) <= end
        }

    def _names_off(self, special):
        """The library's own words for an exchanged day are clumsy, ours name the make-up day."""
        exchanged = {off: day for day, off in special.exchanged.items() if off}
        return {
            day: self.env._("Day off in exchange for %(date)s", date=format_date(self.env, exchanged[day]))
            if day in exchanged
            else name
            for day, name in special.off.items()
        }

    def _workday(self, day, day_off):
        """:return: (weekday whose hours hold, reason) of a make-up day"""
        if not day_off:
            return 0, self.env._("Make-up working day")
        return day_off.weekday(), self.env._("Make-up working day for %(date)s", date=format_date(self.env, day_off))

    def _apply(self, calendar, changes):
        changes["obsolete_off"].unlink()
        changes["obsolete_work"].unlink()
        zone = timezone(calendar.tz or "UTC")
        self.env["resource.calendar.leaves"].create(
            [
                {
                    "name": name,
                    "calendar_id": calendar.id,
                    "date_from": self._utc(zone, day, time.min),
                    "date_to": self._utc(zone, day, time(23, 59, 59)),
                    "time_type": "leave",
                    "procedure_country_id": self.country_id.id,
                }
                for day, name in changes["off"].items()
            ]
        )
        self.env["resource.calendar.workday"].create(
            [
                {
                    "calendar_id": calendar.id,
                    "date": day,
                    "dayofweek": str(weekday),
                    "name": name,
                    "country_id": self.country_id.id,
                }
                for day, (weekday, name) in changes["work"].items()
            ]
        )

    @staticmethod
    def _utc(zone, day, clock):
        return zone.localize(datetime.combine(day, clock)).astimezone(utc).replace(tzinfo=None)

    def _changes_table(self, calendar, changes):
        """:return: Markup of the changes in one calendar, by date"""
        zone = timezone(calendar.tz or "UTC")
        rows = [(day, "off", name) for day, name in changes["off"].items()]
        rows += [(day, "work", name) for day, (_weekday, name) in changes["work"].items()]
        rows += [(min(self._days_covered(leave, zone)), "gone", leave.name or "") for leave in changes["obsolete_off"]]
        rows += [(day.date, "gone", day.name or "") for day in changes["obsolete_work"]]
        labels = {
            "off": self.env._("Day off"),
            "work": self.env._("Working day"),
            "gone": self.env._("Removed"),
        }
        body = Markup().join(
            Markup('<tr><td>%s</td><td>%s</td><td><span class="badge text-bg-%s">%s</span></td><td>%s</td></tr>')
            % (
                format_date(self.env, day),
                format_date(self.env, day, date_format="EEE"),
                COLORS[kind],
                labels[kind],
                name,
            )
            for day, kind, name in sorted(rows, key=lambda row: row[:2])
        )
        if not rows:
            body = Markup('<tr><td colspan="4" class="text-muted">%s</td></tr>') % self.env._(
                "Nothing changes: this year has been loaded."
            )
        return Markup('<h4>%s</h4><table class="table table-sm"><tbody>%s</tbody></table>') % (calendar.name, body)
