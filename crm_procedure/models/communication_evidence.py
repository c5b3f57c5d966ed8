from datetime import datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_datetime, html2plaintext

from .communication import RECORD

LOOK_BACK = 60  # days, when there was no contact before
SOURCES = ("event_id", "message_id", "activity_id")


class ProcedureCommunication(models.Model):
    """A real contact that happened anyway counts: a meeting held, a mail written, a call logged
    becomes the record of the contact that is due, in one click (V1, V6).

    The meeting, mail or call says what was spoken of and stays linked, so no content is
    asked for again. Each can be used once.
    """

    _inherit = "crm.procedure.communication"

    event_id = fields.Many2one(
        "calendar.event", string="Meeting", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    message_id = fields.Many2one(
        "mail.message", string="Mail", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    activity_id = fields.Many2one(
        "mail.activity", string="Call", readonly=True, copy=False, index="btree_not_null", ondelete="set null"
    )
    evidence = fields.Char(string="Taken from", readonly=True, copy=False, help="The contact that happened anyway.")
    evidence_found = fields.Char(compute="_compute_evidence_found", string="Happened already")

    @api.depends("partner_id", "state")
    @api.depends_context("uid", "lang")
    def _compute_evidence_found(self):
        for record in self:
            found = record.state == "planned" and record._find_evidence()
            record.evidence_found = found and record._evidence_text(found)

    @api.model
    def _system_fields(self):
        return super()._system_fields() | {*SOURCES, "evidence"}

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_use_evidence(self):
        """Make the latest meeting, mail or call with the customer the record of this contact.

        :return: True
        :raise AccessError: without the power to record, or for somebody else's contact
        :raise UserError: when it is not planned any more, or nothing was found
        """
        self.ensure_one()
        self._check_record(self.env._("record"))
        self._lock_in_state("planned", self.env._("recorded"))
        source = self._find_evidence()
        if not source:
            raise UserError(
                self.env._(
                    "No meeting, mail or call with %(customer)s was found since the last contact. "
                    "Fill in what was said and press Done.",
                    customer=self.partner_id.sudo().name,
                )
            )
        self._record_evidence(source)
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _record_evidence(self, source):
        """Done, on the day and by the means of ``source``; whoever calls has checked that it may be."""
        moment, method = self._evidence_facts(source)
        field = {"calendar.event": "event_id", "mail.message": "message_id", "mail.activity": "activity_id"}
        # sudo: the links are given by the system, to what the user may read
        self.sudo().write({"method": method, "date_done": moment})
        self._finish(**{field[source._name]: source.id, "evidence": self._evidence_text(source)})

    def _find_evidence(self):
        """:return: the latest ``calendar.event``, ``mail.message`` or ``mail.activity`` with the
        customer since the last contact that the user may read and that was not used; or None
        """
        self.ensure_one()
        if not self.partner_id:
            return None
        now = fields.Datetime.now()
        last = self.partner_id.with_company(self.company_id).procedure_last_contact
        since = max(filter(None, [last, now - timedelta(days=LOOK_BACK)]))
        # sudo: the contact persons of a customer whose contact one may see
        people = self.env["res.partner"].sudo().search([("commercial_partner_id", "=", self.partner_id.id)]).ids
        found = [self._find_event(people, since, now), self._find_mail(people, since), self._find_call(people, since)]
        return max(filter(None, found), key=lambda source: self._evidence_facts(source)[0], default=None)

    def _find_event(self, people, since, now):
        domain = (
            Domain("partner_ids", "in", people)
            & Domain("stop", "<=", now)
            & Domain("stop", ">", since)
            & Domain("partner_ids", "in", self.user_id.partner_id.ids)
        )
        return self._first_unused(self.env["calendar.event"], domain, "stop desc, id desc", "event_id")

    def _find_mail(self, people, since):
        """Mails on the customer's page, by a colleague or by the customer; not internal notes."""
        domain = (
            Domain("model", "=", "res.partner")
            & Domain("res_id", "in", people)
            & Domain("date", ">", since)
            & Domain("message_type", "in", ("comment", "email", "email_outgoing"))
            & Domain("subtype_id", "=", self.env.ref("mail.mt_comment").id)
        )
        return self._first_unused(self.env["mail.message"], domain, "date desc, id desc", "message_id")

    def _find_call(self, people, since):
        activities = self.env["mail.activity"].with_context(active_test=False)
        domain = (
            Domain("res_model", "=", "res.partner")
            & Domain("res_id", "in", people)
            & Domain("activity_type_id.category", "=", "phonecall")
            & Domain("date_done", ">=", since.date())
        )
        return self._first_unused(activities, domain, "date_done desc, id desc", "activity_id")

    def _first_unused(self, model, domain, order, link):
        # sudo: whether it was used, by whomever
        used = self.env["crm.procedure.communication"].sudo()
        for source in model.search(domain, order=order, limit=5):
            if not used.search_count([(link, "=", source.id)], limit=1):
                return source
        return None

    def _evidence_facts(self, source):
        """:return: (naive UTC moment of the contact, method)"""
        if source._name == "calendar.event":
            return min(source.stop, fields.Datetime.now()), "online" if source.videocall_location else "visit"
        if source._name == "mail.message":
            return source.date, "email"
        return min(datetime.combine(source.date_done, time(12)), fields.Datetime.now()), "phone"

    def _evidence_text(self, source):
        moment = format_datetime(self.env, self._evidence_facts(source)[0])
        if source._name == "calendar.event":
            return self.env._("Meeting on %(moment)s: %(subject)s", moment=moment, subject=source.name)
        if source._name == "mail.message":
            subject = source.subject or html2plaintext(source.body or "")[:60]
            return self.env._(
                "Mail of %(author)s on %(moment)s: %(subject)s",
                author=source.author_id.sudo().name or source.email_from,  # stands on the mail itself
                moment=moment,
                subject=subject,
            )
        subject = source.summary or html2plaintext(source.feedback or source.note or "")[:60]
        return self.env._("Call on %(moment)s: %(subject)s", moment=moment, subject=subject)

    @api.model
    def _due_with(self, partner, user):
        """:return: the planned contact of ``user`` with the customer that a contact now counts for, or none"""
        domain = (
            Domain("partner_id", "=", partner.commercial_partner_id.id)
            & Domain("user_id", "=", user.id)
            & Domain("state", "=", "planned")
            & Domain("kind", "in", ("revisit", "first_visit", "other"))
        )
        return self.search(domain, order="date_planned, id", limit=1)


class CalendarEvent(models.Model):
    _inherit = "calendar.event"

    procedure_communication_count = fields.Integer(
        compute="_compute_procedure_communication_count", groups="crm_procedure.group_user"
    )
    procedure_is_held = fields.Boolean(
        compute="_compute_procedure_communication_count",
        groups="crm_procedure.group_user",
        help="A meeting with a customer that is over and not on record yet.",
    )

    def _compute_procedure_communication_count(self):
        # sudo: how many there are; who opens them needs the right to
        groups = (
            self.env["crm.procedure.communication"]
            .sudo()
            ._read_group([("event_id", "in", self.ids)], ["event_id"], ["__count"])
        )
        counts = {event.id: count for event, count in groups}
        now = fields.Datetime.now()
        for event in self:
            event.procedure_communication_count = counts.get(event._origin.id, 0)
            over = bool(event.stop and event.stop <= now)
            event.procedure_is_held = over and bool(event._procedure_customer()) and not counts.get(event._origin.id)

    def action_procedure_record(self):
        """Make this meeting the record of the contact that is due with the customer, or a new one.

        :return: action that opens the communication
        :raise AccessError: without the power to record
        :raise UserError: when the meeting is not over, or no customer took part
        """
        self.ensure_one()
        self.check_access("read")
        communications = self.env["crm.procedure.communication"]
        self.env.user.check_procedure_power(RECORD, self.env._("record a communication"))
        customer = self._procedure_customer()
        if self.stop > fields.Datetime.now() or not customer:
            raise UserError(
                self.env._(
                    "%(meeting)s cannot be put on record: it has to be over, and a customer has to be among "
                    "the attendees.",
                    meeting=self.display_name,
                )
            )
        # sudo: whether it is on record, by whomever
        record = communications.sudo().search([("event_id", "=", self.id)], limit=1).sudo(False)
        if not record:
            record = communications._due_with(customer, self.env.user) or communications.create(
                {"partner_id": customer.id, "kind": "other", "date_planned": self.start_date or self.start.date()}
            )
            record._check_record(self.env._("record"))
            record._lock_in_state("planned", self.env._("recorded"))
            record._record_evidence(self)
        return record._open_record(record)

    def _procedure_customer(self):
        """:return: the first attendee who is not of the company, or none

        sudo: who of the attendees, shown on the meeting, is a customer.
        """
        outside = self.sudo().partner_ids.filtered("partner_share")
        return outside[:1].sudo(False)
