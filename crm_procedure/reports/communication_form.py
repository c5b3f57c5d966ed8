from odoo import models


class CommunicationForm(models.AbstractModel):
    """《客户沟通记录单》 on paper (V2)."""

    _name = "report.crm_procedure.communication_record"
    _description = "Communication Record Form"
    _inherit = ["crm.procedure.printed.form"]

    _code = "communication_record"
    _model = "crm.procedure.communication"

    def _title(self):
        return self.env._("Communication Record")

    def _content(self, record):
        head = ["name", "partner_id", "contact_id", "grade_id", "kind", "method", "user_id", "date_planned"]
        said = ["date_done", "usage_note", "need_note", "opinion_note", "satisfaction_choice", "next_note", "cost"]
        rows = self._rows(record, [*head, *said, "evidence", "state"])
        if record.state == "cancelled":
            rows += self._rows(record, ["cancel_reason"])
        return {"rows": rows, "corrections": record._corrections()}

    def _signed(self, record):
        nobody = (self.env["res.users"], False)
        return (record.recorded_by_id, record.recorded_on), nobody, nobody
