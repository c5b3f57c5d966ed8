from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import format_date

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

    def _prepare_figures(self, moves, rules):
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
        grades = self.env["crm.procedure.grade"].with_context(active_test=False)
        names = {grade.id: grade for grade in grades.search([])}
        biggest = max([1] + [max(row["now"], row["then"]) for row in figures["grades"]])
        return {
            "grading": self,
            "figures": figures,
            "grades": names,
            "share": lambda count: round(100 * count / biggest, 1),
            "month": format_date(self.env, figures["month"], date_format="MMMM y"),
            "missing": max(0, figures["required"] - figures["capacity"]),
            "rows": [row for row in figures["moves"] if row[0] != row[1]],
        }


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
