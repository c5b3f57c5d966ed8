import io
import math
import random
import re
import tempfile
import tracemalloc
import zipfile
from datetime import date, datetime
from pathlib import Path
from unittest.mock import patch

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.exceptions import AccessError, MissingError
from odoo.tests import TransactionCase, tagged

from ..reports import row_writer
from ..reports.record_rows import RecordRows
from ..reports.row_writer import LONGEST_TEXT, FastRows, PlainRows, cell_text
from ..reports.sheets import Sheets
from ..reports.workbook import Column, Head, Workbook
from .common import ProcedureCase
from .libreoffice import converted

KINDS = ["text", "integer", "number", "money", "percent", "share", "date", "datetime", "boolean"]
HEAD = Head("客户分级清单", "Northwind", ["Form No.: QR-1"], "A & B")
TEXTS = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "http://a.b", "'1", "<r>&<t>x</t></r>", "a<b>&c"),
    *("_x0041_", "_X0041_", "__x0041__", "a\x0bb", "\x00", "\x1f", " b ", "\n", "a\r\nb", "\u2028", "\xa0", "\x85"),
    *("😀" * 3, "שלום \u202eעולם", "السلام", "\ufffe\uffff", "\ud83d", "1e5", "TRUE", "2026-01-01"),
]

any_text = st.one_of(
    st.sampled_from(TEXTS), st.text(max_size=40), st.text(alphabet="_x041<>&\"' \n\x0b😀", max_size=20)
)
any_value = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(),
    st.dates(),
    st.datetimes(),
    any_text,
)


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


def written(rows, kinds=KINDS, fast=True, head=HEAD):
    """:return: content of a workbook with ``rows``, by the writer chosen"""
    file = io.BytesIO()
    with (
        patch.object(row_writer, "is_fast", lambda: fast),
        Workbook(file, head, [Column(kind, kind) for kind in kinds]) as book,
    ):
        book.write_rows(rows)
    return file.getvalue()


def sheet_of(content):
    """:return: XML of the sheet but for the range it names, which reaches to the last row, empty or not"""
    xml = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml")
    return re.sub(b"<dimension[^>]*>", b"", xml)


class NumberedRows(PlainRows):
    """The public calls, the styles being numbered in the order of the columns and not of their first use."""

    def __init__(self, sheet, cells, row, cut):
        for _kind, style in cells:
            style._get_xf_index()
        super().__init__(sheet, cells, row, cut)


@tagged("post_install", "-at_install")
class TestRowWriter(TransactionCase):
    """Issue 6: rows in one piece, the same as by the public calls of xlsxwriter."""

    def test_installed_xlsxwriter_is_trusted(self):
        row_writer.is_fast.cache_clear()
        self.assertTrue(row_writer.is_fast())

    def test_unknown_xlsxwriter_is_not(self):
        """One that has no such stream, and one that writes other bytes: the public calls write, and the log says so."""
        broken = patch.object(FastRows, "__init__", side_effect=AttributeError("row_data_fh"))
        other = patch.object(row_writer, "_escape", lambda text: text)
        for change in (broken, other):
            row_writer.is_fast.cache_clear()
            with change, self.assertLogs(row_writer.__name__, "WARNING"):
                self.assertFalse(row_writer.is_fast())
                file = io.BytesIO()
                with Workbook(file, HEAD, [Column("Text")]) as book:
                    book.write_rows([["=1+1"]])
                self.assertEqual(opened(file.getvalue()).active["A6"].value, "=1+1")
        row_writer.is_fast.cache_clear()

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(*[any_value] * len(KINDS)), max_size=6))
    def test_same_cells_as_by_the_public_calls(self, rows):
        """Any value in any kind of column: the same bytes, which are XML, and no formula."""
        fast = sheet_of(written(rows))
        with patch.object(row_writer, "PlainRows", NumberedRows):
            plain = sheet_of(written(rows, fast=False))
        self.assertEqual(fast, plain)
        self.assertFalse(etree.fromstring(fast).findall(".//{*}f"))

    @settings(max_examples=60, deadline=None)
    @given(st.lists(any_text, min_size=1, max_size=5))
    def test_text_is_read_back_as_it_was(self, texts):
        cells = [
            row[0].value for row in opened(written([[text] for text in texts], ["text"])).active.iter_rows(min_row=6)
        ]
        for text, cell in zip(texts, cells, strict=False):
            shown = cell or ""
            for code in range(0x20):
                shown = shown.replace(f"_x{code:04X}_", chr(code))
            shown = shown.replace("_x005F_", "_").replace("_xFFFE_", "\ufffe").replace("_xFFFF_", "\uffff")
            expected = cell_text(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            if "\\x" not in ascii(text) and "_x" not in text and "\r" not in text:
                self.assertEqual(shown, expected)

    def test_long_text_says_that_it_was_cut(self):
        """32,768 characters: one too many. Excel counts an emoji as two."""
        texts = ["x" * 32_767, "x" * 32_768, "😀" * 16_383, "😀" * 16_384, "a" + "😀" * 40_000]
        rows = [[text] for text in texts]
        cells = [row[0].value for row in opened(written(rows, ["text"])).active.iter_rows(min_row=6)]
        self.assertEqual([cells[0], cells[2]], [texts[0], texts[2]])
        for text, cell in zip(texts, cells, strict=True):
            self.assertLessEqual(len(cell.encode("utf-16-le")) // 2, LONGEST_TEXT)
            if cell != text:
                kept, left_out = cell.split("… [cut: ")
                self.assertTrue(text.startswith(kept))
                self.assertEqual(int(left_out.split()[0]), len(text) - len(kept))
        self.assertEqual(len(set(cells) - set(texts)), 3)

    def test_values_that_a_kind_does_not_know(self):
        row = ["甲", "n/a", math.nan, math.inf, "none", "–", date(1600, 1, 1), "soon", "maybe"]
        cells = [cell.value for cell in opened(written([row])).active[6]]
        self.assertEqual(cells, ["甲", "n/a", "nan", "inf", "none", "–", "1600-01-01", "soon", "maybe"])

    def test_types(self):
        moment = datetime(2026, 6, 30, 10, 5)
        rows = [
            ["甲", 12, 1.5, 9.99, 0.25, 97.5, moment.date(), moment, True],
            [None, 0, 0, "", None, False, None, None, False],
        ]
        sheet = opened(written(rows)).active
        self.assertEqual([cell.data_type for cell in sheet[6]], ["s", *"nnnnn", "d", "d", "b"])
        self.assertEqual([cell.value for cell in sheet[6]][6:], [datetime(2026, 6, 30), moment, True])
        self.assertEqual([cell.value for cell in sheet[7]], [None, 0, 0, None, None, None, None, None, False])
        self.assertEqual(sheet["F6"].number_format, '0.0"%"')

    def test_row_of_another_length_is_refused(self):
        """Never a column under a wrong label; and nothing of the broken file stays on the disk."""
        folder = Path(tempfile.gettempdir())
        before = set(folder.glob("crm_procedure_*"))
        for fast in (True, False):
            with self.assertRaises(ValueError):
                written([["a", "b"]], ["text"], fast)
        self.assertEqual(set(folder.glob("crm_procedure_*")), before)

    def test_public_calls_go_on_below(self):
        for fast in (True, False):
            file = io.BytesIO()
            with patch.object(row_writer, "is_fast", lambda fast=fast: fast), Sheets(file, HEAD) as book:
                sheet = book.add("One/Two:*?")
                table = sheet.table([Column("Name"), Column("n", "integer")], [["a", 1], ["b", 2]])
                sheet.place(book.chart("column", table.series(0, 1)), "Chart")
                sheet.skip(16)
                sheet.heading("Below")
                sheet.table([Column("Name")], [])
                sheet.text("A paragraph")
                book.add("History").link(sheet.name, "Back")
            book = opened(file.getvalue())
            self.assertEqual(book.sheetnames, ["One Two", "History -"])
            values = [row[0].value for row in book["One Two"].iter_rows() if row[0].value]
            self.assertEqual(values, [*HEAD[:2], HEAD.lines[0], "Name", "a", "b", "Below", "Name", "A paragraph"])
            self.assertEqual(book["History -"]["A5"].hyperlink.location, "'One Two'!A1")
            chart = zipfile.ZipFile(file).read("xl/charts/chart1.xml").decode()
            self.assertIn("<c:v>2</c:v>", chart, "a previewer shows the figures too")

    def test_memory_does_not_grow_with_the_rows(self):
        def peak(count):
            tracemalloc.start()
            with tempfile.TemporaryFile() as file, Workbook(file, HEAD, [Column("a"), Column("b", "integer")]) as book:
                book.write_rows([f"row {n}", n] for n in range(count))
            size = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return size

        peak(10)
        self.assertLess(peak(20_000) - peak(2000), 500_000)

    def test_a_full_sheet_goes_on_upon_the_next(self):
        for rows_per_sheet, count, sheets in ((10, 5, 1), (10, 6, 2), (10, 12, 3), (10, 0, 1)):
            file = io.BytesIO()
            with Workbook(file, HEAD, [Column("n", "integer")], rows_per_sheet) as book:
                book.write_rows(iter([[n] for n in range(count)]))
            book = opened(file.getvalue())
            self.assertEqual(len(book.worksheets), sheets)
            numbers = [cell.value for sheet in book for (cell,) in sheet.iter_rows(min_row=6) if cell.value is not None]
            self.assertEqual(numbers, list(range(count)))

    def test_opens_in_libreoffice(self):
        chosen = random.Random(6)
        rows = [[text, *chosen.sample(range(100), 5), date(2026, 1, 1), datetime.now(), True] for text in TEXTS]
        content = written([*rows, ["😀" * 20_000] + [None] * 8])
        shown = converted(content, "csv", "csv:Text - txt - csv (StarCalc):44,34,76").decode()
        for text in ("=1+1", "@SUM(A1)", "a<b>&c", "😀😀😀", "שלום", "[cut: "):
            self.assertIn(text, shown)


@tagged("post_install", "-at_install")
class TestRecordRows(ProcedureCase):
    """Records as rows: what the ORM reads, with its rights, at a few queries a batch (I11)."""

    NAMES = ["name", "ref", "is_company", "procedure_grade_id", "procedure_standing", "user_id", "category_id"]
    NAMES += ["create_date", "country_id", "procedure_potential", "display_name", "parent_id"]

    def _customers(self, count):
        tags = self.env["res.partner.category"].create([{"name": "Tag 1"}, {"name": "Tag 2"}])
        return self.env["res.partner"].create(
            [
                {
                    "name": f"=C {n}",
                    "is_company": bool(n % 2),
                    "user_id": self.users["sales"].id if n % 3 else False,
                    "category_id": [(6, 0, tags[: n % 3].ids)],
                    "procedure_standing": "leader" if n % 2 else False,
                }
                for n in range(count)
            ]
        )

    def test_rows_are_what_the_records_say(self):
        customers = self._customers(7)[::-1]
        model = self.env["res.partner"].with_user(self.users["marketing"]).with_context(tz="Asia/Shanghai")
        rows = list(RecordRows(model, self.NAMES).of(customers.ids, batch=3))
        self.assertEqual([row[0] for row in rows], customers.mapped("name"), "in the order asked for")
        for row, customer in zip(rows, customers, strict=True):
            values = dict(zip(self.NAMES, row, strict=True))
            self.assertEqual(values["user_id"] or "", customer.user_id.name or "")
            self.assertEqual(values["category_id"], ", ".join(customer.category_id.mapped("display_name")))
            self.assertEqual(values["procedure_standing"], "Leader" if customer.procedure_standing else None)
            self.assertEqual(values["is_company"], "Yes" if customer.is_company else None)
            self.assertEqual(values["display_name"], customer.display_name)
            hours = (values["create_date"] - customer.create_date).total_seconds() / 3600
            self.assertAlmostEqual(hours, 8, msg="by the user's clock")

    def test_rules_and_rights_hold(self):
        customers = self._customers(3)
        rules = {"name": "hide", "model_id": self.env.ref("base.model_res_partner").id}
        self.env["ir.rule"].create({**rules, "domain_force": f"[('id', '!=', {customers[1].id})]"})
        model = self.env["res.partner"].with_user(self.users["marketing"])
        self.assertEqual(len(list(RecordRows(model, ["name"]).of((customers[0] | customers[2]).ids))), 2)
        with self.assertRaises(AccessError):
            list(RecordRows(model, ["name"]).of(customers.ids))
        field = type(customers)._fields["ref"]
        with patch.object(field, "groups", "base.group_system"), self.assertRaises(AccessError):
            list(RecordRows(model, ["name", "ref"]).of(customers[:1].ids))

    def test_deleted_meanwhile(self):
        customers = self._customers(3)
        rows = RecordRows(self.env["res.partner"], ["name"]).of(customers.ids, batch=1)
        next(rows)
        customers[1].unlink()
        with self.assertRaises(MissingError):
            list(rows)

    def test_queries_grow_with_batches_only(self):
        model = self.env["res.partner"].with_user(self.users["marketing"])
        counts = []
        for count in (20, 200):
            customers = self._customers(count)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            list(RecordRows(model, self.NAMES).of(customers.ids))
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1, counts)
