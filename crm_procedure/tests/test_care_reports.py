import io
from datetime import date

import openpyxl
from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .test_plan import PlanCase


@tagged("post_install", "-at_install")
class TestCareReports(PlanCase):
    """《客户沟通记录单》 and 《客户关系维护计划表》 on paper and as workbooks (D4, V2, G5)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.graded("A", name="Eastwind")
        for role in ("supervisor", "specialist", "manager"):
            cls.users[role].group_ids += cls.env.ref("base.group_allow_export")

    def printed(self, code, record, role):
        report = self.env["ir.actions.report"].with_user(self.users[role])
        html, _kind = report._render_qweb_html(f"crm_procedure.{code}", record.ids)
        return html.decode()

    def workbook(self, code, records, role):
        target = io.BytesIO()
        self.env[f"crm.procedure.workbook.{code}"].with_user(self.users[role])._export(
            target, records.with_user(self.users[role])
        )
        sheet = openpyxl.load_workbook(target).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        head = next(index for index, row in enumerate(rows) if row[1] is not None)
        return rows[head], rows[head + 1 :]

    def new_done(self):
        contact = (
            self.env["crm.procedure.communication"]
            .with_user(self.users["supervisor"])
            .create(
                {
                    "partner_id": self.customer.id,
                    "usage_note": "=1+1",
                    "need_note": "<b>More</b>",
                    "satisfaction": 4,
                    "cost": 12.5,
                }
            )
        )
        contact.action_done()
        contact.action_correct("It was Ms Wu")
        return contact

    def test_communication_record(self):
        contact = self.new_done()
        html = self.printed("communication_record", contact, "manager")
        for text in (contact.name, "Eastwind", "&lt;b&gt;More&lt;/b&gt;", "Satisfied", "It was Ms Wu", "QP-07"):
            self.assertIn(text, html)
        with self.assertRaises(AccessError):
            self.printed("communication_record", contact, "specialist")

    def test_communication_workbook(self):
        contact = self.new_done()
        head, rows = self.workbook("communication_record", contact, "supervisor")
        row = dict(zip(head, rows[0], strict=True))
        self.assertEqual(row["Use of the product"], "=1+1", "text, no formula")
        self.assertEqual((row["Satisfaction"], row["Cost"]), (4, 12.5))
        with self.assertRaises(AccessError):
            self.workbook("communication_record", contact, "specialist")
        self.assertTrue(self.env["crm.procedure.export"].search([("user_id", "=", self.users["supervisor"].id)]))

    def test_care_plan(self):
        plan = self.new_plan(note="Win back two customers")
        with self.assertRaisesRegex(UserError, "Press Compute"):
            self.printed("care_plan", plan, "supervisor")
        self.sign(plan, "supervisor", "manager")
        html = self.printed("care_plan", plan, "specialist")
        self.assertNotIn("Eastwind", html, "the specialist's own lines only")
        html = self.printed("care_plan", plan, "manager")
        for text in (plan.name, "Eastwind", "Win back two customers", "Supervisor", "Manager", "QP-07"):
            self.assertIn(text, html)

    def test_care_plan_workbook(self):
        """A4: what has been done of the plan, for the meeting."""
        plan = self.approved()
        first, second = plan.communication_ids.sorted("date_planned")[:2]
        with freeze_time("2026-08-20 08:00:00"):
            (first | second).write({"usage_note": "a", "need_note": "b"})
            first.date_done = f"{first.date_planned} 10:00:00"
            first._finish()
            second._finish()
        head, rows = self.workbook("care_plan", plan, "manager")
        row = dict(zip(head, rows[0], strict=True))
        self.assertEqual(row["Customer"], "Eastwind")
        self.assertEqual((row["Contacts"], row["Done"], row["Done late"]), (len(plan.communication_ids), 2, 1))
        self.assertEqual(row["Due by"].date(), date(2026, 7, 30))
