from odoo import fields, models
from odoo.tools import format_date

from ..tools import planning


class ProcedurePlanLine(models.Model):
    """What one customer is owed in the period of a care plan, or why nothing is planned (G5)."""

    _name = "crm.procedure.plan.line"
    _description = "Care Plan Line"
    _order = "plan_id desc, id"
    _log_access = False  # written by SQL, one for each customer; the plan says who made it and when
    _rec_name = "partner_id"

    # a line for each customer of the company: both are found by the indexes below
    plan_id = fields.Many2one("crm.procedure.plan", required=True, index=False, ondelete="cascade", readonly=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, index=False, ondelete="restrict", readonly=True
    )
    user_id = fields.Many2one("res.users", string="Account owner", readonly=True)
    grade_id = fields.Many2one("crm.procedure.grade", string="Customer Grade", ondelete="restrict", readonly=True)
    grade_now_id = fields.Many2one(
        "crm.procedure.grade",
        string="Planned for the grade",
        ondelete="restrict",
        readonly=True,
        help="The grade that the contacts follow now, after the customer's grade has changed.",
    )
    interval_days = fields.Integer(string="Contact every (days)", readonly=True, aggregator=None)
    interval_now = fields.Integer(
        readonly=True, aggregator=None, export_string_translation=False, help="As grade_now_id; empty: as planned."
    )
    last_contact = fields.Date(readonly=True, help="Done, or planned before this period.")
    due_date = fields.Date(string="Due by", readonly=True, help="One interval after the last contact.")
    days = fields.Json(readonly=True, help="The days of the contacts.")
    first_day = fields.Char(compute="_compute_days_text", string="First contact", export_string_translation=False)
    days_text = fields.Char(compute="_compute_days_text", string="Contacts on")
    contacts = fields.Integer(readonly=True)
    skip_reason = fields.Selection(
        [
            (planning.NO_OWNER, "The customer has no account owner"),
            (planning.OWNER_LEFT, "The account owner has left"),
            (planning.NO_DAYS, "The account owner does not work in this period"),
            (planning.OTHER_PLAN, "The customer is in another plan for these days"),
            (planning.NOT_DUE, "Not due in this period"),
        ],
        string="Set aside",
        readonly=True,
    )

    _place_idx = models.Index("(plan_id, id)")
    _customer_idx = models.Index("(partner_id, plan_id)")

    def _compute_days_text(self):
        for line in self:
            days = [fields.Date.to_date(day) for day in line.days or []]
            line.first_day = days[0].isoformat() if days else False
            line.days_text = ", ".join(format_day(self.env, day) for day in days)


def format_day(env, day):
    """:return: the day as the user writes it, with the weekday, e.g. "Tue 12/05/2026\""""
    return f"{format_date(env, day, date_format='EEE')} {format_date(env, day)}"


class ProcedurePlanWeek(models.Model):
    """What an owner has to do in a week of a care plan, against what is possible (G5)."""

    _name = "crm.procedure.plan.week"
    _description = "Care Plan Week"
    _order = "plan_id desc, week, user_id, id"
    _log_access = False
    _rec_name = "week"

    plan_id = fields.Many2one("crm.procedure.plan", required=True, index=True, ondelete="cascade", readonly=True)
    user_id = fields.Many2one("res.users", string="Account owner", readonly=True)
    week = fields.Date(string="Week of", readonly=True, help="The Monday it begins with.")
    contacts = fields.Integer(readonly=True)
    capacity = fields.Integer(readonly=True, help="Contacts a working day times the owner's working days.")
    load = fields.Integer(string="Load (%)", compute="_compute_load")

    def _compute_load(self):
        for week in self:
            week.load = 100 * week.contacts // week.capacity if week.capacity else 100 * bool(week.contacts)
