#!/usr/bin/env python3
"""What the nightly run of all indicators and the clause board cost, as ratios to plain SQL in the same run.

    python benchmarks/indicator.py --partners 1000000

Per customer 1.7 orders of the last twelve months (4 in all), 5 communications and a tenth of a ticket.
Floor: the same counts, each one statement written by hand; both have to find the same figures. Each night
has its day, so that no value is there yet. The board is asked for as a user's browser does; its queries are
counted, and its time in the database is measured. Works like benchmarks/grading.py, and ends with 1 when a
target is missed.
"""

import argparse
import contextlib
import statistics
import sys
import time
from datetime import datetime, timedelta

import frame

NIGHT, BOARD_QUERIES, BOARD_MS = 1.5, 6, 60


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--partners", type=int, default=100_000, help="customers (100000)")
    parser.add_argument("--rounds", type=int, default=3, help="nights, of which the median counts (3)")
    parser.add_argument("--detail", action="store_true", help="say what each indicator costs")
    options = parser.parse_args()
    results = frame.run(__file__, measure, options)
    rows = table(results)
    print(report(options, results, rows))
    sys.exit(0 if frame.met(rows) else 1)


def measure(options):
    import psycopg2
    from data import autovacuum, build, vacuum
    from indicator_floor import fill
    from measure import open_registry, step

    with frame.database(f"crm_procedure_benchmark_indicator_{options.partners}") as database:
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            frame.say(f"{options.partners:,} customers and their orders")
            build(connection, options.partners)
            frame.say("installing")
            step("install", database)
            autovacuum(connection, False)
            frame.say("communications, tickets, files")
            registry = open_registry(database)
            company = prepare(registry)
            fill(connection, company, options.partners)
            vacuum(connection, "")
        results = nights(registry, database, options)
        frame.say("board")
        results |= board(registry, database)
    return results


def prepare(registry):
    """One company, all indicators; a grade for the graded."""
    from run import environment

    with registry.cursor() as cursor:
        env = environment(cursor)
        company = env["res.company"].search([], order="id", limit=1)
        company.resource_calendar_id.tz = "UTC"
        return company.id


def nights(registry, database, options):
    import psycopg2
    from freezegun import freeze_time
    from indicator_floor import count
    from measure import Cpu
    from run import environment

    cpu = Cpu(database)
    results = {"floor": [], "addon": [], "each": {}}
    connection = psycopg2.connect(dbname=database)
    today = datetime.now().replace(hour=2, minute=30, second=0, microsecond=0)  # no deadline is near
    for number in range(options.rounds + 1):  # the first one warms up
        night = today + timedelta(days=number)
        frame.say(f"night {number or '(warming up)'}")
        with freeze_time(night, tick=True):
            with cpu.measure() as usage:
                expected, floors = count(connection, night)
            if number:
                results["floor"].append(usage)
            with cpu.measure() as usage:
                addons = run_night(registry)
            if number:
                results["addon"].append(usage)
            with registry.cursor() as cursor:
                values = environment(cursor)["crm.procedure.indicator.value"].search([("date", "=", night.date())])
                found = {v.indicator_id.code: (v.population, v.conforming) for v in values}
                broken = values.filtered(lambda v: v.state == "broken").mapped("reason")
        wrong = {code: (found.get(code), figures) for code, figures in expected.items() if found.get(code) != figures}
        if broken or wrong:
            sys.exit(f"Floor and addon do not agree: {broken} {wrong}")
        for code in expected:
            results["each"].setdefault(code, []).append((floors[code], addons.get(code, 0)))
    results["counts"] = expected
    return results


def run_night(registry):
    """:return: {code: seconds}"""
    from run import environment

    with registry.cursor() as cursor:
        indicators = environment(cursor)["crm.procedure.indicator"]
        model, seconds = type(indicators), {}
        compute = model._compute_values

        def timed(indicator, companies=None):
            begin = time.perf_counter()
            compute(indicator, companies)
            seconds[indicator.code] = time.perf_counter() - begin

        model._compute_values = timed
        try:
            indicators._cron_compute()
        finally:
            model._compute_values = compute
    return seconds


def board(registry, database):
    """As a browser asks, after a year of nights.

    :return: its queries, and milliseconds that PostgreSQL took for them
    """
    import psycopg2
    from run import environment

    with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO crm_procedure_indicator_value (indicator_id, company_id, date, date_from, date_to,
                    population, conforming, value, target, direction, state, computed_on)
                SELECT i.id, c.id, d::date, d::date, d::date, 100, 90, 90, 90, 'up', 'met', d
                FROM crm_procedure_indicator i, (SELECT min(id) AS id FROM res_company) c,
                     generate_series(current_date - 365, current_date - 1, interval '1 day') d
                """
            )
        connection.commit()
        connection.autocommit = True
        connection.cursor().execute("VACUUM ANALYZE crm_procedure_indicator_value")
    runs, queries = [], 0
    for _round in range(11):
        with registry.cursor() as cursor:
            env = environment(cursor)
            user = env.ref("base.user_admin")
            indicators = env["crm.procedure.indicator"].with_user(user)
            indicators.env.user.has_procedure_power("indicator_refresh")  # known before any page is opened
            indicators.env.company.id
            env.invalidate_all()
            before, seconds = cursor.sql_log_count, Watch(cursor)
            with seconds:
                shown = indicators.get_board()
            queries = cursor.sql_log_count - before
            runs.append(1000 * seconds.total)
    return {
        "queries": queries,
        "board_ms": statistics.median(runs),
        "rows": sum(len(c["indicators"]) for c in shown["clauses"]),
    }


class Watch:
    """Seconds spent in ``execute`` of a cursor."""

    def __init__(self, cursor):
        self.cursor, self.total = cursor, 0

    def __enter__(self):
        execute = self.cursor.execute

        def timed(*args, **kwargs):
            begin = time.perf_counter()
            try:
                return execute(*args, **kwargs)
            finally:
                self.total += time.perf_counter() - begin

        self.cursor.execute = timed

    def __exit__(self, *_error):
        del self.cursor.execute


def table(results):
    from measure import median

    return [
        frame.ratio("all indicators of a night", median(results["floor"]), median(results["addon"]), NIGHT),
        frame.at_most("queries of the board", results["queries"], BOARD_QUERIES),
        frame.at_most("the board in the database (ms)", results["board_ms"], BOARD_MS),
    ]


def report(options, results, rows):
    size = options.partners
    about = (
        f"; {results['rows']} indicators on {size:,} customers, {4 * size:,} orders, "
        f"{5 * size:,} communications, {size // 10:,} tickets"
    )
    notes = []
    if options.detail:
        notes += ["| Indicator | records | conforming | floor (s) | addon (s) |", "|---|---|---|---|---|"]
        for code, times in results["each"].items():
            floor, addon = (statistics.median(column) for column in zip(*times[1:], strict=True))
            population, conforming = results["counts"][code]
            notes.append(f"| {code} | {population:,} | {conforming:,} | {floor:.3f} | {addon:.3f} |")
    return frame.table(f"indicator.py --partners {size}", rows, *notes, about=about)


if __name__ == "__main__":
    main()
