"""What each person did in each month, as one SQL query (R7, 002 7.3).

Reads contacts, tickets and actions; knows no model. A row is a company, a person, a team and a
month of the company's time zone. What is due and not done counts as well, so that leaving work
undone does not make a share look better.

Contacts are many. A person is found by their index, and so are the months that are asked for,
if the caller says which; tickets and actions are few.
"""

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from .quiet import spoken

MONTHS = 24  # before the present one: what is older is no measure of anybody's work today (PIPL 19)
SUMS = (
    "contact_due",
    "contact_done",
    "contact_on_time",
    "visit_count",
    "ticket_due",
    "ticket_answered",
    "ticket_in_time",
    "rating_count",
    "rating_sum",
    "handling_count",
    "handling_sum",
    "action_due",
    "action_done",
    "action_in_time",
)
SHARES = {  # per cent: what of what
    "contact_rate": ("contact_on_time", "contact_due"),
    "ticket_rate": ("ticket_in_time", "ticket_due"),
    "action_rate": ("action_in_time", "action_due"),
}
RATINGS = {  # average: the sum, and how many gave it
    "rating": ("rating_sum", "rating_count"),
    "handling_rating": ("handling_sum", "handling_count"),
}


def share(part, whole):
    """:return: SQL of a percentage; NULL, and not 0, of nothing"""
    return SQL("100.0 * %s / NULLIF(%s, 0)", part, whole)


def average(total, count, least):
    """:return: SQL of an average; NULL of fewer than ``least``"""
    return SQL("CASE WHEN %s >= GREATEST(%s, 1) THEN 1.0 * %s / %s END", count, least, total, count)


def query(companies, now, since=None, until=None):
    """:param companies: list of (id, time zone, first day of the present month, least number of
        ratings that make an average)
    :param datetime now: naive UTC
    :param since: day before whose month nobody asks for rows; ``until``: after whose month
    :return: SQL of all rows
    """
    known = SQL(
        "SELECT * FROM (VALUES %s) known (id, zone, month, least)",
        SQL(", ").join(SQL("(%s, %s, %s::date, %s::float)", *company) for company in companies),
    )
    arms = (
        _contacts(known, now, *_days(companies, since, until)),
        _tickets(known, now),
        _ratings(known),
        _actions(known, now),
    )
    sums = {name: SQL("sum(%s)", SQL.identifier("work", name)) for name in SUMS}
    shown = {
        **{name: SQL("%s::int", total) for name, total in sums.items()},
        **{name: share(sums[part], sums[whole]) for name, (part, whole) in SHARES.items()},
        **{name: average(sums[total], sums[count], SQL("known.least")) for name, (total, count) in RATINGS.items()},
    }
    return SQL(
        """
        SELECT min(work.key) AS id, work.company_id, work.user_id, COALESCE(work.team_id, home.team_id) AS team_id,
               work.month AS date, known.least, %s
          FROM (%s) work
          JOIN (%s) known ON known.id = work.company_id
     LEFT JOIN (%s) home ON home.company_id = work.company_id AND home.user_id = work.user_id
         WHERE work.user_id IS NOT NULL
           AND work.month BETWEEN known.month - %s * interval '1 month' AND known.month
         GROUP BY work.company_id, work.user_id, COALESCE(work.team_id, home.team_id), work.month, known.least
        """,
        SQL(", ").join(SQL("%s AS %s", value, SQL.identifier(name)) for name, value in shown.items()),
        SQL(" UNION ALL ").join(arms),
        known,
        homes(),
        MONTHS,
    )


def homes():
    """:return: SQL of the team that the work of a person belongs to where a record names none"""
    return SQL(
        """
        SELECT DISTINCT ON (team.company_id, person.user_id) team.company_id, person.user_id, team.id AS team_id
          FROM crm_procedure_team team
          JOIN (SELECT crm_procedure_team_id AS team_id, res_users_id AS user_id FROM crm_procedure_team_res_users_rel
                 UNION SELECT id, leader_id FROM crm_procedure_team) person ON person.team_id = team.id
         WHERE team.active AND person.user_id IS NOT NULL
         ORDER BY team.company_id, person.user_id, team.makes_contacts DESC NULLS LAST, team.sequence, team.id
        """
    )


def _arm(place, values, rest):
    """:param int place: 0 to 3, keeps the ids of the arms apart
    :param dict values: SQL of the sums that this arm knows of
    :param SQL rest: company, person, team and month, and where they come from; the record is ``r``
    """
    return SQL(
        "SELECT min(r.id)::bigint * 4 + %s AS key, %s, %s",
        place,
        SQL(", ").join(SQL("%s AS %s", values.get(name, SQL("0::bigint")), SQL.identifier(name)) for name in SUMS),
        rest,
    )


def _days(companies, since, until):
    """:return: (first, last) day that the rows asked for may count"""
    months = [month for _id, _zone, month, _least in companies]
    first, last = min(months) - relativedelta(months=MONTHS), max(months) + relativedelta(day=31)
    return max(first, since.replace(day=1) if since else first), min(
        last, until + relativedelta(day=31) if until else last
    )


def _contacts(known, now, first, last):
    """Contacts planned for a day of the month whose time has come. Cancelled ones are not due,
    and greetings that were mailed by themselves are nobody's work."""
    month = SQL("date_trunc('month', r.date_planned::timestamp)::date")
    return _arm(
        0,
        {
            "contact_due": SQL("count(*)"),
            "contact_done": SQL("count(*) FILTER (WHERE r.state = 'done')"),
            "contact_on_time": SQL("count(*) FILTER (WHERE r.state = 'done' AND r.is_on_time)"),
            "visit_count": SQL("count(*) FILTER (WHERE r.state = 'done' AND r.method = 'visit')"),
        },
        SQL(
            """
            r.company_id, r.user_id, r.team_id, %s AS month
              FROM crm_procedure_communication r
              JOIN (%s) known ON known.id = r.company_id
             WHERE r.date_planned BETWEEN %s AND %s
               AND (r.state = 'done' OR r.state = 'planned' AND r.deadline < %s) AND %s
             GROUP BY r.company_id, r.user_id, r.team_id, %s
            """,
            month,
            known,
            first,
            last,
            now,
            spoken("r"),
            month,
        ),
    )


def _tickets(known, now):
    """Tickets by the month of the answer, and those that nobody has answered in time by that of the
    deadline. One whose answer the customer rejected counts again when it is answered again."""
    return _arm(
        1,
        {
            "ticket_due": SQL("count(*)"),
            "ticket_answered": SQL("count(*) FILTER (WHERE r.answered)"),
            "ticket_in_time": SQL("count(*) FILTER (WHERE r.answered AND r.in_time)"),
        },
        SQL(
            """
            r.company_id, r.user_id, r.team_id, %s AS month
              FROM (SELECT t.id, t.company_id, t.user_id, t.team_id, t.state IN ('answered', 'closed', 'unconfirmed')
                           AS answered, t.date_answered <= t.answer_deadline AS in_time,
                           CASE WHEN t.state IN ('answered', 'closed', 'unconfirmed') THEN t.date_answered
                                WHEN t.state IN ('reported', 'accepted', 'handling') AND t.is_waiting IS NOT TRUE
                                     AND t.answer_deadline < %s THEN t.answer_deadline END AS moment
                      FROM crm_procedure_ticket t) r
              JOIN (%s) known ON known.id = r.company_id
             WHERE r.moment IS NOT NULL
             GROUP BY r.company_id, r.user_id, r.team_id, %s
            """,
            _month("moment"),
            now,
            known,
            _month("moment"),
        ),
    )


def _ratings(known):
    """What customers said themselves when they closed their tickets; 0 is no rating."""
    return _arm(
        2,
        {
            "rating_count": SQL("count(*) FILTER (WHERE r.customer_rating > 0)"),
            "rating_sum": SQL("COALESCE(sum(r.customer_rating), 0)"),
            "handling_count": SQL("count(*) FILTER (WHERE r.customer_rating_handling > 0)"),
            "handling_sum": SQL("COALESCE(sum(r.customer_rating_handling), 0)"),
        },
        SQL(
            """
            r.company_id, r.user_id, r.team_id, %s AS month
              FROM crm_procedure_ticket r
              JOIN (%s) known ON known.id = r.company_id
             WHERE r.state = 'closed' AND (r.customer_rating > 0 OR r.customer_rating_handling > 0)
             GROUP BY r.company_id, r.user_id, r.team_id, %s
            """,
            _month("date_closed"),
            known,
            _month("date_closed"),
        ),
    )


def _actions(known, now):
    """Actions by the month in which they were due: of their owner, or else of whoever did them."""
    return _arm(
        3,
        {
            "action_due": SQL("count(*)"),
            "action_done": SQL("count(*) FILTER (WHERE r.state != 'open')"),
            "action_in_time": SQL("count(*) FILTER (WHERE r.state != 'open' AND r.date_done <= r.deadline)"),
        },
        SQL(
            """
            r.company_id, COALESCE(r.user_id, r.done_by_id) AS user_id, r.team_id, %s AS month
              FROM crm_procedure_action r
              JOIN (%s) known ON known.id = r.company_id
             WHERE r.deadline IS NOT NULL AND (r.state != 'open' OR r.deadline < %s)
             GROUP BY r.company_id, COALESCE(r.user_id, r.done_by_id), r.team_id, %s
            """,
            _month("deadline"),
            known,
            now,
            _month("deadline"),
        ),
    )


def _month(column):
    """:return: SQL of the first day of the month of a moment (naive UTC), where the company is"""
    moment = SQL.identifier("r", column)
    return SQL("date_trunc('month', (%s AT TIME ZONE 'UTC') AT TIME ZONE known.zone)::date", moment)
