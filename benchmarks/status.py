#!/usr/bin/env python3
"""What status and completeness of all customers cost, as ratios to plain SQL in the same run.

    python benchmarks/status.py --partners 1000000

Floor: one SQL query, written by hand, that finds who changes status today, and writes nothing.
The addon finds them, writes them in chunks that it commits one by one, and notes each in the
history. Completeness is not stored: the addon counts whose file is not complete, the floor is
the same count written by hand. Works like benchmarks/grading.py, and ends with 1 when a target is
missed.
"""

import argparse
import contextlib
import sys
from datetime import datetime, time, timedelta

import frame

TARGET = 1.5


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--partners", type=int, default=100_000, help="customers (100000)")
    parser.add_argument("--rounds", type=int, default=5, help="days in a row, of which the median counts (5)")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    results = frame.run(__file__, measure, options)
    rows = table(results)
    print(report(options, results, rows))
    sys.exit(0 if frame.met(rows) else 1)


def measure(options):
    import psycopg2
    from data import autovacuum, build
    from measure import step

    with frame.database(f"crm_procedure_benchmark_status_{options.partners}") as database:
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            frame.say(f"{options.partners:,} customers and their orders")
            build(connection, options.partners)
            frame.say("installing")
            step("install", database)
            autovacuum(connection, False)
        frame.say(f"the first status of everybody, then {options.rounds} days")
        results = run_days(database, options.rounds)
        frame.say("completeness of everybody")
        results |= run_completeness(database, options.rounds)
    return results


def run_days(database, rounds):
    """Each day a day later, floor and addon in turns; both have to find the same customers."""
    import psycopg2
    from data import vacuum
    from freezegun import freeze_time
    from measure import Cpu, open_registry

    registry = open_registry(database)
    connection = psycopg2.connect(dbname=database)
    cpu, results = Cpu(database), {"floor": [], "addon": [], "again": [], "changed": []}
    today = datetime.now()
    with freeze_time(today, tick=True), cpu.measure() as results["first"]:
        refresh(registry)
    vacuum(connection, "res_partner", "sale_order")
    for number in range(1, rounds + 1):
        day = today + timedelta(days=number)
        with cpu.measure() as usage:
            expected = floor(connection, day)
        results["floor"].append(usage)
        before = noted(connection)
        with freeze_time(day, tick=True), cpu.measure() as usage:
            refresh(registry)
        results["addon"].append(usage)
        changed = noted(connection) - before
        if changed != expected:
            sys.exit(f"Floor and addon do not agree: {expected}, {changed}")
        results["changed"].append(changed)
        vacuum(connection, "res_partner", "crm_procedure_status")
        with freeze_time(day, tick=True), cpu.measure() as usage:
            refresh(registry)
        results["again"].append(usage)
    return results


def run_completeness(database, rounds):
    """Who has an incomplete file, counted by the addon and by hand in turns."""
    import psycopg2
    from data import vacuum
    from measure import Cpu, open_registry
    from run import environment

    registry = open_registry(database)
    connection = psycopg2.connect(dbname=database)
    with connection.cursor() as cursor:
        cursor.execute(FILES)
    connection.commit()
    vacuum(connection, "res_partner")
    cpu, results = Cpu(database), {"incomplete_floor": [], "incomplete": []}
    incomplete = [("customer_rank", ">", 0), ("parent_id", "=", False), ("procedure_completeness", "<", 100)]
    for _round in range(rounds):
        with cpu.measure() as usage, connection.cursor() as cursor:
            cursor.execute(INCOMPLETE)
            [[expected]] = cursor.fetchall()
        connection.commit()
        results["incomplete_floor"].append(usage)
        with registry.cursor() as cursor, cpu.measure() as usage:
            found = environment(cursor)["res.partner"].search_count(incomplete)
        results["incomplete"].append(usage)
        if found != expected:
            sys.exit(f"Floor and addon do not agree: {expected}, {found}")
    return results


# Three files of four hold everything but a contact, and every second customer has a contact.
FILES = """
    UPDATE res_partner SET procedure_size = 'small', procedure_needs = 'Pumps',
        industry_id = (SELECT min(id) FROM res_partner_industry)
    WHERE customer_rank > 0 AND id % 4 <> 0;
    INSERT INTO res_partner (name, complete_name, parent_id, commercial_partner_id, type, active, is_company,
        function, email, autopost_bills, lang)
    SELECT 'Buyer', name || ', Buyer', id, id, 'contact', TRUE, FALSE, 'Buyer', 'b@example.com', 'ask', 'en_US'
    FROM res_partner WHERE customer_rank > 0 AND id % 2 = 0
"""
# What the shipped procedure requires of a company: name, industry, size, needs, and a contact.
INCOMPLETE = """
    SELECT count(*) FROM res_partner p
    WHERE p.active AND p.customer_rank > 0 AND p.parent_id IS NULL AND NOT (
        p.name <> '' AND p.procedure_needs <> '' AND CASE WHEN p.is_company
        THEN p.industry_id IS NOT NULL AND p.procedure_size IS NOT NULL AND EXISTS (
            SELECT FROM res_partner c
            WHERE c.parent_id = p.id AND c.active AND c.is_company IS NOT TRUE AND c.name <> ''
            AND c.function <> '' AND (c.phone <> '' OR c.email <> ''))
        ELSE p.phone <> '' OR p.email <> '' END
    ) IS TRUE
"""


def refresh(registry):
    from run import environment

    with registry.cursor() as cursor:
        environment(cursor)["crm.procedure.status"]._cron_refresh()


def floor(connection, day):
    """:return: how many customers change status on ``day``"""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.id, COALESCE(r.tz, 'UTC') FROM res_company c "
            "LEFT JOIN resource_calendar r ON r.id = c.resource_calendar_id ORDER BY c.id LIMIT 1"
        )
        company, tz = cursor.fetchone()
        # nobody has signed a procedure here: the shipped limits hold
        bounds = dict(
            zip(("service", "active", "dormant"), (since(day, days, tz) for days in (90, 180, 365)), strict=True)
        )
        cursor.execute(
            """
            SELECT count(*) FROM (
                SELECT p.procedure_status->>%(company_key)s AS before,
                       CASE WHEN o.last IS NULL THEN 'potential'
                            WHEN o.last >= %(service)s THEN 'in_service'
                            WHEN o.last >= %(active)s THEN 'active'
                            WHEN o.last >= %(dormant)s THEN 'dormant'
                            ELSE 'lost' END AS after
                FROM res_partner p
                LEFT JOIN (
                    SELECT partner_id, max(date_order) AS last FROM sale_order
                    WHERE company_id = %(company)s AND state = 'sale' AND date_order < %(end)s GROUP BY 1
                ) o ON o.partner_id = p.id
                WHERE p.active AND p.customer_rank > 0
            ) derived
            WHERE after IS DISTINCT FROM before
            """,
            {"company": company, "company_key": str(company), "end": since(day, 0, tz), **bounds},
        )
        [[count]] = cursor.fetchall()
    connection.commit()
    return count


def since(day, days, tz):
    from zoneinfo import ZoneInfo

    local = day.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(tz)).date()
    begin = datetime.combine(local - timedelta(days=days - 1), time.min, ZoneInfo(tz))
    return begin.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)


def noted(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM crm_procedure_status")
        [[count]] = cursor.fetchall()
    connection.commit()
    return count


def table(results):
    from measure import median

    return [
        frame.ratio("status of a day, to finding it", median(results["floor"]), median(results["addon"]), TARGET),
        frame.ratio(
            "who has an incomplete file",
            median(results["incomplete_floor"]),
            median(results["incomplete"]),
            TARGET,
        ),
        frame.ratio("the same again, nobody moves", median(results["floor"]), median(results["again"]), TARGET),
    ]


def report(options, results, rows):
    changed = sorted(results["changed"])[len(results["changed"]) // 2]
    return frame.table(
        f"status.py --partners {options.partners}",
        rows,
        f"First status of everybody: {results['first']['cpu']:.1f} s CPU, {results['first']['wall']:.1f} s.",
        about=f"; {changed:,} of {options.partners:,} customers change on a day",
    )


if __name__ == "__main__":
    main()
