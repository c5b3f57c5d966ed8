"""The steps of a benchmark that load Odoo, each in a process of its own (``measure.step``).

Each prints one line of JSON at its end.
"""

import contextlib
import json
import sys
import time
from datetime import date

import psycopg2
from data import grades, restore
from floor import Floor
from measure import Cpu, configure_odoo, memory, open_registry, reset_memory_peak
from run import approve, compute, keep, moves, set_up, what_if


def install(database):
    """:return: CPU and wall seconds of installing the addon"""
    from odoo.modules.registry import Registry

    configure_odoo(database)
    with Cpu(database).measure() as usage:
        Registry.new(database, update_module=True, install_modules=["crm_procedure"])
    return usage


def first(database):
    """The first list, which grades everybody."""
    registry = open_registry(database)
    set_up(registry)
    cpu = Cpu(database)
    with cpu.measure() as usage:
        approve(registry, compute(registry))
    return usage


def rounds(database, count):
    """Floor and addon in turns, each from the same state.

    :return: {name of the measure: list of usages}, and ``changed``: customers moved
    """
    registry = open_registry(database)
    connection = psycopg2.connect(dbname=database)
    floor, cpu = Floor(connection, date.today()), Cpu(database)
    results = {"changed": None}

    def run():
        results["changed"] = moves(registry, _timed(cpu, results, "run", lambda: _grade(registry)))
        _timed(cpu, results, "unchanged", lambda: _grade(registry))

    def reads():
        pair = [("read", floor.read), ("what_if", lambda: what_if(registry))]
        for name, work in pair[:: 1 if number % 2 else -1]:
            _timed(cpu, results, name, work)

    writers = [
        lambda: _timed(cpu, results, "update", floor.update),
        run,
        lambda: _timed(cpu, results, "update_staged", floor.update_staged),
    ]
    outcomes = set()
    for number in range(int(count)):
        turn = number % len(writers)
        for writer in writers[turn:] + writers[:turn]:
            restore(connection)
            if writer is run:
                reads()
            writer()
            outcomes.add(str(grades(connection)))
    restore(connection)
    if len(outcomes) != 1:
        sys.exit(f"Floor and addon do not agree: {outcomes}")
    return results


def _timed(cpu, results, name, work):
    with cpu.measure() as usage:
        found = work()
    results.setdefault(name, []).append(usage)
    print("  {}: {cpu:.2f} s CPU, {python:.2f} of it Python; {wall:.1f} s".format(name, **usage), file=sys.stderr)
    return found


def _grade(registry):
    grading_id = compute(registry)
    approve(registry, grading_id)
    return grading_id


def peak(database):
    """A run and the workbooks of its full list.

    :return: MB of an Odoo that has just loaded the database (``idle``), what both add at
        most (``added``), and the usage of making the workbooks (``keep``)
    """
    registry = open_registry(database)
    cpu = Cpu(database)
    reset_memory_peak()
    idle = memory("VmRSS")
    grading_id = _grade(registry)
    with cpu.measure() as usage:
        keep(registry, grading_id)
    added = memory("VmHWM") - idle
    with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
        restore(connection)
    return {"idle": idle, "added": added, "keep": usage}


def apply(database, seconds):
    """Apply lists again and again for about so many seconds in all; says when it does."""
    registry = open_registry(database)
    connection = psycopg2.connect(dbname=database)
    busy, times = 0, 0
    while busy < float(seconds) and times < 40:
        grading_id = compute(registry)
        begin = time.monotonic()
        print("applying", flush=True)
        approve(registry, grading_id)
        print("pausing", flush=True)
        busy += time.monotonic() - begin
        times += 1
        time.sleep(0.5)  # for requests on their way
        restore(connection)
    return {"times": times, "seconds": busy}


STEPS = {step.__name__: step for step in (install, first, rounds, peak, apply)}

if __name__ == "__main__":
    print(json.dumps(STEPS[sys.argv[1]](*sys.argv[2:])), flush=True)
