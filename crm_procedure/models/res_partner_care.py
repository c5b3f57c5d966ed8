from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_amount

from .communication_cost import CARE_KINDS
from .res_partner import USER
from .res_partner_file import CARE


class ResPartner(models.Model):
    """Days on which a customer is greeted, and whether it wants to be (V10)."""

    _inherit = "res.partner"

    procedure_birthday = fields.Date(
        string="Birthday",
        copy=False,
        index="btree_not_null",
        groups=CARE,
        help="Personal data, not required. Enter it only with the person's consent.",
    )
    procedure_founded_on = fields.Date(
        string="Founded on", copy=False, index="btree_not_null", groups=USER, help="The customer's anniversary."
    )
    procedure_no_greetings = fields.Boolean(
        string="No greetings", copy=False, groups=USER, help="Asked not to be greeted on birthdays and festivals."
    )

    procedure_care_cost = fields.Char(
        string="Care this year",
        compute="_compute_procedure_care_cost",
        compute_sudo=True,  # the sum of what everybody spent; who spent what is not told
        groups=CARE,
        help="What receptions, gifts, events and greetings cost this year, and the budget of the grade.",
    )

    @api.depends_context("company", "lang")
    def _compute_procedure_care_cost(self):
        company, communications = self.env.company, self.env["crm.procedure.communication"]
        year = company._procedure_now().year
        domain = (
            communications._domain_cost_year(date(year, 1, 1), date(year + 1, 1, 1))
            & Domain("company_id", "=", company.id)
            & Domain("kind", "in", CARE_KINDS)
            & Domain("partner_id", "in", self.commercial_partner_id.ids)
        )
        spent = dict(communications._read_group(domain, ["partner_id"], ["cost:sum"]))
        for partner in self:
            customer = partner.commercial_partner_id
            cost, budget = spent.get(customer, 0), customer.procedure_grade_id.care_budget
            words = [format_amount(self.env, amount, company.currency_id) for amount in (cost, budget)]
            if budget:
                words = [self.env._("%(cost)s of %(budget)s", cost=words[0], budget=words[1])]
            partner.procedure_care_cost = words[0] if cost or budget else False

    @api.constrains("procedure_birthday", "procedure_founded_on")
    def _check_care_dates(self):
        today = self.env.company._procedure_now().date()
        for partner in self.sudo():  # whoever writes a date may not be allowed to read the other
            if any(day and day > today for day in (partner.procedure_birthday, partner.procedure_founded_on)):
                raise ValidationError(
                    self.env._(
                        "The birthday or founding day of %(customer)s lies in the future. Check the year.",
                        customer=partner.display_name,
                    )
                )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _procedure_forget_in_records(self):
        super()._procedure_forget_in_records()
        self.env["crm.procedure.greeting"].search([("partner_id", "in", self.ids)]).write({"email": False})
