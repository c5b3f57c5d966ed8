from datetime import datetime, time, timedelta

from dateutil.relativedelta import relativedelta
from pytz import timezone, utc

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.among import is_among
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

    @api.depends("commercial_partner_id", "procedure_last_contact", "create_date")
    @api.depends_context("company")
    def _compute_procedure_contact_in_time(self):
        since = self._procedure_contact_since()
        for partner in self:
            moments = (partner.procedure_last_contact, partner.create_date)
            partner.procedure_contact_in_time = any(moment and moment >= since for moment in moments)

    def _search_procedure_contact_in_time(self, operator, value):
        if operator != "in":
            return NotImplemented
        since, company = self._procedure_contact_since(), self.env.company.id
        self.env["crm.procedure.communication"].flush_model(
            ["partner_id", "company_id", "state", "date_done", "occasion_id", "method"]
        )
        contacted = SQL(
            "SELECT DISTINCT c.partner_id AS id FROM crm_procedure_communication c"
            " WHERE c.state = 'done' AND c.company_id = %s AND c.date_done >= %s AND %s",
            company,
            since,
            spoken("c"),
        )

        def to_sql(model, alias, query):
            customer = model._field_to_sql(alias, "commercial_partner_id", query)
            return SQL(
                "(%s >= %s OR %s)",
                model._field_to_sql(alias, "create_date", query),
                since,
                is_among(query, alias, "procedure_contacted", customer, contacted),
            )

        return Domain.custom(to_sql=to_sql)

    @api.model
    def _procedure_contact_since(self):
        """:return: naive UTC; since then somebody has to have spoken with a customer"""
        company = self.env.company
        days = int(self.env["crm.procedure"]._in_force(company)._limit("contact_floor"))
        zone = timezone(company._procedure_tz())
        day = datetime.combine(company._procedure_now().date() - timedelta(days=days), time.min)
        return zone.localize(day).astimezone(utc).replace(tzinfo=None)

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
