"""Other people at work: a server, and a clerk who saves customers over HTTP."""

import contextlib
import http.cookiejar
import itertools
import json
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.request

from measure import odoo_options, start_step
from run import CLERK, PASSWORD

RATE = 20  # saves a second, by
CLIENTS = 4


@contextlib.contextmanager
def server(database):
    """:return: context of the address of an Odoo that serves ``database`` on this machine"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = "import odoo.cli; odoo.cli.main()"
    options = f"server -d {database} --db-filter=^{database}$ --http-interface=127.0.0.1 --http-port={port}"
    options = [*options.split(), "--workers=0", *odoo_options()]
    process = subprocess.Popen([sys.executable, "-c", command, *options])
    try:
        wait_for(f"http://127.0.0.1:{port}/web/health", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(url, process, seconds=120):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    sys.exit("The server did not start.")


class Clerk:
    """One browser's worth of requests."""

    def __init__(self, address, database):
        self.address = address
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self.call("/web/session/authenticate", {"db": database, "login": CLERK, "password": PASSWORD})

    def call(self, path, params):
        """:raise RuntimeError: what the server answers instead of a result"""
        request = urllib.request.Request(
            self.address + path,
            json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode(),
            {"Content-Type": "application/json"},
        )
        with self.opener.open(request, timeout=60) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RuntimeError(answer["error"]["data"]["message"])
        return answer["result"]

    def save(self, partner_id, text):
        """Save a customer as the form does."""
        self.call(
            "/web/dataset/call_kw/res.partner/web_save",
            {
                "model": "res.partner",
                "method": "web_save",
                "args": [[partner_id], {"comment": f"<p>{text}</p>", "phone": f"+1202555{text % 10000:04}"}],
                "kwargs": {"specification": {"comment": {}, "phone": {}, "write_date": {}}},
            },
        )


class Office:
    """Clerks who save random customers, a steady number a second, while ``working`` is set."""

    def __init__(self, address, database, first_id, last_id):
        self.working, self.closing = threading.Event(), threading.Event()
        self.latencies, self.failures = [], []
        self.partners = range(first_id, last_id + 1)
        self.number = itertools.count()
        clerks = [Clerk(address, database) for _n in range(CLIENTS)]
        self.threads = [threading.Thread(target=self._work, args=(n, c)) for n, c in enumerate(clerks)]
        for thread in self.threads:
            thread.start()

    def _work(self, seed, clerk):
        chance = random.Random(seed)
        while not self.closing.is_set():
            if not self.working.wait(0.2):
                continue
            begin = time.monotonic()
            try:
                clerk.save(chance.choice(self.partners), next(self.number))
            except (RuntimeError, OSError) as failure:
                self.failures.append(str(failure))
            latency = time.monotonic() - begin
            self.latencies.append(latency)
            # spread, or all clerks would press the button in the same instant
            time.sleep(max(0, chance.uniform(0.5, 1.5) * CLIENTS / RATE - latency))

    def take(self):
        """:return: latencies in seconds and failures since the last call"""
        taken = self.latencies, self.failures
        self.latencies, self.failures = [], []
        return taken

    def close(self):
        self.closing.set()
        for thread in self.threads:
            thread.join()


def latencies(database, first_id, last_id, seconds):
    """Saves while nothing else happens, then while lists are applied.

    :param seconds: how long either lasts, about
    :return: two pairs (latencies in seconds, failures)
    """
    with server(database) as address:
        office = Office(address, database, first_id, last_id)
        try:
            office.working.set()
            time.sleep(3)  # what a fresh server has to load once
            office.take()
            time.sleep(float(seconds))
            office.working.clear()
            idle = office.take()
            process = start_step("apply", database, seconds)
            for line in process.stdout:
                (office.working.set if line.strip() == "applying" else office.working.clear)()
            if process.wait():
                sys.exit("The step apply failed.")
        finally:
            office.working.clear()
            office.close()
        return idle, office.take()
