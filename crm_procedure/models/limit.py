from odoo import api, fields, models

from ..tools import limits


class ProcedureLimit(models.Model):
    """One limit of one procedure version, with its source ("Timing register")."""

    _name = "crm.procedure.limit"
    _description = "Limit"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, sequence, id"
    _rec_name = "code"

    sequence = fields.Integer(default=10)
    code = fields.Selection(
        [(limit.code, limit.label) for limit in limits.LIMITS],
        string="Limit",
        required=True,
        readonly=True,
    )
    value = fields.Float(required=True)
    unit = fields.Selection(limits.UNITS, required=True, readonly=True)
    origin = fields.Selection(limits.ORIGINS, required=True, default="own")
    source = fields.Char(help="Document and clause that the value comes from, or why we chose it.")

    _code_uniq = models.Constraint("UNIQUE (procedure_id, code)", "Each limit stands once in a procedure version.")
    _value_positive = models.Constraint("CHECK (value > 0)", "A limit must be above zero. Enter a positive number.")

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _default_values(self):
        """:return: list of values, one for each limit that the addon knows"""
        return [
            {
                "sequence": sequence,
                "code": limit.code,
                "value": limit.default,
                "unit": limit.unit,
                "origin": limit.origin,
                "source": limit.source,
            }
            for sequence, limit in enumerate(limits.LIMITS)
        ]
