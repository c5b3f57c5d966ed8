"""Several tables with native charts in one workbook: the base of reports that people present.

A chart wants to know where its figures stand, and what they are: previewers show nothing else.
So a table remembers its values, as long as they are few enough to be drawn.
"""

import itertools
import re

from .book import FONT, ROWS_PER_SHEET, Book, label_width, lines_of

SHEET_NAME = 31  # characters that Excel allows
FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
DRAWN = 1000  # rows of a table that a chart may show
COLORS = ("#5B9BD5", "#ED7D31", "#A5A5A5", "#70AD47", "#FFC000", "#4472C4")


class Sheets(Book):
    """A workbook of named sheets.

        with Sheets(file, head) as book:
            sheet = book.add("Figures")
            table = sheet.table(columns, rows)
            sheet.place(book.chart("column", table.series(0, 1)), "Satisfied")

    :param head: ``Head``; stands above the first table of each sheet
    :param rows_per_sheet: a list goes on upon a further sheet after so many
    """

    def __init__(self, target, head, rows_per_sheet=ROWS_PER_SHEET):
        super().__init__(target, head)
        self.rows_per_sheet = rows_per_sheet
        self.names = []
        self.back = None  # (name, text) of a sheet that every further one links to
        self._taken = set()

    def add(self, name, color=None):
        """:param name: as people would call it; what Excel forbids is taken out, a second one is numbered
        :param color: of the tab
        :return: ``Sheet``
        """
        unique = self._unique(name)
        sheet = self.file.add_worksheet(unique)
        self.names.append(unique)
        if color:
            sheet.set_tab_color(color)
        return Sheet(self, sheet)

    def _unique(self, name):
        plain = FORBIDDEN.sub(" ", name).strip(" '")[:SHEET_NAME].strip(" '") or "Sheet"
        if plain.lower() == "history":  # Excel keeps that name for itself
            plain += " -"
        unique, number = plain, 2
        while unique.lower() in self._taken:
            unique = f"{plain[: SHEET_NAME - len(str(number)) - 1]} {number}"
            number += 1
        self._taken.add(unique.lower())
        return unique

    def list(self, name, columns, rows):
        """A table of any length on a sheet of its own, going on upon further ones.

        :return: the first ``Sheet``
        """
        rows, first = iter(rows), None
        while True:
            sheet = self.add(name)
            first = first or sheet
            table = sheet.list(columns, rows, self.rows_per_sheet)
            if table.last - table.first + 1 < self.rows_per_sheet - table.first:
                return first  # there was room for more
            following = next(rows, None)
            if following is None:
                return first
            rows = itertools.chain([following], rows)

    def chart(self, kind, *series, **options):
        """:param series: of ``Table.series``
        :return: xlsxwriter chart
        """
        chart = self.file.add_chart({"type": kind, **options})
        for number, one in enumerate(series):
            chart.add_series({"fill": {"color": COLORS[number % len(COLORS)]}, "gap": 80, **one})
        if len(series) < 2:
            chart.set_legend({"none": True})
        else:
            chart.set_legend({"position": "bottom"})
        return chart


class Table:
    """Where a table stands: first and last row of its values, and the sheet."""

    def __init__(self, sheet, columns, first, last, values):
        self.name, self.first, self.last = sheet.get_name(), first, last
        self._columns, self._values = columns, values

    def column(self, index, first=None, last=None):
        """:return: reference to the values of a column, as charts take it"""
        return [self.name, self.first if first is None else first, index, self.last if last is None else last, index]

    def series(self, label, value, first=None, last=None, **options):
        """:param label, value: indexes of two columns
        :param first, last: rows, where not the whole table is meant
        :return: what ``add_series`` of a chart takes, with the values as they are now
        """
        begin = (self.first if first is None else first) - self.first
        end = (self.last if last is None else last) - self.first + 1
        drawn = self._values[begin:end]
        return {
            "name": self._columns[value].label,
            "categories": self.column(label, first, last),
            "values": self.column(value, first, last),
            "categories_data": ["" if row[label] is None else str(row[label]) for row in drawn],
            "values_data": [row[value] if isinstance(row[value], (int, float)) else "" for row in drawn],
            **options,
        }


class Sheet:
    """A sheet that is filled from the top down: in constant memory there is no way back."""

    def __init__(self, book, sheet):
        self.book, self.sheet = book, sheet
        self._widths = {}
        self._set_print()
        head = book.head
        sheet.set_row(0, 26)
        book.text(sheet, 0, 0, head.title, bold=True, font_size=16)
        book.text(sheet, 1, 0, head.company, bold=True, font_size=11)
        for row, line in enumerate(head.lines, start=2):
            book.text(sheet, row, 0, line, font_color="#444444")
        self.row = 2 + len(head.lines)
        if book.back:
            self.link(*book.back)
        self.row += 1  # an empty row keeps the filter off the head

    @property
    def name(self):
        return self.sheet.get_name()

    def _set_print(self):
        sheet = self.sheet
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        left = self.book.head.footer.replace("&", "&&")[:200]  # & begins a code; 255 is all that fits
        sheet.set_footer(f"&L{left}&R&P / &N")

    # ------------------------------------------------------------
    # Content
    # ------------------------------------------------------------

    def heading(self, text):
        """A line in bold above what follows."""
        self.book.text(self.sheet, self.row, 0, text, bold=True, font_size=12)
        self.row += 1

    def text(self, text, **options):
        """A paragraph, as high as its lines need when it is some hundred characters wide."""
        lines = lines_of(text, 100)
        style = {"text_wrap": True, "valign": "top", **options}
        self.sheet.set_row(self.row, min(400, 15 * max(1, lines)))
        self.sheet.merge_range(self.row, 0, self.row, 7, "", self.book.style(**style))
        self.book.text(self.sheet, self.row, 0, text, **style)
        self.row += 1

    def link(self, sheet, text, row=None, column=0):
        """A link to another sheet of this workbook, in the next row or where it is said.

        :param sheet: its name
        """
        place = self.row if row is None else row
        target = "internal:'{}'!A1".format(sheet.replace("'", "''"))
        self.sheet.write_url(place, column, target, self.book.style(font_color="#0563C1", underline=1), text)
        if row is None:
            self.row += 1

    def table(self, columns, rows, with_filter=False, wrap=True, limit=None):
        """:param columns: list of ``Column``
        :param rows: iterable of sequences, a value per column; None, False and "" stay empty
        :param wrap: let long texts take several lines; for tables that people read as a whole
        :param limit: stop after so many rows
        :return: ``Table``
        """
        top = self.row
        self._labels(columns)
        drawn = []
        writer = self.book.rows(self.sheet, columns, top + 1, wrap)
        if wrap:
            rows = self._heightened(columns, rows, top + 1)
        self.book.count += writer.write(_remembering(rows, drawn), limit)
        last = max(writer.row - 1, top + 1)
        if with_filter:
            self.sheet.autofilter(top, 0, last, len(columns) - 1)
            self.sheet.freeze_panes(top + 1, 0)
        self.row = last + 2
        return Table(self.sheet, columns, top + 1, last, drawn)

    def list(self, columns, rows, rows_per_sheet=ROWS_PER_SHEET):
        """A long table that takes the rest of the sheet, its labels on every printed page."""
        self.sheet.repeat_rows(self.row)
        return self.table(columns, rows, with_filter=True, wrap=False, limit=rows_per_sheet - self.row - 1)

    def _labels(self, columns):
        self.sheet.set_row(self.row, 32)
        for index, column in enumerate(columns):
            self.book.label(self.sheet, self.row, index, column.label)
            width = max(self._widths.get(index, 0), column.width or label_width(column))
            self._widths[index] = width
            self.sheet.set_column(index, index, width)

    def _heightened(self, columns, rows, row):
        """Pass rows on, having made room for their texts: not every program does so by itself."""
        for number, values in enumerate(rows, start=row):
            lines = max(
                (
                    lines_of(value[:2000], self._widths[index])
                    for index, value in enumerate(values[: len(columns)])
                    if isinstance(value, str)
                ),
                default=1,
            )
            if lines > 1:
                self.sheet.set_row(number, min(400, 14 * lines))
            yield values

    # ------------------------------------------------------------
    # Charts
    # ------------------------------------------------------------

    def place(self, chart, title, column=0, width=760, height=300):
        """Put a chart under what stands here, or beside the last one."""
        chart.set_title({"name": title, "name_font": {"name": FONT, "size": 12}, "overlay": False})
        chart.set_size({"width": width, "height": height})
        self.sheet.insert_chart(self.row, column, chart)

    def skip(self, rows):
        """Leave rows free, for a chart."""
        self.row += rows


def _remembering(rows, drawn):
    """Pass rows on, the first ``DRAWN`` of them being kept in ``drawn``."""
    for number, row in enumerate(rows):
        if number < DRAWN:
            drawn.append(row)
        yield row
