from odoo import api, fields, models

HOLDERS = [("service", "Customer service"), ("department", "Department"), ("customer", "Customer")]


class ProcedureCustody(models.Model):
    """Who held a ticket from when to when (C10, S11).

    The rows are what all deadlines are computed from. Departments that work side by side
    have a row each; customer service and the customer hold a ticket alone.
    """

    _name = "crm.procedure.custody"
    _description = "Custody"
    _order = "ticket_id, date_from, id"
    _rec_name = "ticket_id"
    _log_access = False

    ticket_id = fields.Many2one("crm.procedure.ticket", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="ticket_id.company_id")
    round = fields.Integer(required=True, default=1, readonly=True, aggregator=None)
    holder = fields.Selection(HOLDERS, required=True, readonly=True)
    team_id = fields.Many2one("crm.procedure.team", string="Team", readonly=True, ondelete="restrict")
    date_from = fields.Datetime(string="From", required=True, readonly=True)
    date_to = fields.Datetime(string="To", readonly=True)

    _order_of_time = models.Constraint("CHECK (date_to >= date_from)", "A period ends after it begins.")
    _held_idx = models.Index("(ticket_id) WHERE date_to IS NULL")

    @api.model
    def _hold(self, wanted, now, fresh=False):
        """Bring the open rows in line with who holds the tickets now.

        :param dict wanted: {ticket: set of (holder, team id or False)}
        """
        tickets = self.env["crm.procedure.ticket"].concat(*wanted)
        # sudo, here and below: nobody keeps these books but the system
        held = self.sudo().search([("ticket_id", "in", tickets.ids), ("date_to", "=", False)]) if not fresh else []
        ended, going_on = self.sudo().browse(), set()
        for row in held:
            key = (row.ticket_id.id, row.round, row.holder, row.team_id.id)
            ticket = row.ticket_id
            if (row.holder, row.team_id.id) in wanted[ticket] and row.round == ticket.round:
                going_on.add(key)
            else:
                ended |= row
        if ended:
            ended.date_to = now
        self.sudo().create(
            [
                {"ticket_id": ticket.id, "round": ticket.round, "holder": holder, "team_id": team, "date_from": now}
                for ticket, holders in wanted.items()
                for holder, team in sorted(holders, key=str)
                if (ticket.id, ticket.round, holder, team) not in going_on
            ]
        )
