"""Customers and orders for a benchmark, made by SQL: many at once, the same at every run.

Per customer 4 orders in three years: 1.7 confirmed ones in the last twelve months, 0.4
quotations and cancelled ones in the same time, 1.9 older ones. Amounts follow a Pareto law,
and so do the customers who order: some often, many never. One order in twenty is in a
foreign currency. There are no invoices.
"""

import contextlib

ORDERS = 4.0  # for each customer: all, and the confirmed ones in the window
ORDERS_IN_WINDOW = 1.7
MOVING = 0.1  # share of the customers whose grade changes in a month


def build(connection, partners):
    """Customers and orders in a database without the addon.

    :param int partners: how many customers
    """
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'; SET work_mem = '64MB'; SELECT setseed(0.19)")
        # the rows are right by construction: no foreign key is checked, and indexes are made at the end
        cursor.execute("SET session_replication_role = replica")
        with without_indexes(cursor, "res_partner"):
            build_partners(cursor, partners)
        with without_indexes(cursor, "sale_order"):
            build_orders(cursor, partners)
        cursor.execute("RESET session_replication_role")
    connection.commit()
    vacuum(connection, "res_partner", "sale_order")


@contextlib.contextmanager
def without_indexes(cursor, table):
    """Rows go in many times faster; the indexes that no constraint needs are made again."""
    cursor.execute(
        """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
        FROM pg_index i
        WHERE i.indrelid = %s::regclass
          AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
        """,
        [table],
    )
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        cursor.execute(definition)


def build_partners(cursor, partners):
    cursor.execute(
        """
        CREATE TABLE benchmark_partner AS
        SELECT n, (SELECT max(id) FROM res_partner) + n AS id,
               initcap(substr(md5(n::text), 1, 6)) || ' ' || initcap(substr(md5(n::text), 7, 8)) AS name,
               '+1' || (2000000000 + (n * 7919::bigint) %% 7999999999)::text AS phone
        FROM generate_series(1, %s) n;
        INSERT INTO res_partner (
            id, commercial_partner_id, name, complete_name, commercial_company_name, is_company, type,
            active, customer_rank, supplier_rank, partner_share, autopost_bills, color, lang, country_id,
            street, zip, city, email, email_normalized, phone, phone_sanitized,
            create_uid, write_uid, create_date, write_date)
        SELECT id, id, name, name, name, TRUE, 'contact',
               TRUE, 1, 0, TRUE, 'ask', 0, 'en_US', (SELECT id FROM res_country WHERE code = 'US'),
               n || ' Main Street', lpad((n %% 99999)::text, 5, '0'), 'Springfield',
               'office@' || n || '.example.com', 'office@' || n || '.example.com', phone, phone,
               1, 1, now() - interval '4 years', now() - interval '1 year'
        FROM benchmark_partner;
        SELECT setval('res_partner_id_seq', (SELECT max(id) FROM res_partner));
        """,
        [partners],
    )


def build_orders(cursor, partners):
    """Orders stand in the table as they came in: the oldest first."""
    total, counted = int(partners * ORDERS), int(partners * ORDERS_IN_WINDOW)
    quotations = int(partners * 0.4)
    cursor.execute(
        """
        INSERT INTO res_currency_rate (name, currency_id, rate, create_uid, write_uid)
        SELECT current_date - 1500, foreign_currency.id, 0.9, 1, 1
        FROM res_currency foreign_currency WHERE name = %(foreign)s;

        WITH company AS (SELECT * FROM res_company ORDER BY id LIMIT 1),
        drawn AS MATERIALIZED (
            SELECT n, n > %(old)s AS recent,
                   random() AS which, random() AS size, random() AS chance, random() < 0.05 AS abroad
            FROM generate_series(1, %(total)s) n
        ), dated AS (
            SELECT *,
                   CASE WHEN recent
                       THEN now() - interval '364 days' * (1 - (n - %(old)s) / (%(total)s - %(old)s)::float8)
                       ELSE now() - interval '370 days' - interval '725 days' * (1 - n / %(old)s::float8)
                   END - interval '1 hour' AS day,
                   recent AND chance < %(quotations)s / (%(total)s - %(old)s)::float8 AS quotation,
                   round(least(200 * power(1 - size, -1 / 1.1), 2e6)::numeric, 2) AS amount
            FROM drawn
        )
        INSERT INTO sale_order (
            id, name, company_id, partner_id, partner_invoice_id, partner_shipping_id, currency_id,
            currency_rate, amount_untaxed, amount_tax, amount_total, state, invoice_status, date_order,
            user_id, require_signature, require_payment, prepayment_percent, locked,
            create_uid, write_uid, create_date, write_date)
        SELECT o.n, 'S' || lpad(o.n::text, 8, '0'), c.id, p.id, p.id, p.id,
               CASE WHEN abroad THEN f.id ELSE c.currency_id END,
               CASE WHEN abroad THEN 0.9 ELSE 1 END,
               amount, round(amount * 0.15, 2), round(amount * 1.15, 2),
               CASE WHEN NOT quotation THEN 'sale' WHEN size < 0.5 THEN 'draft' ELSE 'cancel' END,
               'no', day, 2, FALSE, FALSE, 0, FALSE, 2, 2, day, day
        FROM dated o
        CROSS JOIN company c
        JOIN res_currency f ON f.name = %(foreign)s
        JOIN benchmark_partner p ON p.n = 1 + floor(%(partners)s * power(o.which, 1.6))
        ORDER BY o.n;
        SELECT setval('sale_order_id_seq', (SELECT max(id) FROM sale_order));
        """,
        {
            "partners": partners,
            "total": total,
            "old": total - counted - quotations,
            "quotations": quotations,
            "foreign": foreign_currency(cursor),
        },
    )


def foreign_currency(cursor):
    cursor.execute("SELECT u.name FROM res_company c JOIN res_currency u ON u.id = c.currency_id ORDER BY c.id")
    return "EUR" if cursor.fetchone()[0] != "EUR" else "USD"


# ------------------------------------------------------------
# Once the addon is installed
# ------------------------------------------------------------


def add_marks(connection):
    """Two customers in three have marks, which are criteria too."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE res_partner p SET
                procedure_potential = (b.n * 7919::bigint) %% 101,
                procedure_standing = (ARRAY['leader', 'major', 'average', 'small'])[1 + b.n %% 4],
                procedure_credit = (ARRAY['good', 'normal', 'poor'])[1 + b.n %% 3]
            FROM benchmark_partner b WHERE b.id = p.id AND b.n %% 3 > 0
            """,
            [],
        )
    connection.commit()
    vacuum(connection, "res_partner")


def add_movement(connection):
    """A month's movement, by the orders: about a tenth of the customers change grade.

    The graded state before it is kept for ``restore``. Of each moving customer the largest
    order in the window becomes large, or, with a customer who is not in the lowest grade,
    worth next to nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TABLE benchmark_grade AS
            SELECT p.id, p.procedure_grade_id AS grades, (p.procedure_grade_id->>c.id::text)::int AS grade
            FROM res_partner p JOIN benchmark_partner b ON b.id = p.id
            CROSS JOIN (SELECT id FROM res_company ORDER BY id LIMIT 1) c;
            CREATE UNIQUE INDEX ON benchmark_grade (id);

            WITH biggest AS (
                SELECT DISTINCT ON (partner_id) id, partner_id
                FROM sale_order
                WHERE state = 'sale' AND date_order > now() - interval '300 days'
                ORDER BY partner_id, amount_untaxed DESC, id
            ), moving AS (
                SELECT id, partner_id FROM biggest ORDER BY md5(partner_id::text)
                LIMIT %s * (SELECT count(*) FROM benchmark_partner)
            )
            UPDATE sale_order o SET amount_untaxed = new.amount, amount_total = new.amount,
                                    amount_tax = 0, write_date = now()
            FROM (
                SELECT m.id, CASE WHEN b.grade = lowest.id THEN 90000 ELSE 1 END AS amount
                FROM moving m JOIN benchmark_grade b ON b.id = m.partner_id,
                     (SELECT id FROM crm_procedure_grade ORDER BY minimum_score LIMIT 1) lowest
            ) new
            WHERE new.id = o.id
            """,
            [MOVING],
        )
    connection.commit()
    vacuum(connection, "sale_order", "benchmark_grade")


def restore(connection):
    """Give the customers the grades they had before the movement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE res_partner p SET procedure_grade_id = b.grades
            FROM benchmark_grade b
            WHERE b.id = p.id AND p.procedure_grade_id IS DISTINCT FROM b.grades
            """
        )
    connection.commit()
    vacuum(connection, "res_partner", "crm_procedure_grading_line")


def autovacuum(connection, enabled):
    """Off while CPU is measured: then ``vacuum`` does it, between the measurements."""
    with connection.cursor() as cursor:
        for table in ("res_partner", "sale_order", "crm_procedure_grading_line"):
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = {enabled})")
    connection.commit()


def vacuum(connection, *tables):
    """As PostgreSQL does by itself now and then; here at known moments."""
    connection.commit()
    connection.autocommit = True
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table}")
    connection.autocommit = False


def grades(connection):
    """:return: {grade id: number of customers}, and a checksum over all of them"""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT procedure_grade_id::text, count(*), sum(hashint4(p.id)::bigint)
            FROM res_partner p JOIN benchmark_partner USING (id) GROUP BY 1 ORDER BY 1
            """
        )
        found = cursor.fetchall()
    connection.commit()
    return found
