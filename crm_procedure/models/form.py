from odoo import api, fields, models


class ProcedureForm(models.Model):
    """A row of the record master list (D4): the number and title a form is printed under, and
    how long its records are kept."""

    _name = "crm.procedure.form"
    _description = "Controlled Form"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, number, id"

    number = fields.Char(string="Form No.", required=True)
    name = fields.Char(string="Title", required=True, translate=True)
    code = fields.Selection(
        [
            ("registration_form", "Customer registration form"),
            ("relationship_card", "Relationship card"),
            ("key_account_card", "Key account card"),
            ("customer_change", "Customer change"),
            ("grading_list", "Customer grading list"),
            ("customer_list", "Customer list"),
            ("survey_report", "Satisfaction survey report"),
            ("care_plan", "Care plan"),
            ("communication_record", "Communication record"),
            ("complaint_record", "Complaint record"),
            ("ticket_ledger", "Ticket ledger"),
            ("review_minutes", "Review minutes"),
            ("meeting_pack", "Meeting pack"),
            ("procedure", "The procedure itself"),
        ],
        string="Printed by",
        help="Which form of the system bears this number. Empty: a form kept elsewhere.",
    )
    retention_months = fields.Integer(
        string="Kept for (months)", required=True, default=36, help="After that its records are due for review."
    )

    _number_uniq = models.Constraint(
        "UNIQUE (procedure_id, number)", "Each form number stands once in a procedure version."
    )
    _code_uniq = models.UniqueIndex(
        "(procedure_id, code) WHERE code IS NOT NULL", "Each printed form has one number in a procedure version."
    )
    _retention_positive = models.Constraint("CHECK (retention_months > 0)", "Records are kept for at least one month.")

    @api.depends("number", "name")
    def _compute_display_name(self):
        for form in self:
            form.display_name = f"{form.number} {form.name}"
