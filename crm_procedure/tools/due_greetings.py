"""Whom to greet today, found in one statement for an occasion however many customers there are (V10).

A greeting is due from ``lead_days`` before the day until the day. Customers count who have
ordered or hold a grade; archived ones, those who asked for no greetings and addresses on
the e-mail blacklist do not.
"""

from calendar import isleap
from datetime import timedelta

from odoo.tools import SQL

from .public_holidays import day_named

FAR = 366  # days looked ahead for the next one
CHUNK = 5000  # greetings written in one transaction: a third of a second

# what the query reads besides the rows it writes
_READ = {
    "res.partner": None,
    "mail.blacklist": ["email", "active"],
    "crm.procedure.greeting": None,
}


class DueGreetings:
    """Finds and writes the greetings of one company that fall due.

    :param company: ``res.company`` whose occasions and customers count
    """

    def __init__(self, company):
        self.env = company.env
        self.company = company
        self.today = company._procedure_now().date()
        self._known_countries = None

    def insert(self, occasion, after=0):
        """Write a row for each greeting that falls due, for a chunk of people; one that is there
        already is left alone, whoever wrote it.

        :param after: id of the contact to go on after
        :return: (number of rows written, id of the last contact of the chunk or None at the end)
        """
        days = self.days(occasion)
        if not days:
            return 0, None
        for name, columns in _READ.items():
            self.env[name].flush_model(columns)
        query = SQL(
            """
            WITH due AS MATERIALIZED (%(people)s LIMIT %(chunk)s), written AS (
                INSERT INTO crm_procedure_greeting
                    (key, occasion_id, company_id, partner_id, customer_id, user_id, email, day, year, try_on, state)
                SELECT concat_ws('-', %(occasion)s, p.id, due.year), %(occasion)s, %(company)s, p.id, c.id,
                       COALESCE(p.user_id, c.user_id), NULLIF(p.email_normalized, ''), due.day, due.year,
                       %(today)s, 'due'
                FROM due
                JOIN res_partner p ON p.id = due.partner_id
                JOIN res_partner c ON c.id = p.commercial_partner_id
                WHERE NOT EXISTS (
                    SELECT FROM crm_procedure_greeting g
                    WHERE g.occasion_id = %(occasion)s AND g.partner_id = p.id AND g.year = due.year)
                ORDER BY p.id
                ON CONFLICT (key) DO NOTHING
                RETURNING 1
            )
            SELECT (SELECT count(*) FROM written), count(*), max(partner_id) FROM due
            """,
            occasion=occasion.id,
            company=self.company.id,
            today=self.today,
            people=self.people(occasion, days, after),
            chunk=CHUNK,
        )
        [[written, found, last]] = self.env.execute_query(query)
        self.env["crm.procedure.greeting"].invalidate_model()
        return written, last if found == CHUNK else None

    # ------------------------------------------------------------
    # Days
    # ------------------------------------------------------------

    def days(self, occasion, ahead=None):
        """The days on which the occasion falls, from today for its lead days.

        :param ahead: days to look ahead instead of the lead days
        :return: list of (day, country id or None for all); for birthdays and anniversaries
            every day counts
        """
        ahead = occasion.lead_days if ahead is None else ahead
        window = [self.today + timedelta(days=n) for n in range(ahead + 1)]
        if occasion.basis == "date":
            wanted = (int(occasion.month), occasion.day)
            return [(day, None) for day in window if wanted in _month_days(day)]
        if occasion.basis == "holiday":
            years = {day.year for day in window}
            found = [
                (day_named(country.code, occasion._holiday_names(), year), country.id)
                for country in self._countries(occasion)
                for year in years
            ]
            return sorted((day, country) for day, country in found if day and day in window)
        return [(day, None) for day in window]

    def next_day(self, occasion):
        """:return: next day of a fixed date or public holiday, in the company's country first"""
        if occasion.basis not in ("date", "holiday"):
            return None
        days = self.days(occasion, FAR)
        own = [day for day, country in days if country in (None, self.company.country_id.id)]
        return next(iter(own or [day for day, _country in days]), None)

    def _countries(self, occasion):
        """Countries of the customers; those without one are taken to be in the company's own."""
        if occasion.country_ids:
            return occasion.country_ids
        if self._known_countries is None:
            query = SQL("SELECT DISTINCT country_id FROM res_partner WHERE active AND country_id IS NOT NULL")
            ids = [id_ for [id_] in self.env.execute_query(query)]
            self._known_countries = self.env["res.country"].browse(ids) | self.company.country_id
        return self._known_countries

    # ------------------------------------------------------------
    # People
    # ------------------------------------------------------------

    def people(self, occasion, days, after=0):
        """:return: SQL of partner_id, day, year: who is greeted on one of ``days``, by id from the one ``after``"""
        company = str(self.company.id)
        conditions = [
            SQL("p.id > %s AND p.active AND c.active", after),
            SQL("p.id != ALL (ARRAY(SELECT partner_id FROM res_company))"),
            SQL("(c.company_id IS NULL OR c.company_id = %s)", self.company.id),
            SQL("(c.customer_rank > 0 OR c.procedure_grade_id->>%s IS NOT NULL)", company),
            SQL("p.procedure_no_greetings IS NOT TRUE AND c.procedure_no_greetings IS NOT TRUE"),
            SQL("NOT EXISTS (SELECT FROM mail_blacklist b WHERE b.active AND b.email = p.email_normalized)"),
            SQL("NOT EXISTS (SELECT FROM res_users u WHERE u.partner_id = p.id AND NOT u.share)"),
            self._of_recipients(occasion),
            self._on_day(occasion),
        ]
        if occasion.grade_ids:
            graded = SQL("(c.procedure_grade_id->>%s)::int = ANY(%s)", company, occasion.grade_ids.ids)
            conditions.append(graded)
        if occasion.country_ids:
            conditions.append(SQL("%s = ANY(%s)", self._country(), occasion.country_ids.ids))
        return SQL(
            """
            SELECT DISTINCT ON (p.id, d.year) p.id AS partner_id, d.day, d.year
            FROM res_partner p
            JOIN res_partner c ON c.id = p.commercial_partner_id
            JOIN (VALUES %s) d (day, year, month, dom, leap, country_id) ON TRUE
            WHERE %s
            ORDER BY p.id, d.year, d.day
            """,
            SQL(", ").join(
                SQL(
                    "(%s::date, %s, %s, %s, %s, %s::int)",
                    day,
                    day.year,
                    day.month,
                    day.day,
                    (2, 29) in _month_days(day),
                    country,
                )
                for day, country in days
            ),
            SQL(" AND ").join(conditions),
        )

    def _country(self):
        return SQL("COALESCE(p.country_id, c.country_id, %s)", self.company.country_id.id)

    def _of_recipients(self, occasion):
        if occasion.basis == "anniversary" or occasion.basis != "birthday" and occasion.recipients == "customer":
            return SQL("p.id = c.id")
        return SQL("p.is_company IS NOT TRUE AND (p.id = c.id OR p.type = 'contact')")

    def _on_day(self, occasion):
        """Birthdays of 29 February are kept on the 28th in other years; nobody is greeted
        on the very day of birth."""
        if occasion.basis == "date":
            return SQL("TRUE")
        if occasion.basis == "holiday":
            return SQL("d.country_id = %s", self._country())
        date = SQL("p.procedure_birthday") if occasion.basis == "birthday" else SQL("p.procedure_founded_on")
        return SQL(
            """
            %(date)s IS NOT NULL AND %(date)s < d.day AND EXTRACT(month FROM %(date)s) = d.month
            AND (EXTRACT(day FROM %(date)s) = d.dom OR d.leap AND EXTRACT(day FROM %(date)s) = 29)
            """,
            date=date,
        )


def _month_days(day):
    """:return: set of (month, day) that are kept on ``day``"""
    kept = {(day.month, day.day)}
    if kept == {(2, 28)} and not isleap(day.year):
        kept.add((2, 29))
    return kept
