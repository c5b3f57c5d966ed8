from odoo import api, fields, models


class ProcedureAction(models.Model):
    """The check of effect, after a set time, by somebody else (ISO 9001 10.2.1 d)."""

    _inherit = "crm.procedure.action"

    check_asked = fields.Boolean(readonly=True, copy=False, export_string_translation=False)
    to_check = fields.Boolean(string="Effect to be checked", compute="_compute_to_check", search="_search_to_check")

    @api.depends("state", "check_date")
    def _compute_to_check(self):
        today = fields.Date.context_today(self)
        for action in self:
            action.to_check = action.state == "done" and action.check_date and action.check_date <= today

    def _search_to_check(self, operator, value):
        if operator != "in":
            return NotImplemented
        return [("state", "=", "done"), ("check_date", "<=", fields.Date.context_today(self))]

    @api.model
    def _cron_ask_check(self, batch_size=100):
        """Each day: ask for the checks of effect that are due, each once."""
        due = [("state", "=", "done"), ("check_asked", "=", False), ("check_date", "<=", fields.Date.today())]
        found = self.search(due, limit=batch_size, order="check_date, id")
        actions = found.try_lock_for_update()
        for action in actions:
            action.check_asked = True
            for user in action._checkers()[:1]:
                action.activity_schedule(
                    "crm_procedure.mail_activity_type_check",
                    user_id=user.id,
                    summary=self.env._("Did it have effect?"),
                )
        remaining = self.search_count(due) if len(found) == batch_size and actions else 0
        self.env["ir.cron"]._commit_progress(len(actions), remaining=remaining)

    def _checkers(self):
        """:return: who may check: quality management, then supervisors, then management; never who did it"""
        users = self.env["res.users"]
        for role in ("quality", "supervisor", "manager"):
            users |= users.search_procedure_role(role, self.company_id)
        return users - self.done_by_id - self.user_id
