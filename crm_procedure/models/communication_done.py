from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime, html2plaintext

from .communication import RECORD

CORRECTION = "crm_procedure.mt_correction"


class ProcedureCommunication(models.Model):
    """What becomes of a planned contact: done, or cancelled with a reason (V2, D10)."""

    _inherit = "crm.procedure.communication"

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_done(self):
        """Put on record that the contact took place.

        :return: True
        :raise AccessError: without the power to record, or for somebody else's contact
        :raise UserError: when it is not planned any more, lies in the future, or lacks a content
            that the procedure requires for its kind
        """
        self._check_record(self.env._("record"))
        self._lock_in_state("planned", self.env._("recorded"))
        self._check_moment()
        self._check_content()
        self._finish()
        return True

    def action_cancel(self, reason=None):
        """Say why the contact does not take place.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        :raise AccessError: without the power to record, or for somebody else's contact
        :raise UserError: when it is not planned any more
        """
        self._check_record(self.env._("cancel"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_cancel", self.env._("Cancel Contact"))
        self._lock_in_state("planned", self.env._("cancelled"))
        self._set_state("cancelled", cancel_reason=reason.strip())
        self._close_reminders()
        return True

    def action_correct(self, reason=None):
        """Put a correction beside a done or cancelled communication, with author and time.

        :param str reason: the words; asked for in a dialog when they are not given
        :return: True, or the action that opens the dialog
        :raise UserError: while it is planned, for then it can be changed
        """
        self._check_record(self.env._("correct"))
        for record in self.filtered(lambda r: r.state == "planned"):
            raise UserError(
                self.env._(
                    "%(record)s has not taken place yet. Change it directly; corrections are for evidence.",
                    record=record.display_name,
                )
            )
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_correct", self.env._("Add Correction"))
        for record in self:
            record.message_post(body=reason.strip(), subtype_xmlid=CORRECTION)
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        """:return: names of the methods that the reason dialog may call"""
        return super()._reason_methods() | {"action_cancel", "action_correct"}

    def _check_record(self, act):
        """The power first, whose refusal names the roles; then whether the contact is one's own."""
        self._check_power(RECORD, act)
        self.check_access("write")

    def _corrections(self):
        """:return: list of (moment, author, text) of what was put beside this record, oldest first"""
        self.ensure_one()
        subtype = self.env.ref(CORRECTION)
        messages = self.message_ids.filtered(lambda message: message.subtype_id == subtype).sorted("id")
        return [
            (
                format_datetime(self.env, m.date),
                m.author_id.sudo().name,
                html2plaintext(m.body),
            )  # named as in the chatter
            for m in messages
        ]

    def _check_moment(self):
        now = fields.Datetime.now()
        for record in self.filtered(lambda r: r.date_done and r.date_done > now):
            raise UserError(
                self.env._(
                    "%(record)s cannot be done on %(moment)s: that lies in the future. Enter when you spoke.",
                    record=record.display_name,
                    moment=format_datetime(self.env, record.date_done),
                )
            )

    def _check_content(self):
        """What the procedure requires for this kind of contact has to be there (V2, V5, V6, V9)."""
        for record in self:
            missing = record.procedure_id._missing_contents(record)
            if missing:
                raise UserError(
                    self.env._(
                        "%(record)s is not complete: the procedure asks for %(contents)s. Fill that in, then "
                        "press Done again.",
                        record=record.display_name,
                        contents=self.env._(", ").join(missing),
                    )
                )

    def _finish(self, **values):
        """Make evidence of planned contacts; whoever calls has checked that they may be."""
        now = fields.Datetime.now()
        for done_on, records in self.grouped(lambda r: r.date_done or now).items():
            for on_time, some in records.grouped(lambda r, t=done_on: not r.deadline or t <= r.deadline).items():
                some._set_state(
                    "done",
                    **{
                        "date_done": done_on,
                        "is_on_time": on_time,
                        "recorded_on": now,
                        "recorded_by_id": self.env.uid,
                        **values,
                    },
                )
        self._close_reminders()

    def _close_reminders(self):
        """Nobody has to be reminded any more.

        sudo: reminders may have been put before others, e.g. the leader.
        """
        self.sudo().activity_unlink(self._reminder_types())

    def _reminder_types(self):
        """:return: external ids of the activity types that only remind of the contact"""
        return [
            "crm_procedure.mail_activity_type_contact",
            "crm_procedure.mail_activity_type_visit",
            "crm_procedure.mail_activity_type_overdue",
        ]
