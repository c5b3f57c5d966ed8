from odoo import fields, models


class ResourceCalendarLeaves(models.Model):
    _inherit = "resource.calendar.leaves"

    procedure_country_id = fields.Many2one(
        "res.country",
        string="Public holiday of",
        readonly=True,
        copy=False,
        help="Set when it was loaded with the public holidays of a country; loading the year again may remove it.",
    )
