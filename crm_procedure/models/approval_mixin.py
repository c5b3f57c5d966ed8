from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class ProcedureApprovalMixin(models.AbstractModel):
    """Submitted by one, approved by another: the separation of duties in one place.

    A model that inherits it defines its ``state`` (from ``draft`` to ``approved``) and names
    the two powers. The state changes only in ``_set_state``, whatever calls it, and whoever
    submitted a record may not approve it.
    """

    _name = "crm.procedure.approval.mixin"
    _description = "Submitted and Approved Record"
    _inherit = ["crm.procedure.act.mixin", "mail.thread", "mail.activity.mixin"]

    _power_submit = None
    _power_approve = None
    _written_state = "draft"  # that it is submitted from
    _submitted_state = "submitted"
    _rejected_state = "rejected"
    _approver_duty = None  # duty of the team whose leader is asked to approve

    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    submitted_by_id = fields.Many2one("res.users", string="Submitted by", readonly=True, copy=False)
    submitted_on = fields.Datetime(readonly=True, copy=False)
    approved_by_id = fields.Many2one("res.users", string="Approved by", readonly=True, copy=False)
    approved_on = fields.Datetime(readonly=True, copy=False)
    rejected_by_id = fields.Many2one("res.users", string="Rejected by", readonly=True, copy=False)
    rejected_on = fields.Datetime(readonly=True, copy=False)
    reject_reason = fields.Text(string="Reason for rejection", readonly=True, copy=False)

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _signature_fields(self):
        """:return: fields that only the methods of this mixin may set"""
        return {
            "state",
            "submitted_by_id",
            "submitted_on",
            "approved_by_id",
            "approved_on",
            "rejected_by_id",
            "rejected_on",
            "reject_reason",
        }

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            # explicit values, so that no default from the context slips in a signature
            unsigned = dict.fromkeys(self._signature_fields(), False) | {"state": "draft"}
            for vals in vals_list:
                self._refuse_signatures({name for name in vals if vals[name] and vals[name] != "draft"})
            vals_list = [vals | unsigned for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su:
            self._refuse_signatures(set(vals))
            self._check_editable()
        return super().write(vals)

    @api.model
    def _refuse_signatures(self, names):
        if names & self._signature_fields():
            raise AccessError(
                self.env._(
                    "State and signatures are not typed in. Use the buttons Submit, Approve and Reject, "
                    "which record who did it and when."
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_draft(self):
        for record in self.filtered(lambda r: r.state != "draft"):
            raise UserError(
                self.env._(
                    "%(record)s has been submitted and is evidence: it cannot be deleted.",
                    record=record.display_name,
                )
            )

    def _check_editable(self):
        """Only drafts are written in; superuser code keeps the books of the others."""
        if self.env.su:
            return
        for record in self.filtered(lambda r: r.state != "draft"):
            raise UserError(
                self.env._(
                    "%(record)s is not a draft any more (%(state)s) and cannot be changed. "
                    "Make a new one, or have this one rejected.",
                    record=record.display_name,
                    state=record._state_label(),
                )
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_submit(self):
        """Hand the draft over for approval.

        :return: True
        :raise AccessError: without the power to submit
        :raise UserError: when it is no draft, or not fit to be submitted
        """
        self._check_power(self._power_submit, self.env._("submit"))
        self._lock_in_state(self._written_state, self.env._("submitted"))
        self._check_submit()
        self._set_state(self._submitted_state, submitted_by_id=self.env.uid, submitted_on=fields.Datetime.now())
        self._ask_approver()
        return True

    def action_approve(self):
        """Sign what somebody else submitted.

        :return: True
        :raise AccessError: without the power to approve
        :raise UserError: when it is not submitted, or was submitted by the same person
        """
        self._check_power(self._power_approve, self.env._("approve"))
        self._lock_in_state(self._submitted_state, self.env._("approved"))
        self._check_separation()
        self._check_approve()
        self._set_state("approved", approved_by_id=self.env.uid, approved_on=fields.Datetime.now())
        self._on_approved()
        self._close_request()
        return True

    def action_reject(self, reason=None):
        """Turn a submitted record down, with a reason.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_power(self._power_approve, self.env._("reject"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_reject", self.env._("Reject"))
        self._lock_in_state(self._submitted_state, self.env._("rejected"))
        self._set_state(
            self._rejected_state,
            reject_reason=reason.strip(),
            rejected_by_id=self.env.uid,
            rejected_on=fields.Datetime.now(),
        )
        for record in self:
            record.sudo().message_post(  # the one who rejects may hold no right to write here
                body=self.env._("Rejected: %(reason)s", reason=reason.strip()),
                author_id=self.env.user.partner_id.id,
                partner_ids=record.submitted_by_id.partner_id.ids,
            )
        self._close_request()
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _check_separation(self):
        """Nobody approves what they submitted; a waiver of the company is put on record."""
        for record in self.filtered(lambda r: r.submitted_by_id == self.env.user):
            record._check_not_own()

    def _reason_methods(self):
        return super()._reason_methods() | {"action_reject"}

    def _check_submit(self):
        """Hook: refuse what is not fit to be submitted."""

    def _check_approve(self):
        """Hook: refuse what cannot be approved any more."""

    def _on_approved(self):
        """Hook: what the approval sets going."""

    def _ask_approver(self):
        for record in self:
            team = (
                self.env["crm.procedure.team"]
                .sudo()
                ._with_duty(  # teams are public in the company
                    self._approver_duty, record.company_id
                )
            )
            if team.leader_id:
                record.sudo().activity_schedule(  # the approver is asked on the submitter's behalf
                    "crm_procedure.mail_activity_type_approval",
                    user_id=team.leader_id.id,
                    summary=self.env._("Please sign %(record)s", record=record.display_name),
                )

    def _close_request(self):
        self.sudo().activity_feedback(["crm_procedure.mail_activity_type_approval"])  # the request was met
