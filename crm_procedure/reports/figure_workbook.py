from odoo import models

from .workbook import Column

AXIS = {"visible": True, "line": {"color": "#DDDDDD"}}
GREEN, GREY, BLUE, ORANGE = "#70AD47", "#BFBFBF", "#5B9BD5", "#ED7D31"


class FigureWorkbook(models.AbstractModel):
    """Figures with their charts: a sheet of the meeting pack, and a workbook when asked for alone.

    In the pack the figures are those that the review froze, so that pack and minutes never
    contradict each other; alone they are counted from the records that were chosen, in the
    same shape.
    """

    _name = "crm.procedure.figure.workbook"
    _description = "Figures as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _frozen = None  # name of these figures in ``crm.procedure.review.figures``

    def _figures(self, records):
        """:return: figures of ``records``, in the shape of ``crm.procedure.review``"""
        raise NotImplementedError

    def _lay_out(self, book, sheet, figures, records):
        """Write the figures onto a sheet.

        :param records: those chosen, or those of the period
        """
        raise NotImplementedError

    def _fill(self, book, records, figures=None):
        found = self._figures(records) if figures is None else figures.get(self._frozen)
        self._lay_out(book, book.add(book.head.title), found or {}, records)

    # ------------------------------------------------------------
    # Tools
    # ------------------------------------------------------------

    def _choices(self, model, name):
        """:return: {key: label} of a selection"""
        return dict(self.env[model]._fields[name]._description_selection(self.env))

    def _facts(self, sheet, rows):
        """A table of figures: what, how many, how many in the period before.

        :param rows: list of (label, number, number before); a number that is None is said to be no data
        """
        none = self.env._("no data")
        columns = [
            Column(self.env._("Figure"), width=36),
            Column(self.env._("This period"), "plain", 14),
            Column(self.env._("Period before"), "plain", 14),
        ]
        return sheet.table(columns, [[label, *(none if n is None else n for n in pair)] for label, *pair in rows])

    def _share(self, part, whole):
        """:return: per cent, or None without anything to be a part of"""
        return round(100 * part / whole, 1) if whole else None
