from odoo import models

from ..tools.pareto import pareto
from .figure_workbook import AXIS, BLUE, GREY, ORANGE
from .workbook import Column


class FeedbackWorkbook(models.AbstractModel):
    """Feedback of a period in figures, and the Pareto of what it was about (A1, A3)."""

    _name = "crm.procedure.workbook.feedback"
    _description = "Feedback in Figures as a Workbook"
    _inherit = ["crm.procedure.figure.workbook"]

    _code = "feedback"
    _model = "crm.procedure.ticket"
    _place = 50

    def _title(self):
        return self.env._("Feedback and Its Causes")

    def _fill(self, book, records, figures=None):
        """Two parts of the frozen figures stand on one sheet."""
        if figures is not None:
            figures = {None: {**figures.get("tickets", {}), "pareto": figures.get("pareto", {})}}
        super()._fill(book, records, figures)

    def _figures(self, records):
        tickets = self.env[self._model]
        chosen = [("id", "in", records.ids)]
        counted = [*chosen, ("state", "!=", "cancelled")]
        states = dict(tickets._read_group(chosen, ["state"], ["__count"]))
        return {
            "received": sum(states.values()) - states.get("cancelled", 0),
            "closed": states.get("closed", 0),
            "unconfirmed": states.get("unconfirmed", 0),
            "cancelled": states.get("cancelled", 0),
            "kinds": dict(tickets._read_group(counted, ["kind"], ["__count"])),
            "pareto": {name: self._pareto(counted, f"{name}_id") for name in ("category", "cause")},
        }

    def _pareto(self, domain, name):
        groups = self.env[self._model]._read_group(domain, [name], ["__count"])
        rows = pareto([(record.id, record.display_name, count) for record, count in groups if record])
        return {"rows": rows, "unknown": sum(count for record, count in groups if not record)}

    def _lay_out(self, book, sheet, figures, records):
        if not figures.get("received") and not any((figures.get("before") or {}).values()):
            sheet.text(self.env._("No data: no feedback was received in this period."))
        before = figures.get("before") or {}
        labels = {
            "received": self.env._("Received"),
            "answered": self.env._("Answered"),
            "in_time": self.env._("Answered in time"),
            "closed": self.env._("Closed by the customer"),
            "unconfirmed": self.env._("Closed without confirmation"),
            "cancelled": self.env._("Cancelled"),
            "open": self.env._("Open at the end"),
            "overdue": self.env._("Of them late"),
            "rating": self.env._("Rating by customers (1 to 5)"),
        }
        rows = [[label, figures.get(name), before.get(name)] for name, label in labels.items() if name in figures]
        if "in_time" in figures:
            shares = (self._share(part.get("in_time") or 0, part.get("answered")) for part in (figures, before))
            rows.insert(3, [self.env._("Answered in time, per cent"), *shares])
        self._facts(sheet, rows)
        self._write_kinds(sheet, figures.get("kinds") or {})
        titles = {"category": self.env._("By category"), "cause": self.env._("By cause")}
        for name, title in titles.items():
            self._write_pareto(book, sheet, title, (figures.get("pareto") or {}).get(name) or {})

    def _write_kinds(self, sheet, kinds):
        if kinds:
            labels = self._choices(self._model, "kind")
            sheet.table(
                [Column(self.env._("Kind"), width=36), Column(self.env._("Tickets"), "integer")],
                [[labels.get(kind, kind), number] for kind, number in kinds.items()],
            )

    def _write_pareto(self, book, sheet, title, found):
        sheet.heading(title)
        rows = found.get("rows") or []
        if not rows:
            sheet.text(self.env._("No data: none of the tickets has one."))
            return
        columns = [
            Column(title, width=36),
            Column(self.env._("Tickets"), "integer"),
            Column(self.env._("Share"), "share"),
            Column(self.env._("Together"), "share"),
        ]
        other = self.env._("All others")
        table = sheet.table(columns, [[r["name"] or other, r["count"], r["share"], r["together"]] for r in rows])
        if found.get("unknown"):
            sheet.text(self.env._("%(number)s more tickets have none.", number=found["unknown"]))
        chart = book.chart("column", table.series(0, 1, fill={"color": BLUE}, gap=20))
        line = book.chart(
            "line", table.series(0, 3, y2_axis=True, line={"color": ORANGE, "width": 2}, marker={"type": "circle"})
        )
        chart.combine(line)
        chart.set_y_axis({"min": 0, "major_gridlines": AXIS, "num_format": "0"})
        line.set_y2_axis({"min": 0, "max": 100, "num_format": '0"%"', "line": {"color": GREY}})
        chart.set_legend({"position": "bottom"})
        sheet.place(chart, title)
        sheet.skip(17)
