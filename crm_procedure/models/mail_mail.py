from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        """A mail to a participant that did not leave is noted where the campaign is looked at."""
        asked = [mail.res_id for mail in self if failure_type and mail.model == "survey.user_input"]
        result = super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type
        )
        if asked:
            participants = self.env["survey.user_input"].sudo().browse(asked).exists()  # the mail queue writes it
            participants._mail_failed(failure_reason or failure_type)
        return result
