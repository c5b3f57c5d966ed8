#!/usr/bin/env python3
"""What tickets cost with many of them open, as ratios to plain SQL in the same run.

    python benchmarks/ticket.py --tickets 100000

- Deadlines of all tickets after a leave was entered; floor: one statement that reads who held them,
  one list of working periods with bisection for one deadline each, one statement that writes it.
- The escalation run when nothing is due; floor: one statement that finds in the deadlines who is late.
- The count of late tickets, in database time. Queries to create one, a batch, and 200 in a row.

Works like benchmarks/grading.py, and ends with 1 when a target is missed.
"""

import argparse
import bisect
import contextlib
import sys
import time
from datetime import datetime, timedelta
from itertools import accumulate

import frame

ROUNDS = 5
IDLE_RUNS = 50  # one is too short for the clock of a process


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tickets", type=int, default=100_000, help="open tickets (100000)")
    options = parser.parse_args()
    results = frame.run(__file__, measure, options)
    rows, note = table(results)
    print(frame.table(f"ticket.py --tickets {options.tickets}", rows, note))
    sys.exit(0 if frame.met(rows) else 1)


def measure(options):
    import psycopg2
    from data import autovacuum, vacuum
    from measure import Cpu, open_registry, step

    with frame.database(f"crm_procedure_benchmark_ticket_{options.tickets}") as database:
        frame.say("installing")
        step("install", database)
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            autovacuum(connection, False)
            registry = open_registry(database)
            results = {"few": count_queries(registry, connection, 100)}
            frame.say(f"{options.tickets:,} tickets")
            fill(connection, options.tickets)
            vacuum(connection, "crm_procedure_ticket", "crm_procedure_custody")
            cpu = Cpu(database)
            frame.say("deadlines")
            results |= recompute(registry, connection, cpu)
            frame.say("escalation")
            results |= escalation(registry, connection, cpu)
            results["many"] = count_queries(registry, connection, 0)
            results["late_ms"], results["late"] = late(registry, connection)
            frame.say("creation")
            results |= creation(registry)
    return results


# ------------------------------------------------------------
# Tickets, by SQL
# ------------------------------------------------------------


def fill(connection, tickets):
    """Reported in the last two weeks; every third was with the customer for a while."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id) FROM res_company")
        [company] = cursor.fetchone()
        cursor.execute(
            """
            INSERT INTO crm_procedure_ticket (name, subject, kind, channel, severity, priority, state, round,
                                              company_id, date_reported, date_accepted, date_acknowledged,
                                              date_first_answer, escalation_level, create_date, write_date)
            SELECT 'B-' || n, 'Ticket ' || n, 'complaint', 'phone', 'minor', (n %% 3)::text,
                   'handling', 1, %(company)s, started, started + interval '20 minutes',
                   started + interval '20 minutes', started + interval '1 hour', '0', now(), now()
              FROM (SELECT n, date_trunc('second', now() AT TIME ZONE 'UTC')
                              - (n %% 5760) * interval '1 minute' AS started
                      FROM generate_series(1, %(tickets)s) n) s
            """,
            {"company": company, "tickets": tickets},
        )
        cursor.execute(
            """
            INSERT INTO crm_procedure_custody (ticket_id, round, holder, date_from, date_to)
            SELECT id, 1, 'service', date_reported,
                   CASE WHEN id %% 3 = 0 THEN date_reported + interval '3 hours' END
              FROM crm_procedure_ticket WHERE name LIKE 'B-%%'
             UNION ALL
            SELECT id, 1, 'customer', date_reported + interval '3 hours', date_reported + interval '9 hours'
              FROM crm_procedure_ticket WHERE name LIKE 'B-%%' AND id %% 3 = 0
             UNION ALL
            SELECT id, 1, 'service', date_reported + interval '9 hours', NULL
              FROM crm_procedure_ticket WHERE name LIKE 'B-%%' AND id %% 3 = 0
            """,
            {},
        )
    connection.commit()


# ------------------------------------------------------------
# Deadlines
# ------------------------------------------------------------


def recompute(registry, connection, cpu):
    """Each round one more day of leave, ahead of everybody, so that all deadlines move."""
    from run import environment

    results = {"floor": [], "addon": [], "queries": 0}
    for number in range(ROUNDS):
        with registry.cursor() as cursor:
            env = environment(cursor)
            calendar = env["res.company"].search([], limit=1, order="id").resource_calendar_id
            day = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1 + number)
            env["resource.calendar.leaves"].create(
                {
                    "name": "Leave",
                    "calendar_id": calendar.id,
                    "date_from": day,
                    "date_to": day + timedelta(days=1),
                    "company_id": calendar.company_id.id,
                }
            )
        intervals = working_time(registry)
        with cpu.measure() as usage:
            floor(connection, intervals)
        results["floor"].append(usage)
        with registry.cursor() as cursor:
            env = environment(cursor)
            before = cursor.sql_log_count
            with cpu.measure() as usage:
                env["crm.procedure.ticket"]._cron_recompute_deadlines()
            results["queries"] = cursor.sql_log_count - before
        results["addon"].append(usage)
        frame.say("  floor {:.2f} s CPU, addon {:.2f}".format(results["floor"][-1]["cpu"], usage["cpu"]))
    return results


def working_time(registry):
    from pytz import utc
    from run import environment

    with registry.cursor() as cursor:
        calendar = environment(cursor)["res.company"].search([], limit=1, order="id").resource_calendar_id
        start = utc.localize(datetime.now() - timedelta(days=30))
        batch = calendar._work_intervals_batch(start, start + timedelta(days=120))[False]
        return [(begin.timestamp(), end.timestamp()) for begin, end, _meta in batch]


def floor(connection, intervals, limit=40 * 3600):
    """One deadline each, as a handwritten script would do it."""
    starts = [begin for begin, _end in intervals]
    sums = list(accumulate((end - begin for begin, end in intervals), initial=0))

    def until(moment):
        index = bisect.bisect_right(starts, moment) - 1
        return 0 if index < 0 else sums[index] + min(moment, intervals[index][1]) - starts[index]

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.id, array_agg(extract(epoch FROM c.date_from)::bigint ORDER BY c.date_from), "
            "array_agg(extract(epoch FROM c.date_to)::bigint ORDER BY c.date_from) "
            "FROM crm_procedure_ticket t JOIN crm_procedure_custody c ON c.ticket_id = t.id AND c.round = t.round "
            "WHERE c.holder != 'customer' AND t.state = 'handling' GROUP BY t.id"
        )
        found, deadlines = [], []
        for ticket, froms, tos in cursor.fetchall():
            left = limit
            for begin, end in zip(froms, tos, strict=True):
                target = until(begin) + left
                if end is not None:
                    left -= until(end) - until(begin)
            index = max(bisect.bisect_left(sums, target), 1) - 1
            found.append(ticket)
            deadlines.append(int(starts[index] + target - sums[index]))
        cursor.execute(
            "UPDATE crm_procedure_ticket t SET answer_deadline = to_timestamp(v.at) AT TIME ZONE 'UTC' "
            "FROM unnest(%s::int[], %s::bigint[]) AS v(id, at) WHERE t.id = v.id",
            [found, deadlines],
        )
    connection.rollback()


# ------------------------------------------------------------
# Escalation
# ------------------------------------------------------------


def escalation(registry, connection, cpu):
    """Nothing is due: everything was climbed before."""
    from data import vacuum
    from run import environment

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE crm_procedure_ticket SET next_climb = greatest(next_climb, now() + interval '1 hour') "
            "WHERE next_climb IS NOT NULL"
        )
    connection.commit()
    vacuum(connection, "crm_procedure_ticket")
    results = {"find": [], "find_indexed": [], "idle": []}
    for _round in range(ROUNDS):
        with cpu.measure() as usage:
            for _run in range(IDLE_RUNS):
                find(connection, FIND)
        results["find"].append(usage)
        with cpu.measure() as usage:
            for _run in range(IDLE_RUNS):
                find(connection, FIND_INDEXED)
        results["find_indexed"].append(usage)
        with registry.cursor() as cursor:
            model = environment(cursor)["crm.procedure.ticket"]
            with cpu.measure() as usage:
                for _run in range(IDLE_RUNS):
                    model._cron_climb()
        results["idle"].append(usage)
    return results


FIND = """
SELECT t.id FROM crm_procedure_ticket t
 WHERE t.state IN ('reported', 'accepted', 'handling')
   AND t.answer_deadline <= now() AT TIME ZONE 'UTC' - interval '30 days'
   AND NOT EXISTS (SELECT FROM crm_procedure_ticket_climb s WHERE s.ticket_id = t.id AND s.round = t.round)
"""
FIND_INDEXED = """
SELECT t.id FROM crm_procedure_ticket t
 WHERE t.state IN ('reported', 'accepted', 'handling') AND t.next_climb <= now() AT TIME ZONE 'UTC'
 ORDER BY t.next_climb, t.id LIMIT 200
"""


def find(connection, query):
    with connection.cursor() as cursor:
        cursor.execute(query)
        cursor.fetchall()
    connection.commit()


def count_queries(registry, connection, tickets):
    """:return: queries of a run in which nothing is due, with so many tickets more"""
    from run import environment

    if tickets:
        fill(connection, tickets)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE crm_procedure_ticket SET next_climb = now() + interval '1 hour'")
        connection.commit()
    with registry.cursor() as cursor:
        model = environment(cursor)["crm.procedure.ticket"]
        model._cron_climb()
        before = cursor.sql_log_count
        model._cron_climb()
        count = cursor.sql_log_count - before
    if tickets:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM crm_procedure_custody")
            cursor.execute("DELETE FROM crm_procedure_ticket")
        connection.commit()
    return count


def late(registry, connection):
    """:return: database time of counting the late ones, ms; how many there are: two in a thousand"""
    from data import vacuum
    from run import environment

    from odoo.tools import SQL

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE crm_procedure_ticket SET deadline = now() AT TIME ZONE 'UTC' "
            "+ CASE WHEN id % 500 = 0 THEN interval '-1 hour' ELSE interval '3 days' END"
        )
    connection.commit()
    vacuum(connection, "crm_procedure_ticket")
    with registry.cursor() as cursor:
        model = environment(cursor)["crm.procedure.ticket"]
        found = model.search_count([("is_overdue", "=", True)])
        query = model._search([("is_overdue", "=", True)])
        times = []
        for _run in range(7):
            cursor.execute(SQL("EXPLAIN (ANALYZE, FORMAT JSON) %s", query.select(SQL("COUNT(*)"))))
            [[[plan]]] = cursor.fetchall()
            times.append(plan["Execution Time"])
    return sorted(times)[len(times) // 2], found


# ------------------------------------------------------------
# Creation
# ------------------------------------------------------------


def creation(registry):
    from run import environment

    with registry.cursor() as cursor:
        model = environment(cursor)["crm.procedure.ticket"]
        customer = model.env["res.partner"].create({"name": "Customer", "email": "a@customer.example"})
        values = {"subject": "Torn", "partner_id": customer.id}

        def queries(count):
            before = cursor.sql_log_count
            model.create([dict(values) for _n in range(count)])
            model.env.flush_all()
            return cursor.sql_log_count - before

        queries(1)
        begin = time.process_time()
        row = [queries(1) for _n in range(200)]
        milliseconds = 1000 * (time.process_time() - begin) / 200
        results = {"alone": max(row), "growth": max(row[-20:]) - max(row[:20]), "alone_ms": milliseconds}
        begin = time.process_time()
        results["batch"] = queries(1000) / 1000
        results["batch_ms"] = time.process_time() - begin
        cursor.rollback()
    return results


# ------------------------------------------------------------
# Reporting
# ------------------------------------------------------------


def table(results):
    from measure import median

    idle = median(results["idle"]) / IDLE_RUNS
    indexed = median(results["find_indexed"]) / IDLE_RUNS
    rows = [
        frame.ratio("all deadlines after a leave", median(results["floor"]), median(results["addon"]), 12),
        frame.at_most("queries of that", results["queries"], 15),
        frame.ratio(
            "escalation run, nothing due, to finding who is late", median(results["find"]), median(results["idle"]), 1.5
        ),
        frame.at_most("its queries, more than with 100 tickets", results["many"] - results["few"], 5),
        frame.at_most(f"count of {results['late']} late ones, ms of the database", results["late_ms"], 1),
        frame.at_most("queries to create a ticket alone", results["alone"], 20),
        frame.at_most("queries to create a ticket in a batch of 1,000", results["batch"], 6),
        frame.at_most("queries more for the last of 200 in a row", results["growth"], 0),
    ]
    note = (
        f"An idle escalation run is {1000 * idle:.1f} ms of CPU; the same look at the index by hand, without "
        f"Odoo, {1000 * indexed:.2f} ms. Python's own time to create a ticket: alone {results['alone_ms']:.1f} ms, "
        f"in a batch {results['batch_ms']:.1f} ms."
    )
    return rows, note


if __name__ == "__main__":
    main()
