import io

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..reports.row_writer import cell_text
from .campaign_common import CampaignCase
from .libreoffice import converted

TEXTS = ["=1+1", "+1", "-1", "@SUM(A1)", "http://a.b", "😀 שלום", "x" * 32_768]


@tagged("post_install", "-at_install")
class TestCampaignReport(CampaignCase):
    """Q4: 《客户满意度调查报告》 on paper and as a workbook, both under the form number."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.procedure.form"].sudo().create(
            {"procedure_id": cls.procedure.id, "number": "QR-11", "name": "Survey Report", "code": "survey_report"}
        )
        cls.new_customers(8, "A")
        cls.campaign = cls.running()
        for participant, text in zip(cls.campaign.participant_ids, TEXTS, strict=False):
            cls.answer(participant, 5, 9, text)
        cls.campaign.action_analyse()
        cls.campaign.findings = "<p>Faster <b>answers</b> are wanted.</p>"
        cls.campaign.action_ids = [(0, 0, {"subject": "=A second line", "kind": "improvement"})]

    def workbook(self, campaign=None, role="marketing"):
        user = self.users[role]
        user.group_ids += self.env.ref("base.group_allow_export")
        file = io.BytesIO()
        model = self.env["crm.procedure.workbook.survey_report"].with_user(user)
        model._export(file, (campaign or self.campaign).with_user(user))
        return file.getvalue()

    def paper(self, campaign=None, role="marketing"):
        report = self.env["ir.actions.report"].with_user(self.users[role])
        html, _kind = report._render_qweb_html("crm_procedure.survey_report", (campaign or self.campaign).ids)
        return html.decode()

    def test_paper(self):
        html = self.paper()
        for text in ("QR-11", "Faster <b>answers</b>", "=A second line", "100.0 %", "@SUM(A1)", "😀", "QP-07 V1.0"):
            self.assertIn(text, html)
        self.approved(self.campaign)
        self.assertIn("Manager", self.paper(role="user"), "signed, for everybody")

    def test_workbook(self):
        book = openpyxl.load_workbook(io.BytesIO(self.workbook()))
        self.assertEqual(book.sheetnames, ["Survey", "Figures", "By grade", "Comments"])
        for sheet in book:
            self.assertEqual(sheet["A1"].value, "Survey Report")
            self.assertIn("QR-11", sheet["A3"].value)
            self.assertFalse([cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"])
        comments = [row[3].value for row in book["Comments"].iter_rows() if row[3].value]
        self.assertEqual(comments[1:], [cell_text(text) for text in TEXTS])
        self.assertEqual(len(book["Figures"]._charts), 1)
        self.assertEqual(len(book["By grade"]._charts), 1)
        values = {row[0].value: row[1].value for row in book["Figures"].iter_rows(min_row=9)}
        self.assertAlmostEqual(values["Response rate"], 87.5)
        self.assertEqual(values["Satisfied customers"], 100)

    def test_workbook_opens_in_libreoffice(self):
        self.assertGreater(len(converted(self.workbook(), "pdf")), 5000)

    def test_without_answers(self):
        """A period without data: valid files that say so."""
        self.new_customers(3, "B")
        campaign = self.running()
        campaign.action_analyse()
        self.assertIn("no data", self.paper(campaign))
        book = openpyxl.load_workbook(io.BytesIO(self.workbook(campaign)))
        cells = [cell.value for row in book["Figures"].iter_rows() for cell in row]
        self.assertIn("no data", cells)
        self.assertFalse(book["Figures"]._charts)

    def test_no_report_before_the_figures(self):
        self.new_customers(3, "B")
        campaign = self.running()
        with self.assertRaisesRegex(UserError, "no figures yet"):
            self.workbook(campaign)
        with self.assertRaisesRegex(UserError, "no figures yet"):
            self.paper(campaign)
        with self.assertRaisesRegex(UserError, "Choose one"):
            self.workbook(campaign | self.campaign)

    def test_taking_data_out_needs_the_right(self):
        user = self.users["marketing"]
        user.group_ids -= self.env.ref("base.group_allow_export")
        model = self.env["crm.procedure.workbook.survey_report"].with_user(user)
        with self.assertRaises(AccessError):
            model._export(io.BytesIO(), self.campaign.with_user(user))
