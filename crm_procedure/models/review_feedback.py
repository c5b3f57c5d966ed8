from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from .review import PREPARE


class ProcedureReviewTopic(models.Model):
    """Feedback of departments on the procedure: service sums it up, the next review takes it, and
    the proposer learns what came of it (A6)."""

    _inherit = "crm.procedure.review.topic"

    @api.model_create_multi
    def create(self, vals_list):
        topics = super().create(vals_list)
        for topic in topics.filtered(lambda t: t.origin == "department" and t.state == "proposed"):
            topic.sudo()._find_review()  # where it belongs is not for the proposer to say
            topic.sudo()._tell_service()
        return topics

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_reply(self, reason=None):
        """Answer the proposer at once, without waiting for a meeting.

        :param str reason: the answer; asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_power(PREPARE, self.env._("answer"))
        self._check_unanswered()
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_reply", self.env._("Answer"))
        for topic in self.sudo():  # the power was checked; answers are not typed into the record
            topic.write(
                {
                    "reply": reason.strip(),
                    "replied_by_id": self.env.uid,
                    "replied_on": fields.Datetime.now(),
                    "conclusion": topic.conclusion or reason.strip(),
                }
            )
            topic._tell_proposer(reason.strip())
        return True

    def action_put_off(self, reason=None):
        """Take the topic from this agenda; the next review that is opened takes it up.

        :param str reason: why; asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_written(self)
        self._check_unanswered()
        for topic in self.filtered(lambda t: not t.review_id or t.origin == "standard"):
            raise UserError(
                self.env._(
                    "%(topic)s cannot be put off: only what departments proposed and what was added to an agenda "
                    "waits for another review.",
                    topic=topic.name,
                )
            )
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_put_off", self.env._("Put off"))
        for topic in self.sudo():  # who may write the agenda was checked
            note = self.env._("Put off by %(review)s: %(reason)s", review=topic.review_id.name, reason=reason.strip())
            topic.review_id.message_post(
                body=self.env._("“%(topic)s” was put off: %(reason)s", topic=topic.name, reason=reason.strip())
            )
            topic.review_id = False
            topic._tell_proposer(note)
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_reply", "action_put_off"}

    def _check_unanswered(self):
        for topic in self.filtered(lambda t: t.state == "answered"):
            raise UserError(
                self.env._(
                    "%(topic)s has been answered already. Propose a new topic, or write a message under it.",
                    topic=topic.name,
                )
            )

    def _find_review(self):
        """Put the topic on the next meeting that takes topics, if one is being prepared; else it waits."""
        self.ensure_one()
        setups = self.env["crm.procedure.review.template"]
        drafts = self.env["crm.procedure.review"].search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "draft")
            & Domain("date", ">=", self.company_id._procedure_now().date()),
            order="date, id",
        )
        self.review_id = drafts.filtered(lambda r: setups._of(r.kind, r.company_id).takes_topics)[:1]

    @api.model
    def _take_waiting(self, review):
        """Put what waits on the agenda of ``review``: the oldest first."""
        waiting = self.search(
            Domain("company_id", "=", review.company_id.id)
            & Domain("review_id", "=", False)
            & Domain("state", "=", "proposed"),
            order="proposed_on, id",
        )
        waiting.review_id = review

    def _tell_service(self):
        """Customer service sums up what departments say: its leader sees each proposal at once."""
        leader = self.env["crm.procedure.team"]._with_duty("service", self.company_id).leader_id
        if leader and leader != self.proposed_by_id:
            self.message_subscribe(partner_ids=leader.partner_id.ids)

    def _tell_proposer(self, text):
        """One message for who proposed it: in the inbox or by mail, as they like it."""
        for topic in self.filtered("proposed_by_id"):
            env = topic.with_context(lang=topic.proposed_by_id.lang).env
            topic.with_context(mail_notify_force_send=False, lang=topic.proposed_by_id.lang).message_post(
                body=text,
                subject=env._("Your topic “%(topic)s”", topic=topic.name),
                author_id=self.env.user.partner_id.id,
                partner_ids=topic.proposed_by_id.partner_id.ids,
                subtype_xmlid="mail.mt_note",
            )
