import re

from odoo import api, fields, models
from odoo.tools import email_normalize, html2plaintext
from odoo.tools.mail import email_split_tuples

from ..tools import mail_words
from ..tools.contradiction import contradicts
from .ticket import SUBJECT_LENGTH

MAILS_PER_MINUTE = 20  # of one sender; what comes beyond is set aside
RECEIPTS_PER_HOUR = 5  # to one address; a machine that answers each of them gets no more
MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")  # an index bears no longer one
UNKNOWN = "?"  # a sender whose address cannot be read
NUMBER = re.compile(r"\[((?:R-\d{6,}|TKT-\d{4}-\d+))\]")


class ProcedureTicket(models.Model):
    """Mails from outside become reports, or come to the ticket they answer (C1, C2, C4).

    A mail is looked at before it is taken in: who sent it, whether a person did, whether it
    came before, and whether the ticket that it names is the sender's own. It changes a state
    only as the customer's word; everything else is kept and told to customer service.
    """

    _inherit = "crm.procedure.ticket"

    # ------------------------------------------------------------
    # Looked at first
    # ------------------------------------------------------------

    @api.model
    def _mail_knock(self, mail):
        """:return: the knock of this mail, or none when it came in before (fetched twice, sent twice)"""
        knocks = self.env["crm.procedure.ticket.knock"].sudo()  # books of the system
        return knocks._note("mail", self._mail_address(mail) or UNKNOWN, mail["message_id"])

    @api.model
    def _mail_prepared(self, message, mail, route):
        """Where a mail goes, and as what.

        :param dict mail: as ``message_parse`` made it
        :param tuple route: (model, ticket id, values, user id, alias) that the gateway chose
        :return: context for ``message_new`` and ``message_update``, the mail, and the route
        """
        model, ticket_id, values, user_id, alias = route
        values, mail, email = dict(values or {}), dict(mail), self._mail_address(mail)
        mail["subject"] = (mail.get("subject") or "")[:SUBJECT_LENGTH]
        colleague = self._is_own_address(email) if email else False
        automatic = mail_words.is_automatic(message)
        knocks = self.env["crm.procedure.ticket.knock"].sudo()  # books of the system
        too_many = knocks._count("mail", email or UNKNOWN, minutes=1) > MAILS_PER_MINUTE
        named = self.sudo().browse(ticket_id or ()).exists() or self._mail_named(mail, email)
        ticket = named if self._mail_belongs(named, email, colleague, user_id) else self.browse()
        if too_many and not ticket:
            ticket = knocks._latest_ticket("mail", email or UNKNOWN)
        elif ticket and not colleague and not automatic and not ticket._takes_mail():
            ticket = self.browse()  # ended too long ago: a report of its own, which names it
        if not ticket:
            values["procedure_related_id"] = named.id
            values.setdefault("company_id", named.company_id.id or self.env.company.id)
            mail.pop("parent_id", None)
            mail["is_internal"] = False
        elif automatic or too_many or colleague:
            # kept inside; it is no word of the customer
            mail.update(is_internal=True, message_type="comment" if colleague else "out_of_office")
        else:
            mail["is_internal"] = False
        context = {
            "procedure_mail": "set_aside" if too_many else "automatic" if automatic else "",
            "procedure_mail_colleague": colleague,
        }
        return context, mail, (model, ticket.id, values, user_id, alias)

    @api.model
    def _mail_address(self, mail):
        parts = email_split_tuples(mail.get("email_from") or "")
        return (email_normalize(parts[0][1]) or "")[:254] if parts else ""

    @api.model
    def _mail_named(self, mail, email):
        """:return: the ticket whose number stands in the subject, where the mail program lost the thread"""
        number = NUMBER.search(mail.get("subject") or "")
        if not number or not email:
            return self.browse()
        found = self.sudo().search([("name", "=", number[1])])
        return found.filtered(lambda ticket: ticket._is_from_customer(email))[:1] or found[:1]

    @api.model
    def _mail_belongs(self, ticket, email, colleague, user_id):
        """Whether the sender may add to this ticket: its customer, or a colleague who sees it."""
        if not ticket:
            return False
        if colleague:
            user = self.env["res.users"].browse(user_id)
            return user._is_internal() and ticket.with_user(user).has_access("read")
        return ticket._is_from_customer(email)

    def _takes_mail(self):
        return self.state not in ("closed", "unconfirmed") or self._can_reopen()

    # ------------------------------------------------------------
    # Taken in
    # ------------------------------------------------------------

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """A mail becomes a report. An unknown sender stays a name and an address until acceptance (C4)."""
        given = dict(custom_values or {})
        related = self.sudo().browse(given.pop("procedure_related_id", False) or ())
        author = self.env["res.partner"].browse(msg_dict.get("author_id") or ())
        values = {
            "subject": msg_dict.get("subject") or self.env._("No subject"),
            "description": html2plaintext(msg_dict.get("body") or "").strip(),
            "channel": "email",
            **self._sender(msg_dict.get("email_from"), author),
            **given,
        }
        # the address that was looked at, not the one that came
        mail = {**msg_dict, "email_from": values["email_from"]}
        ticket = super().message_new(mail, values)
        if related:
            ticket._note_inside(
                self.env._(
                    "This mail refers to %(ticket)s. It was not added there: it comes from another address, "
                    "or that ticket ended too long ago.",
                    ticket=related.name,
                )
            )
        ticket._send_receipt()
        return ticket

    def message_update(self, msg_dict, update_vals=None):
        """A mail comes to its ticket; only a customer's own words do more than stay there (C14)."""
        context = self.env.context
        if context.get("procedure_mail"):
            self._note_set_aside()
            return True
        if context.get("procedure_mail_colleague"):
            return True
        result = super().message_update(msg_dict, update_vals)
        self._customer_wrote(mail_words.own_words(msg_dict.get("body")))
        return result

    def _customer_wrote(self, words):
        """What a customer's message means for the state: "no" is taken at once, "yes" is asked for on the
        answer page alone.
        """
        for ticket in self:
            no = contradicts(0, 0, words)
            if ticket.state == "answered" and no:
                ticket._customer_reject(ticket._answer_token(), words, channel="email")
            elif ticket.state == "unconfirmed" or (ticket.state == "closed" and no):
                ticket._customer_reopen(words)
            elif ticket.state in ("answered", "closed", "cancelled"):
                ticket._tell_service(self.env._("The customer wrote: read it and answer"))
            else:
                ticket._customer_replied()

    def _message_receive_bounce(self, email, partner):
        """What we sent did not arrive: somebody has to reach the customer another way."""
        result = super()._message_receive_bounce(email, partner)
        for ticket in self:
            ticket._note_inside(self.env._("Our mail to %(email)s came back.", email=email))
            ticket._tell_service(self.env._("Our mail came back: reach the customer another way"))
        return result

    # ------------------------------------------------------------
    # Set aside
    # ------------------------------------------------------------

    def _note_set_aside(self):
        """Say once in a while why messages are kept here without a reply."""
        if self.env.context["procedure_mail"] != "set_aside":
            return
        text = self.env._(
            "More than %(count)s mails came from one sender within a minute. The others are kept here, "
            "and nothing was sent back.",
            count=MAILS_PER_MINUTE,
        )
        if not any(text in (body or "") for body in self.message_ids[: MAILS_PER_MINUTE * 5].mapped("body")):
            self._note_inside(text)

    @api.model
    def _mail_is_ours(self, raw, model):
        """:return: whether a mail that nobody can read is for the tickets"""
        if model == self._name:
            return True
        head = mail_words.clean(raw[:100_000].partition(b"\r\n\r\n")[0].decode("latin-1")).lower()
        aliases = self.env["mail.alias"].sudo().search([("alias_model_id.model", "=", self._name)])
        return any(name.lower() in head for name in aliases.mapped("alias_full_name") if name)

    @api.model
    def _intake_unreadable(self, raw):
        """:return: a report that has the mail attached as it came; that of the first time when it comes again"""
        digest = self.env.context.get("procedure_mail_digest") or mail_words.digest(raw)
        knock = self.env["crm.procedure.ticket.knock"].sudo()._note("mail", UNKNOWN, digest)  # of the system
        if not knock:
            return self.browse()
        ticket = self._intake(
            {
                "subject": self.env._("A mail that cannot be read"),
                "description": self.env._("The mail is attached as it came. Open it in a mail program."),
            },
            channel="email",
        )
        ticket.message_post(attachments=[("mail.eml", raw)], message_type="comment", subtype_xmlid="mail.mt_note")
        knock.ticket_id = ticket
        return ticket

    @api.model
    def _mail_cleaned(self, message, mail):
        """:return: the mail with nothing in it that the database or an index could not bear, and with a
        Message-ID that tells it from others: a missing or malformed one is made from the content
        """
        for name, value in mail.items():
            if isinstance(value, str):
                mail[name] = mail_words.clean(value)
        named = mail_words.header(message, "Message-Id")
        if not MESSAGE_ID.fullmatch(named):
            digest = self.env.context.get("procedure_mail_digest") or mail_words.digest(named.encode())
            mail["message_id"] = f"<{digest}@unnamed.invalid>"
        return mail

    # ------------------------------------------------------------
    # Told
    # ------------------------------------------------------------

    def _send_receipt(self):
        """Tell whoever wrote that it arrived, before anybody has read it; none of their own words go out,
        for the address may be somebody else's.
        """
        knocks = self.env["crm.procedure.ticket.knock"].sudo()  # books of the system
        for ticket in self:
            if self.env.context.get("procedure_mail") or not ticket.email_normalized:
                continue
            if knocks._count("receipt", ticket.email_normalized, hours=1) >= RECEIPTS_PER_HOUR:
                continue
            knocks._note("receipt", ticket.email_normalized)
            ticket._mail_customer("crm_procedure.mail_template_ticket_receipt")

    def _note_inside(self, text):
        for ticket in self.sudo():  # the gateway and visitors have no rights here
            ticket.message_post(body=text, author_id=self.env.ref("base.partner_root").id, subtype_xmlid="mail.mt_note")

    def _tell_service(self, summary):
        """Put it before whoever is responsible, once."""
        for ticket in self.sudo():  # whoever knocked has no rights here
            user = ticket.user_id if ticket.user_id.active else ticket.team_id.leader_id
            told = ticket.activity_ids.filtered_domain([("user_id", "=", user.id), ("summary", "=", summary)])
            if user and not told:
                ticket.activity_schedule(
                    "crm_procedure.mail_activity_type_ticket",
                    user_id=user.id,
                    summary=summary,
                    date_deadline=fields.Date.context_today(ticket),
                )
