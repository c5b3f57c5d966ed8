from odoo import fields, models
from odoo.exceptions import UserError

from ..models.ticket import PRIORITIES


class ProcedureReason(models.TransientModel):
    """A priority is asked for beside its reason; some acts ask for words instead of a reason."""

    _inherit = "crm.procedure.reason"

    priority = fields.Selection(PRIORITIES)
    rating = fields.Selection([(str(n), str(n)) for n in range(1, 6)], string="Rating of the result")

    def _arguments(self):
        arguments = super()._arguments()
        if self.method == "action_set_priority":
            if not self.priority:
                raise UserError(self.env._("Choose the priority."))
            arguments["priority"] = self.priority
        if self.method == "action_record_phone":
            arguments["rating"] = int(self.rating or 0)
        if self.method in ("action_done", "action_ask_customer", "action_tell_customer"):
            arguments = {"text": self.reason}
        return arguments
