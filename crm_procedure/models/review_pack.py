import hashlib
import logging
import tempfile
from functools import partial

from psycopg2 import OperationalError

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ..tools.chunks import patiently

_logger = logging.getLogger(__name__)

WAITING, MAKING, MADE, READY, FAILED = "waiting", "making", "made", "ready", "failed"
TRIES = 3  # a pack whose making was killed so often is set aside
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class ProcedureReview(models.Model):
    """The meeting pack: one workbook with all figures and lists of the period, made in the
    background whenever figures are frozen, kept as evidence, and sent to the attendees (A1, A4, A7).

    ``waiting`` → ``making`` → ``made`` (kept, not sent yet) → ``ready``, each step a transaction
    of its own: killed in between, the step is done again, and nothing half made is ever kept.
    Who may have the file: see ``pack_attachment.py``.
    """

    _inherit = "crm.procedure.review"

    pack_state = fields.Selection(
        [
            (WAITING, "Waits to be made"),
            (MAKING, "Is being made"),
            (MADE, "Made, not sent yet"),
            (READY, "Ready"),
            (FAILED, "Could not be made"),
        ],
        string="Pack",
        readonly=True,
        copy=False,
    )
    pack_text = fields.Char(string="Meeting pack", compute="_compute_pack_text")
    pack_may_load = fields.Boolean(compute="_compute_pack_text", export_string_translation=False)
    pack_asked_on = fields.Datetime(readonly=True, copy=False, export_string_translation=False)
    pack_made_on = fields.Datetime(string="Pack made on", readonly=True, copy=False)
    pack_quiet = fields.Boolean(readonly=True, copy=False, export_string_translation=False)
    pack_sheets = fields.Integer(readonly=True, copy=False, export_string_translation=False)
    pack_tries = fields.Integer(readonly=True, copy=False, export_string_translation=False)
    pack_rows = fields.Integer(string="Records in the pack", readonly=True, copy=False)
    pack_hash = fields.Char(
        string="SHA-256 of the pack", readonly=True, copy=False, help="Tells whether a file is the one that was kept."
    )

    _pack_idx = models.Index("(pack_asked_on) WHERE pack_state IN ('waiting', 'making', 'made')")

    @api.model
    def _signature_fields(self):
        names = {"pack_state", "pack_asked_on", "pack_made_on", "pack_quiet", "pack_sheets", "pack_tries"}
        return super()._signature_fields() | names | {"pack_rows", "pack_hash"}

    @api.depends("pack_state", "pack_sheets", "pack_made_on", "pack_id")
    @api.depends_context("lang", "tz", "uid")
    def _compute_pack_text(self):
        total = len(self.env["crm.procedure.meeting.pack"]._sheets())
        may = self.env["ir.attachment"]._may_load_packs()
        for review in self:
            review.pack_may_load = bool(may and review.pack_id)
            review.pack_text = review._pack_words(total)

    def _pack_words(self, total):
        env, made = self.env, ""
        if self.pack_made_on:
            made = env._("Made on %(moment)s", moment=format_datetime(env, self.pack_made_on, dt_format="short"))
        if self.pack_state == MAKING:
            return env._("Is being made: sheet %(number)s of %(total)s", number=self.pack_sheets + 1, total=total)
        if self.pack_state == WAITING:
            return env._("Will be made within a few minutes")
        if self.pack_state == FAILED:
            return env._("Could not be made. Press “Make the Pack” to try again.")
        if made and not self.pack_may_load:
            return env._("%(made)s. It names customers: loading it takes the right to export.", made=made)
        return made

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_make_pack(self):
        """Have the pack made now, and sent to the attendees again.

        :return: True
        :raise AccessError: for others than the chair and those who prepare reviews
        """
        self.check_access("read")
        for review in self:
            review._check_may_write()
        self._ask_pack()
        return True

    def action_load_pack(self):
        """:return: action that fetches the pack
        :raise UserError: when there is none yet
        """
        self.ensure_one()
        self.check_access("read")
        if not self.pack_id:
            raise UserError(self.env._("%(review)s has no meeting pack yet.", review=self.display_name))
        self.pack_id.check_access("read")
        return {"type": "ir.actions.act_url", "url": f"/web/content/{self.pack_id.id}?download=true", "target": "self"}

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _freeze(self):
        """New figures make a new pack, so that the two never contradict each other."""
        super()._freeze()
        self._ask_pack()

    def _on_approved(self):
        """The pack once more, with the signatures; nobody is written to for that."""
        super()._on_approved()
        self._ask_pack(quiet=True)

    def _ask_pack(self, quiet=False):
        """:param bool quiet: do not send it"""
        self.sudo().write(  # the books of the system; who may ask was checked
            {
                "pack_state": WAITING,
                "pack_asked_on": fields.Datetime.now(),
                "pack_quiet": quiet,
                "pack_tries": 0,
                "pack_sheets": 0,
            }
        )
        self.env.ref("crm_procedure.ir_cron_review_pack").sudo()._trigger()  # only the system runs it

    def _for_pack(self):
        """:return: the review as the pack shows it: to the system, in the company's words and time"""
        company = self.company_id
        context = {"lang": self._house_lang(), "tz": company._procedure_tz(), "allowed_company_ids": company.ids}
        return self.sudo().with_company(company).with_context(**context)  # a pack shows all of the company

    def _make_pack(self, told=None):
        """Write the pack into a file and keep it, unless it was asked for anew meanwhile.

        :param told: is called after each sheet with the number of sheets done
        """
        self.ensure_one()
        asked = self.pack_asked_on
        review = self._for_pack()
        with tempfile.TemporaryFile() as file:
            rows = review.env["crm.procedure.meeting.pack"]._write(file, review, told)
            file.seek(0)
            content = file.read()
        keep = partial(review._keep_pack, content, rows, asked)
        return patiently(self.env.cr, keep)

    def _keep_pack(self, content, rows, asked):
        self.env.cr.execute("SELECT id FROM crm_procedure_review WHERE id = %s FOR UPDATE", [self.id])
        self.invalidate_recordset()
        if self.pack_state != MAKING or self.pack_asked_on != asked:
            return
        files = self.env["ir.attachment"]
        number = files.search_count(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("procedure_kept", "=", True)]
        )
        pack = files.create(
            {
                "name": self.env["crm.procedure.meeting.pack"]._filename(self, number),
                "raw": content,
                "mimetype": XLSX,
                "res_model": self._name,
                "res_id": self.id,
                "procedure_kept": True,
            }
        )
        self.write(
            {
                "pack_id": pack.id,
                "pack_hash": hashlib.sha256(content).hexdigest(),
                "pack_rows": rows,
                "pack_made_on": fields.Datetime.now(),
                "pack_state": READY if self.pack_quiet else MADE,
            }
        )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_make_packs(self):
        """Make and send the packs that were asked for, a step a transaction; what fails is set aside."""
        cron = self.env["ir.cron"]
        while review := self.search(
            [("pack_state", "in", (WAITING, MAKING, MADE))], limit=1, order="pack_asked_on, id"
        ):
            try:
                review._pack_step()
            except Exception as problem:
                self.env.cr.rollback()
                _logger.exception("The meeting pack of review %s cannot be made", review.id)
                review._set_aside_pack(problem)
            if not cron._commit_progress(1, remaining=1):
                return
        cron._commit_progress(remaining=0)

    def _pack_step(self):
        if self.pack_state == MADE:
            self._send_pack()
            self.pack_state = READY
            return
        if self.pack_tries >= TRIES:
            raise UserError(self.env._("Its making was interrupted %(number)s times.", number=TRIES))
        self.write({"pack_state": MAKING, "pack_tries": self.pack_tries + 1, "pack_sheets": 0})
        self.env["ir.cron"]._commit_progress(remaining=1)
        self._make_pack(told=self._tell_progress)

    def _tell_progress(self, number):
        """Let people see how far it is; somebody who saves the review at this moment comes first."""
        try:
            with self.env.cr.savepoint():
                self.pack_sheets = number
                self.env.flush_all()
        except OperationalError:
            self.invalidate_recordset()
        self.env["ir.cron"]._commit_progress(remaining=1)

    def _set_aside_pack(self, problem):
        review = self._for_pack()
        review.pack_state = FAILED
        for user in review.prepared_by_id or review.user_id:
            own = review.with_context(lang=user.lang)
            own.activity_schedule(
                "crm_procedure.mail_activity_type_review",
                user_id=user.id,
                summary=own.env._("The meeting pack of %(review)s could not be made", review=review.name),
                note=own.env._("%(problem)s. Press “Make the Pack” to try again.", problem=str(problem)),
            )
