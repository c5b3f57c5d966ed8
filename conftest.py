"""Under dev/test a test that skips itself for want of a browser fails.

Odoo skips tours when Chromium or websocket-client is missing, or when the browser does not
start; a run without them would be green and have tested nothing of the screens.
"""

import os
import re
import sys

import pytest

NO_BROWSER = re.compile(r"websocket-client|chrom(e|ium)|odoo-http|HttpCase", re.IGNORECASE)


def pytest_collection_finish():
    """Chromium may take a minute to start: Odoo's ten seconds are few on a busy machine."""
    common = sys.modules.get("odoo.tests.common")  # the black-box tests know no Odoo
    if common:
        common.CHECK_BROWSER_ITERATIONS = 600


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if not (os.environ.get("CRM_PROCEDURE_STRICT") and report.skipped):
        return
    reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else ""
    if not hasattr(report, "wasxfail") and NO_BROWSER.search(str(reason)):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: skipped, but dev/test must run it: {reason}"
