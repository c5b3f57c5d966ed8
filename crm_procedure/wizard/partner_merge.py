from odoo import models

from ..models.res_partner_registration import MERGING


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _update_values(self, src_partners, dst_partner):
        """The surviving customer keeps its own registration and its own day of verification."""
        kept = dst_partner.with_context(procedure_merging=MERGING)
        return super()._update_values(src_partners, kept)
