"""Customers who have gone quiet, measured by their own rhythm (V7), in SQL over all of them.

The rhythm of a customer is the median gap between the days on which it ordered; it takes
three such days in the last three years. A customer is quiet when

    the last order is older than ``quiet_share`` per cent of that gap,
    and nobody has spoken with it for one gap,

counting a gap as ``quiet_least`` days at least. Whoever has not ordered for so long that it
is lost (``status_lost``, or three times its gap) is the lifecycle's business. An episode
begins when a customer goes quiet and ends with the next order or contact.
"""

from datetime import datetime, time, timedelta

from pytz import timezone, utc

from odoo.tools import SQL

DAYS_ORDERED = 3  # days with an order that make a rhythm
WINDOW = 3 * 365  # days looked back for them
LOST = 3  # times its gap after which a customer is lost, whatever the limit says


def spoken(alias):
    """:return: SQL of whether the communication ``alias`` was a word with the customer: a greeting
    that was mailed by itself is nobody's, and puts off no revisit"""
    occasion, method = SQL.identifier(alias, "occasion_id"), SQL.identifier(alias, "method")
    return SQL("(%s IS NULL OR %s != 'email')", occasion, method)


# what the queries read besides the rows they write
_READ = {
    "res.partner": ["active", "parent_id", "commercial_partner_id", "company_id", "user_id"],
    "sale.order": ["partner_id", "company_id", "state", "date_order"],
    "crm.procedure.communication": ["partner_id", "company_id", "state", "date_done", "occasion_id", "method"],
    "crm.procedure.quiet": None,
}


class Quiet:
    """Finds and writes the episodes of one company as of today.

    :param company: ``res.company`` whose orders, contacts and procedure count
    """

    def __init__(self, company):
        self.env = company.env
        self.company = company
        self.today = company._procedure_now().date()
        self.zone = timezone(company._procedure_tz())
        procedure = self.env["crm.procedure"]._in_force(company)
        self.share = procedure._limit("quiet_share") / 100
        self.least = int(procedure._limit("quiet_least"))
        self.lost = int(procedure._limit("status_lost"))

    def refresh(self):
        """End the episodes that are over and begin new ones; twice a day does no more than once.

        :return: (number of episodes begun, number ended)
        """
        for name, columns in _READ.items():
            self.env[name].flush_model(columns)
        cr = self.env.cr
        cr.execute(SQL("CREATE TEMPORARY TABLE crm_procedure_quiet_now ON COMMIT DROP AS %s", self.quiet()))
        cr.execute("CREATE INDEX ON crm_procedure_quiet_now (partner_id)")
        cr.execute("ANALYZE crm_procedure_quiet_now")
        ended = self._end()
        begun = self._begin()
        cr.execute("DROP TABLE crm_procedure_quiet_now")
        self.env["crm.procedure.quiet"].invalidate_model()
        return begun, ended

    # ------------------------------------------------------------
    # SQL
    # ------------------------------------------------------------

    def quiet(self):
        """Who is quiet today: partner_id, user_id, gap, days, last_order, last_contact; local dates."""
        return SQL(
            """
            SELECT c.id AS partner_id, c.user_id, r.gap, r.days, r.last_order, spoken.last_contact
            FROM (%(rhythm)s) r
            JOIN res_partner c ON c.id = r.partner_id
            CROSS JOIN LATERAL (
                SELECT max(%(done)s) AS last_contact FROM crm_procedure_communication m
                WHERE m.partner_id = c.id AND m.company_id = %(company)s AND m.state = 'done' AND %(spoken)s
            ) spoken
            WHERE c.active AND (c.company_id IS NULL OR c.company_id = %(company)s)
              AND c.id != ALL (ARRAY(SELECT partner_id FROM res_company))
              AND (spoken.last_contact IS NULL OR %(today)s - spoken.last_contact > r.gap)
            """,
            rhythm=self._rhythm(),
            done=self._local(SQL("m.date_done")),
            spoken=spoken("m"),
            company=self.company.id,
            today=self.today,
        )

    def _rhythm(self):
        """Customers whose last order is too old for their own rhythm."""
        return SQL(
            """
            SELECT partner_id, gap, days, last_order FROM (
                SELECT partner_id, count(*) AS days, max(day) AS last_order,
                       GREATEST(percentile_cont(0.5) WITHIN GROUP (ORDER BY gap), %(least)s) AS gap
                FROM (
                    SELECT partner_id, day,
                           day - lag(day) OVER (PARTITION BY partner_id ORDER BY day) AS gap
                    FROM (%(days)s) ordered
                ) gaps
                GROUP BY partner_id
                HAVING count(*) >= %(enough)s AND max(day) < %(newest)s
            ) rhythm
            WHERE %(today)s - last_order > gap * %(share)s
              AND %(today)s - last_order <= GREATEST(%(lost)s, gap * %(times)s)
            """,
            least=self.least,
            days=self._order_days(),
            enough=DAYS_ORDERED,
            newest=self.today - timedelta(days=int(self.least * self.share)),
            today=self.today,
            share=self.share,
            lost=self.lost,
            times=LOST,
        )

    def _order_days(self):
        """The local days on which each customer ordered; orders of contacts are the customer's."""
        return SQL(
            """
            SELECT DISTINCT COALESCE(c.commercial_partner_id, o.partner_id) AS partner_id, %(day)s AS day
            FROM sale_order o
            LEFT JOIN res_partner c
                ON c.id = o.partner_id AND c.parent_id IS NOT NULL AND c.commercial_partner_id != c.id
            WHERE o.company_id = %(company)s AND o.state = 'sale'
              AND o.date_order >= %(since)s AND o.date_order < %(end)s
            """,
            day=self._local(SQL("o.date_order")),
            company=self.company.id,
            since=self._midnight(self.today - timedelta(days=WINDOW)),
            end=self._midnight(self.today + timedelta(days=1)),
        )

    def _local(self, moment):
        return SQL("((%s AT TIME ZONE 'UTC') AT TIME ZONE %s)::date", moment, self.zone.zone)

    def _midnight(self, day):
        return self.zone.localize(datetime.combine(day, time.min)).astimezone(utc).replace(tzinfo=None)

    def _end(self):
        """An episode is over when the customer is not quiet any more, or quiet since something later."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_procedure_quiet q
                SET ended_on = %(today)s, ended_by = CASE
                    WHEN EXISTS (
                        SELECT FROM sale_order o JOIN res_partner p ON p.id = o.partner_id
                        WHERE p.commercial_partner_id = q.partner_id AND o.company_id = q.company_id
                          AND o.state = 'sale' AND %(ordered)s > q.last_order) THEN 'order'
                    WHEN EXISTS (
                        SELECT FROM crm_procedure_communication m
                        WHERE m.partner_id = q.partner_id AND m.company_id = q.company_id AND m.state = 'done'
                          AND %(spoken)s AND %(done)s > COALESCE(q.last_contact, q.last_order)) THEN 'contact'
                    ELSE 'other' END
                WHERE q.company_id = %(company)s AND q.ended_on IS NULL AND NOT EXISTS (
                    SELECT FROM crm_procedure_quiet_now n WHERE n.partner_id = q.partner_id AND %(key)s = q.key)
                """,
                today=self.today,
                ordered=self._local(SQL("o.date_order")),
                done=self._local(SQL("m.date_done")),
                spoken=spoken("m"),
                company=self.company.id,
                key=self._key(),
            )
        )
        return self.env.cr.rowcount

    def _begin(self):
        """One episode for a silence, whoever writes it; one that ended for another reason goes on."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO crm_procedure_quiet AS q
                    (key, partner_id, company_id, user_id, begun_on, gap, last_order, last_contact, is_told)
                SELECT %(key)s, partner_id, %(company)s, user_id, %(today)s, round(gap), last_order, last_contact, FALSE
                FROM crm_procedure_quiet_now n
                ON CONFLICT (key) DO UPDATE SET ended_on = NULL, ended_by = NULL, user_id = EXCLUDED.user_id
                WHERE q.ended_on IS NOT NULL OR q.user_id IS DISTINCT FROM EXCLUDED.user_id
                RETURNING xmax = 0
                """,
                key=self._key(),
                company=self.company.id,
                today=self.today,
            )
        )
        return sum(is_new for [is_new] in self.env.cr.fetchall())

    def _key(self):
        """What the silence followed: a later order or contact begins another one."""
        since = SQL("GREATEST(n.last_order, n.last_contact)")
        return SQL("concat_ws('/', %s, n.partner_id, %s)", self.company.id, since)
