from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time
from pytz import timezone, utc

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from ..tools import public_holidays
from .common import ProcedureCase

SHANGHAI = timezone("Asia/Shanghai")


def local(*moment):
    """A moment in Shanghai, as naive UTC."""
    return SHANGHAI.localize(datetime(*moment)).astimezone(utc).replace(tzinfo=None)


@tagged("post_install", "-at_install")
class TestWorkingDays(ProcedureCase):
    """Deadlines across the Spring Festival come out right: days off, make-up days (调休)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.calendar = cls.env["resource.calendar"].create(
            {"name": "Shanghai office", "company_id": cls.company.id, "tz": "Asia/Shanghai"}
        )
        cls.company.resource_calendar_id = cls.calendar
        cls.admin = new_test_user(
            cls.env,
            "holiday_admin",
            "base.group_system,crm_procedure.group_quality",
            company_id=cls.company.id,
            company_ids=[cls.company.id],
        )

    def _load(self, year, country="cn", calendar=None, user=None):
        wizard = (
            self.env["crm.procedure.holiday.load"]
            .with_user(user or self.admin)
            .create(
                {
                    "calendar_ids": [(6, 0, (calendar or self.calendar).ids)],
                    "country_id": (self.env.ref(f"base.{country}") if isinstance(country, str) else country).id,
                    "year": year,
                }
            )
        )
        wizard.action_load()
        return wizard

    def _works(self, *days, calendar=None):
        """:return: hours worked on each of the days"""
        calendar = calendar or self.calendar
        return [
            calendar.get_work_hours_count(
                SHANGHAI.localize(datetime.combine(day, datetime.min.time())),
                SHANGHAI.localize(datetime.combine(day, datetime.max.time())),
            )
            for day in days
        ]

    # ------------------------------------------------------------
    # The facts, as announced by the State Council
    # ------------------------------------------------------------

    FACTS = {  # year: (days off of the Spring Festival, of the National Day, working Saturdays and Sundays)
        2025: (
            (date(2025, 1, 28), date(2025, 2, 4)),
            (date(2025, 10, 1), date(2025, 10, 8)),
            [date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11)],
        ),
        2026: (
            (date(2026, 2, 15), date(2026, 2, 23)),
            (date(2026, 10, 1), date(2026, 10, 7)),
            [
                date(2026, 1, 4),
                date(2026, 2, 14),
                date(2026, 2, 28),
                date(2026, 5, 9),
                date(2026, 9, 20),
                date(2026, 10, 10),
            ],
        ),
    }

    def test_china(self):
        for year, (*breaks, makeup) in self.FACTS.items():
            self._load(year)
            for first, last in breaks:
                days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
                self.assertEqual(self._works(*days), [0] * len(days), f"off {first} to {last}")
                before, after = date.fromordinal(first.toordinal() - 1), date.fromordinal(last.toordinal() + 1)
                around = [day for day in (before, after) if day.weekday() < 5 or day in makeup]
                self.assertEqual(self._works(*around), [8] * len(around))
            self.assertEqual(self._works(*makeup), [8] * len(makeup))
            self.assertEqual(sorted(self.calendar.procedure_workday_ids.mapped("date"))[-len(makeup) :], makeup)

    def test_deadlines_across_the_spring_festival(self):
        """G5, C10: three working days after Friday 13 February 2026 are Sat 14, Tue 24, Wed 25."""
        with freeze_time(local(2026, 2, 13, 10)):
            self.assertEqual(self.company._procedure_days_ahead(3), local(2026, 2, 18, 17))
            self._load(2026)
            self.assertEqual(self.company._procedure_days_ahead(3), local(2026, 2, 25, 17))
        with freeze_time(local(2026, 2, 25, 10)):
            self.assertEqual(self.company._procedure_days_ago(3), local(2026, 2, 13, 10))

    def test_odoos_own_interfaces(self):
        self._load(2026)
        friday = local(2026, 2, 13, 8)
        plan = self.calendar.plan_hours
        self.assertEqual(plan(20, friday, compute_leaves=True), local(2026, 2, 24, 12))
        self.assertEqual(self.calendar.plan_days(3, friday, compute_leaves=True), local(2026, 2, 24, 12))
        self.assertEqual(
            self.calendar.plan_days(-2, local(2026, 2, 24, 17), compute_leaves=True), local(2026, 2, 14, 13)
        )
        data = self.calendar.get_work_duration_data(friday, local(2026, 2, 25, 0))
        self.assertEqual(data, {"days": 3, "hours": 24})
        unusual = self.calendar._get_unusual_days(local(2026, 2, 13), local(2026, 2, 17))
        self.assertEqual([unusual[f"2026-02-{day}"] for day in (13, 14, 15, 16)], [False, False, True, True])
        self.assertTrue(self.calendar._works_on_date(date(2026, 2, 14)))
        self.assertFalse(self.calendar._works_on_date(date(2026, 3, 14)))

    def test_a_persons_calendar_and_leave(self):
        """A resource works the make-up day too, unless on leave; elsewhere in its own time zone."""
        self._load(2026)
        resource = self.env["resource.resource"].create(
            {"name": "Li", "calendar_id": self.calendar.id, "company_id": self.company.id, "tz": "Asia/Shanghai"}
        )
        far = resource.copy({"tz": "America/New_York"})
        start, end = (SHANGHAI.localize(datetime(2026, 2, day)) for day in (14, 15))
        found = self.calendar._work_intervals_batch(start, end, resources=resource | far)
        self.assertEqual([len(found[key]) for key in (resource.id, False)], [2, 2])
        hours = [(begin.day, begin.hour, stop.hour) for begin, stop, _ in found[far.id]]
        self.assertEqual(hours, [(13, 11, 12), (13, 13, 17), (14, 8, 11)], "its own Friday and Saturday")
        self.env["resource.calendar.leaves"].create(
            {
                "resource_id": resource.id,
                "calendar_id": self.calendar.id,
                "date_from": local(2026, 2, 14),
                "date_to": local(2026, 2, 15),
            }
        )
        self.assertFalse(list(self.calendar._work_intervals_batch(start, end, resources=resource)[resource.id]))

    def test_hours_of_the_weekday_in_exchange(self):
        """Work on 14 February is in exchange for Friday the 20th: Friday's hours hold."""
        self.calendar.attendance_ids.filtered(lambda a: a.dayofweek == "4" and a.day_period != "morning").unlink()
        self._load(2026)
        self.assertEqual(self._works(date(2026, 2, 14)), [4])
        day = self.calendar.procedure_workday_ids.filtered(lambda d: d.date == date(2026, 2, 14))
        day.dayofweek = "0"
        self.assertEqual(self._works(date(2026, 2, 14)), [8], "chosen otherwise")
        day.unlink()
        self.assertEqual(self._works(date(2026, 2, 14)), [0])

    def test_saturday_that_is_worked_anyway(self):
        """The hours of the exchanged day take the place of the short Saturday; they are not added."""
        self.calendar.attendance_ids = [
            (0, 0, {"name": "Sat", "dayofweek": "5", "hour_from": 9, "hour_to": 12, "day_period": "morning"})
        ]
        self._load(2026)
        self.assertEqual(self._works(date(2026, 2, 14), date(2026, 3, 7)), [8, 3])

    def test_two_weeks_calendar(self):
        self.calendar.switch_calendar_type()
        self._load(2026)
        self.assertEqual(self._works(date(2026, 2, 14), date(2026, 2, 16)), [8, 0])

    # ------------------------------------------------------------
    # Loading
    # ------------------------------------------------------------

    def test_loading_again_changes_nothing(self):
        wizard = self._load(2026)
        self.assertFalse(wizard.has_changes)
        leaves, days = self.calendar.leave_ids, self.calendar.procedure_workday_ids
        self._load(2026)
        self.assertEqual((self.calendar.leave_ids, self.calendar.procedure_workday_ids), (leaves, days))
        self._load(2025)
        self.assertEqual(len(self.calendar.procedure_workday_ids), 11)
        self.assertLess(leaves, self.calendar.leave_ids, "the other year stays")

    def test_shows_what_it_will_change(self):
        wizard = self.env["crm.procedure.holiday.load"].with_user(self.admin)
        with Form(wizard.with_context(lang="en_US")) as form:
            form.year = 2026
            form.country_id = self.env.ref("base.cn")
            form.calendar_ids = self.calendar
            self.assertTrue(form.has_changes)
            html = str(form.changes_html)
        for text in (
            "Shanghai office",
            "Spring Festival",
            "<td>02/14/2026</td><td>Sat</td>",
            "Day off in exchange for 02/14/2026",
        ):
            self.assertIn(text, html)
        self.assertFalse(self.calendar.procedure_workday_ids, "shown, not done")

    def test_entered_by_hand_stays(self):
        by_hand = self.env["resource.calendar.leaves"].create(
            {
                "name": "Our own Spring Festival",
                "calendar_id": self.calendar.id,
                "date_from": local(2026, 2, 16),
                "date_to": local(2026, 2, 21),
            }
        )
        own_day = self.env["resource.calendar.workday"].create(
            {"calendar_id": self.calendar.id, "date": "2026-03-14", "name": "Stocktaking"}
        )
        self._load(2026)
        self.assertTrue(by_hand.exists() and own_day.exists())
        days = self.calendar.leave_ids.filtered("procedure_country_id").mapped("date_from")
        self.assertNotIn(local(2026, 2, 17), days, "off already")
        self.assertIn(local(2026, 2, 23), days)

    def test_library_learns(self):
        """Holidays moved after the first load: what holds no longer goes, the new comes."""
        known = public_holidays.year_of("CN", 2026)
        early = public_holidays.Year(
            {day: name for day, name in known.off.items() if day < date(2026, 9, 1)} | {date(2026, 11, 2): "Rumour"},
            {date(2026, 11, 7): date(2026, 11, 2)},
            False,
        )
        with freeze_time("2026-01-05"), patch.object(public_holidays, "year_of", lambda *args: early):
            wizard = self._load(2026)
            self.assertIn("load the year again", wizard.warning)
        self.assertEqual(self._works(date(2026, 11, 2), date(2026, 11, 7)), [0, 8])
        self._load(2026)
        self.assertEqual(self._works(date(2026, 11, 2), date(2026, 11, 7)), [8, 0])
        self.assertEqual(self._works(date(2026, 10, 7), date(2026, 10, 10)), [0, 8])

    def test_year_not_announced_yet(self):
        with freeze_time("2026-11-23"):
            wizard = self._load(2027)
        self.assertIn("are not known yet", wizard.warning)
        self.assertFalse(self.calendar.procedure_workday_ids)
        self.assertEqual(self._works(date(2027, 10, 1)), [0])

    def test_unknown_year_and_country(self):
        for year in (0, -5, 1900, 2200):
            with self.subTest(year), self.assertRaisesRegex(UserError, "are not known"):
                self._load(year)
        nowhere = self.env["res.country"].create({"name": "Nowhere", "code": "ZZ"})
        with self.assertRaisesRegex(UserError, "Nowhere are not known"):
            self._load(2026, nowhere)
        self.assertFalse(self.calendar.leave_ids)

    def test_countries_without_makeup_days(self):
        self._load(2026, "de")
        self.assertEqual(self._works(date(2026, 5, 1), date(2026, 12, 25), date(2026, 12, 24)), [0, 0, 8])
        self.assertFalse(self.calendar.procedure_workday_ids)

    def test_names_in_the_users_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env = self.env(context={**self.env.context, "lang": "zh_CN"})
        self._load(2026)
        self.assertTrue([name for name in self.calendar.leave_ids.mapped("name") if "春节" in name])

    def test_opt_in(self):
        other = self.calendar.copy({"name": "Other"})
        self._load(2026)
        self.assertEqual(self._works(date(2026, 2, 14), date(2026, 2, 16), calendar=other), [0, 8])

    def test_who_may(self):
        for role in ("user", "manager", "quality"):
            with self.subTest(role), self.assertRaises(AccessError):
                self._load(2026, user=self.users[role])
        with self.assertRaises(AccessError):
            self.env["resource.calendar.workday"].with_user(self.users["manager"]).create(
                {"calendar_id": self.calendar.id, "date": "2026-03-14"}
            )
        self._load(2026)
        self.assertEqual(self._works(date(2026, 2, 14), calendar=self.calendar.with_user(self.stranger)), [8])

    def test_no_cost_for_calendars_without(self):
        plain = self.calendar.copy({"name": "Plain"})
        self._load(2026)
        start, end = SHANGHAI.localize(datetime(2026, 2, 1)), SHANGHAI.localize(datetime(2026, 3, 1))

        def queries(calendar):
            self.env.invalidate_all()
            calendar._work_intervals_batch(start, end)  # fills what is kept in memory
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            calendar._work_intervals_batch(start, end)
            return self.env.cr.sql_log_count - before

        with patch.object(type(plain), "_procedure_workdays", lambda self: {}):
            floor = queries(plain)
        self.assertEqual(queries(plain), floor)
        self.assertLessEqual(queries(self.calendar), floor + 2)
