from odoo import fields, models

from .ticket import KINDS


class ProcedureTicketCategory(models.Model):
    """What tickets are about: routes them to a department, and the Pareto counts by it."""

    _name = "crm.procedure.ticket.category"
    _description = "Ticket Category"
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all companies.")
    kind = fields.Selection(KINDS, help="Empty: for every kind of ticket.")
    team_id = fields.Many2one(
        "crm.procedure.team",
        string="Department",
        check_company=True,
        help="Handles tickets of this category where customer service does not answer by itself.",
    )
    description = fields.Text(translate=True, help="What belongs here, for whoever classifies.")
