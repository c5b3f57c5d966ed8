"""Invoices from a CSV file, checked as a whole: a file with one bad row gives nothing.

The file is UTF-8, comma-separated, one invoice a line, with a header that names at least
these columns, in any order::

    invoice_date,invoice,customer,country,amount_gbp,lines
    2010-12-01 08:26:00,536365,17850,United Kingdom,139.12,7
    2010-12-01 09:41:00,C536379,14527,United Kingdom,-27.50,1

``invoice_date``      local time, ``YYYY-MM-DD`` with or without ``HH:MM[:SS]``
``invoice``           its number, once in the file; a leading C marks a credit note
``customer``          customer number
``country``           name or ISO code, or empty
``amount_<currency>`` untaxed; below zero for credit notes and only for them; the currency's
                      ISO code is taken from the column's name
``lines``             how many lines the invoice has

Pure Python: nothing here knows Odoo.
"""

import csv
import re
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

COLUMNS = ("invoice_date", "invoice", "customer", "country", "lines")
SHOWN = 20  # problems that an error message lists
LONGEST_TEXT = 255
MOST_DIGITS = 12  # before the point; with cents such amounts are still exact as floats
CREDIT_NOTE = "C"

_AMOUNT_COLUMN = re.compile(r"amount_([A-Za-z]{3})")
_AMOUNT = re.compile(r"[+-]?([0-9]+)(?:\.([0-9]+))?")
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?")
_COUNT = re.compile(r"[0-9]{1,6}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_YEARS = range(1900, 2101)


class Invoice(NamedTuple):
    """One row: ``date`` is a naive local datetime, ``amount`` a Decimal."""

    date: datetime
    number: str
    customer: str
    country: str
    amount: Decimal
    lines: int

    @property
    def is_credit_note(self):
        return self.number.startswith(CREDIT_NOTE)


class BadFile(ValueError):
    """The file is refused; ``problems`` is a list of (line number, reason)."""

    def __init__(self, problems):
        self.problems = problems
        listed = [f"line {line}: {reason}" for line, reason in problems[:SHOWN]]
        if len(problems) > SHOWN:
            listed.append(f"… and {len(problems) - SHOWN} more")
        super().__init__("\n".join(listed))


def read(lines, currencies):
    """Read and check a whole file.

    :param lines: iterable of bytes, one for each line: a file opened in binary mode
    :param dict currencies: {ISO code in capitals: decimal places} of the currencies known
    :return: (ISO code, list of Invoice in the order of the file)
    :raise BadFile: naming each bad line once, with the first thing wrong in it
    """
    reader = _Reader(currencies)
    for number, line in enumerate(lines, start=1):
        reader.feed(number, line)
    return reader.finish()


class _Reader:
    def __init__(self, currencies):
        self.currencies = currencies
        self.columns = None
        self.amount_column = self.currency = None
        self.invoices = []
        self.problems = []
        self.seen = {}
        self.blank_lines = []

    def feed(self, number, line):
        """Take the next line; after a bad header the rows cannot be told apart any more."""
        if self.columns is None and self.problems:
            return
        if not line.strip() and number > 1:
            self.blank_lines.append(number)
            return
        # blank lines are nothing at the end of a file, and a lost row within it
        self.problems += [(blank, "the line is empty") for blank in self.blank_lines]
        self.blank_lines.clear()
        try:
            cells = _split(line, first=number == 1)
            if self.columns is None:
                self._take_header(cells)
            else:
                self._take_row(number, cells)
        except ValueError as problem:
            self.problems.append((number, str(problem)))

    def finish(self):
        if not self.problems and not self.invoices:
            self.problems.append((1, "there are no invoices in the file"))
        if self.problems:
            raise BadFile(self.problems)
        return self.currency, self.invoices

    def _take_header(self, cells):
        names = [cell.lower() for cell in cells]
        amounts = [name for name in names if _AMOUNT_COLUMN.fullmatch(name)]
        missing = [name for name in COLUMNS if name not in names]
        if not amounts:
            missing.append("amount_<currency>, such as amount_gbp")
        if missing:
            raise ValueError(f"the header lacks {', '.join(missing)} (found: {', '.join(cells) or 'nothing'})")
        if len(amounts) > 1:
            raise ValueError(f"the header has {len(amounts)} columns of amounts ({', '.join(amounts)}); one is needed")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the header has these columns twice: {', '.join(twice)}")
        [self.amount_column] = amounts
        self.currency = self.amount_column.rpartition("_")[2].upper()
        if self.currency not in self.currencies:
            raise ValueError(f"the header names the currency {self.currency}, which is not known here")
        self.columns = names

    def _take_row(self, number, cells):
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} columns instead of {len(self.columns)}")
        row = dict(zip(self.columns, cells, strict=True))
        invoice = Invoice(
            date=_date(row["invoice_date"]),
            number=_text("invoice", row["invoice"]),
            customer=_text("customer", row["customer"]),
            country=_text("country", row["country"], required=False),
            amount=self._amount(row[self.amount_column]),
            lines=_count(row["lines"]),
        )
        _check_sign(invoice, self.amount_column)
        first = self.seen.setdefault(invoice.number, number)
        if first != number:
            raise ValueError(f"invoice {invoice.number} stands in line {first} already")
        self.invoices.append(invoice)

    def _amount(self, text):
        match = _AMOUNT.fullmatch(text)
        if not match:
            raise ValueError(f"{self.amount_column} is not a number such as 1234.50: {_shown(text)}")
        whole, cents = match[1].lstrip("0"), (match[2] or "").rstrip("0")
        if len(whole) > MOST_DIGITS:
            raise ValueError(f"{self.amount_column} is too large: {_shown(text)}")
        if len(cents) > self.currencies[self.currency]:
            raise ValueError(f"{self.amount_column} has more decimal places than {self.currency}: {_shown(text)}")
        return Decimal(text)


def _split(line, first):
    try:
        text = line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as problem:
        raise ValueError("not UTF-8 text") from problem
    try:
        # strict: an open quotation mark would otherwise be forgiven
        rows = list(csv.reader([text.rstrip("\r\n")], strict=True))
    except csv.Error as problem:
        raise ValueError(f"not a row of comma-separated values ({problem})") from problem
    return [cell.strip() for cell in rows[0]] if rows else []


def _date(text):
    match = _DATE.fullmatch(text)
    try:
        date = datetime(*(int(part) for part in match.groups() if part))
    except (AttributeError, ValueError):
        date = None
    if not date or date.year not in _YEARS:
        raise ValueError(f"invoice_date is no date such as 2011-06-30 20:08:00: {_shown(text)}")
    return date


def _text(column, text, required=True):
    if required and not text:
        raise ValueError(f"{column} is empty")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"{column} is longer than {LONGEST_TEXT} characters")
    if _CONTROL.search(text):
        raise ValueError(f"{column} contains control characters: {_shown(text)}")
    return text


def _count(text):
    if not _COUNT.fullmatch(text):
        raise ValueError(f"lines is not a whole number: {_shown(text)}")
    return int(text)


def _check_sign(invoice, column):
    if invoice.is_credit_note and invoice.amount > 0:
        raise ValueError(f"{column} of credit note {invoice.number} is above zero: {invoice.amount}")
    if not invoice.is_credit_note and invoice.amount < 0:
        raise ValueError(
            f"{column} is below zero, but invoice {invoice.number} is no credit note "
            f"(these begin with {CREDIT_NOTE}): {invoice.amount}"
        )


def _shown(text):
    return repr(text if len(text) <= 40 else text[:40] + "…")
