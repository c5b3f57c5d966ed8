from odoo import models

# What the list shows of a customer, in this order; a field that is added here is a further column.
# Completeness is not among them: computed customer by customer, it would take longer than all the rest.
CUSTOMER_FIELDS = [
    "name",
    "ref",
    "is_company",
    "procedure_grade_id",
    "procedure_score",
    "procedure_graded_on",
    "procedure_potential",
    "procedure_standing",
    "procedure_credit",
    "procedure_status",
    "procedure_size",
    "procedure_source_id",
    "procedure_verified_on",
    "industry_id",
    "category_id",
    "vat",
    "phone",
    "email",
    "website",
    "street",
    "city",
    "state_id",
    "zip",
    "country_id",
    "user_id",
    "create_date",
]


class CustomerListWorkbook(models.AbstractModel):
    """The customer list as a workbook."""

    _name = "crm.procedure.workbook.customer_list"
    _description = "Customer List as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "customer_list"
    _model = "res.partner"

    def _title(self):
        return self.env._("Customer List")

    def _columns(self, records):
        return [self._field_column(name) for name in self._names()]

    def _rows(self, records):
        return self._field_rows(records.ids, self._names())

    def _names(self):
        """:return: fields of ``CUSTOMER_FIELDS`` that the user may see"""
        partners = self.env["res.partner"]
        return [name for name in CUSTOMER_FIELDS if partners._has_field_access(partners._fields[name], "read")]
