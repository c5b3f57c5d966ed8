#!/usr/bin/env python3
"""What a list as an Excel workbook costs, as ratios to bare xlsxwriter in the same run.

    python benchmarks/workbook.py --rows 100000

A salesperson under a record rule of their own takes the customer list out, of 20 columns: from
the search to the finished file. The floor writes the same cells as constants by xlsxwriter's
typed calls in constant memory, and reads nothing. Works like benchmarks/grading.py, and ends
with 1 when a target is missed.
"""

import argparse
import contextlib
import itertools
import sys
import tempfile

import frame

COLUMNS = 20
CONSTANTS = 1000  # rows that are written again and again


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000, help="customers on the list (100000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of which the median counts (3)")
    options = parser.parse_args()
    results = frame.run(__file__, measure, options)
    rows = table(results)
    print(report(options, results, rows))
    sys.exit(0 if frame.met(rows) else 1)


def measure(options):
    import psycopg2
    from data import build_partners, vacuum
    from measure import Cpu, open_registry, step
    from run import set_up

    with frame.database(f"crm_procedure_benchmark_workbook_{options.rows}") as database:
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            frame.say(f"{options.rows:,} customers")
            with connection.cursor() as cursor:
                build_partners(cursor, options.rows)
            connection.commit()
            frame.say("installing")
            step("install", database)
            registry = open_registry(database)
            set_up(registry)
            prepare(registry, connection)
            vacuum(connection, "res_partner")
        frame.say("in turns")
        return in_turns(registry, Cpu(database), options)


def prepare(registry, connection):
    """A rule of the salespeople, and a value in every cell."""
    from run import SALES, environment

    with registry.cursor() as cursor:
        env = environment(cursor)
        user = env["res.users"].search([("login", "=", SALES)])
        user.group_ids += env.ref("base.group_allow_export")
        user.tz = "Asia/Shanghai"
        env["ir.rule"].create(
            {
                "name": "benchmark",
                "model_id": env.ref("base.model_res_partner").id,
                "domain_force": "[('user_id', 'in', [user.id, False])]",
                "groups": [(4, env.ref("crm_procedure.group_sales").id)],
            }
        )
        values = {
            "ref": "C",
            "procedure_score": 71.5,
            "procedure_graded_on": "2026-06-30",
            "procedure_potential": 40,
            "procedure_standing": "major",
            "procedure_credit": "good",
            "procedure_status": "active",
            "procedure_size": "large",
            "procedure_verified_on": "2026-05-04",
            "vat": "US1",
            "user_id": user.id,
        }
        stored = {name: field for name, field in env["res.partner"]._fields.items() if field.store and name in values}
        per_company = {name for name, field in stored.items() if field.company_dependent}
    by_company = "{0} = jsonb_build_object((SELECT min(id) FROM res_company)::text, %s)"
    sets = [(by_company if name in per_company else "{0} = %s").format(name) for name in stored if name != "ref"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE res_partner SET {", ".join(sets)}, ref = 'C-' || id, procedure_grade_id = jsonb_build_object(
                (SELECT min(id) FROM res_company)::text,
                (SELECT (array_agg(id ORDER BY id))[1 + res_partner.id %% 3] FROM crm_procedure_grade))
            WHERE customer_rank > 0
            """,
            [values[name] for name in stored if name != "ref"],
        )
    connection.commit()


def in_turns(registry, cpu, options):
    """:return: {what: list of usages}, and the MB that a list adds at most"""
    from measure import memory, reset_memory_peak

    results = {"floor": [], "list": [], "rows": [], "writing": []}
    columns, constants = sample(registry)
    results["filled"] = sum(value not in (None, False, "") for row in constants for value in row) / (
        len(constants) * len(columns)
    )
    export(registry, limit=100)  # what is loaded once
    reset_memory_peak()
    idle = memory("VmRSS")
    results["exported"] = export(registry)
    results["added"] = memory("VmHWM") - idle
    for number in range(options.rounds):
        for name, work in (
            ("floor", lambda: bare(columns, repeated(constants, options.rows))),
            ("list", lambda: export(registry)),
            ("rows", lambda: read(registry)),
            ("writing", lambda: write(columns, repeated(constants, options.rows))),
        ):
            with cpu.measure() as usage:
                work()
            results[name].append(usage)
        frame.say(
            f"  {number + 1}: " + ", ".join(f"{name} {results[name][-1]['cpu']:.2f}" for name in ("floor", "list"))
        )
    return results


def repeated(rows, count):
    return itertools.islice(itertools.cycle(rows), count)


# ------------------------------------------------------------
# What is measured
# ------------------------------------------------------------


@contextlib.contextmanager
def customer_list(registry, limit=None):
    """:return: context of the list's workbook and its customers, of the salesperson"""
    from run import SALES, environment

    with registry.cursor() as cursor:
        env = environment(cursor, SALES)
        workbook = env["crm.procedure.workbook.customer_list"]
        type(workbook)._names = lambda self: columns_of(self)
        yield workbook, env["res.partner"].search([("customer_rank", ">", 0)], limit=limit)


def columns_of(workbook):
    from odoo.addons.crm_procedure.reports.customer_list import CUSTOMER_FIELDS

    shown = [
        name for name in CUSTOMER_FIELDS if name not in ("website", "category_id", "industry_id", "procedure_source_id")
    ]
    return shown[: COLUMNS - 1] + ["create_date"]


def export(registry, limit=None):
    """:return: rows of the list, as the download makes it"""
    with customer_list(registry, limit) as (workbook, customers), tempfile.TemporaryFile() as file:
        purpose = {"purpose": "Benchmark", "res_model": "res.partner"}  # asked for from 500 rows
        workbook.env["crm.procedure.export.purpose"].create(purpose).action_confirm()
        workbook._export(file, customers)
        return len(customers)


def read(registry):
    with customer_list(registry) as (workbook, customers):
        for _row in workbook._rows(customers):
            pass


def sample(registry):
    with customer_list(registry, CONSTANTS) as (workbook, customers):
        return workbook._columns(customers), list(workbook._rows(customers))


def write(columns, rows):
    from odoo.addons.crm_procedure.reports.workbook import Head, Workbook

    with tempfile.TemporaryFile() as file, Workbook(file, Head("List", "Company", []), columns) as book:
        book.write_rows(rows)


def bare(columns, rows):
    """The floor: xlsxwriter alone, a typed call for each cell."""
    import xlsxwriter

    with tempfile.TemporaryFile() as file:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "use_zip64": True})
        sheet = book.add_worksheet()
        style = book.add_format({"num_format": "yyyy-mm-dd"})
        calls = {"text": sheet.write_string, "date": sheet.write_datetime, "datetime": sheet.write_datetime}
        typed = [(calls.get(column.kind, sheet.write_number), style) for column in columns]
        for number, values in enumerate(rows):
            if number % 1_048_576 == 0 and number:
                sheet = book.add_worksheet()
            for index, value in enumerate(values):
                if value is not None and value is not False and value != "":
                    call, cell = typed[index]
                    call(number, index, value, cell)
        book.close()


# ------------------------------------------------------------
# Reporting
# ------------------------------------------------------------


def table(results):
    from measure import median

    floor, whole, writing = (median(results[name]) for name in ("floor", "list", "writing"))
    return [
        frame.ratio("a list of records, from search to file", floor, whole, 1.15),
        frame.ratio("of it the writing", floor, writing, 0.35),
        frame.at_most("memory of a list, MB", results["added"], 20),
    ]


def report(options, results, rows):
    from measure import median

    return frame.table(
        f"workbook.py --rows {options.rows}",
        rows,
        f"CPU seconds of Python and PostgreSQL together, medians of {options.rounds} rounds in turns. "
        f"Reading the records alone takes {median(results['rows']):.2f} s.",
        about=f", {results['exported']:,} rows of {COLUMNS} columns, {results['filled']:.0%} of the cells filled",
    )


if __name__ == "__main__":
    main()
