import re

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import format_date

from ..tools import limits


class Procedure(models.Model):
    """One version of the controlled document, with its limits (D1, D2)."""

    _name = "crm.procedure"
    _description = "Procedure"
    _inherit = ["crm.procedure.approval.mixin"]
    _order = "company_id, effective_date desc, id desc"
    _check_company_auto = True

    _power_submit = "procedure_submit"
    _power_approve = "procedure_approve"
    _submitted_state = "reviewed"
    _rejected_state = "draft"
    _approver_duty = "management"

    name = fields.Char(
        string="Title", required=True, translate=True, default="Customer Relationship Management Procedure"
    )
    number = fields.Char(string="Document No.", required=True)
    version = fields.Char(required=True, default="V1.0", copy=False)
    effective_date = fields.Date(copy=False)
    purpose = fields.Text(translate=True)
    scope = fields.Text(translate=True)
    change_note = fields.Text(string="What changed", copy=False, help="Against the version before, and why.")
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("reviewed", "Reviewed"),
            ("approved", "Approved"),
            ("superseded", "Superseded"),
        ],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        tracking=True,
    )
    prepared_by_id = fields.Many2one(
        "res.users", string="Prepared by", required=True, default=lambda self: self.env.user, copy=False
    )
    submitted_by_id = fields.Many2one(string="Reviewed by")
    submitted_on = fields.Datetime(string="Reviewed on")
    limit_ids = fields.One2many("crm.procedure.limit", "procedure_id", string="Limits", copy=True)
    clause_ids = fields.One2many("crm.procedure.clause", "procedure_id", string="Clauses", copy=True)
    form_ids = fields.One2many("crm.procedure.form", "procedure_id", string="Record Master List", copy=True)
    document_ids = fields.One2many("crm.procedure.document", "procedure_id", string="Related Documents", copy=True)
    is_in_force = fields.Boolean(string="In force", compute="_compute_is_in_force")

    _version_uniq = models.Constraint(
        "UNIQUE (company_id, number, version)",
        "This version of the document exists already. Give the new one another version.",
    )
    _in_force_idx = models.Index("(company_id, effective_date) WHERE state IN ('approved', 'superseded')")

    @api.depends("number", "version")
    def _compute_display_name(self):
        for procedure in self:
            procedure.display_name = f"{procedure.number} {procedure.version}"

    @api.depends("state", "effective_date", "company_id")
    def _compute_is_in_force(self):
        for company, versions in self.grouped("company_id").items():
            current = self._in_force(company)
            for version in versions:
                version.is_in_force = version._origin == current and bool(current)

    @api.constrains("effective_date", "state", "company_id")
    def _check_one_in_force(self):
        for procedure in self.filtered(lambda p: p.state == "approved"):
            twin = self.search(
                Domain("id", "!=", procedure.id)
                & Domain("company_id", "=", procedure.company_id.id)
                & Domain("effective_date", "=", procedure.effective_date)
                & Domain("state", "in", ("approved", "superseded")),
                limit=1,
            )
            if twin:
                raise ValidationError(
                    self.env._(
                        "%(twin)s takes effect on %(date)s already, and only one version can be in force "
                        "on a day. Choose another effective date.",
                        twin=twin.display_name,
                        date=procedure.effective_date,
                    )
                )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.env["crm.procedure.limit"]._default_values()
        for vals in vals_list:
            given = {command[2].get("code") for command in vals.get("limit_ids", []) if command[0] == Command.CREATE}
            vals["limit_ids"] = vals.get("limit_ids", []) + [
                Command.create(row) for row in defaults if row["code"] not in given
            ]
        return super().create(vals_list)

    def copy(self, default=None):
        """The next version: the clauses of the copy name the forms of the copy."""
        copies = super().copy(default)
        for old, new in zip(self, copies, strict=True):
            forms = {form.number: form.id for form in new.form_ids}
            clauses = {clause.number: clause for clause in new.clause_ids}
            for clause in old.clause_ids:
                own = [forms[number] for number in clause.form_ids.mapped("number")]
                clauses[clause.number].form_ids = [Command.set(own)]
        return copies

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_new_version(self):
        """Draft the next version from this one.

        :return: action that opens the draft
        """
        self.ensure_one()
        draft = self.copy({"version": self._next_version(), "prepared_by_id": self.env.uid})
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": draft.id,
            "view_mode": "form",
        }

    def action_load_shipped(self):
        """Fill an empty draft with the shipped clauses, forms and related documents.

        :return: True
        :raise UserError: when it has clauses already
        """
        self.ensure_one()
        if self.clause_ids:
            raise UserError(self.env._("%(procedure)s has clauses already. Edit those.", procedure=self.display_name))
        shipped = self.env.ref("crm_procedure.procedure_default").sudo()  # the shipped text is public
        forms = {form: form.with_env(self.env).sudo().copy({"procedure_id": self.id}) for form in shipped.form_ids}
        for clause in shipped.clause_ids:
            own = [forms[form].id for form in clause.form_ids]
            clause.copy({"procedure_id": self.id, "form_ids": [Command.set(own)]})
        for document in shipped.document_ids:
            document.copy({"procedure_id": self.id})
        self.purpose, self.scope = shipped.purpose, shipped.scope
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _in_force(self, company, date=None):
        """:return: the version of ``company`` in force on ``date`` (today), or none"""
        return self.sudo().search(  # the procedure is public within the company (ISO 9001 7.5.3)
            Domain("company_id", "=", company.id)
            & Domain("state", "in", ("approved", "superseded"))
            & Domain("effective_date", "<=", date or fields.Date.context_today(self)),
            order="effective_date desc, id desc",
            limit=1,
        )

    def _limit(self, code):
        """Value of a limit in this version, in the unit that ``tools/limits.py`` gives.

        Without a version in force the shipped default holds.
        """
        row = self.sudo().limit_ids.filtered(lambda limit: limit.code == code)
        return row.value if row else limits.BY_CODE[code].default

    def _next_version(self):
        """:return: the version counted up in its last number: V1.0 gives V1.1; free for this document"""
        taken = set(
            self.search([("number", "=", self.number), ("company_id", "=", self.company_id.id)]).mapped("version")
        )
        version = self.version
        while version in taken:
            head, digits = re.fullmatch(r"(.*?)(\d*)", version).groups()
            version = f"{head}{int(digits or 0) + 1}"
        return version

    def _form(self, code):
        """:return: the row of the record master list that ``code`` is printed under, or none"""
        return self.sudo().form_ids.filtered(lambda form: form.code == code)  # public, as in _in_force

    def _check_submit(self):
        super()._check_submit()
        for procedure in self:
            procedure._check_effective_date()

    def _check_approve(self):
        super()._check_approve()
        for procedure in self:
            procedure._check_effective_date()

    def _check_effective_date(self):
        """Records made before keep the rule of their day, so a version cannot take effect in the
        past; only the first one of a company may, for the document was there before."""
        if not self.effective_date:
            raise UserError(
                self.env._(
                    "%(procedure)s has no effective date. Enter the day from which it holds, then submit it.",
                    procedure=self.display_name,
                )
            )
        signed = Domain("company_id", "=", self.company_id.id) & Domain("state", "in", ("approved", "superseded"))
        if self.effective_date < fields.Date.context_today(self) and self.search_count(signed, limit=1):
            raise UserError(
                self.env._(
                    "%(procedure)s cannot take effect on %(date)s: that day is past, and the records made since "
                    "followed the version of their day. Have it rejected and enter a day from today on.",
                    procedure=self.display_name,
                    date=format_date(self.env, self.effective_date),
                )
            )

    def _check_separation(self):
        """The author approves no more than who submitted it does."""
        super()._check_separation()
        for procedure in self.filtered(lambda p: p.prepared_by_id == self.env.user != p.submitted_by_id):
            procedure._check_not_own()

    def _on_approved(self):
        super()._on_approved()
        self._supersede_older()

    def _supersede_older(self):
        """Retire the versions that another one has followed by today."""
        for company in self.company_id:
            current = self._in_force(company)
            older = self.sudo().search(  # taking effect is what retires the others, nobody's act
                Domain("company_id", "=", company.id)
                & Domain("state", "=", "approved")
                & Domain("effective_date", "<", current.effective_date)
            )
            older._set_state("superseded")

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_take_effect(self):
        """Each day: versions approved ahead take effect, the older ones are superseded."""
        self.search([("state", "=", "approved")])._supersede_older()
