import logging
from functools import partial
from operator import itemgetter

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.fields import Command, Domain

from ..tools import reviews
from ..tools.chunks import patiently

_logger = logging.getLogger(__name__)

ACTIONS_FIRST, STANDARD, DEPARTMENTS = 0, 10, 1000  # where on the agenda


class ProcedureReview(models.Model):
    """When a review is opened, by whom it is held, who comes and what it is about (A1, A4, A5, A6, X15).

    Every kind once for each period and company, in the company's time zone, as often and as
    concurrently as the scheduled action may run; periods in which the server slept are caught up.
    """

    _inherit = "crm.procedure.review"

    # ------------------------------------------------------------
    # BUSINESS: the period
    # ------------------------------------------------------------

    @api.model
    def _months(self, kind, company):
        """:return: how many months a period of ``kind`` has in the version in force"""
        procedure = self.env["crm.procedure"]._in_force(company)
        return max(1, int(procedure._limit(reviews.BY_CODE[kind].limit)))

    @api.model
    def _last_period(self, kind, company):
        """:return: (first day, last day) of the last period of ``kind`` that is over"""
        return reviews.last_ended(company._procedure_now().date(), self._months(kind, company))

    # ------------------------------------------------------------
    # BUSINESS: opening one
    # ------------------------------------------------------------

    @api.model
    def _fill_controlled(self, company, vals_list):
        """Who prepares, who chairs and who comes: as the setup of the kind says, unless it was chosen."""
        for vals in vals_list:
            setup = self.env["crm.procedure.review.template"]._of(vals.get("kind") or "quarterly", company)
            for name, value in setup._people(company).items():
                if not vals.get(name):
                    vals[name] = value
        super()._fill_controlled(company, vals_list)
        for vals in vals_list:
            vals["date"] = vals.get("date") or company._procedure_days_ahead(5).date()

    def _open(self):
        """Fill new reviews with what the system knows: the last one, the agenda, the figures."""
        for review in self.sudo():  # follows from kind and period, which were checked
            review.previous_id = review._latest_before()
            review._fill_agenda()
        if self._is_taken_over():
            self._keep_figures()  # and nothing is set going by figures of long ago
        else:
            self._freeze()

    def _latest_before(self):
        """:return: the review of this kind before this one"""
        return self.search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("kind", "=", self.kind)
            & Domain("id", "!=", self.id)
            & Domain("date_to", "<=", self.date_to),
            limit=1,
        )

    def _fill_agenda(self):
        """Open actions of the last reviews first, then the standard topics, then what departments propose."""
        setup = self.env["crm.procedure.review.template"]._of(self.kind, self.company_id)
        own = self.with_context(lang=self._house_lang())
        rows = [topic._agenda_values() for topic in own.env[setup.topic_ids._name].browse(setup.topic_ids.ids)]
        if not any(row["source"] == "actions" for row in rows):
            rows.append({"name": own.env._("Open actions of the last reviews"), "source": "actions"})
        for place, row in enumerate(rows):
            row["sequence"] = ACTIONS_FIRST if row["source"] == "actions" else STANDARD + place
        rows.sort(key=itemgetter("sequence"))
        self.agenda_ids = [Command.create({"origin": "standard", **row}) for row in rows]
        if setup.takes_topics:
            self.env["crm.procedure.review.topic"]._take_waiting(self)

    def _house_lang(self):
        """:return: language that a record of the whole company is written in"""
        return self.company_id.partner_id.lang or self.env.lang

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_open(self):
        """Open what is due in every company, each review in a transaction of its own; may be killed
        at any moment and run twice at once. A company that fails is logged and tried again next time."""
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=1)  # from here on a step may be rolled back and tried again
        for company in self.env["res.company"].search([]):
            model = self.with_company(company).with_context(lang=company.partner_id.lang)
            for work in model._due_reviews(company):
                try:
                    patiently(self.env.cr, work)
                except Exception:
                    self.env.cr.rollback()
                    _logger.exception("A review of %s cannot be opened", company.name)
                if not cron._commit_progress(1, remaining=1):
                    return
        cron._commit_progress(remaining=0)

    @api.model
    def _due_reviews(self, company):
        """:return: list of callables, each opens a review that is due"""
        procedure = self.env["crm.procedure"]._in_force(company)
        start = self._working_since(company)
        if not procedure or not start:
            return []
        due = []
        for kind in reviews.KINDS:
            if self.env["crm.procedure.review.template"]._of(kind.code, company):
                due += self._due_of_kind(kind, company, start)
        if self._is_change_to_review(procedure, start):
            due.append(partial(self._open_one, company, **self._change_values(procedure)))
        return due

    @api.model
    def _due_of_kind(self, kind, company, start):
        """The periods over since the last review of the kind, the oldest too many to be caught up left out."""
        today = company._procedure_now().date()
        periods = reviews.ended_since(start, today, self._months(kind.code, company))
        last = self._last_of_kind(kind.code, company).date_to
        missing = [period for period in periods if not last or period[1] > last]
        passed, opened = missing[: -kind.catch_up], missing[-kind.catch_up :]
        due = []
        for first, until in opened:
            values = {"kind": kind.code, "date_from": first, "date_to": until}
            if last and last >= first:
                values["date_from"] = fields.Date.add(last, days=1)  # the rhythm was changed meanwhile
            if passed:
                values["missed"] = ", ".join(self._period_text(*period) for period in passed)
                passed = []
            due.append(partial(self._open_one, company, **values))
        return due

    @api.model
    def _last_of_kind(self, kind, company):
        scope = Domain("kind", "=", kind) & Domain("company_id", "=", company.id)
        return self.search(scope & Domain("changed_procedure_id", "=", False), limit=1)

    @api.model
    def _working_since(self, company):
        """:return: day on which the first version of the procedure was in force here, signed in this
        system: what was before, nobody could have reviewed here
        """
        first = self.env["crm.procedure"].search(
            Domain("company_id", "=", company.id)
            & Domain("state", "in", ("approved", "superseded"))
            & Domain("effective_date", "!=", False),
            order="effective_date, id",
            limit=1,
        )
        signed = first.approved_on and first.approved_on.date()
        return max(filter(None, (first.effective_date, signed)), default=None)

    @api.model
    def _is_change_to_review(self, procedure, start):
        """A new version in force is reviewed by legal, once (A5: on change); the first one is no change."""
        if procedure.effective_date <= start:
            return False
        return not self.search_count([("changed_procedure_id", "=", procedure.id)], limit=1)

    @api.model
    def _change_values(self, procedure):
        before = self._last_of_kind("legal", procedure.company_id)
        day = procedure.effective_date
        since = before.date_to and fields.Date.add(before.date_to, days=1)
        return {
            "kind": "legal",
            "date_from": min(since or fields.Date.add(day, years=-1, days=1), day),
            "date_to": day,
            "changed_procedure_id": procedure.id,
        }

    @api.model
    def _open_one(self, company, **values):
        """Open a review and tell who has to know; nothing when somebody else was faster.

        :return: the review, perhaps none
        """
        known = Domain([(name, "=", values[name]) for name in ("kind", "date_to")])
        known &= Domain("company_id", "=", company.id)
        known &= Domain("changed_procedure_id", "=", values.get("changed_procedure_id", False))
        if self.search_count(known, limit=1):
            return self.browse()
        try:
            with self.env.cr.savepoint():
                review = self.create({"company_id": company.id, **values})
        except UniqueViolation:
            return self.browse()
        review._announce()
        return review


class ProcedureReviewTemplate(models.Model):
    """The people that a setup names, today."""

    _inherit = "crm.procedure.review.template"

    def _people(self, company):
        """:return: dict of values of a review: team, chair, who prepares it, attendees"""
        teams = self.env["crm.procedure.team"].sudo()  # departments and their leaders are public in the company
        team = teams._with_duty(self.duty or "quality", company)
        management = teams._with_duty("management", company)
        chair = teams._with_duty(self.chair_duty or "management", company).leader_id or management.leader_id
        users = self.user_ids.filtered(lambda user: company in user.company_ids) | chair | team.leader_id
        if self.with_leaders:
            users |= teams.search([("company_id", "=", company.id)]).leader_id
        if self.role_ids:
            users |= (
                self.env["res.users"]
                .sudo()
                .search(  # who holds a role is shown in the procedure itself
                    [("all_group_ids", "in", self.role_ids.ids), ("company_ids", "in", company.ids)]
                )
            )
        users = users.filtered(lambda user: user.active and not user.share)
        return {
            "team_id": team.id,
            "user_id": chair.id,
            "prepared_by_id": (team.leader_id or chair).id,
            "attendee_ids": [Command.set(users.ids)],
        }


class ProcedureReviewTemplateTopic(models.Model):
    _inherit = "crm.procedure.review.template.topic"

    def _agenda_values(self):
        self.ensure_one()
        return {"name": self.name, "description": self.description, "source": self.source}
