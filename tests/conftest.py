"""Black-box tests: a real server on a copy of the demo database, RPC and a real browser.

They know only public names: no test here imports the addon. Demo users have their role's name
as login and password.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import xmlrpc.client
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(os.environ.get("DEV_DIR", ROOT / ".dev"))
SCREENSHOTS = WORK / "screenshots"
PICTURES = ROOT / "docs" / "pictures"
SOURCE = os.environ.get("CRM_PROCEDURE_DATABASE", "crm_procedure_fresh")
START_SECONDS = 120


class Server:
    """An Odoo server of its own; ``url``, ``db``, ``log`` (path) and ``rpc``."""

    def __init__(self, db):
        self.db = db
        self.log = WORK / "log" / "black-box-server.log"
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

    def start(self):
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
                    "--max-cron-threads=0",
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

    def rpc(self, login, password=None):
        """Log in over XML-RPC; return ``call(model, method, *args, **kwargs)``.

        A refusal by the server is an ``xmlrpc.client.Fault``.
        """
        password = password or login
        common = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/common", allow_none=True)
        uid = common.authenticate(self.db, login, password, {})
        if not uid:
            raise PermissionError(f"{login} cannot log in to {self.db}")

        def call(model, method, *args, **kwargs):
            # A proxy per call: its connection is not to be shared between threads.
            proxy = xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/object", allow_none=True)
            with proxy as remote:
                return remote.execute_kw(self.db, uid, password, model, method, args, kwargs)

        call.uid = uid
        return call


@pytest.fixture(scope="session")
def server():
    """The server that all black-box tests share; a test leaves it as it found it, or makes
    records of its own."""
    server = Server("crm_procedure_blackbox")
    server.odoo("db", "duplicate", "-f", SOURCE, server.db)
    server.start()
    # Links in mails and the styles of printed forms lead to this server.
    call = server.rpc("admin")
    for name, value in (("web.base.url", server.url), ("web.base.url.freeze", "True")):
        call("ir.config_parameter", "set_param", name, value)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    executable = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.failed_in_call = outcome.get_result().failed


@pytest.fixture
def page_as(request, server, browser):
    """Return ``open_page(login, password=login, lang=None, allow=None)``: a page with that
    user logged in, or nobody (None).

    The test fails when a page's console shows an error, but for those that the regular
    expression ``allow`` finds. A failed test leaves a picture of each page.
    """
    pages, errors = [], []

    def open_page(login=None, password=None, lang=None, allow=None):
        context = browser.new_context(
            base_url=server.url, viewport={"width": 1400, "height": 900}, locale=lang
        )
        page = context.new_page()
        pages.append(page)

        def note(text):
            if not (allow and re.search(allow, text)):
                errors.append(f"{login}: {text}")

        page.on("console", lambda message: message.type == "error" and note(message.text))
        page.on("pageerror", lambda error: note(str(error)))
        if login:
            log_in(context, server.db, login, password or login)
        return page

    yield open_page
    if getattr(request.node, "failed_in_call", False):
        for number, page in enumerate(pages, 1):
            take_picture(page, f"failed-{request.node.name}-{number}")
    for page in pages:
        page.context.close()
    assert not errors, "Errors in the browser's console:\n" + "\n".join(errors)


def log_in(context, db, login, password):
    """Put the user's session into the browser context."""
    answer = context.request.post(
        "/web/session/authenticate",
        data={"params": {"db": db, "login": login, "password": password}},
    ).json()
    if not answer.get("result", {}).get("uid"):
        raise PermissionError(f"{login} cannot log in to {db}: {answer.get('error')}")


def take_picture(page, name, folder=SCREENSHOTS):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (re.sub(r"[^\w.-]+", "-", name) + ".png")
    page.screenshot(path=path, animations="disabled")
    return path


@pytest.fixture
def screenshot():
    """Return ``screenshot(page, name)``: a picture in .dev/screenshots/, and with
    UPDATE_PICTURES=1 in docs/pictures/, where the README's pictures are."""

    def screenshot(page, name):
        # Not "networkidle": the web client always has a request open.
        page.wait_for_function("!document.querySelector('.o_loading_indicator, .o_blockUI')")
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        page.evaluate("document.fonts.ready.then(() => true)")
        path = take_picture(page, name)
        if os.environ.get("UPDATE_PICTURES") == "1":
            PICTURES.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, PICTURES / path.name)
        return path

    return screenshot
