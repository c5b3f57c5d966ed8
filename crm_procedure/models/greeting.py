import logging
from datetime import timedelta
from functools import partial

from psycopg2 import OperationalError
from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.fields import Command, Domain

from ..tools.chunks import patiently
from ..tools.due_greetings import DueGreetings

_logger = logging.getLogger(__name__)

CONTACT_ACTIVITY = "crm_procedure.mail_activity_type_contact"
QUIET = {
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_auto_subscribe_no_notify": True,
}
RETRY_DAYS = 3  # a mail that the server did not take is tried again until so long after the day


class ProcedureGreeting(models.Model):
    """One greeting of one recipient on one occasion and year (V10): the queue, then the log.

    Rows are found by one SQL statement for an occasion (``tools/due_greetings.py``). What
    must never happen twice is kept by two unique keys in the database: a recipient is
    greeted once on an occasion and year, an address has one such mail a day. E-mails are
    only put into Odoo's queue here, in the transaction that notes it; whether they went is
    read from there later, so that no lock is held while mailing.
    """

    _name = "crm.procedure.greeting"
    _description = "Greeting"
    _order = "day desc, id desc"
    _rec_name = "partner_id"
    _log_access = False

    key = fields.Char(required=True, readonly=True, index=False, export_string_translation=False)
    occasion_id = fields.Many2one(
        "crm.procedure.occasion", required=True, readonly=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", string="Recipient", readonly=True, index=True, ondelete="set null")
    customer_id = fields.Many2one("res.partner", string="Customer", readonly=True, index=True, ondelete="set null")
    user_id = fields.Many2one("res.users", string="Account owner", readonly=True, index=True)
    day = fields.Date(readonly=True, required=True, help="The day of the occasion.")
    year = fields.Integer(readonly=True, required=True, aggregator=None)
    email = fields.Char(string="Address", readonly=True)
    try_on = fields.Date(string="Next try on", readonly=True)
    mailed_on = fields.Date(string="E-mail of", readonly=True)
    state = fields.Selection(
        [
            ("due", "Due"),
            ("queued", "E-mail queued"),
            ("sent", "E-mail sent"),
            ("todo", "Contact planned"),
            ("failed", "E-mail failed"),
            ("skipped", "Left out"),
        ],
        required=True,
        readonly=True,
        index=False,
    )
    note = fields.Char(string="Remark", readonly=True)
    communication_id = fields.Many2one(
        "crm.procedure.communication", readonly=True, index="btree_not_null", ondelete="set null"
    )
    mail_id = fields.Many2one("mail.mail", readonly=True, index="btree_not_null", ondelete="set null")

    _key_uniq = models.UniqueIndex("(key)", "This recipient was greeted on this occasion already.")
    _mail_a_day_uniq = models.UniqueIndex(
        "(email, mailed_on) WHERE mailed_on IS NOT NULL", "This address has a greeting by e-mail today already."
    )
    _queue_idx = models.Index("(company_id, try_on, occasion_id) WHERE state = 'due'")
    _queued_idx = models.Index("(id) WHERE state = 'queued'")

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_greet(self, batch_size=50):
        """Find whom to greet, then greet a batch a transaction: may be killed at any moment,
        and run twice at once."""
        cron = self.env["ir.cron"]
        active = self.env["crm.procedure.occasion"].search([])
        for company, occasions in active.grouped("company_id").items():
            greetings = self.with_company(company)
            cron._commit_progress(remaining=1)  # from here on a step may be rolled back and tried again
            for occasion in occasions:
                last = 0
                while last is not None:
                    step = partial(greetings._find_due, occasion, last)
                    count, last = patiently(self.env.cr, step)
                    if not cron._commit_progress(count, remaining=1):
                        return
            count = batch_size
            while count:
                count = patiently(self.env.cr, partial(greetings._greet_batch, batch_size))
                if count and not cron._commit_progress(count, remaining=1):
                    return
        cron._commit_progress(remaining=0)

    @api.model
    def _cron_settle(self, batch_size=100):
        """Read from the mail queue what became of the e-mails; one that the server did not take
        is tried again, one that cannot be delivered becomes the account owner's to-do."""
        domain = Domain("state", "=", "queued") & (
            Domain("mail_id", "=", False) | Domain("mail_id.state", "in", ["sent", "received", "exception", "cancel"])
        )
        queued = self.search(domain, limit=batch_size, order="id").try_lock_for_update()
        queued._settle()
        self.env["ir.cron"]._commit_progress(
            len(queued), remaining=self.search_count(domain) if len(queued) == batch_size else 0
        )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _find_due(self, occasion, after=0):
        """Put whom the current company greets on ``occasion`` into the queue, a chunk of people.

        :return: (how many, id of the contact to go on after or None)
        """
        return DueGreetings(self.env.company).insert(occasion.with_env(self.env), after)

    @api.model
    def _greet_batch(self, limit):
        """Greet those of the current company who are due, never committing.

        :return: number of greetings taken up
        """
        company = self.env.company
        today = company._procedure_now().date()
        domain = (
            Domain("state", "=", "due")
            & Domain("company_id", "=", company.id)
            & Domain("try_on", "<=", today)
            & Domain("occasion_id.active", "=", True)
        )
        batch = self.search(domain, limit=limit, order="occasion_id, id").try_lock_for_update()
        late = batch.filtered(lambda greeting: greeting.day < today)
        late._leave_out(self.env._("The day passed before the greeting could be sent."))
        gone = (batch - late).filtered(lambda greeting: not greeting._is_wanted())
        gone._leave_out(self.env._("Archived, or wants no greetings any more."))
        for occasion, greetings in (batch - late - gone).grouped("occasion_id").items():
            if occasion.action == "mail":
                greetings._mail(today)
            else:
                greetings._plan()
        return len(batch)

    def _is_wanted(self):
        recipient, customer = self.partner_id, self.customer_id
        archived = not (recipient.active and customer.active)
        return not archived and not recipient.procedure_no_greetings and not customer.procedure_no_greetings

    def _leave_out(self, reason):
        self.write({"state": "skipped", "note": reason})

    def _plan(self, note=None):
        """Put a planned contact and a reminder before the account owners; all of one occasion.

        :param note: why it is not an e-mail
        """
        # no followers: whoever plans with a reminder needs none, and each would cost queries
        communications = self.with_context(tracking_disable=True)._communicate()
        owners = communications.grouped(lambda record: (record.user_id, record.date_planned))
        for (user, day), records in owners.items():
            occasion = self.occasion_id.with_context(lang=user.lang)
            records.with_context(mail_activity_quick_update=True).activity_schedule(
                CONTACT_ACTIVITY, day, user_id=user.id, summary=occasion.name, note=note or occasion.note
            )
        self.write({"state": "todo", "note": note})

    def _communicate(self, **values):
        """:return: planned communications, one for each greeting, which remembers it"""
        communications = (
            self.env["crm.procedure.communication"]
            .with_context(**QUIET)
            .create([greeting._communication_values() | values for greeting in self])
        )
        for greeting, communication in zip(self, communications, strict=True):
            greeting.communication_id = communication
        communications.mapped("display_name")  # read once, not once for each activity
        return communications

    def _communication_values(self):
        occasion = self.occasion_id
        return {
            "partner_id": self.customer_id.id,
            "contact_id": self.partner_id.id if self.partner_id != self.customer_id else False,
            "company_id": self.company_id.id,
            "user_id": self.company_id._procedure_account_owner(self.user_id).id,
            "kind": occasion.kind,
            "method": occasion.method,
            "date_planned": self.day,
            "occasion_id": occasion.id,
        }

    # ------------------------------------------------------------
    # MAILING
    # ------------------------------------------------------------

    def _mail(self, today):
        """Queue the e-mails of one occasion; who has no address becomes a planned contact."""
        reachable = self.filtered("email")
        (self - reachable)._plan(self.env._("No e-mail address on file."))
        later = reachable._one_each(today)
        (reachable - later)._queue(today)
        later._wait(today)

    def _one_each(self, today):
        """:return: those whose address has a greeting today already, or belongs to one before them"""
        taken = set(self.search([("mailed_on", "=", today), ("email", "in", self.mapped("email"))]).mapped("email"))
        later = self.browse()
        for greeting in self:
            if greeting.email in taken:
                later |= greeting
            taken.add(greeting.email)
        return later

    def _wait(self, today):
        tomorrow = today + timedelta(days=1)
        in_time = self.filtered(lambda greeting: greeting.day >= tomorrow)
        in_time.try_on = tomorrow
        (self - in_time)._leave_out(self.env._("Another greeting went to this address that day."))

    def _queue(self, today):
        """Put the mails into the queue; a template that fails for one does not stop the others."""
        if not self:
            return
        try:
            with self.env.cr.savepoint():
                self._queue_now(today)
        except OperationalError:
            raise  # another worker was there: the whole step is done again
        except Exception:
            if len(self) > 1:
                _logger.info("Greetings of %s in one batch failed, now one by one", self.occasion_id.name)
            self._queue_one_by_one(today)

    def _queue_one_by_one(self, today):
        for greeting in self:
            try:
                with self.env.cr.savepoint():
                    greeting._queue_now(today)
            except OperationalError:
                raise
            except UniqueViolation:
                greeting._wait(today)  # another worker wrote to this address in the meantime
            except Exception as error:
                _logger.warning("Greeting %s cannot be sent: %s", greeting.key, error)
                greeting._plan(self.env._("The e-mail could not be made: %(error)s", error=str(error)))

    def _queue_now(self, today):
        communications = self._communicate(method="email", kind="greeting")
        template = self.occasion_id.template_id.with_company(self.company_id)
        mails = template.send_mail_batch(
            communications.ids, email_values={"auto_delete": False, "is_notification": True}
        )
        by_record = {mail.res_id: mail for mail in mails}
        for greeting in self:
            mail = by_record[greeting.communication_id.id]
            # just this one recipient, whatever the template says: the address is what is counted
            mail.write({"recipient_ids": [Command.set(greeting.partner_id.ids)], "email_to": False, "email_cc": False})
            greeting.mail_id = mail
        self.write({"state": "queued", "mailed_on": today})
        self.flush_recordset()
        self.env.ref("mail.ir_cron_mail_scheduler_action")._trigger()
        self.env.ref("crm_procedure.ir_cron_greeting_settle")._trigger(fields.Datetime.now() + timedelta(minutes=10))

    def _settle(self):
        for greeting in self:
            mail = greeting.mail_id
            if mail.state in ("sent", "received"):
                greeting.communication_id.with_context(**QUIET)._finish()
                greeting.state = "sent"
                mail.unlink()  # the text stays with the communication
            elif greeting._can_retry(mail):
                mail.mark_outgoing()
            else:
                reason = mail.failure_reason or self.env._("It was taken out of the queue.")
                greeting._give_up(self.env._("The e-mail could not be delivered: %(reason)s", reason=reason))

    def _can_retry(self, mail):
        """The server was not reached, so that nothing has gone out yet, and it is not too late."""
        today = self.company_id._procedure_now().date()
        return (
            mail.state == "exception"
            and mail.failure_type in (False, "mail_smtp")
            and today <= self.day + timedelta(days=RETRY_DAYS)
        )

    def _give_up(self, reason):
        self.write({"state": "failed", "note": reason})
        record = self.communication_id
        if record.state == "planned":
            record.with_context(mail_activity_quick_update=True).activity_schedule(
                CONTACT_ACTIVITY,
                record.date_planned,
                user_id=record.user_id.id,
                summary=self.occasion_id.name,
                note=reason,
            )
