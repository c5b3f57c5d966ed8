from datetime import date, datetime, time
from typing import NamedTuple

from dateutil.relativedelta import relativedelta
from pytz import timezone, utc

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools import staff_figures
from ..tools.periods import MONTH, period_name
from .ticket import OURS

ANSWERED = ("answered", "closed", "unconfirmed")
ASKED = "procedure_months_asked"  # in the context
RATIO = "ratio"  # our own way to sum up: the parts of the rows over their wholes


class Asked(NamedTuple):
    """The days between which rows are asked for. A type of its own: no caller from outside can send one."""

    since: date | None
    until: date | None


class Figure(fields.Float):
    """A number that may be missing: then it is empty on the screen, in exports and for callers, not 0."""

    def convert_to_record(self, value, record):
        return False if value is None else value

    def convert_to_export(self, value, record):
        return "" if value is False else value


class ProcedureStaffFigure(models.Model):
    """What a person owed customers in a month, did, and did on time (R7, 002 7.3).

    Read from contacts, tickets and actions each time (``tools/staff_figures.py``). Personal data:
    the record rules show them to the person, supervisors and management, whatever the way of asking.
    """

    _name = "crm.procedure.staff.figure"
    _description = "Staff Figure"
    _auto = False
    _order = "date desc, user_id, team_id, id"
    _rec_name = "user_id"
    _depends = {
        "crm.procedure.communication": [
            "company_id",
            "user_id",
            "team_id",
            "date_planned",
            "deadline",
            "state",
            "is_on_time",
            "method",
            "occasion_id",
        ],
        "crm.procedure.ticket": [
            "company_id",
            "user_id",
            "team_id",
            "state",
            "is_waiting",
            "date_answered",
            "answer_deadline",
            "date_closed",
            "customer_rating",
            "customer_rating_handling",
        ],
        "crm.procedure.action": ["company_id", "user_id", "done_by_id", "team_id", "state", "deadline", "date_done"],
        "crm.procedure.team": ["company_id", "active", "sequence", "makes_contacts", "leader_id", "member_ids"],
    }

    date = fields.Date(string="Month beginning on", readonly=True)
    month = fields.Char(string="Month", compute="_compute_month")
    user_id = fields.Many2one("res.users", string="Person", readonly=True)
    team_id = fields.Many2one("crm.procedure.team", string="Team", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    contact_due = fields.Integer(
        string="Contacts due", readonly=True, help="Planned for this month and done, or past their deadline."
    )
    contact_done = fields.Integer(string="Contacts made", readonly=True)
    contact_on_time = fields.Integer(string="Contacts made on time", readonly=True)
    contact_rate = Figure(
        string="Contacts on time (%)",
        digits=(5, 1),
        readonly=True,
        aggregator=RATIO,
        help="Of the contacts due. Empty: none was due.",
    )
    visit_count = fields.Integer(string="Visits made", readonly=True, help="Contacts that were visits.")
    ticket_due = fields.Integer(
        string="Tickets due", readonly=True, help="Answered in this month, or late since this month and not answered."
    )
    ticket_answered = fields.Integer(string="Tickets answered", readonly=True)
    ticket_in_time = fields.Integer(string="Tickets answered in time", readonly=True)
    ticket_rate = Figure(
        string="Tickets in time (%)",
        digits=(5, 1),
        readonly=True,
        aggregator=RATIO,
        help="Of the tickets due. Empty: none was due.",
    )
    rating_count = fields.Integer(string="Ratings of the result", readonly=True, help="How many customers rated it.")
    rating = Figure(
        string="Rating of the result",
        digits=(3, 2),
        readonly=True,
        aggregator=RATIO,
        help="By the customers who closed their tickets in this month, 1 to 5. Empty: too few ratings.",
    )
    handling_count = fields.Integer(
        string="Ratings of the handling", readonly=True, help="How many customers rated it."
    )
    handling_rating = Figure(
        string="Rating of the handling",
        digits=(3, 2),
        readonly=True,
        aggregator=RATIO,
        help="By the customers who closed their tickets in this month, 1 to 5. Empty: too few ratings.",
    )
    rating_note = fields.Char(
        string="Note on ratings",
        compute="_compute_rating_note",
        help="Where fewer customers gave a rating than the procedure asks for, there is no average.",
    )
    action_due = fields.Integer(
        string="Actions due", readonly=True, help="Due in this month and done, or past their date."
    )
    action_done = fields.Integer(string="Actions done", readonly=True)
    action_in_time = fields.Integer(string="Actions done in time", readonly=True)
    action_rate = Figure(
        string="Actions in time (%)",
        digits=(5, 1),
        readonly=True,
        aggregator=RATIO,
        help="Of the actions due. Empty: none was due.",
    )

    @property
    def _table_query(self):
        asked = self.env.context.get(ASKED)
        since, until = asked if isinstance(asked, Asked) else (None, None)
        frames = [self._frame(company) for company in self.env.companies]
        return staff_figures.query(frames, fields.Datetime.now(), since, until)

    @api.model
    def _frame(self, company):
        """:return: (id, time zone, first day of the month, least number of ratings) of ``company``"""
        least = self.env["crm.procedure"]._in_force(company)._limit("survey_cell")
        return company.id, company._procedure_tz(), company._procedure_now().date().replace(day=1), least

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("date")
    @api.depends_context("lang")
    def _compute_month(self):
        for figure in self:
            figure.month = period_name(self.env, figure.date, MONTH) if figure.date else False

    @api.depends("user_id", "month")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for figure in self:
            # sudo: the name of a colleague whose figures one may see
            figure.display_name = " · ".join(filter(None, (figure.user_id.sudo().name, figure.month)))

    @api.depends("handling_count", "handling_rating", "rating_count", "rating")
    @api.depends_context("lang")
    def _compute_rating_note(self):
        for figure in self:
            pairs = ((figure.handling_count, figure.handling_rating), (figure.rating_count, figure.rating))
            few = any(count and average is False for count, average in pairs)
            figure.rating_note = self.env._("too few") if few else False

    def _search(self, domain, *args, **kwargs):
        """Tell the query which months are asked for, so that it need not look at those of years.

        What it then leaves out, the domain leaves out as well.
        """
        narrowed = self.with_context(**{ASKED: self._months_asked(domain)})
        return super(ProcedureStaffFigure, narrowed)._search(domain, *args, **kwargs)

    @api.model
    def _months_asked(self, domain):
        """:return: ``Asked``: between which days all rows of ``domain`` lie, None where it does not say"""
        domain = Domain(domain).optimize_full(self)
        parts = domain.children if getattr(domain, "OPERATOR", "") == "&" else [domain]
        since, until = [], []
        for part in parts:
            if getattr(part, "field_expr", None) != "date" or part.operator not in (">", ">=", "<", "<=", "in"):
                continue
            days = part.value if part.operator == "in" else [part.value]
            days = [fields.Date.to_date(day) for day in days if day]
            if days and part.operator in (">", ">=", "in"):
                since.append(min(days))
            if days and part.operator in ("<", "<=", "in"):
                until.append(max(days))
        return Asked(max(since, default=None), min(until, default=None))

    def _read_group_select(self, aggregate_spec, query):
        """Shares and averages of several rows are made anew of their parts, never of other shares."""
        name, _colon, how = aggregate_spec.partition(":")
        parts = staff_figures.SHARES.get(name) or staff_figures.RATINGS.get(name)
        if not parts or how not in (RATIO, "avg"):
            return super()._read_group_select(aggregate_spec, query)
        part, whole = (SQL("sum(%s)", SQL.identifier(self._table, column)) for column in parts)
        if name in staff_figures.SHARES:
            return staff_figures.share(part, whole)
        return staff_figures.average(part, whole, SQL("max(%s)", SQL.identifier(self._table, "least")))

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_open_contacts(self):
        """:return: action that opens the contacts that were due, as far as the user may see them"""
        return self._open("crm.procedure.communication", self._domain_contacts(), self.env._("Contacts due"))

    def action_open_visits(self):
        """:return: action that opens the visits, and with them whom the person visited"""
        domain = self._domain_contacts() & Domain("state", "=", "done") & Domain("method", "=", "visit")
        return self._open("crm.procedure.communication", domain, self.env._("Visits made"))

    def action_open_tickets(self):
        """:return: action that opens the tickets that were due"""
        return self._open("crm.procedure.ticket", self._domain_tickets(), self.env._("Tickets due"))

    def action_open_ratings(self):
        """:return: action that opens the tickets whose customers gave a rating"""
        return self._open("crm.procedure.ticket", self._domain_ratings(), self.env._("Rated tickets"))

    def action_open_actions(self):
        """:return: action that opens the actions that were due"""
        return self._open("crm.procedure.action", self._domain_actions(), self.env._("Actions due"))

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _open(self, model, domain, name):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": f"{name} · {self.display_name}",
            "res_model": model,
            "views": [(False, "list"), (False, "form")],
            "domain": list(domain),
            "context": {"create": False},
        }

    def _domain_contacts(self):
        now = fields.Datetime.now()
        past = Domain("state", "=", "planned") & Domain("deadline", "<", now)
        mailed = Domain("occasion_id", "!=", False) & Domain("method", "=", "email")
        return (
            self._domain_person()
            & Domain("date_planned", ">=", self.date)
            & Domain("date_planned", "<", self.date + relativedelta(months=1))
            & (Domain("state", "=", "done") | past)
            & ~mailed
        )

    def _domain_tickets(self):
        late = (
            Domain("state", "in", OURS)
            & Domain("is_waiting", "=", False)
            & Domain("answer_deadline", "<", fields.Datetime.now())
        )
        answered = Domain("state", "in", ANSWERED) & self._domain_month("date_answered")
        return self._domain_person() & (answered | late & self._domain_month("answer_deadline"))

    def _domain_ratings(self):
        rated = Domain("customer_rating", ">", 0) | Domain("customer_rating_handling", ">", 0)
        return self._domain_person() & Domain("state", "=", "closed") & rated & self._domain_month("date_closed")

    def _domain_actions(self):
        due = Domain("state", "!=", "open") | Domain("deadline", "<", fields.Datetime.now())
        nobody = Domain("user_id", "=", False) & Domain("done_by_id", "=", self.user_id.id)
        owner = Domain("user_id", "=", self.user_id.id) | nobody
        return self._domain_team() & owner & due & self._domain_month("deadline")

    def _domain_person(self):
        return self._domain_team() & Domain("user_id", "=", self.user_id.id)

    def _domain_team(self):
        """The records of the row's team, and where it is the person's own those of no team."""
        query = SQL(
            "SELECT team_id FROM (%s) home WHERE user_id = %s AND company_id = %s",
            staff_figures.homes(),
            self.user_id.id,
            self.company_id.id,
        )
        self.env["crm.procedure.team"].flush_model()
        home = [team for (team,) in self.env.execute_query(query)]
        teams = [self.team_id.id, False] if self.team_id.ids == home else [self.team_id.id]
        return Domain("company_id", "=", self.company_id.id) & Domain("team_id", "in", teams)

    def _domain_month(self, name):
        """:return: domain of the moments ``name`` in this month, where the company is"""
        zone = timezone(self.company_id._procedure_tz())
        days = (self.date, self.date + relativedelta(months=1))
        first, last = (
            zone.localize(datetime.combine(day, time.min)).astimezone(utc).replace(tzinfo=None) for day in days
        )
        return Domain(name, ">=", first) & Domain(name, "<", last)
