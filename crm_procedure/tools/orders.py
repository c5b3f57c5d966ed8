"""What customers bought in the window of a grading, as SQL (REQUIREMENTS.md G1).

Untaxed value of the confirmed orders, in company currency at the rate of the order, less what
was credited and not invoiced again; orders of a contact count for its customer.
"""

from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from pytz import timezone, utc

from odoo.tools import SQL

# what the queries read besides the lines they write
_READ = {
    "res.partner": [
        "active",
        "commercial_partner_id",
        "company_id",
        "customer_rank",
        "procedure_grade_id",
        "procedure_potential",
        "procedure_standing",
        "procedure_credit",
    ],
    "sale.order": ["partner_id", "company_id", "state", "date_order", "amount_untaxed", "currency_rate"],
    "sale.order.line": ["order_id", "invoice_lines", "is_downpayment"],
    "account.move": ["state", "move_type", "date", "company_id"],
    "account.move.line": ["move_id", "balance"],
    "crm.procedure.grading.line": None,
}

# Of an order, in company currency. Most orders are in it: a comparison costs less than a cast.
_VALUE = SQL(
    """
    CASE WHEN o.currency_rate = 1 THEN o.amount_untaxed::float8
         ELSE o.amount_untaxed::float8 / NULLIF(o.currency_rate::float8, 0) END
    """
)


class Orders:
    """The orders of one company that count on one day.

    :param env: environment, only for its cursor
    :param int company_id: whose orders count
    :param date day: orders up to the end of this day count
    :param str tz: time zone of days
    :param int window: months
    """

    def __init__(self, env, company_id, day, tz, window):
        self.env = env
        self.company_id = company_id
        self.day = day
        self.tz = tz
        self.window = window

    def currencies_without_rate(self):
        """:return: ids of the currencies of counted orders that have no rate to convert by"""
        self._flush()
        query = SQL(
            """
            SELECT DISTINCT o.currency_id
            FROM sale_order o
            JOIN res_company c ON c.id = o.company_id
            WHERE %(counted)s AND o.currency_id != c.currency_id
              AND NOT EXISTS (
                SELECT FROM res_currency_rate r
                WHERE r.currency_id = o.currency_id
                  AND (r.company_id IS NULL
                       OR r.company_id = split_part(c.parent_path, '/', 1)::int)
              )
            """,
            counted=self._counted_orders(),
        )
        return [currency_id for [currency_id] in self.env.execute_query(query)]

    def _flush(self):
        """Write what is pending, for the queries read the tables themselves."""
        for name, columns in _READ.items():
            self.env[name].flush_model(columns)

    def _orders(self, partner_ids):
        """One row per customer with orders in the window; orders of contacts count for
        their customer."""
        only = SQL()
        if partner_ids is not None:
            only = SQL(
                "AND o.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s))",
                partner_ids,
            )
        # OFFSET 0: what an order is worth is computed once, not again in each aggregate.
        # parent_id: few partners are contacts of another one, an index knows them.
        return SQL(
            """
            SELECT COALESCE(c.commercial_partner_id, v.partner_id) AS partner_id,
                   sum(v.net) AS sales_amount,
                   count(*) FILTER (WHERE v.net > 0) AS order_count,
                   max(v.date_order) FILTER (WHERE v.net > 0) AS last_order
            FROM (
                SELECT o.partner_id, o.date_order,
                       CASE WHEN n.order_id IS NULL THEN o.value
                            ELSE o.value - GREATEST(0, n.refunded - GREATEST(0, n.invoiced - o.value))
                       END AS net
                FROM (
                    SELECT o.id, o.partner_id, o.date_order, %(value)s AS value
                    FROM sale_order o WHERE %(counted)s %(only)s
                ) o
                LEFT JOIN (%(credited)s) n ON n.order_id = o.id
                OFFSET 0
            ) v
            LEFT JOIN res_partner c
                ON c.id = v.partner_id AND c.parent_id IS NOT NULL AND c.commercial_partner_id != c.id
            GROUP BY 1
            """,
            value=_VALUE,
            counted=self._counted_orders(),
            credited=self._credited(),
            only=only,
        )

    def _credited(self):
        """What was refunded and invoiced on the orders that a credit note touches.

        Both are needed: an order that was credited and invoiced again is worth its full
        value. Down payments are no sale and their refund is no loss.
        """
        return SQL(
            """
            SELECT l.order_id,
                   COALESCE(sum(a.balance) FILTER (WHERE m.move_type = 'out_refund'), 0)::float8 AS refunded,
                   COALESCE(-sum(a.balance) FILTER (WHERE m.move_type = 'out_invoice'), 0)::float8 AS invoiced
            FROM sale_order_line l
            JOIN sale_order_line_invoice_rel r ON r.order_line_id = l.id
            JOIN account_move_line a ON a.id = r.invoice_line_id
            JOIN account_move m ON m.id = a.move_id
            WHERE m.state = 'posted' AND m.move_type IN ('out_refund', 'out_invoice')
              AND m.date <= %(day)s AND l.is_downpayment IS NOT TRUE
              AND l.order_id IN (
                SELECT l2.order_id
                FROM account_move m2
                JOIN account_move_line a2 ON a2.move_id = m2.id
                JOIN sale_order_line_invoice_rel r2 ON r2.invoice_line_id = a2.id
                JOIN sale_order_line l2 ON l2.id = r2.order_line_id
                WHERE m2.move_type = 'out_refund' AND m2.state = 'posted'
                  AND m2.company_id = %(company)s
              )
            GROUP BY l.order_id
            """,
            day=self.day,
            company=self.company_id,
        )

    def _counted_orders(self):
        start, end = self._window_utc()
        return SQL(
            "o.company_id = %s AND o.state = 'sale' AND o.date_order >= %s AND o.date_order < %s",
            self.company_id,
            start,
            end,
        )

    def _window_utc(self):
        """First moment of the window and first one after it, days being local ones."""
        first = self.day - relativedelta(months=int(self.window)) + timedelta(days=1)
        zone = timezone(self.tz)
        return tuple(
            zone.localize(datetime.combine(day, time.min)).astimezone(utc).replace(tzinfo=None)
            for day in (first, self.day + timedelta(days=1))
        )
