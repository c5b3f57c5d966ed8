"""Several tables with native charts in one workbook: the base of reports that people present.

Like ``workbook.py`` it knows no model, and what users typed is always text. The tables are
short, so that they may lie in memory: a chart wants to know where its figures stand.
"""

import re

import xlsxwriter

from .workbook import FONT, HEAD_FILL, KINDS, cell_writer, label_width, write_text

SHEET_NAME = 31  # characters that Excel allows
FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


class Sheets:
    """A workbook of named sheets.

        with Sheets(file, head) as book:
            sheet = book.add("Figures")
            table = sheet.table(columns, rows)
            sheet.bars("Satisfied", table, label=0, value=2)

    :param head: ``Head``; stands above the first table of each sheet
    """

    def __init__(self, target, head):
        self.head = head
        self._book = xlsxwriter.Workbook(
            target,
            {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
        )
        self._book.set_properties({"title": head.title, "company": head.company})
        self._formats = {}
        self._names = set()
        self.count = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, _error, _trace):
        if kind is None:
            self._book.close()

    def style(self, **options):
        """:return: the format with these options, made once"""
        key = tuple(sorted(options.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(
                {"font_name": FONT, "font_size": 10, "valign": "vcenter", **options}
            )
        return self._formats[key]

    def add(self, name):
        """:param name: as people would call it; what Excel forbids is taken out, a second one is numbered
        :return: ``Sheet``
        """
        plain = FORBIDDEN.sub(" ", name).strip(" '") or "Sheet"
        unique, number = plain[:SHEET_NAME], 2
        while unique.lower() in self._names:
            unique = f"{plain[: SHEET_NAME - len(str(number)) - 1]} {number}"
            number += 1
        self._names.add(unique.lower())
        return Sheet(self, self._book.add_worksheet(unique))

    def chart(self, kind, **options):
        """:return: xlsxwriter chart"""
        return self._book.add_chart({"type": kind, **options})


class Table:
    """Where a table stands: first and last row of its values, and the sheet."""

    def __init__(self, sheet, first, last):
        self.name, self.first, self.last = sheet.get_name(), first, last

    def column(self, index):
        """:return: reference to the values of a column, as charts take it"""
        return [self.name, self.first, index, self.last, index]


class Sheet:
    """A sheet that is filled from the top down."""

    def __init__(self, book, sheet):
        self.book, self.sheet = book, sheet
        self._widths = {}
        head = book.head
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        footer = head.footer.replace("&", "&&")[:200]  # & begins a code; 255 is all that fits
        sheet.set_footer(f"&L{footer}&R&P / &N")
        sheet.set_row(0, 26)
        write_text(sheet, 0, 0, head.title, book.style(bold=True, font_size=16))
        write_text(sheet, 1, 0, head.company, book.style(bold=True, font_size=11))
        for row, line in enumerate(head.lines, start=2):
            write_text(sheet, row, 0, line, book.style(font_color="#444444"))
        self.row = 3 + len(head.lines)

    def heading(self, text):
        """A line in bold above what follows."""
        write_text(self.sheet, self.row, 0, text, self.book.style(bold=True, font_size=12))
        self.row += 1

    def text(self, text):
        """A paragraph, as high as its lines need when it is some hundred characters wide."""
        lines = sum(1 + len(line) // 100 for line in text.splitlines())
        self.sheet.merge_range(self.row, 0, self.row, 7, "", self.book.style(text_wrap=True, valign="top"))
        write_text(self.sheet, self.row, 0, text, self.book.style(text_wrap=True, valign="top"))
        self.sheet.set_row(self.row, min(400, 15 * max(1, lines)))
        self.row += 1

    def table(self, columns, rows, with_filter=False):
        """:param columns: list of ``Column``
        :param rows: iterable of sequences, a value per column; None, False and "" stay empty
        :return: ``Table``
        """
        style = self.book.style(
            bold=True, bg_color=HEAD_FILL, bottom=1, bottom_color="#7F93AC", text_wrap=True, align="center"
        )
        top = self.row
        self.sheet.set_row(top, 32)
        for index, column in enumerate(columns):
            write_text(self.sheet, top, index, column.label, style)
            width = max(self._widths.get(index, 0), column.width or label_width(column))
            self._widths[index] = width
            self.sheet.set_column(index, index, width)
        writers = [
            (cell_writer(c.kind), self.book.style(num_format=KINDS[c.kind][0], text_wrap=c.kind == "text"))
            for c in columns
        ]
        self.row += 1
        for values in rows:
            for index, value in enumerate(values):
                if value is None or value is False or value == "":
                    continue
                write, cell = writers[index]
                write(self.sheet, self.row, index, value, cell)
            self.row += 1
            self.book.count += 1
        last = max(self.row - 1, top + 1)
        if with_filter:
            self.sheet.autofilter(top, 0, last, len(columns) - 1)
            self.sheet.freeze_panes(top + 1, 0)
        self.row = last + 2
        return Table(self.sheet, top + 1, last)

    def place(self, chart, title, column=0, width=760, height=300):
        """Put a chart under what stands here, or beside the last one."""
        chart.set_title({"name": title, "name_font": {"name": FONT, "size": 12}})
        chart.set_size({"width": width, "height": height})
        self.sheet.insert_chart(self.row, column, chart)

    def skip(self, rows):
        """Leave rows free, for a chart."""
        self.row += rows
