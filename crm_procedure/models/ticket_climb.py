from odoo import fields, models

from .ticket_limit import WHAT


class ProcedureTicketClimb(models.Model):
    """A rung that a ticket has reached: each once in a round, whoever runs at the same time."""

    _name = "crm.procedure.ticket.climb"
    _description = "Escalation Step"
    _order = "ticket_id, date, id"
    _rec_name = "ticket_id"
    _log_access = False

    ticket_id = fields.Many2one("crm.procedure.ticket", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="ticket_id.company_id")
    round = fields.Integer(required=True, readonly=True)
    what = fields.Selection(WHAT, string="Limit", required=True, readonly=True)
    rung_key = fields.Char(required=True, readonly=True, export_string_translation=False)
    due = fields.Datetime(string="Reached on", readonly=True)
    date = fields.Datetime(string="Told on", required=True, readonly=True)
    user_ids = fields.Many2many("res.users", string="Who was told", readonly=True)

    _once = models.UniqueIndex("(ticket_id, round, what, rung_key)", "Each step is taken once.")
