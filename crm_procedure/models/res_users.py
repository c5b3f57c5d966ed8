from odoo import api, models
from odoo.exceptions import AccessError

from ..tools import powers


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.private
    def has_procedure_power(self, power):
        """Whether this user holds a role that has ``power`` (a key of ``POWERS``).

        An auditor is a user of the addon as well, but "reads everything, changes
        nothing": what every user may do does not come to an auditor with that role.
        """
        self.ensure_one()
        roles = powers.POWERS[power]
        special = [role for role in roles if role != powers.USER]
        if any(self.has_group(powers.group_xmlid(role)) for role in special):
            return True
        return powers.USER in roles and self._is_plain_procedure_user()

    @api.private
    def check_procedure_power(self, power, act):
        """:param str act: what was refused, in the user's words, e.g. "co-sign GRL/0001"
        :raise AccessError: naming the roles that may
        """
        if self.has_procedure_power(power):
            return
        groups = self.env["res.groups"]
        for role in powers.POWERS[power]:
            groups |= self.env.ref(powers.group_xmlid(role)).sudo()  # names of roles are no secret
        raise AccessError(
            self.env._(
                "You may not %(act)s. This takes the role %(roles)s: ask somebody who has it, "
                "or an administrator to give it to you.",
                act=act,
                roles=" / ".join(groups.mapped("name")) or self.env._("of the customer"),
            )
        )

    def _is_plain_procedure_user(self):
        if not self.has_group(powers.group_xmlid(powers.USER)):
            return False
        if not self.has_group(powers.group_xmlid(powers.AUDITOR)):
            return True
        others = set(powers.ROLES) - {powers.USER, powers.AUDITOR}
        return any(self.has_group(powers.group_xmlid(role)) for role in others)

    @api.model
    @api.private
    def search_procedure_role(self, role, company):
        """:return: the active users of ``company`` who hold ``role``"""
        return self.sudo().search(  # who holds a role is shown in the procedure itself
            [
                ("all_group_ids", "in", self.env.ref(powers.group_xmlid(role)).ids),
                ("company_ids", "in", company.ids),
                ("share", "=", False),
            ]
        )
