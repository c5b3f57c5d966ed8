import logging
import tempfile

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

AT_ONCE = 2000  # customers on a list that is kept in the transaction that applies it
PART = 50_000  # customers in one workbook: some five seconds of work, committed one by one


class ProcedureGrading(models.Model):
    """The full list of an applied grading, kept as a workbook that nobody can change (G1, 9001 7.5.3).

    A short one is made in the transaction that applies the grades, a long one by the
    scheduled action that applies them, a workbook of ``PART`` customers at a time: killed at
    any moment, it goes on after the last workbook that is there.
    """

    _inherit = "crm.procedure.grading"

    list_kept_on = fields.Datetime(
        string="List kept on", readonly=True, copy=False, help="When the full list was finished."
    )
    list_position = fields.Integer(string="Last customer on the kept list", readonly=True, copy=False)
    list_failed = fields.Boolean(string="The list could not be kept", readonly=True, copy=False)
    list_attachment_ids = fields.One2many(
        "ir.attachment",
        "res_id",
        string="Grading list",
        domain=[("res_model", "=", "crm.procedure.grading"), ("procedure_kept", "=", True)],
        readonly=True,
    )

    _keep_idx = models.Index("(approved_on) WHERE state = 'approved' AND list_kept_on IS NULL")

    @api.model
    def _signature_fields(self):
        return super()._signature_fields() | {"list_kept_on", "list_position", "list_failed"}

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_download_list(self):
        """The whole list as it stands, to be looked at before it is signed.

        :return: action that fetches the workbook
        """
        self.ensure_one()
        self.check_access("read")
        return self.env["crm.procedure.workbook.grading_list"].download(self.ids)

    def action_keep_list(self):
        """Try again what failed before.

        :return: True
        :raise UserError: when there is nothing to try
        """
        for grading in self:
            self.env.user.check_procedure_power("grading_submit", self.env._("keep %(list)s", list=grading.name))
            if not grading.list_failed:
                raise UserError(self.env._("The list of %(grading)s need not be made again.", grading=grading.name))
            grading.sudo().list_failed = False  # the run's own books; the power was checked
        self.env.ref("crm_procedure.ir_cron_grading_apply").sudo()._trigger()  # only the system runs it
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _finish_applying(self):
        finished = super()._finish_applying()
        if finished:
            self._start_keeping()
        return finished

    def _start_keeping(self):
        """Keep a short list at once; what is long, or fails, is left to the scheduled action."""
        grading = self.sudo()  # the system keeps the list, whoever signed
        if grading.figures and grading.figures["customers"] <= AT_ONCE:
            try:
                with self.env.cr.savepoint():
                    grading._keep_part()
                return
            except Exception:
                _logger.exception("The list of %s could not be kept at once", grading.name)
        self.env.ref("crm_procedure.ir_cron_grading_apply").sudo()._trigger()  # as in _start_applying

    def _keep_part(self):
        """Make the next workbook of the list, in the words and the time zone of who signed.

        :return: True when it was the last
        """
        self.ensure_one()
        signer = self.approved_by_id
        context = {"lang": signer.lang or self.env.lang, "tz": self.company_id._procedure_tz()}
        workbook = self.env["crm.procedure.workbook.grading_list"].with_context(**context).sudo()  # all customers
        last, count = self.list_position or 0, 0

        def rows():
            nonlocal last, count
            for partner_id, *values in workbook._raw_rows(workbook._reread(self), self.list_position or 0, PART):
                last, count = max(last, partner_id), count + 1
                yield values

        with tempfile.TemporaryFile() as file:
            workbook._write(file, workbook._reread(self), rows())
            file.seek(0)
            content = file.read()
        done = count < PART
        if count or not self.list_position:
            self._attach_part(workbook._filename(workbook._reread(self)), content, done)
        self.list_position = last
        if done:
            self.list_kept_on = fields.Datetime.now()
            self.list_failed = False
        return done

    def _attach_part(self, filename, content, is_last):
        number = len(self.list_attachment_ids) + 1
        if number > 1 or not is_last:
            stem, _dot, extension = filename.rpartition(".")
            filename = f"{stem} ({number}).{extension}"
        self.env["ir.attachment"].create(
            {
                "name": filename,
                "raw": content,
                "mimetype": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "res_model": self._name,
                "res_id": self.id,
                "procedure_kept": True,
            }
        )
        self.invalidate_recordset(["list_attachment_ids"])

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_apply(self):
        """Apply what is to be applied, then keep the lists, a workbook a transaction."""
        super()._cron_apply()
        approved = Domain("state", "=", "approved")
        if self.search_count(approved & Domain("applied_on", "=", False), limit=1):
            return  # the call that finishes the applying comes back here
        cron = self.env["ir.cron"]
        to_keep = approved & Domain("list_kept_on", "=", False) & Domain("list_failed", "=", False)
        while grading := self.search(to_keep, limit=1, order="approved_on, id"):
            try:
                grading._keep_part()
            except Exception as problem:
                self.env.cr.rollback()
                _logger.exception("The list of %s cannot be kept and is set aside", grading.name)
                grading._set_aside_list(problem)
            if not cron._commit_progress(1, remaining=1):
                return
        cron._commit_progress(remaining=0)

    def _set_aside_list(self, problem):
        self.list_failed = True
        for user in self.user_id:
            self.activity_schedule(
                "crm_procedure.mail_activity_type_grading",
                user_id=user.id,
                summary=self.env._("The list of %(grading)s could not be kept", grading=self.name),
                note=self.env._("%(problem)s. Press Keep the list to try again.", problem=str(problem)),
            )
