import json
import xmlrpc.client
from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .indicator_common import NOW, IndicatorCase


@tagged("post_install", "-at_install")
class TestIndicatorBoard(IndicatorCase):
    """The clause board, the drill-down and what reviews freeze (idea 1, A4, A7)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        draft = cls.procedure.copy({"version": "V1.1", "effective_date": "2026-06-01"})
        draft.with_user(cls.users["quality"]).action_load_shipped()
        with freeze_time("2026-05-01"):
            cls.sign(draft, "quality", "manager")

    def board(self, role="user"):
        with freeze_time(NOW):
            return self.indicators.with_user(self.users[role]).get_board()

    def clause(self, board, number):
        return next(clause for clause in board["clauses"] if clause["number"] == number)

    def test_board(self):
        self.new_contacts(9, 1)
        self.count(now="2026-05-14 08:00:00")
        self.count()
        board = self.board()
        self.assertEqual(board["procedure"]["version"], "V1.1")
        self.assertEqual([clause["number"] for clause in board["clauses"]], ["5.1", "5.2", "5.3", "5.4", "5.5", "5.6"])
        self.assertEqual(board["computed_on"], NOW)
        self.assertFalse(board["may_refresh"])
        self.assertTrue(self.board("manager")["may_refresh"])
        contacts = self.clause(board, "5.3")
        self.assertEqual(contacts["state"], "met")
        self.assertIn("CRM-R-04 Communication Record", [form["name"] for form in contacts["forms"]])
        self.assertEqual(len(contacts["roles"]), 3)
        [row] = contacts["indicators"]
        self.assertEqual((row["value"], row["population"], row["conforming"]), (90, 10, 9))
        self.assertEqual(row["trend"], [{"date": "2026-06-15", "value": 90}], "no data is no point")
        self.assertTrue(row["definition"])
        self.assertEqual(self.clause(board, "5.1")["state"], "no_evidence")
        json.dumps(board)
        xmlrpc.client.dumps((board,))

    def test_records_that_are_not_for_everybody(self):
        """A figure is open to all; a way to its records stands only where the model is."""
        [row] = self.clause(self.board(), "5.3")["indicators"]
        self.assertTrue(row["may_open"])
        self.indicators.search([("clause", "=", "5.3")]).write(
            {
                "model_name": "sale.order",
                "period_field": "date_order",
                "domain_population": "[]",
                "domain_conforming": "[('state', '=', 'sale')]",
            }
        )
        [row] = self.clause(self.board("auditor"), "5.3")["indicators"]
        self.assertFalse(row["may_open"])

    def test_states_of_a_clause(self):
        state = self.indicators._clause_state
        self.assertEqual(state([]), "no_evidence")
        self.assertEqual(state(["no_data"]), "no_evidence")
        self.assertEqual(state(["met", "no_data"]), "met")
        self.assertEqual(state(["met", "broken"]), "no_evidence")
        self.assertEqual(state(["met", "missed", "broken"]), "missed")

    def test_nothing_counted_yet(self):
        [row] = self.clause(self.board(), "5.3")["indicators"]
        self.assertEqual((row["value"], row["state"], row["trend"]), (False, "no_data", []))
        self.assertFalse(self.board()["computed_on"])

    def test_no_procedure(self):
        other = self.env["res.company"].create({"name": "Southwind"})
        user = self.users["quality"]
        user.company_ids += other
        board = self.indicators.with_user(user).with_company(other).get_board()
        self.assertFalse(board["procedure"])
        self.assertEqual([clause["number"] for clause in board["clauses"]], [""])

    def test_clause_that_is_not_there(self):
        self.indicator.clause = "9.9"
        clause = self.board()["clauses"][-1]
        self.assertEqual((clause["number"], [row["id"] for row in clause["indicators"]]), ("", self.indicator.ids))

    def test_trend(self):
        for month in range(1, 7):
            day = f"2026-{month:02}-10 08:00:00"
            self.new_contacts(month, 1, deadline=day)
            self.count(now=f"2026-{month:02}-09 08:00:00")
            self.count(now=f"2026-{month:02}-12 08:00:00")
        [row] = self.clause(self.board(), "5.3")["indicators"]
        self.assertEqual([point["date"] for point in row["trend"]][-2:], ["2026-05-12", "2026-06-12"])
        self.assertLessEqual(len(row["trend"]), 12)

    def test_queries(self):
        """At most six, at 5 and at 50 indicators (issue 6)."""
        for number in range(4):
            self.new_indicator(f"few_{number}")
        self._compute_all()
        few = self._queries(self.board)
        for number in range(45):
            self.new_indicator(f"many_{number}", clause=f"5.{number % 6 + 1}")
        self._compute_all()
        many = self._queries(self.board)
        self.assertLessEqual(few, 6)
        self.assertEqual(few, many)
        frozen = self._queries(lambda: self.indicators._freeze(self.company, self.env.cr.now().date()))
        self.assertLessEqual(frozen, 6)

    def _compute_all(self):
        with freeze_time(NOW):
            self.indicators.search([])._compute_values(self.company)

    def _queries(self, call):
        call()
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        call()
        return self.env.cr.sql_log_count - before

    def test_stranger(self):
        with self.assertRaises(AccessError):
            self.indicators.with_user(self.stranger).get_board()

    # ------------------------------------------------------------
    # The records behind a figure
    # ------------------------------------------------------------

    def test_open(self):
        self.new_contacts(2, 1)
        self.new_contact("2026-01-01 10:00:00")
        value = self.count()
        for which, number in (("population", 3), ("conforming", 2), ("difference", 1)):
            action = self.indicator.with_user(self.users["manager"]).action_open(which)
            json.dumps(action)
            found = self.env[action["res_model"]].with_user(self.users["manager"]).search(action["domain"])
            self.assertEqual(len(found), number, which)
        self.assertEqual(value.population - value.conforming, 1)
        with self.assertRaises(UserError):
            self.indicator.action_open("everything")

    def test_open_counts_what_has_no_value_as_different(self):
        """A ticket that was never accepted is not in time: it is in the difference."""
        tickets = self.new_indicator(
            "accepted",
            model_name="crm.procedure.ticket",
            domain_population="[]",
            domain_conforming="[('is_accepted_in_time', '=', True)]",
            period="now",
        )
        self.env["crm.procedure.ticket"].create({"subject": "Nobody looked", "company_id": self.company.id})
        value = self.count(tickets)
        self.assertEqual((value.population, value.conforming), (1, 0))
        action = tickets.with_user(self.users["manager"]).action_open("difference")
        self.assertEqual(self.env["crm.procedure.ticket"].search_count(action["domain"]), 1)

    def test_open_with_own_rights(self):
        """The figure is everybody's, the records are not."""
        self.new_contact(user_id=self.users["supervisor"].id)
        self.count()
        for role, number in (("manager", 1), ("specialist", 0)):
            user = self.users[role]
            action = self.indicator.with_user(user).action_open("population")
            self.assertEqual(self.env[action["res_model"]].with_user(user).search_count(action["domain"]), number)
        orders = self.new_indicator(
            "orders",
            role="quality",
            model_name="res.partner",
            domain_population="[]",
            period="now",
            domain_conforming="[]",
        )
        orders.sudo().write({"model_name": "sale.order"})
        with self.assertRaises(AccessError):
            orders.with_user(self.users["specialist"]).action_open("population")

    # ------------------------------------------------------------
    # What a review keeps
    # ------------------------------------------------------------

    def test_freeze(self):
        self.new_contacts(3, 1, deadline="2026-05-10 10:00:00")
        self.count(now="2026-05-15 08:00:00")
        self.new_contacts(9, 1)
        self.count()
        self.count(now="2026-06-20 08:00:00")
        with freeze_time("2026-07-01 08:00:00"):
            [row] = self.indicators._freeze(self.company, date(2026, 6, 15))
        self.assertEqual(
            {name: row[name] for name in ("code", "clause", "clause_name", "value", "population", "state", "previous")},
            {
                "code": "on_time",
                "clause": "5.3",
                "clause_name": "Daily contact",
                "value": 90,
                "population": 10,
                "state": "met",
                "previous": 75,
            },
        )
        json.dumps(row)

    def test_freeze_without_values(self):
        with freeze_time(NOW):
            [row] = self.indicators._freeze(self.company, self.procedure.effective_date)
        self.assertEqual((row["value"], row["state"], row["previous"]), (None, "no_data", None))
