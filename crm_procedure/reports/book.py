"""What every Excel file has in common: how it is opened, its styles, kinds of columns, head.

Knows no model. What users typed is always text, never a formula or a link (core's own export
is not so careful), and rows go to the disk as they come, so that the size of a list is no matter.
"""

import tempfile
import unicodedata
from typing import NamedTuple

import xlsxwriter

from .row_writer import CUT, PlainRows, row_writer, write_cell

ROWS_PER_SHEET = 1_048_576  # all that Excel can open

# kind of a column: number format and usual width in characters
KINDS = {
    "text": ("@", 18),
    "integer": ("#,##0", 10),
    "number": ("#,##0.00", 10),
    "money": ("#,##0.00", 16),
    "percent": ("0%", 10),
    "share": ('0.0"%"', 10),  # a percentage that is stored as 97.5
    "date": ("yyyy-mm-dd", 12),
    "datetime": ("yyyy-mm-dd hh:mm", 17),
    "boolean": ("General", 10),
    "plain": ("General", 10),  # a number as it is, or words
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
    :param str cut: closes a text that is too long for a cell; %d is how much is left out
    """

    title: str
    company: str
    lines: list
    footer: str = ""
    cut: str = CUT


class Book:
    """An open workbook. What it needs on the disk meanwhile is gone with it, however it ends.

    :param target: binary file that can be written and sought, or a path
    """

    def __init__(self, target, head):
        self.head = head
        self.count = 0  # rows of all tables
        self._formats = {}
        self._folder = tempfile.TemporaryDirectory(prefix="crm_procedure_", ignore_cleanup_errors=True)
        self.file = xlsxwriter.Workbook(
            target,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": self._folder.name,
                "use_zip64": True,  # a million rows are more than a gigabyte before they are packed
            },
        )
        self.file.set_properties({"title": head.title, "company": head.company})

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _trace):
        try:
            if kind is None:
                self.close()
            else:
                self._abandon()
        finally:
            self._folder.cleanup()

    def close(self):
        self.file.close()

    def _abandon(self):
        for sheet in self.file.worksheets():
            if stream := getattr(sheet, "row_data_fh", None):
                stream.close()
        self.file.fileclosed = True  # else it would still be written when the garbage is collected

    def style(self, **options):
        """:return: the format with these options, made once"""
        key = tuple(sorted(options.items()))
        if key not in self._formats:
            self._formats[key] = self.file.add_format(
                {"font_name": FONT, "font_size": 10, "valign": "vcenter", **options}
            )
        return self._formats[key]

    def style_of(self, column, wrap=False):
        """:return: format of the values of a column"""
        look = {"align": "center"} if column.kind in ("date", "datetime") else {}
        return self.style(num_format=KINDS[column.kind][0], text_wrap=wrap and column.kind == "text", **look)

    def text(self, sheet, row, column, text, **options):
        """Write a text cell with a style of these options."""
        write_cell(sheet, row, column, "text", text, self.style(**options), self.head.cut)

    def label(self, sheet, row, column, text):
        """Write the label of a column."""
        look = {"bold": True, "bg_color": HEAD_FILL, "bottom": 1, "bottom_color": "#7F93AC"}
        self.text(sheet, row, column, text, text_wrap=True, align="center", **look)

    def rows(self, sheet, columns, row, wrap=False):
        """:param bool wrap: long texts take several lines, and their rows the height of them
        :return: writer of the rows of a table, ``row`` being the first
        """
        cells = [(column.kind, self.style_of(column, wrap)) for column in columns]
        return (PlainRows if wrap else row_writer)(sheet, cells, row, self.head.cut)


def label_width(column):
    """Wide enough for the label on two lines."""
    return max(KINDS[column.kind][1], min(24, shown_width(column.label) / 2 + 4))


def shown_width(text):
    """:return: width in characters, a Chinese one being as wide as two others"""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def lines_of(text, width):
    """:return: how many lines a text takes in a column so wide"""
    return sum(max(1, -int(-shown_width(line) // max(1, width))) for line in text.splitlines() or [""])
