from odoo import fields, models


class ProcedureDocument(models.Model):
    """A row of the register of related documents (D3)."""

    _name = "crm.procedure.document"
    _description = "Related Document"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, sequence, id"

    sequence = fields.Integer(default=10)
    number = fields.Char(string="Document No.")
    name = fields.Char(string="Title", required=True, translate=True)
    url = fields.Char(string="Where it is kept", help="A link or a place.")
