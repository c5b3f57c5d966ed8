from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

from ..tools.lifecycle import STATUSES


class ProcedureReason(models.TransientModel):
    """To set a status by hand, it and the day of its review are asked for beside the reason."""

    _inherit = "crm.procedure.reason"

    status = fields.Selection(STATUSES)
    review_date = fields.Date(
        string="Rules decide again on",
        default=lambda self: self._default_review_date(),
        help="Empty: the status holds until somebody takes it back.",
    )

    def _default_review_date(self):
        company = self.env.company
        days = self.env["crm.procedure"]._in_force(company)._limit("status_review")
        return company._procedure_now().date() + timedelta(days=int(days))

    def _arguments(self):
        arguments = super()._arguments()
        if self.method == "action_set_status":
            if not self.status:
                raise UserError(self.env._("Choose the status."))
            arguments.update(status=self.status, review_date=self.review_date)
        return arguments
