from itertools import pairwise

from odoo import models
from odoo.exceptions import UserError

from ..tools.lifecycle import BOUNDS


class Procedure(models.Model):
    _inherit = "crm.procedure"

    def _check_submit(self):
        """The limits of the lifecycle have to follow one another."""
        super()._check_submit()
        for procedure in self:
            days = [procedure._limit(code) for code, _status in BOUNDS]
            if any(later < sooner for sooner, later in pairwise(days)):
                raise UserError(
                    self.env._(
                        "The limits of %(procedure)s for the customer status contradict each other: in service "
                        "for %(service)d days, dormant after %(dormant)d, lost after %(lost)d. Each has to be "
                        "at least as long as the one before.",
                        procedure=procedure.display_name,
                        service=days[0],
                        dormant=days[1],
                        lost=days[2],
                    )
                )
