#!/usr/bin/env python3
"""What a survey costs: drawing the sample, and writing 10,000 invitations.

    python benchmarks/campaign.py --partners 100000 --invitations 10000

Customers are drawn, a part of them is invited in batches, as the scheduled action does, by two
processes' worth of cursors in turns, one of them thrown away now and then as if it had been
killed. Nobody may be written to twice. Works like benchmarks/grading.py, and ends with 1 when
a target is missed.
"""

import argparse
import contextlib
import sys
import time

import frame

QUERIES = 3  # for each invitation
BATCH = 500
LOGIN = "benchmark_marketing"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--partners", type=int, default=100_000, help="customers (100000)")
    parser.add_argument("--invitations", type=int, default=10_000, help="of them asked (10000)")
    options = parser.parse_args()
    rows = table(frame.run(__file__, measure, options))
    print(report(options, rows))
    sys.exit(0 if frame.met(rows) else 1)


def measure(options):
    """:return: dict of seconds and counts"""
    import psycopg2
    from data import build, vacuum
    from measure import open_registry, step
    from run import set_up

    with frame.database(f"crm_procedure_benchmark_campaign_{options.partners}") as database:
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            frame.say(f"{options.partners:,} customers")
            build(connection, options.partners)
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE res_partner SET email = 'b' || id || '@example.com', "
                    "email_normalized = 'b' || id || '@example.com' WHERE customer_rank > 0"
                )
            connection.commit()
            frame.say("installing")
            step("install", database)
            registry = open_registry(database)
            set_up(registry)
            vacuum(connection, "res_partner")
        frame.say("drawing and inviting")
        return walk(registry, options.invitations)


def walk(registry, invitations):
    from run import environment

    results = {}
    with registry.cursor() as cursor:
        env = environment(cursor, LOGIN)
        # one of a hundred is expected to answer, and a hundredth of the invitations is needed
        campaign = env["crm.procedure.campaign"].create({"margin": 98 / (invitations / 100) ** 0.5, "expected_rate": 1})
        begin = time.perf_counter()
        campaign.action_draw()
        results["draw"] = time.perf_counter() - begin
        results["drawn"] = campaign.sample["drawn"]
        campaign.action_send()
    begin, queries, number = time.perf_counter(), 0, 0
    while True:
        with registry.cursor() as cursor:
            before = cursor.sql_log_count
            count = environment(cursor)["crm.procedure.campaign"].browse(campaign.id)._invite_batch(BATCH)
            number += 1
            if number % 7 == 0:
                cursor.rollback()  # killed just before the end
                continue
            cursor.commit()
            queries += cursor.sql_log_count - before
        if not count:
            break
    results["invite"] = time.perf_counter() - begin
    results["queries"] = queries / results["drawn"]
    with registry.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*) - count(DISTINCT m.res_id), %s - count(DISTINCT m.res_id)
              FROM mail_mail mail JOIN mail_message m ON m.id = mail.mail_message_id
             WHERE m.model = 'survey.user_input'
            """,
            [results["drawn"]],
        )
        results["twice"], results["missing"] = cursor.fetchone()
    with registry.cursor() as cursor:
        begin = time.perf_counter()
        environment(cursor, LOGIN)["crm.procedure.campaign"].browse(campaign.id).action_analyse()
        results["analyse"] = time.perf_counter() - begin
    return results


def table(results):
    return [
        ("Drawn", f"{results['drawn']:,} in {results['draw']:.1f} s", "", ""),
        (
            "Queries for each invitation",
            f"{results['queries']:.2f}",
            f"≤ {QUERIES}",
            frame.verdict(results["queries"] <= QUERIES),
        ),
        ("Invited twice", results["twice"], "0", frame.verdict(not results["twice"])),
        ("Left out", results["missing"], "0", frame.verdict(not results["missing"])),
        ("Invitations", f"{results['invite']:.0f} s", "", ""),
        ("Analysis", f"{results['analyse']:.1f} s", "", ""),
    ]


def report(options, rows):
    return frame.table(
        f"campaign.py --partners {options.partners} --invitations {options.invitations}",
        rows,
        columns=("Measure", "Result", "Target", ""),
        about="; every seventh batch thrown away before its end",
    )


if __name__ == "__main__":
    main()
