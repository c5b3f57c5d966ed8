from odoo import api, fields, models
from odoo.exceptions import AccessError, LockError, UserError

USER = "crm_procedure.group_user"
WAITING, REJECTED, CONFIRMED = "waiting", "rejected", "confirmed"
SEALED = {
    "procedure_registration",
    "procedure_registered_by_id",
    "procedure_verified_on",
    "procedure_verified_by_id",
}
MERGING = object()  # in the context, by identity: nobody can send it from outside


class ResPartner(models.Model):
    """The registration queue: who enters a customer and who confirms it are two people (X6).

    The procedure in force says whether new customers wait. A customer entered by a person
    (not by the website, a mail or a scheduled action) then waits for the steward.
    """

    _inherit = "res.partner"

    procedure_registration = fields.Selection(
        [(WAITING, "Waiting for confirmation"), (REJECTED, "Rejected"), (CONFIRMED, "Confirmed")],
        string="Registration",
        readonly=True,
        copy=False,
        groups=USER,
    )
    procedure_registered_by_id = fields.Many2one(
        "res.users", string="Registered by", readonly=True, copy=False, index="btree_not_null", groups=USER
    )
    procedure_verified_on = fields.Date(
        string="Verified on",
        readonly=True,
        copy=False,
        groups=USER,
        help="When a steward last confirmed that this file is right.",
    )
    procedure_verified_by_id = fields.Many2one(
        "res.users", string="Verified by", readonly=True, copy=False, index="btree_not_null", groups=USER
    )

    _procedure_registration_idx = models.Index(
        "(procedure_registration) WHERE procedure_registration IN ('waiting', 'rejected')"
    )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        self._refuse_sealed({name for vals in vals_list for name in SEALED & set(vals) if vals[name]})
        forged = {f"default_{name}" for name in SEALED} & set(self.env.context)
        if forged:
            context = {key: value for key, value in self.env.context.items() if key not in forged}
            self = self.with_context(context)  # noqa: PLW0642  as core does in create
        partners = super().create(vals_list)
        partners._procedure_register()
        return partners

    def write(self, vals):
        if self.env.context.get("procedure_merging") is MERGING:
            vals = {name: value for name, value in vals.items() if name not in SEALED}
        elif not self.env.su:
            self._refuse_sealed(SEALED & set(vals))
        return super().write(vals)

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_confirm_registration(self):
        """Confirm new customers that somebody else registered.

        :return: True
        :raise AccessError: without the power to confirm changes of customers
        :raise UserError: not waiting, registered by the same person, or not complete enough
        """
        self._check_steward(self.env._("confirm"))
        self._lock_registration(WAITING)
        self._check_registration_complete()
        waived = self._check_registration_separation()
        self._set_registration(CONFIRMED, **self._verification())
        confirmed = self.env._("Registration confirmed.")
        waiver = self.env._(
            "Separation of duties waived: %(user)s registered and confirmed this customer. "
            "The company's setting allows it.",
            user=self.env.user.name,
        )
        self.sudo()._message_log_batch(  # stewards need not hold the right to write customers
            bodies={partner.id: waiver if partner in waived else confirmed for partner in self},
            author_id=self.env.user.partner_id.id,
        )
        return True

    def action_reject_registration(self, reason=None):
        """Give a new customer back to whoever registered it.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        """
        self._check_steward(self.env._("reject"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(
                self, "action_reject_registration", self.env._("Reject the registration")
            )
        self._lock_registration(WAITING)
        self._set_registration(REJECTED)
        for partner in self:
            partner.sudo().message_post(  # a steward need not hold the right to write customers
                body=self.env._("Registration rejected: %(reason)s", reason=reason.strip()),
                author_id=self.env.user.partner_id.id,
                partner_ids=partner.sudo().procedure_registered_by_id.partner_id.ids,
            )
        return True

    def action_register_again(self):
        """Hand a rejected customer in again, after it was put right."""
        self.check_access("write")
        self._lock_registration(REJECTED)
        self._set_registration(WAITING, procedure_registered_by_id=self.env.uid)
        return True

    def action_verify_file(self):
        """Put on record that the steward went through the file today and found it right (I8)."""
        self._check_steward(self.env._("verify"))
        for partner in self.filtered(lambda p: p.sudo().procedure_registration in (WAITING, REJECTED)):
            raise UserError(
                self.env._(
                    "%(customer)s is a new customer: confirm the registration, which verifies the file as well.",
                    customer=partner.display_name,
                )
            )
        self.sudo().write(self._verification())  # the power was checked
        verified = self.env._("Customer file verified.")
        self.sudo()._message_log_batch(  # as above
            bodies=dict.fromkeys(self.ids, verified), author_id=self.env.user.partner_id.id
        )
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _procedure_register(self):
        """Put what a person has just entered into the queue, where the procedure has one.

        sudo: whoever enters a customer does not set how far its registration is.
        """
        customers = self.sudo().filtered(lambda p: p.customer_rank and p.commercial_partner_id == p)
        if customers and self.env["crm.procedure"]._in_force(self.env.company).registration == "queue":
            customers._set_registration(WAITING, procedure_registered_by_id=self.env.uid)

    @api.model
    def _refuse_sealed(self, names):
        if names:
            raise AccessError(
                self.env._(
                    "Registration and verification are not typed in. Use the buttons on the customer, "
                    "which record who did it and when."
                )
            )

    def _set_registration(self, state, **values):
        """The only place where the registration changes; sudo: the caller checked the power."""
        self.sudo().write({"procedure_registration": state, **values})

    def _verification(self):
        return {"procedure_verified_on": fields.Date.context_today(self), "procedure_verified_by_id": self.env.uid}

    def _check_steward(self, act):
        self.check_access("read")
        for partner in self:
            self.env.user.check_procedure_power("change_confirm", f"{act} {partner.display_name}")

    def _lock_registration(self, state):
        """Hold the rows until the transaction ends, so that nobody decides twice."""
        partners = self.sudo()  # a lock changes nothing
        try:
            partners.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("Somebody else is working on these customers. Reload the page in a few seconds.")
            ) from error
        partners.invalidate_recordset(["procedure_registration"])
        labels = dict(partners._fields["procedure_registration"]._description_selection(self.env))
        for partner in partners.filtered(lambda p: p.procedure_registration != state):
            raise UserError(
                self.env._(
                    "%(customer)s is not “%(expected)s”: its registration is “%(state)s”. Reload the page to see "
                    "what happened.",
                    customer=partner.display_name,
                    expected=labels[state],
                    state=labels.get(partner.procedure_registration, self.env._("none needed")),
                )
            )

    def _check_registration_complete(self):
        procedure = self.env["crm.procedure"]._in_force(self.env.company)
        needed = procedure._limit("registration_completeness")
        for partner in self.sudo():  # names what is missing, shows no entry
            if partner.procedure_completeness < needed:
                raise UserError(
                    self.env._(
                        "The file of %(customer)s is complete to %(share)d %%, and the procedure asks for "
                        "%(needed)d %%. Missing: %(missing)s. Enter it, or reject the registration.",
                        customer=partner.display_name,
                        share=partner.procedure_completeness,
                        needed=needed,
                        missing=partner.procedure_missing,
                    )
                )

    def _check_registration_separation(self):
        """:return: customers that were registered by the same person, with the company's waiver"""
        own = self.filtered(lambda p: p.sudo().procedure_registered_by_id == self.env.user)
        if own and not self.env.company.procedure_waive_separation:
            raise UserError(
                self.env._(
                    "You registered %(customer)s yourself, so somebody else has to confirm it. "
                    "A one-person company can waive this in the settings.",
                    customer=own[:1].display_name,
                )
            )
        return own

    def _reason_methods(self):
        """:return: names of the methods that the reason dialog may call"""
        return super()._reason_methods() | {"action_reject_registration"}
