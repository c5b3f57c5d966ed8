from odoo import models

from .figure_workbook import AXIS, BLUE, GREEN, GREY, ORANGE
from .workbook import Column

COUNTS = ("planned", "done", "on_time", "cancelled", "open")


class PlanFulfilmentWorkbook(models.AbstractModel):
    """What was done of the care plans: by grade, and by the people who own the contacts (A4, R7)."""

    _name = "crm.procedure.workbook.plan_fulfilment"
    _description = "Fulfilment of Care Plans as a Workbook"
    _inherit = ["crm.procedure.figure.workbook"]

    _code = "plan_fulfilment"
    _model = "crm.procedure.plan"
    _place = 30
    _frozen = "plans"

    def _title(self):
        return self.env._("Fulfilment of the Care Plans")

    def _pack_records(self, review):
        period = [("date_to", ">=", review.date_from), ("date_from", "<=", review.date_to)]
        return self.env[self._model].search(
            [*period, ("company_id", "=", review.company_id.id), ("state", "in", ("approved", "closed"))]
        )

    def _fill(self, book, records, figures=None):
        period = (figures or {}).get("period")
        super(PlanFulfilmentWorkbook, self.with_context(procedure_period=period))._fill(book, records, figures)

    def _domain(self, records):
        """:return: the contacts that the plans wanted; in a meeting pack those of its period"""
        domain = [("plan_id", "in", records.ids)]
        if period := self.env.context.get("procedure_period"):
            domain += [("date_planned", ">=", period["from"]), ("date_planned", "<=", period["to"])]
        return domain

    def _figures(self, records):
        grades = self._counted(records, "grade_id")
        ranked = sorted(grades, key=lambda grade: (not grade, grade.sequence, grade.id))
        return {"grades": [{"grade": grade.display_name or "", **grades[grade]} for grade in ranked]}

    def _counted(self, records, name):
        """:return: {record that ``name`` of the contacts points to: {planned, done, on_time, cancelled, open}}"""
        found = {}
        groups = self.env["crm.procedure.communication"]._read_group(
            self._domain(records), [name, "state", "is_on_time"], ["__count"]
        )
        for record, state, on_time, count in groups:
            row = found.setdefault(record, dict.fromkeys(COUNTS, 0))
            row["planned"] += count
            row["open" if state == "planned" else state] += count
            row["on_time"] += count if state == "done" and on_time else 0
        return found

    def _lay_out(self, book, sheet, figures, records):
        grades = figures.get("grades") or []
        if not grades:
            sheet.text(self.env._("No data: no care plan wanted a contact in this period."))
            return
        sheet.heading(self.env._("By grade"))
        none = self.env._("No grade")
        table = sheet.table(
            self._count_columns(self.env._("Grade")), [self._row(row["grade"] or none, row) for row in grades]
        )
        self._draw(book, sheet, table, self.env._("Contacts by grade"))
        owners = self._counted(records, "user_id")
        if not owners:
            return
        sheet.heading(self.env._("By account owner, as of the making of this sheet"))
        nobody = self.env._("Nobody")
        rows = [self._row(user.sudo().name or nobody, row) for user, row in owners.items()]  # names of colleagues
        table = sheet.table(
            self._count_columns(self.env._("Account owner")), sorted(rows, key=lambda row: (-row[1], row[0]))
        )
        self._draw(book, sheet, table, self.env._("Contacts by account owner"))

    def _count_columns(self, label):
        return [
            Column(label, width=30),
            Column(self.env._("Planned"), "integer"),
            Column(self.env._("Done"), "integer"),
            Column(self.env._("On time"), "integer"),
            Column(self.env._("Cancelled"), "integer"),
            Column(self.env._("Still open"), "integer"),
            Column(self.env._("Done on time, per cent"), "share", 14),
        ]

    def _row(self, label, counts):
        due = counts["planned"] - counts["cancelled"]
        return [label, *(counts[name] for name in COUNTS), self._share(counts["on_time"], due)]

    def _draw(self, book, sheet, table, title):
        colors = ((3, GREEN), (4, GREY), (5, ORANGE))
        series = [table.series(0, index, fill={"color": color}) for index, color in colors]
        chart = book.chart("column", table.series(0, 1, fill={"color": BLUE}), *series)
        chart.set_y_axis({"min": 0, "major_gridlines": AXIS, "num_format": "0"})
        sheet.place(chart, title)
        sheet.skip(17)
