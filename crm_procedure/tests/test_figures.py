from datetime import datetime

from freezegun import freeze_time

from odoo.fields import Command
from odoo.tests import tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestFigures(ProcedureCase):
    """G4: contacts required by the intervals against the staff at hand."""

    def _figures(self, **values):
        grading = self.new_grading(**values)
        grading.action_compute()
        return grading.figures

    def test_counts_and_contacts(self):
        for n in range(6):
            self.new_customer(f"A{n}", 10000)
        for n in range(9):
            self.new_customer(f"C{n}", 10)
        figures = self._figures()
        self.assertEqual([row["then"] for row in figures["grades"]], [6, 0, 9])
        # a month has 365 / 12 days: 6 x 30.4 / 30 + 9 x 30.4 / 90
        self.assertEqual([row["contacts_then"] for row in figures["grades"]], [6, 0, 3])
        self.assertEqual(figures["required"], 9)

    def test_capacity_is_working_days_of_the_staff(self):
        """July 2026 has 23 weekdays; a public holiday takes one from each person."""
        self.team_sales.member_ids = self.users["specialist"] | self.users["service"]
        self.new_customer("Customer", 10)
        self.assertEqual(self._figures()["capacity"], 3 * 23 * 8)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": self.company.resource_calendar_id.id,
                "company_id": self.company.id,
                "date_from": datetime(2026, 7, 13),
                "date_to": datetime(2026, 7, 13, 23, 59),
            }
        )
        figures = self._figures()
        self.assertEqual((figures["people"], figures["working_days"]), (3, 66))
        self.procedure.limit_ids.filtered(lambda row: row.code == "contacts_per_day").sudo().value = 2.5
        self.assertEqual(self._figures()["capacity"], 165)

    def test_rule_that_cannot_be_met(self):
        self.procedure.limit_ids.filtered(lambda row: row.code == "contacts_per_day").sudo().value = 0.05
        for n in range(6):
            self.new_customer(f"A{n}", 10000)
        grading = self.new_grading()
        grading.action_compute()
        self.assertLess(grading.figures["capacity"], grading.figures["required"])
        self.assertIn("cannot be met", grading.figures_html)

    def test_interval_beyond_the_floor(self):
        """X4: nobody is contacted less often than the procedure says for everybody."""
        self.grade("C").contact_interval_days = 180
        self.new_customer("Customer", 10)
        grading = self.new_grading()
        grading.action_compute()
        self.assertEqual(grading.figures["below_floor"], self.grade("C").ids)
        self.assertIn("at least every", grading.figures_html)

    def test_no_staff(self):
        self.new_customer("Customer", 10)
        grading = self.new_grading(team_ids=[Command.clear()])
        grading.action_compute()
        self.assertEqual(grading.figures["capacity"], 0)
        self.assertIn("No team is chosen", grading.figures_html)

    def test_monthly_draft(self):
        """G8: a draft each month, marketing is reminded, twice does no harm."""
        self.new_customer("Customer", 10)
        gradings = self.env["crm.procedure.grading"]
        scope = [("company_id", "=", self.company.id)]
        with freeze_time("2026-09-01 01:00:00"):
            gradings._draft_monthly(self.company)
            draft = gradings.search(scope)
            self.assertEqual((draft.state, len(draft.line_ids)), ("draft", 1))
            self.assertEqual(draft.activity_ids.user_id, self.users["marketing"])
            self.assertEqual(draft.team_ids, self.team_sales)
            gradings._draft_monthly(self.company)
            self.assertEqual(gradings.search_count(scope), 1)
        with freeze_time("2026-10-01 01:00:00"), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_grading_draft").method_direct_trigger()
        self.assertEqual(gradings.search_count(scope), 2)
