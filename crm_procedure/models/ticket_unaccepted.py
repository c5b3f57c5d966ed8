from odoo import api, models
from odoo.tools import format_datetime

LISTED = 50  # rows of one mail; the link opens all of them


class ProcedureTicket(models.Model):
    """What nobody has accepted is told to customer service once a working day (C1, X11)."""

    _inherit = "crm.procedure.ticket"

    @api.model
    def _cron_unaccepted(self):
        """One list for each company and day, in the morning of its working days; committed company by company."""
        companies = self.env["res.company"].search([])
        for number, company in enumerate(companies, 1):
            company = company.try_lock_for_update()  # noqa: PLW2901  another run has it
            if company:
                company._tell_unaccepted()
            self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - number)


class ResCompany(models.Model):
    _inherit = "res.company"

    def _tell_unaccepted(self):
        """Mail the list to those who can accept, in their language.

        :return: the mails, queued
        """
        self.ensure_one()
        mails = self.env["mail.mail"]
        now = self._procedure_now()
        if self.procedure_unaccepted_told_on == now.date() or not self._procedure_work_ends(now.date(), now.date()):
            return mails
        tickets = self.env["crm.procedure.ticket"].search(
            [("company_id", "=", self.id), ("state", "=", "reported")], order="date_reported, id"
        )
        self.procedure_unaccepted_told_on = now.date()
        if not tickets:
            return mails
        for user in self.env["res.users"].search_procedure_role("service", self).filtered("email"):
            mails |= self._mail_unaccepted(user, tickets)
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
        return mails

    def _mail_unaccepted(self, user, tickets):
        env = self.with_context(lang=user.lang, tz=user.tz or self._procedure_tz()).env
        rows = [
            {
                "number": ticket.name,
                "subject": ticket.subject,
                "url": f"{ticket.get_base_url()}/odoo/tickets/{ticket.id}",
                "since": format_datetime(env, ticket.date_reported, dt_format="short"),
            }
            for ticket in tickets[:LISTED]
        ]
        values = {"rows": rows, "count": len(tickets), "company": self}
        subject = env._("%(count)s reports wait to be accepted", count=len(tickets))
        return env["mail.mail"].create(
            {
                "subject": subject,
                "body_html": env["ir.qweb"]._render("crm_procedure.ticket_unaccepted_mail", values),
                "email_to": user.email_formatted,
                "email_from": self.partner_id.email_formatted or user.email_formatted,
                "author_id": self.partner_id.id,
                "auto_delete": True,
                "message_type": "email_outgoing",
                "headers": repr({"Auto-Submitted": "auto-generated"}),
            }
        )
