from datetime import timedelta

from pytz import utc

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..tools import clock
from .ticket import FINISHED, OURS

CHUNK = 50_000
HORIZON = timedelta(days=60)
STEPS = {  # what is due: (column of the deadline, column of the day it was met)
    "accept": ("accept_deadline", "date_accepted"),
    "acknowledge": ("acknowledge_deadline", "date_acknowledged"),
    "first": ("first_deadline", "date_first_answer"),
    "solution": ("answer_deadline", "date_answered"),
}


class Times:
    """Working time of the calendars that a run meets: one list of intervals for each, made longer on demand."""

    def __init__(self, env, back=timedelta()):
        """:param timedelta back: how much further back than asked for a list begins"""
        self.env = env(su=True)  # working hours are no secret
        self.back = back
        self.known = {}  # {calendar id: (start, end, time, hours of a working day)}

    def of(self, calendar_id, start, end):
        """:return: (time, hours of a working day); calendar time where nobody works, or without a calendar"""
        known = self.known.get(calendar_id)
        if known is None or known[0] > start or known[1] < end:
            begin = min(start - self.back, known[0] if known else start)
            until = max(end, fields.Datetime.now()) + HORIZON
            known = self.known[calendar_id] = (begin, until, *self._time(calendar_id, begin, until))
        return known[2:]

    def _time(self, calendar_id, begin, until):
        calendar = self.env["resource.calendar"].browse(calendar_id)
        if not calendar:
            return clock.Always(), 24
        batch = calendar._work_intervals_batch(utc.localize(begin), utc.localize(until))[False]
        intervals = [(int(start.timestamp()), int(end.timestamp())) for start, end, _meta in batch]
        if not intervals and not calendar.attendance_ids:
            return clock.Always(), 24  # nothing would ever be due
        return clock.WorkTime(intervals), calendar.hours_per_day or 24


class ProcedureTicket(models.Model):
    """Deadlines, from the books of custody and the limits in force (S11, C10, C12, X9, X10).

    Query budget, whatever the number of tickets: one to read and one to write each 50,000,
    some for each version of the procedure and each calendar.
    """

    _inherit = "crm.procedure.ticket"

    accept_deadline = fields.Datetime(string="To be accepted by", readonly=True, copy=False)
    acknowledge_deadline = fields.Datetime(string="To be acknowledged by", readonly=True, copy=False)
    first_deadline = fields.Datetime(string="First answer by", readonly=True, copy=False)
    answer_deadline = fields.Datetime(
        string="To be answered by",
        readonly=True,
        copy=False,
        help="As the clock stands: while the customer holds the ticket, it moves with the working time that passes.",
    )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _recompute_deadlines(self, times=None):
        """Compute all deadlines of these tickets anew and write what differs, in SQL.

        :param Times times: working time that is known already

        sudo by SQL: deadlines are given by the system, whoever moved the ticket.
        """
        self.env.flush_all()
        for ids in split_every(CHUNK, self.ids, list):
            cases = self._clock_cases(ids)
            if cases:
                self._write_deadlines([case | self._clock(case) for case in self._with_time(cases, times)])
        self.invalidate_recordset([*(column for column, _met in STEPS.values()), *self._clock_columns()])

    @api.model
    def _clock_columns(self):
        """:return: further columns that ``_clock`` fills: all of them moments"""
        return ["deadline"]

    @api.model
    def _clock_cases(self, ids):
        """:return: list of dicts: what the clock has to know of each ticket, moments in seconds"""
        moments = ["date_reported", *(met for _column, met in STEPS.values())]
        seconds = SQL(", ").join(
            SQL("extract(epoch FROM t.%s)::bigint AS %s", SQL.identifier(name), SQL.identifier(name))
            for name in moments
        )
        self.env.cr.execute(
            SQL(
                """
                SELECT t.id, t.state, t.round, t.kind, t.priority, t.grade_id, t.category_id, t.procedure_id,
                       COALESCE(m.resource_calendar_id, c.resource_calendar_id) AS calendar_id, %s,
                       held.froms, held.tos
                  FROM crm_procedure_ticket t
                  JOIN res_company c ON c.id = t.company_id
             LEFT JOIN crm_procedure_team m ON m.id = t.team_id
             LEFT JOIN (SELECT u.ticket_id, array_agg(extract(epoch FROM u.date_from)::bigint) AS froms,
                               array_agg(extract(epoch FROM u.date_to)::bigint) AS tos
                          FROM crm_procedure_custody u
                          JOIN crm_procedure_ticket o ON o.id = u.ticket_id AND o.round = u.round
                         WHERE u.ticket_id = ANY(%s) AND u.holder != 'customer'
                         GROUP BY u.ticket_id) held ON held.ticket_id = t.id
                 WHERE t.id = ANY(%s)
                """,
                seconds,
                ids,
                ids,
            )
        )
        return self.env.cr.dictfetchall()

    @api.model
    def _with_time(self, cases, times=None):
        """Add the time of its calendar, its spans and its limits to each case."""
        times = times or Times(self.env)
        first = clock.naive(min(min([case["date_reported"], *(case["froms"] or ())]) for case in cases))
        limits = {}
        for case in cases:
            case["procedure"] = self.env["crm.procedure"].browse(case["procedure_id"] or ())
            spans = clock.merge(zip(case["froms"] or (), case["tos"] or (), strict=True))
            reached = max([case["date_reported"], *(end or start for start, end in spans)])
            time, hours = times.of(case["calendar_id"], first, clock.naive(reached))
            key = tuple(case[name] for name in ("procedure_id", "kind", "priority", "grade_id", "category_id"))
            if (key, hours) not in limits:
                limits[key, hours] = {
                    what: case["procedure"]._ticket_limit(what, case, hours) for what in (*STEPS, "part")
                }
            yield case | {"spans": spans, "time": time, "limits": limits[key, hours], "times": times, "first": first}

    @api.model
    def _clock(self, case):
        """:return: {column: moment in seconds, or None} of one ticket"""
        result = {}
        for what, (column, _met) in STEPS.items():
            result[column] = self._due(case, what)
        result["deadline"] = self._next_deadline(case, result)
        return result

    @api.model
    def _due(self, case, what, share=1):
        """When ``share`` of a limit is used up; the list of the calendar grows until it is in it."""
        limit, working = case["limits"][what]
        time = case["time"] if working else clock.Always()
        moment = clock.due(time, case["spans"], limit * share)
        for days in (180, 730, 3650):
            if moment is not None or not case["spans"]:
                break
            reached = fields.Datetime.now() + timedelta(days=days)
            case["time"] = time = case["times"].of(case["calendar_id"], case["first"], reached)[0]
            moment = clock.due(time, case["spans"], limit * share)
        return moment and int(moment)

    def _part_deadline(self):
        """:return: by when a department that is given a part now has to be done, naive UTC (C10)"""
        self.ensure_one()
        self.env.flush_all()
        [case] = self._with_time(self._clock_cases(self.ids))
        case["spans"] = [(clock.seconds(fields.Datetime.now()), None)]
        return clock.naive(self._due(case, "part"))

    @api.model
    def _running(self, case):
        """Whether our clock runs: somebody of us holds the ticket."""
        return case["state"] in OURS and any(end is None for _start, end in case["spans"])

    @api.model
    def _unmet(self, case):
        """:return: the steps that are still to be met"""
        if not self._running(case):
            return []
        return [what for what, (_column, met) in STEPS.items() if what == "solution" or not case[met]]

    @api.model
    def _next_deadline(self, case, moments):
        unmet = [moments[STEPS[what][0]] for what in self._unmet(case)]
        return min((moment for moment in unmet if moment is not None), default=None)

    @api.model
    def _write_deadlines(self, rows):
        columns = [*(column for column, _met in STEPS.values()), *self._clock_columns()]
        names = [SQL.identifier(column) for column in columns]
        arrays = [[row["id"] for row in rows], *([row.get(column) for row in rows] for column in columns)]
        moments = [SQL("to_timestamp(v.%s) AT TIME ZONE 'UTC'", name) for name in names]
        self.env.cr.execute(
            SQL(
                "UPDATE crm_procedure_ticket t SET %s FROM unnest(%s::int[], %s) AS v(id, %s) "
                "WHERE t.id = v.id AND (%s) IS DISTINCT FROM (%s)",
                SQL(", ").join(SQL("%s = %s", name, moment) for name, moment in zip(names, moments, strict=True)),
                arrays[0],
                SQL(", ").join(SQL("%s::bigint[]", array) for array in arrays[1:]),
                SQL(", ").join(names),
                SQL(", ").join(SQL("t.%s", name) for name in names),
                SQL(", ").join(moments),
            )
        )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_recompute_deadlines(self):
        """All deadlines anew, after working hours or leaves changed; also once a night.

        Each chunk is written and committed; what stays as it is is not touched, so it may be
        killed at any moment and run twice.
        """
        open_ones = self.search([("state", "not in", FINISHED)], order="id")
        times = Times(self.env, timedelta(days=90))  # the next chunk may reach further back
        for ids in split_every(CHUNK, open_ones.ids, list):
            self.browse(ids)._recompute_deadlines(times)
            self.env["ir.cron"]._commit_progress(len(ids))
