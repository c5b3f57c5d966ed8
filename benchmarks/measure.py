"""What a process and its PostgreSQL sessions use: CPU seconds, memory, latency; a run of Odoo."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psycopg2

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")


class Cpu:
    """CPU seconds of this process and of all sessions of ``database``.

    The sessions are asked for over a connection to another database, which does not count
    itself. A session that ends while it is measured is lost, so keep them open; parallel
    workers are switched off in the benchmark's databases for the same reason.
    """

    def __init__(self, database):
        self.database = database
        self.connection = psycopg2.connect(dbname="postgres")
        self.connection.autocommit = True

    @contextlib.contextmanager
    def measure(self):
        """:return: context of a dict that is filled at its end: ``cpu``, ``python``,
        ``postgres``, ``wall`` in seconds"""
        usage = {}
        sessions, python, wall = self._sessions(), time.process_time(), time.monotonic()
        yield usage
        usage["wall"] = time.monotonic() - wall
        usage["python"] = time.process_time() - python
        after = self._sessions()
        usage["postgres"] = sum(after[pid] - sessions.get(pid, 0) for pid in after)
        usage["cpu"] = usage["python"] + usage["postgres"]

    def _sessions(self):
        """:return: {pid: CPU seconds since its start}"""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
                [self.database],
            )
            return {pid: process_cpu(pid) for [pid] in cursor.fetchall()}


def process_cpu(pid):
    """:return: user and system CPU seconds of a process of this machine"""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        sys.exit("PostgreSQL has to run on this machine: the CPU of its sessions is read from /proc.")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(name):
    """:param str name: ``VmRSS`` (now) or ``VmHWM`` (peak); :return: MB of this process"""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)


def reset_memory_peak():
    Path("/proc/self/clear_refs").write_text("5")


def median(rows, key="cpu"):
    return statistics.median(row[key] for row in rows)


def percentile(values, share):
    """:return: the smallest value that at least ``share`` of the values do not exceed"""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


# ------------------------------------------------------------
# Processes of Odoo
# ------------------------------------------------------------


def open_registry(database):
    """Load Odoo with ``database`` into this process, without web server or scheduler."""
    from odoo.modules.registry import Registry

    configure_odoo(database)
    return Registry(database)


def odoo_options():
    """Quiet ones: a save that meets a chunk is refused by PostgreSQL and tried again by Odoo."""
    return [
        f"--addons-path={os.environ['CRM_PROCEDURE_ADDONS']}",
        "--max-cron-threads=0",
        "--log-level=error",
        "--log-handler=odoo.sql_db:CRITICAL",
    ]


def configure_odoo(database):
    from odoo.service.server import load_server_wide_modules
    from odoo.tools import config

    config.parse_config(["-d", database, "--no-http", *odoo_options()], setup_logging=True)
    load_server_wide_modules()


def step(name, database, *arguments):
    """Run a step of ``steps.py`` in a process of its own.

    :return: what it printed as JSON in its last line
    """
    process = start_step(name, database, *arguments)
    output = process.communicate()[0]
    if process.returncode:
        sys.exit(f"The step {name} failed.")
    return json.loads(output.splitlines()[-1])


def start_step(name, database, *arguments):
    return subprocess.Popen(
        [sys.executable, HERE / "steps.py", name, database, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
    )
