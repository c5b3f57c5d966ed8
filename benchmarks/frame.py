"""The frame of every benchmark: in the environment of dev/, on a copy of the addon, in databases
of its own; a table in Markdown at the end."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent


def run(script, measure, options, addons=None):
    """:return: ``measure(options)``, called in the environment of dev/ with the addon as it is now

    :param script: ``__file__`` of the benchmark, which is started once more in that environment
    :param addons: folder that holds the addon instead
    """
    if "CRM_PROCEDURE_TEMPLATE" not in os.environ:
        arguments = [str(HERE / "environment.sh"), str(Path(script).resolve()), *sys.argv[1:]]
        os.execv("/bin/bash", ["bash", *arguments])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CRM_PROCEDURE_ADDONS"] = addons or _copy_addon(folder)
        return measure(options)


def _copy_addon(folder):
    """Whatever is edited while the benchmark runs."""
    name = "crm_procedure"
    shutil.copytree(HERE.parent / name, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def say(what):
    print(f"{datetime.now():%H:%M:%S} {what}", file=sys.stderr, flush=True)


# ------------------------------------------------------------
# Databases
# ------------------------------------------------------------


@contextlib.contextmanager
def database(name, keep=False):
    """A copy of the template, gone afterwards; :return: its name"""
    create(name)
    try:
        yield name
    finally:
        if not keep:
            drop(name)


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


# ------------------------------------------------------------
# Reporting
# ------------------------------------------------------------

COLUMNS = ("Measure", "Floor", "Addon", "Result", "Target", "")


def ratio(name, floor, ours, target):
    """A row of the table: seconds, and how many times the floor they are."""
    return (
        name,
        f"{floor:.2f} s",
        f"{ours:.2f} s",
        f"{ours / floor:.2f}",
        f"≤ {target}",
        verdict(ours / floor <= target),
    )


def at_most(name, value, target, shown="{:.3g}"):
    """A row of the table: a number that has no floor."""
    return (name, "", shown.format(value), "", f"≤ {target}", verdict(value <= target))


def verdict(met):
    return "met" if met else "missed"


def met(rows):
    return not any(row[-1] == "missed" for row in rows)


def table(command, rows, *notes, columns=COLUMNS, about=""):
    """:return: Markdown: what was run when and on what, the rows, a line for each note"""
    return "\n".join(
        [
            f"`python benchmarks/{command}`, {datetime.now():%Y-%m-%d}, {os.cpu_count()} cores{about}:",
            "",
            *(_line(cells) for cells in (columns, ["---"] * len(columns), *rows)),
            *(["", *notes] if notes else []),
        ]
    )


def _line(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"
