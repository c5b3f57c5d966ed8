from odoo import models

from .figure_workbook import AXIS, BLUE, GREY, ORANGE
from .workbook import Column


class IndicatorWorkbook(models.AbstractModel):
    """The clause board on paper: every indicator with value, target and state (A7, ISO 9001 9.1.3)."""

    _name = "crm.procedure.workbook.indicators"
    _description = "Indicators as a Workbook"
    _inherit = ["crm.procedure.figure.workbook"]

    _code = "indicators"
    _model = "crm.procedure.indicator"
    _place = 10
    _frozen = "indicators"

    def _title(self):
        return self.env._("Clauses and Indicators")

    def _figures(self, records):
        company = self.env.company
        return records._freeze(company, company._procedure_now().date())

    def _lay_out(self, book, sheet, figures, records):
        if not figures:
            sheet.text(self.env._("No data: no indicator was counted for this period."))
            return
        ordered = sorted(figures, key=lambda row: [int(part) for part in row["clause"].split(".") if part.isdigit()])
        sheet.table(self._board_columns(), [self._row(row) for row in ordered])
        measured = [row for row in ordered if row["measure"] == "share" and row["value"] is not None]
        if not measured:
            sheet.text(self.env._("No data: no share could be measured, so there is nothing to draw."))
            return
        sheet.heading(self.env._("Shares against their targets"))
        columns = [
            Column(self.env._("Indicator"), width=30),
            Column(self.env._("Value"), "share"),
            Column(self.env._("Target"), "share"),
            Column(self.env._("Period before"), "share"),
        ]
        table = sheet.table(
            columns, [[f"{r['clause']} {r['name']}", r["value"], r["target"], r["previous"]] for r in measured]
        )
        series = [table.series(0, index, fill={"color": color}) for index, color in ((3, GREY), (1, BLUE), (2, ORANGE))]
        chart = book.chart("bar", *series)
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"min": 0, "max": 100, "major_gridlines": AXIS, "num_format": "0"})
        sheet.place(chart, self.env._("Shares against their targets"), width=900, height=120 + 50 * len(measured))
        sheet.skip(8 + 3 * len(measured))

    def _board_columns(self):
        return [
            Column(self.env._("Clause"), width=9),
            Column(self.env._("What it asks for"), width=30),
            Column(self.env._("Indicator"), width=36),
            Column(self.env._("Value"), "plain", 12),
            Column(self.env._("Unit"), width=8),
            Column(self.env._("Target"), width=14),
            Column(self.env._("State"), width=16),
            Column(self.env._("Records that count"), "integer", 12),
            Column(self.env._("Conforming"), "integer", 12),
            Column(self.env._("Period before"), "plain", 12),
            Column(self.env._("Defined by"), width=22),
        ]

    def _row(self, row):
        values = self.env["crm.procedure.indicator.value"]
        sign = {"up": "≥", "down": "≤"}.get(row["direction"], "")
        unit = "%" if row["measure"] == "share" else ""
        target = f"{row['target']:g}"
        return [
            row["clause"],
            row["clause_name"],
            row["name"],
            self.env._("no data") if row["value"] is None else round(row["value"], 1),
            unit,
            f"{sign} {target} {unit}".strip(),
            dict(values._fields["state"]._description_selection(self.env)).get(row["state"]),
            row["population"] if row["state"] != "no_data" else None,
            row["conforming"] if row["state"] != "no_data" else None,
            None if row["previous"] is None else round(row["previous"], 1),
            self._choices(self._model, "origin").get(row["origin"]),
        ]
