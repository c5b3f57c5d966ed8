"""A year of communications, tickets and the like, made by SQL; and every shipped indicator counted by hand.

The counts say what the definitions in ``data/indicator_data.xml`` say, with the limits as shipped, in one
company whose days are those of UTC.
"""

import time

from data import without_indexes
from dateutil.relativedelta import relativedelta
from status import FILES, INCOMPLETE

COMPLETE = INCOMPLETE.split("NOT (", 1)[1].rsplit(") IS TRUE", 1)[0]


def fill(connection, company, partners):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        values = {"company": company, "partners": partners}
        for table, statement in ROWS:
            with without_indexes(cursor, table):
                cursor.execute(statement, values)
        cursor.execute("RESET session_replication_role")
    connection.commit()


ROWS = (
    ("res_partner", FILES.replace("%", "%%")),
    (
        "res_partner",
        """
        UPDATE res_partner p SET
            procedure_verified_on = CASE WHEN n %% 2 = 0 THEN current_date - (n %% 700)::int END,
            procedure_registration = CASE WHEN n %% 50 = 0 THEN 'confirmed' WHEN n %% 50 = 1 THEN 'waiting' END,
            create_date = CASE WHEN n %% 50 < 2 THEN current_date - (5 + n %% 60)::int ELSE create_date END,
            procedure_grade_id = CASE WHEN n %% 10 > 0 THEN jsonb_build_object(%(company)s::text, g.id) END
        FROM benchmark_partner b, (SELECT min(id) AS id FROM crm_procedure_grade) g WHERE b.id = p.id
        """,
    ),
    (
        "crm_procedure_grading",
        """
        INSERT INTO crm_procedure_grading (name, company_id, date, state, deadline, approved_on, applied_on)
        SELECT 'B-' || n, %(company)s, current_date - 20 * n, 'approved',
               current_date - 20 * n + interval '5 days', current_date - 20 * n + n * interval '12 hours',
               current_date - 20 * n + n * interval '12 hours'
        FROM generate_series(1, 24) n
        """,
    ),
    (
        "crm_procedure_plan",
        """
        INSERT INTO crm_procedure_plan (name, company_id, date_from, date_to, state, deadline, approved_on)
        SELECT 'B-' || n, %(company)s, current_date - 90 * n, current_date - 90 * n + 89, 'approved',
               current_date - 90 * n, current_date - 90 * n + (n - 2) * interval '1 day'
        FROM generate_series(1, 4) n
        """,
    ),
    (
        "crm_procedure_communication",
        """
        INSERT INTO crm_procedure_communication (name, company_id, user_id, partner_id, kind, method, state, plan_id,
            date_planned, deadline, date_done, is_on_time, reminder_level, escalation_level, satisfaction, cost,
            create_date, write_date, create_uid, write_uid)
        SELECT 'B-' || n, %(company)s, 2, p.id, CASE WHEN n %% 50 = 0 THEN 'first_visit' ELSE 'revisit' END, 'phone',
               CASE WHEN day > current_date THEN 'planned' WHEN n %% 20 = 0 THEN 'cancelled'
                    WHEN n %% 7 = 0 THEN 'planned' ELSE 'done' END,
               CASE WHEN n %% 2 = 0 THEN (SELECT min(id) FROM crm_procedure_plan) END,
               day, day + interval '3 days 23:59:59',
               CASE WHEN day <= current_date AND n %% 20 > 0 AND n %% 7 > 0 THEN day + interval '10 hours' END,
               n %% 9 > 0, 0, '0', 0, 0, now(), now(), 1, 1
        FROM (SELECT n, current_date + 30 - ((n * 7919::bigint) %% 365)::int AS day,
                     1 + (n * 104729::bigint) %% %(partners)s AS customer
              FROM generate_series(1, 5 * %(partners)s) n) s
        JOIN (SELECT n AS number, id FROM benchmark_partner) p ON p.number = s.customer
        """,
    ),
    (
        "crm_procedure_ticket",
        """
        INSERT INTO crm_procedure_ticket (name, subject, kind, channel, severity, priority, state, round, company_id,
            date_reported, accept_deadline, date_accepted, acknowledge_deadline, date_acknowledged, first_deadline,
            date_first_answer, answer_deadline, date_answered, date_closed, deadline, customer_rating,
            escalation_level, create_date, write_date)
        SELECT 'B-' || n, 'Ticket ' || n, 'complaint', 'phone', 'minor', '0',
               CASE WHEN n %% 30 = 0 THEN 'cancelled' WHEN n %% 11 = 0 THEN 'unconfirmed' WHEN n %% 13 = 0
                    THEN 'handling' ELSE 'closed' END, 1, %(company)s,
               began, began + interval '2 hours', began + (n %% 150) * interval '1 minute',
               began + interval '4 hours', CASE WHEN n %% 17 > 0 THEN began + (n %% 250) * interval '1 minute' END,
               began + interval '24 hours', began + (n %% 27) * interval '1 hour',
               began + interval '7 days', CASE WHEN n %% 13 > 0 THEN began + (n %% 8) * interval '1 day' END,
               CASE WHEN n %% 13 > 0 OR n %% 11 = 0 THEN began + interval '9 days' END,
               CASE WHEN n %% 13 = 0 THEN began + interval '7 days' END, n %% 6, '0', now(), now()
        FROM (SELECT n, date_trunc('day', now() AT TIME ZONE 'UTC') - ((n * 7919::bigint) %% 8760) * interval '1 hour'
                        AS began
              FROM generate_series(1, %(partners)s / 10) n) s
        """,
    ),
    (
        "crm_procedure_action",
        """
        INSERT INTO crm_procedure_action (name, subject, kind, state, company_id, deadline, date_done, date_verified,
            escalation_level, create_date)
        SELECT 'B-' || n, 'Action', CASE WHEN n %% 3 = 0 THEN 'corrective' ELSE 'handling' END,
               (ARRAY['done', 'effective', 'ineffective', 'open'])[1 + n %% 4], %(company)s, due,
               CASE WHEN n %% 4 < 3 THEN due + (n %% 5 - 3) * interval '1 day' END,
               CASE WHEN n %% 4 IN (1, 2) THEN due + interval '2 days' END, '0', now()
        FROM (SELECT n, current_date - ((n * 7919::bigint) %% 365)::int + interval '17 hours' AS due
              FROM generate_series(1, %(partners)s / 20) n) s
        """,
    ),
    (
        "crm_procedure_change",
        """
        INSERT INTO crm_procedure_change (name, partner_id, description, state, company_id, deadline, approved_on,
            rejected_on, escalation_level, create_date)
        SELECT 'B-' || n, p.id, 'moved', (ARRAY['submitted', 'approved', 'rejected', 'draft'])[1 + n %% 4],
               %(company)s,
               due, CASE WHEN n %% 4 = 1 THEN due + (n %% 5 - 3) * interval '1 day' END,
               CASE WHEN n %% 4 = 2 THEN due + (n %% 5 - 3) * interval '1 day' END, '0', now()
        FROM (SELECT n, current_date - ((n * 7919::bigint) %% 365)::int + interval '17 hours' AS due
              FROM generate_series(1, %(partners)s / 50) n) s
        JOIN (SELECT n AS number, id FROM benchmark_partner) p ON p.number = n
        """,
    ),
    (
        "crm_procedure_campaign",
        """
        INSERT INTO crm_procedure_campaign (name, title, kind, survey_id, date_from, date_to, state, company_id,
            order_condition, precision, days_after, deadline, approved_on)
        SELECT 'B-' || n, 'Survey', CASE WHEN n = 3 THEN 'delivery' ELSE 'yearly' END,
               (SELECT min(id) FROM survey_survey), current_date - 200 * n,
               current_date - 200 * n + 21, 'approved', %(company)s, 'confirmed', 'total', 14,
               current_date - 200 * n + interval '35 days', current_date - 200 * n + interval '30 days'
        FROM generate_series(1, 3) n
        """,
    ),
    (
        "survey_user_input",
        """
        INSERT INTO survey_user_input (survey_id, campaign_id, procedure_customer_id, procedure_order_id,
            procedure_outcome, procedure_invited_on, access_token, state, scoring_percentage)
        SELECT c.survey_id, c.id, p.id, NULL, (ARRAY['answered', 'invited', 'refused', 'skipped'])[1 + p.n %% 4],
               c.date_from + interval '10 hours', md5('b' || p.n || c.id), 'new', 0
        FROM benchmark_partner p, crm_procedure_campaign c
        WHERE c.name IN ('B-1', 'B-2') AND p.n %% 50 = 0
        UNION ALL
        SELECT c.survey_id, c.id, o.partner_id, o.id, 'invited', o.date_order + interval '15 days', md5('o' || o.id),
               'new', 0
        FROM sale_order o, crm_procedure_campaign c
        WHERE c.name = 'B-3' AND o.state = 'sale' AND o.date_order > current_date - 130 AND o.id %% 4 = 0
        """,
    ),
)


def count(connection, night):
    """:return: ({code: (population, conforming)}, {code: seconds})"""
    day = night.date()
    bounds = {"now": night, "day": day, "year_ago": day - relativedelta(years=1)}
    for name, span in (("month", {"months": 1}), ("quarter", {"months": 3}), ("year", {"years": 1})):
        bounds[name] = day - relativedelta(**span) + relativedelta(days=1)
    figures, seconds = {}, {}
    with connection.cursor() as cursor:
        for code, statement in COUNTS.items():
            begin = time.perf_counter()
            cursor.execute(statement, bounds)
            figures[code] = tuple(int(number) for number in cursor.fetchone())
            seconds[code] = time.perf_counter() - begin
    connection.commit()
    return figures, seconds


def _of(table, met, where, moment=None, period=None):
    """One table, one pass."""
    if period:
        where = f"{where} AND {moment} >= %({period})s AND {moment} <= %(now)s"
    return f"SELECT count(*), count(*) FILTER (WHERE {met}) FROM {table} p WHERE {where}"


CUSTOMER = "p.active AND p.customer_rank > 0 AND p.parent_id IS NULL"
C, T, A = "crm_procedure_communication", "crm_procedure_ticket", "crm_procedure_action"
DECIDED = "approved_on <= deadline OR rejected_on <= deadline"
COUNTS = {
    "files_complete": _of("res_partner", COMPLETE, CUSTOMER),
    "files_verified": _of("res_partner", "procedure_verified_on >= %(year_ago)s", CUSTOMER),
    "registrations_confirmed": _of(
        "res_partner",
        "procedure_registration <> 'waiting'",
        "p.active AND procedure_registration IS NOT NULL AND create_date < %(day)s::date - 3",
        "create_date",
        "quarter",
    ),
    "customers_graded": """
        SELECT count(*), count(*) FILTER (WHERE p.procedure_grade_id->>c.id::text IS NOT NULL
            AND r.date >= %(year_ago)s)
        FROM res_partner p, (SELECT min(id) AS id FROM res_company) c,
             (SELECT max(date) AS date FROM crm_procedure_grading WHERE applied_on IS NOT NULL) r
        WHERE """
    + CUSTOMER,
    "gradings_signed": _of("crm_procedure_grading", DECIDED, "TRUE", "deadline", "year"),
    "plans_approved": _of("crm_procedure_plan", DECIDED, "TRUE", "deadline", "year"),
    "plans_fulfilled": _of(C, "state = 'done'", "plan_id IS NOT NULL AND state <> 'cancelled'", "deadline", "quarter"),
    "contacts_on_time": _of(C, "is_on_time", "state <> 'cancelled'", "deadline", "month"),
    "first_visits": _of(C, "is_on_time", "kind = 'first_visit' AND state <> 'cancelled'", "deadline", "quarter"),
    # left joins: with IN, PostgreSQL goes through the ids again for each row when they outgrow its working memory
    "customers_contacted": """
        SELECT count(*), count(*) FILTER (WHERE p.create_date >= %(day)s::date - 90 OR c.partner_id IS NOT NULL)
        FROM res_partner p LEFT JOIN (
            SELECT DISTINCT partner_id FROM crm_procedure_communication
            WHERE state = 'done' AND date_done >= %(day)s::date - 90 AND (occasion_id IS NULL OR method <> 'email')
        ) c ON c.partner_id = p.id WHERE """
    + CUSTOMER,
    "tickets_accepted": _of(T, "date_accepted <= accept_deadline", "state <> 'cancelled'", "accept_deadline", "month"),
    "tickets_acknowledged": _of(
        T, "date_acknowledged <= acknowledge_deadline", "state <> 'cancelled'", "acknowledge_deadline", "month"
    ),
    "solutions_proposed": _of(
        T, "date_first_answer <= first_deadline", "state <> 'cancelled'", "first_deadline", "month"
    ),
    "tickets_answered": _of(
        T,
        "date_answered <= answer_deadline AND state NOT IN ('reported', 'accepted', 'handling')",
        "state <> 'cancelled'",
        "answer_deadline",
        "month",
    ),
    "department_parts": _of(A, "date_done <= deadline", "kind = 'handling'", "deadline", "month"),
    "closed_by_customer": _of(T, "state = 'closed'", "state IN ('closed', 'unconfirmed')", "date_closed", "quarter"),
    "tickets_overdue": _of(T, "TRUE", "state IN ('reported', 'accepted', 'handling') AND deadline < %(now)s"),
    "survey_held": _of(
        "crm_procedure_campaign",
        "state = 'approved'",
        "kind = 'yearly' AND state <> 'draft' AND date_to >= %(year)s AND date_to <= %(day)s",
    ),
    "survey_response": """
        SELECT count(*), count(*) FILTER (WHERE procedure_outcome = 'answered')
        FROM survey_user_input u JOIN crm_procedure_campaign k ON k.id = u.campaign_id
        WHERE k.kind = 'yearly' AND k.state IN ('analysed', 'submitted', 'approved') AND procedure_outcome IN
            ('invited', 'failed', 'bounced', 'refused', 'blank', 'answered', 'late')
          AND procedure_invited_on >= %(year)s AND procedure_invited_on <= %(now)s
        """,
    "survey_reports": _of(
        "crm_procedure_campaign", DECIDED, "kind = 'yearly' AND state <> 'draft'", "deadline", "year"
    ),
    "feedback_asked": """
        SELECT count(*), count(a.id)
        FROM sale_order p LEFT JOIN (
            SELECT DISTINCT o.id FROM survey_user_input u
            JOIN res_partner c ON c.commercial_partner_id = u.procedure_customer_id
            JOIN sale_order o ON o.partner_id = c.id
            WHERE u.campaign_id IS NOT NULL AND u.procedure_invited_on
                BETWEEN o.date_order - interval '3 months' AND o.date_order + interval '31 days'
        ) a ON a.id = p.id
        WHERE state = 'sale' AND date_order < %(day)s::date - 30
          AND date_order >= %(quarter)s AND date_order <= %(now)s
        """,
    "solutions_rated": _of(T, "customer_rating >= 4", "customer_rating > 0", "date_closed", "quarter"),
    "actions_in_time": _of(A, "date_done <= deadline", "kind <> 'handling'", "deadline", "year"),
    "actions_effective": _of(
        A, "state = 'effective'", "state IN ('effective', 'ineffective')", "date_verified", "year"
    ),
    "changes_confirmed": _of("crm_procedure_change", DECIDED, "state <> 'draft'", "deadline", "quarter"),
} | {
    code: _of(
        "crm_procedure_review",
        "submitted_on <= deadline AND state <> 'draft'",
        f"kind = '{kind}'",
        "deadline",
        period,
    )
    for code, kind, period in (
        ("monthly_summaries", "monthly", "quarter"),
        ("internal_reviews", "quarterly", "year"),
        ("management_reviews", "yearly", "year"),
        ("legal_reviews", "legal", "year"),
    )
}
