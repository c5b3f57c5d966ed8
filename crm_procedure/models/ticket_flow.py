from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

HANDLE = "ticket_handle"


class ProcedureTicket(models.Model):
    """What the staff does with a ticket: accept, start, answer, end without the customer."""

    _inherit = "crm.procedure.ticket"

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_accept(self):
        """Take a report over and number it; the customer is told the number (C4, C5, X11).

        :return: True
        :raise AccessError: without the power to handle tickets
        :raise UserError: when it is accepted already
        """
        self._check_power(HANDLE, self.env._("accept"))
        self._lock_in_state("reported", self.env._("accepted"))
        now = fields.Datetime.now()
        for ticket in self:
            [number] = ticket.with_context(procedure_numbering=True)._next_numbers(ticket.company_id, 1)
            ticket.sudo().name = number  # given by the system; the power was checked
            ticket._ensure_customer()
            ticket._set_state("accepted", date_accepted=now, user_id=ticket.user_id.id or self.env.uid)
            ticket._acknowledge()
        return True

    def action_start(self):
        """Begin to handle an accepted ticket.

        :return: True
        """
        self._check_power(HANDLE, self.env._("handle"))
        self._lock_in_state("accepted", self.env._("handled"))
        self._set_state("handling")
        return True

    def action_answer(self):
        """Send the customer the solution; from here on the customer decides (C12, X10).

        :return: True
        :raise UserError: without a solution, or while management has to approve it
        """
        self._check_power(HANDLE, self.env._("answer"))
        self._lock_in_state(("accepted", "handling"), self.env._("answered"))
        for ticket in self:
            ticket._check_answer()
            ticket._answer()
        return True

    def action_cancel(self, reason=None):
        """Take out what is no matter of a customer (junk, a duplicate), with a reason.

        What the customer was answered is the customer's to end.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_power(HANDLE, self.env._("cancel"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_cancel", self.env._("Cancel the ticket"))
        self._lock_in_state(("reported", "accepted", "handling"), self.env._("cancelled"))
        for ticket in self.filtered(lambda t: t.round > 1):
            raise UserError(
                self.env._(
                    "%(ticket)s was answered and the customer did not accept it: it cannot be cancelled any more. "
                    "Answer again, or let management end it with a reason.",
                    ticket=ticket.display_name,
                )
            )
        self._end("cancelled", reason, self.env._("Cancelled: %(reason)s", reason=reason.strip()))
        return True

    def action_close_unconfirmed(self, reason=None):
        """End a ticket whose customer does not answer, or with whom all options are exhausted (X8).

        It is counted apart from what customers closed, and the customer can reopen it.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        :raise AccessError: without the power; it is management's
        """
        self._check_power("ticket_close_unconfirmed", self.env._("end without confirmation"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(
                self, "action_close_unconfirmed", self.env._("End without confirmation")
            )
        self._lock_in_state(("accepted", "handling", "answered"), self.env._("ended"))
        for ticket in self.filtered(lambda t: t.state != "answered" and t.round == 1):
            raise UserError(
                self.env._(
                    "%(ticket)s has not been answered yet. Customer service answers it first; "
                    "then the customer decides.",
                    ticket=ticket.display_name,
                )
            )
        self._check_finished_inside()
        self.sudo()._current_round().filtered(lambda r: r.outcome == "waiting").outcome = "silent"  # power was checked
        self._end(
            "unconfirmed",
            reason,
            self.env._("Ended without the customer's confirmation: %(reason)s", reason=reason.strip()),
        )
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_cancel", "action_close_unconfirmed"}

    def _end(self, state, reason, note):
        self._set_state(state, end_reason=reason.strip(), date_closed=fields.Datetime.now())
        for ticket in self:
            ticket.sudo().message_post(  # whoever decides may hold no right to write here
                body=note, author_id=self.env.user.partner_id.id, subtype_xmlid="mail.mt_note"
            )

    def _check_answer(self):
        """Hook: refuse an answer that is not fit to go out."""
        self.ensure_one()
        if not (self.solution or "").strip():
            raise UserError(
                self.env._(
                    "%(ticket)s has no solution yet. Enter what the customer is to be told, in plain words, "
                    "then answer.",
                    ticket=self.display_name,
                )
            )
        if self.is_declined and not (self.recourse or "").strip():
            raise UserError(
                self.env._(
                    "%(ticket)s is declined. Enter where else the customer can turn to, then answer.",
                    ticket=self.display_name,
                )
            )
        if self._of_colleagues():
            raise AccessError(
                self.env._(
                    "The address of %(ticket)s belongs to a colleague, who cannot confirm in the customer's place. "
                    "Correct the customer or the address.",
                    ticket=self.display_name,
                )
            )

    def _check_finished_inside(self):
        """Hook of ticket_cause: refuse to end what nobody has learned from."""

    def _answer(self):
        self.ensure_one()
        now = fields.Datetime.now()
        company = self.company_id
        self.sudo().round_ids = [  # the power was checked; the books of answers are the system's
            Command.create(
                {
                    "number": self.round,
                    "solution": self.solution,
                    "is_declined": self.is_declined,
                    "recourse": self.is_declined and self.recourse,
                    "sent_to": self.email_normalized,
                    "answered_by_id": self.env.uid,
                    "answered_on": now,
                    "link_expires_on": company._procedure_days_ahead(int(self._limit("answer_link"))),
                }
            )
        ]
        self._set_state(
            "answered",
            date_answered=now,
            date_first_answer=self.date_first_answer or now,
            is_waiting=False,
        )
        self._send_answer()

    def _current_round(self):
        """:return: the answers, each of its ticket's present round"""
        return self.round_ids.filtered(lambda answer: answer.number == answer.ticket_id.round)

    def _ensure_customer(self):
        """A sender whom nobody knew becomes a contact now that service has accepted (C4)."""
        self.ensure_one()
        if self.partner_id or self.is_anonymous or not self.email_normalized:
            return
        # sudo: acceptance is the decision that this is a customer; service may not create contacts otherwise
        partners = self.env["res.partner"].sudo()
        found = partners.search(
            [("email_normalized", "=", self.email_normalized)], order="is_company desc, id", limit=1
        )
        self.sudo().partner_id = found or partners.create(
            {
                "name": self.partner_name or self.email_normalized,
                "email": self.email_normalized,
                "phone": self.phone,
                "company_id": self.company_id.id,
            }
        )

    # ------------------------------------------------------------
    # MAIL: what goes out to the customer
    # ------------------------------------------------------------

    def _acknowledge(self):
        """Tell the customer the number, and ask to correct what was understood (C5)."""
        self.ensure_one()
        self._mail_customer("crm_procedure.mail_template_ticket_acknowledge")
        if not self.date_acknowledged:
            self.sudo().date_acknowledged = fields.Datetime.now()
            self._recompute_deadlines()

    def _send_answer(self):
        self.ensure_one()
        # the link stands in the context of this one rendering: a colleague who previews the template has none
        self._mail_customer("crm_procedure.mail_template_ticket_answer", answer_url=self._answer_url())
        self.sudo().message_post(  # without the link: colleagues read this
            body=self.solution, author_id=self.env.user.partner_id.id, subtype_xmlid="crm_procedure.mt_ticket_answer"
        )

    def _mail_customer(self, template_xmlid, **context):
        """Queue a mail to the customer, apart from the chatter: its link is for nobody else.

        :return: the mail, or none when there is no address
        """
        self.ensure_one()
        template = self.env.ref(template_xmlid, raise_if_not_found=False)
        if not (template and self.email_normalized) or self.is_anonymous:
            return self.env["mail.mail"]
        # sudo: templates and the queue are the system's; who sends was checked
        ticket = self.sudo().with_context(**context)
        template = template.sudo().with_context(**context)
        values = template._generate_template(ticket.ids, ("subject", "body_html"))[ticket.id]
        return (
            self.env["mail.mail"]
            .sudo()
            .create(
                {
                    "subject": values["subject"],
                    "body_html": values["body_html"],
                    "email_to": self.email_normalized,
                    "email_from": self.company_id.partner_id.email_formatted or self.env.user.email_formatted,
                    "author_id": self.company_id.partner_id.id,
                    "auto_delete": True,
                    "message_type": "email_outgoing",
                    "headers": repr({"X-Auto-Response-Suppress": "OOF, AutoReply"}),
                }
            )
        )
