from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    procedure_waive_separation = fields.Boolean(
        string="One person may submit and approve",
        help="For a company so small that nobody else can approve. Each approval that "
        "used this says so in the record's history.",
    )

    def _procedure_tz(self):
        """:return: name of the time zone that the company's days begin and end in"""
        self.ensure_one()
        company = self.sudo()  # the time zone of the company is no secret
        return company.resource_calendar_id.tz or company.partner_id.tz or "UTC"
