from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _procedure_account_owner(self, user):
        """Who looks after a customer: its salesperson; of customers without one, or whose one
        has left, the leader of service, or else a supervisor.

        :param user: ``res.users``, perhaps none
        :return: one ``res.users``
        """
        self.ensure_one()
        if user.active and self in user.company_ids:
            return user
        service = self.env["crm.procedure.team"]._with_duty("service", self)
        others = service.leader_id.filtered("active") or self.env["res.users"].search_procedure_role("supervisor", self)
        return others[:1] or self.env.ref("base.user_admin")
