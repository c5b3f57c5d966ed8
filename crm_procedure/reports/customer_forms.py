from odoo import models

# What a form shows of a customer, in this order: a field that is added here is a further row.
REGISTRATION_FIELDS = [
    "name",
    "ref",
    "is_company",
    "industry_id",
    "vat",
    "phone",
    "email",
    "website",
    "contact_address",
    "category_id",
    "user_id",
    "procedure_company_grade_id",
    "procedure_potential",
    "procedure_standing",
    "procedure_credit",
    "procedure_source_id",
    "procedure_size",
    "procedure_needs",
    "comment",
]
CARD_FIELDS = [
    "name",
    "commercial_company_name",
    "function",
    "phone",
    "email",
    "contact_address",
    "procedure_home_address",
    "lang",
    "procedure_card_note",
]
KEY_ACCOUNT_FIELDS = [
    "name",
    "ref",
    "industry_id",
    "procedure_company_grade_id",
    "procedure_score",
    "procedure_graded_on",
    "procedure_potential",
    "procedure_standing",
    "procedure_credit",
    "phone",
    "email",
    "website",
    "contact_address",
    "user_id",
    "procedure_status",
    "procedure_size",
    "procedure_needs",
    "procedure_key_deciders",
    "procedure_key_rivals",
    "procedure_key_goals",
    "comment",
]
CONTACT_FIELDS = ["name", "function", "phone", "email"]


class CustomerForm(models.AbstractModel):
    """What the forms about one customer share: rows of its fields, and its contacts."""

    _name = "crm.procedure.customer.form"
    _description = "Form about a Customer"
    _inherit = ["crm.procedure.printed.form"]

    _model = "res.partner"
    _fields_shown = ()
    _with_contacts = True

    def _subject(self, record):
        """:return: the partner whose fields are shown"""
        return record.commercial_partner_id

    def _label(self, field):
        labels = {
            "commercial_company_name": self.env._("Employer"),
            "contact_address": self.env._("Address"),
            "ref": self.env._("Customer No."),
        }
        return labels.get(field.name) or super()._label(field)

    def _text(self, record, name):
        if name == "contact_address":  # without the name, which stands above, and without empty lines
            return "\n".join(filter(str.strip, record._display_address(without_company=True).splitlines()))
        return super()._text(record, name)

    def _signed(self, record):
        """Who registered the customer, and the steward who verified the file."""
        customer = record.commercial_partner_id
        verified_on = customer.procedure_verified_on
        return (
            (customer.procedure_registered_by_id, customer.create_date),
            (customer.procedure_verified_by_id, verified_on),
            (self.env["res.users"], False),
        )

    def _content(self, record):
        subject = self._subject(record)
        contacts = subject.child_ids.filtered(lambda child: child.type == "contact" and not child.is_company)
        content = {"rows": self._rows(subject, self._fields_shown)}
        if self._with_contacts:
            content["contact_labels"] = [label for label, _text in self._rows(subject, CONTACT_FIELDS)]
            content["contacts"] = [[text for _label, text in self._rows(one, CONTACT_FIELDS)] for one in contacts]
        return content


class RegistrationForm(models.AbstractModel):
    """客户信息登记表 (I2, I4)."""

    _name = "report.crm_procedure.registration_form"
    _description = "Customer Registration Form"
    _inherit = ["crm.procedure.customer.form"]

    _code = "registration_form"
    _fields_shown = REGISTRATION_FIELDS

    def _title(self):
        return self.env._("Customer Registration Form")


class RelationshipCard(models.AbstractModel):
    """客户关系卡: one person and where that person works (I6)."""

    _name = "report.crm_procedure.relationship_card"
    _description = "Customer Relationship Card"
    _inherit = ["crm.procedure.customer.form"]

    _code = "relationship_card"
    _fields_shown = CARD_FIELDS
    _with_contacts = False

    def _title(self):
        return self.env._("Customer Relationship Card")

    def _subject(self, record):
        return record


class KeyAccountCard(models.AbstractModel):
    """重点客户资料卡, with the grades the customer has had (I7)."""

    _name = "report.crm_procedure.key_account_card"
    _description = "Key Account Card"
    _inherit = ["crm.procedure.customer.form"]

    _code = "key_account_card"
    _fields_shown = KEY_ACCOUNT_FIELDS

    def _title(self):
        return self.env._("Key Account Card")

    def _content(self, record):
        content = super()._content(record)
        names = ["date", "grading_id", "previous_grade_id", "grade_id", "score", "override_reason"]
        lines = self._subject(record).procedure_line_ids[:10]
        content["grade_labels"] = [label for label, _text in self._rows(lines.browse(), names)]
        content["grades"] = [[text for _label, text in self._rows(line, names)] for line in lines]
        return content
