import io
import math
from datetime import date, datetime
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, TransactionCase, tagged

from ..models import grading_kept
from ..reports.row_writer import cell_text
from ..reports.workbook import Column, Head, Workbook
from .common import ProcedureCase

NASTY = ["=1+1", "+1", "-1", "@SUM(A1)", "http://a.b", "<r>&<t>x</t></r>", "_x0041_", "a\x0bb", " b ", "x" * 40_000]


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


@tagged("post_install", "-at_install")
class TestWorkbook(TransactionCase):
    """The base of all workbooks, every file opened again."""

    def _book(self, columns, rows, **options):
        file = io.BytesIO()
        with Workbook(file, Head("客户分级清单", "Northwind", ["Form No.: QR-1"], "A & B"), columns, **options) as book:
            book.write_rows(rows)
        return opened(file.getvalue())

    def test_user_text_is_only_text(self):
        book = self._book([Column("Text")], [[text] for text in NASTY])
        for text, (cell,) in zip(NASTY, book.active.iter_rows(min_row=6), strict=True):
            self.assertEqual(cell.data_type, "s", text)
            self.assertIsNone(cell.hyperlink, text)
            shown = cell.value.replace("_x005F_", "_").replace("_x000B_", "\x0b")
            self.assertEqual(shown, cell_text(text))

    def test_cells_have_types(self):
        kinds = ["text", "integer", "number", "money", "percent", "date", "datetime"]
        values = ["甲", 12, 1.5, 1234.56, 0.25, date(2026, 6, 30), datetime(2026, 6, 30, 10, 5)]
        sheet = self._book(
            [Column(kind, kind) for kind in kinds], [values, [None, 0, False, "", None, None, None]]
        ).active
        cells = sheet[6]
        self.assertEqual([cell.data_type for cell in cells], ["s", "n", "n", "n", "n", "d", "d"])
        self.assertEqual([cell.value for cell in cells[:5]], values[:5])
        self.assertEqual(cells[5].value.date(), values[5])
        self.assertEqual(cells[6].value, values[6])
        self.assertEqual(cells[4].number_format, "0%")
        self.assertEqual([cell.value for cell in sheet[7]], [None, 0, None, None, None, None, None])

    def test_values_that_excel_does_not_know(self):
        row = [math.nan, math.inf, date(1600, 1, 1)]
        sheet = self._book([Column("a", "number"), Column("b", "money"), Column("c", "date")], [row]).active
        self.assertEqual([cell.value for cell in sheet[6]], ["nan", "inf", "1600-01-01"])

    def test_head_panes_filter_and_widths(self):
        sheet = self._book([Column("客户", width=30), Column("Score", "number")], [["甲", 1], ["乙", 2]]).active
        self.assertEqual(
            [sheet.cell(row, 1).value for row in (1, 2, 3)], ["客户分级清单", "Northwind", "Form No.: QR-1"]
        )
        self.assertEqual([cell.value for cell in sheet[5]], ["客户", "Score"])
        self.assertEqual(sheet.freeze_panes, "A6")
        self.assertEqual(sheet.auto_filter.ref, "A5:B7")
        self.assertAlmostEqual(sheet.column_dimensions["A"].width, 30, delta=1)
        self.assertEqual(sheet.oddFooter.left.text, "A && B")
        self.assertEqual(sheet.print_title_rows, "$5:$5")

    def test_empty_list(self):
        sheet = self._book([Column("Customer")], []).active
        self.assertEqual(sheet.auto_filter.ref, "A5:A6")

    def test_more_rows_than_a_sheet_holds(self):
        book = self._book([Column("n", "integer")], [[n] for n in range(12)], rows_per_sheet=10)
        self.assertEqual(len(book.worksheets), 3)
        numbers = [cell.value for sheet in book for (cell,) in sheet.iter_rows(min_row=6)]
        self.assertEqual(numbers, list(range(12)))
        self.assertEqual([sheet["A5"].value for sheet in book], ["n"] * 3)


@tagged("post_install", "-at_install")
class TestLists(ProcedureCase):
    """The grading list and the customer list (G1, D1, D4)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls.new_customer("=1+1 大客户", 9000, potential=80, ref="C-1")
        cls.small = cls.new_customer("Small", 100, ref="C-2")
        cls.export = cls.env.ref("base.group_allow_export")
        for role in ("marketing", "sales", "auditor", "user"):
            cls.users[role].group_ids += cls.export

    def _sheet(self, code, records, user):
        file = io.BytesIO()
        workbook = self.env[f"crm.procedure.workbook.{code}"].with_user(user)
        workbook._export(file, records.with_user(user))
        return opened(file.getvalue()).active

    def _table(self, sheet):
        """:return: list of {label: value}"""
        first = int(sheet.freeze_panes[1:])
        labels = [cell.value for cell in sheet[first - 1]]
        return [dict(zip(labels, (cell.value for cell in row), strict=True)) for row in sheet.iter_rows(min_row=first)]

    def _head(self, sheet):
        return "\n".join(str(sheet.cell(row, 1).value or "") for row in range(1, int(sheet.freeze_panes[1:]) - 1))

    def _kept(self, grading):
        return [opened(attachment.raw).active for attachment in grading.sudo().list_attachment_ids.sorted("id")]

    # ------------------------------------------------------------
    # Customer list
    # ------------------------------------------------------------

    def test_customer_list(self):
        self.run_grading()
        sheet = self._sheet("customer_list", self.big | self.small, self.users["marketing"])
        big, small = self._table(sheet)
        self.assertEqual((big["Name"], big["Customer Grade"], big["Potential"]), ("=1+1 大客户", "A", 80))
        self.assertEqual(big["Graded on"].date(), date(2026, 6, 30))
        self.assertEqual(small["Reference"], "C-2")
        self.assertIn("no form number assigned", self._head(sheet))
        self.assertIn("QP-07 V1.0", self._head(sheet))
        self.assertIn("Northwind Trading", self._head(sheet))

    def test_export_needs_the_right(self):
        with self.assertRaisesRegex(AccessError, "export"):
            self._sheet("customer_list", self.big, self.users["service"])

    def test_hidden_customers_are_not_exported(self):
        """An own-customers rule holds in the workbooks too (I11)."""
        grading = self.run_grading()
        self._hide_from("sales", self.small)
        with self.assertRaises(AccessError):
            self._sheet("customer_list", self.big | self.small, self.users["sales"])
        rows = self._table(self._sheet("grading_list", grading, self.users["sales"]))
        self.assertEqual([row["Customer"] for row in rows], ["=1+1 大客户"])
        kept = grading.list_attachment_ids
        with self.assertRaises(AccessError):
            kept.with_user(self.users["sales"]).read(["raw"])
        self.env.invalidate_all()
        self.assertFalse(grading.with_user(self.users["sales"]).list_attachment_ids)
        self.assertTrue(kept.with_user(self.users["auditor"]).raw)

    def _hide_from(self, role, customer):
        self.env["ir.rule"].create(
            {
                "name": "own customers",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": f"[('id', '!=', {customer.id})]",
                "groups": [(4, self.env.ref(f"crm_procedure.group_{role}").id)],
            }
        )

    def test_queries_grow_with_batches_only(self):
        workbook = self.env["crm.procedure.workbook.customer_list"].with_user(self.users["marketing"])
        counts = []
        for count in (3, 60):
            customers = self.env["res.partner"].create([{"name": f"C {n}", "customer_rank": 1} for n in range(count)])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            workbook._export(io.BytesIO(), customers.with_user(self.users["marketing"]))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 2, counts)

    # ------------------------------------------------------------
    # Grading list
    # ------------------------------------------------------------

    def test_draft_lists_everybody_with_the_move(self):
        self.run_grading()
        new = self.new_customer("New", 50)
        grading = self.new_grading(day="2026-07-31")
        with self.assertRaisesRegex(UserError, "not computed"):
            self._sheet("grading_list", grading, self.users["marketing"])
        grading.action_compute()
        rows = self._table(self._sheet("grading_list", grading, self.users["marketing"]))
        self.assertEqual([row["Customer"] for row in rows], ["=1+1 大客户", "Small", "New"])
        self.assertEqual([row["Move"] for row in rows], ["Unchanged", "Unchanged", "First grade"])
        self.assertEqual([row["Grade"] for row in rows], ["A", "C", "C"])
        self.assertEqual([row["Grade before"] for row in rows], ["A", "C", None])
        self.assertEqual(rows[0]["Orders"], 1)
        self.assertAlmostEqual(rows[0]["Score"], 87)
        self.assertTrue(new)

    def test_applied_grading_keeps_its_full_list(self):
        """《客户分级清单》, frozen: also who did not move, whatever happens later (9001 7.5.3)."""
        self.run_grading("2026-06-29")
        grading = self.run_grading("2026-06-30")
        self.assertFalse(grading.line_ids, "nobody moves in this one")
        self.assertTrue(grading.list_kept_on)
        [sheet] = self._kept(grading)
        self.assertEqual([row["Grade"] for row in self._table(sheet)], ["A", "C"])
        head = self._head(sheet)
        for text in (grading.name, "QP-07 V1.0", "Approved", "Marketing", "Sales"):
            self.assertIn(text, head)

    def test_overrides_stand_on_the_list(self):
        grading = self.new_grading()
        grading.action_compute()
        line = grading.line_ids.filtered(lambda row: row.partner_id == self.small)
        line.write({"grade_id": self.grade("B").id, "override_reason": "Founder's brother"})
        self.sign(grading, "marketing", "sales")
        [sheet] = self._kept(grading)
        [small] = [row for row in self._table(sheet) if row["Customer"] == "Small"]
        self.assertEqual((small["Grade"], small["Computed grade"]), ("B", "C"))
        self.assertEqual((small["Overridden by"],), ("Marketing",))
        self.assertEqual([value for value in small.values() if value == "Founder's brother"], ["Founder's brother"])

    def test_kept_list_is_changed_by_nobody(self):
        grading = self.run_grading()
        kept = grading.list_attachment_ids
        self.users["marketing"].group_ids += self.env.ref("base.group_system")
        for user in (self.users["marketing"], self.users["auditor"], self.env.ref("base.user_root")):
            for values in ({"raw": b"x"}, {"name": "x"}, {"res_id": 0}, {"db_datas": b"x"}, {"procedure_kept": False}):
                with self.subTest(user=user.login, values=values), self.assertRaises(UserError):
                    kept.with_user(user).write(values)
            with self.assertRaises(UserError):
                kept.with_user(user).unlink()
        self.assertTrue(kept.raw)
        forged = self.env["ir.attachment"].with_user(self.users["marketing"])
        forged = forged.with_context(default_procedure_kept=True)
        forged = forged.create({"name": "forged.xlsx", "raw": b"x", "procedure_kept": True})
        self.assertFalse(forged.sudo().procedure_kept)
        forged.write({"name": "mine"})
        forged.unlink()

    def test_file_store_may_move_a_kept_list(self):
        kept = self.run_grading().list_attachment_ids
        kept.write({"raw": kept.raw, "mimetype": kept.mimetype})

    def test_long_list_is_kept_by_the_scheduled_action(self):
        """A workbook a transaction; killed in between, it goes on with the next."""
        for n in range(3):
            self.new_customer(f"More {n}", 10)
        with patch.object(grading_kept, "AT_ONCE", 1), patch.object(grading_kept, "PART", 2):
            grading = self.run_grading()
            self.assertTrue(grading.applied_on)
            self.assertFalse(grading.list_attachment_ids)
            self.assertFalse(grading._keep_part())  # … and the worker is killed here
            self._run_cron()
        self.assertTrue(grading.list_kept_on)
        sheets = self._kept(grading)
        self.assertEqual([len(self._table(sheet)) for sheet in sheets], [2, 2, 1])
        names = {row["Customer"] for sheet in sheets for row in self._table(sheet)}
        self.assertEqual(names, {"=1+1 大客户", "Small", "More 0", "More 1", "More 2"})
        self.assertEqual(len(set(grading.list_attachment_ids.mapped("name"))), 3)
        self._run_cron()
        self.assertEqual(len(grading.list_attachment_ids), 3)

    def test_later_list_does_not_change_the_grades_of_an_earlier_one(self):
        with patch.object(grading_kept, "AT_ONCE", 0):
            self.run_grading("2026-05-31")
            second = self.run_grading("2026-06-01")
            self.new_order(self.small, 20000, "2026-06-10")
            self.run_grading("2026-06-30")
            self.assertEqual(self.small.procedure_grade_id.name, "A")
            self._run_cron()
        [small] = [row for row in self._table(self._kept(second)[0]) if row["Customer"] == "Small"]
        self.assertEqual(small["Grade"], "C")

    def test_list_that_cannot_be_kept_is_set_aside(self):
        broken = patch.object(
            type(self.env["crm.procedure.workbook.grading_list"]), "_raw_rows", side_effect=OSError("disk")
        )
        with broken, self.assertLogs("odoo.addons.crm_procedure.models.grading_kept", "ERROR"):
            grading = self.run_grading()
            self.assertTrue(grading.applied_on, "the grades are written all the same")
            self._run_cron()
        self.assertTrue(grading.list_failed)
        self.assertIn("could not be kept", "".join(grading.activity_ids.mapped("summary")))
        grading.with_user(self.users["marketing"]).action_keep_list()
        self._run_cron()
        self.assertTrue(grading.list_kept_on)
        self.assertFalse(grading.list_failed)

    def test_whole_selection_comes_as_a_domain(self):
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 2)
        workbook = self.env["crm.procedure.workbook.customer_list"]
        ids, domain = [self.big.id, self.small.id], [["customer_rank", ">", 0]]
        context = {"active_domain": domain, "active_model": "res.partner"}
        self.assertIn("ids", workbook.with_context(**context).download(ids[:1])["params"]["data"])
        self.assertIn("domain", workbook.with_context(**context).download(ids)["params"]["data"])

    def _run_cron(self):
        with self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_grading_apply").method_direct_trigger()
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestDownload(ProcedureCase, HttpCase):
    """The route: bad input and foreign records are answered, not crashed upon."""

    def test_download(self):
        customer = self.new_customer("客户", 10)
        user = self.users["marketing"]
        user.group_ids += self.env.ref("base.group_allow_export")
        url = "/crm_procedure/workbook/customer_list"
        self.authenticate(user.login, user.login)
        answer = self.url_open(f"{url}?ids=[{customer.id}]")
        self.assertEqual(answer.status_code, 200)
        self.assertIn("attachment", answer.headers["Content-Disposition"])
        self.assertEqual(int(answer.headers["Content-Length"]), len(answer.content))
        self.assertIn("客户", [row[0].value for row in opened(answer.content).active.iter_rows()])
        by_domain = self.url_open(f'{url}?domain=[["id","=",{customer.id}]]')
        self.assertEqual(by_domain.status_code, 200)
        for bad, status in (("", 400), ("?ids=x", 400), ('?domain=[["no","=",1]]', 400), ("?ids=[999999999]", 404)):
            with self.subTest(bad):
                self.assertEqual(self.url_open(url + bad).status_code, status)
        self.assertEqual(self.url_open("/crm_procedure/workbook/nothing?ids=[1]").status_code, 404)
        user.group_ids -= self.env.ref("base.group_allow_export")
        self.assertEqual(self.url_open(f"{url}?ids=[{customer.id}]").status_code, 403)
