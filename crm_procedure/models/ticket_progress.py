from odoo import models
from odoo.exceptions import UserError

from .ticket_flow import HANDLE


class ProcedureTicket(models.Model):
    """What the customer hears before the answer: questions and progress (C7, C13, X12).

    Only customer service writes to the customer; what a department writes stays inside.
    """

    _inherit = "crm.procedure.ticket"

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_ask_customer(self, text=None):
        """Ask the customer something; our clock stands still until the reply (S11).

        :param str text: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_power(HANDLE, self.env._("ask about"))
        if not (text and text.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_ask_customer", self.env._("Ask the customer"))
        self._lock_in_state(("accepted", "handling"), self.env._("asked about"))
        self._check_address()
        self.sudo().is_waiting = True  # the power was checked
        self._sync_custody()
        self._tell_customer(text.strip())
        return True

    def action_tell_customer(self, text=None):
        """Tell the customer how far we are (C13).

        :param str text: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_power(HANDLE, self.env._("tell about"))
        if not (text and text.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_tell_customer", self.env._("Tell the customer"))
        self._lock_in_state(("accepted", "handling", "answered"), self.env._("told about"))
        self._tell_customer(text.strip())
        return True

    def action_resume(self):
        """The customer has replied, by telephone say: our clock runs again. :return: True"""
        self._check_power(HANDLE, self.env._("go on with"))
        self._lock_in_state(("accepted", "handling"), self.env._("gone on with"))
        self._customer_replied()
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_ask_customer", "action_tell_customer"}

    def _check_address(self):
        for ticket in self:
            if ticket.is_anonymous or not (ticket.email_normalized or ticket.phone or ticket.partner_id):
                raise UserError(
                    self.env._(
                        "%(ticket)s names nobody who could be asked. Enter the customer or an address first.",
                        ticket=ticket.display_name,
                    )
                )

    def _tell_customer(self, text):
        for ticket in self:
            ticket._mail_customer("crm_procedure.mail_template_ticket_progress", progress=text)
            ticket.sudo().message_post(  # customer service was checked; marked as what the customer reads
                body=text,
                author_id=self.env.user.partner_id.id,
                subtype_xmlid="crm_procedure.mt_ticket_progress",
            )

    def _customer_messages(self):
        """:return: the messages that the customer may read, oldest first: what we told, and their own words"""
        self.ensure_one()
        told = self.env.ref("crm_procedure.mt_ticket_answer") | self.env.ref("crm_procedure.mt_ticket_progress")
        customer = self.partner_id | self.commercial_partner_id

        def for_customer(message):
            own = message.author_id in customer if message.author_id else message.message_type == "email"
            return message.subtype_id in told or (own and message.message_type in ("email", "comment"))

        # sudo: the page shows them to the customer, who may read nothing by themselves
        return self.sudo().message_ids.filtered(for_customer).sorted("id")

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """Nobody outside is told by a colleague's note: mails to the customer go out by
        ``_mail_customer`` alone (X12)."""
        recipients = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        return [recipient for recipient in recipients if recipient.get("type") == "user"]

    def _message_post_after_hook(self, message, msg_vals):
        """A reply of the customer sets our clock going again."""
        result = super()._message_post_after_hook(message, msg_vals)
        author = message.author_id
        if message.message_type == "email" or (author and author in self.partner_id | self.commercial_partner_id):
            self._customer_replied()
        return result
