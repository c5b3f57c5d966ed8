from odoo import fields, models


class ProcedureTicket(models.Model):
    """Who holds a ticket now follows from its state, its open parts and whether we wait."""

    _inherit = "crm.procedure.ticket"

    is_waiting = fields.Boolean(
        string="Waiting for the customer",
        readonly=True,
        copy=False,
        tracking=True,
        help="We asked the customer something. Our clock stands still until the reply.",
    )

    def _sync_custody(self, fresh=False):
        """After every change that moves a ticket: books of custody, then deadlines.

        :param bool fresh: these were just made, nobody held them before
        """
        if not self:
            return
        wanted = {ticket: ticket._holders() for ticket in self.sudo()}  # parts of others count as well
        self.env["crm.procedure.custody"]._hold(wanted, fields.Datetime.now(), fresh)
        self._recompute_deadlines()

    def _holders(self):
        """:return: set of (holder, team id or False) that hold this ticket as it stands"""
        self.ensure_one()
        if self.state == "answered" or (self.is_waiting and self.state in ("accepted", "handling")):
            return {("customer", False)}
        if self.state == "reported":
            return {("service", self.team_id.id)}
        if self.state not in ("accepted", "handling"):
            return set()
        return {("department", part.team_id.id) for part in self._open_parts()} or {("service", self.team_id.id)}

    def _parts_changed(self):
        """A department got a part, or finished one: the ticket may change hands.

        sudo: whoever finishes a part may not handle the ticket.
        """
        tickets = self.sudo()
        tickets.filtered(lambda t: t.state == "accepted" and t._open_parts())._set_state("handling")
        tickets._sync_custody()

    def _open_parts(self):
        return self.action_ids.filtered(lambda action: action.kind == "handling" and action.state == "open")
