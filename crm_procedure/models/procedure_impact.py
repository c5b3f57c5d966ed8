from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date


class Procedure(models.Model):
    """What a change of limits would touch, shown before it is approved."""

    _inherit = "crm.procedure"

    impact_html = fields.Html(string="What the change touches", compute="_compute_impact_html", sanitize=False)

    @api.depends("limit_ids.value", "state", "effective_date", "company_id")
    @api.depends_context("lang")
    def _compute_impact_html(self):
        for procedure in self:
            current = procedure._in_force(procedure.company_id, procedure.effective_date)
            if procedure.state in ("draft", "reviewed") and current:
                nothing = self.env._("No limit differs from %(current)s.", current=current.display_name)
                procedure.impact_html = self.env["ir.qweb"]._render(
                    "crm_procedure.procedure_impact",
                    {"rows": procedure._impact_rows(current), "nothing": nothing},
                )
            else:
                procedure.impact_html = False

    def _impact_rows(self, current):
        """:return: list of {label, now, new, unit, touches (list of sentences)} of changed limits"""
        labels = dict(self.env["crm.procedure.limit"]._fields["code"]._description_selection(self.env))
        units = dict(self.env["crm.procedure.limit"]._fields["unit"]._description_selection(self.env))
        rows = []
        for limit in self.limit_ids:
            now = current._limit(limit.code)
            if limit.value != now:
                rows.append(
                    {
                        "label": labels[limit.code],
                        "now": f"{now:g}",
                        "new": f"{limit.value:g}",
                        "unit": units[limit.unit],
                        "touches": self._limit_impact(limit.code, limit.value),
                    }
                )
        return rows

    def _limit_impact(self, code, value):
        """What a new value of one limit means for what is there. Models that bring limits of
        their own extend this.

        :return: list of sentences
        """
        if code == "contact_floor":
            return self._impact_on_grades(value)
        sentences = []
        for name in self.env["crm.procedure.mixin"]._controlled_models():
            model = self.env[name]
            if code in (model._deadline_limit, "escalate_leader", "escalate_management"):
                sentences += self._impact_on_records(model.sudo())  # numbers and dates only
        return sentences or [self.env._("Holds for what is computed from the effective date on.")]

    def _impact_on_records(self, model):
        """Open records keep the rule of their day; say how many and until when."""
        domain = Domain("company_id", "=", self.company_id.id) & Domain("state", "in", list(model._open_states))
        [(count, first, last)] = model._read_group(domain, [], ["__count", "deadline:min", "deadline:max"])
        if not count:
            return [self.env._("No open %(records)s.", records=model._description)]
        return [
            self.env._(
                "%(count)s open: %(records)s. They keep the present value, with deadlines from %(first)s to "
                "%(last)s; new ones follow the new value.",
                count=count,
                records=model._description,
                first=format_date(self.env, first),
                last=format_date(self.env, last),
            )
        ]

    def _impact_on_grades(self, days):
        grades = self.env["crm.procedure.grade"]._for_company(self.company_id)
        slow = grades.filtered(lambda grade: grade.contact_interval_days > days)
        if not slow:
            return [self.env._("Every grade is contacted often enough.")]
        partners = self.env["res.partner"].sudo().with_company(self.company_id)  # a number only
        return [
            self.env._(
                "%(count)s customers of %(grades)s are contacted less often: shorten the interval of these grades.",
                count=partners.search_count([("procedure_grade_id", "in", slow.ids)]),
                grades=Markup(" ").join(grade._badge() for grade in slow),
            )
        ]
