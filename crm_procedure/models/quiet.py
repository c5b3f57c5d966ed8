from functools import partial

from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.chunks import patiently
from ..tools.quiet import Quiet

ACTIVITY = "crm_procedure.mail_activity_type_quiet"


class ProcedureQuiet(models.Model):
    """An episode in which a customer is quiet against its own rhythm (V7).

    Found every day by SQL over all customers (``tools/quiet.py``), hence no log columns; the
    account owner has one reminder for each episode.
    """

    _name = "crm.procedure.quiet"
    _description = "Customer at Risk"
    _order = "ended_on desc, begun_on desc, id desc"
    _rec_name = "partner_id"
    _log_access = False

    # a key in words and not of columns: merged customers would break a key of columns
    key = fields.Char(required=True, readonly=True, index=False, export_string_translation=False)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True, index=True, ondelete="set null")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    user_id = fields.Many2one("res.users", string="Account owner", readonly=True, index=True)
    grade_id = fields.Many2one(related="partner_id.procedure_grade_id", string="Customer Grade")
    begun_on = fields.Date(string="Quiet since", readonly=True, help="The day on which the customer was found quiet.")
    ended_on = fields.Date(readonly=True)
    ended_by = fields.Selection(
        [
            ("order", "New order"),
            ("contact", "Contact with the customer"),
            ("other", "Lost, archived or limits changed"),
        ],
        readonly=True,
    )
    gap = fields.Integer(
        string="Usually orders every (days)", readonly=True, aggregator="avg", help="Median of the last three years."
    )
    last_order = fields.Date(readonly=True)
    last_contact = fields.Date(readonly=True)
    order_days = fields.Integer(string="Days since order", compute="_compute_days")
    contact_days = fields.Integer(string="Days since contact", compute="_compute_days")
    reason = fields.Char(string="Why", compute="_compute_days")
    is_told = fields.Boolean(readonly=True, export_string_translation=False)
    activity_id = fields.Many2one("mail.activity", readonly=True, index="btree_not_null", ondelete="set null")

    _key_uniq = models.UniqueIndex("(key)", "This episode is there already.")
    _open_idx = models.Index("(company_id, partner_id) WHERE ended_on IS NULL")
    _told_idx = models.Index("(id) WHERE NOT is_told")

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("last_order", "last_contact", "gap", "ended_on")
    @api.depends_context("lang")
    def _compute_days(self):
        for episode in self:
            until = episode.ended_on or episode.company_id._procedure_now().date()
            ordered, spoken = episode.last_order, episode.last_contact
            episode.order_days = (until - ordered).days if ordered else 0
            episode.contact_days = (until - spoken).days if spoken else 0
            episode.reason = episode._reason()

    def _reason(self):
        values = {"order": self.order_days, "gap": self.gap, "contact": self.contact_days}
        if self.last_contact:
            return self.env._(
                "Usually orders every %(gap)s days, last order %(order)s days ago, last contact %(contact)s days ago.",
                **values,
            )
        return self.env._(
            "Usually orders every %(gap)s days, last order %(order)s days ago, no contact on record.", **values
        )

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_plan_contact(self):
        """:return: action that opens a new contact with the customer"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Plan a Contact"),
            "res_model": "crm.procedure.communication",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_partner_id": self.partner_id.id, "default_kind": "revisit"},
        }

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_refresh(self, batch_size=100):
        """Begin and end episodes of all companies, then tell the owners, a batch a transaction."""
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=1)  # from here on a step may be rolled back and tried again
        for company in self.env["res.company"].search([]):
            episodes = self.with_company(company)
            patiently(self.env.cr, episodes._refresh)
            cron._commit_progress(remaining=1)
            for step in (episodes._tell_batch, episodes._forget_batch):
                count = batch_size
                while count == batch_size:
                    count = patiently(self.env.cr, partial(step, batch_size))
                    if count and not cron._commit_progress(count, remaining=1):
                        return
        cron._commit_progress(remaining=0)

    @api.model
    def _refresh(self):
        """Begin and end the episodes of the current company; :return: (number begun, number ended)"""
        return Quiet(self.env.company).refresh()

    def _tell_batch(self, limit):
        """Put a reminder before the owners of customers who have gone quiet, once an episode.

        :return: number of episodes gone through
        """
        company = self.env.company
        domain = Domain("is_told", "=", False) & Domain("company_id", "=", company.id) & Domain("ended_on", "=", False)
        new = self.search(domain, limit=limit, order="id").try_lock_for_update()
        there = new.filtered("partner_id")
        today = company._procedure_now().date()
        there.partner_id.mapped("display_name")  # read once, not once for each activity
        activities = self.env["mail.activity"].with_context(mail_activity_quick_update=True)
        activities = activities.create([episode._activity_values(today) for episode in there])
        for episode, activity in zip(there, activities, strict=True):
            episode.activity_id = activity
        new.is_told = True
        return len(new)

    def _activity_values(self, today):
        user = self.company_id._procedure_account_owner(self.user_id)
        episode = self.with_context(lang=user.lang)
        return {
            "res_model_id": self.env["ir.model"]._get_id("res.partner"),
            "res_id": self.partner_id.id,
            "activity_type_id": self.env.ref(ACTIVITY).id,
            "date_deadline": today,
            "user_id": user.id,
            "summary": episode.env._("Has gone quiet"),
            "note": episode.reason,
        }

    def _forget_batch(self, limit):
        """Take back the reminders of episodes that are over.

        :return: number of episodes gone through
        """
        domain = Domain("activity_id", "!=", False) & Domain("ended_on", "!=", False)
        over = self.search(domain & Domain("company_id", "=", self.env.company.id), limit=limit, order="id")
        over = over.try_lock_for_update()
        activities = over.activity_id
        over.activity_id = False  # done ones stay where they are
        activities.filtered("active").unlink()
        return len(over)
