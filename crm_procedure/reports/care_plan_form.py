from odoo import models
from odoo.exceptions import UserError
from odoo.tools import formatLang

MOST = 2000  # customers on paper; a longer plan is read in the workbook


class CarePlanForm(models.AbstractModel):
    """《客户关系维护计划表》 on paper, with the signature of management (G5, G6)."""

    _name = "report.crm_procedure.care_plan"
    _description = "Account Care Plan Form"
    _inherit = ["crm.procedure.printed.form"]

    _code = "care_plan"
    _model = "crm.procedure.plan"

    def _title(self):
        return self.env._("Account Care Plan")

    def _content(self, record):
        if not record.computed_on:
            raise UserError(self.env._("%(plan)s is not computed yet. Press Compute first.", plan=record.name))
        lines = self.env["crm.procedure.plan.line"].search(
            [("plan_id", "=", record.id), ("contacts", ">", 0)], limit=MOST
        )
        names = ["partner_id", "grade_id", "user_id", "interval_days", "last_contact", "due_date", "days_text"]
        whole = {name: formatLang(self.env, record[name], digits=0) for name in ("customer_count", "contact_count")}
        return {
            "facts": [
                (self.env._("Plan"), record.name),
                (self.env._("Period"), record._period_label()),
                (self.env._("Account owner"), record.user_id.sudo().name or self.env._("All owners")),
                (self.env._("Customer Grades"), ", ".join(record.grade_ids.mapped("name"))),
                (self.env._("Customers"), whole["customer_count"]),
                (self.env._("Contacts"), whole["contact_count"]),
                (self.env._("Goals and measures"), record.note or ""),
                (self.env._("State"), record._state_label()),
            ],
            "labels": [label for label, _text in self._rows(lines.browse(), names)],
            "lines": [[text for _label, text in self._rows(line, names)] for line in lines],
            "is_long": record.customer_count > MOST,
        }

    def _signed(self, record):
        """Who made the plan, who submitted it, and management."""
        (_owner, prepared_on), submitted, approved = super()._signed(record)
        maker = record.create_uid
        if maker == self.env.ref("base.user_root"):
            maker = record.submitted_by_id
        return (maker, prepared_on), submitted, approved
