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
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
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
    if "CRM_PROCEDURE_TEMPLATE" not in os.environ:
        script = HERE / "environment.sh"
        os.execv("/bin/bash", ["bash", str(script), str(Path(__file__).resolve()), *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_PROCEDURE_ADDONS"] = options.addons or copy_addon(folder)
        results = measure(options)
    rows = table(results)
    print(report(options, results, rows))
    missed = [row for row in rows if row[-1] == "missed"]
    sys.exit(1 if missed and options.partners >= BINDING else 0)


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
                say("first grading")
                results["first"] = step("first", database)
                add_movement(connection)
            autovacuum(connection, False)
            say(f"{options.rounds} rounds")
            results.update(step("rounds", database, options.rounds))
            say("memory")
            results["peak"] = step("peak", database)
            say("other users")
            autovacuum(connection, True)
            results["load"] = os.getloadavg()[0]
            results["users"] = measure_users(connection, database, options.seconds)
    finally:
        if not options.keep:
            drop(database)
    return results


def copy_addon(folder):
    """The addon as it is now, whatever is edited while the benchmark runs."""
    name = "crm_procedure"
    shutil.copytree(HERE.parent / name, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def prepare(database, partners):
    """Databases with customers and the addon; :return: usages of installing it"""
    import psycopg2
    from data import add_marks, autovacuum, build
    from measure import step

    results = {}
    empty = f"{database}_empty"
    say("installing into an empty database")
    create(empty)
    try:
        results["install_empty"] = step("install", empty)
    finally:
        drop(empty)
    create(database)
    with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
        say(f"{partners:,} customers and their orders")
        build(connection, partners)
        say("installing")
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


def create(name):
    """A copy of the template; all CPU of a query is its session's own, so that it is counted."""
    import psycopg2

    odoo("db", "duplicate", "-f", os.environ["CRM_PROCEDURE_TEMPLATE"], name)
    with contextlib.closing(psycopg2.connect(dbname="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} SET max_parallel_workers_per_gather = 0")
            cursor.execute(f"ALTER DATABASE {name} SET jit = off")


def drop(name):
    odoo("db", "drop", name)


def odoo(*arguments):
    command = [sys.executable, "-c", "import odoo.cli; odoo.cli.main()", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(done.stdout)


def say(what):
    print(f"{datetime.now():%H:%M:%S} {what}", file=sys.stderr, flush=True)


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
        ratio("a run, from compute to applied", floor, run, 1.5),
        ratio("what-if", read, median(results["what_if"]), 1.3),
        ratio("a run in which nobody moves, to one of a month", run, median(results["unchanged"]), 0.6),
        (
            "memory of a run and its workbooks",
            f"{results['peak']['idle']:.0f} MB idle",
            f"{results['peak']['added']:+.1f} MB",
            f"{results['peak']['added']:.1f} MB",
            "≤ 30 MB",
            verdict(results["peak"]["added"] <= 30),
        ),
        (
            "others saving a customer meanwhile, p99",
            f"{1000 * percentile(calm, 0.99):.0f} ms",
            f"{p99:.0f} ms",
            f"{p99:.0f} ms, {len(failures)} failures",
            "≤ 100 ms, 0 failures",
            verdict(p99 <= 100 and not failures and not calm_failures),
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
                verdict(added <= 10),
            )
        )
    return rows


def ratio(name, floor, ours, target):
    return (
        name,
        f"{floor:.2f} s",
        f"{ours:.2f} s",
        f"{ours / floor:.2f}",
        f"≤ {target}",
        verdict(ours / floor <= target),
    )


def verdict(met):
    return "met" if met else "missed"


def report(options, results, rows):
    from measure import median, percentile

    (calm, _failures), (busy, failures) = results["users"]
    lines = [
        f"`python benchmarks/grading.py --partners {options.partners}`, {datetime.now():%Y-%m-%d}, "
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
        f"{results['changed']:,} of {options.partners:,} customers change grade:",
        "",
        "| Measure | Floor | Addon | Result | Target | |",
        "|---|---|---|---|---|---|",
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
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
        lines.append(
            f"First grading, all customers change: {results['first']['cpu']:.1f} s CPU, "
            f"{results['first']['wall']:.1f} s. Installing, CPU: {results['install_empty']['cpu']:.1f} s empty, "
            f"{results['install_full']['cpu']:.1f} s among the customers."
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
