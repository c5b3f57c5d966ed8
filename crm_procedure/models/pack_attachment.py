from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from odoo.addons.base.models.ir_attachment import condition_values

REVIEW = "crm.procedure.review"


class IrAttachment(models.Model):
    """Meeting packs as files: an export that was made beforehand (I11).

    A pack names customers, so reading it asks for what any export asks for: the right to
    export, and that no customer is hidden from the reader (``ir_attachment.py``). Each
    download stands in the log of exports. Who may not have it reads the figures in the review.
    """

    _inherit = "ir.attachment"

    @api.model
    def _may_load_packs(self):
        """:return: whether the user may have meeting packs of reviews that they may read"""
        return self.env.user.has_group("base.group_allow_export") and not self._hides_customers()

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if self.env.su or operation != "read" or self.env.user.has_group("base.group_allow_export"):
            return result
        forbidden, error = result or (self.browse(), None)
        packs = (self - forbidden)._packs()
        if not packs:
            return result
        return forbidden | packs, error or (
            lambda: AccessError(
                self.env._(
                    "A meeting pack names customers: reading it is an export, and you may not export data. Ask an "
                    "administrator for the right “Access to export feature”."
                )
            )
        )

    @api.model
    def _search(self, domain, *args, **kwargs):
        """A search that names its models is not filtered by ``_check_access``, so it is here."""
        models = (
            () if self.env.su or kwargs.get("bypass_access") else condition_values(self, "res_model", Domain(domain))
        )
        if REVIEW in (models or ()) and not self._may_load_packs():
            domain = Domain(domain) & ~(Domain("procedure_kept", "=", True) & Domain("res_model", "=", REVIEW))
        return super()._search(domain, *args, **kwargs)

    def _packs(self):
        """:return: those of ``self`` that are meeting packs; sudo: tells no more than that"""
        return self.sudo().filtered(lambda file: file.procedure_kept and file.res_model == REVIEW).sudo(False)

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _to_http_stream(self):
        for pack in self._packs():
            pack._note_pack(self.env._("Loaded: %(file)s", file=pack.name))
        return super()._to_http_stream()

    def _note_pack(self, what):
        """Put on record that the user was given a pack; its purpose is known: the meeting.

        :param what: how it was given
        """
        review = self.env[REVIEW].sudo().browse(self.sudo().res_id)  # for its number and its size alone
        log = self.env["crm.procedure.export"]
        log._note(
            self.env[REVIEW],
            review.pack_rows,
            what,
            [review.env["crm.procedure.meeting.pack"]._description],
            company_id=review.company_id.id,
            purpose=self.env._("Meeting of %(review)s", review=review.display_name),
            over_limit=review.pack_rows > log.with_company(review.company_id)._limit("export_purpose"),
        )
