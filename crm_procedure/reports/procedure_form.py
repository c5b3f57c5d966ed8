from odoo import models


class ProcedureForm(models.AbstractModel):
    """The controlled document itself: clauses, limits, record master list (D1–D4)."""

    _name = "report.crm_procedure.procedure"
    _description = "Procedure"
    _inherit = ["crm.procedure.printed.form"]

    _code = "procedure"
    _model = "crm.procedure"

    def _title(self):
        return self.env._("Procedure")

    def _procedure(self, record):
        return record

    def _content(self, record):
        return {
            "title": record.name,
            "title_short": record.name[:60],
            "state": record._state_label(),
            "limits": [
                (
                    self._text(limit, "code"),
                    f"{limit.value:g}",
                    self._text(limit, "unit"),
                    self._text(limit, "origin"),
                    limit.source or "",
                )
                for limit in record.limit_ids
            ],
        }
