from odoo import api, fields, models
from odoo.exceptions import UserError

from .ticket_flow import HANDLE


class ProcedureTicketRound(models.Model):
    _inherit = "crm.procedure.ticket.round"

    remind_on = fields.Datetime(string="Next reminder", readonly=True)
    reminders = fields.Integer(readonly=True)
    phone_by_id = fields.Many2one("res.users", string="Told by telephone to", readonly=True)
    phone_on = fields.Datetime(string="Told by telephone on", readonly=True)
    phone_verify_by = fields.Datetime(string="To be verified by", readonly=True)
    phone_verified_by_id = fields.Many2one("res.users", string="Verified by", readonly=True)
    phone_verified_on = fields.Datetime(string="Verified on", readonly=True)

    _remind_idx = models.Index("(remind_on) WHERE outcome = 'waiting'")


class ProcedureTicket(models.Model):
    """Silence, and a word by telephone (C15, X8; glpi#6527: reminders on working days).

    A word by telephone counts when somebody else has verified it within the days of the
    procedure. Even then it is not the verifier who closes: the system does, afterwards, on
    the two statements that stand on the answer; without the second one it reopens.
    """

    _inherit = "crm.procedure.ticket"

    phone_pending = fields.Boolean(
        string="Confirmed by telephone, to be verified",
        compute="_compute_phone_pending",
        search="_search_phone_pending",
    )
    reminders = fields.Integer(compute="_compute_reminders", help="Reminders of the present answer.")

    @api.depends("round_ids.phone_on", "round_ids.outcome", "state")
    def _compute_phone_pending(self):
        for ticket in self:
            answer = ticket._current_round()
            ticket.phone_pending = bool(ticket.state == "answered" and answer.phone_on and not answer.phone_verified_on)

    def _search_phone_pending(self, operator, value):
        if operator != "in":
            return NotImplemented
        pending = [("outcome", "=", "waiting"), ("phone_on", "!=", False), ("phone_verified_on", "=", False)]
        return [("state", "=", "answered"), ("round_ids", "any", pending)]

    @api.depends("round_ids.reminders", "round")
    def _compute_reminders(self):
        for ticket in self:
            ticket.reminders = sum(ticket._current_round().mapped("reminders"))

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_record_phone(self, reason=None, rating=None):
        """Put down that the customer confirmed by telephone; somebody else verifies it.

        :param str reason: who said what and when; asked for in a dialog when it is not given
        :param int rating: of the result, 1 to 5, or nothing
        :return: True, or the action that opens the dialog
        """
        self._check_power(HANDLE, self.env._("record the confirmation of"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(
                self, "action_record_phone", self.env._("Confirmed by telephone")
            )
        self._lock_in_state("answered", self.env._("confirmed"))
        for ticket in self:
            days = int(ticket._limit("phone_verify"))
            ticket.sudo()._current_round().write(  # the power was checked
                {
                    "phone_by_id": self.env.uid,
                    "phone_on": fields.Datetime.now(),
                    "phone_verify_by": ticket.company_id._procedure_days_ahead(days),
                    "comment": reason.strip(),
                    "rating": self._clean_rating(rating),
                    "phone_verified_by_id": False,
                    "phone_verified_on": False,
                }
            )
            others = ticket._whom({"whom": "supervisor"}) | ticket._whom({"whom": "manager"})
            for user in (others - self.env.user)[:1]:
                ticket.sudo().activity_schedule(  # the verifier is asked on the recorder's behalf
                    "crm_procedure.mail_activity_type_ticket",
                    user_id=user.id,
                    summary=self.env._("Verify with the customer: confirmed by telephone"),
                )
        return True

    def action_verify_phone(self):
        """Say that the customer confirmed it to me as well; never whoever recorded or answered it.

        The system closes the ticket within a minute, on the customer's word.

        :return: True
        """
        self._check_power("action_verify", self.env._("verify the confirmation of"))
        self._lock_in_state("answered", self.env._("verified"))
        for ticket in self:
            answer = ticket.sudo()._current_round()  # the power was checked
            ticket._check_phone(answer)
            if self.env.user in (answer.phone_by_id, answer.answered_by_id):
                raise UserError(
                    self.env._(
                        "You answered %(ticket)s or recorded the call yourself, so somebody else has to ask "
                        "the customer.",
                        ticket=ticket.display_name,
                    )
                )
            answer.write({"phone_verified_by_id": self.env.uid, "phone_verified_on": fields.Datetime.now()})
        self.env.ref("crm_procedure.ir_cron_ticket_closure").sudo()._trigger()  # to be closed soon, by the system
        return True

    def action_refute_phone(self, reason=None):
        """The customer did not confirm: the next round begins.

        :return: True, or the action that opens the dialog
        """
        self._check_power("action_verify", self.env._("verify the confirmation of"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_refute_phone", self.env._("Not confirmed"))
        self._lock_in_state("answered", self.env._("verified"))
        for ticket in self:
            answer = ticket.sudo()._current_round()  # the power was checked
            ticket._check_phone(answer)
            ticket._lapse_phone(answer, reason.strip())
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_record_phone", "action_refute_phone"}

    def _check_phone(self, answer):
        self.ensure_one()
        if not answer.phone_on or answer.phone_verified_on:
            raise UserError(
                self.env._("%(ticket)s has no confirmation by telephone to verify.", ticket=self.display_name)
            )

    def _lapse_phone(self, answer, text):
        answer.write({"outcome": "unverified", "decided_on": fields.Datetime.now()})
        self._next_round(text)

    def _answer(self):
        super()._answer()
        answer = self.sudo()._current_round()  # books of the system
        answer.remind_on = self.company_id._procedure_days_ahead(int(self._limit("ticket_reminder")))

    def _remind(self):
        """Remind the customer; after the last time, management is asked to decide."""
        for ticket in self:
            answer = ticket._current_round()
            days = int(ticket._limit("ticket_reminder"))
            most = int(ticket._limit("ticket_reminders"))
            if answer.reminders < most:
                ticket._mail_customer("crm_procedure.mail_template_ticket_reminder", answer_url=ticket._answer_url())
                answer.write(
                    {
                        "reminders": answer.reminders + 1,
                        "remind_on": ticket.company_id._procedure_days_ahead(days),
                    }
                )
            else:
                answer.remind_on = False
                for user in ticket._whom({"whom": "manager"})[:1]:
                    ticket.activity_schedule(
                        "crm_procedure.mail_activity_type_ticket",
                        user_id=user.id,
                        summary=self.env._("The customer does not answer: end without confirmation?"),
                    )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_closure(self, batch_size=100):
        """Close what was verified, reopen what was not in time, remind who is silent.

        Each batch is committed; what was done is no longer found.
        """
        now = fields.Datetime.now()
        told = [("outcome", "=", "waiting"), ("phone_on", "!=", False)]
        verified = [*told, ("phone_verified_on", "!=", False)]
        lapsed = [*told, ("phone_verified_on", "=", False), ("phone_verify_by", "<", now)]
        silent = [("outcome", "=", "waiting"), ("remind_on", "<=", now), ("phone_on", "=", False)]
        done = remaining = 0
        for domain, act in ((verified, "_close_verified"), (lapsed, "_reopen_lapsed"), (silent, "_remind_silent")):
            answers = self.env["crm.procedure.ticket.round"].search(domain, limit=batch_size, order="id")
            tickets = answers.ticket_id.filtered(lambda t: t.state == "answered").try_lock_for_update()
            getattr(tickets, act)()
            done += len(tickets)
            if len(answers) == batch_size and tickets:
                remaining += batch_size
        self.env["ir.cron"]._commit_progress(done, remaining=remaining)

    def _close_verified(self):
        for ticket in self:
            answer = ticket._current_round()
            told = {"rating": answer.rating, "rating_handling": 0, "comment": answer.comment, "channel": "phone"}
            ticket._close_confirmed(answer, told)

    def _reopen_lapsed(self):
        for ticket in self:
            text = self.env._("The confirmation by telephone was not verified in time.")
            ticket._lapse_phone(ticket._current_round(), text)

    def _remind_silent(self):
        self._remind()
