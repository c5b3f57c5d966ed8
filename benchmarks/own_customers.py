#!/usr/bin/env python3
"""What the rule "own customers only" costs, as a ratio to the same list without it.

    python benchmarks/own_customers.py --partners 1000000

A specialist opens the first page of the customers as the web client does (records and count),
finds one by name and groups them, with the rule on and off in turns. Works like
benchmarks/grading.py, and ends with 1 when the target is missed.
"""

import argparse
import contextlib
import statistics
import sys
import time

import frame

TARGET = 1.2
LOGIN = "benchmark_specialist"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--partners", type=int, default=100_000, help="customers (100000)")
    parser.add_argument("--rounds", type=int, default=30, help="times of which the median counts (30)")
    parser.add_argument("--owners", type=int, default=200, help="people who share the customers (200)")
    options = parser.parse_args()
    rows = table(frame.run(__file__, measure, options))
    print(report(options, rows))
    sys.exit(0 if frame.met(rows) else 1)


def measure(options):
    """:return: {what: {rule on: seconds}}"""
    import psycopg2
    from data import build, vacuum
    from measure import open_registry, step

    with frame.database(f"crm_procedure_benchmark_owner_{options.partners}") as database:
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            frame.say(f"{options.partners:,} customers")
            build(connection, options.partners)
            frame.say("installing")
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
        frame.say("in turns")
        return in_turns(registry, options.rounds)


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


def table(results):
    return [
        (
            name,
            f"{1000 * found[False]:.1f} ms",
            f"{1000 * found[True]:.1f} ms",
            f"{found[True] / found[False]:.2f}",
            f"≤ {TARGET}",
            frame.verdict(found[True] / found[False] <= TARGET),
        )
        for name, found in results.items()
    ]


def report(options, rows):
    return frame.table(
        f"own_customers.py --partners {options.partners}",
        rows,
        columns=("Measure", "Without", "With the rule", "Result", "Target", ""),
        about=f"; one in {options.owners} customers is the specialist's",
    )


if __name__ == "__main__":
    main()
