from ast import literal_eval

from odoo import fields, models


class ProcedureTeam(models.Model):
    """A department can have an address of its own; mails to it become tickets (C1, C2)."""

    _name = "crm.procedure.team"
    _inherit = ["mail.alias.mixin.optional", "crm.procedure.team"]

    alias_id = fields.Many2one(help="Mails to this address become reports, which customer service accepts.")

    def _alias_get_creation_values(self):
        values = super()._alias_get_creation_values()
        values["alias_model_id"] = self.env["ir.model"]._get_id("crm.procedure.ticket")
        if self.id:
            given = literal_eval(self.alias_defaults or "{}")
            values["alias_defaults"] = {**given, "team_id": self.id, "company_id": self.company_id.id}
        return values

    def write(self, vals):
        """The address follows its department to another company."""
        result = super().write(vals)
        if "company_id" in vals:
            for team in self.filtered("alias_id"):
                team.alias_id.sudo().alias_defaults = team._alias_get_creation_values()["alias_defaults"]
        return result
