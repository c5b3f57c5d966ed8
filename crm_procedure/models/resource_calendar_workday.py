from odoo import api, fields, models

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]


class ResourceCalendarWorkday(models.Model):
    """A day on which a calendar works other hours than its week says: a make-up day (调休)
    on a Saturday, or the Saturday before a stocktaking."""

    _name = "resource.calendar.workday"
    _description = "Extra Working Day"
    _order = "date"
    _rec_name = "date"

    calendar_id = fields.Many2one(
        "resource.calendar", string="Working Hours", required=True, index=True, ondelete="cascade"
    )
    date = fields.Date(required=True)
    dayofweek = fields.Selection(
        WEEKDAYS, string="Works like a", required=True, default="0", help="The hours of this weekday hold on that day."
    )
    name = fields.Char(string="Reason")
    country_id = fields.Many2one(
        "res.country",
        string="Loaded for",
        readonly=True,
        help="Set when it was loaded with the public holidays of a country.",
    )

    _date_uniq = models.Constraint("UNIQUE (calendar_id, date)", "This day is an extra working day already.")

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()
