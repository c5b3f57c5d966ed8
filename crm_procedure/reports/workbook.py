"""One table as an Excel workbook: the base of every list."""

from .book import ROWS_PER_SHEET, Column, Head
from .sheets import Sheets

__all__ = ["Column", "Head", "Workbook"]


class Workbook(Sheets):
    """One table in a workbook, over as many sheets as it needs.

        with Workbook(file, head, columns) as book:
            book.write_rows(rows)

    :param target: binary file that can be written and sought, or a path
    :param rows_per_sheet: a further sheet is begun after so many
    """

    def __init__(self, target, head, columns, rows_per_sheet=ROWS_PER_SHEET):
        super().__init__(target, head, rows_per_sheet)
        self.columns = columns
        self._has_table = False

    def write_rows(self, rows):
        """:param rows: iterable of sequences, a value per column; None, False and "" stay empty"""
        self._has_table = True
        self.list(self.head.title, self.columns, rows)

    def close(self):
        if not self._has_table:
            self.write_rows(())
        super().close()
