"""What people look at among many communications: plans of the queries, and the time they take."""

import time

import frame


def history(cursor, times, older):
    """:param int times: done contacts of each customer, :param int older: days before the last interval"""
    cursor.execute(
        """
        INSERT INTO crm_procedure_communication (company_id, name, partner_id, user_id, kind, method, state,
            date_planned, deadline, date_done, recorded_on, is_on_time, escalation_level, reminder_level, satisfaction)
        SELECT c.id, 'OLD-' || %(older)s || '-' || n || '-' || p.id, p.id, p.user_id, 'revisit', 'phone', 'done',
               day::date, day, day, day, TRUE, '0', 1, 4
        FROM res_partner p
        JOIN res_company c ON p.procedure_grade_id ? c.id::text
        JOIN crm_procedure_grade g ON g.id = (p.procedure_grade_id->>c.id::text)::int
        CROSS JOIN generate_series(1, %(times)s) n
        CROSS JOIN LATERAL (SELECT now() - interval '1 day' * (%(older)s + g.contact_interval_days * random()
            + 30 * (n - 1)) AS day) drawn
        """,
        {"times": times, "older": older},
    )


def screens(registry, connection, contacts):
    """My Week and the timeline of a customer: no sequential scan, and the time they take."""
    from run import environment

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), (SELECT count(*) FROM benchmark_partner) FROM crm_procedure_communication")
        [[present, partners]] = cursor.fetchall()
        if contacts > present:
            history(cursor, -(-(contacts - present) // partners), 100)
        cursor.execute("ANALYZE crm_procedure_communication")
    connection.commit()
    rows = []
    with registry.cursor() as cursor:
        env = environment(cursor, "benchmark_owner_1")
        env["crm.procedure.communication"].search_count([], limit=1)
        week = env.ref("crm_procedure.my_week_action").sudo()
        week = env["ir.actions.act_window"].sudo().browse(week.id).read(["domain"])[0]["domain"]
        from odoo.tools.safe_eval import safe_eval

        customer = env["res.partner"].sudo().search([("user_id", "=", env.uid)], limit=1)
        for name, domain, limit in (
            ("My Week", safe_eval(week, {"uid": env.uid}), 80),
            ("timeline of a customer", [("partner_id", "=", customer.id)], 10),
            ("late contacts, counted", [("is_overdue", "=", True), ("user_id", "=", env.uid)], None),
        ):
            rows.append(screen(env["crm.procedure.communication"], name, domain, limit))
    return rows


def screen(model, name, domain, limit):
    from odoo.tools import SQL

    query = model._search(domain, limit=limit, order=model._order)
    plan = "\n".join(line for [line] in model.env.execute_query(SQL("EXPLAIN %s", query.select())))
    model.env.invalidate_all()
    begin = time.monotonic()
    model.search(domain, limit=limit)
    took = time.monotonic() - begin
    clean = "Seq Scan on crm_procedure_communication" not in plan
    return (
        name,
        "",
        f"{1000 * took:.1f} ms",
        "index" if clean else "sequential scan",
        "no sequential scan",
        frame.verdict(clean),
    )
