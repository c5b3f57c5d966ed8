from odoo import fields, models


class ProcedureReview(models.Model):
    """Who is told that a review is open."""

    _inherit = "crm.procedure.review"

    def _announce(self):
        """Tell those with a duty by an activity, everybody by one mail."""
        self.invited_on = fields.Datetime.now()
