from markupsafe import Markup

from odoo import models

MAILED = 8 * 2**20  # bytes: what most mail servers take, a third being added on the way


class ProcedureReview(models.Model):
    """Who is sent the meeting pack, and how (A1, A4, I11).

    Every attendee gets a link to the review. The file goes along, when it is small enough, to
    those who may have it, for it names customers; each of them stands in the log of exports.
    """

    _inherit = "crm.procedure.review"

    def _send_pack(self):
        """A message for each language, with the file and without; who cannot be reached is noted."""
        review = self._for_pack()
        attendees = review.attendee_ids.filtered(lambda user: user.active and review.company_id in user.company_ids)
        silent = attendees.filtered(lambda user: user.notification_type == "email" and not user.email)
        files = review.env["ir.attachment"]
        entitled = (attendees - silent).filtered(lambda user: files.with_user(user)._may_load_packs())
        others = attendees - silent - entitled
        is_small = review.pack_id.sudo().file_size <= MAILED
        for lang in set((attendees - silent).mapped("lang")):
            own = review.with_context(lang=lang, mail_notify_force_send=False)
            own._mail_pack(
                entitled.filtered(lambda user, lang=lang: user.lang == lang), own._words_of_file(is_small), is_small
            )
            own._mail_pack(others.filtered(lambda user, lang=lang: user.lang == lang), own._words_without_file(), False)
        if is_small:
            for user in entitled:
                review.pack_id.with_user(user)._note_pack(self.env._("Mailed: %(review)s", review=review.name))
        review._note_not_sent(silent, others)

    def _mail_pack(self, users, words, with_file):
        """:param words: what is said of the file, in the language of ``users``"""
        if not users:
            return
        env = self.env
        self.message_notify(
            partner_ids=users.partner_id.ids,
            subject=env._("Meeting pack: %(review)s", review=self.display_name),
            body=Markup("<p>%s</p><p>%s</p>")
            % (env._("The meeting pack of %(review)s is ready.", review=self.display_name), words),
            attachment_ids=self.pack_id.ids if with_file else [],
            force_email_lang=env.lang,
        )

    def _words_of_file(self, is_small):
        if is_small:
            return self.env._("The workbook is attached: treat what it says about customers as confidential.")
        return self.env._("The workbook is too large for a mail: load it from the review.")

    def _words_without_file(self):
        return self.env._(
            "The workbook names customers and you may not export them, so it is not attached. The figures "
            "stand in the review."
        )

    def _note_not_sent(self, silent, others):
        """What the sending left out stands in the chatter, for whoever prepares the meeting."""
        notes = []
        if silent:
            notes.append(
                self.env._(
                    "The meeting pack could not be sent to these attendees, who have no email address: %(names)s.",
                    names=self.env._(", ").join(silent.mapped("name")),
                )
            )
        if others:
            notes.append(
                self.env._(
                    "These attendees got a link and no workbook, because they may not export customers: %(names)s.",
                    names=self.env._(", ").join(others.mapped("name")),
                )
            )
        if notes:
            self.message_post(body=Markup("<br/>").join(notes))
