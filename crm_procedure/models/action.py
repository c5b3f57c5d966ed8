from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class ProcedureAction(models.Model):
    """A task with an owner and a date: a department's part of a ticket, or what follows from it
    (corrective, preventive) and from reviews (improvement) (C10, C18, Q5, ISO 9001 10.2).

    Whoever did it reports it done; somebody else checks after a set time whether it had effect.
    """

    _name = "crm.procedure.action"
    _description = "Action"
    _inherit = ["crm.procedure.act.mixin", "crm.procedure.mixin"]
    _order = "deadline, id"
    _rec_names_search = ["name", "subject"]

    _open_states = ("open",)
    _number_prefix = "ACT"
    _deadline_limit = "department_part"

    kind = fields.Selection(
        [
            ("handling", "Part of the handling"),
            ("corrective", "Corrective action"),
            ("preventive", "Preventive action"),
            ("improvement", "Improvement"),
        ],
        required=True,
        default="handling",
        tracking=True,
    )
    subject = fields.Char(string="What is to be done", required=True, tracking=True)
    description = fields.Text(string="Details")
    user_id = fields.Many2one(string="Owner", default=False, tracking=True)
    team_id = fields.Many2one(string="Department", tracking=True, index="btree_not_null")
    deadline = fields.Datetime(string="Due on", tracking=True)
    ticket_id = fields.Many2one(
        "crm.procedure.ticket", string="Ticket", index="btree_not_null", ondelete="restrict", check_company=True
    )
    partner_id = fields.Many2one(related="ticket_id.partner_id", string="Customer")
    state = fields.Selection(
        [
            ("open", "Open"),
            ("done", "Done"),
            ("effective", "Effective"),
            ("ineffective", "Without effect"),
        ],
        required=True,
        default="open",
        readonly=True,
        copy=False,
        tracking=True,
        index=True,
        group_expand=True,
    )
    result = fields.Text(string="What was found and done", copy=False)
    done_by_id = fields.Many2one("res.users", string="Done by", readonly=True, copy=False)
    date_done = fields.Datetime(string="Done on", readonly=True, copy=False)
    check_date = fields.Date(
        string="Check of effect on", copy=False, help="From this day on somebody else looks whether it had effect."
    )
    verified_by_id = fields.Many2one("res.users", string="Checked by", readonly=True, copy=False)
    date_verified = fields.Datetime(string="Checked on", readonly=True, copy=False)
    verify_note = fields.Text(string="Finding of the check", readonly=True, copy=False)

    _number_uniq = models.Constraint("UNIQUE (company_id, name)", "This number is taken.")
    _deadline_idx = models.Index("(deadline) WHERE state = 'open'")
    _check_idx = models.Index("(check_date) WHERE state = 'done'")

    @api.depends("name", "subject")
    def _compute_display_name(self):
        for action in self:
            action.display_name = " ".join(filter(None, (action.name, action.subject)))

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            given = self._given_fields()
            self._refuse_given({name for vals in vals_list for name in vals if vals[name] and vals[name] != "open"})
            self = self.with_context(  # noqa: PLW0642  no default slips in a state
                {key: v for key, v in self.env.context.items() if key.removeprefix("default_") not in given}
            )
        for vals in vals_list:
            if vals.get("ticket_id") and not vals.get("company_id"):
                vals["company_id"] = self.env["crm.procedure.ticket"].browse(vals["ticket_id"]).company_id.id
            if vals.get("ticket_id") and vals.get("kind", "handling") == "handling" and not vals.get("deadline"):
                vals["deadline"] = self.env["crm.procedure.ticket"].browse(vals["ticket_id"])._part_deadline()
        actions = super().create(vals_list)
        actions._tell_owner()
        actions.ticket_id._parts_changed()
        return actions

    def write(self, vals):
        if not self.env.su:
            self._refuse_given(set(vals))
            self._check_may_write(set(vals))
        result = super().write(vals)
        if {"team_id", "kind", "ticket_id"} & set(vals):
            self.ticket_id._parts_changed()
        if {"user_id", "team_id"} & set(vals):
            self._tell_owner()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_never(self):
        for action in self:
            raise UserError(
                self.env._(
                    "%(action)s is evidence and cannot be deleted. Report it done and say why it was not needed.",
                    action=action.display_name,
                )
            )

    @api.model
    def _given_fields(self):
        return {name for name, field in self._fields.items() if field.readonly and field.store}

    def _refuse_given(self, names):
        if names & self._given_fields():
            raise AccessError(
                self.env._(
                    "State, dates and the check of an action are not typed in. Use the buttons Done, Effective and "
                    "Without effect, which record who did it and when."
                )
            )

    def _check_may_write(self, names):
        names = {name for name in names if not name.startswith(("message_", "activity_"))}
        for action in self.filtered(lambda a: a.state != "open"):
            if names - {"check_date"} or action.state != "done":
                raise UserError(
                    self.env._(
                        "%(action)s is not open any more and is evidence. Make a new action.",
                        action=action.display_name,
                    )
                )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_done(self, text=None):
        """Report the action done; only its owner does, or somebody of its department when it has none.

        :param str text: what was found and done; asked for in a dialog when it stands nowhere
        :return: True, or the action that opens the dialog
        :raise AccessError: for anybody else
        """
        self._check_power("action_do", self.env._("do"))
        self._check_owner()
        if text and text.strip():
            self.sudo().result = text.strip()  # the owner was checked
        elif not all((action.result or "").strip() for action in self):
            return self.env["crm.procedure.reason"]._open(self, "action_done", self.env._("What was found and done"))
        self._lock_in_state("open", self.env._("done"))
        now = fields.Datetime.now()
        for action in self:
            days = int(action._limit("effect_check"))
            check = action.check_date or action.company_id._procedure_days_ahead(days).date()
            action._set_state(
                "done",
                done_by_id=self.env.uid,
                date_done=now,
                check_date=action.kind != "handling" and check,
            )
        self.sudo().activity_feedback(["crm_procedure.mail_activity_type_action"])  # the request was met
        self._tell_service()
        return True

    def action_verify(self, effective, note=None):
        """Say whether the action had effect; never whoever did it.

        :param bool effective: what the check found
        :param str note: what was looked at
        :return: True
        :raise UserError: when it is not done, or was done by the same person
        """
        self._check_power("action_verify", self.env._("check"))
        self._lock_in_state("done", self.env._("checked"))
        for action in self:
            action._check_not_doer()
            action._set_state(
                "effective" if effective else "ineffective",
                verified_by_id=self.env.uid,
                date_verified=fields.Datetime.now(),
                verify_note=(note or "").strip(),
            )
        self.sudo().activity_feedback(["crm_procedure.mail_activity_type_check"])  # the check was made
        return True

    def action_verify_effective(self):
        """The check found that the action had effect. :return: True"""
        return self.action_verify(True)

    def action_verify_ineffective(self, reason=None):
        """The check found no effect; says what was found.

        :return: True, or the action that opens the dialog
        """
        self._check_power("action_verify", self.env._("check"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(
                self, "action_verify_ineffective", self.env._("Without effect")
            )
        return self.action_verify(False, reason)

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_done", "action_verify_ineffective"}

    def _set_state(self, state, **values):
        """A ticket follows its parts."""
        super()._set_state(state, **values)
        self.ticket_id._parts_changed()

    def _check_owner(self):
        user = self.env.user
        for action in self:
            # sudo: who belongs to a department is shown in its own form
            owners = action.user_id or action.team_id.sudo()._people()
            if user not in owners:
                raise AccessError(
                    self.env._(
                        "%(action)s is assigned to %(owners)s, who reports it done. Ask customer service to "
                        "assign it to you.",
                        action=action.display_name,
                        owners=", ".join(owners.sudo().mapped("name")) or self.env._("nobody"),
                    )
                )

    def _check_not_doer(self):
        self.ensure_one()
        if self.env.user in (self.done_by_id, self.user_id):
            self._check_not_own(
                self.env._(
                    "%(action)s is your own work, so somebody else has to check whether it had effect. "
                    "A one-person company can waive this in the settings.",
                    action=self.display_name,
                ),
                self.env._(
                    "Separation of duties waived: %(user)s checked own work. The company's setting allows it.",
                    user=self.env.user.name,
                ),
            )

    def _tell_owner(self):
        """Departments are told at once (C11)."""
        for action in self.filtered(lambda a: a.state == "open"):
            user = action.user_id or action.team_id.sudo().leader_id  # departments are public in the company
            if user and user != self.env.user:
                action.sudo().activity_schedule(  # on behalf of whoever assigns
                    "crm_procedure.mail_activity_type_action",
                    user_id=user.id,
                    date_deadline=action.deadline and action.deadline.date(),
                    summary=action.subject,
                )

    def _tell_service(self):
        """A department's result goes back to customer service (C10)."""
        for action in self.filtered(lambda a: a.kind == "handling" and a.ticket_id):
            ticket = action.ticket_id.sudo()  # the owner of one part may see no more of the ticket
            note = self.env._("%(action)s is done: %(result)s", action=action.display_name, result=action.result)
            ticket.message_post(
                body=note, author_id=self.env.user.partner_id.id, partner_ids=ticket.user_id.partner_id.ids
            )
