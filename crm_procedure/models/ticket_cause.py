from odoo import api, fields, models
from odoo.exceptions import UserError

from .ticket_flow import HANDLE

OVERSIGHT = "crm_procedure.group_supervisor,crm_procedure.group_quality,crm_procedure.group_manager"
CAUSE_FIELDS = {
    "cause_id",
    "why_1",
    "why_2",
    "why_3",
    "why_4",
    "why_5",
    "cause_team_id",
    "cause_user_id",
    "lesson",
}


class ProcedureTicketCause(models.Model):
    """Root causes, to count by."""

    _name = "crm.procedure.ticket.cause"
    _description = "Root Cause"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True, help="Empty: for all companies.")


class ProcedureTicket(models.Model):
    """Cause, responsibility and lesson (C16, C18, R13; ISO 9001 10.2).

    Finishing a ticket inside is the company's own: it says that something was learned. The
    customer's closing does not wait for it, and it does not close.
    """

    _inherit = "crm.procedure.ticket"

    cause_id = fields.Many2one(
        "crm.procedure.ticket.cause",
        string="Root cause",
        check_company=True,
        copy=False,
        tracking=True,
        index="btree_not_null",
    )
    why_1 = fields.Char(string="Why did it happen?", copy=False)
    why_2 = fields.Char(string="Why that?", copy=False)
    why_3 = fields.Char(string="And why that?", copy=False)
    why_4 = fields.Char(string="Why (4)", copy=False)
    why_5 = fields.Char(string="Why (5)", copy=False)
    cause_team_id = fields.Many2one(
        "crm.procedure.team",
        string="Responsible department",
        check_company=True,
        copy=False,
        tracking=True,
        index="btree_not_null",
    )
    cause_user_id = fields.Many2one(
        "res.users",
        string="Responsible person",
        copy=False,
        groups=OVERSIGHT,
        help="Seen by supervisors, quality management and management only.",
    )
    lesson = fields.Text(string="What we learned", copy=False)
    date_finished = fields.Datetime(string="Finished inside on", readonly=True, copy=False)
    finished_by_id = fields.Many2one("res.users", string="Finished inside by", readonly=True, copy=False)
    to_learn = fields.Boolean(string="Cause or action missing", compute="_compute_to_learn", search="_search_to_learn")

    @api.depends("kind", "severity", "date_finished", "state")
    def _compute_to_learn(self):
        for ticket in self:
            ticket.to_learn = (
                ticket.kind == "complaint"
                and ticket.severity != "minor"
                and not ticket.date_finished
                and ticket.state in ("answered", "closed", "unconfirmed")
            )

    def _search_to_learn(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [
            ("kind", "=", "complaint"),
            ("severity", "in", ("major", "critical")),
            ("date_finished", "=", False),
            ("state", "in", ("answered", "closed", "unconfirmed")),
        ]

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_finish(self):
        """Finish the ticket inside: cause known, lesson drawn. The customer's closing is another matter.

        :return: True
        :raise UserError: for a complaint of major severity without cause and action
        """
        self.check_access("read")
        if not self._may_enter_cause():
            self._check_power(HANDLE, self.env._("finish"))
        self._lock_in_state(("answered", "closed", "unconfirmed"), self.env._("finished inside"))
        self._check_finished_inside()
        self.sudo().write({"date_finished": fields.Datetime.now(), "finished_by_id": self.env.uid})  # was checked
        return True

    def action_similar_cases(self):
        """Tickets of the same cause or category, before and beside this one (ISO 9001 10.2.1 b).

        :return: action that opens their list
        """
        self.ensure_one()
        domain = [("id", "!=", self.id), ("state", "!=", "cancelled")]
        same = [(name, "=", self[name].id) for name in ("cause_id", "category_id") if self[name]]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Similar cases"),
            "res_model": self._name,
            "views": [(False, "list"), (False, "form")],
            "domain": domain + ["|"] * (len(same) - 1) + (same or [("id", "in", self.similar_ids.ids)]),
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _may_enter_cause(self):
        return self.env.user.has_procedure_power("action_verify")

    def _fields_for_others(self):
        return super()._fields_for_others() | (CAUSE_FIELDS if self._may_enter_cause() else set())

    def _fields_after_end(self):
        """Causes are often found after the customer has closed."""
        return super()._fields_after_end() | (CAUSE_FIELDS if not any(self.mapped("date_finished")) else set())

    def _check_answer(self):
        """Whoever the complaint is about does not answer it (ISO 10002 4, objectivity)."""
        super()._check_answer()
        if self.sudo().cause_user_id == self.env.user:  # only whether it is oneself
            raise UserError(
                self.env._("%(ticket)s is about your own work: a colleague answers it.", ticket=self.display_name)
            )

    def _check_finished_inside(self):
        super()._check_finished_inside()
        for ticket in self:
            ticket._check_learned()

    def _check_learned(self):
        self.ensure_one()
        if self.kind != "complaint" or self.severity == "minor":
            return
        severity = dict(self._fields["severity"]._description_selection(self.env))[self.severity].lower()
        if not self.cause_id:
            raise UserError(
                self.env._(
                    "%(ticket)s is a complaint of %(severity)s severity and its root cause is not known yet. "
                    "Enter the cause first.",
                    ticket=self.display_name,
                    severity=severity,
                )
            )
        # sudo: whether there is an action, not what it says
        if not self.sudo().action_ids.filtered(lambda action: action.kind in ("corrective", "preventive")):
            raise UserError(
                self.env._(
                    "%(ticket)s is a complaint of %(severity)s severity and nothing is done yet against the cause. "
                    "Add a corrective or preventive action first.",
                    ticket=self.display_name,
                    severity=severity,
                )
            )
