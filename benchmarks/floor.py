"""The floor: plain SQL that scores by the same criteria and writes the same column.

Written by hand for this data (no invoices, no contacts, no other companies), apart from
the addon, and knowing nothing of lists, reasons or signatures.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

CHUNK = 2000

VALUES = {
    "sales_amount": "COALESCE(o.amount, 0)",
    "order_count": "COALESCE(o.orders, 0)",
    "recency": "(%(day)s::date - (o.last AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date)",
    "potential": "p.procedure_potential",
    "standing": "CASE p.procedure_standing WHEN 'leader' THEN 3 WHEN 'major' THEN 2"
    " WHEN 'average' THEN 1 WHEN 'small' THEN 0 END",
    "credit": "CASE p.procedure_credit WHEN 'good' THEN 2 WHEN 'normal' THEN 1 WHEN 'poor' THEN 0 END",
}

SCORED = """
    SELECT p.id, (p.procedure_grade_id->>%(company_key)s)::int AS before,
           round(({score}) * 100) / 100 AS score
    FROM res_partner p
    LEFT JOIN (
        SELECT partner_id, sum(amount_untaxed::float8 / currency_rate::float8) AS amount,
               count(*) AS orders, max(date_order) AS last
        FROM sale_order
        WHERE company_id = %(company)s AND state = 'sale'
          AND date_order >= %(start)s AND date_order < %(end)s
        GROUP BY partner_id
    ) o ON o.partner_id = p.id
    WHERE p.active AND p.customer_rank > 0 OFFSET 0
"""


class Floor:
    """:param connection: to the benchmark's database, READ COMMITTED
    :param date day: as of which day customers are graded"""

    def __init__(self, connection, day):
        self.connection = connection
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT c.id, COALESCE(r.tz, 'UTC') FROM res_company c
                LEFT JOIN resource_calendar r ON r.id = c.resource_calendar_id ORDER BY c.id LIMIT 1
                """
            )
            company, tz = cursor.fetchone()
            cursor.execute("SELECT measure, weight, value_zero, value_full FROM crm_procedure_criterion WHERE active")
            score = _score(cursor.fetchall())
            cursor.execute("SELECT minimum_score, id FROM crm_procedure_grade WHERE active ORDER BY minimum_score DESC")
            bands = " ".join(f"WHEN score >= {float(least)} THEN {grade}" for least, grade in cursor.fetchall())
        first = day - relativedelta(months=12) + timedelta(days=1)
        self.parameters = {
            "company": company,
            "company_key": str(company),
            "day": day,
            "tz": tz,
            "start": _utc(first, tz),
            "end": _utc(day + timedelta(days=1), tz),
        }
        self.graded = f"SELECT id, before, CASE {bands} END AS after FROM ({SCORED.format(score=score)}) scored"

    def read(self):
        """Customers per grade, nothing written."""
        return self._run(f"SELECT after, count(*) FROM ({self.graded}) graded GROUP BY 1")

    def update(self):
        """One statement."""
        self._run(
            f"""
            UPDATE res_partner p
            SET procedure_grade_id = COALESCE(p.procedure_grade_id, '{{}}')
                || jsonb_build_object(%(company_key)s, graded.after)
            FROM ({self.graded}) graded
            WHERE graded.id = p.id AND graded.after IS DISTINCT FROM graded.before
            """
        )

    def update_staged(self):
        """The changes into a temporary table, then in chunks that are committed one by one."""
        self._run(
            f"""
            CREATE TEMPORARY TABLE staged AS
            SELECT row_number() OVER (ORDER BY id) AS n, id, after
            FROM ({self.graded}) graded WHERE after IS DISTINCT FROM before
            """
        )
        self._run("CREATE INDEX ON staged (n); ANALYZE staged")
        [[last]] = self._run("SELECT COALESCE(max(n), 0) FROM staged")
        for begin in range(0, last, CHUNK):
            self.parameters.update(begin=begin, stop=begin + CHUNK)
            self._run(
                """
                UPDATE res_partner p
                SET procedure_grade_id = COALESCE(p.procedure_grade_id, '{}')
                    || jsonb_build_object(%(company_key)s, staged.after)
                FROM staged WHERE staged.id = p.id AND staged.n > %(begin)s AND staged.n <= %(stop)s
                """
            )
        self._run("DROP TABLE staged")

    def _run(self, query):
        with self.connection.cursor() as cursor:
            cursor.execute(query, self.parameters)
            rows = cursor.fetchall() if cursor.description else None
        self.connection.commit()
        return rows


def _score(criteria):
    total = sum(weight for _measure, weight, _zero, _full in criteria)
    return " + ".join(
        f"{weight / total}::float8 * COALESCE(100 * LEAST(1, GREATEST(0, "
        f"({VALUES[measure]}::float8 - {float(zero)}) / {float(full - zero)})), 0)"
        for measure, weight, zero, full in criteria
    )


def _utc(day, tz):
    return datetime.combine(day, time.min, ZoneInfo(tz)).astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
