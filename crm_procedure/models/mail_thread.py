import logging
from xmlrpc.client import Binary

from psycopg2 import OperationalError

from odoo import api, models

from ..tools.mail_words import digest

_logger = logging.getLogger(__name__)

TICKET = "crm.procedure.ticket"


class MailThread(models.AbstractModel):
    """The mail gateway, where it leads to a ticket: nothing lost, nothing twice, no loop.

    Mails to other models go their usual way.
    """

    _inherit = "mail.thread"

    @api.model
    def message_process(
        self, model, message, custom_values=None, save_original=False, strip_attachments=False, thread_id=None
    ):
        """A mail to the tickets' address that cannot be read comes in as a report with the mail attached."""
        tickets = self.env[TICKET]
        raw = _bytes(message)
        arguments = (custom_values, save_original, strip_attachments, thread_id)
        gateway = self.with_context(procedure_mail_digest=digest(raw))
        try:
            with self.env.cr.savepoint():
                return super(MailThread, gateway).message_process(model, message, *arguments)
        except OperationalError:
            raise  # the database asks to do it again
        except Exception:
            if not tickets._mail_is_ours(raw, model):
                raise
            _logger.exception("A mail to the tickets cannot be read; it is kept as it came")
            return tickets._intake_unreadable(raw).id

    @api.model
    def message_parse(self, message, save_original=False):
        mail = super().message_parse(message, save_original=save_original)
        return self.env[TICKET]._mail_cleaned(message, mail)

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        """A bounce that does not say for whom it was is found by the mail that it answers."""
        super()._routing_handle_bounce(email_message, message_dict)
        if message_dict["bounced_email"]:
            return
        messages = self.env["mail.message"].sudo()  # of the gateway, which has no user
        message = message_dict["bounced_message"] or messages.browse(message_dict.get("parent_id") or ())
        if message.model == TICKET and message.res_id:
            ticket = self.env[TICKET].sudo().browse(message.res_id).exists()
            ticket._message_receive_bounce(ticket.email_normalized, ticket.partner_id)

    @api.model
    def _detect_loop_sender(self, message, message_dict, routes):
        """Tickets set aside what comes too often (``_mail_prepared``); here it would be thrown away."""
        routes = [route for route in routes or [] if route[0] != TICKET]
        return super()._detect_loop_sender(message, message_dict, routes)

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        ours = [route for route in routes or () if route[0] == TICKET]
        if not ours:
            return super()._message_route_process(message, message_dict, routes)
        others = [route for route in routes if route[0] != TICKET]
        thread_id = super()._message_route_process(message, dict(message_dict), others) if others else False
        knock = self.env[TICKET]._mail_knock(message_dict)
        if not knock:
            _logger.info("Ignored a mail with Message-Id %s: it came in before", message_dict["message_id"])
            return thread_id
        for route in ours:
            gateway, told, prepared = self.env[TICKET]._mail_prepared(message, message_dict, route)
            thread_id = super(MailThread, self.with_context(**gateway))._message_route_process(
                message, told, [prepared]
            )
            knock.ticket_id = thread_id
        return thread_id


def _bytes(message):
    if isinstance(message, Binary):
        return bytes(message.data)
    return message.encode(errors="surrogateescape") if isinstance(message, str) else message
