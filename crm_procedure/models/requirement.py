from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import customer_file


class ProcedureRequirement(models.Model):
    """An entry that a procedure version requires of a customer file (I3, I4)."""

    _name = "crm.procedure.requirement"
    _description = "Required Entry"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, sequence, id"
    _rec_name = "entry"

    sequence = fields.Integer(default=10)
    entry = fields.Selection("_selection_entry", required=True)
    note = fields.Char(string="Source", help="Document and clause that asks for this entry, or why we do.")

    _entry_uniq = models.Constraint(
        "UNIQUE (procedure_id, entry)", "Each entry is required once. Take the second row out."
    )

    @api.model
    def _selection_entry(self):
        labels = self.env["res.partner"]._procedure_entry_labels()
        return [(name, labels[name]) for name in labels]

    @api.constrains("entry")
    def _check_entry(self):
        known = self.env["res.partner"]._procedure_entry_labels()
        for row in self.filtered(lambda r: r.entry not in known):
            raise ValidationError(self.env._("%(entry)s is no entry of a customer file.", entry=row.entry))

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _default_values(self):
        """:return: list of values, one for each entry that a new version starts with"""
        return [
            {"sequence": sequence, "entry": entry, "note": "003 step 1"}
            for sequence, entry in enumerate(customer_file.DEFAULT_REQUIRED)
        ]
