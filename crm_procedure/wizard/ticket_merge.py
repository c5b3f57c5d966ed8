from odoo import fields, models


class ProcedureTicketMerge(models.TransientModel):
    """Asks which ticket a duplicate goes into."""

    _name = "crm.procedure.ticket.merge"
    _description = "Merge Tickets"

    ticket_id = fields.Many2one("crm.procedure.ticket", string="Duplicate", required=True, readonly=True)
    commercial_partner_id = fields.Many2one(related="ticket_id.commercial_partner_id")
    target_id = fields.Many2one(
        "crm.procedure.ticket",
        string="Goes into",
        domain="[('id', '!=', ticket_id), ('commercial_partner_id', '=', commercial_partner_id),"
        " ('state', 'in', ('reported', 'accepted', 'handling', 'answered'))]",
    )

    def action_confirm(self):
        """:return: action that opens the ticket that goes on"""
        self.ensure_one()
        return self.ticket_id.action_merge(self.target_id.id)
