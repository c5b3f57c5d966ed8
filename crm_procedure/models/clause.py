from odoo import api, fields, models


class ProcedureClause(models.Model):
    """A numbered activity of one procedure version: who produces which form (D6, R1–R10)."""

    _name = "crm.procedure.clause"
    _description = "Clause"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, sequence, id"

    sequence = fields.Integer(default=10)
    number = fields.Char(required=True, help="As in the document, e.g. 5.2.")
    name = fields.Char(string="Activity", required=True, translate=True)
    text = fields.Text(string="What is to be done", translate=True)
    role_ids = fields.Many2many(
        "res.groups",
        string="Responsible roles",
        domain=lambda self: [
            ("privilege_id.category_id", "=", self.env.ref("crm_procedure.module_category_procedure").id)
        ],
    )
    form_ids = fields.Many2many("crm.procedure.form", string="Forms", domain="[('procedure_id', '=', procedure_id)]")

    _number_uniq = models.Constraint(
        "UNIQUE (procedure_id, number)", "Each clause number stands once in a procedure version."
    )

    @api.depends("number", "name")
    def _compute_display_name(self):
        for clause in self:
            clause.display_name = f"{clause.number} {clause.name}"
