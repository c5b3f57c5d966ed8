import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .survey_user_input import ASKED, WAITING

_logger = logging.getLogger(__name__)

BATCH = 500
PAUSE = timedelta(days=1)  # between two mails to one person, however often somebody presses the button


class ProcedureCampaign(models.Model):
    """Invitations and reminders, in the background, each once (Q2).

    A batch locks its participants, never the campaign, and what it writes is queued mail: the
    mail server is talked to later, by the mail queue. Killed or run twice, it goes on with
    those who have not been asked.
    """

    _inherit = "crm.procedure.campaign"

    remind_requested_on = fields.Datetime(string="Reminder asked for on", readonly=True, copy=False)
    drawn_count = fields.Integer(string="To be asked", compute="_compute_counts")
    invited_count = fields.Integer(string="Asked", compute="_compute_counts")
    answered_count = fields.Integer(string="Answered", compute="_compute_counts")
    open_count = fields.Integer(string="No answer yet", compute="_compute_counts")
    undelivered_count = fields.Integer(string="Mail failed or came back", compute="_compute_counts")
    failed_count = fields.Integer(string="Mail not sent", compute="_compute_counts")
    call_count = fields.Integer(string="To be called", compute="_compute_counts")
    progress = fields.Float(string="Answers (%)", compute="_compute_counts", help="Of those asked until now.")

    @api.depends("participant_ids.procedure_outcome", "participant_ids.procedure_channel")
    def _compute_counts(self):
        # sudo: how many have answered may be known to whoever may see the campaign
        rows = (
            self.env["survey.user_input"]
            .sudo()
            ._read_group(
                [("campaign_id", "in", self.ids)],
                ["campaign_id", "procedure_outcome", "procedure_channel"],
                ["__count"],
            )
        )
        counts = {}
        for campaign, outcome, channel, count in rows:
            counts.setdefault(campaign.id, []).append((outcome, channel, count))
        for campaign in self:
            own = counts.get(campaign._origin.id, [])

            def number(outcomes, channels=None, own=own):
                return sum(
                    n for outcome, channel, n in own if outcome in outcomes and channel in (channels or (channel,))
                )

            campaign.drawn_count = number(("drawn",))
            campaign.invited_count = number(ASKED)
            campaign.answered_count = number(("answered",))
            campaign.open_count = number(("invited",))
            campaign.failed_count = number(("failed",))
            campaign.undelivered_count = number(("failed", "bounced"))
            campaign.call_count = number(("invited",), ("phone",)) + campaign.undelivered_count
            campaign.progress = 100 * campaign.answered_count / campaign.invited_count if campaign.invited_count else 0

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_remind(self):
        """Remind those who have not answered, now and not only when the procedure says so.

        Who was written to within a day, or was reminded as often as the procedure allows, is left
        alone.

        :return: action that says how many are reminded
        """
        self._check_power(self._power_submit, self.env._("send reminders of"))
        self._lock_in_state("running", self.env._("reminded of"))
        self.sudo().remind_requested_on = fields.Datetime.now()  # the run's own books; the power was checked
        count = sum(self.env["survey.user_input"].sudo().search_count(c._remind_domain()) for c in self)
        self._wake_sending()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success" if count else "warning",
                "message": self.env._("%(count)s reminders are being sent.", count=count)
                if count
                else self.env._("There is nobody to remind: all have answered, or were written to lately."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_resend(self):
        """Send the invitations again that could not be sent, to the addresses of now.

        :return: True
        :raise UserError: when none failed
        """
        self._check_power(self._power_submit, self.env._("send again"))
        self._lock_in_state("running", self.env._("sent again"))
        failed = self.participant_ids.sudo().filtered(lambda p: p.procedure_outcome == "failed" and p.state != "done")
        if not failed:
            raise UserError(self.env._("No mail has failed: there is nothing to send again."))
        waiting = Domain("model", "=", failed._name) & Domain("res_id", "in", failed.ids)
        self.env["mail.mail"].sudo().search(waiting & Domain("state", "!=", "sent")).cancel()  # or it leaves twice
        for participant in failed:
            participant.email = participant.partner_id.email
        failed.write({"procedure_outcome": "drawn", "procedure_invited_on": False})
        self._wake_sending()
        return True

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_send(self, batch_size=BATCH):
        """Invitations first, then reminders, a batch of each campaign; called again while some remain."""
        cron = self.env["ir.cron"]
        for campaign in self.search([("state", "=", "running")]):
            for act in (campaign._invite_batch, campaign._remind_batch):
                count = act(batch_size)
                left = self._left_to_send() if count == batch_size else 0
                if not cron._commit_progress(count, remaining=left):
                    return

    @api.model
    def _left_to_send(self):
        running = self.search([("state", "=", "running")])
        participants = self.env["survey.user_input"]
        return sum(
            participants.search_count(domain) for c in running for domain in (c._invite_domain(), c._remind_domain())
        )

    def _invite_domain(self):
        return Domain("campaign_id", "=", self.id) & Domain("procedure_outcome", "=", "drawn")

    def _remind_domain(self):
        """Who is reminded now; stops after the last reminder, the answer, a refusal, the end (Q2)."""
        now = fields.Datetime.now()
        since = now - timedelta(days=self._limit("survey_remind"))
        if self.remind_requested_on:
            since = max(since, min(self.remind_requested_on, now) - PAUSE)
        return (
            Domain("campaign_id", "=", self.id)
            & Domain("procedure_outcome", "=", "invited")
            & Domain("procedure_channel", "=", "email")
            & Domain("state", "!=", "done")
            & Domain("procedure_last_mail_on", "<=", since)
            & Domain("procedure_reminders", "<", int(self._limit("survey_reminders")))
            & Domain("deadline", ">", now)
            & Domain("partner_id.procedure_no_survey", "!=", True)
        )

    def _invite_batch(self, batch_size):
        """:return: how many were looked at"""
        return self._in_batch(self._invite_domain(), batch_size, self._invite)

    def _remind_batch(self, batch_size):
        return self._in_batch(self._remind_domain(), batch_size, self._remind)

    def _in_batch(self, domain, batch_size, act):
        """All at once; when that fails one by one, and who always fails is set aside with the reason."""
        self.ensure_one()
        found = self.env["survey.user_input"].search(domain, limit=batch_size, order="id").try_lock_for_update()
        if not found:
            return 0
        try:
            with self.env.cr.savepoint():
                act(found)
        except Exception:
            _logger.exception("Mails of %s in one batch failed, now one by one", self)
            for participant in found:
                self._one_by_one(participant, act)
        return len(found)

    def _one_by_one(self, participant, act):
        try:
            with self.env.cr.savepoint():
                act(participant)
        except Exception as error:
            _logger.exception("%s cannot be written to and is set aside", participant)
            participant.write({"procedure_outcome": "failed", "procedure_failure": str(error)[:500]})

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _invite(self, participants):
        """Queue the invitations of one campaign; whoever may not be asked any more is left out and says why."""
        self.ensure_one()
        participants = participants - self._skip(participants)
        by_mail = participants.filtered(lambda p: p.procedure_channel == "email")
        self._queue(by_mail, self._invite_template())
        participants._mark_invited()

    def _remind(self, participants):
        self.ensure_one()
        self._queue(participants, self.env.ref("crm_procedure.mail_template_survey_remind"))
        for reminders, group in participants.grouped("procedure_reminders").items():
            group.write({"procedure_reminders": reminders + 1, "procedure_last_mail_on": fields.Datetime.now()})

    def _invite_template(self):
        form = self.kind == "delivery"
        return self.env.ref(f"crm_procedure.mail_template_{'delivery_form' if form else 'survey_invite'}")

    def _queue(self, participants, template):
        """Each mail is kept as a message of its participant: evidence, and how a bounce finds its way back."""
        if not participants:
            return
        template.send_mail_batch(participants.ids, email_values={"is_notification": True, "auto_delete": True})
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()

    def _skip(self, participants):
        """Look again, just before the mail: much can have happened since the draw.

        :return: participants that are not asked, marked with the reason
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT u.id,
                       CASE WHEN company.procedure_no_survey OR person.procedure_no_survey OR b.id IS NOT NULL
                            THEN 'optout'
                            WHEN u.procedure_channel = 'email' AND COALESCE(u.email, '') = '' THEN 'address'
                            WHEN asked.id IS NOT NULL THEN 'again'
                       END
                  FROM survey_user_input u
                  JOIN res_partner company ON company.id = u.procedure_customer_id
             LEFT JOIN res_partner person ON person.id = u.partner_id
             LEFT JOIN mail_blacklist b ON b.email = person.email_normalized AND b.active
             LEFT JOIN LATERAL (
                    SELECT other.id
                      FROM survey_user_input other
                      JOIN crm_procedure_campaign k ON k.id = other.campaign_id
                     WHERE other.procedure_customer_id = u.procedure_customer_id AND other.id != u.id
                       AND k.company_id = %s
                       AND (other.procedure_invited_on > %s
                            OR other.procedure_outcome = 'drawn' AND k.state = 'running' AND other.id < u.id)
                     LIMIT 1
                  ) asked ON true
                 WHERE u.id = ANY(%s)
                """,
                self.company_id.id,
                self._asked_since(),
                participants.ids,
                to_flush=self.env["survey.user_input"]._fields["procedure_invited_on"],
            )
        )
        skipped = participants.browse()
        for reason in ("optout", "address", "again"):
            ids = [id_ for id_, why in rows if why == reason]
            if ids:
                group = participants.browse(ids)
                group.write({"procedure_outcome": "skipped", "procedure_skip_reason": reason})
                skipped |= group
        return skipped

    def _still_open(self):
        """:return: participants who could still answer"""
        return self.participant_ids.sudo().filtered(lambda p: p.procedure_outcome in ("drawn", *WAITING))
