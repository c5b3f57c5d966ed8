import logging

from markupsafe import escape

from odoo import api, models
from odoo.exceptions import LockError, UserError

from ..tools import indicators
from ..tools.chunks import patiently

_logger = logging.getLogger(__name__)

BOARD_CHANNEL, BOARD_MESSAGE = "crm_procedure_board", "crm_procedure/board"


class ProcedureIndicator(models.Model):
    """When indicators are counted: each night, and when somebody asks (A7).

    A day's value may be counted again until the day is over; days that are over stay.
    """

    _inherit = "crm.procedure.indicator"

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_compute(self):
        """Count again now, for the companies that are switched on.

        :return: True
        :raise AccessError: without the power to refresh
        :raise UserError: somebody else is counting at this moment
        """
        self.check_access("read")
        self._check_power("indicator_refresh", self.env._("count"))
        try:
            self.sudo().lock_for_update()  # a lock changes nothing; the power was checked
        except LockError as error:
            raise UserError(
                self.env._("These indicators are being counted at this moment. Look again in a few seconds.")
            ) from error
        self.sudo()._compute_values(self.env.companies)  # values are given by the system
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _compute_values(self, companies=None):
        """Count these indicators and store what they say today; one that fails says why and does not
        stop the others.

        :param companies: those to count for (all)
        """
        companies = companies or self.env["res.company"].search([])
        self.env.flush_all()
        touched = self.env["res.company"]
        for indicator in self:
            own = companies & indicator.company_id if indicator.company_id else companies
            self.env["crm.procedure.indicator.value"]._keep(indicator._measure(own))
            indicator._tell_quality(own)
            touched |= own
        for company in touched:
            self.env["bus.bus"]._sendone((company, BOARD_CHANNEL), BOARD_MESSAGE, {"company_id": company.id})

    def _measure(self, companies):
        """:return: list of values of this indicator, as ``_keep`` wants them; one for each company"""
        self.ensure_one()
        counts, reason = {}, None
        try:
            with self.env.cr.savepoint(flush=False):
                # sudo, here and in _count: who may count what was asked when the definition was saved
                self.sudo()._check_period()
                counts = self.sudo()._count(companies)
        except UserError as error:
            reason = error.args[0]
        except Exception as error:
            _logger.warning("Indicator %s cannot be counted", self.code, exc_info=True)
            reason = self._error_text(error)
        return [self._row(company, counts.get(company.id, (0, 0)), reason) for company in companies]

    def _row(self, company, counts, reason):
        population, conforming = counts
        today = company._procedure_now().date()
        state = indicators.state_of(self.measure, population, conforming, self.target, self.direction)
        return {
            "indicator_id": self.id,
            "company_id": company.id,
            "date": today,
            "date_from": today if reason else self._frame(company).first,
            "date_to": today,
            "population": population,
            "conforming": conforming,
            "value": indicators.figure(self.measure, population, conforming) or 0,
            "target": self.target,
            "direction": self.direction,
            "state": indicators.BROKEN if reason else state,
            "reason": reason,
        }

    def _tell_quality(self, companies):
        """Quality is asked once to repair an indicator that cannot be counted; repaired, the request is done."""
        self.ensure_one()
        broken = self.env["crm.procedure.indicator.value"].search(
            [
                ("indicator_id", "=", self.id),
                ("company_id", "in", companies.ids),
                ("date", "in", list({company._procedure_now().date() for company in companies})),
                ("state", "=", indicators.BROKEN),
            ],
            limit=1,
        )
        asked = self.activity_search(["crm_procedure.mail_activity_type_indicator"])
        if not broken:
            if asked:
                self.activity_feedback(["crm_procedure.mail_activity_type_indicator"])
        elif not asked:
            for user in self.env["res.users"].search_procedure_role("quality", broken.company_id):
                self.activity_schedule(
                    "crm_procedure.mail_activity_type_indicator",
                    user_id=user.id,
                    summary=self.env._("Cannot be measured"),
                    note=escape(broken.reason or ""),
                )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_compute(self):
        """Each night: what was not counted today in some company, one indicator after the other.

        Each is committed, so it may be killed at any moment and run twice at once.
        """
        due = self._due()
        for done, indicator in enumerate(due, start=1):
            try:
                patiently(self.env.cr, indicator._compute_values)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("Indicator %s is set aside until the next run", indicator.id)
            if not self.env["ir.cron"]._commit_progress(1, remaining=len(due) - done):
                return

    @api.model
    def _due(self):
        """:return: the indicators that have no value of today in a company of theirs"""
        companies = self.env["res.company"].search([])
        today = {company.id: company._procedure_now().date() for company in companies}
        values = self.env["crm.procedure.indicator.value"]
        rows = values.search_fetch([("date", ">=", min(today.values()))], ["indicator_id", "company_id", "date"])
        counted = {(row.indicator_id.id, row.company_id.id) for row in rows if row.date == today.get(row.company_id.id)}
        return self.search([]).filtered(
            lambda i: any((i.id, company) not in counted for company in (i.company_id.ids or companies.ids))
        )
