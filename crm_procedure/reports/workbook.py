"""The base of every Excel workbook: styles, head block and typed cells in one place.

Knows no model: it is given a head, columns and rows, and writes row by row to a file in
constant memory, so that the size of a list is no matter. What users typed is always text,
never a formula or a link (core's own export is not so careful).
"""

import math
import unicodedata
from datetime import date, datetime
from typing import NamedTuple

import xlsxwriter

ROWS_PER_SHEET = 1_048_576  # all that Excel can open
LONGEST_TEXT = 32_767  # of one cell, as above

# kind of a column: number format and usual width in characters
KINDS = {
    "text": ("@", 18),
    "integer": ("#,##0", 10),
    "number": ("#,##0.00", 10),
    "money": ("#,##0.00", 16),
    "percent": ("0%", 10),
    "date": ("yyyy-mm-dd", 12),
    "datetime": ("yyyy-mm-dd hh:mm", 17),
}

FONT = "Microsoft YaHei"  # where it is missing, Excel and LibreOffice take the next Chinese one
HEAD_FILL = "#DCE6F1"


class Column(NamedTuple):
    label: str
    kind: str = "text"
    width: int = 0  # 0: as usual for the kind, and wide enough for the label


class Head(NamedTuple):
    """What stands above the table.

    :param str title: of the form
    :param str company: whose list it is
    :param list lines: texts, one a row
    :param str footer: left side of each printed page; the right side is the page number
    """

    title: str
    company: str
    lines: list
    footer: str = ""


class Workbook:
    """One table in a workbook, over as many sheets as it needs.

        with Workbook(file, head, columns) as book:
            book.write_rows(rows)

    :param target: binary file that can be written and sought, or a path
    :param rows_per_sheet: a further sheet is begun after so many
    """

    def __init__(self, target, head, columns, rows_per_sheet=ROWS_PER_SHEET):
        self.head = head
        self.columns = columns
        self.rows_per_sheet = rows_per_sheet
        self.count = 0
        self._book = xlsxwriter.Workbook(
            target,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.set_properties({"title": head.title, "company": head.company})
        self._styles()
        self._sheet = None
        self._new_sheet()

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _trace):
        if kind is None:
            self.close()

    def write_rows(self, rows):
        """:param rows: iterable of sequences, a value per column; None, False and "" stay empty"""
        for values in rows:
            if self._row >= self.rows_per_sheet:
                self._finish_sheet()
                self._new_sheet()
            row = self._row
            for index, value in enumerate(values):
                if value is None or value is False or value == "":
                    continue
                write, style = self._writers[index]
                write(self._sheet, row, index, value, style)
            self._row += 1
            self.count += 1

    def close(self):
        self._finish_sheet()
        self._book.close()

    # ------------------------------------------------------------
    # Sheets
    # ------------------------------------------------------------

    def _styles(self):
        def style(**options):
            return self._book.add_format({"font_name": FONT, "font_size": 10, "valign": "vcenter", **options})

        self._style_title = style(bold=True, font_size=16)
        self._style_company = style(bold=True, font_size=11)
        self._style_line = style(font_color="#444444")
        self._style_label = style(
            bold=True, bg_color=HEAD_FILL, bottom=1, bottom_color="#7F93AC", text_wrap=True, align="center"
        )
        cells = {kind: style(num_format=number_format) for kind, (number_format, _width) in KINDS.items()}
        self._writers = [(_WRITE[column.kind], cells[column.kind]) for column in self.columns]

    def _new_sheet(self):
        """Rows are written from the top down: in constant memory there is no way back."""
        sheet = self._sheet = self._book.add_worksheet()
        for index, column in enumerate(self.columns):
            sheet.set_column(index, index, column.width or _width(column))
        sheet.set_row(0, 26)
        _write_text(sheet, 0, 0, self.head.title, self._style_title)
        _write_text(sheet, 1, 0, self.head.company, self._style_company)
        for row, line in enumerate(self.head.lines, start=2):
            _write_text(sheet, row, 0, line, self._style_line)
        self._label_row = 3 + len(self.head.lines)  # an empty row keeps the filter off the head
        sheet.set_row(self._label_row, 32)
        for index, column in enumerate(self.columns):
            _write_text(sheet, self._label_row, index, column.label, self._style_label)
        self._row = self._label_row + 1
        sheet.freeze_panes(self._row, 0)
        self._set_print(sheet)

    def _set_print(self, sheet):
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(self._label_row)
        left = self.head.footer.replace("&", "&&")[:200]  # & begins a code; 255 is all that fits
        sheet.set_footer(f"&L{left}&R&P / &N")

    def _finish_sheet(self):
        last = max(self._row - 1, self._label_row + 1)
        self._sheet.autofilter(self._label_row, 0, last, len(self.columns) - 1)


# ------------------------------------------------------------
# Cells
# ------------------------------------------------------------


def _write_text(sheet, row, column, value, style):
    text = str(value)[:LONGEST_TEXT]
    if text.startswith("<r>") and text.endswith("</r>"):
        text = text[: LONGEST_TEXT - 1] + " "  # xlsxwriter would take it for its own markup, unescaped
    sheet.write_string(row, column, text, style)


def _write_number(sheet, row, column, value, style):
    if math.isfinite(value):
        sheet.write_number(row, column, value, style)
    else:
        _write_text(sheet, row, column, value, style)


def _write_date(sheet, row, column, value, style):
    if isinstance(value, (date, datetime)) and value.year >= 1900:
        sheet.write_datetime(row, column, value, style)
    else:
        _write_text(sheet, row, column, value, style)  # Excel knows no day before 1900


_WRITE = {
    "text": _write_text,
    "integer": _write_number,
    "number": _write_number,
    "money": _write_number,
    "percent": _write_number,
    "date": _write_date,
    "datetime": _write_date,
}


def _width(column):
    """Wide enough for the label on two lines; a Chinese character is as wide as two others."""
    label = sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in column.label)
    return max(KINDS[column.kind][1], min(24, label / 2 + 4))


# what other workbooks share
write_text, label_width, cell_writer = _write_text, _width, _WRITE.get
