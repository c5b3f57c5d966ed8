from odoo import fields, models


class ProcedureReview(models.Model):
    """The figures of a review, frozen when it is opened."""

    _inherit = "crm.procedure.review"

    def _freeze(self):
        """Make the figures of the period as they are at this moment, and keep them."""
        for review in self:
            review.write({"figures": review._make_figures(), "frozen_on": fields.Datetime.now()})

    def _make_figures(self):
        return {}
