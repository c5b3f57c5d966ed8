from odoo import fields, models
from odoo.exceptions import UserError


class ProcedureReason(models.TransientModel):
    """Asks for the reason of an act, then does it: one dialog for all acts that need one."""

    _name = "crm.procedure.reason"
    _description = "Reason"

    res_model = fields.Char(string="Model", required=True, readonly=True)
    res_ids = fields.Json(string="Records", required=True, readonly=True)
    method = fields.Char(required=True, readonly=True)
    reason = fields.Text()

    def _open(self, records, method, title):
        """:return: action that opens the dialog; confirming it calls ``method(reason=…)``"""
        wizard = self.create({"res_model": records._name, "res_ids": records.ids, "method": method})
        return {
            "type": "ir.actions.act_window",
            "name": title,
            "res_model": self._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_confirm(self):
        """:return: close the dialog
        :raise UserError: when the reason is empty
        """
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Enter the reason: it stays on the record and is sent to the author."))
        records = self.env[self.res_model].browse(self.res_ids)
        if self.method not in records._reason_methods():
            raise UserError(self.env._("This act takes no reason."))
        getattr(records, self.method)(**self._arguments())
        return {"type": "ir.actions.act_window_close"}

    def _arguments(self):
        """:return: what the method is called with; acts that ask for more than the reason add it"""
        return {"reason": self.reason}
