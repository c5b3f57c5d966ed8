from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from pytz import timezone, utc

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.quiet import spoken
from .res_partner import USER


class ResPartner(models.Model):
    """Whether a customer is contacted and graded as often as the procedure in force says (V1, G1).

    Looked up when somebody asks; nothing is stored on the customer.
    """

    _inherit = "res.partner"

    procedure_contact_in_time = fields.Boolean(
        string="Contacted often enough",
        compute="_compute_procedure_contact_in_time",
        search="_search_procedure_contact_in_time",
        groups=USER,
        help="Somebody spoke with the customer within the limit, or it is a customer for less than that.",
    )
    procedure_graded_in_time = fields.Boolean(
        string="Graded often enough",
        compute="_compute_procedure_graded_in_time",
        search="_search_procedure_graded_in_time",
        groups=USER,
        help="The latest approved grading that the customer took part in is not older than the limit.",
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_procedure_contact_in_time(self):
        every = self.with_context(active_test=False)
        kept = every.search([("id", "in", self._origin.ids), ("procedure_contact_in_time", "=", True)])
        for partner in self:
            partner.procedure_contact_in_time = partner._origin in kept

    def _search_procedure_contact_in_time(self, operator, value):
        if operator != "in":
            return NotImplemented
        company = self.env.company
        days = int(self.env["crm.procedure"]._in_force(company)._limit("contact_floor"))
        zone = timezone(company._procedure_tz())
        day = datetime.combine(company._procedure_now().date() - timedelta(days=days), time.min)
        since = zone.localize(day).astimezone(utc).replace(tzinfo=None)
        self.env["crm.procedure.communication"].flush_model(
            ["partner_id", "company_id", "state", "date_done", "occasion_id", "method"]
        )

        def to_sql(model, alias, query):
            return SQL(
                "(%s >= %s OR %s IN (SELECT c.partner_id FROM crm_procedure_communication c WHERE c.state = 'done'"
                " AND c.company_id = %s AND c.date_done >= %s AND %s))",
                model._field_to_sql(alias, "create_date", query),
                since,
                model._field_to_sql(alias, "commercial_partner_id", query),
                company.id,
                since,
                spoken("c"),
            )

        return Domain.custom(to_sql=to_sql)

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_procedure_graded_in_time(self):
        first = self._procedure_graded_since()
        for partner in self:
            graded_on = partner.commercial_partner_id.procedure_graded_on
            partner.procedure_graded_in_time = bool(graded_on and graded_on >= first)

    def _search_procedure_graded_in_time(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("procedure_graded_on", ">=", self._procedure_graded_since())

    @api.model
    def _procedure_graded_since(self):
        """:return: the day that a grading has to be of, or later"""
        company = self.env.company
        months = int(self.env["crm.procedure"]._in_force(company)._limit("grading_window"))
        return company._procedure_now().date() - relativedelta(months=months)
