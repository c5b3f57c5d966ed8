from odoo import models
from odoo.tools import format_date

from .workbook import Column

COMMUNICATION_FIELDS = [
    "name",
    "date_planned",
    "date_done",
    "partner_id",
    "contact_id",
    "grade_id",
    "kind",
    "method",
    "user_id",
    "state",
    "is_on_time",
    "usage_note",
    "need_note",
    "opinion_note",
    "satisfaction",
    "next_note",
    "cost",
    "evidence",
    "cancel_reason",
    "recorded_by_id",
    "recorded_on",
    "plan_id",
]
LINE_FIELDS = ["partner_id", "grade_id", "user_id", "interval_days", "last_contact", "due_date", "contacts"]
BATCH = 2000  # customers


class CommunicationWorkbook(models.AbstractModel):
    """《客户沟通记录单》 of many contacts as a workbook (V2)."""

    _name = "crm.procedure.workbook.communication_record"
    _description = "Communication Records as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "communication_record"
    _model = "crm.procedure.communication"

    def _title(self):
        return self.env._("Communication Record")

    def _columns(self, records):
        return [self._field_column(name) for name in COMMUNICATION_FIELDS]

    def _rows(self, records):
        return self._field_rows(records.ids, COMMUNICATION_FIELDS)


class CarePlanWorkbook(models.AbstractModel):
    """《客户关系维护计划表》 as a workbook: who is owed what, and what has been done of it (G5, A4)."""

    _name = "crm.procedure.workbook.care_plan"
    _description = "Account Care Plan as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "care_plan"
    _model = "crm.procedure.plan"

    def _title(self):
        return self.env._("Account Care Plan")

    def _company(self, records):
        return records.company_id[:1] or self.env.company

    def _procedure(self, records):
        return records.procedure_id[:1]

    def _lines(self, records):
        texts = []
        for plan in self._reread(records):
            signed = self.env._("not signed yet")
            if plan.approved_by_id:
                signed = self.env._(
                    "approved by %(user)s on %(date)s",
                    user=plan.approved_by_id.sudo().name,  # who signed is public
                    date=format_date(self.env, plan.approved_on),
                )
            texts.append(f"{plan.display_name}: {plan._state_label()}, {signed}")
        return texts

    def _columns(self, records):
        line = self.env["crm.procedure.plan.line"]
        kinds = {"partner_id": "text", "interval_days": "integer", "contacts": "integer"}
        kinds.update(last_contact="date", due_date="date")
        columns = [Column(line._fields[n]._description_string(self.env), kinds.get(n, "text")) for n in LINE_FIELDS]
        return [
            Column(self.env["crm.procedure.plan"]._fields["name"]._description_string(self.env)),
            *columns,
            Column(line._fields["days_text"]._description_string(self.env), width=40),
            Column(self.env._("Done"), "integer"),
            Column(self.env._("Done late"), "integer"),
            Column(self.env._("Cancelled"), "integer"),
            Column(line._fields["skip_reason"]._description_string(self.env)),
        ]

    def _rows(self, records):
        lines = self.env["crm.procedure.plan.line"].with_context(prefetch_fields=False)
        ids = lines.search([("plan_id", "in", records.ids)], order="plan_id, id").ids
        reasons = dict(lines._fields["skip_reason"]._description_selection(self.env))
        for start in range(0, len(ids), BATCH):
            batch = lines.browse(ids[start : start + BATCH])
            done = self._done(batch)
            for values in batch.read([*LINE_FIELDS, "plan_id", "days_text", "skip_reason"]):
                cells = [value[1] if isinstance(value := values[name], tuple) else value for name in LINE_FIELDS]
                yield [
                    values["plan_id"][1],
                    *cells,
                    values["days_text"],
                    *done.get(values["id"], (None, None, None)),
                    reasons.get(values["skip_reason"]),
                ]
            self.env.invalidate_all(flush=False)  # a list is only read: nothing waits to be written

    def _done(self, lines):
        """:return: {line id: (done, of them late, cancelled)} of the communications that the user may see"""
        groups = self.env["crm.procedure.communication"]._read_group(
            [("plan_line_id", "in", lines.ids)], ["plan_line_id", "state", "is_on_time"], ["__count"]
        )
        found = {}
        for line, state, on_time, count in groups:
            done, late, cancelled = found.get(line.id, (0, 0, 0))
            if state == "done":
                done, late = done + count, late + (0 if on_time else count)
            elif state == "cancelled":
                cancelled += count
            found[line.id] = (done, late, cancelled)
        return found
