from functools import partial

from odoo import models
from odoo.exceptions import AccessError


class ProcedureReportedMixin(models.AbstractModel):
    """Records that anybody with the power "report" makes.

    An auditor is a user of the addon too, which access rights by group cannot tell apart:
    here the table of powers decides who writes.
    """

    _name = "crm.procedure.reported.mixin"
    _description = "Reported Record"

    def _check_access(self, operation):
        if operation != "read" and not self.env.su and not self.env.user.has_procedure_power("report"):
            return self, partial(self._report_refused, operation)
        return super()._check_access(operation)

    def _report_refused(self, _operation):
        return AccessError(
            self.env._(
                "You may read this and not report anything yourself. Ask a colleague with a role in the "
                "procedure to report it, or an administrator to give you one."
            )
        )
