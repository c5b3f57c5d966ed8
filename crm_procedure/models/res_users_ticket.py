from odoo import api, models


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.private
    def procedure_ticket_domain(self):
        """For the record rules: the tickets that this user follows or that the user's department handles.

        Memberships are looked up by the database: these domains are kept longer than they are.
        """
        mine = ("user_id", "=", self.id)
        department = ["|", ("team_id.member_ids", "in", self.id), ("team_id.leader_id", "=", self.id)]
        parts = ("action_ids", "any", ["|", mine, *department])
        return ["|", "|", "|", ("reported_by_id", "=", self.id), mine, parts, *department]
