from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError


class ProcedureGrade(models.Model):
    """A ranked class of customers and what it entitles to (G1, G2, G4, X1)."""

    _name = "crm.procedure.grade"
    _description = "Customer Grade"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10, help="The best grade stands first.")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for every company that has none of its own.")
    color = fields.Integer()
    minimum_score = fields.Float(required=True, help="A customer with at least this score (0–100) gets this grade.")
    contact_interval_days = fields.Integer(
        string="Contact every (days)", required=True, default=90, help="Longest time between two contacts."
    )
    method = fields.Selection(
        [
            ("phone", "Phone"),
            ("email", "E-mail"),
            ("sms", "Text message"),
            ("visit", "Visit"),
            ("online", "Online meeting"),
        ],
        required=True,
        default="phone",
        help="How these customers are usually contacted.",
    )
    note = fields.Text(string="Entitles to", translate=True)

    _minimum_score_range = models.Constraint(
        "CHECK (minimum_score >= 0 AND minimum_score <= 100)",
        "The score a grade begins at lies between 0 and 100.",
    )
    _contact_interval_positive = models.Constraint(
        "CHECK (contact_interval_days > 0)", "Contacts need an interval of at least one day."
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_in_use(self):
        used = (
            self.env["crm.procedure.grading.line"]
            .sudo()
            .search(  # any use forbids it
                [
                    "|",
                    "|",
                    ("grade_id", "in", self.ids),
                    ("previous_grade_id", "in", self.ids),
                    ("computed_grade_id", "in", self.ids),
                ],
                limit=1,
            )
        )
        if used:
            raise UserError(
                self.env._(
                    "A grade that stands in a grading list is evidence and cannot be deleted. Archive it instead."
                )
            )

    def _badge(self):
        """:return: Markup of the grade as a coloured badge; of no grade, when empty"""
        return Markup('<span class="badge rounded-pill text-nowrap o_badge_color_%s">%s</span>') % (
            self.color,
            self.name or self.env._("no grade"),
        )

    @api.model
    def _for_company(self, company):
        """:return: the grades that customers of ``company`` can get, best first: its own
        ones, or else those for all companies
        """
        return self.search([("company_id", "=", company.id)]) or self.search([("company_id", "=", False)])
