from odoo.tests import HttpCase, tagged

from odoo.addons.web.tests import test_js

SUITE = "@crm_procedure/clause_board"


@tagged("post_install", "-at_install")
class TestClauseBoardUnits(HttpCase):
    def test_units(self):
        """Issue 6, 6: what the board shows and does, with a server that is played (static/tests)."""
        suite = test_js.HOOTCommon._generate_hash(self, SUITE)
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            "",
            login="admin",
            timeout=600,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=test_js.unit_test_error_checker,
        )
