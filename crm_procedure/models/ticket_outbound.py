import re

from odoo import models

CHINESE = re.compile("[\u4e00-\u9fff]")
AUTOMATIC = {"X-Auto-Response-Suppress": "OOF, AutoReply", "Auto-Submitted": "auto-generated"}
WRITTEN_BY_PEOPLE = ("crm_procedure.mail_template_ticket_answer", "crm_procedure.mail_template_ticket_progress")
WITH_THE_PAGE = (
    "crm_procedure.mail_template_ticket_acknowledge",
    "crm_procedure.mail_template_ticket_progress",
)


class ProcedureTicket(models.Model):
    """What goes out to the customer: in their language, with a way back, one mail for each event (C5, C12, C13)."""

    _inherit = "crm.procedure.ticket"

    def _mail_customer(self, template_xmlid, **context):
        """The mail is queued, and the thread keeps a line with its Message-ID: a reply or a bounce finds
        its ticket by it, and no colleague reads the link.
        """
        self.ensure_one()
        ticket = self.with_context(lang=self._customer_lang())
        if template_xmlid in WITH_THE_PAGE:
            context["follow_url"] = self._follow_url()
        mail = super(ProcedureTicket, ticket)._mail_customer(template_xmlid, **context)
        if not mail:
            return mail
        headers = AUTOMATIC if template_xmlid not in WRITTEN_BY_PEOPLE else {"X-Auto-Response-Suppress": "OOF"}
        mail.write({"headers": repr(headers), "reply_to": self._reply_address() or mail.email_from})
        self.sudo().message_post(  # whoever caused the mail may hold no right to write here
            body=self.env._("Mail to %(email)s: %(subject)s", email=mail.email_to, subject=mail.subject),
            author_id=self.env.ref("base.partner_root").id,
            message_id=mail.message_id,
            subtype_xmlid="mail.mt_note",
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()  # not in an hour, when the queue's turn is
        return mail

    def _customer_lang(self):
        """:return: code of the language that the customer reads: that of the contact, or that they wrote in"""
        self.ensure_one()
        ticket = self.sudo()  # whoever causes a mail may not read the customer
        if ticket.partner_id.lang:
            return ticket.partner_id.lang
        installed = dict(self.env["res.lang"].get_installed())
        chinese = bool(CHINESE.search(f"{ticket.subject} {ticket.description or ''}"))
        if chinese and "zh_CN" in installed:
            return "zh_CN"
        if not chinese and ticket.email_normalized and "en_US" in installed:
            return "en_US"
        return ticket.company_id.partner_id.lang or self.env.lang or "en_US"

    def _reply_address(self):
        """:return: where the customer's reply becomes part of the ticket, "" without an address of our own"""
        self.ensure_one()
        ticket = self.sudo()  # an address that is printed on every mail
        service = ticket.env["crm.procedure.team"]._with_duty("service", ticket.company_id)
        return ticket.team_id.alias_email or service.alias_email or ""
