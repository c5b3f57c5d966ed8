from datetime import datetime, time, timedelta

from pytz import timezone, utc

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.among import is_among
from .res_partner import USER


class SaleOrder(models.Model):
    """Whether the customer of an order had the feedback form in time (Q6, 003 six).

    A customer who was asked shortly before is not asked again for every order, so a form or survey
    within the time in which nobody is asked twice counts as well.
    """

    _inherit = "sale.order"

    procedure_feedback_due = fields.Boolean(
        string="Feedback form due",
        compute="_compute_procedure_feedback",
        search="_search_procedure_feedback_due",
        groups=USER,
        help="The time within which the feedback form follows has passed.",
    )
    procedure_feedback_asked = fields.Boolean(
        string="Asked for feedback",
        compute="_compute_procedure_feedback",
        search="_search_procedure_feedback_asked",
        groups=USER,
        help="The customer was asked within the time, or so shortly before that nobody asks again.",
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("date_order", "partner_id")
    @api.depends_context("company")
    def _compute_procedure_feedback(self):
        due = self._procedure_feedback_since()
        asked = self.search([("id", "in", self._origin.ids), ("procedure_feedback_asked", "=", True)])
        for order in self:
            order.procedure_feedback_due = bool(order.date_order and order.date_order < due)
            order.procedure_feedback_asked = order._origin in asked

    def _search_procedure_feedback_due(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("date_order", "<", self._procedure_feedback_since())

    def _search_procedure_feedback_asked(self, operator, value):
        if operator != "in":
            return NotImplemented
        company = self.env.company
        procedure = self.env["crm.procedure"]._in_force(company)
        within, again = int(procedure._limit("feedback_form")), int(procedure._limit("survey_again"))
        self.env["survey.user_input"].flush_model(["campaign_id", "procedure_customer_id", "procedure_invited_on"])
        self.env["res.partner"].flush_model(["commercial_partner_id"])

        # those who were asked are few, the orders are many: joined once, not looked up for each
        asked = SQL(
            "SELECT DISTINCT o.id FROM survey_user_input asked"
            " JOIN crm_procedure_campaign k ON k.id = asked.campaign_id AND k.company_id = %s"
            " JOIN res_partner p ON p.commercial_partner_id = asked.procedure_customer_id"
            " JOIN sale_order o ON o.partner_id = p.id"
            " WHERE asked.procedure_invited_on BETWEEN o.date_order - %s * interval '1 month'"
            " AND o.date_order + %s * interval '1 day'",
            company.id,
            again,
            within + 1,
        )

        def to_sql(_model, alias, query):
            return is_among(query, alias, "procedure_asked", SQL.identifier(alias, "id"), asked)

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _procedure_feedback_since(self):
        """:return: naive UTC; orders before it should have their form by now"""
        company = self.env.company
        days = int(self.env["crm.procedure"]._in_force(company)._limit("feedback_form"))
        zone = timezone(company._procedure_tz())
        day = datetime.combine(company._procedure_now().date() - timedelta(days=days), time.min)
        return zone.localize(day).astimezone(utc).replace(tzinfo=None)
