from odoo import models

from .figure_workbook import AXIS, BLUE
from .workbook import Column


class CareCostWorkbook(models.AbstractModel):
    """What care has cost: receptions, gifts, events (V8, V10, X16)."""

    _name = "crm.procedure.workbook.care_costs"
    _description = "Costs of Care as a Workbook"
    _inherit = ["crm.procedure.figure.workbook"]

    _code = "care_costs"
    _model = "crm.procedure.communication"
    _place = 70
    _frozen = "costs"

    def _title(self):
        return self.env._("Costs of Care")

    def _figures(self, records):
        spent = [("id", "in", records.ids), ("state", "=", "done"), ("cost", ">", 0)]
        groups = self.env[self._model]._read_group(spent, ["kind"], ["cost:sum", "__count"])
        kinds = [{"kind": kind, "cost": cost, "contacts": count} for kind, cost, count in groups]
        return {
            "currency": (records[:1].company_id or self.env.company).currency_id.name,
            "total": sum(row["cost"] for row in kinds),
            "kinds": sorted(kinds, key=lambda row: -row["cost"]),
        }

    def _lay_out(self, book, sheet, figures, records):
        kinds = figures.get("kinds") or []
        if "before" in figures:
            self._facts(
                sheet,
                [
                    [
                        self.env._("Spent (%(currency)s)", currency=figures["currency"]),
                        figures["total"],
                        figures["before"],
                    ]
                ],
            )
        if not kinds:
            sheet.text(self.env._("No data: no costs were recorded in this period."))
            return
        labels = self._choices(self._model, "kind")
        columns = [
            Column(self.env._("Kind"), width=36),
            Column(self.env._("Cost (%(currency)s)", currency=figures["currency"]), "money"),
            Column(self.env._("Contacts"), "integer"),
            Column(self.env._("Share"), "share"),
        ]
        rows = [
            [
                labels.get(row["kind"], row["kind"]),
                row["cost"],
                row["contacts"],
                self._share(row["cost"], figures["total"]),
            ]
            for row in kinds
        ]
        table = sheet.table(columns, rows)
        chart = book.chart("bar", table.series(0, 1, fill={"color": BLUE}))
        chart.set_y_axis({"reverse": True})
        chart.set_x_axis({"min": 0, "major_gridlines": AXIS})
        sheet.place(chart, self.env._("Costs by kind"))
        sheet.skip(17)
