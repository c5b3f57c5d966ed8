#!/usr/bin/env python3
"""What a grading costs, as ratios to plain SQL measured in the same run.

    python benchmarks/grading.py --partners 1000000

works in a checkout where ``dev/start --no-serve`` has been run, with any Python 3: it goes
on by itself in the environment of dev/. It makes databases of its own and drops them at the
end, prints a table in Markdown, and ends with 1 when a target is missed at 1,000,000
customers or more. Traffic stays on 127.0.0.1.
"""

import argparse
import contextlib
import os
import platform
import sys

import frame

BINDING = 1_000_000  # customers from which a missed target fails the run


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--partners", type=int, default=100_000, help="customers (100000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which the median counts (3)")
    parser.add_argument("--seconds", type=float, default=20, help="how long lists are applied under traffic (20)")
    parser.add_argument("--keep", action="store_true", help="keep the database")
    parser.add_argument("--addons", help="folder that holds the addon (a copy of the checkout's, made at the start)")
    parser.add_argument("--reuse", action="store_true", help="measure in the database kept by an earlier run")
    return parser.parse_args()


def main():
    options = parse_arguments()
    results = frame.run(__file__, measure, options, options.addons)
    rows = table(results)
    print(report(options, results, rows))
    sys.exit(0 if frame.met(rows) or options.partners < BINDING else 1)


# ------------------------------------------------------------
# Measuring
# ------------------------------------------------------------


def measure(options):
    """:return: {name of the step: its usage}; the databases are gone afterwards"""
    import psycopg2
    from data import add_movement, autovacuum
    from measure import step

    database = f"crm_procedure_benchmark_{options.partners}"
    try:
        results = {} if options.reuse else prepare(database, options.partners)
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            if not options.reuse:
                frame.say("first grading")
                results["first"] = step("first", database)
                add_movement(connection)
            autovacuum(connection, False)
            frame.say(f"{options.rounds} rounds")
            results.update(step("rounds", database, options.rounds))
            frame.say("memory")
            results["peak"] = step("peak", database)
            frame.say("other users")
            autovacuum(connection, True)
            results["load"] = os.getloadavg()[0]
            results["users"] = measure_users(connection, database, options.seconds)
    finally:
        if not options.keep:
            frame.drop(database)
    return results


def prepare(database, partners):
    """Databases with customers and the addon; :return: usages of installing it"""
    import psycopg2
    from data import add_marks, autovacuum, build
    from measure import step

    results = {}
    empty = f"{database}_empty"
    frame.say("installing into an empty database")
    frame.create(empty)
    try:
        results["install_empty"] = step("install", empty)
    finally:
        frame.drop(empty)
    frame.create(database)
    with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
        frame.say(f"{partners:,} customers and their orders")
        build(connection, partners)
        frame.say("installing")
        results["install_full"] = step("install", database)
        autovacuum(connection, False)
        add_marks(connection)
    return results


def measure_users(connection, database, seconds):
    from users import latencies

    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), max(id) FROM benchmark_partner")
        first, last = cursor.fetchone()
    connection.commit()
    return latencies(database, first, last, seconds)


# ------------------------------------------------------------
# Reporting
# ------------------------------------------------------------


def table(results):
    """:return: list of (measure, floor, addon, result, target, verdict)"""
    from measure import median, percentile

    floor = min(median(results["update"]), median(results["update_staged"]))
    run, read = median(results["run"]), median(results["read"])
    (calm, calm_failures), (busy, failures) = results["users"]
    p99 = 1000 * percentile(busy, 0.99)
    rows = [
        frame.ratio("a run, from compute to applied", floor, run, 1.5),
        frame.ratio("what-if", read, median(results["what_if"]), 1.3),
        frame.ratio("a run in which nobody moves, to one of a month", run, median(results["unchanged"]), 0.6),
        (
            "memory of a run and its workbooks",
            f"{results['peak']['idle']:.0f} MB idle",
            f"{results['peak']['added']:+.1f} MB",
            f"{results['peak']['added']:.1f} MB",
            "≤ 30 MB",
            frame.verdict(results["peak"]["added"] <= 30),
        ),
        (
            "others saving a customer meanwhile, p99",
            f"{1000 * percentile(calm, 0.99):.0f} ms",
            f"{p99:.0f} ms",
            f"{p99:.0f} ms, {len(failures)} failures",
            "≤ 100 ms, 0 failures",
            frame.verdict(p99 <= 100 and not failures and not calm_failures),
        ),
    ]
    if "install_full" in results:
        empty, full = results["install_empty"]["wall"], results["install_full"]["wall"]
        added = full - empty
        rows.append(
            (
                "installing among the customers",
                f"{empty:.1f} s empty",
                f"{full:.1f} s",
                f"{added:+.1f} s",
                "≤ 10 s",
                frame.verdict(added <= 10),
            )
        )
    return rows


def report(options, results, rows):
    from measure import median, percentile

    (calm, _failures), (busy, failures) = results["users"]
    notes = [
        f"CPU seconds of Python and PostgreSQL together, medians of {options.rounds} rounds in turns. "
        f"Floor of a run: {median(results['update']):.2f} s by one UPDATE, "
        f"{median(results['update_staged']):.2f} s staged in chunks; the cheaper counts. "
        f"Of the run {median(results['run'], 'python'):.2f} s are Python's; it lasted "
        f"{median(results['run'], 'wall'):.1f} s.",
        f"Saves: {len(calm)} while nothing else happened (p50 {1000 * percentile(calm, 0.5):.0f} ms, "
        f"max {1000 * max(calm):.0f} ms), {len(busy)} while lists were applied "
        f"(p50 {1000 * percentile(busy, 0.5):.0f} ms, max {1000 * max(busy):.0f} ms). Load average "
        f"when they began: {results['load']:.1f}; above the number of cores, latencies say little.",
        f"Workbooks of the full list, made by the scheduler afterwards: {results['peak']['keep']['cpu']:.1f} s CPU, "
        f"{results['peak']['keep']['wall']:.1f} s.",
        *(f"Failure: {failure}" for failure in failures[:5]),
    ]
    if "first" in results:
        notes.append(
            f"First grading, all customers change: {results['first']['cpu']:.1f} s CPU, "
            f"{results['first']['wall']:.1f} s. Installing, CPU: {results['install_empty']['cpu']:.1f} s empty, "
            f"{results['install_full']['cpu']:.1f} s among the customers."
        )
    about = (
        f", {platform.machine()}, Python {platform.python_version()}, "
        f"{results['changed']:,} of {options.partners:,} customers change grade"
    )
    return frame.table(f"grading.py --partners {options.partners}", rows, *notes, about=about)


if __name__ == "__main__":
    main()
