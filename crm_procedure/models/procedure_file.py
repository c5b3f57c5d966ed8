from odoo import api, fields, models
from odoo.fields import Command

from ..tools import customer_file


class Procedure(models.Model):
    """What a procedure version says about the customer file (000 5.1, 003 step 1)."""

    _inherit = "crm.procedure"

    registration = fields.Selection(
        [
            ("direct", "Are registered by whoever enters them"),
            ("queue", "Wait until a steward confirms them"),
        ],
        string="New customers",
        required=True,
        default="direct",
        help="Waiting customers can be quoted to; their orders are confirmed after the steward "
        "(sales or supervisor) has confirmed the customer (X6).",
    )
    requirement_ids = fields.One2many("crm.procedure.requirement", "procedure_id", string="Required entries", copy=True)

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.env["crm.procedure.requirement"]._default_values()
        for vals in vals_list:
            vals.setdefault("requirement_ids", [Command.create(row) for row in defaults])
        return super().create(vals_list)

    def _required_entries(self):
        """:return: the entries a customer file has to have; without a version in force, the shipped ones"""
        if not self:
            return customer_file.DEFAULT_REQUIRED
        return tuple(self.sudo().requirement_ids.mapped("entry"))  # public, as the procedure is
