#!/usr/bin/env python3
"""What the rule "own customers only" costs, as a ratio to the same list without it.

    python benchmarks/own_customers.py --partners 1000000

A specialist opens the first page of the customers as the web client does (records and count),
finds one by name and groups them, with the rule on and off in turns. Works like
benchmarks/grading.py, and ends with 1 when the target is missed.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from grading import HERE, copy_addon, create, drop, say, verdict

TARGET = 1.2
LOGIN = "benchmark_specialist"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--partners", type=int, default=100_000, help="customers (100000)")
    parser.add_argument("--rounds", type=int, default=30, help="times of which the median counts (30)")
    parser.add_argument("--owners", type=int, default=200, help="people who share the customers (200)")
    options = parser.parse_args()
    if "CRM_PROCEDURE_TEMPLATE" not in os.environ:
        script = HERE / "environment.sh"
        os.execv("/bin/bash", ["bash", str(script), str(Path(__file__).resolve()), *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_PROCEDURE_ADDONS"] = copy_addon(folder)
        results = measure(options)
    print(report(options, results))
    sys.exit(1 if results["list"][True] / results["list"][False] > TARGET else 0)


def measure(options):
    """:return: {what: {rule on: seconds}}"""
    import psycopg2
    from data import build, vacuum
    from measure import open_registry, step

    database = f"crm_procedure_benchmark_owner_{options.partners}"
    create(database)
    try:
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            say(f"{options.partners:,} customers")
            build(connection, options.partners)
            say("installing")
            step("install", database)
            registry = open_registry(database)
            set_up(registry, options.owners)
            with connection.cursor() as cursor:
                cursor.execute(
                    """
                    UPDATE res_partner p SET user_id = u.id
                    FROM benchmark_partner b
                    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM res_users WHERE login LIKE %s) u
                    ON u.n = b.n %% %s
                    WHERE b.id = p.id
                    """,
                    [f"{LOGIN}%", options.owners],
                )
            connection.commit()
            vacuum(connection, "res_partner")
        say("in turns")
        return in_turns(registry, options.rounds)
    finally:
        drop(database)


def set_up(registry, owners):
    from run import environment

    with registry.cursor() as cursor:
        env = environment(cursor)
        groups = env.ref("base.group_user") + env.ref("crm_procedure.group_specialist")
        env["res.users"].with_context(no_reset_password=True).create(
            [{"name": f"{LOGIN}{n}", "login": f"{LOGIN}{n}", "group_ids": [(6, 0, groups.ids)]} for n in range(owners)]
        )


def in_turns(registry, rounds):
    from run import environment

    customers = [("parent_id", "=", False), ("customer_rank", ">", 0)]
    shown = {"display_name": {}, "email": {}, "phone": {}, "user_id": {"fields": {"display_name": {}}}}
    works = {
        "list": lambda partners: partners.web_search_read(customers, shown, limit=80, count_limit=10001),
        "name search": lambda partners: partners.name_search("Abc", limit=8),
        "group by": lambda partners: partners.formatted_read_group(customers, ["country_id"], ["__count"]),
    }
    seconds = {name: {True: [], False: []} for name in works}
    for number in range(2 * rounds):
        rule = bool(number % 2)
        with registry.cursor() as cursor:
            environment(cursor)["res.company"].search([]).procedure_own_customers = rule
        for name, work in works.items():
            with registry.cursor() as cursor:
                partners = environment(cursor, f"{LOGIN}0")["res.partner"]
                partners.search([("id", "=", 1)])  # what is cached once
                begin = time.perf_counter()
                work(partners)
                seconds[name][rule].append(time.perf_counter() - begin)
    return {name: {rule: statistics.median(times) for rule, times in found.items()} for name, found in seconds.items()}


def report(options, results):
    rows = [
        (name, f"{1000 * found[False]:.1f} ms", f"{1000 * found[True]:.1f} ms", f"{found[True] / found[False]:.2f}")
        for name, found in results.items()
    ]
    return "\n".join(
        [
            f"`python benchmarks/own_customers.py --partners {options.partners}`, {datetime.now():%Y-%m-%d}, "
            f"{os.cpu_count()} cores; one in {options.owners} customers is the specialist's:",
            "",
            "| Measure | Without | With the rule | Result | Target | |",
            "|---|---|---|---|---|---|",
            *("| " + " | ".join((*row, f"≤ {TARGET}", verdict(float(row[-1]) <= TARGET))) + " |" for row in rows),
        ]
    )


if __name__ == "__main__":
    main()
