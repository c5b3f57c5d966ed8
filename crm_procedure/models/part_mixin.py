from odoo import api, fields, models


class ProcedurePartMixin(models.AbstractModel):
    """Part of a procedure version: frozen with it once it is submitted (ISO 9001 7.5.3)."""

    _name = "crm.procedure.part.mixin"
    _description = "Part of a Procedure"

    procedure_id = fields.Many2one("crm.procedure", required=True, index=True, ondelete="cascade")

    @api.model_create_multi
    def create(self, vals_list):
        parts = super().create(vals_list)
        parts.procedure_id._check_editable()
        self.env.registry.clear_cache()  # limits of tickets are kept there
        return parts

    def write(self, vals):
        self.procedure_id._check_editable()
        self.env.registry.clear_cache()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed(self):
        self.procedure_id._check_editable()
        self.env.registry.clear_cache()
