from odoo import fields, models

DUTIES = [
    ("sales", "Sales"),
    ("marketing", "Marketing"),
    ("service", "Customer service"),
    ("technical", "Technical support"),
    ("rd", "Research and development"),
    ("legal", "Legal"),
    ("quality", "Quality management"),
    ("management", "Management"),
    ("other", "Other"),
]


class ProcedureTeam(models.Model):
    """A department with a duty (R1–R10); no department is hard-coded (X17)."""

    _name = "crm.procedure.team"
    _description = "Team"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    duty = fields.Selection(
        DUTIES,
        required=True,
        default="other",
        help="What the procedure expects of this department.",
    )
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    leader_id = fields.Many2one(
        "res.users",
        string="Team leader",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Is told when work of this team is overdue.",
    )
    member_ids = fields.Many2many(
        "res.users",
        string="Members",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
    )
    makes_contacts = fields.Boolean(
        string="Makes customer contacts",
        help="The working days of these people are the capacity for customer contacts.",
    )

    def _with_duty(self, duty, company):
        """:return: the first team of ``company`` with ``duty``, or none"""
        return self.search([("duty", "=", duty), ("company_id", "=", company.id)], limit=1)

    def _people(self):
        """:return: members and leaders"""
        return self.member_ids | self.leader_id
