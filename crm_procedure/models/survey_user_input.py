import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq, email_normalize
from odoo.tools.misc import hmac

_logger = logging.getLogger(__name__)

BAD = 0.25  # of a scale: 1 or 2 of five points

CHANNELS = [("email", "Email link"), ("phone", "Telephone")]
OUTCOMES = [
    ("drawn", "Not asked yet"),
    ("skipped", "Not asked"),
    ("invited", "Asked, no answer yet"),
    ("failed", "Mail not sent"),
    ("bounced", "Mail came back"),
    ("refused", "Does not want to be asked"),
    ("blank", "Answered nothing"),
    ("answered", "Answered"),
    ("late", "Answered too late"),
]
WAITING = ("invited", "failed", "bounced")  # may still answer
ASKED = ("invited", "failed", "bounced", "refused", "blank", "answered", "late")
SKIP_REASONS = [
    ("again", "Asked in another survey meanwhile"),
    ("optout", "Does not want to be asked"),
    ("address", "Address is missing"),
]


class SurveyUserInput(models.Model):
    """A participant of a campaign: whom we ask, how, and what came of it (Q1, Q2).

    Odoo's own record of an answer, with its personal link; the fields here say why and when
    this customer was asked. Customer and grade are those of the day of the draw.
    """

    _inherit = "survey.user_input"

    campaign_id = fields.Many2one(
        "crm.procedure.campaign",
        string="Survey Campaign",
        readonly=True,
        copy=False,
        ondelete="cascade",
        index="btree_not_null",
    )
    procedure_customer_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, copy=False, index="btree_not_null", ondelete="restrict"
    )
    procedure_grade_id = fields.Many2one(
        "crm.procedure.grade", string="Grade when drawn", readonly=True, copy=False, ondelete="restrict"
    )
    procedure_order_id = fields.Many2one(
        "sale.order", string="Order", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    procedure_channel = fields.Selection(CHANNELS, string="Asked by", readonly=True, copy=False)
    procedure_outcome = fields.Selection(OUTCOMES, string="Outcome", readonly=True, copy=False)
    procedure_skip_reason = fields.Selection(SKIP_REASONS, string="Why not asked", readonly=True, copy=False)
    procedure_invited_on = fields.Datetime(string="Asked on", readonly=True, copy=False)
    procedure_last_mail_on = fields.Datetime(string="Last mail on", readonly=True, copy=False)
    procedure_reminders = fields.Integer(string="Reminders", readonly=True, copy=False)
    procedure_entered_by_id = fields.Many2one(
        "res.users", string="Entered by", readonly=True, copy=False, help="Who asked on the telephone and typed it in."
    )
    procedure_failure = fields.Char(string="What went wrong", readonly=True, copy=False)
    procedure_ticket_id = fields.Many2one(
        "crm.procedure.ticket", string="Ticket", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )

    _procedure_waiting_idx = models.Index(
        "(campaign_id, procedure_last_mail_on) WHERE procedure_outcome IN ('drawn', 'invited')"
    )
    _procedure_once_idx = models.UniqueIndex(
        "(campaign_id, procedure_customer_id) WHERE campaign_id IS NOT NULL AND procedure_order_id IS NULL",
        "A customer is drawn once in a campaign.",
    )
    _procedure_order_idx = models.UniqueIndex(
        "(campaign_id, procedure_order_id) WHERE procedure_order_id IS NOT NULL",
        "An order is asked about once in a campaign.",
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_asked(self):
        for participant in self.filtered(lambda p: p.campaign_id and p.procedure_outcome != "drawn"):
            raise UserError(
                self.env._(
                    "%(customer)s has been asked in %(campaign)s, which is evidence: it cannot be deleted.",
                    customer=participant.procedure_customer_id.display_name,
                    campaign=participant.campaign_id.display_name,
                )
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_enter_by_phone(self):
        """Ask on the telephone: open the questionnaire to type the answers in, and say so (Q2).

        :return: action that opens the questionnaire
        :raise AccessError: without the power to run a campaign
        :raise UserError: when it was answered, or the campaign is over
        """
        self.ensure_one()
        campaign = self.campaign_id
        campaign._check_power("campaign_run", self.env._("ask customers for"))
        participant = self.sudo()  # the power was checked; participants are written by the system only
        if participant.state == "done" or campaign.state != "running":
            raise UserError(
                self.env._(
                    "%(customer)s can no longer answer: the answers are in, or the survey is over.",
                    customer=self.procedure_customer_id.display_name,
                )
            )
        participant.write({"procedure_channel": "phone", "procedure_entered_by_id": self.env.uid})
        if participant.procedure_outcome == "drawn":
            participant._mark_invited()
        return {"type": "ir.actions.act_url", "target": "new", "url": self.get_start_url()}

    def action_procedure_answers(self):
        """:return: action that shows what this customer answered"""
        self.ensure_one()
        self.check_access("read")
        return {"type": "ir.actions.act_url", "target": "new", "url": self.get_print_url()}

    # ------------------------------------------------------------
    # BUSINESS: asked
    # ------------------------------------------------------------

    def _mark_invited(self):
        now = fields.Datetime.now()
        self.write(
            {
                "procedure_outcome": "invited",
                "procedure_invited_on": now,
                "procedure_last_mail_on": now,
                "procedure_failure": False,
            }
        )

    def _mail_failed(self, reason):
        """The mail did not leave the house: the campaign says so and can send it again."""
        waiting = self.filtered(lambda p: p.campaign_id and p.procedure_outcome == "invited" and p.state != "done")
        waiting.write({"procedure_outcome": "failed", "procedure_failure": (reason or "")[:500] or False})

    def _message_receive_bounce(self, email, partner):
        super()._message_receive_bounce(email, partner)
        # a colleague who was copied on a message may bounce too: only the address that was asked counts
        bounced = self.filtered(
            lambda p: (
                p.campaign_id and p.procedure_outcome in WAITING and email_normalize(p.email) == email_normalize(email)
            )
        )
        bounced.sudo().procedure_outcome = "bounced"  # mail gateway

    def _procedure_stop_token(self):
        """:return: token of the link “do not ask me again”; the link to answer is not enough"""
        self.ensure_one()
        return hmac(self.env(su=True), "crm_procedure_survey_stop", (self.id, self.access_token))  # reads the secret

    def _procedure_stop_url(self):
        """:return: address of the page “do not ask me again”, for the mail template"""
        self.ensure_one()
        return f"{self.get_base_url()}/crm_procedure/survey/{self.id}/stop/{self._procedure_stop_token()}"

    def _procedure_stop(self, token):
        """The customer does not want to be asked any more, by the link in the mail.

        :return: whether the link was right
        """
        participant = self.sudo().exists()  # the token is the right
        if not participant.campaign_id or not consteq(participant._procedure_stop_token(), token or ""):
            return False
        participant.partner_id.procedure_no_survey = True
        if participant.procedure_outcome in (*WAITING, "drawn"):
            participant.procedure_outcome = "refused"
        return True

    def _procedure_refuses(self, user):
        """Whose hand may fill this in: the customer's by the link, or ours on the telephone, which says so.

        :return: whether ``user`` may not
        """
        self.ensure_one()
        if not user._is_internal():
            return False
        return user not in (self.procedure_entered_by_id, self.partner_id.user_ids)

    # ------------------------------------------------------------
    # BUSINESS: answered
    # ------------------------------------------------------------

    def _mark_done(self):
        result = super()._mark_done()
        for participant in self.filtered("campaign_id"):
            participant._take_answer()
        return result

    def _take_answer(self):
        self.ensure_one()
        if self.campaign_id.state != "running":
            self.procedure_outcome = "late"  # kept, and not in the frozen figures
        elif all(line.skipped for line in self.user_input_line_ids):
            self.procedure_outcome = "blank"
        else:
            self.procedure_outcome = "answered"
            self._propose_ticket()

    def _propose_ticket(self):
        """A bad answer goes to customer service as a report that it accepts or not (Q6)."""
        self.ensure_one()
        campaign = self.campaign_id
        if not campaign.propose_tickets or self.procedure_ticket_id:
            return
        bad = self.user_input_line_ids.filtered(lambda line: line._procedure_is_bad())
        if not bad:
            return
        try:
            with self.env.cr.savepoint():
                self.procedure_ticket_id = self.env["crm.procedure.ticket"]._intake(
                    {
                        "subject": self.env._("Bad marks in %(campaign)s", campaign=campaign.display_name),
                        "description": self._bad_description(bad),
                    },
                    channel="web",
                    partner_id=self.partner_id.id,
                    company_id=campaign.company_id.id,
                )
        except Exception:  # the customer's answer is kept, whatever becomes of the ticket
            _logger.exception("No ticket could be proposed for %s", self)
            campaign.message_post(
                body=self.env._(
                    "%(customer)s gave bad marks, but no ticket could be made of them. Report it by hand.",
                    customer=self.procedure_customer_id.display_name,
                )
            )

    def _bad_description(self, bad):
        lines = [f"{line.question_id.title}: {line.display_name}" for line in bad]
        lines += [
            f"{line.question_id.title}: {line.value_text_box or line.value_char_box}"
            for line in self.user_input_line_ids
            if line.value_text_box or line.value_char_box
        ]
        if self.procedure_order_id:
            lines.insert(0, self.env._("Order %(order)s", order=self.procedure_order_id.name))
        return "\n".join(lines)


class SurveyUserInputLine(models.Model):
    _inherit = "survey.user_input.line"

    def _procedure_is_bad(self):
        """:return: whether the answer lies in the lowest quarter of its scale"""
        question = self.question_id
        if self.skipped or not question.procedure_dimension:
            return False
        if self.answer_type == "scale":
            return (self.value_scale - question.scale_min) <= BAD * (question.scale_max - question.scale_min)
        if self.answer_type == "suggestion" and question.question_type == "simple_choice":
            best = max(question.suggested_answer_ids.mapped("answer_score"), default=0)
            return best > 0 and self.suggested_answer_id.answer_score <= BAD * best
        return False
