from odoo import fields, models

from .workbook import Column

CHANGES = [
    "grading_id",
    "date",
    "partner_id",
    "previous_grade_id",
    "grade_id",
    "computed_grade_id",
    "move",
    "score",
    "sales_amount",
    "order_count",
    "recency",
    "override_reason",
    "override_user_id",
    "skip_reason",
]
ACTIONS = [
    "name",
    "kind",
    "subject",
    "user_id",
    "team_id",
    "ticket_id",
    "deadline",
    "state",
    "result",
    "date_done",
    "check_date",
    "verify_note",
]


class GradingChangeWorkbook(models.AbstractModel):
    """Who moved from one grade to another, and why (G1)."""

    _name = "crm.procedure.workbook.grading_changes"
    _description = "Changes of Grade as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "grading_changes"
    _model = "crm.procedure.grading.line"
    _place = 20

    def _title(self):
        return self.env._("Changes of Grade")

    def _pack_records(self, review):
        begin, end = review._bounds()
        gradings = self.env["crm.procedure.grading"].search(
            [
                ("company_id", "=", review.company_id.id),
                ("state", "=", "approved"),
                ("approved_on", ">=", begin),
                ("approved_on", "<", end),
            ]
        )
        moved = [("grading_id", "in", gradings.ids), ("move", "!=", "same")]
        return self.env[self._model].search(moved, order="grading_id, id")

    def _no_data(self):
        return self.env._("No data: no customer changed grade in this period.")

    def _columns(self, records):
        wide = {"partner_id": 36, "override_reason": 36}
        return [self._field_column(name)._replace(width=wide.get(name, 0)) for name in CHANGES]

    def _rows(self, records):
        return self._field_rows(records.ids, CHANGES)


class ActionWorkbook(models.AbstractModel):
    """Actions as a list: what is to be done, by whom, until when, and what came of it (C10, C18, Q5)."""

    _name = "crm.procedure.workbook.actions"
    _description = "Actions as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "actions"
    _model = "crm.procedure.action"
    _place = 80

    def _title(self):
        return self.env._("Actions")

    def _pack_records(self, review):
        own = [("company_id", "=", review.company_id.id), ("state", "in", ("open", "done"))]
        return self.env[self._model].search([*own, ("kind", "!=", "handling")], order="deadline, id")

    def _no_data(self):
        return self.env._("No data: no improvement is open.")

    def _columns(self, records):
        overdue = Column(self.env._("Late"), width=10)
        wide = {"subject": 40, "result": 40, "verify_note": 30}
        return [*(self._field_column(name)._replace(width=wide.get(name, 0)) for name in self._names()), overdue]

    def _rows(self, records):
        yes, now = self.env._("Yes"), fields.Datetime.now()
        late = set(records.search([("id", "in", records.ids), ("state", "=", "open"), ("deadline", "<", now)]).ids)
        ids = records.ids
        for id_, row in zip(ids, self._field_rows(ids, self._names()), strict=True):
            yield [*row, yes if id_ in late else None]

    def _names(self):
        """:return: fields of ``ACTIONS`` that there are and that the user may see"""
        actions = self.env[self._model]
        names = [*ACTIONS, "campaign_id", "review_id"]
        return [
            name
            for name in names
            if name in actions._fields and actions._has_field_access(actions._fields[name], "read")
        ]
