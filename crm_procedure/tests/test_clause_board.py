from odoo import fields
from odoo.fields import Command
from odoo.tests import HttpCase, tagged

from odoo.addons.bus.models.bus import channel_with_db
from odoo.addons.http_routing.tests.common import MockRequest
from odoo.addons.web.tests import test_js

from .ticket_common import TicketCase

SUITE = "@crm_procedure/clause_board"


@tagged("post_install", "-at_install")
class TestClauseBoardUnits(HttpCase):
    def test_units(self):
        """A7, idea 1: what the board shows and does, with a server that is played (static/tests)."""
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


@tagged("post_install", "-at_install")
class TestClauseBoard(TicketCase, HttpCase):
    """A version with two clauses, one of them measured by three tickets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.version = cls.env["crm.procedure"].create(
            {
                "number": "QP-07",
                "version": "V2.0",
                "effective_date": fields.Date.context_today(cls.procedure),
                "clause_ids": [
                    Command.create({"number": "7.1", "name": "Seals"}),
                    Command.create({"number": "7.2", "name": "Lids"}),
                ],
            }
        )
        cls.sign(cls.version, "quality", "manager")
        cls.env["crm.procedure.indicator"].search([]).action_archive()
        cls.env["crm.procedure.indicator"].create(
            {
                "name": "Seals early",
                "code": "test_seals",
                "clause": "7.1",
                "model_name": "crm.procedure.ticket",
                "domain_population": "[('subject', 'ilike', 'seal')]",
                "domain_conforming": "[('subject', 'ilike', 'early')]",
            }
        )
        for subject in ("Early seal", "Late seal", "Later seal"):
            cls.report(subject=subject)

    def test_board(self):
        """A7, idea 1: quality computes, goes to the records and back; an auditor reads and computes nothing."""
        for role in ("quality", "auditor"):
            self.users[role].password = f"test_{role}"
        self.tour("crm_procedure_board_quality", "quality")
        self.tour("crm_procedure_board_auditor", "auditor")

    def test_who_hears_of_new_figures(self):
        """A7: whoever has a role hears of the companies that they may work in, and nobody of others'."""
        board = "crm_procedure_board"
        other = self.env["res.company"].create({"name": "Elsewhere"})
        own, others = (("", "res.company", company.id, board) for company in (self.company, other))
        heard = self._channels("auditor", board)
        self.assertIn(own, heard)
        self.assertNotIn(others, heard)
        self.assertNotIn(("", board), heard)
        self.assertNotIn(own, self._channels("auditor"))
        self.users["auditor"].group_ids = self.env.ref("base.group_user")
        self.assertNotIn(own, self._channels("auditor", board))

    def _channels(self, role, *asked):
        """:return: the names of the channels of a user's browser that asks for ``asked``"""
        user = self.users[role]
        with MockRequest(self.env(user=user)) as request:
            request.session.uid = user.id
            channels = request.env["ir.websocket"]._build_bus_channel_list(list(asked))
        return {channel_with_db("", channel) for channel in channels}
