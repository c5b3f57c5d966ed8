from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

CONFIRMED = object()  # in the context, by identity: nobody can send it from outside
SUBJECT_LENGTH = 200
TEXT_LENGTH = 100_000

KINDS = [
    ("inquiry", "Inquiry"),
    ("complaint", "Complaint"),
    ("suggestion", "Suggestion"),
    ("issue", "Issue during delivery"),
]
CHANNELS = [
    ("phone", "Telephone"),
    ("email", "Email"),
    ("web", "Website"),
    ("visit", "Visit"),
    ("box", "Suggestion box"),
    ("other", "Other"),
]
SEVERITIES = [("minor", "Minor"), ("major", "Major"), ("critical", "Critical")]
PRIORITIES = [("0", "Normal"), ("1", "Raised"), ("2", "High"), ("3", "Urgent")]
REMEDIES = [
    ("explanation", "An explanation"),
    ("repair", "Repair or rework"),
    ("replacement", "Replacement"),
    ("refund", "Money back"),
    ("apology", "An apology"),
    ("other", "Something else"),
]
OURS = ("reported", "accepted", "handling")  # somebody of the company has to act
OPEN = (*OURS, "answered")
FINISHED = ("closed", "unconfirmed", "cancelled")

# What whoever reports tells; everything else is for customer service, or given by the system.
REPORT_FIELDS = {
    "company_id",
    "subject",
    "kind",
    "channel",
    "partner_id",
    "sale_order_id",
    "communication_id",
    "partner_name",
    "email_from",
    "email_cc",
    "phone",
    "description",
    "remedy_wanted",
    "is_safety",
    "is_anonymous",
}


class ProcedureTicket(models.Model):
    """An inquiry, complaint, suggestion or issue, from its report until the customer closes it.

    Anybody reports, customer service accepts and numbers it (X11), and nobody on the staff
    closes it (C15): ``closed`` is set by the customer's own confirmation alone, in
    ``_close_confirmed``; ``write`` refuses it from everywhere else, superuser code included.
    Further subjects stand in files of their own: ticket_flow (acts of the staff),
    ticket_customer (acts of the customer), ticket_custody and ticket_clock (who holds it, by
    when), ticket_escalation, ticket_triage, ticket_cause.
    """

    _name = "crm.procedure.ticket"
    _description = "Ticket"
    _inherit = [
        "crm.procedure.reported.mixin",
        "crm.procedure.act.mixin",
        "crm.procedure.mixin",
        "portal.mixin",
        "mail.thread.cc",
    ]
    _order = "id desc"
    _rec_names_search = ["name", "subject"]
    _primary_email = "email_from"

    _open_states = OURS
    _number_prefix = "TKT"
    _personal_fields = ("partner_name", "email_from", "phone")
    _duty = "service"

    # What was reported
    subject = fields.Char(required=True, tracking=True)
    kind = fields.Selection(
        KINDS,
        required=True,
        default="complaint",
        tracking=True,
        help="Until customer service has classified it, a report counts as a complaint: its limits are the strictest.",
    )
    channel = fields.Selection(CHANNELS, required=True, default="phone")
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null", ondelete="restrict", tracking=True
    )
    commercial_partner_id = fields.Many2one(
        "res.partner",
        string="Customer company",
        compute="_compute_commercial_partner_id",
        store=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    partner_name = fields.Char(string="Name given", help="Who it is, as long as the customer file does not know them.")
    email_from = fields.Char(string="Email", tracking=True)
    email_normalized = fields.Char(
        compute="_compute_email_normalized", store=True, index="btree_not_null", export_string_translation=False
    )
    phone = fields.Char()
    is_anonymous = fields.Boolean(string="Anonymous", help="From the suggestion box: there is nobody to answer to.")
    description = fields.Text(string="What happened")
    remedy_wanted = fields.Selection(REMEDIES, string="Remedy wanted", help="What the customer asks for.")
    is_safety = fields.Boolean(string="Safety concern", tracking=True, help="People, data or property are in danger.")
    reported_by_id = fields.Many2one("res.users", string="Reported by", readonly=True, copy=False, index=True)

    # What customer service made of it
    category_id = fields.Many2one(
        "crm.procedure.ticket.category",
        string="Category",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
    )
    severity = fields.Selection(SEVERITIES, required=True, default="minor", tracking=True)
    priority = fields.Selection(PRIORITIES, required=True, default="0", tracking=True, index=True)
    user_id = fields.Many2one(default=False, tracking=True)
    team_id = fields.Many2one(tracking=True)
    solution = fields.Text(copy=False, help="What the customer is told, in plain words.")
    is_declined = fields.Boolean(
        string="Declined",
        copy=False,
        tracking=True,
        help="We do not do what the customer asks for. The answer then says where else they can turn to.",
    )
    recourse = fields.Text(
        string="Where else to turn to",
        copy=False,
        help="Whom the customer can turn to who is not satisfied with a declined complaint (ISO 10002 7.9).",
    )

    # What the system keeps
    state = fields.Selection(
        [
            ("reported", "Reported"),
            ("accepted", "Accepted"),
            ("handling", "In handling"),
            ("answered", "Answered"),
            ("closed", "Closed by the customer"),
            ("unconfirmed", "Ended without confirmation"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="reported",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        group_expand=True,
    )
    date_reported = fields.Datetime(string="Reported on", readonly=True, copy=False, index=True)
    date_accepted = fields.Datetime(string="Accepted on", readonly=True, copy=False)
    date_acknowledged = fields.Datetime(string="Acknowledged on", readonly=True, copy=False)
    date_first_answer = fields.Datetime(string="First answer on", readonly=True, copy=False)
    date_answered = fields.Datetime(string="Answered on", readonly=True, copy=False)
    date_closed = fields.Datetime(string="Closed on", readonly=True, copy=False)
    grade_id = fields.Many2one(
        "crm.procedure.grade",
        string="Grade of the customer",
        readonly=True,
        copy=False,
        help="When it was reported: the limits of that grade hold.",
    )
    deadline = fields.Datetime(
        string="Next deadline",
        readonly=True,
        help="The earliest limit that is still to be met. Empty: nobody of us has to act.",
    )
    round = fields.Integer(
        default=1, readonly=True, copy=False, help="Each answer that the customer rejects opens another round."
    )
    round_ids = fields.One2many("crm.procedure.ticket.round", "ticket_id", string="Answers", readonly=True)
    custody_ids = fields.One2many("crm.procedure.custody", "ticket_id", string="Custody", readonly=True)
    action_ids = fields.One2many("crm.procedure.action", "ticket_id", string="Actions")
    customer_rating = fields.Integer(
        string="Rating of the result", readonly=True, copy=False, aggregator="avg", help="By the customer, 1 to 5."
    )
    customer_rating_handling = fields.Integer(
        string="Rating of the handling", readonly=True, copy=False, aggregator="avg", help="By the customer, 1 to 5."
    )
    may_report = fields.Boolean(compute="_compute_may", export_string_translation=False)
    may_handle = fields.Boolean(compute="_compute_may", export_string_translation=False)
    may_cause = fields.Boolean(compute="_compute_may", export_string_translation=False)
    end_reason = fields.Text(string="Reason for the end", readonly=True, copy=False)

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _late_idx = models.Index("(deadline) WHERE state IN ('reported', 'accepted', 'handling')")

    @api.depends("name", "subject")
    def _compute_display_name(self):
        for ticket in self:
            ticket.display_name = " ".join(filter(None, (ticket.name, ticket.subject)))

    @api.depends("partner_id.commercial_partner_id")
    def _compute_commercial_partner_id(self):
        for ticket in self:
            ticket.commercial_partner_id = ticket.partner_id.commercial_partner_id

    @api.depends("email_from")
    def _compute_email_normalized(self):
        for ticket in self:
            ticket.email_normalized = tools.email_normalize(ticket.email_from)

    @api.depends("state")
    @api.depends_context("uid")
    def _compute_may(self):
        """What the form lets this user enter; ``write`` is what holds."""
        handles = self.env.user.has_procedure_power("ticket_handle")
        for ticket in self:
            others = ticket._fields_for_others()
            ended = ticket.state in FINISHED
            ticket.may_handle = handles and not ended
            own = not ticket._origin or ticket.reported_by_id == self.env.user
            ticket.may_report = not ended and (handles or (own and others >= REPORT_FIELDS))
            ticket.may_cause = handles or bool(others - REPORT_FIELDS)

    def _compute_access_url(self):
        super()._compute_access_url()
        for ticket in self:
            ticket.access_url = f"/my/tickets/{ticket.id}"

    @api.constrains("partner_id", "email_from")
    def _check_not_a_colleague(self):
        """Whoever answers cannot be the customer who confirms (C15)."""
        for ticket in self._of_colleagues():
            raise ValidationError(
                self.env._(
                    "%(customer)s belongs to a colleague with a login. The customer of a ticket is somebody "
                    "outside the company: choose the customer, or leave it empty.",
                    customer=ticket.partner_id.display_name or ticket.email_from,
                )
            )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            entered = self._entered(vals_list)
            self._refuse_given(entered)
            if not self.env.user.has_procedure_power("ticket_handle"):
                self._refuse_but(entered, REPORT_FIELDS)
            self = self.with_context(self._context_without_given())  # noqa: PLW0642  no default slips in a state
        self._refuse_closed(vals_list)
        frames = {}
        tickets = super().create([self._prepare_report(vals, self._frame(vals, frames)) for vals in vals_list])
        for ticket in tickets:
            # a provisional reference, until customer service accepts and numbers it. sudo: given by the system
            ticket.sudo().name = f"R-{ticket.id:06d}"
        tickets._sync_custody(fresh=True)
        return tickets

    def write(self, vals):
        self._refuse_closed([vals])
        if not self.env.su:
            self._refuse_given(set(vals))
            self._check_may_write(set(vals))
        return super().write(self._clean_texts(dict(vals)))

    def copy_data(self, default=None):
        """A copy is a report of its own."""
        fresh = {"partner_id": False, "user_id": False, "category_id": False, "severity": "minor", "priority": "0"}
        return super().copy_data(fresh | (default or {}))

    @api.ondelete(at_uninstall=False)
    def _unlink_except_never(self):
        for ticket in self:
            raise UserError(
                self.env._(
                    "%(ticket)s is evidence and cannot be deleted. Customer service can cancel it with a reason.",
                    ticket=ticket.display_name,
                )
            )

    @api.model
    def _frame(self, vals, frames):
        """What reports to the same company share, looked up once for a batch.

        :param dict frames: those of the batch so far
        :return: dict of company, procedure in force, team of customer service
        """
        company = self.env["res.company"].browse(vals.get("company_id")) or self.env.company
        if company not in frames:
            frames[company] = {
                "company": company,
                "procedure": self.env["crm.procedure"]._in_force(company),
                # sudo: a door to the outside knows no departments
                "team": self.env["crm.procedure.team"].sudo()._with_duty(self._duty, company),
            }
        return frames[company]

    @api.model
    def _prepare_report(self, vals, frame):
        vals = self._clean_texts(dict(vals))
        vals["date_reported"] = vals.get("date_reported") or fields.Datetime.now()
        vals.setdefault("team_id", frame["team"].id)
        if self.env.user._is_internal() and not self.env.user._is_superuser():
            vals.setdefault("reported_by_id", self.env.uid)
        partner = self.env["res.partner"].browse(vals.get("partner_id"))
        if partner and not vals.get("email_from"):
            vals["email_from"] = partner.sudo().email  # whoever reports may not read the address, and does not see it
        # sudo: whoever reports need not see the grade for its limits to hold
        vals["grade_id"] = partner.sudo().with_company(frame["company"]).commercial_partner_id.procedure_grade_id.id
        return vals

    @api.model
    def _clean_texts(self, vals):
        """One line and a bearable length, whatever a mail or a form brings."""
        if "subject" in vals:
            vals["subject"] = " ".join((vals["subject"] or "").split())[:SUBJECT_LENGTH] or self.env._("No subject")
        for name in ("description", "solution"):
            if vals.get(name):
                vals[name] = vals[name].replace("\x00", "")[:TEXT_LENGTH]
        return vals

    @api.model
    def _refuse_closed(self, vals_list):
        closing = any(vals.get("state") == "closed" for vals in vals_list)
        if closing and self.env.context.get("procedure_confirmed") is not CONFIRMED:
            raise AccessError(
                self.env._(
                    "Nobody on the staff closes a ticket: the customer does, on the answer page. "
                    "Without an answer, management can end it unconfirmed, with a reason."
                )
            )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _next_numbers(self, company, count):
        """No number before customer service accepts (X11); ``action_accept`` asks again."""
        if self.env.context.get("procedure_numbering"):
            return super()._next_numbers(company, count)
        return [False] * count

    def _set_state(self, state, **values):
        """Custody and deadlines follow a state."""
        super()._set_state(state, **values)
        self._sync_custody()

    def _domain_open(self):
        """:return: domain of the tickets that have not ended"""
        return Domain("state", "in", OPEN)

    @api.model
    def _escalation_rules(self):
        """None here: a ticket climbs its own ladder (ticket_escalation)."""
        return []

    # ------------------------------------------------------------
    # DOORS TO THE OUTSIDE
    # ------------------------------------------------------------

    @api.model
    def _intake(self, values, **given):
        """What a door to the outside (mail, portal, public form) reports, whoever knocked.

        :param dict values: what the visitor entered; only what a reporter tells is taken
        :param given: what the door itself knows, e.g. ``channel="web"``, ``partner_id=…``
        :return: the new ticket, as superuser: the visitor has no rights
        """
        told = {name: values[name] for name in REPORT_FIELDS & set(values) - {"company_id", "partner_id", "channel"}}
        return self.sudo().create({**told, **given})
