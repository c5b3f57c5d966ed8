"""Black-box tests: a real server on a copy of the demo database, RPC and a real browser.

They know only public names: no test here imports the addon. Demo users have their role's name
as login and password.
"""

import os
import re
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright
from server import ROOT, SOURCE, WORK, Server

SCREENSHOTS = WORK / "screenshots"
PICTURES = ROOT / "docs" / "pictures"

expect.set_options(timeout=20_000)  # a slow machine is no failure


@pytest.fixture(scope="session")
def server():
    """The server that all black-box tests share; a test leaves it as it found it, or makes
    records of its own."""
    server = Server("crm_procedure_blackbox")
    server.copy_from(SOURCE)
    server.start()
    # Links in mails and the styles of printed forms lead to this server.
    call = server.rpc("admin")
    for name, value in (("web.base.url", server.url), ("web.base.url.freeze", "True")):
        call("ir.config_parameter", "set_param", name, value)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def own_server(request):
    """A server for one module, on a database of its own; not started yet."""
    server = Server("crm_procedure_" + request.module.__name__.rpartition(".")[2])
    server.copy_from(SOURCE)
    yield server
    if server.process:
        server.stop()
    server.odoo("db", "drop", server.db)


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
        context = browser.new_context(base_url=server.url, viewport={"width": 1400, "height": 900}, locale=lang)
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
        # Those further down are loaded when somebody scrolls to them.
        page.wait_for_function(
            "[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)"
        )
        page.evaluate("document.fonts.ready.then(() => true)")
        path = take_picture(page, name)
        if os.environ.get("UPDATE_PICTURES") == "1":
            PICTURES.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, PICTURES / path.name)
        return path

    return screenshot
