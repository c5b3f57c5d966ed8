from odoo import api, fields, models


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

    def _procedure_present(self):
        """:return: those who are not on leave now"""
        now = fields.Datetime.now()
        leaves = (
            self.env["resource.calendar.leaves"]
            .sudo()
            .search(  # only whether somebody is there
                [("resource_id.user_id", "in", self.ids), ("date_from", "<=", now), ("date_to", ">=", now)]
            )
        )
        return self - leaves.resource_id.user_id
