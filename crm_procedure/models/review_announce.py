from markupsafe import Markup

from odoo import fields, models
from odoo.tools import format_date


class ProcedureReview(models.Model):
    """Who is told that a review is open: those with a duty by an activity, everybody by one mail (A1, A4)."""

    _inherit = "crm.procedure.review"

    def action_invite(self):
        """Tell the attendees of a review that somebody opened by hand.

        :return: True
        """
        self._check_acts("draft", self.env._("announced"))
        self._announce()
        return True

    def _announce(self):
        """Once a review. Whoever adds to the mail, such as a meeting pack that is built in the
        background, extends ``_invite`` and calls this when it is ready.
        """
        for review in self.sudo().filtered(lambda r: not r.invited_on):  # on behalf of who opened it
            review.invited_on = fields.Datetime.now()
            review._ask_duty()
            review._invite()

    def _ask_duty(self):
        """Chair and preparer have it in their activities; no mail goes with that: they have the invitation."""
        self.mapped("display_name")
        for user in self.prepared_by_id | self.user_id:
            own = self.with_context(lang=user.lang, mail_activity_quick_update=True)
            chairs = user == self.user_id != self.prepared_by_id
            own.activity_schedule(
                "crm_procedure.mail_activity_type_review",
                date_deadline=self.date or None,
                user_id=user.id,
                summary=own.env._("Hold the review") if chairs else own.env._("Prepare the review"),
            )

    def _invite(self, attachments=None):
        """One message for each attendee in their language, in the inbox or by mail as they like it.

        :param attachments: ``ir.attachment`` records that go along
        """
        by_mail = self.attendee_ids.filtered(lambda user: user.notification_type == "email")
        silent = by_mail.filtered(lambda user: not user.email)
        for lang, users in (self.attendee_ids - silent).grouped("lang").items():
            own = self.with_context(lang=lang, mail_notify_force_send=False)
            own.message_notify(
                partner_ids=users.partner_id.ids,
                subject=own.env._(
                    "%(review)s on %(date)s", review=own.display_name, date=format_date(own.env, self.date)
                ),
                body=own._invitation(),
                attachment_ids=(attachments or self.env["ir.attachment"]).ids,
                force_email_lang=lang,
            )
        if silent:
            self.message_post(
                body=self.env._(
                    "These attendees have no email address and were not written to: %(names)s. Tell them yourself.",
                    names=self.env._(", ").join(silent.mapped("name")),
                )
            )

    def _invitation(self):
        """:return: the text of the invitation: the day, the chair, the agenda"""
        env = self.env
        lines = Markup("").join(Markup("<li>%s</li>") % topic.name for topic in self.agenda_ids)
        nothing = "" if self.figures.get("has_data") else env._("There is no data in this period.")
        return Markup("<p>%s</p><p>%s</p><ul>%s</ul><p>%s</p>") % (
            env._(
                "The review of %(period)s is open. It is held on %(date)s, chaired by %(chair)s.",
                period=self.period_label,
                date=format_date(env, self.date),
                chair=self.user_id.name or "–",
            ),
            env._("Agenda"),
            lines,
            nothing or env._("The figures of the period are in it. What you want to talk about can be proposed."),
        )
