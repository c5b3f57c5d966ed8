from odoo import api, fields, models, tools

from ..tools import limits
from .ticket import KINDS, PRIORITIES

WHAT = [
    ("accept", "Accepted by customer service"),
    ("acknowledge", "Acknowledged to the customer"),
    ("first", "First answer: a solution is proposed"),
    ("part", "Part of a department"),
    ("solution", "Solution for the customer"),
]
BASE = {  # the limit of the procedure that holds where no row below is nearer
    "accept": "ticket_accept",
    "acknowledge": "ticket_acknowledge",
    "first": "propose_solution",
    "part": "department_part",
    "solution": "answer",
}
UNITS = [
    ("working_minute", "working minutes"),
    ("working_hour", "working hours"),
    ("working_day", "working days"),
    ("hour", "hours, day and night"),
    ("day", "days, day and night"),
]
SECONDS = {"working_minute": 60, "working_hour": 3600, "hour": 3600, "day": 86400}
CRITERIA = ("kind", "priority", "grade_id", "category_id")

# What a new version of the procedure starts with: (what, kind, priority, value, unit)
DEFAULT_ROWS = (
    ("accept", False, "3", 30, "working_minute"),
    ("first", False, "3", 4, "hour"),
    ("solution", False, "3", 2, "working_day"),
    ("solution", False, "2", 3, "working_day"),
    ("solution", "suggestion", False, 10, "working_day"),
)


class ProcedureTicketLimit(models.Model):
    """A limit for some tickets: by kind, priority, grade and category (X9, X10).

    The row that names most of what the ticket is wins, of several the first; without a row
    the procedure's own limit holds. Working or calendar time is a matter of the unit.
    """

    _name = "crm.procedure.ticket.limit"
    _description = "Ticket Limit"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, what, sequence, id"

    sequence = fields.Integer(default=10)
    what = fields.Selection(WHAT, string="What is due", required=True)
    kind = fields.Selection(KINDS, help="Empty: tickets of every kind.")
    priority = fields.Selection(PRIORITIES, help="Empty: whatever the priority.")
    grade_id = fields.Many2one("crm.procedure.grade", string="Grade of the customer", help="Empty: every customer.")
    category_id = fields.Many2one("crm.procedure.ticket.category", string="Category", help="Empty: every category.")
    value = fields.Float(string="Within", required=True)
    unit = fields.Selection(UNITS, required=True, default="working_hour")

    _value_positive = models.Constraint("CHECK (value > 0)", "A limit must be above zero. Enter a positive number.")

    @api.model
    def _default_values(self):
        """:return: list of values, what a new version starts with"""
        names = ("what", "kind", "priority", "value", "unit")
        return [dict(zip(names, row, strict=True)) for row in DEFAULT_ROWS]


class Procedure(models.Model):
    _inherit = "crm.procedure"

    ticket_limit_ids = fields.One2many("crm.procedure.ticket.limit", "procedure_id", string="Ticket limits", copy=True)

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.env["crm.procedure.ticket.limit"]._default_values()
        for vals in vals_list:
            vals.setdefault("ticket_limit_ids", [fields.Command.create(row) for row in defaults])
        return super().create(vals_list)

    @tools.ormcache("self.id")
    def _ticket_rows(self):
        """The rows as plain values; a version in force does not change (``part.mixin`` drops this).

        :return: {what: list of (criteria, value, unit)}, the nearest first
        """
        rows = {what: [] for what, _label in WHAT}
        if self:
            for row in self.sudo().ticket_limit_ids:  # public, as the procedure is
                asked = {name: row[name].id if name.endswith("_id") else row[name] for name in CRITERIA}
                rows[row.what].append(({k: v for k, v in asked.items() if v}, row.value, row.unit))
        else:
            for row in self.env["crm.procedure.ticket.limit"]._default_values():
                asked = {name: row[name] for name in CRITERIA if row.get(name)}
                rows[row["what"]].append((asked, row["value"], row["unit"]))
        for what, code in BASE.items():
            rows[what].sort(key=lambda row: -len(row[0]))
            rows[what].append(({}, self._limit(code), limits.BY_CODE[code].unit))
        return rows

    def _limit_impact(self, code, value):
        if code in BASE.values() and BASE.get("part") != code:
            return self._impact_on_records(self.env["crm.procedure.ticket"].sudo())  # numbers and dates only
        return super()._limit_impact(code, value)

    def _ticket_limit(self, what, case, hours_per_day):
        """The limit of one ticket.

        :param dict case: kind, priority, grade_id and category_id of the ticket
        :param float hours_per_day: what a working day is in its calendar
        :return: (seconds, whether they are working time)
        """
        for asked, value, unit in self._ticket_rows()[what]:
            if all(case.get(name) == wanted for name, wanted in asked.items()):
                factor = SECONDS.get(unit) or hours_per_day * 3600
                return int(value * factor), unit.startswith("working")
