from odoo import models


class ChangeForm(models.AbstractModel):
    """客户信息变更单: what was reported, before and after, and who confirmed it (I10, X13)."""

    _name = "report.crm_procedure.customer_change"
    _description = "Customer Change Form"
    _inherit = ["crm.procedure.printed.form"]

    _code = "customer_change"
    _model = "crm.procedure.change"

    def _title(self):
        return self.env._("Customer Change")

    def _content(self, record):
        names = ["entry", "old_value", "new_value"]
        return {
            "rows": self._rows(record, ["name", "partner_id", "description", "state"]),
            "labels": [label for label, _text in self._rows(record.line_ids.browse(), names)],
            "lines": [[text for _label, text in self._rows(line, names)] for line in record.line_ids],
        }
