from odoo import fields, models


class ProcedureGradeProfile(models.TransientModel):
    """Choose one of the ways in which companies class their customers (X1)."""

    _name = "crm.procedure.grade.profile"
    _description = "Grade Profile"

    profile = fields.Selection(
        [
            ("abc", "A, B, C"),
            ("strategic", "Key strategic, high potential, regular"),
            ("key", "A single list of key customers"),
        ],
        required=True,
        default="abc",
    )
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)

    def action_apply(self):
        """Give the company the grades of the profile; its present own ones are archived, since
        they stand in grading lists.

        :return: action that lists the grades
        """
        self.ensure_one()
        grades = self.env["crm.procedure.grade"]
        grades.search([("company_id", "=", self.company_id.id)]).action_archive()
        for sequence, (name, color, score, days, method) in enumerate(self._grades(), start=1):
            grades.create(
                {
                    "name": name,
                    "sequence": 10 * sequence,
                    "color": color,
                    "minimum_score": score,
                    "contact_interval_days": days,
                    "method": method,
                    "company_id": self.company_id.id,
                }
            )
        return self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.crm_procedure_grade_action")

    def _grades(self):
        """:return: list of (name, colour, minimum score, days between contacts, method), best first

        Monthly for key and quarterly for regular customers is document 003; two months for high
        potential is our choice (X4).
        """
        _ = self.env._
        return {
            "abc": [("A", 10, 65, 30, "visit"), ("B", 4, 35, 60, "phone"), ("C", 3, 0, 90, "phone")],
            "strategic": [
                (_("Key strategic customer"), 10, 65, 30, "visit"),
                (_("High-potential customer"), 4, 35, 60, "phone"),
                (_("Regular customer"), 3, 0, 90, "phone"),
            ],
            "key": [(_("Key customer"), 10, 65, 30, "visit"), (_("Other customer"), 3, 0, 90, "phone")],
        }[self.profile]
