from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.mail_words import own_words
from .ticket import FINISHED

THANKS_MINUTES = 15  # a link that was just used says so; later it leads nowhere


class ProcedureTicket(models.Model):
    """What the customer sees of a ticket, on the portal or by a mailed link.

    Customers have no access right to the model, so that no remote call shows them what stands
    inside; the pages read as superuser what is named here, and nothing else.
    """

    _inherit = "crm.procedure.ticket"

    # for the customer's mail alone: whoever knew it could write in the customer's name
    access_token = fields.Char(groups=fields.NO_ACCESS)

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    def _portal_ensure_token(self):
        """sudo: nobody reads the token, it is put into links to the customer."""
        return super(ProcedureTicket, self.sudo())._portal_ensure_token()

    def _sign_token(self, pid):
        """sudo: as above."""
        return super(ProcedureTicket, self.sudo())._sign_token(pid)

    def _get_share_url(self, redirect=False, signup_partner=False, pid=None, share_token=True):
        """A colleague who shares a ticket shares its address, not the customer's key."""
        return super()._get_share_url(
            redirect=redirect, signup_partner=signup_partner, pid=pid, share_token=share_token and self.env.su
        )

    def _follow_url(self):
        """:return: absolute link to the customer's page, for a mail to the customer"""
        self.ensure_one()
        return f"{self.get_base_url()}{self.get_portal_url()}"

    # ------------------------------------------------------------
    # Whose it is
    # ------------------------------------------------------------

    @api.model
    def _domain_of_customer(self, user):
        """:return: domain of the tickets that a customer with a login sees: those of the company they belong to"""
        if user._is_internal() or user._is_public():
            return Domain.FALSE
        return Domain("commercial_partner_id", "=", user.partner_id.commercial_partner_id.id)

    def _is_customer(self, user):
        """Whether this user may speak for the customer; no colleague may (C15)."""
        self.ensure_one()
        return bool(self.sudo().filtered_domain(self._domain_of_customer(user)))

    def _answer_of(self, token):
        """:return: the answer that ``token`` belongs to and its state: ``valid``, ``done`` when it was decided on
        just now, or ``gone``
        """
        ticket = self.sudo().exists()  # the token is the right
        for answer in ticket.round_ids:
            state = answer._token_state(token)
            if state == "unknown":
                continue
            if state == "valid" and ticket._decidable():
                return answer, "valid"
            just_now = fields.Datetime.now() - timedelta(minutes=THANKS_MINUTES)
            if state == "used" and answer.decided_on and answer.decided_on > just_now:
                return answer, "done"
        return ticket.round_ids.browse(), "gone"

    def _decidable(self):
        return self.state == "answered" or (self.state == "unconfirmed" and self._can_reopen())

    # ------------------------------------------------------------
    # The page
    # ------------------------------------------------------------

    def _customer_state(self):
        """:return: where the ticket stands, in the customer's words"""
        self.ensure_one()
        words = {
            "reported": self.env._("Received"),
            "accepted": self.env._("We are working on it"),
            "handling": self.env._("We are working on it"),
            "answered": self.env._("Answered: your turn"),
            "closed": self.env._("Closed by you"),
            "unconfirmed": self.env._("Ended without your reply"),
            "cancelled": self.env._("Cancelled"),
        }
        if self.is_waiting and self.state in ("accepted", "handling"):
            return self.env._("We asked you something")
        return words[self.state]

    def _customer_timeline(self):
        """:return: list of dicts, oldest first: date, title, text, ours (bool), attachments"""
        self.ensure_one()
        ticket = self.sudo()  # the caller showed this to its customer
        messages = ticket._customer_messages()
        came_as_message = messages[:1].message_type == "email" and messages[:1].body
        told = "" if came_as_message else ticket.description
        events = [self._event(ticket.date_reported, self.env._("You told us"), told)]
        if ticket.date_accepted:
            accepted = self.env._("Accepted under the number %(number)s", number=ticket.name)
            events.append(self._event(ticket.date_accepted, accepted, ours=True))
        events += self._events_of_messages(messages)
        for answer in ticket.round_ids:
            events += self._events_of_answer(answer)
        if ticket.state in FINISHED and ticket.state != "closed":
            events.append(self._event(ticket.date_closed, ticket._customer_state(), ours=True))
        return sorted(events, key=lambda event: event["date"])

    def _events_of_messages(self, messages):
        answer = self.env.ref("crm_procedure.mt_ticket_answer")
        progress = self.env.ref("crm_procedure.mt_ticket_progress")
        for message in messages.filtered(lambda message: message.subtype_id != answer):
            ours = message.subtype_id == progress
            title = self.env._("We told you") if ours else self.env._("You wrote")
            yield self._event(message.date, title, own_words(message.body), ours, message.attachment_ids)

    def _events_of_answer(self, answer):
        text = "\n\n".join(filter(None, (answer.solution, answer.is_declined and answer.recourse)))
        yield self._event(answer.answered_on, self.env._("Our answer"), text, ours=True)
        if answer.decided_on:
            accepted = answer.outcome == "accepted"
            title = self.env._("You accepted the answer") if accepted else self.env._("You did not accept the answer")
            yield self._event(answer.decided_on, title, answer.comment)

    def _event(self, date, title, text=None, ours=False, attachments=()):
        return {
            "date": date or self.write_date,
            "title": title,
            "text": text or "",
            "ours": ours,
            "attachments": attachments,
        }

    def _customer_attachments(self):
        """:return: the files that the customer may fetch: those of the messages on the page"""
        return self._customer_messages().attachment_ids

    # ------------------------------------------------------------
    # What the customer does there
    # ------------------------------------------------------------

    def _customer_post(self, text, files=()):
        """Words and files of the customer; they mean what a mail would mean.

        :param files: list of (name, bytes)
        """
        self.ensure_one()
        ticket = self.sudo()  # the caller knows that this is the customer
        if not (text or files):
            return
        ticket.message_post(
            body=text or "",
            attachments=list(files),
            author_id=ticket.partner_id.id,
            email_from=ticket.email_from,
            message_type="comment" if ticket.partner_id else "email",
            subtype_xmlid="mail.mt_comment",
        )
        ticket._customer_wrote(text)
