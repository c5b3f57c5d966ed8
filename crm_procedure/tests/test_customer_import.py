import io
import time

import openpyxl

from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.misc import file_path

from .common import ProcedureCase

OPTIONS = {"has_headers": True, "quoting": '"', "separator": ",", "encoding": "utf-8", "headers": True}
HEADERS = ["name", "is_company", "vat", "industry_id", "procedure_size", "procedure_potential"]


@tagged("post_install", "-at_install")
class TestCustomerImport(ProcedureCase):
    """Existing customers come in by a file: whole or not at all, bad rows named with the reason (I3)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.partner.industry"].create({"name": "Ship building"})
        cls.users["sales"].group_ids += cls.env.ref("base.group_partner_manager")
        cls.partners = cls.env["res.partner"].with_user(cls.users["sales"])

    def load(self, rows, headers=HEADERS, **options):
        """As the import page does, coming from our menu."""
        lines = [",".join(headers), *(",".join(str(cell) for cell in row) for row in rows)]
        wizard = self.new_import("\n".join(lines).encode(), "text/csv")
        return wizard.execute_import(list(headers), list(headers), {**OPTIONS, **options})

    def new_import(self, content, file_type):
        context = {"procedure_customers": True, "res_partner_search_mode": "customer"}
        return (
            self.env["base_import.import"]
            .with_user(self.users["sales"])
            .with_context(**context)
            .create({"res_model": "res.partner", "file": content, "file_type": file_type})
        )

    def loaded(self):
        return self.env["res.partner"].search([("name", "=like", "Row %")])

    def test_template_is_offered_from_our_menu(self):
        self.assertNotIn("crm_procedure", str(self.partners.get_import_templates()))
        partners = self.partners.with_context(procedure_customers=True)
        self.assertEqual(
            partners.get_import_templates()[0]["template"], "/crm_procedure/static/xls/customer_files.xlsx"
        )
        chinese = partners.with_context(lang="zh_CN").get_import_templates()[0]["template"]
        for path in ("/crm_procedure/static/xls/customer_files.xlsx", chinese):
            book = openpyxl.load_workbook(file_path(path.lstrip("/")))
            self.assertGreater(book.active.max_row, 1, path)
        context = self.env.ref("crm_procedure.res_partner_action").context
        self.assertIn("procedure_customers", context)

    def test_template_loads(self):
        """Every heading is understood, and the examples come in as they stand."""
        with open(file_path("crm_procedure/static/xls/customer_files.xlsx"), "rb") as file:
            wizard = self.new_import(file.read(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
        options = {"has_headers": True, "quoting": '"'}
        preview = wizard.parse_preview(options)
        matches = [preview["matches"].get(str(i)) or preview["matches"].get(i) for i in range(len(preview["headers"]))]
        self.assertTrue(all(matches), list(zip(preview["headers"], matches, strict=True)))
        fields = ["/".join(match) for match in matches]
        result = wizard.execute_import(fields, preview["headers"], {**options, "sheet": "Customers"})
        self.assertFalse(result["messages"])
        company, person = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(person.parent_id, company)
        self.assertEqual(company.procedure_size, "medium")
        self.assertEqual(company.procedure_source_id.name, "Trade fair")
        self.assertEqual(company.customer_rank, 1)

    def test_good_rows(self):
        result = self.load([["Row 1", 1, "T1", "Ship building", "Medium", 50], ["Row 2", 0, "", "", "", ""]])
        self.assertFalse(result["messages"])
        self.assertEqual(self.loaded().mapped("procedure_size"), ["medium", False])

    def test_bad_rows_are_named(self):
        owner = self.env["res.partner"].create({"name": "Owner", "is_company": True, "vat": "TAKEN-1"})
        for row, reason in (
            (["", 1, "T1", "", "", ""], "Row 3: the name is missing"),
            (["Row 2", 1, "T1", "Whaling", "", ""], "Row 3: “Whaling” is no value of “Industry”"),
            (["Row 2", 1, "T1", "", "huge", ""], "Row 3: “huge” is no value of “Company size”"),
            (["Row 2", 1, "T1", "", "", "150"], "Row 3: The potential of a customer lies between 0 and 100"),
            (["Row 2", 1, "T1", "", "", "many"], "Row 3: “many” is no value of “Potential”"),
            (["Row 2", 1, "taken 1", "", "", ""], f"Row 3: the tax number taken 1 belongs to {owner.name}"),
            (["Row 2", 1, "t-0", "", "", ""], "Row 3: the tax number t-0 stands in row 2 already"),
            (["R" * 600, 1, "", "", "", ""], "Row 3: “Name” is longer than"),
        ):
            with self.subTest(reason=reason):
                result = self.load([["Row 1", 1, "T0", "", "", ""], row])
                self.assertFalse(result["ids"])
                self.assertIn(reason, result["messages"][0]["message"])
                self.assertFalse(self.loaded())

    def test_updates_are_no_duplicates(self):
        """A file with identifiers changes customers: their own tax number is not taken."""
        owner = self.env["res.partner"].create({"name": "Row 1", "is_company": True, "vat": "TAKEN-1"})
        result = self.load([[owner.id, "TAKEN-1", "Large"]], headers=[".id", "vat", "procedure_size"])
        self.assertFalse(result["messages"])
        self.assertEqual(owner.procedure_size, "large")

    def test_50000_rows_with_one_bad(self):
        """Nothing is loaded, though the page would load the file in batches of 2000."""
        rows = [[f"Row {n}", 1, f"T{n}", "Ship building", "Medium", n % 100] for n in range(50000)]
        rows[43210][4] = "huge"
        start = time.process_time()
        result = self.load(rows, limit=2000)
        self.assertLess(time.process_time() - start, 30)
        self.assertEqual(len(result["messages"]), 1)
        self.assertIn("Row 43212: “huge”", result["messages"][0]["message"])
        self.assertFalse(result["ids"])
        self.assertFalse(self.loaded())

    @mute_logger("odoo.addons.base_import.models.base_import")
    def test_unreadable_files(self):
        """Wrong encodings and merged cells: an answer, and nothing half loaded."""
        broken = self.new_import("name\n华瑞".encode("gb18030"), "text/csv")
        preview = broken.parse_preview({**OPTIONS, "encoding": "utf-8"})
        self.assertIn("error", preview)
        detected = broken.parse_preview({**OPTIONS, "encoding": ""})
        self.assertNotIn("Traceback", str(detected))

        book = openpyxl.Workbook()
        for row in (["name", "is_company", "city"], ["Row 1", 1, "Shanghai"], ["Row 2", 1, None]):
            book.active.append(row)
        book.active.merge_cells("A2:A3")
        content = io.BytesIO()
        book.save(content)
        wizard = self.new_import(
            content.getvalue(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        )
        result = wizard.execute_import(["name", "is_company", "city"], ["a", "b", "c"], {"has_headers": True})
        self.assertIn("Row 3: the name is missing", result["messages"][0]["message"])
        self.assertFalse(self.loaded())
