from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .test_staff_figure import StaffFigureCase

NOW = datetime(2026, 6, 15, 4)
NAMES = [f"kpi_procedure_{name}" for name in ("contacts_on_time", "tickets_in_time", "tickets_late", "at_risk")]


@tagged("post_install", "-at_install")
class TestDigest(StaffFigureCase):
    """R7: figures of the procedure in Odoo's digest mails."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.env["res.company"].create({"name": "Southwind"})
        cls.digest = cls.env["digest.digest"].create(
            {"name": "Figures", "company_id": False, "user_ids": [], **dict.fromkeys(NAMES, True)}
        )

    def values(self, role, days=7, company=None, end=NOW):
        company = company or self.company
        digest = (
            self.digest.with_user(self.users.get(role, self.stranger))
            .sudo(False)
            .with_context(start_datetime=end - timedelta(days=days), end_datetime=end)
            .with_company(company)
        )
        digest.invalidate_model([f"{name}_value" for name in NAMES])
        return [digest[f"{name}_value"] for name in NAMES]

    def test_figures_of_the_period(self):
        self.new_contact("sales", "2026-06-10")
        self.new_contact("sales", "2026-06-10", on_time=False)
        self.new_contact("sales", "2026-06-01")
        answered = {"state": "answered", "answer_deadline": "2026-06-12 00:00:00"}
        self.new_ticket("service", **answered, date_answered="2026-06-11 00:00:00")
        self.new_ticket("service", **answered, date_answered="2026-06-13 00:00:00")
        self.new_ticket("service", state="handling", answer_deadline="2026-06-12 00:00:00")
        self.new_ticket("service", state="handling", answer_deadline="2026-06-12 00:00:00", is_waiting=True)
        self.new_ticket("service", state="handling", answer_deadline="2026-06-22 00:00:00")
        quiet = {"partner_id": self.customer.id, "company_id": self.company.id, "gap": 30}
        self.env["crm.procedure.quiet"].create(
            [
                {**quiet, "key": "a", "begun_on": "2026-05-01"},
                {**quiet, "key": "b", "begun_on": "2026-05-01", "ended_on": "2026-06-01"},
                {**quiet, "key": "c", "begun_on": "2026-05-01", "ended_on": "2026-06-20"},
            ]
        )
        self.assertEqual(self.values("manager"), [1, 1, 1, 2])
        self.assertEqual(self.values("manager", days=30), [2, 1, 1, 2])

    def test_before_the_period_ended(self):
        """Compared with the period before: what was late then, though it was answered since."""
        self.new_ticket(
            "service", state="closed", answer_deadline="2026-06-05 00:00:00", date_answered="2026-06-10 00:00:00"
        )
        self.assertEqual(self.values("manager")[2], 0)
        self.assertEqual(self.values("manager", end=NOW - timedelta(days=7))[2], 1)

    def test_company(self):
        self.new_contact("sales", "2026-06-10")
        manager = self.users["manager"]
        manager.company_ids += self.other
        self.assertEqual(self.values("manager")[0], 1)
        self.assertEqual(self.values("manager", company=self.other)[0], 0)
        self.digest.company_id = self.company
        self.assertEqual(self.values("manager", company=self.other)[0], 1, "that of the digest")

    def test_rights(self):
        """Own contacts for a specialist; without a role the figure is left out of the mail."""
        self.new_contact("sales", "2026-06-10")
        self.assertEqual(self.values("specialist")[0], 0)
        with self.assertRaises(AccessError):
            self.values("stranger")
        self.digest.company_id = self.company
        names = {kpi["kpi_name"] for kpi in self.digest._compute_kpis(self.company, self.stranger)}
        self.assertFalse(names & set(NAMES))
        kpis = {kpi["kpi_name"]: kpi for kpi in self.digest._compute_kpis(self.company, self.users["manager"])}
        self.assertLessEqual(set(NAMES), set(kpis))
        for name in NAMES:
            self.assertTrue(self.env.ref(kpis[name]["kpi_action"].partition("?")[0]))
        self.assertEqual(kpis[NAMES[0]]["kpi_col2"]["value"], 1)

    def test_queries_do_not_grow(self):
        def queries():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.values("manager", days=30)
            return self.env.cr.sql_log_count - before

        queries()
        few = queries()
        for day in range(1, 10):
            self.new_contact("sales", f"2026-06-0{day}")
            self.new_rating("service", f"2026-06-0{day} 00:00:00", 5)
        self.env.flush_all()
        self.assertLessEqual(queries(), few)
