from odoo import fields, models
from odoo.exceptions import LockError

from ..tools.contradiction import contradicts
from .ticket import CONFIRMED

RATINGS = range(1, 6)


class ProcedureTicket(models.Model):
    """What the customer does: accept, reject, reopen (C14, C15, X8; ISO 10002 7.9).

    These methods are private: no remote call reaches them. The routes of the answer page call
    them on a superuser record, after a POST, with the token of the answer.
    """

    _inherit = "crm.procedure.ticket"

    # ------------------------------------------------------------
    # Asked by the page
    # ------------------------------------------------------------

    def _answer_token(self):
        """The secret that accepts or rejects the present answer, for the customer's eyes alone."""
        self.ensure_one()
        answer = self.sudo()._current_round()  # handed to the customer by the caller
        return answer.answer_token() if answer else ""

    def _answer_url(self):
        """:return: absolute link to the answer page, for the mail to the customer alone"""
        self.ensure_one()
        return f"{self.get_base_url()}/ticket/answer/{self.id}/{self._answer_token()}"

    def _token_state(self, token):
        """Whether ``token`` may decide on the present answer.

        :return: ``valid``, ``used``, ``expired``, or ``unknown`` (also for a missing ticket)
        """
        ticket = self.sudo().exists()  # the token is the right
        states = [answer._token_state(token) for answer in ticket.round_ids]
        return next((state for state in states if state != "unknown"), "unknown")

    # ------------------------------------------------------------
    # Done by the customer
    # ------------------------------------------------------------

    def _customer_accept(self, token, rating=None, rating_handling=None, comment=None, sure=False, channel="link"):
        """The customer accepts the answer: the ticket is closed.

        Words or a rating that say otherwise make the page ask once more (``sure``).

        :param int rating: of the result, 1 to 5
        :param int rating_handling: of the handling, 1 to 5
        :return: ``closed``, ``ask``, ``used``, ``expired``, ``unknown``, or ``busy``
        """
        state = self._hold_for_customer(token)
        if state != "valid":
            return state
        told = self._told(rating, rating_handling, comment, channel)
        answer = self.sudo()._current_round()  # the token was compared
        if not sure and contradicts(told["rating"], told["rating_handling"], told["comment"]):
            answer.asked_again = True
            return "ask"
        self._close_confirmed(answer, told)
        return "closed"

    def _customer_reject(self, token, comment=None, rating=None, rating_handling=None, channel="link"):
        """The customer does not accept: the next round begins, everything is kept (C14).

        :return: ``reopened``, ``used``, ``expired``, ``unknown``, or ``busy``
        """
        state = self._hold_for_customer(token)
        if state != "valid":
            return state
        answer = self.sudo()._current_round()  # the token was compared
        told = self._told(rating, rating_handling, comment, channel)
        answer.write({**told, "outcome": "rejected", "decided_on": fields.Datetime.now()})
        self._next_round(told["comment"])
        return "reopened"

    def _customer_reopen(self, comment=None):
        """The customer comes back, on whatever channel, after the ticket ended.

        The same rule for all channels: within the days of the procedure, counted from the end.

        :return: whether it was reopened; if not, a new ticket is the place
        """
        self.ensure_one()
        ticket = self.sudo()  # the caller knows that this is the customer
        if ticket.state not in ("closed", "unconfirmed") or not ticket._can_reopen():
            return False
        ticket._next_round(self._clean_comment(comment))
        return True

    def _customer_replied(self):
        """The customer wrote while we were waiting: our clock runs again."""
        waiting = self.sudo().filtered("is_waiting")  # what a reply means does not hang on who fetched it
        if waiting:
            waiting.is_waiting = False
            waiting._sync_custody()

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _hold_for_customer(self, token):
        """Lock the ticket and look at the token.

        :return: a state of ``_token_state``, or ``busy`` when somebody else has it in hand
        """
        ticket = self.sudo().exists()  # the token is the right
        if len(ticket) != 1:
            return "unknown"
        if ticket._token_state(token) == "unknown":
            return "unknown"  # without a lock: strangers hold up nobody
        try:
            ticket.lock_for_update()
        except LockError:
            return "busy"
        ticket.invalidate_recordset()
        ticket.round_ids.invalidate_recordset()
        state = ticket._token_state(token)
        if state == "valid" and ticket.state not in ("answered", "unconfirmed"):
            return "used"
        if state == "valid" and ticket.state == "unconfirmed" and not ticket._can_reopen():
            return "expired"
        return state

    def _close_confirmed(self, answer, told):
        """The one place that closes a ticket, after the customer's own word."""
        now = fields.Datetime.now()
        answer.write({**told, "outcome": "accepted", "decided_on": now})
        self.with_context(procedure_confirmed=CONFIRMED)._set_state(
            "closed",
            date_closed=now,
            end_reason=False,
            is_waiting=False,
            customer_rating=told["rating"],
            customer_rating_handling=told["rating_handling"],
        )
        self._note_of_customer(self.env._("The customer accepted the answer and closed the ticket."), told["comment"])

    def _next_round(self, comment):
        for ticket in self.sudo():  # the customer decided
            ticket._set_state("handling", round=ticket.round + 1, date_closed=False, end_reason=False, is_waiting=False)
            ticket._note_of_customer(
                self.env._("The customer did not accept the answer: round %(round)s begins.", round=ticket.round),
                comment,
            )
            ticket._tell_responsible()

    def _note_of_customer(self, text, comment):
        self.ensure_one()
        author = self.partner_id or self.company_id.partner_id
        body = f"{text}\n{comment}" if comment else text
        self.sudo().message_post(  # the customer has no right to write here
            body=body, author_id=author.id, subtype_xmlid="mail.mt_note"
        )

    def _tell_responsible(self):
        """Whoever answered has to go on with it."""
        user = self.user_id if self.user_id.active else self.team_id.leader_id
        if user:
            self.activity_schedule(
                "crm_procedure.mail_activity_type_ticket",
                user_id=user.id,
                summary=self.env._("The customer did not accept the answer"),
            )

    def _can_reopen(self):
        self.ensure_one()
        if not self.date_closed:
            return False
        days = (fields.Datetime.now() - self.date_closed).days
        return days < self._limit("ticket_reopen")

    def _told(self, rating, rating_handling, comment, channel):
        return {
            "rating": self._clean_rating(rating),
            "rating_handling": self._clean_rating(rating_handling),
            "comment": self._clean_comment(comment),
            "channel": channel,
        }

    def _clean_rating(self, value):
        """:return: 1 to 5, or 0 for what is no rating"""
        try:
            value = int(value)
        except (TypeError, ValueError):
            return 0
        return value if value in RATINGS else 0

    def _clean_comment(self, comment):
        comment = (comment or "").replace("\x00", "").strip()
        return comment[:10_000] or False
