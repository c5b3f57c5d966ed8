import secrets
from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from pytz import timezone, utc

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

# What is still written while a campaign runs, and when its report is made.
WRITTEN_RUNNING = {"title", "date_to", "user_id", "team_id", "deadline", "propose_tickets"}
WRITTEN_REPORT = {"title", "user_id", "team_id", "deadline", "findings", "action_ids"}


class ProcedureCampaign(models.Model):
    """Whom we asked, what they answered, the report (Q1-Q7, X7; ISO 9001 9.1.2, ISO 10004).

    Two instruments: the yearly survey asks a sample of the customers, the feedback form after
    delivery asks whoever had an order. Questionnaire, links and answers are Odoo's surveys.
    Further subjects stand in files of their own: campaign_sample (whom), campaign_send
    (invitations, reminders), campaign_delivery (orders), campaign_figures (the report).
    """

    _name = "crm.procedure.campaign"
    _description = "Survey Campaign"
    _inherit = ["crm.procedure.approval.mixin", "crm.procedure.mixin"]
    _order = "date_from desc, id desc"
    _rec_names_search = ["name", "title"]

    _power_submit = "campaign_run"
    _power_approve = "campaign_approve"
    _written_state = "analysed"
    _rejected_state = "analysed"
    _approver_duty = "management"
    _open_states = ("running", "analysed", "submitted")
    _number_prefix = "SUR"
    _duty = "marketing"

    title = fields.Char(
        required=True,
        compute="_compute_from_kind",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        tracking=True,
    )
    kind = fields.Selection(
        [("yearly", "Satisfaction survey"), ("delivery", "Feedback after delivery")],
        required=True,
        default="yearly",
        help="The satisfaction survey asks a sample of the customers, at least once a year. "
        "The feedback form goes to whoever had an order.",
    )
    survey_id = fields.Many2one(
        "survey.survey",
        string="Questionnaire",
        required=True,
        domain="[('survey_type', '=', 'procedure')]",
        compute="_compute_from_kind",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="restrict",
    )
    date_from = fields.Date(string="From", required=True, default=fields.Date.context_today, copy=False)
    date_to = fields.Date(
        string="Until",
        required=True,
        compute="_compute_from_kind",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        tracking=True,
        help="Last day on which answers are taken.",
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("running", "Running"),
            ("analysed", "Analysed"),
            ("submitted", "Submitted"),
            ("approved", "Approved"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        group_expand=True,
    )
    propose_tickets = fields.Boolean(
        string="Bad marks become tickets",
        compute="_compute_from_kind",
        store=True,
        readonly=False,
        precompute=True,
        help="An answer in the lowest quarter of a scale is reported to customer service, which accepts it or not.",
    )
    participant_ids = fields.One2many("survey.user_input", "campaign_id", string="Participants", readonly=True)
    action_ids = fields.One2many("crm.procedure.action", "campaign_id", string="Improvement Actions")

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _dates_in_order = models.Constraint("CHECK (date_to >= date_from)", "A survey ends on its first day or later.")

    @api.depends("name", "title")
    def _compute_display_name(self):
        for campaign in self:
            campaign.display_name = " ".join(filter(None, (campaign.name, campaign.title)))

    @api.depends("kind")
    def _compute_from_kind(self):
        """What a kind usually is: a survey is started by looking it over, not by filling it in."""
        for campaign in self:
            yearly = campaign.kind == "yearly"
            start = campaign.date_from or fields.Date.context_today(campaign)
            campaign.title = (
                self.env._("Customer satisfaction %(year)s", year=start.year)
                if yearly
                else self.env._("Feedback after delivery %(year)s", year=start.year)
            )
            shipped = "survey_satisfaction" if yearly else "survey_delivery"
            campaign.survey_id = self.env.ref(f"crm_procedure.{shipped}", raise_if_not_found=False)
            campaign.date_to = start + (timedelta(days=21) if yearly else relativedelta(years=1, days=-1))
            campaign.propose_tickets = not yearly

    @api.constrains("survey_id")
    def _check_survey(self):
        for campaign in self.filtered(lambda c: c.survey_id.sudo().questions_selection == "random"):
            raise ValidationError(
                self.env._(
                    "%(survey)s asks everybody other questions, so its answers cannot be summed up. Set its "
                    "question selection to all questions.",
                    survey=campaign.survey_id.sudo().title,
                )
            )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _signature_fields(self):
        return super()._signature_fields() | {
            "sample",
            "figures",
            "figure_ids",
            "participant_ids",
            "response_rate",
            "csat",
            "nps",
            "analysed_on",
            "compared_with_id",
            "remind_requested_on",
        }

    def write(self, vals):
        if not self.env.su:
            self._refuse_not_written(set(vals))
        result = super().write(vals)
        if "date_to" in vals:
            self._move_deadlines()
        return result

    def _check_editable(self):
        """Told by state and field: ``_refuse_not_written``."""

    def _refuse_not_written(self, names):
        names = {name for name in names if not name.startswith(("message_", "activity_"))}
        given = names & self._signature_fields()
        if given:
            raise AccessError(
                self.env._(
                    "State, sample, figures and signatures are not typed in. Use the buttons, which record who "
                    "did it and when."
                )
            )
        written = {"running": WRITTEN_RUNNING, "analysed": WRITTEN_REPORT}
        for campaign in self.filtered(lambda c: c.state != "draft"):
            refused = names - written.get(campaign.state, set())
            if refused:
                raise UserError(
                    self.env._(
                        "%(campaign)s is %(state)s: %(fields)s cannot be changed any more.",
                        campaign=campaign.display_name,
                        state=campaign._state_label().lower(),
                        fields=", ".join(sorted(self._fields[name]._description_string(self.env) for name in refused)),
                    )
                )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_send(self):
        """Start the survey: draw, if that was not done, and have the invitations sent in the background.

        :return: True
        :raise UserError: when it is no draft, over already, or its questionnaire makes no figure
        """
        self._check_power(self._power_submit, self.env._("start"))
        self._lock_in_state("draft", self.env._("started"))
        for campaign in self:
            campaign._check_can_start()
            if campaign.kind == "yearly" and not campaign.sample:
                campaign._draw()
            campaign._set_state("running", deadline=campaign._report_deadline())
            campaign._move_deadlines()
        self._wake_sending()
        return True

    def action_view_participants(self):
        """:return: action that lists the participants, grouped by what came of asking them"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.participant_action")
        action["domain"] = [("campaign_id", "=", self.id)]
        action["display_name"] = self.env._("%(campaign)s: participants", campaign=self.display_name)
        return action

    def action_to_call(self):
        """:return: action that lists whom to ask on the telephone"""
        action = self.action_view_participants()
        action["domain"] += [
            ("procedure_outcome", "in", ("invited", "failed", "bounced")),
            "|",
            ("procedure_channel", "=", "phone"),
            ("procedure_outcome", "in", ("failed", "bounced")),
        ]
        action["display_name"] = self.env._("%(campaign)s: to be called", campaign=self.display_name)
        action["context"] = {}
        return action

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _default_seed(self):
        return secrets.randbelow(999_999) + 1

    def _check_can_start(self):
        self.ensure_one()
        survey = self.survey_id.sudo()  # the questionnaire is public to whoever is asked
        if not survey._procedure_scored():
            raise UserError(
                self.env._(
                    "%(survey)s has no question that makes a figure. Give at least one scale or single choice a "
                    "dimension, such as product quality.",
                    survey=survey.title,
                )
            )
        if not survey.active:
            raise UserError(self.env._("%(survey)s is closed. Unarchive it first.", survey=survey.title))
        if self.date_to < self.company_id._procedure_now().date():
            raise UserError(
                self.env._(
                    "%(campaign)s was to end on %(date)s, so nobody could answer. Enter a later day.",
                    campaign=self.display_name,
                    date=format_date(self.env, self.date_to),
                )
            )

    def _end_moment(self):
        """:return: end of the last day in the company's time, naive UTC"""
        self.ensure_one()
        zone = timezone(self.company_id._procedure_tz())
        end = datetime.combine(self.date_to, time(23, 59, 59))
        return zone.localize(end).astimezone(utc).replace(tzinfo=None)

    def _report_deadline(self):
        return self._end_moment() + timedelta(days=self._limit("survey_report"))

    def _move_deadlines(self):
        """Links hold until the end of the survey, and no longer."""
        for campaign in self.filtered(lambda c: c.state in ("draft", "running")):
            end = campaign._end_moment()
            participants = campaign.participant_ids.sudo()  # participants are written by the system only
            participants.filtered(lambda p, end=end: p.deadline != end).write({"deadline": end})
            if campaign.state == "running":
                campaign.sudo().deadline = campaign._report_deadline()  # follows from the end that was entered

    def _wake_sending(self):
        self.env.ref(
            "crm_procedure.ir_cron_survey_send"
        ).sudo()._trigger()  # whoever starts a survey is no administrator

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_end(self):
        """Each day: surveys whose last day has passed are put before whoever has to analyse them, once."""
        xmlid = "crm_procedure.mail_activity_type_survey"
        for campaign in self.search([("state", "=", "running")]):
            over = campaign.date_to < campaign.company_id._procedure_now().date()
            if over and not campaign.activity_search([xmlid]):
                campaign.activity_schedule(
                    xmlid,
                    user_id=campaign.user_id.id or campaign.team_id.leader_id.id or False,
                    summary=self.env._("Analyse the answers"),
                )
            self.env["ir.cron"]._commit_progress(1)
