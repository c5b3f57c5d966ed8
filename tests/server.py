"""The server under test: started, called, stopped and killed."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import xmlrpc.client
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(os.environ.get("DEV_DIR", ROOT / ".dev"))
SOURCE = os.environ.get("CRM_PROCEDURE_DATABASE", "crm_procedure_fresh")
START_SECONDS = 120

# The data set of ../shared/data/README.md, where it is there.
REAL_DATA = ROOT.parent / "shared" / "data" / "online_retail_2010-12_2011-06.csv"

ROLES = (
    "user",
    "specialist",
    "sales",
    "marketing",
    "service",
    "supervisor",
    "quality",
    "manager",
    "auditor",
)


class Refused(Exception):
    """A call that the server refused; ``kind`` is ``access`` or ``user`` (a rule said no, and
    why), ``denied`` (nobody is logged in), ``missing`` (no such model or method) or ``crash``."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


def wait_for(condition, seconds=60, what="the condition"):
    """Wait until ``condition()`` is true; return its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come true in {seconds} seconds")
        time.sleep(0.05)
    return value


class Server:
    """An Odoo server of its own; ``url``, ``db``, ``log`` (path) and ``rpc``."""

    def __init__(self, db):
        self.db = db
        self.log = WORK / "log" / f"{db}.log"
        self.keys, self.uids = {}, {}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://localhost:{self.port}"
        self.process = None

    def odoo(self, *args):
        """Run Odoo's command line to its end; raise if it fails."""
        return subprocess.run(
            [ROOT / "dev" / "odoo", *args],
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def copy_from(self, source):
        """Make the database anew, as a copy of another one."""
        self.odoo("db", "duplicate", "-f", source, self.db)

    def start(self, cron_threads=0):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    ROOT / "dev" / "odoo",
                    "server",
                    f"--database={self.db}",
                    f"--db-filter=^{self.db}$",
                    "--http-interface=127.0.0.1",
                    f"--http-port={self.port}",
                    "--no-database-list",
                    # A scheduled action runs when a test calls it, not when the clock says so.
                    f"--max-cron-threads={cron_threads}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + START_SECONDS
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"Odoo did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.2)

    def answers(self):
        try:
            with urllib.request.urlopen(f"{self.url}/web/health", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self):
        """As a power cut would."""
        self.process.kill()
        self.process.wait()

    def sql(self, query, db=None):
        """Run a statement beside the server; return what it selects, a list of rows of text."""
        done = subprocess.run(
            [ROOT / "dev" / "psql", "-d", db or self.db, "-AtqX", "-v", "ON_ERROR_STOP=1", "-c", query],
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        return [line.split("|") for line in done.stdout.splitlines()]

    def api(self, protocol, login):
        """Log in over ``xmlrpc`` or ``json2``; return ``call(model, method, ids=None,
        **arguments)``, which raises ``Refused``."""
        return {"xmlrpc": self._xmlrpc, "json2": self._json2}[protocol](login)

    def _xmlrpc(self, login):
        try:
            rpc = self.rpc(login)
        except PermissionError as problem:
            raise Refused("denied", str(problem)) from problem

        def call(model, method, ids=None, **arguments):
            positional = [] if ids is None else [ids]
            if method == "create":  # the only one that XML-RPC wants so
                positional.append(arguments.pop("vals_list"))
            try:
                return rpc(model, method, *positional, **arguments)
            except xmlrpc.client.Fault as fault:
                kinds = {2: "user", 3: "denied", 4: "access"}
                raise Refused(kinds.get(fault.faultCode, "crash"), fault.faultString) from fault

        call.uid = rpc.uid
        return call

    def _json2(self, login):
        def call(model, method, ids=None, **arguments):
            if ids is not None:
                arguments["ids"] = ids
            return self.post_json(f"/json/2/{model}/{method}", arguments, self.key(login))

        return call

    def post_json(self, path, content, key=None):
        headers = {"Content-Type": "application/json", "X-Odoo-Database": self.db}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self.url + path, json.dumps(content).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            answer = json.load(error)
            kinds = {"AccessError": "access", "UserError": "user", "ValidationError": "user"}
            kind = kinds.get(answer["name"].rpartition(".")[2])
            kind = kind or {401: "denied", 404: "missing"}.get(error.code, "crash")
            raise Refused(kind, answer["message"]) from error

    def key(self, login):
        """The API key of a user; one is made for everybody at once, for it takes seconds."""
        if login not in self.keys:
            self.keys = self._make_keys()
        return self.keys[login]

    def _make_keys(self):
        script = """
import datetime, json
tomorrow = datetime.datetime.now() + datetime.timedelta(days=1)
keys = {
    user.login: env(user=user)["res.users.apikeys"].sudo()._generate("rpc", "tests", tomorrow)
    for user in env["res.users"].search([])
}
env.cr.commit()
print("KEYS" + json.dumps(keys))
"""
        for _attempt in range(3):  # the server may be writing on the users at the same moment
            done = subprocess.run(
                [ROOT / "dev" / "odoo", "shell", "-d", self.db, "--no-http", "--log-level=error"],
                input=script,
                capture_output=True,
                text=True,
            )
            if not done.returncode:
                return json.loads(done.stdout.rpartition("KEYS")[2].splitlines()[0])
        raise RuntimeError(f"No API keys:\n{done.stdout}\n{done.stderr}")

    def rpc(self, login, password=None):
        """Log in over XML-RPC; return ``call(model, method, *args, **kwargs)``.

        A refusal by the server is an ``xmlrpc.client.Fault``.
        """
        password = password or login
        if (login, password) not in self.uids:  # a third of a second, for the sake of the hash
            common = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common", allow_none=True)
            self.uids[login, password] = common.authenticate(self.db, login, password, {})
        uid = self.uids[login, password]
        if not uid:
            raise PermissionError(f"{login} cannot log in to {self.db}")

        def call(model, method, *args, **kwargs):
            # A proxy per call: its connection is not to be shared between threads.
            proxy = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object", allow_none=True)
            with proxy as remote:
                return remote.execute_kw(self.db, uid, password, model, method, args, kwargs)

        call.uid = uid
        return call
