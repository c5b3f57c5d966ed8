from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import reviews
from ..tools.pareto import pareto

LISTED = 60  # open actions named in a review; the number tells of the rest
BARS = 10  # of a Pareto; the others stand together
LIVING = ("running", "analysed", "submitted", "approved")


class ProcedureReview(models.Model):
    """The figures of a review, frozen when it is opened (A1, A4, X15; ISO 9001 9.3.2).

    ``figures`` is a dict that is never changed afterwards. Numbers are numbers, days are
    ``YYYY-MM-DD``, names are those of that day in the company's language, choices are keys; a
    figure without data is None, never 0:

    - ``as_of``: moment (UTC), ``period``: {from, to}, ``has_data``: whether anything happened at all;
    - ``indicators``: list as ``crm.procedure.indicator._freeze`` gives it;
    - ``tickets``: {received, answered, in_time, closed, unconfirmed, cancelled, open, overdue, rating,
      ratings, kinds: {kind: number}, before: the same of the period before, without kinds};
    - ``pareto``: {``category`` and ``cause``: {total, unknown, rows: list of {id, name, count, share, together}}},
      shares in per cent of all that have one, ``id`` 0 for the smaller ones together;
    - ``plans``: {planned, done, on_time, cancelled, open, grades: list of the same with ``grade``};
    - ``surveys``: list of {id, name, kind, state, from, to, figures: list of {kind, status, value, low,
      high, answers, change}};
    - ``costs``: {currency, total, contacts, kinds: list of {kind, cost, contacts}, before: total};
    - ``actions``: {open, overdue, to_check, done, effective, ineffective, of_reviews: number, rows: list of
      {id, name, subject, owner, deadline, state, is_overdue, review}}: rows are those of earlier reviews;
    - ``procedure``: {version, since, document, own, versions: list of {version, since, note, limits: list of
      {code, unit, before, after}}}.

    Read as superuser and for one company: a review shows numbers of the whole company to
    those who are invited to it, and no customer.
    """

    _inherit = "crm.procedure.review"

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _freeze(self):
        """Make the figures of the period as they are at this moment, and keep them."""
        self._keep_figures()

    def _keep_figures(self):
        for review in self.sudo():  # as said above
            made = review.with_context(lang=review._house_lang())._make_figures()
            review.write({"figures": made, "frozen_on": review._as_of()})

    def _as_of(self):
        """:return: the moment that the figures are those of"""
        return fields.Datetime.now()

    def _make_figures(self):
        self.ensure_one()
        figures = {
            "as_of": fields.Datetime.to_string(self._as_of()),
            "period": {"from": str(self.date_from), "to": str(self.date_to)},
            "indicators": self._indicator_figures(),
            "tickets": self._ticket_figures(),
            "pareto": {"category": self._pareto("category_id"), "cause": self._pareto("cause_id")},
            "plans": self._plan_figures(),
            "surveys": self._survey_figures(),
            "costs": self._cost_figures(),
            "actions": self._action_figures(),
            "procedure": self._procedure_figures(),
        }
        busy = ("received", "answered", "closed", "unconfirmed", "cancelled")
        figures["has_data"] = bool(
            any(figures["tickets"][name] for name in busy)
            or figures["plans"]["planned"]
            or figures["surveys"]
            or figures["costs"]["contacts"]
        )
        return figures

    def _bounds(self):
        return self.company_id._procedure_bounds(self.date_from, self.date_to)

    def _period_before(self):
        """:return: (first day, last day) of as many months, or days, before this period"""
        until = fields.Date.subtract(self.date_from, days=1)
        months = 12 * (self.date_to.year - self.date_from.year) + self.date_to.month - self.date_from.month + 1
        [(first, last)] = reviews.ended_since(until, self.date_from, months)[:1] or [(until, until)]
        if last == until:
            return first, last
        return fields.Date.subtract(self.date_from, days=(self.date_to - self.date_from).days + 1), until

    def _in_period(self, name):
        """:return: domain of the records whose moment ``name`` lies in the period"""
        begin, end = self._bounds()
        return Domain("company_id", "=", self.company_id.id) & Domain(name, ">=", begin) & Domain(name, "<", end)

    def _indicator_figures(self):
        return self.env["crm.procedure.indicator"]._freeze(self.company_id, self.date_to)

    # ------------------------------------------------------------
    # Tickets (A1)
    # ------------------------------------------------------------

    def _ticket_figures(self):
        figures = self._count_tickets(*self._bounds())
        kinds = self.env["crm.procedure.ticket"]._read_group(
            self._in_period("date_reported") & Domain("state", "!=", "cancelled"), ["kind"], ["__count"]
        )
        before = self._count_tickets(*self.company_id._procedure_bounds(*self._period_before()))
        return figures | {"kinds": dict(kinds), "before": before}

    def _count_tickets(self, begin, end):
        """One statement; what is open and overdue is that of the end of the period, or of now."""
        self.env["crm.procedure.ticket"].flush_model()
        until = min(end, self._as_of())

        def within(name):
            column = SQL.identifier("t", name)
            return SQL("%s >= %s AND %s < %s", column, begin, column, end)

        names = ("received", "answered", "in_time", "closed", "unconfirmed", "cancelled", "open", "overdue")
        names += ("rating", "ratings")
        [row] = self.env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE %(received)s AND t.state != 'cancelled'),
                       count(*) FILTER (WHERE %(answered)s),
                       count(*) FILTER (WHERE %(answered)s AND t.date_answered <= t.answer_deadline),
                       count(*) FILTER (WHERE t.state = 'closed' AND %(ended)s),
                       count(*) FILTER (WHERE t.state = 'unconfirmed' AND %(ended)s),
                       count(*) FILTER (WHERE t.state = 'cancelled' AND %(ended)s),
                       count(*) FILTER (WHERE %(open)s),
                       count(*) FILTER (WHERE %(open)s AND t.answer_deadline < %(until)s),
                       avg(NULLIF(t.customer_rating, 0)) FILTER (WHERE %(ended)s),
                       count(NULLIF(t.customer_rating, 0)) FILTER (WHERE %(ended)s)
                  FROM crm_procedure_ticket t
                 WHERE t.company_id = %(company)s AND t.date_reported < %(end)s
                """,
                received=within("date_reported"),
                answered=within("date_answered"),
                ended=within("date_closed"),
                open=SQL(
                    "t.date_reported < %s AND t.state != 'cancelled' AND (t.date_answered IS NULL OR "
                    "t.date_answered >= %s)",
                    until,
                    until,
                ),
                until=until,
                company=self.company_id.id,
                end=end,
            )
        )
        figures = dict(zip(names, row, strict=True))
        figures["rating"] = figures["rating"] and round(float(figures["rating"]), 2)
        return figures

    def _pareto(self, name):
        """:param name: category_id or cause_id: what the feedback of the period was about, most frequent first"""
        domain = self._in_period("date_reported") & Domain("state", "!=", "cancelled")
        groups = self.env["crm.procedure.ticket"]._read_group(domain, [name], ["__count"])
        counts = [(record.id, record.display_name, count) for record, count in groups if record]
        return {
            "total": sum(count for _id, _name, count in counts),
            "unknown": sum(count for record, count in groups if not record),
            "rows": pareto(counts, BARS),
        }

    # ------------------------------------------------------------
    # Care: plans and costs (A4)
    # ------------------------------------------------------------

    def _plan_figures(self):
        """What approved plans wanted in the period, by grade; a contact counts on the day it was planned for."""
        domain = (
            Domain("company_id", "=", self.company_id.id)
            & Domain("plan_id", "!=", False)
            & Domain("date_planned", ">=", self.date_from)
            & Domain("date_planned", "<=", self.date_to)
        )
        groups = self.env["crm.procedure.communication"]._read_group(
            domain, ["grade_id", "state", "is_on_time"], ["__count"]
        )
        grades = {}
        for grade, state, on_time, count in groups:
            row = grades.setdefault(grade, self._no_plan())
            row["planned"] += count
            row[{"planned": "open"}.get(state, state)] += count
            row["on_time"] += count if state == "done" and on_time else 0
        whole = {name: sum(row[name] for row in grades.values()) for name in self._no_plan()}
        ranked = sorted(grades.items(), key=lambda item: (not item[0], item[0].sequence, item[0].id))
        return whole | {"grades": [{"grade": grade.display_name or "", **row} for grade, row in ranked]}

    @api.model
    def _no_plan(self):
        return {"planned": 0, "done": 0, "on_time": 0, "cancelled": 0, "open": 0}

    def _cost_figures(self):
        model = self.env["crm.procedure.communication"]
        spent = Domain("state", "=", "done") & Domain("cost", ">", 0)
        groups = model._read_group(spent & self._in_period("date_done"), ["kind"], ["cost:sum", "__count"])
        begin, end = self.company_id._procedure_bounds(*self._period_before())
        [[before]] = model._read_group(
            spent
            & Domain("company_id", "=", self.company_id.id)
            & Domain("date_done", ">=", begin)
            & Domain("date_done", "<", end),
            aggregates=["cost:sum"],
        )
        kinds = [{"kind": kind, "cost": cost, "contacts": count} for kind, cost, count in groups]
        return {
            "currency": self.company_id.currency_id.name,
            "total": sum(row["cost"] for row in kinds),
            "contacts": sum(row["contacts"] for row in kinds),
            "kinds": sorted(kinds, key=lambda row: -row["cost"]),
            "before": before or 0,
        }

    # ------------------------------------------------------------
    # Surveys (A4)
    # ------------------------------------------------------------

    def _survey_figures(self):
        """The surveys that ran or were analysed in the period, with the overall figures of their reports."""
        begin, end = self._bounds()
        surveys = self.env["crm.procedure.campaign"].search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "in", LIVING)
            & (
                (Domain("date_from", "<=", self.date_to) & Domain("date_to", ">=", self.date_from))
                | (Domain("analysed_on", ">=", begin) & Domain("analysed_on", "<", end))
            )
        )
        return [
            {
                "id": survey.id,
                "name": survey.display_name,
                "kind": survey.kind,
                "state": survey.state,
                "from": str(survey.date_from),
                "to": str(survey.date_to),
                "figures": [self._survey_row(figure) for figure in survey.figure_ids if self._is_overall(figure)],
            }
            for survey in surveys
        ]

    @api.model
    def _is_overall(self, figure):
        return not figure.is_grade and figure.dimension in ("overall", "recommendation")

    @api.model
    def _survey_row(self, figure):
        shown = figure.status == "ok"
        row = {name: figure[name] for name in ("kind", "status", "answers", "change")}
        return row | {name: round(figure[name], 1) if shown else None for name in ("value", "low", "high")}

    # ------------------------------------------------------------
    # Actions (A1, A4): what was decided, and what came of it
    # ------------------------------------------------------------

    def _action_figures(self):
        model = self.env["crm.procedure.action"]
        own = Domain("company_id", "=", self.company_id.id)
        living = own & Domain("state", "=", "open") & Domain("kind", "!=", "handling")
        earlier = own & Domain("state", "in", ("open", "done")) & Domain("review_id", "!=", False)
        earlier &= Domain("review_id", "!=", self.id)
        now = self._as_of()
        rows = model.search(earlier, order="deadline, id", limit=LISTED)
        verified = dict(
            model._read_group(
                self._in_period("date_verified") & Domain("kind", "!=", "handling"), ["state"], ["__count"]
            )
        )
        return {
            "open": model.search_count(living),
            "overdue": model.search_count(living & Domain("deadline", "<", now)),
            "to_check": model.search_count(own & Domain("state", "=", "done") & Domain("kind", "!=", "handling")),
            "done": model.search_count(self._in_period("date_done") & Domain("kind", "!=", "handling")),
            "effective": verified.get("effective", 0),
            "ineffective": verified.get("ineffective", 0),
            "of_reviews": model.search_count(earlier),
            "rows": [self._action_row(action, now) for action in rows],
        }

    @api.model
    def _action_row(self, action, now):
        return {
            "id": action.id,
            "name": action.name,
            "subject": action.subject,
            "owner": action.user_id.name or action.team_id.name or "",
            "deadline": action.deadline and str(action.deadline.date()),
            "state": action.state,
            "is_overdue": bool(action.state == "open" and action.deadline and action.deadline < now),
            "review": action.review_id.name,
        }

    # ------------------------------------------------------------
    # The procedure (A5)
    # ------------------------------------------------------------

    def _procedure_figures(self):
        versions = self.env["crm.procedure"].search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "in", ("approved", "superseded"))
            & Domain("effective_date", "<=", self.date_to),
            order="effective_date, id",
        )
        current = versions[-1:]
        new = versions.filtered(lambda version: version.effective_date >= self.date_from)
        changes = []
        for version in new:
            place = versions.ids.index(version.id)
            changes.append(self._version_row(version, versions[place - 1 : place] if place else versions.browse()))
        origins = [limit.origin for limit in current.limit_ids]
        return {
            "version": current.display_name or "",
            "since": current.effective_date and str(current.effective_date),
            "document": origins.count("document"),
            "own": origins.count("own"),
            "versions": changes,
        }

    @api.model
    def _version_row(self, version, before):
        limits = [
            {"code": limit.code, "unit": limit.unit, "before": before._limit(limit.code), "after": limit.value}
            for limit in version.limit_ids
            if before and before._limit(limit.code) != limit.value
        ]
        return {
            "version": version.display_name,
            "since": str(version.effective_date),
            "note": version.change_note or "",
            "limits": limits,
        }
