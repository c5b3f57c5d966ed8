from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.lifecycle import STATUSES, Lifecycle
from .res_partner import USER


class ResPartner(models.Model):
    """Where the customer stands in its lifecycle, by rules that anybody can read (D9, S7).

    Written by the daily action, by the confirmation of an order and by a decision with a
    reason; never typed.
    """

    _inherit = "res.partner"

    procedure_status = fields.Selection(
        STATUSES,
        string="Customer Status",
        company_dependent=True,
        copy=False,
        index=False,  # every customer has one: an index would only make writing dearer
        readonly=True,
        group_expand=True,
        groups=USER,
        help="Found by the rules from confirmed orders, every day; or set by hand with a reason.",
    )
    procedure_status_ids = fields.One2many(
        "crm.procedure.status", "partner_id", string="Status History", readonly=True, groups=USER
    )
    procedure_status_decision_id = fields.Many2one(
        "crm.procedure.status",
        string="Status set by hand",
        compute="_compute_procedure_status_decision_id",
        search="_search_procedure_status_decision_id",
        groups=USER,
    )
    procedure_status_reason = fields.Text(
        string="Why this status", compute="_compute_procedure_status_reason", groups=USER
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("procedure_status_ids.holds")
    @api.depends_context("company")
    def _compute_procedure_status_decision_id(self):
        decisions = self.env["crm.procedure.status"].search(
            self._domain_status_decisions() & Domain("partner_id", "in", self.ids), order="id"
        )
        latest = {decision.partner_id.id: decision for decision in decisions}
        for partner in self:
            partner.procedure_status_decision_id = latest.get(partner.id)

    def _search_procedure_status_decision_id(self, operator, value):
        if operator not in ("in", "not in") or set(value) != {False}:
            return NotImplemented
        held = Domain("procedure_status_ids", "any", self._domain_status_decisions())
        return ~held if operator == "in" else held

    @api.model
    def _domain_status_decisions(self):
        return Domain("company_id", "=", self.env.company.id) & Domain("holds", "=", True)

    @api.depends("procedure_status")
    @api.depends_context("company", "lang")
    def _compute_procedure_status_reason(self):
        self.procedure_status_reason = False
        # sudo: the orders behind a status may be a colleague's; only the day of the last one is told
        lifecycle = Lifecycle(self.env.company.sudo())
        found = lifecycle.found(self.ids)
        for partner in self:
            status, last_order = found.get(partner.id, (None, None))
            sentences = []
            if decision := partner.procedure_status_decision_id:
                sentences.append(decision._sentence())
                if status != decision.status:
                    sentences.append(
                        self.env._("By the rules it would be: %(status)s.", status=partner._status_label(status))
                    )
            if status:
                sentences.append(self._status_rule(lifecycle, status, last_order))
            partner.procedure_status_reason = "\n".join(sentences)

    def _status_rule(self, lifecycle, status, last_order):
        """:return: what the rules say of a customer, and until when"""
        if not last_order:
            return self.env._("No confirmed order yet.")
        values = {"date": format_date(self.env, last_order), "days": (lifecycle.today - last_order).days}
        if status not in lifecycle.lasts:
            return self.env._("Last order on %(date)s, %(days)s days ago.", **values)
        days, following = lifecycle.lasts[status]
        return self.env._(
            "Last order on %(date)s, %(days)s days ago. Without another one: %(status)s from %(until)s.",
            status=self._status_label(following),
            until=format_date(self.env, last_order + timedelta(days=days)),
            **values,
        )

    @api.model
    def _status_label(self, status):
        labels = dict(self._fields["procedure_status"]._description_selection(self.env))
        return labels.get(status) or self.env._("none")

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if any(vals.get("procedure_status") for vals in vals_list):
            self._refuse_status()
        # a default is no way round either; a board of statuses passes one for its columns
        context = dict(self.env.context)
        if not self.env.su and context.pop("default_procedure_status", None):
            self = self.with_context(context)  # noqa: PLW0642  as core does in create
        return super().create(vals_list)

    def write(self, vals):
        if "procedure_status" in vals and any(
            partner.procedure_status != (vals["procedure_status"] or False) for partner in self
        ):
            self._refuse_status()
        return super().write(vals)

    def _refuse_status(self):
        if not self.env.su:
            raise AccessError(
                self.env._(
                    "The status of a customer follows from its orders. To decide otherwise, use the action "
                    "Set Status on the customer, which asks for the reason."
                )
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_set_status(self, status=None, reason=None, review_date=None):
        """Decide otherwise than the rules, until a day or until taken back.

        :param str status: key of ``procedure_status``
        :param str reason: asked for in a dialog when it is not given
        :param review_date: from this day on the rules decide again; none: until taken back
        :return: True, or the action that opens the dialog
        :raise AccessError: without the power
        :raise UserError: for a contact, an unknown status or a review date that is not in the future
        """
        self._check_status_power()
        if not (status and reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_set_status", self.env._("Set Status"))
        review_date = fields.Date.to_date(review_date)
        if status not in dict(STATUSES):
            raise UserError(self.env._("%(status)s is no status of a customer.", status=status))
        if review_date and review_date <= self.env.company._procedure_now().date():
            raise UserError(self.env._("The review date has to lie in the future, for until then the status holds."))
        partners = self.sudo()  # the power was checked; no right to edit contacts is needed for it
        partners.procedure_status_decision_id._end(self.env.user)
        partners.env["crm.procedure.status"].create(
            [
                {
                    "partner_id": partner.id,
                    "previous_status": partner.procedure_status,
                    "status": status,
                    "reason": reason.strip(),
                    "user_id": self.env.uid,
                    "holds": True,
                    "review_date": review_date,
                }
                for partner in partners
            ]
        )
        partners.procedure_status = status
        return True

    def action_release_status(self):
        """Let the rules decide again, at once.

        :return: True
        :raise AccessError: without the power
        """
        self._check_status_power()
        self.procedure_status_decision_id._end(self.env.user)
        self._refresh_status()
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _check_status_power(self):
        self.check_access("read")
        self.env.user.check_procedure_power("status_override", self.env._("set the status of a customer"))
        for partner in self.filtered(lambda p: p.commercial_partner_id != p):
            raise UserError(
                self.env._(
                    "%(contact)s is a contact of %(customer)s and has no status of its own. Open the customer.",
                    contact=partner.display_name,
                    customer=partner.commercial_partner_id.display_name,
                )
            )

    def _refresh_status(self):
        """What the daily action does, for these customers now.

        sudo: the rules look at the orders of everybody, and the status is the system's to write.
        """
        Lifecycle(self.env.company.sudo()).refresh(self.commercial_partner_id.ids)

    def _reason_methods(self):
        """:return: names of the methods that the reason dialog may call"""
        return super()._reason_methods() | {"action_set_status"}
