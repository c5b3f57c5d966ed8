"""Where customers stand in their lifecycle (D9, S7), by rules written once, in SQL.

    in service  signed an order in the last ``status_service`` days
    active      ordered in the last ``status_dormant`` days
    dormant     ordered before, but not in the last ``status_dormant`` days
    lost        ordered before, but not in the last ``status_lost`` days
    potential   a customer who has not ordered yet

Confirmed orders count, those of contacts for their customer; days are the company's own.
A status set by hand holds as long as its row in ``crm_procedure_status`` does.
"""

from datetime import datetime, time, timedelta

from pytz import timezone, utc

from odoo.tools import SQL

from .chunks import CHUNK, patiently

POTENTIAL = "potential"
ACTIVE = "active"
IN_SERVICE = "in_service"
DORMANT = "dormant"
LOST = "lost"

STATUSES = [
    (POTENTIAL, "Potential customer"),
    (ACTIVE, "Active customer"),
    (IN_SERVICE, "In service"),
    (DORMANT, "Dormant"),
    (LOST, "Lost"),
]

# limits, and the status that a customer leaves when so many days have passed since the last order
BOUNDS = (("status_service", IN_SERVICE), ("status_dormant", ACTIVE), ("status_lost", DORMANT))

# what the queries read besides the lines they write
_READ = {
    "res.partner": ["active", "parent_id", "commercial_partner_id", "company_id", "customer_rank", "procedure_status"],
    "sale.order": ["partner_id", "company_id", "state", "date_order"],
    "crm.procedure.status": None,
}


class Lifecycle:
    """Finds and writes the status of the customers of one company as of today.

    :param company: ``res.company`` whose orders and procedure count
    """

    def __init__(self, company):
        self.env = company.env
        self.company = company
        self.today = company._procedure_now().date()
        self.zone = timezone(company._procedure_tz())
        procedure = self.env["crm.procedure"]._in_force(company)
        self.days = {code: int(procedure._limit(code)) for code, _status in BOUNDS}
        following = [status for _code, status in BOUNDS[1:]] + [LOST]
        # status: (days since the last order after which it ends, what comes then)
        self.lasts = {status: (self.days[code], after) for (code, status), after in zip(BOUNDS, following, strict=True)}

    # ------------------------------------------------------------
    # All customers
    # ------------------------------------------------------------

    def refresh_all(self, commit):
        """Bring all customers up to date, a chunk a transaction.

        The customers that change are found once and kept aside; being killed loses nothing,
        for the next call finds the ones that are left.

        :param commit: called with the number of customers gone through after each chunk;
            returns the seconds left
        :return: whether all are done
        """
        cr = self.env.cr
        cr.execute("DROP TABLE IF EXISTS crm_procedure_status_staged")
        self._flush()
        self.env.execute_query(
            SQL(
                """
                CREATE TEMPORARY TABLE crm_procedure_status_staged AS
                SELECT row_number() OVER (ORDER BY partner_id) AS n, * FROM (%s) changes
                """,
                self.changes(),
            )
        )
        cr.execute("CREATE INDEX ON crm_procedure_status_staged (n)")
        cr.execute("SELECT count(*) FROM crm_procedure_status_staged")
        [total] = cr.fetchone()
        commit(0)  # from here on a chunk may be rolled back and tried again
        written, done = 0, True
        # the second time for customers who were being saved by somebody during the first
        for begin in [*range(0, total, CHUNK)] * 2:
            if written == total or not done:
                break
            written += patiently(cr, lambda begin=begin: self._write_staged(begin))
            done = bool(commit(min(CHUNK, total - begin)))
        cr.execute("DROP TABLE crm_procedure_status_staged")
        return done

    def _write_staged(self, begin):
        return self._write(
            SQL("SELECT * FROM crm_procedure_status_staged WHERE n > %s AND n <= %s", begin, begin + CHUNK)
        )

    # ------------------------------------------------------------
    # Some customers
    # ------------------------------------------------------------

    def refresh(self, partner_ids):
        """The same for some customers, in the caller's transaction; one that somebody else
        is saving at this moment is left to the daily action."""
        self._flush()
        return self._write(self.changes(list(partner_ids)))

    def found(self, partner_ids):
        """What the rules say of some customers, and why.

        :return: {partner id: (status or None, local date of the last order or None)}
        """
        if not partner_ids:
            return {}
        self._flush()
        query = SQL(
            "SELECT partner_id, status, ((last_order AT TIME ZONE 'UTC') AT TIME ZONE %s)::date FROM (%s) derived",
            self.zone.zone,
            self._derived(list(partner_ids)),
        )
        return {id_: (status, day) for id_, status, day in self.env.execute_query(query)}

    # ------------------------------------------------------------
    # SQL
    # ------------------------------------------------------------

    def _flush(self):
        for name, columns in _READ.items():
            self.env[name].flush_model(columns)

    def changes(self, partner_ids=None):
        """Who stands elsewhere than before, and was not put there by hand: partner_id,
        previous, status."""
        return SQL(
            """
            SELECT partner_id, previous, status
            FROM (%(derived)s) derived
            WHERE status IS DISTINCT FROM previous AND NOT EXISTS (%(held)s)
            """,
            derived=self._derived(partner_ids),
            held=self._held(SQL("derived.partner_id")),
        )

    def _derived(self, partner_ids):
        """One row per customer: what the rules give, and what stands there. A former
        customer who is now a contact of another one loses the status."""
        only = SQL("AND p.id = ANY(%s)", partner_ids) if partner_ids is not None else SQL()
        previous = SQL("(p.procedure_status->>%s)", str(self.company.id))
        steps = SQL(" ").join(
            SQL("WHEN o.last_order >= %s THEN %s", self._since(self.days[code]), status) for code, status in BOUNDS
        )
        return SQL(
            """
            SELECT p.id AS partner_id, o.last_order, %(previous)s AS previous,
                   CASE WHEN p.commercial_partner_id != p.id THEN NULL
                        WHEN o.last_order IS NULL THEN %(potential)s
                        %(steps)s
                        ELSE %(lost)s END AS status
            FROM res_partner p
            LEFT JOIN (%(orders)s) o ON o.partner_id = p.id
            WHERE p.active
              AND (p.company_id IS NULL OR p.company_id = %(company)s)
              AND (p.commercial_partner_id = p.id AND (p.customer_rank > 0 OR o.partner_id IS NOT NULL)
                   OR %(previous)s IS NOT NULL)
              AND p.id != ALL (ARRAY(SELECT partner_id FROM res_company))
              %(only)s
            """,
            previous=previous,
            potential=POTENTIAL,
            steps=steps,
            lost=LOST,
            orders=self._orders(partner_ids),
            company=self.company.id,
            only=only,
        )

    def _orders(self, partner_ids):
        """The last order of each customer. Done contacts with a customer will count here
        too, as a second column, once there are communications."""
        only = SQL()
        if partner_ids is not None:
            only = SQL(
                "AND o.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s))",
                partner_ids,
            )
        # parent_id: few partners are contacts of another one, an index knows them
        return SQL(
            """
            SELECT COALESCE(c.commercial_partner_id, o.partner_id) AS partner_id, max(o.date_order) AS last_order
            FROM sale_order o
            LEFT JOIN res_partner c
                ON c.id = o.partner_id AND c.parent_id IS NOT NULL AND c.commercial_partner_id != c.id
            WHERE o.company_id = %(company)s AND o.state = 'sale' AND o.date_order < %(end)s %(only)s
            GROUP BY 1
            """,
            company=self.company.id,
            end=self._since(0),
            only=only,
        )

    def _held(self, partner_id):
        """Rows of statuses set by hand that hold today."""
        return SQL(
            """
            SELECT FROM crm_procedure_status h
            WHERE h.partner_id = %s AND h.company_id = %s AND h.holds
              AND (h.review_date IS NULL OR h.review_date > %s)
            """,
            partner_id,
            self.company.id,
            self.today,
        )

    def _write(self, changes):
        """Write what ``changes`` gives, where nothing has happened in between, and note each
        change but the first in the history.

        :return: number of customers written
        """
        query = SQL(
            """
            WITH change AS (%(changes)s), free AS (
                SELECT p.id, change.previous, change.status
                FROM change JOIN res_partner p ON p.id = change.partner_id
                WHERE (p.procedure_status->>%(company_key)s) IS NOT DISTINCT FROM change.previous
                  AND NOT EXISTS (%(held)s)
                FOR NO KEY UPDATE OF p SKIP LOCKED
            ), written AS (
                UPDATE res_partner p
                SET procedure_status = CASE
                    WHEN free.status IS NULL THEN p.procedure_status - %(company_key)s::text
                    ELSE COALESCE(p.procedure_status, '{}') || jsonb_build_object(%(company_key)s, free.status) END
                FROM free WHERE p.id = free.id
            ), noted AS (
                INSERT INTO crm_procedure_status (partner_id, company_id, date, previous_status, status, holds)
                SELECT id, %(company)s, now() AT TIME ZONE 'UTC', previous, status, FALSE
                FROM free WHERE previous IS NOT NULL
            )
            SELECT count(*) FROM free
            """,
            changes=changes,
            company=self.company.id,
            company_key=str(self.company.id),
            held=self._held(SQL("p.id")),
        )
        [[count]] = self.env.execute_query(query)
        if count:
            self.env["res.partner"].invalidate_model(["procedure_status", "procedure_status_ids"])
        return count

    def _since(self, days):
        """:return: naive UTC moment after which an order is less than ``days`` days old"""
        begin = datetime.combine(self.today - timedelta(days=days - 1), time.min)
        return self.zone.localize(begin).astimezone(utc).replace(tzinfo=None)
