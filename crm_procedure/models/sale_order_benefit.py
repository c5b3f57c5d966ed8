from odoo import api, fields, models
from odoo.exceptions import UserError

from .res_partner import USER

QUOTATION = ("draft", "sent")


class SaleOrder(models.Model):
    """Proposes what the customer's grade entitles to; the salesperson applies it, or does not (G7)."""

    _inherit = "sale.order"

    procedure_benefit = fields.Text(string="Benefits of the grade", compute="_compute_procedure_benefit", groups=USER)
    procedure_benefit_open = fields.Boolean(
        string="Benefits not applied yet", compute="_compute_procedure_benefit", groups=USER
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("state", "partner_id", "company_id", "pricelist_id", "order_line.procedure_reward")
    @api.depends_context("lang")
    def _compute_procedure_benefit(self):
        for order in self:
            benefits = order._procedure_benefits()
            order.procedure_benefit_open = bool({"pricelist", "reward"} & benefits.keys())
            order.procedure_benefit = bool(benefits) and self.env._(
                "%(customer)s has grade %(grade)s, which entitles to: %(benefits)s.",
                customer=order.partner_id.commercial_partner_id.display_name,
                grade=order._procedure_grade().name,
                benefits="; ".join(benefits.values()),
            )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_apply_procedure_benefits(self):
        """Apply the price list and the reward that the customer's grade entitles to.

        :return: True
        :raise UserError: when it is no quotation, or there is nothing to apply
        """
        self.check_access("write")
        for order in self:
            if order.state not in QUOTATION:
                raise UserError(
                    self.env._(
                        "%(order)s is no quotation any more, so its prices are agreed. Benefits of the grade are "
                        "applied to a quotation: make a new one, or give a credit note.",
                        order=order.display_name,
                    )
                )
            benefits = order._procedure_benefits()
            if not {"pricelist", "reward"} & benefits.keys():
                raise UserError(
                    self.env._(
                        "There is nothing to apply to %(order)s: the customer's grade entitles to no price list or "
                        "discount that it does not have already.",
                        order=order.display_name,
                    )
                )
            order._apply_procedure_benefits(benefits)
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _procedure_grade(self):
        """sudo: the grade is the customer's, whose file the salesperson may not see whole."""
        self.ensure_one()
        customer = self.partner_id.commercial_partner_id.with_company(self.company_id)
        return customer.sudo().procedure_grade_id

    def _procedure_benefits(self):
        """What the grade entitles to and this quotation does not have yet.

        :return: {kind: text}, price list first
        """
        self.ensure_one()
        grade = self._procedure_grade()
        if self.state not in QUOTATION or not grade:
            return {}
        benefits = {}
        pricelist = grade.pricelist_id
        shared = self.env["res.company"]
        if pricelist and pricelist != self.pricelist_id and pricelist.company_id in (self.company_id, shared):
            benefits["pricelist"] = self.env._("price list %(pricelist)s", pricelist=pricelist.name)
        if (grade.reward_percent or grade.reward_note) and self._is_repeat_customer():
            if grade.reward_percent and not any(self.order_line.mapped("procedure_reward")):
                benefits["reward"] = self.env._(
                    "%(percent)s %% off as a repeat customer",
                    percent=f"{grade.reward_percent:g}",
                )
            if grade.reward_note:
                benefits["note"] = grade.reward_note
        return benefits

    def _is_repeat_customer(self):
        """sudo: the earlier order may be a colleague's; only that there is one is told."""
        return bool(
            self.env["sale.order"]
            .sudo()
            .search_count(
                [
                    ("partner_id.commercial_partner_id", "=", self.partner_id.commercial_partner_id.id),
                    ("company_id", "=", self.company_id.id),
                    ("state", "=", "sale"),
                    ("id", "!=", self._origin.id),
                ],
                limit=1,
            )
        )

    def _apply_procedure_benefits(self, benefits):
        grade = self._procedure_grade()
        if "pricelist" in benefits:
            self.pricelist_id = grade.pricelist_id
            self.action_update_prices()
        if "reward" in benefits:
            before = self.order_line
            wizard = self.env["sale.order.discount"].create(
                {
                    "sale_order_id": self.id,
                    "discount_type": "so_discount",
                    "discount_percentage": grade.reward_percent / 100,
                }
            )
            # sudo: the first discount of a company makes its discount product, which is the system's
            wizard.sudo()._get_discount_product()
            wizard.action_apply_discount()
            (self.order_line - before).procedure_reward = True
        done = [text for kind, text in benefits.items() if kind != "note"]
        self.message_post(
            body=self.env._(
                "Benefits of grade %(grade)s applied: %(benefits)s.", grade=grade.name, benefits="; ".join(done)
            )
        )


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    procedure_reward = fields.Boolean(
        string="Reward of the grade", readonly=True, help="A discount that the customer's grade entitled to."
    )
