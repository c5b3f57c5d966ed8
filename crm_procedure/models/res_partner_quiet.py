from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import USER


class ResPartner(models.Model):
    """Whether a customer is at risk, because it has gone quiet (V7)."""

    _inherit = "res.partner"

    procedure_quiet_id = fields.Many2one(
        "crm.procedure.quiet",
        string="At risk",
        compute="_compute_procedure_quiet",
        search="_search_procedure_quiet_id",
        compute_sudo=True,  # that a customer is quiet is known to whoever sees the customer
        groups=USER,
    )
    procedure_quiet_reason = fields.Char(
        string="Why at risk", compute="_compute_procedure_quiet", compute_sudo=True, groups=USER
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends_context("company", "lang")
    def _compute_procedure_quiet(self):
        domain = self._domain_quiet() & Domain("partner_id", "in", self.ids)
        episodes = {episode.partner_id.id: episode for episode in self.env["crm.procedure.quiet"].search(domain)}
        for partner in self:
            episode = episodes.get(partner.id)
            partner.procedure_quiet_id = episode
            partner.procedure_quiet_reason = episode and episode.reason

    def _search_procedure_quiet_id(self, operator, value):
        if operator not in ("in", "not in") or set(value) != {False}:
            return NotImplemented
        # sudo: as in the compute
        quiet = self.env["crm.procedure.quiet"].sudo()._search(self._domain_quiet())
        customers = Domain("id", "in", quiet.select("partner_id"))
        return ~customers if operator == "in" else customers

    @api.model
    def _domain_quiet(self):
        return (
            Domain("company_id", "=", self.env.company.id)
            & Domain("ended_on", "=", False)
            & Domain("partner_id", "!=", False)
        )
