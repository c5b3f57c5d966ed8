"""Rows of a table written into a worksheet in constant memory, each row in one piece.

xlsxwriter's own calls, one per cell, cost four times as much as all the rest of a workbook.
``FastRows`` makes the XML of a row itself and puts it into the stream into which xlsxwriter
would have written it: the same bytes. It leans on names that xlsxwriter does not promise, so
it compares itself with the public calls once per process; where the two differ, ``PlainRows``
writes by the public calls alone.
"""

import functools
import io
import itertools
import logging
import math
import re
import zipfile
from datetime import date, datetime

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

_logger = logging.getLogger(__name__)

LONGEST_TEXT = 32_767  # of one cell, in the units of UTF-16, as Excel counts them
CUT = "… [cut: %d more characters]"  # closes a text that is longer
AT_ONCE = 64  # rows joined before they go into the stream

_ESCAPED = re.compile("[&<>\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
_LOOKS_ESCAPED = re.compile("(_x[0-9a-fA-F]{4}_)")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character: no file can hold it


def row_writer(sheet, cells, row, cut=CUT):
    """:param sheet: xlsxwriter worksheet in constant memory, nothing written at ``row`` or below
    :param cells: list of (kind, format): of each column
    :param row: first row to be written, from 0
    :param cut: what closes a text too long for a cell; %d: the characters left out
    :return: ``FastRows``, or ``PlainRows`` where only the public calls are to be trusted
    """
    kind = FastRows if is_fast() else PlainRows
    return kind(sheet, cells, row, cut)


@functools.cache
def is_fast():
    """:return: whether the installed xlsxwriter is one in whose stream we may write"""
    try:
        same = _trial(FastRows) == _trial(PlainRows)
    except Exception:
        _logger.warning("This xlsxwriter is not known: workbooks are written by its public calls", exc_info=True)
        return False
    if not same:
        _logger.warning("This xlsxwriter writes cells in another way: its public calls are used")
    return same


# ------------------------------------------------------------
# What a value is in a cell
# ------------------------------------------------------------


def cell_text(value, cut=CUT):
    """:return: the text of a value as one cell can hold it: a longer one says that it was cut"""
    text = value if type(value) is str else str(value)
    if len(text) > LONGEST_TEXT // 2 and _units(text) > LONGEST_TEXT:
        text = _cut(text, cut)
    if text.startswith("<r>") and text.endswith("</r>"):
        text = text[: LONGEST_TEXT - 1] + " "  # xlsxwriter would take it for its own markup, unescaped
    return text


def _units(text):
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text, cut):
    """As much as fits with the notice behind it; no character is halved."""
    room = LONGEST_TEXT - _units(cut % len(text))
    kept = text[:room].encode("utf-16-le", "surrogatepass")[: 2 * room].decode("utf-16-le", "ignore")
    return kept + cut % (len(text) - len(kept))


def is_empty(value):
    """None, False and "" are empty cells; 0 is not."""
    return value is None or value is False or value == ""


def serial(value):
    """:return: days since 1900 as Excel counts them, which takes 1900 for a leap year

    None where Excel knows no such day.
    """
    if not isinstance(value, date) or value.year < 1900:
        return None
    days = value.toordinal() - 693_595
    if isinstance(value, datetime):
        seconds = value.hour * 3600 + value.minute * 60 + value.second
        days += (float(seconds) + value.microsecond / 1e6) / 86_400
    return days + 1 if days > 59 else days


# ------------------------------------------------------------
# The public calls
# ------------------------------------------------------------


class PlainRows:
    """Rows by the public calls of xlsxwriter."""

    def __init__(self, sheet, cells, row, cut=CUT):
        self._sheet, self._cells, self.row, self._cut = sheet, cells, row, cut

    def write(self, rows, limit=None):
        """:param rows: iterable of sequences, a value per column
        :param limit: stop after so many rows
        :return: number of rows written
        """
        first = self.row
        for values in itertools.islice(rows, limit):
            for column, ((kind, style), value) in enumerate(zip(self._cells, values, strict=True)):
                write_cell(self._sheet, self.row, column, kind, value, style, self._cut)
            self.row += 1
        return self.row - first


def write_cell(sheet, row, column, kind, value, style=None, cut=CUT):
    """One cell by the public calls; what is no value of its kind is text."""
    if kind == "boolean" and isinstance(value, bool):
        sheet.write_boolean(row, column, value, style)
    elif is_empty(value):
        return
    elif kind in ("date", "datetime") and (number := serial(value)) is not None:
        sheet.write_number(row, column, number, style)
    elif kind in NUMBERS and isinstance(value, (int, float)) and math.isfinite(value):
        sheet.write_number(row, column, value, style)
    else:
        text = cell_text(value, cut)
        sheet.write_string(row, column, _SURROGATE.sub("\ufffd", text), style)


NUMBERS = ("integer", "number", "money", "percent", "share", "plain")


# ------------------------------------------------------------
# The same, in one piece
# ------------------------------------------------------------


class FastRows:
    """Rows as XML, straight into the stream of the worksheet."""

    def __init__(self, sheet, cells, row, cut=CUT):
        self._sheet, self.row = sheet, row
        self._stream = sheet.row_data_fh
        self._cells = [_MAKERS[kind](index, style, cut) for index, (kind, style) in enumerate(cells)]
        sheet._write_single_row(row)  # what stands above and still waits in memory

    def write(self, rows, limit=None):
        """As ``PlainRows.write``."""
        first, cells, rows = self.row, self._cells, itertools.islice(rows, limit)
        while batch := list(itertools.islice(rows, AT_ONCE)):
            pieces = []
            for number, values in enumerate(batch, start=self.row + 1):
                number = str(number)
                row = "".join([cell(number, value) for cell, value in zip(cells, values, strict=True)])
                if row:
                    pieces.append(f'<row r="{number}">{row}</row>')
            self._stream.write("".join(pieces))
            self.row += len(batch)
        self._tell(first)
        return self.row - first

    def _tell(self, first):
        """Let the worksheet know how far it is written."""
        if self.row > first:
            for row, column in ((first, 0), (self.row - 1, len(self._cells) - 1)):
                self._sheet._check_dimensions(row, column)
            self._sheet.previous_row = self.row


def _ends(index, style):
    """:return: what stands before and after the number of the row in the reference of a cell"""
    number = f' s="{style._get_xf_index()}"' if style else ""
    return f'<c r="{xl_col_to_name(index)}', f'"{number}'


def _text_maker(index, style, cut):
    before, after = _ends(index, style)
    plain = f'{after} t="inlineStr"><is><t>'
    spaced = f'{after} t="inlineStr"><is><t xml:space="preserve">'
    special = _ESCAPED.search
    longest = LONGEST_TEXT // 2

    def make(number, value):
        if value is None or value is False or value == "":
            return ""
        text = value if type(value) is str else str(value)
        if len(text) > longest:
            text = cell_text(text, cut)
        if "_x" in text or special(text):
            text = _escape(cell_text(text, cut))
        return f"{before}{number}{plain if text.strip() == text else spaced}{text}</t></is></c>"

    return make


def _escape(text):
    text = _LOOKS_ESCAPED.sub(r"_x005F\1", text)
    text = _CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    text = text.replace("\ufffe", "_xFFFE_").replace("\uffff", "_xFFFF_")
    text = _SURROGATE.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _number_maker(index, style, cut):
    before, after = _ends(index, style)
    text = _text_maker(index, style, cut)
    isfinite = math.isfinite

    def make(number, value):
        if value is None or value is False or value == "":
            return ""
        if not isinstance(value, (int, float)) or not isfinite(value):
            return text(number, value)
        return f"{before}{number}{after}><v>{value:.16G}</v></c>"

    return make


def _date_maker(index, style, cut):
    before, after = _ends(index, style)
    text = _text_maker(index, style, cut)

    def make(number, value):
        if value is None or value is False or value == "":
            return ""
        days = serial(value)
        if days is None:
            return text(number, value)
        return f"{before}{number}{after}><v>{days:.16G}</v></c>"

    return make


def _boolean_maker(index, style, cut):
    before, after = _ends(index, style)
    text = _text_maker(index, style, cut)

    def make(number, value):
        if value is True or value is False:
            return f'{before}{number}{after} t="b"><v>{value:d}</v></c>'
        return text(number, value)

    return make


_MAKERS = {
    "text": _text_maker,
    "boolean": _boolean_maker,
    "date": _date_maker,
    "datetime": _date_maker,
    **dict.fromkeys(NUMBERS, _number_maker),
}


# ------------------------------------------------------------
# The trial
# ------------------------------------------------------------

_KINDS = ("text", "integer", "number", "date", "datetime", "boolean")
_VALUES = (
    ("=1+1", 1, 0.1, date(1900, 1, 1), datetime(1900, 1, 1, 12), True),
    ("<r>&<t>x</t></r>", -(10**17), 1e-320, date(1900, 3, 1), datetime(2026, 6, 30, 10, 5, 7, 123), False),
    (" _x0041_\x0b\r\n", "text", math.nan, date(1600, 1, 1), datetime(9999, 12, 31, 23, 59, 59), None),
    ("\u202eשלום 😀\ufffe", 0, -0.0, "text", None, ""),
    (None, None, None, None, None, None),
    ("x" * 40_000, True, 1.5e300, "", "", "text"),
)


def _trial(kind):
    """:return: XML of a sheet with rows by ``kind`` between others by the public calls"""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    style = book.add_format({"bold": True})
    sheet.set_row(0, 30)
    sheet.write_string(0, 0, "above", style)
    rows = kind(sheet, [(name, style if index % 2 else None) for index, name in enumerate(_KINDS)], 2)
    rows.write(_VALUES, 3)
    rows.write(_VALUES[3:])
    sheet.write_string(rows.row + 1, 8, "below")
    book.close()
    return zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml")
