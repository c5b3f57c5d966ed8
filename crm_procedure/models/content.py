from odoo import api, fields, models
from odoo.fields import Command

KINDS = [
    ("revisit", "Revisit"),
    ("first_visit", "First visit"),
    ("greeting", "Greeting"),
    ("reception", "Reception"),
    ("gift", "Gift"),
    ("event", "Event"),
    ("other", "Other"),
]
CONTENTS = [
    ("usage_note", "Use of the product"),
    ("need_note", "Change of needs"),
    ("opinion_note", "Opinions and suggestions"),
    ("next_note", "Next step"),
    ("satisfaction", "Satisfaction"),
    ("contact_id", "Contact person"),
    ("cost", "Cost"),
]
# kind, content, what asks for it
DEFAULT_REQUIRED = (
    ("revisit", "usage_note", "000 5.3"),
    ("revisit", "need_note", "000 5.3"),
    ("first_visit", "usage_note", "004 四(二)1"),
    ("first_visit", "satisfaction", "004 四(二)1"),
    ("reception", "opinion_note", "001 第4条"),
)


class ProcedureContent(models.Model):
    """What a procedure version requires a communication of a kind to say (V2, V5, V6, V9)."""

    _name = "crm.procedure.content"
    _description = "Required Content"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, sequence, id"
    _rec_name = "content"

    sequence = fields.Integer(default=10)
    kind = fields.Selection(KINDS, required=True, default="revisit")
    content = fields.Selection(CONTENTS, required=True)
    note = fields.Char(string="Source", help="Document and clause that asks for this content, or why we do.")

    _content_uniq = models.Constraint(
        "UNIQUE (procedure_id, kind, content)", "Each content is required once for a kind. Take the second row out."
    )

    @api.model
    def _default_values(self):
        """:return: list of values, one for each content that a new version starts with"""
        return [
            {"sequence": sequence, "kind": kind, "content": content, "note": note}
            for sequence, (kind, content, note) in enumerate(DEFAULT_REQUIRED)
        ]


class Procedure(models.Model):
    _inherit = "crm.procedure"

    content_ids = fields.One2many("crm.procedure.content", "procedure_id", string="Required contents", copy=True)

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.env["crm.procedure.content"]._default_values()
        for vals in vals_list:
            vals.setdefault("content_ids", [Command.create(row) for row in defaults])
        return super().create(vals_list)

    def _missing_contents(self, communication):
        """:return: labels of what this version requires of ``communication`` and is not there;
        without a version in force, the shipped contents are required
        """
        rows = self.sudo().content_ids.mapped(lambda row: (row.kind, row.content))  # public, as the procedure is
        required = rows if self else [row[:2] for row in DEFAULT_REQUIRED]
        labels = dict(self.env["crm.procedure.content"]._fields["content"]._description_selection(self.env))
        missing = []
        for kind, content in required:
            value = communication[content]
            if kind == communication.kind and not (value.strip() if isinstance(value, str) else value):
                missing.append(labels[content])
        return missing
