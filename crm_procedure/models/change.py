from odoo import api, fields, models
from odoo.exceptions import UserError

CONFIRM = "change_confirm"
COMPLETING = object()  # in the context, by identity: nobody can send it from outside


class ProcedureChange(models.Model):
    """A proposed change of a customer file, confirmed by the steward (I10, X13).

    Whoever hears of a change names the customer and says what changed; pairs of entry and
    new value can be added, by the steward too. The steward sees before and after; the
    confirmation writes the values, and says so on the customer.
    """

    _name = "crm.procedure.change"
    _description = "Customer Change"
    _inherit = ["crm.procedure.reported.mixin", "crm.procedure.approval.mixin", "crm.procedure.mixin"]
    _order = "id desc"

    _power_submit = "report"
    _power_approve = CONFIRM
    _approver_duty = "sales"
    _open_states = ("submitted",)
    _number_prefix = "CHG"
    _deadline_limit = CONFIRM
    _duty = "sales"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
        help="The customer, or the contact person that it is about.",
    )
    partner_was_id = fields.Integer(readonly=True, copy=False, export_string_translation=False)
    description = fields.Text(string="What is different", required=True)
    line_ids = fields.One2many("crm.procedure.change.line", "change_id", string="New values", copy=True)
    is_stale = fields.Boolean(compute="_compute_is_stale", help="The customer is not as it was when this was proposed.")
    stale_reason = fields.Char(compute="_compute_is_stale")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("submitted", "Proposed"),
            ("approved", "Confirmed"),
            ("rejected", "Rejected"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
    )

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _deadline_idx = models.Index("(deadline) WHERE state = 'submitted'")

    @api.depends("state", "partner_id.active", "line_ids.is_stale")
    def _compute_is_stale(self):
        for change in self:
            change.stale_reason = change.state == "submitted" and change._stale_reason()
            change.is_stale = bool(change.stale_reason)

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _signature_fields(self):
        return super()._signature_fields() | {"partner_was_id"}

    def write(self, vals):
        if set(vals) == {"line_ids"} and self._steward_completes():
            self = self.with_context(procedure_completing=COMPLETING)  # noqa: PLW0642  for the lines below
        return super().write(vals)

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_submit(self):
        """Propose the change: the customer's present values are put on record beside the new ones."""
        super().action_submit()
        for change in self.sudo():  # the deadline runs from the proposal; it is nobody's to choose
            change.write(
                {
                    "partner_was_id": change.partner_id.id,
                    "deadline": change.company_id._procedure_days_ahead(int(change._limit(self._deadline_limit))),
                }
            )
        self.line_ids._remember()
        return True

    def action_compare_again(self):
        """Put the customer's values of today beside the new ones, after the customer changed meanwhile."""
        self._check_power(CONFIRM, self.env._("compare"))
        self._lock_in_state("submitted", self.env._("compared"))
        for change in self:
            change.sudo().partner_was_id = change.partner_id.id  # the power was checked
            change.line_ids._remember()
        return True

    def action_view_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _check_editable(self):
        if self.env.context.get("procedure_completing") is not COMPLETING:
            super()._check_editable()

    def _check_lines_editable(self):
        """A steward may spell out in values what somebody proposed in words."""
        if not self._steward_completes():
            self._check_editable()

    def _steward_completes(self):
        return all(change.state == "submitted" for change in self) and self.env.user.has_procedure_power(CONFIRM)

    def _check_submit(self):
        super()._check_submit()
        for change in self:
            change._check_customer()
            change.line_ids._values()  # tells what cannot be read

    def _check_approve(self):
        super()._check_approve()
        for change in self:
            change._check_customer()
            if change._stale_reason():
                raise UserError(
                    self.env._(
                        "%(change)s cannot be confirmed as it stands. %(reason)s Press Compare again to see the "
                        "customer as it is now beside the new values, then confirm or reject.",
                        change=change.display_name,
                        reason=change._stale_reason(),
                    )
                )

    def _check_customer(self):
        self.ensure_one()
        partner = self.partner_id
        partner.check_access("read")
        if not partner.active:
            raise UserError(
                self.env._(
                    "%(customer)s is archived. Restore the customer first, or reject %(change)s with this reason.",
                    customer=partner.display_name,
                    change=self.display_name,
                )
            )
        if partner.sudo().user_ids.filtered(lambda user: user._is_internal()):  # only whether there is one
            raise UserError(
                self.env._(
                    "%(customer)s is a colleague with a login, not a customer. An administrator changes their data.",
                    customer=partner.display_name,
                )
            )

    def _stale_reason(self):
        """:return: in what the customer differs from when this was proposed, or False"""
        self.ensure_one()
        partner = self.partner_id
        if self.partner_was_id and self.partner_was_id != partner.id:
            return self.env._("The customer was merged into %(customer)s meanwhile.", customer=partner.display_name)
        if not partner.active:
            return self.env._("%(customer)s was archived meanwhile.", customer=partner.display_name)
        moved = self.line_ids.filtered("is_stale")
        if moved:
            labels = partner._procedure_entry_labels()
            return self.env._(
                "%(entries)s changed meanwhile.",
                entries=self.env._(", ").join(labels.get(line.entry, line.entry) for line in moved),
            )
        return False

    def _on_approved(self):
        super()._on_approved()
        for change in self:
            values = change.line_ids._values()
            partner = change.partner_id.sudo()  # the power to confirm is the right to write what was proposed
            if values:
                partner.write(values)
            partner.message_post(
                body=change._summary(), author_id=self.env.user.partner_id.id, subtype_xmlid="mail.mt_note"
            )

    def _summary(self):
        """:return: what the confirmation did, for the customer's history"""
        link = self._get_html_link(title=self.name)
        text = self.env._(
            "Change %(link)s, proposed by %(user)s, was confirmed: %(what)s",
            link=link,
            user=self.submitted_by_id.name,
            what=self.description,
        )
        return text

    def _ask_approver(self):
        """The leader of sales is asked, or a supervisor about what the leader proposed."""
        own = self.filtered(lambda change: change.team_id.leader_id == change.submitted_by_id)
        super(ProcedureChange, self - own)._ask_approver()
        for change in own:
            others = self.env["res.users"].search_procedure_role("supervisor", change.company_id)
            for user in (others - change.submitted_by_id)[:1]:
                change.sudo().activity_schedule(  # the steward is asked on the proposer's behalf
                    "crm_procedure.mail_activity_type_approval",
                    user_id=user.id,
                    summary=self.env._("Please confirm %(record)s", record=change.display_name),
                )
