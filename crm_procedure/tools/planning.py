"""Who is contacted when: the schedule of a care plan, as SQL over all its customers.

Each customer is due one interval after the last contact; somebody never contacted, within one
interval from the beginning; who is overdue at the beginning, as soon as the owner's capacity
allows. Nobody is contacted before half the interval has passed. Per owner, the customers are
laid out in the order in which they are due at an even rate: the smallest that keeps the due days.
Nobody is put behind the due day for the sake of evenness; what is more than an owner can do shows
in the weeks of the plan.

Further contacts follow one interval after another, on the working day before, or on the one after
when that would be too near: never twice within seven days, unless the interval itself is shorter.
"""

from bisect import bisect_right
from datetime import timedelta

from odoo.tools import SQL

from .chunks import CHUNK
from .quiet import spoken

BACKLOG = 10  # working days over which those overdue at the beginning are caught up
WEEK = 7

NO_OWNER, OWNER_LEFT, NO_DAYS, OTHER_PLAN, NOT_DUE = "no_owner", "owner_left", "no_days", "other_plan", "not_due"

READ = {
    "res.partner": ("active", "commercial_partner_id", "company_id", "procedure_grade_id", "user_id"),
    "res.users": ("active",),
    "crm.procedure.communication": (
        *("partner_id", "company_id", "state", "date_done", "date_planned"),
        *("occasion_id", "method"),
    ),
    "crm.procedure.grade": ("contact_interval_days", "sequence"),
    "crm.procedure.plan": ("state", "date_from", "date_to"),
    "crm.procedure.plan.line": ("plan_id", "partner_id", "skip_reason"),
}


class Planning:
    """The schedule of one plan.

    :param plan: ``crm.procedure.plan``
    :param date begin: first day that contacts are planned for
    :param days: {user id: sorted list of working days from ``begin`` to the end of the plan}
    :param float per_day: contacts one person can make on a working day
    :param int floor: days within which everybody is contacted, whatever the grade says
    """

    def __init__(self, plan, begin, days, per_day, floor):
        self.plan, self.begin, self.per_day, self.floor = plan, begin, per_day, floor
        self.env, self.company = plan.env, plan.company_id
        self.zone = self.company._procedure_tz()
        self.flush()
        self._load_days(days)

    def _load_days(self, days):
        """Three temporary tables: the working days of each owner, numbered; every day of the
        period with the working days around it; and the days of all contacts that follow from the
        day of the first one, for each interval."""
        self.env.cr.execute(
            """
            DROP TABLE IF EXISTS crm_procedure_plan_day, crm_procedure_plan_owner, crm_procedure_plan_calendar,
                crm_procedure_plan_series, crm_procedure_plan_customer;
            CREATE TEMPORARY TABLE crm_procedure_plan_day (user_id int, n int, day date) ON COMMIT DROP;
            CREATE TEMPORARY TABLE crm_procedure_plan_owner (user_id int PRIMARY KEY, total int) ON COMMIT DROP;
            CREATE TEMPORARY TABLE crm_procedure_plan_calendar (
                user_id int, day date, before date, n_before int, after date, n_after int) ON COMMIT DROP;
            """
        )
        rows = [(user, n, day) for user, own in days.items() for n, day in enumerate(own)]
        if rows:
            self.env.cr.execute_values("INSERT INTO crm_procedure_plan_day VALUES %s", rows)
        rows = [row for user, own in days.items() for row in self._around(user, own)]
        if rows:
            self.env.cr.execute_values("INSERT INTO crm_procedure_plan_calendar VALUES %s", rows)
        self.env.cr.execute("CREATE INDEX ON crm_procedure_plan_calendar (user_id, day)")
        self._chain_contacts()
        self.env.cr.execute(
            """
            INSERT INTO crm_procedure_plan_owner SELECT user_id, count(*) FROM crm_procedure_plan_day GROUP BY 1;
            ANALYZE crm_procedure_plan_owner; ANALYZE crm_procedure_plan_day;
            ANALYZE crm_procedure_plan_calendar; ANALYZE crm_procedure_plan_series;
            """
        )

    def _around(self, user, own):
        """:return: for each day of the period: user, day, the working day on or before it with its
        number (-1: none), the one on or after it with its number
        """
        for offset in range((self.plan.date_to - self.begin).days + 1):
            day = self.begin + timedelta(days=offset)
            n = bisect_right(own, day) - 1
            before = own[n] if n >= 0 else None
            m = n if before == day else n + 1
            after = own[m] if m < len(own) else None
            yield user, day, before, n, after, m if after else None

    def _chain_contacts(self):
        self.env.cr.execute(
            """
            CREATE TEMPORARY TABLE crm_procedure_plan_series ON COMMIT DROP AS
            WITH RECURSIVE chain AS (
                SELECT user_id, every, day AS first_day, day, 0 AS turn
                FROM crm_procedure_plan_day
                CROSS JOIN (SELECT LEAST(contact_interval_days, %(floor)s) AS every
                            FROM crm_procedure_grade WHERE id = ANY(%(grades)s) UNION SELECT %(floor)s) interval
                UNION ALL
                SELECT c.user_id, c.every, c.first_day, following, turn + 1
                FROM chain c
                JOIN crm_procedure_plan_calendar cal ON cal.user_id = c.user_id AND cal.day = c.day + c.every
                CROSS JOIN LATERAL (SELECT CASE
                    WHEN cal.before - c.day >= LEAST(c.every, %(week)s) THEN cal.before ELSE cal.after END) f(following)
                WHERE following IS NOT NULL
            )
            SELECT user_id, every, first_day, jsonb_agg(day ORDER BY turn) AS days FROM chain GROUP BY 1, 2, 3
            """,
            {"floor": self.floor, "grades": self._grades().ids, "week": WEEK},
        )

    def _grades(self):
        """The grades of the plan, and those that its customers may get meanwhile.

        sudo: what a grade asks for is no secret.
        """
        return self.plan.sudo().grade_ids | self.env["crm.procedure.grade"].sudo()._for_company(self.company)

    def flush(self):
        for name, columns in READ.items():
            self.env[name].flush_model(columns)

    def insert_lines(self, only_new=False):
        """Write the lines of the plan, with the days of the contacts.

        :param bool only_new: only of customers who have no line yet
        :return: how many lines
        """
        self.flush()
        # aside first, so that PostgreSQL knows how many they are when it comes to laying them out
        self.env.cr.execute(
            SQL(
                """
                DROP TABLE IF EXISTS crm_procedure_plan_customer;
                CREATE TEMPORARY TABLE crm_procedure_plan_customer ON COMMIT DROP AS %s;
                ANALYZE crm_procedure_plan_customer;
                """,
                self._customers(only_new),
            )
        )
        query = SQL(
            """
            INSERT INTO crm_procedure_plan_line (
                plan_id, partner_id, user_id, grade_id, interval_days, last_contact, due_date,
                skip_reason, days, contacts)
            SELECT %(plan)s, id, user_id, grade_id, every, last, due, skip, days, COALESCE(jsonb_array_length(days), 0)
            FROM (%(scheduled)s) scheduled
            ORDER BY user_id, days->>0, id
            """,
            plan=self.plan.id,
            scheduled=self._scheduled(),
        )
        self.env.cr.execute(query)
        count = self.env.cr.rowcount
        if count > CHUNK:
            self.env.cr.execute("ANALYZE crm_procedure_plan_line")  # what comes next reads many of them
        self.env["crm.procedure.plan.line"].invalidate_model()
        return count

    def _scheduled(self):
        return SQL(
            """
            WITH due AS (
                SELECT c.*, COALESCE(last + every, %(begin)s::date + every - 1) AS due
                FROM crm_procedure_plan_customer c
            ), bound AS (
                SELECT d.*,
                       d.skip IS NULL AND due <= %(end)s AS plannable,
                       due < %(begin)s AS overdue,
                       GREATEST(at_due.n_before, 0) AS latest,
                       COALESCE(released.n_after, 0) AS earliest
                FROM due d
                LEFT JOIN crm_procedure_plan_calendar at_due
                    ON at_due.user_id = d.user_id AND at_due.day = due
                LEFT JOIN crm_procedure_plan_calendar released
                    ON released.user_id = d.user_id AND released.day = last + every / 2
            ), eased AS (
                SELECT b.*, CASE WHEN overdue THEN LEAST(total, GREATEST(%(backlog)s,
                           ceil(count(*) OVER (PARTITION BY plannable, user_id, overdue) / %(per_day)s)::int)) - 1
                       ELSE latest END AS latest_day
                FROM bound b
            ), ranked AS (
                SELECT *, row_number() OVER w AS place,
                       count(*) OVER (PARTITION BY plannable, user_id ORDER BY earliest DESC) AS from_then_on
                FROM eased
                WINDOW w AS (PARTITION BY plannable, user_id ORDER BY latest_day, due, sequence, id)
            ), paced AS (
                SELECT *, GREATEST(
                    max(place / GREATEST(1.0, latest_day + 1.0)) OVER w,
                    max(from_then_on / (1.0 + GREATEST(0, total - 1 - earliest))) OVER w,
                    max(from_then_on) FILTER (WHERE earliest > 0) OVER w
                        / GREATEST(1.0,
                            1.0 + max(latest_day) OVER w - min(earliest) FILTER (WHERE earliest > 0) OVER w)) AS rate
                FROM ranked
                WINDOW w AS (PARTITION BY plannable, user_id)
            ), laid AS (
                SELECT *, LEAST(latest_day, floor((place - 1) / rate + max(earliest - (place - 1) / rate) OVER (
                    PARTITION BY plannable, user_id ORDER BY latest_day, due, sequence, id))::int) AS position
                FROM paced
            ), begun AS (
                SELECT l.*, first.day AS first_day
                FROM laid l
                LEFT JOIN crm_procedure_plan_day first
                    ON l.plannable AND first.user_id = l.user_id AND first.n = position
            )
            SELECT id, begun.user_id, grade_id, begun.every, last, due,
                   COALESCE(skip, CASE WHEN NOT plannable THEN %(not_due)s END) AS skip, series.days
            FROM begun
            LEFT JOIN crm_procedure_plan_series series
                ON series.user_id = begun.user_id AND series.every = begun.every AND series.first_day = begun.first_day
            """,
            begin=self.begin,
            end=self.plan.date_to,
            backlog=BACKLOG,
            per_day=self.per_day,
            not_due=NOT_DUE,
        )

    def _customers(self, only_new):
        """One row per customer in the scope of the plan, with the last contact and why it
        cannot be planned for."""
        plan = self.plan
        conditions = [SQL("g.id = ANY(%s)", plan.grade_ids.ids)]
        if plan.user_id:
            conditions.append(SQL("p.user_id = %s", plan.user_id.id))
        if only_new:
            conditions.append(
                SQL(
                    "NOT EXISTS (SELECT FROM crm_procedure_plan_line l WHERE l.plan_id = %s AND l.partner_id = p.id)",
                    plan.id,
                )
            )
        return SQL(
            """
            SELECT p.id, p.user_id, g.id AS grade_id, g.sequence, w.total,
                   LEAST(g.contact_interval_days, %(floor)s) AS every,
                   GREATEST(((done.moment AT TIME ZONE 'UTC') AT TIME ZONE %(zone)s)::date, planned.day) AS last,
                   CASE WHEN p.user_id IS NULL THEN %(no_owner)s
                        WHEN NOT u.active THEN %(owner_left)s
                        WHEN w.total IS NULL THEN %(no_days)s
                        WHEN EXISTS (
                            SELECT FROM crm_procedure_plan_line l JOIN crm_procedure_plan q ON q.id = l.plan_id
                            WHERE l.partner_id = p.id AND l.skip_reason IS NULL AND q.id != %(plan)s
                              AND q.company_id = %(company)s AND q.state IN ('submitted', 'approved')
                              AND q.date_from <= %(end)s AND q.date_to >= %(begin)s
                        ) THEN %(other_plan)s END AS skip
            FROM res_partner p
            JOIN crm_procedure_grade g ON g.id = (p.procedure_grade_id->>%(key)s)::int
            LEFT JOIN res_users u ON u.id = p.user_id
            LEFT JOIN crm_procedure_plan_owner w ON w.user_id = p.user_id
            LEFT JOIN LATERAL (
                SELECT max(date_done) AS moment FROM crm_procedure_communication c
                WHERE c.partner_id = p.id AND c.state = 'done' AND c.company_id = %(company)s
                  AND %(spoken)s) done ON TRUE
            LEFT JOIN LATERAL (
                -- the state as an expression: PostgreSQL has to take the customer's own index, however
                -- few planned ones it believes there are
                SELECT max(date_planned) AS day FROM crm_procedure_communication c
                WHERE c.partner_id = p.id AND c.state || '' = 'planned' AND c.company_id = %(company)s
                  AND c.kind IN ('revisit', 'first_visit') AND c.date_planned < %(begin)s + %(week)s
                  AND c.plan_id IS DISTINCT FROM %(plan)s) planned ON TRUE
            WHERE p.active AND p.commercial_partner_id = p.id
              AND (p.company_id IS NULL OR p.company_id = %(company)s)
              AND p.id != ALL (ARRAY(SELECT partner_id FROM res_company))
              AND %(conditions)s
            """,
            floor=self.floor,
            zone=self.zone,
            no_owner=NO_OWNER,
            owner_left=OWNER_LEFT,
            no_days=NO_DAYS,
            other_plan=OTHER_PLAN,
            plan=plan.id,
            company=self.company.id,
            spoken=spoken("c"),
            key=str(self.company.id),
            begin=self.begin,
            end=plan.date_to,
            week=WEEK,
            conditions=SQL(" AND ").join(conditions),
        )

    def insert_weeks(self):
        """Write what each owner has to do in each week, against what the owner can do."""
        self.env.execute_query(
            SQL(
                """
                INSERT INTO crm_procedure_plan_week (
                    plan_id, user_id, week, contacts, capacity)
                SELECT %(plan)s, user_id, week, COALESCE(contacts, 0), COALESCE(capacity, 0)
                FROM (
                    SELECT user_id, date_trunc('week', d::date)::date AS week, count(*) AS contacts
                    FROM crm_procedure_plan_line l, jsonb_array_elements_text(l.days) d
                    WHERE plan_id = %(plan)s GROUP BY 1, 2
                ) made
                FULL JOIN (
                    SELECT user_id, date_trunc('week', day)::date AS week, floor(count(*) * %(per_day)s) AS capacity
                    FROM crm_procedure_plan_day
                    WHERE user_id IN (SELECT user_id FROM crm_procedure_plan_line
                                      WHERE plan_id = %(plan)s AND contacts > 0)
                    GROUP BY 1, 2
                ) possible USING (user_id, week)
                ORDER BY week, user_id
                RETURNING id
                """,
                plan=self.plan.id,
                per_day=self.per_day,
            )
        )
        self.env["crm.procedure.plan.week"].invalidate_model()
