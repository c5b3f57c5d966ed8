from odoo import models

from .res_partner_registration import REJECTED, WAITING


class SaleOrder(models.Model):
    _inherit = "sale.order"

    def _confirmation_error_message(self):
        """The gate of the registration queue: quotations yes, orders after the steward (I3, X6)."""
        message = super()._confirmation_error_message()
        customer = self.partner_id.commercial_partner_id.sudo()  # the salesperson may lack the role to see it
        if message or customer.procedure_registration not in (WAITING, REJECTED):
            return message
        return self.env._(
            "%(customer)s is a new customer that nobody has confirmed yet. A steward (sales or supervisor) "
            "confirms the registration, then the order can be confirmed.",
            customer=customer.display_name,
        )
