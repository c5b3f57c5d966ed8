from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from odoo.addons.base.models.ir_attachment import condition_values


class IrAttachment(models.Model):
    """Files that are evidence: made by the system, read by who may see all of it, changed by nobody."""

    _inherit = "ir.attachment"

    procedure_kept = fields.Boolean(string="Kept as evidence", readonly=True, copy=False)

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # no context default either: only the system keeps files
            vals_list = [{**vals, "procedure_kept": False} for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and "procedure_kept" in vals:
            raise AccessError(self.env._("Only the system keeps files as evidence."))
        self._refuse_kept(vals)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_kept(self):
        self._refuse_kept({})

    def _refuse_kept(self, vals):
        """Administrators and the system itself are no exception."""
        for attachment in self.sudo().filtered("procedure_kept"):
            if "raw" in vals and attachment._is_moved(vals):
                continue
            raise UserError(
                self.env._(
                    "%(file)s is kept as evidence of an approved record: it can be neither changed nor deleted.",
                    file=attachment.name,
                )
            )

    def _is_moved(self, vals):
        """The same content stored elsewhere, as when the file store changes."""
        return not set(vals) - {"raw", "mimetype"} and all(self[name] == value for name, value in vals.items())

    # ------------------------------------------------------------
    # ACCESS
    # ------------------------------------------------------------

    @api.model
    def _search(self, domain, *args, **kwargs):
        """A search that names its models is not filtered by ``_check_access``, so it is here."""
        domain = Domain(domain)
        models = () if self.env.su or kwargs.get("bypass_access") else condition_values(self, "res_model", domain)
        if "crm.procedure.grading" in (models or ()) and self._hides_customers():
            domain &= Domain("procedure_kept", "=", False)
        return super()._search(domain, *args, **kwargs)

    def _check_access(self, operation):
        """A kept list names every customer: it is for those who may see every customer. The
        others download the list from the grading, with the customers they may see."""
        result = super()._check_access(operation)
        if self.env.su or operation != "read":
            return result
        forbidden, error = result or (self.browse(), None)
        kept = (self - forbidden).sudo().filtered("procedure_kept").sudo(False)
        if not kept or not self._hides_customers():
            return result
        return forbidden | kept, error or (
            lambda: AccessError(self.env._("This list names customers who are hidden from you."))
        )

    @api.model
    def _hides_customers(self):
        """:return: whether record rules hide a customer of the user's companies from the user"""
        rules = self.env["ir.rule"]._compute_domain("res.partner", "read")
        hidden = (
            Domain("company_id", "in", [False, *self.env.companies.ids])
            & (Domain("customer_rank", ">", 0) | Domain("procedure_grade_id", "!=", False))
            & ~Domain(rules)
        )
        return bool(self.env["res.partner"].sudo().search(hidden, limit=1))  # tells only that there is one
