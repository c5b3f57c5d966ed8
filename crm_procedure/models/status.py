from odoo import api, fields, models
from odoo.tools import format_date

from ..tools.lifecycle import STATUSES, Lifecycle


class ProcedureStatus(models.Model):
    """A customer's change of status: by the rules, or by hand with a reason (D9).

    Rows are made by one SQL statement over all customers (``tools/lifecycle.py``), hence no
    log columns. They are evidence: no role may write or delete them. While ``holds`` is
    set and the review date has not come, the rules leave the customer alone.
    """

    _name = "crm.procedure.status"
    _description = "Customer Status"
    _order = "id desc"
    _rec_name = "partner_id"
    _log_access = False

    partner_id = fields.Many2one("res.partner", string="Customer", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    previous_status = fields.Selection(STATUSES, string="Status before", readonly=True)
    status = fields.Selection(STATUSES, readonly=True)
    reason = fields.Text(readonly=True)
    user_id = fields.Many2one("res.users", string="Set by", readonly=True, help="Empty: the rules found it.")
    holds = fields.Boolean(readonly=True, help="Set by hand and in force: the rules leave the customer alone.")
    review_date = fields.Date(readonly=True, help="From this day on the rules decide again.")
    ended_on = fields.Datetime(readonly=True)
    ended_by_id = fields.Many2one("res.users", string="Ended by", readonly=True)

    _holds_idx = models.Index("(partner_id, company_id) WHERE holds")

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _sentence(self):
        """:return: who decided, when, until when and why"""
        self.ensure_one()
        values = {
            "user": self.sudo().user_id.name,  # whose decision it is, is part of it
            "date": format_date(self.env, self.date),
            "review": self.review_date and format_date(self.env, self.review_date),
            "reason": self.reason,
        }
        if self.review_date:
            return self.env._("Set by %(user)s on %(date)s until %(review)s: %(reason)s", **values)
        return self.env._("Set by %(user)s on %(date)s: %(reason)s", **values)

    def _end(self, user=None):
        """From now on the rules decide again. sudo: powers were checked by the caller."""
        self.sudo().write(
            {"holds": False, "ended_on": fields.Datetime.now(), "ended_by_id": user and user.id},
        )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_refresh(self):
        """Bring the status of all customers of all companies up to date.

        Set-based and in chunks, each committed: it may be killed at any moment, run twice at
        once, and costs little when nobody moves.
        """
        cron = self.env["ir.cron"]
        for company in self.env["res.company"].search([]):
            self.with_company(company)._end_reviewed()
            lifecycle = Lifecycle(company.with_company(company))
            if not lifecycle.refresh_all(lambda count: cron._commit_progress(count, remaining=1)):
                return
        cron._commit_progress(remaining=0)

    @api.model
    def _end_reviewed(self):
        today = self.env.company._procedure_now().date()
        self.search(
            [("company_id", "=", self.env.company.id), ("holds", "=", True), ("review_date", "<=", today)]
        )._end()
