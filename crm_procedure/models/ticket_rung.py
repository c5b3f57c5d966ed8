from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from .ticket import KINDS, PRIORITIES
from .ticket_limit import WHAT

WHOM = [
    ("responsible", "Whoever is responsible"),
    ("holder", "Leader of the department that holds it"),
    ("leader", "Leader of the ticket's team"),
    ("supervisor", "Customer relations supervisor"),
    ("manager", "Management"),
    ("user", "A person"),
]
MOMENTS = [
    ("percent", "When part of the time is used"),
    ("breach", "When the limit has passed"),
    ("after", "Some hours after the limit"),
]


class ProcedureTicketRung(models.Model):
    """A rung of the ladder: who is told when so much of a limit has passed (C10, R12)."""

    _name = "crm.procedure.ticket.rung"
    _description = "Ticket Escalation"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, sequence, id"

    sequence = fields.Integer(default=10)
    what = fields.Selection(
        [row for row in WHAT if row[0] != "part"], string="Which limit", help="Empty: every limit of a ticket."
    )
    kind = fields.Selection(KINDS, help="Empty: tickets of every kind.")
    priority = fields.Selection(PRIORITIES, string="From priority", help="Empty: whatever the priority.")
    moment = fields.Selection(MOMENTS, string="When", required=True, default="breach")
    percent = fields.Float(string="Time used (%)", default=80)
    hours = fields.Float(string="Working hours after", default=8)
    whom = fields.Selection(WHOM, string="Who is told", required=True, default="leader")
    user_id = fields.Many2one("res.users", string="Person", domain="[('share', '=', False)]")
    by_mail = fields.Boolean(string="By mail as well", help="Beside the activity.")

    _percent_share = models.Constraint(
        "CHECK (percent > 0 AND percent < 100)", "A part of the time is more than 0 and less than 100 percent."
    )
    _hours_positive = models.Constraint("CHECK (hours > 0)", "Enter more than 0 hours after the limit.")

    @api.constrains("whom", "user_id")
    def _check_person(self):
        for rung in self:
            if rung.whom == "user" and not rung.user_id:
                raise ValidationError(self.env._("Choose the person who is told, or a role."))

    @api.model
    def _default_values(self):
        """:return: list of values, what a new version of the procedure starts with"""
        return [
            {"sequence": 10, "moment": "percent", "percent": 80, "whom": "responsible"},
            {"sequence": 20, "moment": "breach", "whom": "leader"},
            {"sequence": 30, "moment": "after", "hours": 8, "whom": "manager"},
        ]


class Procedure(models.Model):
    _inherit = "crm.procedure"

    ticket_rung_ids = fields.One2many(
        "crm.procedure.ticket.rung", "procedure_id", string="Ticket escalation", copy=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.env["crm.procedure.ticket.rung"]._default_values()
        for vals in vals_list:
            vals.setdefault("ticket_rung_ids", [fields.Command.create(row) for row in defaults])
        return super().create(vals_list)

    @tools.ormcache("self.id")
    def _ticket_rungs(self):
        """The ladder as plain values; a version in force does not change (``part.mixin`` drops this).

        :return: list of dicts; ``key`` tells one rung from another
        """
        names = ("what", "kind", "priority", "moment", "percent", "hours", "whom", "by_mail")
        if self:
            rungs = self.sudo().ticket_rung_ids  # public, as the procedure is
            return [
                {name: rung[name] for name in names} | {"key": str(rung.id), "user_id": rung.user_id.id}
                for rung in rungs
            ]
        shipped = self.env["crm.procedure.ticket.rung"]._default_values()
        return [
            dict.fromkeys(names, False) | row | {"key": f"shipped-{row['sequence']}", "user_id": False}
            for row in shipped
        ]
