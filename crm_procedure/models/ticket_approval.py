from odoo import fields, models
from odoo.exceptions import UserError

from .ticket import SEVERITIES
from .ticket_flow import HANDLE


class Procedure(models.Model):
    """Which solutions management approves before they go out (G6, R6)."""

    _inherit = "crm.procedure"

    approve_severity = fields.Selection(
        SEVERITIES,
        string="Solutions from severity",
        default="critical",
        help="Management approves the solution of tickets of this severity and above. Empty: it does not matter.",
    )
    approve_cost = fields.Float(
        string="Solutions that cost more than",
        help="In the company's currency. 0: the cost does not matter.",
    )
    approve_grade_ids = fields.Many2many(
        "crm.procedure.grade", string="Solutions for grades", help="Empty: the grade does not matter."
    )


class ProcedureTicket(models.Model):
    """Management approves the solution where the procedure says so, and nobody their own (G6)."""

    _inherit = "crm.procedure.ticket"

    currency_id = fields.Many2one(related="company_id.currency_id")
    solution_cost = fields.Monetary(string="Cost of the solution", copy=False, help="What the solution costs us.")
    solution_approval = fields.Selection(
        [("asked", "Approval asked for"), ("approved", "Approved"), ("rejected", "Turned down")],
        string="Approval of the solution",
        readonly=True,
        copy=False,
        tracking=True,
    )
    approval_asked_by_id = fields.Many2one("res.users", string="Approval asked by", readonly=True, copy=False)
    solution_approved_by_id = fields.Many2one("res.users", string="Solution approved by", readonly=True, copy=False)
    solution_approved_on = fields.Datetime(string="Solution approved on", readonly=True, copy=False)
    needs_approval = fields.Boolean(string="Management approves the solution", compute="_compute_needs_approval")

    def _compute_needs_approval(self):
        order = [severity for severity, _label in SEVERITIES]
        for ticket in self:
            procedure = ticket.sudo().procedure_id  # public, as the procedure is
            severe = procedure.approve_severity
            ticket.needs_approval = (
                (severe and order.index(ticket.severity) >= order.index(severe))
                or (procedure.approve_cost and ticket.solution_cost > procedure.approve_cost)
                or (ticket.grade_id and ticket.grade_id in procedure.approve_grade_ids)
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_ask_approval(self):
        """Put the solution before management. :return: True"""
        self._check_power(HANDLE, self.env._("ask for approval of"))
        self._lock_in_state(("accepted", "handling"), self.env._("put before management"))
        for ticket in self:
            if not (ticket.solution or "").strip():
                raise UserError(
                    self.env._("%(ticket)s has no solution yet: enter it first.", ticket=ticket.display_name)
                )
            # sudo: the power was checked; approvals are not typed in
            ticket.sudo().write({"solution_approval": "asked", "approval_asked_by_id": self.env.uid})
            for user in ticket._whom({"whom": "manager"})[:1]:
                ticket.sudo().activity_schedule(
                    "crm_procedure.mail_activity_type_approval",
                    user_id=user.id,
                    summary=self.env._("Please approve the solution of %(ticket)s", ticket=ticket.display_name),
                )
        return True

    def action_approve_solution(self):
        """Management approves what customer service wants to answer (G6).

        :return: True
        :raise AccessError: without the power
        :raise UserError: when nobody asked, or the same person did
        """
        self._decide_solution("approved", self.env._("approve the solution of"))
        return True

    def action_reject_solution(self, reason=None):
        """Turn a solution down, with a reason. :return: True, or the action that opens the dialog"""
        self._check_power("solution_approve", self.env._("turn down the solution of"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_reject_solution", self.env._("Turn down"))
        self._decide_solution("rejected", self.env._("turn down the solution of"))
        for ticket in self:
            ticket.sudo().message_post(  # management writes no tickets, but gives the reason
                body=self.env._("The solution was turned down: %(reason)s", reason=reason.strip()),
                author_id=self.env.user.partner_id.id,
                partner_ids=ticket.approval_asked_by_id.partner_id.ids,
            )
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_reject_solution"}

    def write(self, vals):
        """What was approved is what goes out: another solution asks again."""
        if {"solution", "solution_cost"} & set(vals) and not vals.get("solution_approval"):
            changed = self.filtered(
                lambda t: (
                    t.solution_approval
                    and (
                        vals.get("solution", t.solution) != t.solution or vals.get("solution_cost", 0) > t.solution_cost
                    )
                )
            )
            result = super().write(vals)
            changed.sudo().solution_approval = False  # lapsing is nobody's act
            return result
        return super().write(vals)

    def _decide_solution(self, decision, act):
        self._check_power("solution_approve", act)
        self._lock_in_state(("accepted", "handling"), self.env._("decided on"))
        for ticket in self:
            if ticket.solution_approval != "asked":
                raise UserError(
                    self.env._(
                        "Nobody asks for approval of %(ticket)s at the moment. Reload the page.",
                        ticket=ticket.display_name,
                    )
                )
            if self.env.user in (ticket.approval_asked_by_id, ticket.user_id) and decision == "approved":
                ticket._check_not_own()
        self.sudo().write(  # the power was checked; who approves holds no right to write
            {
                "solution_approval": decision,
                "solution_approved_by_id": self.env.uid,
                "solution_approved_on": fields.Datetime.now(),
            }
        )
        self.sudo().activity_feedback(["crm_procedure.mail_activity_type_approval"])  # the request was met

    def _check_answer(self):
        super()._check_answer()
        if self.needs_approval and self.solution_approval != "approved":
            raise UserError(
                self.env._(
                    "Management approves the solution of %(ticket)s before it goes out: the procedure says so for its "
                    "severity, cost or grade. Press Ask for approval.",
                    ticket=self.display_name,
                )
            )

    def _next_round(self, comment):
        self.sudo().solution_approval = False  # the next solution is another one
        return super()._next_round(comment)
