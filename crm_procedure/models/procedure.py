from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain

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
    number = fields.Char(string="Document No.", required=True, copy=True)
    version = fields.Char(required=True, default="V1.0", copy=False)
    effective_date = fields.Date(copy=False)
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
    limit_ids = fields.One2many("crm.procedure.limit", "procedure_id", string="Limits", copy=True)

    _version_uniq = models.Constraint(
        "UNIQUE (company_id, number, version)",
        "This version of the document exists already. Give the new one another version.",
    )
    _in_force_idx = models.Index("(company_id, effective_date) WHERE state IN ('approved', 'superseded')")

    @api.depends("number", "version")
    def _compute_display_name(self):
        for procedure in self:
            procedure.display_name = f"{procedure.number} {procedure.version}"

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

    def _check_submit(self):
        super()._check_submit()
        for procedure in self.filtered(lambda p: not p.effective_date):
            raise UserError(
                self.env._(
                    "%(procedure)s has no effective date. Enter the day from which it holds, then submit it.",
                    procedure=procedure.display_name,
                )
            )

    def _on_approved(self):
        super()._on_approved()
        for procedure in self:
            older = self.sudo().search(  # approving one version is what retires the others
                Domain("company_id", "=", procedure.company_id.id)
                & Domain("state", "=", "approved")
                & Domain("effective_date", "<", procedure.effective_date)
            )
            older._set_state("superseded")
