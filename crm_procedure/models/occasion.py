from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import public_holidays
from ..tools.due_greetings import DueGreetings

MONTHS = [
    ("1", "January"),
    ("2", "February"),
    ("3", "March"),
    ("4", "April"),
    ("5", "May"),
    ("6", "June"),
    ("7", "July"),
    ("8", "August"),
    ("9", "September"),
    ("10", "October"),
    ("11", "November"),
    ("12", "December"),
]
LEAP_YEAR = 2024


class ProcedureOccasion(models.Model):
    """A reason to greet customers: festival, birthday, anniversary (V10, X16).

    What falls due becomes a greeting (``greeting.py``), once a year for each recipient: an
    e-mail in the customer's language, or a planned contact for the account owner.
    """

    _name = "crm.procedure.occasion"
    _description = "Care Occasion"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, help="Switched off: nobody is greeted on this occasion.")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    basis = fields.Selection(
        [
            ("holiday", "Public holiday"),
            ("date", "Fixed date"),
            ("birthday", "Birthday of the contact person"),
            ("anniversary", "Anniversary of the customer"),
        ],
        string="Falls on",
        required=True,
        default="holiday",
    )
    month = fields.Selection(MONTHS, default="1")
    day = fields.Integer(default=1, help="29 February is kept on the 28th in other years.")
    holiday = fields.Char(
        string="Name of the holiday",
        help="As the calendar of the customer's country calls it, in English, Chinese or its own language. Several "
        "names are separated by commas, for example: Spring Festival, Chinese New Year, Lunar New Year.",
    )
    country_ids = fields.Many2many("res.country", string="Only in", help="Empty: customers of every country.")
    grade_ids = fields.Many2many(
        "crm.procedure.grade", string="Grades", help="Empty: customers of every grade, and those without one."
    )
    recipients = fields.Selection(
        [("customer", "The customer"), ("contacts", "Every contact person of the customer")],
        string="Whom",
        required=True,
        default="customer",
    )
    lead_days = fields.Integer(string="Days ahead", help="So many days before, the greeting is sent or planned.")
    action = fields.Selection(
        [("todo", "Plan a contact for the account owner"), ("mail", "Send an e-mail")],
        string="How",
        required=True,
        default="todo",
    )
    method = fields.Selection(
        [
            ("phone", "Phone"),
            ("email", "E-mail"),
            ("sms", "Text message"),
            ("visit", "Visit"),
            ("online", "Online meeting"),
        ],
        string="By",
        required=True,
        default="phone",
    )
    kind = fields.Selection(
        [("greeting", "Greeting"), ("gift", "Gift")], string="Contact is a", required=True, default="greeting"
    )
    note = fields.Char(
        string="What to do", translate=True, help="Stands in the planned contact: what to say, what to bring."
    )
    template_id = fields.Many2one(
        "mail.template",
        string="E-mail",
        domain="[('model', '=', 'crm.procedure.communication')]",
        ondelete="restrict",
        help="Sent in the language of the recipient.",
    )
    greeting_ids = fields.One2many("crm.procedure.greeting", "occasion_id", string="Greetings")
    next_day = fields.Date(string="Next on", compute="_compute_next_day")

    _lead_days_range = models.Constraint(
        "CHECK (lead_days BETWEEN 0 AND 60)", "Greetings are prepared 0 to 60 days ahead."
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("basis", "month", "day", "holiday", "country_ids", "company_id")
    def _compute_next_day(self):
        for occasion in self:
            complete = occasion.company_id and occasion._is_day_valid()
            occasion.next_day = complete and DueGreetings(occasion.company_id).next_day(occasion)

    @api.constrains("basis", "month", "day")
    def _check_day(self):
        for occasion in self.filtered(lambda o: not o._is_day_valid()):
            raise ValidationError(
                self.env._(
                    "%(occasion)s falls on day %(day)s of month %(month)s, which does not exist. Correct the date.",
                    occasion=occasion.name,
                    day=occasion.day,
                    month=occasion.month or "–",
                )
            )

    @api.constrains("basis", "holiday", "country_ids", "company_id")
    def _check_holiday(self):
        """A name that no country concerned knows would never come, and nobody would notice."""
        for occasion in self.filtered(lambda o: o.basis == "holiday"):
            if not DueGreetings(occasion.company_id).next_day(occasion):
                country = occasion.country_ids[:1] or occasion.company_id.country_id or self.env.ref("base.cn")
                raise ValidationError(
                    self.env._(
                        "No country of your customers has a public holiday called %(name)s. In %(country)s there are: "
                        "%(holidays)s.",
                        name=occasion.holiday or "–",
                        country=country.name,
                        holidays=self.env._(", ").join(occasion._holidays_of(country)) or "–",
                    )
                )

    @api.constrains("action", "template_id")
    def _check_template(self):
        for occasion in self.filtered(lambda o: o.action == "mail"):
            if occasion.template_id.sudo().model != "crm.procedure.communication":
                raise ValidationError(
                    self.env._(
                        "%(occasion)s is to be sent by e-mail: choose an e-mail template made for communications.",
                        occasion=occasion.name,
                    )
                )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        for occasion in self.filtered(lambda o: o.sudo().greeting_ids):  # any greeting forbids it
            raise UserError(
                self.env._(
                    "Customers were greeted on %(occasion)s, which is evidence. Switch it off instead of deleting it.",
                    occasion=occasion.name,
                )
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_view_greetings(self):
        """:return: action that lists who was greeted on this occasion"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.greeting_action")
        action["domain"] = [("occasion_id", "=", self.id)]
        action["display_name"] = self.env._("Greetings: %(occasion)s", occasion=self.name)
        return action

    def action_view_recipients(self):
        """:return: action that lists whom the next greeting goes to; of birthdays and
        anniversaries, those within 30 days
        """
        self.ensure_one()
        due = DueGreetings(self.company_id)
        if self.basis in ("date", "holiday"):
            days = [found for found in due.days(self, 366) if found[0] == self.next_day]
        else:
            days = due.days(self, 30)
        self.env["res.partner"].flush_model()
        ids = [id_ for id_, *_day in self.env.execute_query(due.people(self, days))] if days else []
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Next Recipients: %(occasion)s", occasion=self.name),
            "res_model": "res.partner",
            "views": [(False, "list"), (False, "form")],
            "domain": [("id", "in", ids)],
            "help": self.env._("Nobody: no customer fits, has the date on file and wants greetings."),
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _is_day_valid(self):
        self.ensure_one()
        if self.basis != "date":
            return True
        try:
            return bool(date(LEAP_YEAR, int(self.month), self.day))
        except (TypeError, ValueError):
            return False

    def _holiday_names(self):
        """:return: tuple of the names that are looked for"""
        names = (self.holiday or "").replace("，", ",").replace("、", ",").split(",")
        return tuple(name.strip() for name in names if name.strip())

    def _holidays_of(self, country):
        year = self.company_id._procedure_now().year
        try:
            found = public_holidays.year_of(country.code, year, self.env.lang)
        except LookupError:
            return []
        given = set(found.exchanged.values())
        return list(dict.fromkeys(name for day, name in found.off.items() if day not in given))
