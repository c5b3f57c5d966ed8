from dateutil.relativedelta import relativedelta
from markupsafe import Markup

from odoo import api, fields, models

from ..tools.periods import MONTH, period_name

DAYS_PER_MONTH = 365 / 12


class ProcedureGrading(models.Model):
    """The what-if: counts, moves, and contacts required against the staff at hand (G4)."""

    _inherit = "crm.procedure.grading"

    team_ids = fields.Many2many(
        "crm.procedure.team",
        string="Teams that make the contacts",
        default=lambda self: self._default_team_ids(),
        check_company=True,
    )
    figures = fields.Json(string="Figures as data", readonly=True, copy=False, help="See ``what_if`` for its shape.")
    figures_html = fields.Html(string="Figures", compute="_compute_figures_html", sanitize=False)

    @api.model
    def _default_team_ids(self):
        return self.env["crm.procedure.team"].search(
            [("company_id", "=", self.env.company.id), ("makes_contacts", "=", True)]
        )

    @api.depends("figures")
    @api.depends_context("lang")
    def _compute_figures_html(self):
        for grading in self:
            grading.figures_html = grading.figures and self.env["ir.qweb"]._render(
                "crm_procedure.grading_figures", grading._figures_values()
            )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def what_if(self):
        """What the list would change by the criteria, grades and orders of this moment.

        Read only: nothing is stored, neither on the run nor on customers.

        :return: dict: ``customers``, ``up``, ``down``, ``new`` (numbers of customers),
            ``grades``: list of {id, now, then, contacts_now, contacts_then} (contacts a
            month), ``ungraded_now``, ``ungraded_then``, ``moves``: list of [grade id or
            False, grade id or False, number], ``required`` and ``capacity`` (contacts a
            month), ``people``, ``working_days`` (of all of them), ``month`` (first day),
            ``floor_days``, ``below_floor``: ids of grades contacted less often than the
            procedure demands for everybody
        """
        self.ensure_one()
        self._check_power(self._power_submit, self.env._("compute"))
        rules = self._current_rules()
        scoring = self._scoring(rules)
        self._check_currencies(scoring)
        return self._prepare_figures(scoring.moves(), rules)

    def _refresh_figures(self):
        """The figures again, after somebody decided otherwise in a line."""
        for grading in self.filtered("figures"):
            # sudo: the figures are the run's own books; its draft was checked to be open
            grading.sudo().figures = grading._prepare_figures(grading.figures["computed"], grading.rules)

    def _prepare_figures(self, computed, rules):
        """:param computed: list of (grade id now, computed grade id, number of customers)
        :return: see ``what_if``; ``computed`` is kept in it, for when a line is overridden
        """
        computed = sorted(computed, key=_by_grades)  # PostgreSQL gives groups in any order
        moves = sorted(self._with_overrides(computed), key=_by_grades)
        rank = {grade["id"]: n for n, grade in enumerate(rules["grades"])}
        now, then = {}, {}
        counts = {"up": 0, "down": 0, "new": 0}
        for old, new, count in moves:
            now[old] = now.get(old, 0) + count
            then[new] = then.get(new, 0) + count
            if old != new:
                counts[_direction(rank, old, new)] += count
        figures = {
            "customers": sum(now.values()),
            **counts,
            "computed": [[old or None, new or None, count] for old, new, count in computed],
            "moves": [[old or False, new or False, count] for old, new, count in moves],
            "grades": [_grade_figures(grade, now, then) for grade in rules["grades"]],
            "ungraded_now": sum(count for grade, count in now.items() if grade not in rank),
            "ungraded_then": then.get(None, 0),
        }
        floor = self._limit("contact_floor")
        return {
            **figures,
            **self._capacity(),
            "required": sum(grade["contacts_then"] for grade in figures["grades"]),
            "floor_days": round(floor),
            "below_floor": [g["id"] for g in rules["grades"] if g["contact_interval_days"] > floor],
        }

    def _with_overrides(self, computed):
        """Moves as they will be: overridden customers counted where they were put."""
        counts = {(old, new): count for old, new, count in computed}
        overridden = self.env["crm.procedure.grading.line"].search_fetch(
            [("grading_id", "=", self.id), ("override_reason", "!=", False)],
            ["previous_grade_id", "computed_grade_id", "grade_id"],
        )
        for line in overridden:
            old = line.previous_grade_id.id or None
            for grade, step in ((line.computed_grade_id, -1), (line.grade_id, 1)):
                key = old, grade.id or None
                counts[key] = counts.get(key, 0) + step
        return [(old, new, count) for (old, new), count in counts.items() if count]

    def _capacity(self):
        """Contacts that the staff of the chosen teams can make in the month after the run."""
        month = self.date + relativedelta(months=1, day=1)
        people = self.team_ids.sudo()._people()  # how many people a team has is no secret
        days = sum(self._working_days(user, month) for user in people)
        return {
            "month": fields.Date.to_string(month),
            "people": len(people),
            "working_days": days,
            "per_day": round(self._limit("contacts_per_day"), 1),
            "capacity": round(days * self._limit("contacts_per_day")),
        }

    def _working_days(self, user, month):
        """Days in the month on which a person works, holidays and leaves taken off."""
        resource = user.resource_ids.filtered(lambda r: r.company_id == self.company_id)[:1]
        last = month + relativedelta(months=1, days=-1)
        return len(self.company_id._procedure_work_ends(month, last, resource))

    # ------------------------------------------------------------
    # TOOLS
    # ------------------------------------------------------------

    def _figures_values(self):
        """:return: values of the template that shows the figures"""
        self.ensure_one()
        figures = self.figures
        grades = self.env["crm.procedure.grade"].with_context(active_test=False).search([])
        biggest = max([1] + [max(row["now"], row["then"]) for row in figures["grades"]])

        def badge(grade_id):
            return grades.filtered(lambda grade: grade.id == grade_id)._badge()

        return {
            "figures": figures,
            "badge": badge,
            "color": {grade.id: grade.color for grade in grades},
            "share": lambda count: round(100 * count / biggest, 1),
            "rows": [row for row in figures["moves"] if row[0] != row[1]],
            "contacts": self._contacts_sentence(),
            "warnings": self._warnings(badge),
        }

    def _contacts_sentence(self):
        figures = self.figures
        month = fields.Date.to_date(figures["month"])
        bold = Markup("<b>%s</b>")
        return self.env._(
            "%(required)s contacts a month are required by the intervals of the grades; the staff can make "
            "%(capacity)s in %(month)s (%(people)s people, %(days)s working days in all, %(per_day)s contacts a day).",
            required=bold % figures["required"],
            capacity=bold % figures["capacity"],
            month=period_name(self.env, month, MONTH),
            people=figures["people"],
            days=figures["working_days"],
            per_day=f"{figures['per_day']:g}",
        )

    def _warnings(self, badge):
        """:return: list of sentences that say why the written rule cannot be met"""
        figures, warnings = self.figures, []
        missing = figures["required"] - figures["capacity"]
        if not figures["people"]:
            warnings.append(
                self.env._(
                    "No team is chosen whose people make the contacts. Choose one under Teams that make the "
                    "contacts, then compute again."
                )
            )
        elif missing > 0:
            warnings.append(
                self.env._(
                    "The written rule cannot be met: %(missing)s contacts a month too many. Lengthen the interval "
                    "of a grade, raise the score it begins at, or add people to the teams that make the contacts.",
                    missing=missing,
                )
            )
        if figures["below_floor"]:
            warnings.append(
                self.env._(
                    "The written rule cannot be met: everybody is to be contacted at least every %(days)s days, but "
                    "the interval is longer for %(grades)s.",
                    days=figures["floor_days"],
                    grades=Markup(" ").join(badge(grade_id) for grade_id in figures["below_floor"]),
                )
            )
        return warnings


def _by_grades(row):
    """Sort key of (grade id now, grade id then, number); None comes first."""
    return row[0] or 0, row[1] or 0


def _direction(rank, old, new):
    if new is None:
        return "down"
    if old not in rank:
        return "new"
    return "up" if rank[new] < rank[old] else "down"


def _grade_figures(grade, now, then):
    per_month = DAYS_PER_MONTH / grade["contact_interval_days"]
    before, after = now.get(grade["id"], 0), then.get(grade["id"], 0)
    return {
        "id": grade["id"],
        "now": before,
        "then": after,
        "contacts_now": round(before * per_month),
        "contacts_then": round(after * per_month),
    }
