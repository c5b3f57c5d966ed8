from odoo import api, fields, models
from odoo.exceptions import ValidationError

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
