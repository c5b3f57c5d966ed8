from odoo import api, fields, models

from ..tools import powers

SEE_OWN = (powers.SALES, powers.SPECIALIST)
SEE_ALL = (powers.MARKETING, powers.SERVICE, powers.SUPERVISOR, powers.QUALITY, powers.MANAGER, powers.AUDITOR)


class ResCompany(models.Model):
    _inherit = "res.company"

    procedure_own_customers = fields.Boolean(
        string="Own customers only",
        help="Sales and specialists without another role see only the customers whose salesperson they are.",
    )

    def write(self, vals):
        result = super().write(vals)
        if "procedure_own_customers" in vals:
            self.env.registry.clear_cache()  # the domains of the record rules are kept there
        return result


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    procedure_own_customers = fields.Boolean(related="company_id.procedure_own_customers", readonly=False)


class ResUsers(models.Model):
    _inherit = "res.users"

    @api.private
    def procedure_sees_own_only(self, company_ids):
        """Whether this user, working in these companies, sees only customers of their own (I11).

        :param company_ids: ids of the companies that are switched on
        """
        # sudo: called by the record rules, for users who may not read their company's settings
        companies = self.env["res.company"].sudo().browse(company_ids)
        if not any(companies.mapped("procedure_own_customers")):
            return False
        return self._has_any_role(SEE_OWN) and not self._has_any_role(SEE_ALL)

    def _has_any_role(self, roles):
        return any(self.has_group(powers.group_xmlid(role)) for role in roles)

    @api.private
    def procedure_partner_domain(self, company_ids):
        """For the record rule of contacts: own customers, colleagues and the companies themselves.

        Literal ids, which the index on the salesperson finds; no join.
        """
        if not self.procedure_sees_own_only(company_ids):
            return [(1, "=", 1)]
        # sudo: which contacts are the companies' own is no secret
        own = self.env["res.company"].sudo().search([]).partner_id.ids
        return ["|", "|", ("user_id", "=", self.id), ("partner_share", "=", False), ("id", "in", own)]

    @api.private
    def procedure_record_domain(self, company_ids, see_all_role=None):
        """For the record rules of records that name a customer.

        :param str see_all_role: a role whose duty needs all of these records
        """
        if not self.procedure_sees_own_only(company_ids):
            return [(1, "=", 1)]
        if see_all_role and self._has_any_role([see_all_role]):
            return [(1, "=", 1)]
        return [("partner_id.user_id", "=", self.id)]


class ResPartner(models.Model):
    _inherit = "res.partner"

    # What the rule reads, in the order of the list; Odoo has no index on the salesperson.
    _procedure_owner_idx = models.Index("(user_id, complete_name) WHERE user_id IS NOT NULL")
    _procedure_colleague_idx = models.Index("(id) WHERE partner_share IS NOT TRUE")

    @api.model_create_multi
    def create(self, vals_list):
        """Who sees only own customers enters own ones."""
        if not self.env.su and self.env.user.procedure_sees_own_only(self.env.companies.ids):
            vals_list = [{**vals, "user_id": vals.get("user_id") or self.env.uid} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        """Contacts go with their customer to the new salesperson."""
        if "user_id" not in vals or not self.env.company.sudo().procedure_own_customers:
            return super().write(vals)
        # sudo: some of the contacts may be somebody else's already, and stay so
        contacts = self.sudo().child_ids.filtered(lambda c: c.user_id == c.parent_id.user_id) - self.sudo()
        result = super().write(vals)
        if contacts:
            contacts.write({"user_id": vals["user_id"]})
        return result
