from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from .staff_figure import ANSWERED
from .ticket import OURS


class DigestDigest(models.Model):
    """Figures of the procedure in Odoo's digest mails; the rights of each recipient hold (R7)."""

    _inherit = "digest.digest"

    kpi_procedure_contacts_on_time = fields.Boolean("Customer Contacts on Time")
    kpi_procedure_contacts_on_time_value = fields.Integer(
        compute="_compute_kpi_procedure_contacts_on_time_value", export_string_translation=False
    )
    kpi_procedure_tickets_in_time = fields.Boolean("Tickets Answered in Time")
    kpi_procedure_tickets_in_time_value = fields.Integer(
        compute="_compute_kpi_procedure_tickets_in_time_value", export_string_translation=False
    )
    kpi_procedure_tickets_late = fields.Boolean("Tickets Late and Not Answered")
    kpi_procedure_tickets_late_value = fields.Integer(
        compute="_compute_kpi_procedure_tickets_late_value", export_string_translation=False
    )
    kpi_procedure_at_risk = fields.Boolean("Customers at Risk")
    kpi_procedure_at_risk_value = fields.Integer(
        compute="_compute_kpi_procedure_at_risk_value", export_string_translation=False
    )

    def _compute_kpi_procedure_contacts_on_time_value(self):
        """Contacts planned for a day of the period and made on time, by the index on that day."""
        start, end = self._procedure_period()
        domain = Domain("date_planned", ">", start.date()) & Domain("date_planned", "<=", end.date())
        domain &= Domain("state", "=", "done") & Domain("is_on_time", "=", True)
        self._count_procedure("crm.procedure.communication", "kpi_procedure_contacts_on_time_value", domain)

    def _compute_kpi_procedure_tickets_in_time_value(self):
        """Tickets answered in the period and before their deadline."""
        start, end = self._procedure_period()
        domain = Domain("date_answered", ">=", start) & Domain("date_answered", "<", end)
        domain &= Domain("is_answered_in_time", "=", True)
        self._count_procedure("crm.procedure.ticket", "kpi_procedure_tickets_in_time_value", domain)

    def _compute_kpi_procedure_tickets_late_value(self):
        """Tickets that were late and not answered when the period ended."""
        _start, end = self._procedure_period()
        waiting = Domain("state", "in", OURS) & Domain("is_waiting", "=", False)
        answered_since = Domain("state", "in", ANSWERED) & Domain("date_answered", ">=", end)
        domain = Domain("answer_deadline", "<", end) & (waiting | answered_since)
        self._count_procedure("crm.procedure.ticket", "kpi_procedure_tickets_late_value", domain)

    def _compute_kpi_procedure_at_risk_value(self):
        """Customers who were quiet against their own rhythm when the period ended."""
        _start, end = self._procedure_period()
        still = Domain("ended_on", "=", False) | Domain("ended_on", ">", end.date())
        domain = Domain("begun_on", "<=", end.date()) & still
        self._count_procedure("crm.procedure.quiet", "kpi_procedure_at_risk_value", domain)

    def _compute_kpis_actions(self, company, user):
        menu = self.env.ref("crm_procedure.menu_root").id
        actions = {
            "kpi_procedure_contacts_on_time": "crm_procedure.communication_action_completion",
            "kpi_procedure_tickets_in_time": "crm_procedure.ticket_action_analysis",
            "kpi_procedure_tickets_late": "crm_procedure.ticket_action",
            "kpi_procedure_at_risk": "crm_procedure.quiet_action",
        }
        return super()._compute_kpis_actions(company, user) | {
            name: f"{action}?menu_id={menu}" for name, action in actions.items()
        }

    def _procedure_period(self):
        """:return: (begin, end) of the period that the digest asks for, naive UTC"""
        start, end, _companies = self._get_kpi_compute_parameters()
        return fields.Datetime.to_datetime(start), fields.Datetime.to_datetime(end)

    def _count_procedure(self, model, name, domain):
        """Count the records of each digest's company that the user may see, in one query.

        :raise AccessError: without a role in the procedure; the digest then leaves the figure out
        """
        if not self.env[model].has_access("read"):
            raise AccessError(self.env._("Do not have access, skip this data for user's digest email"))
        _start, _end, companies = self._get_kpi_compute_parameters()
        domain &= Domain("company_id", "in", companies.ids)
        counts = dict(self.env[model]._read_group(domain, ["company_id"], ["__count"]))
        for digest in self:
            digest[name] = counts.get(digest.company_id or self.env.company, 0)
