import itertools

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date, formatLang

MOST = 2000  # customers on paper, some sixty pages; a longer list is read in the workbook

# columns of the workbook that paper has room for
SHOWN = (0, 1, 2, 3, 5, 6, 7, 8, 9)


class GradingForm(models.AbstractModel):
    """《客户分级清单》 on paper, with the signatures of marketing and sales (G1)."""

    _name = "report.crm_procedure.grading_list"
    _description = "Customer Grading List"
    _inherit = ["crm.procedure.printed.form"]

    _code = "grading_list"
    _model = "crm.procedure.grading"

    def _title(self):
        return self.env._("Customer Grading List")

    def _content(self, record):
        if not record.computed_on:
            raise UserError(self.env._("%(grading)s is not computed yet. Press Compute first.", grading=record.name))
        workbook = self.env["crm.procedure.workbook.grading_list"]
        is_long = record.figures["customers"] > MOST
        rows = workbook._raw_rows(record, only_lines=is_long)
        columns = [workbook._columns(record)[index] for index in SHOWN]
        return {
            "facts": [
                (self.env._("List"), record.name),
                (self.env._("Orders up to"), format_date(self.env, record.date)),
                (self.env._("State"), record._state_label()),
                (self.env._("Customers"), formatLang(self.env, record.figures["customers"], digits=0)),
            ],
            "columns": columns,
            "table": [self._cells(columns, row) for row in itertools.islice(rows, MOST)],
            "is_long": is_long,
        }

    def _cells(self, columns, row):
        digits = {"number": 2, "money": 2, "integer": 0}
        values = [row[index + 1] for index in SHOWN]  # the first is the id
        return [
            formatLang(self.env, value, digits=digits[column.kind])
            if column.kind in digits and value is not None
            else value or ""
            for column, value in zip(columns, values, strict=True)
        ]
