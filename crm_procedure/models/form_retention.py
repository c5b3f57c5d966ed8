from dateutil.relativedelta import relativedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

# of a form of the system: the model of its records, and the day from which they are kept
KEPT_FROM = {
    "registration_form": ("res.partner", "write_date"),
    "relationship_card": ("res.partner", "write_date"),
    "key_account_card": ("res.partner", "write_date"),
    "customer_change": ("crm.procedure.change", "create_date"),
    "grading_list": ("crm.procedure.grading", "date"),
    "complaint_record": ("crm.procedure.ticket", "date_closed"),
    "survey_report": ("crm.procedure.campaign", "date_to"),
    "care_plan": ("crm.procedure.plan", "date_to"),
    "communication_record": ("crm.procedure.communication", "date_planned"),
}


class ProcedureForm(models.Model):
    """Which records of a form have been kept for as long as the procedure says (D4, PIPL 19).

    Nothing is deleted by itself: somebody looks at the list and decides.
    """

    _inherit = "crm.procedure.form"

    due_count = fields.Integer(
        string="Due for review", compute="_compute_due_count", help="Records kept for longer than the form says."
    )

    def _compute_due_count(self):
        for form in self:
            model, domain = form._due()
            readable = model is not None and model.has_access("read")
            form.due_count = model.search_count(domain) if readable else 0

    def action_view_due(self):
        """:return: action that lists the records of this form whose time is over
        :raise UserError: for a form kept elsewhere
        """
        self.ensure_one()
        model, domain = self._due()
        if model is None:
            raise UserError(
                self.env._(
                    "The records of %(form)s are kept elsewhere, so the system cannot list them.",
                    form=self.display_name,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("%(form)s: due for review", form=self.display_name),
            "res_model": model._name,
            "view_mode": "list,form",
            "domain": list(domain),
            "context": {"create": False},
        }

    def _due(self):
        """:return: (model or None, domain of its records whose time is over)

        The file of a customer is kept as long as there is business: it is due when the
        customer is lost and nobody has touched the file for so long.
        """
        self.ensure_one()
        name, start = KEPT_FROM.get(self.code, (None, None))
        if not name:
            return None, Domain.FALSE
        company = self.procedure_id.company_id
        until = company._procedure_now().date() - relativedelta(months=self.retention_months)
        domain = Domain(start, "<", until)
        if name == "res.partner":
            return self.env[name].with_company(company), domain & Domain("procedure_status", "=", "lost")
        return self.env[name], domain & Domain("company_id", "=", company.id)
