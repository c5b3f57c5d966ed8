from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_date, formatLang

from .review_template import SOURCES


class ProcedureReviewTopic(models.Model):
    """The frozen figures that belong to a topic, as people read them."""

    _inherit = "crm.procedure.review.topic"

    figures_html = fields.Html(string="Figures shown", compute="_compute_figures_html", sanitize=False)

    @api.depends("source", "review_id.figures")
    @api.depends_context("lang")
    def _compute_figures_html(self):
        for topic in self:
            review = topic.review_id.sudo()  # whoever sees the topic sees its figures
            topic.figures_html = (
                topic.source
                and review.figures
                and self.env["ir.qweb"]._render(
                    "crm_procedure.review_figures", {"blocks": review._section_blocks(topic.source)}
                )
            )


class ProcedureReview(models.Model):
    """Frozen figures written out: one method a section of ``review_figures.py``."""

    _inherit = "crm.procedure.review"

    figures_html = fields.Html(string="All figures", compute="_compute_figures_html", sanitize=False)

    @api.depends("figures")
    @api.depends_context("lang")
    def _compute_figures_html(self):
        for review in self:
            review.figures_html = review.figures and self.env["ir.qweb"]._render(
                "crm_procedure.review_figures", {"blocks": review._all_blocks()}
            )

    def _all_blocks(self):
        """:return: the blocks of every section, in the order of the sections"""
        return [block for source, _label in SOURCES for block in self._section_blocks(source)]

    def _section_blocks(self, source):
        """:return: list of {caption, labels, lines, notes} in the reader's language: lines are lists of
        cells, each a text or {text, bar (0 to 100), tone, link}; a block without lines has its notes only
        """
        self.ensure_one()
        review = self.sudo()  # labels of choices only; the figures are read by whoever reads the review
        if source not in (review.figures or {}):
            return []
        return getattr(review, f"_shown_{source}")(review.figures[source])

    @api.model
    def _block(self, caption, labels, lines, *notes):
        return {"caption": caption, "labels": labels, "lines": lines, "notes": [note for note in notes if note]}

    @api.model
    def _nothing(self, caption):
        return self._block(caption, [], [], self.env._("No data in this period."))

    @api.model
    def _whole(self, number):
        return formatLang(self.env, number, digits=0)

    @api.model
    def _share(self, part, whole):
        """:return: per cent as text; “–” where there is nothing to be a part of"""
        return f"{formatLang(self.env, 100 * part / whole, digits=1)} %" if whole else "–"

    @api.model
    def _choice(self, model, field, key):
        return dict(self.env[model]._fields[field]._description_selection(self.env)).get(key, key or "")

    # ------------------------------------------------------------
    # Feedback
    # ------------------------------------------------------------

    def _shown_tickets(self, figures):
        title = self.env._("Feedback of customers")
        if not any(figures[name] for name in ("received", "answered", "closed", "unconfirmed", "cancelled", "open")):
            return [self._nothing(title)]
        before = figures["before"]
        rows = [
            (self.env._("Received"), "received"),
            (self.env._("Answered"), "answered"),
            (self.env._("Closed by the customer"), "closed"),
            (self.env._("Ended without confirmation"), "unconfirmed"),
            (self.env._("Open at the end"), "open"),
            (self.env._("Of these overdue"), "overdue"),
        ]
        lines = [[label, self._whole(figures[name]), self._whole(before[name])] for label, name in rows]
        lines.insert(
            2,
            [
                self.env._("Answered in time"),
                self._share(figures["in_time"], figures["answered"]),
                self._share(before["in_time"], before["answered"]),
            ],
        )
        lines.append([self.env._("Rating of the result (1 to 5)"), self._rating(figures), self._rating(before)])
        kinds = self.env._(", ").join(
            f"{label} {self._whole(figures['kinds'][kind])}"
            for kind, label in self.env["crm.procedure.ticket"]._fields["kind"]._description_selection(self.env)
            if figures["kinds"].get(kind)
        )
        labels = [self.env._("Figure"), self.env._("This period"), self.env._("Period before")]
        return [
            self._block(title, labels, lines, kinds and self.env._("Received by kind: %(kinds)s", kinds=kinds)),
            *self._shown_paretos(),
        ]

    def _rating(self, figures):
        if figures["rating"] is None:
            return self.env._("no data")
        return f"{formatLang(self.env, figures['rating'], digits=1)} ({self._whole(figures['ratings'])})"

    def _shown_paretos(self):
        titles = {
            "category": (self.env._("Pareto by category"), self.env._("Category")),
            "cause": (self.env._("Pareto by root cause"), self.env._("Root cause")),
        }
        return [self._shown_pareto(*titles[name], self.figures["pareto"][name]) for name in titles]

    def _shown_pareto(self, title, label, pareto):
        unknown = pareto["unknown"] and self.env._("%(count)s without an entry.", count=self._whole(pareto["unknown"]))
        if not pareto["rows"]:
            return self._block(title, [], [], unknown or self.env._("No data in this period."))
        most = pareto["rows"][0]["count"]
        lines = [
            [
                row["name"] if row["id"] else self.env._("The others"),
                {"text": self._whole(row["count"]), "bar": 100 * row["count"] / most},
                f"{formatLang(self.env, row['share'], digits=1)} %",
                f"{formatLang(self.env, row['together'], digits=1)} %",
            ]
            for row in pareto["rows"]
        ]
        labels = [label, self.env._("Count"), self.env._("Share"), self.env._("Together, %")]
        return self._block(title, labels, lines, unknown)

    # ------------------------------------------------------------
    # Care
    # ------------------------------------------------------------

    def _shown_plans(self, figures):
        title = self.env._("Contacts of the care plans")
        if not figures["planned"]:
            return [self._nothing(title)]
        labels = [
            self.env._("Grade"),
            self.env._("Planned"),
            self.env._("Done"),
            self.env._("On time"),
            self.env._("Cancelled"),
            self.env._("Still open"),
            self.env._("Done, %"),
        ]
        rows = figures["grades"]
        if len(rows) > 1:
            rows = [*rows, {**figures, "grade": self.env._("Together")}]
        return [self._block(title, labels, [self._plan_line(row) for row in rows])]

    def _plan_line(self, row):
        numbers = [self._whole(row[name]) for name in ("planned", "done", "on_time", "cancelled", "open")]
        share = 100 * row["done"] / row["planned"]
        return [
            row["grade"] or self.env._("Without a grade"),
            *numbers,
            {"text": self._share(row["done"], row["planned"]), "bar": share},
        ]

    def _shown_costs(self, figures):
        title = self.env._("Costs of care (%(currency)s)", currency=figures["currency"])
        before = self.env._("Period before: %(amount)s", amount=formatLang(self.env, figures["before"], digits=2))
        if not figures["contacts"]:
            return [self._block(title, [], [], self.env._("No data in this period."), before)]
        lines = [
            [
                self._choice("crm.procedure.communication", "kind", row["kind"]),
                self._whole(row["contacts"]),
                formatLang(self.env, row["cost"], digits=2),
            ]
            for row in figures["kinds"]
        ]
        total = formatLang(self.env, figures["total"], digits=2)
        lines.append([self.env._("Together"), self._whole(figures["contacts"]), total])
        labels = [self.env._("Kind"), self.env._("Contacts"), self.env._("Cost")]
        return [self._block(title, labels, lines, before)]

    # ------------------------------------------------------------
    # Surveys, indicators
    # ------------------------------------------------------------

    def _shown_surveys(self, figures):
        if not figures:
            return [self._nothing(self.env._("Satisfaction"))]
        return [self._shown_survey(survey) for survey in figures]

    def _shown_survey(self, survey):
        state = self._choice("crm.procedure.campaign", "state", survey["state"])
        title = f"{survey['name']} ({state})"
        if not survey["figures"]:
            return self._block(title, [], [], self.env._("Not analysed yet: its figures come with its report."))
        labels = [
            self.env._("Figure"),
            self.env._("Value"),
            self.env._("At least"),
            self.env._("At most"),
            self.env._("Answers"),
            self.env._("Against last time"),
        ]
        return self._block(title, labels, [self._survey_line(row) for row in survey["figures"]])

    def _survey_line(self, row):
        model = "crm.procedure.campaign.figure"
        unit = "" if row["kind"] == "nps" else " %"
        values = [
            "–" if row[name] is None else f"{formatLang(self.env, row[name], digits=1)}{unit}"
            for name in ("value", "low", "high")
        ]
        if row["status"] != "ok":
            values[0] = self._choice(model, "status", row["status"])
        change = self._choice(model, "change", row["change"]) if row["change"] != "unknown" else ""
        return [self._choice(model, "kind", row["kind"]), *values, self._whole(row["answers"]), change]

    def _shown_indicators(self, figures):
        title = self.env._("Indicators")
        counted = [row for row in figures if row["state"] != "no_data"]
        if not counted:
            return [self._nothing(title)]
        labels = [
            self.env._("Clause"),
            self.env._("Indicator"),
            self.env._("Value"),
            self.env._("Target"),
            self.env._("Period before"),
            self.env._("State"),
        ]
        lines = [self._indicator_line(row) for row in figures]
        missed = sum(row["state"] == "missed" for row in counted)
        note = self.env._("%(missed)s of %(count)s are missed.", missed=missed, count=len(counted))
        return [self._block(title, labels, lines, note)]

    def _indicator_line(self, row):
        tones = {"met": "success", "missed": "danger", "broken": "warning"}
        states = {
            "met": self.env._("met"),
            "missed": self.env._("missed"),
            "no_data": self.env._("no data"),
            "broken": self.env._("cannot be computed"),
        }
        target = self._indicator_value(row, row["target"])
        return [
            row["clause"] or "–",
            row["name"],
            self._indicator_value(row, row["value"]),
            f"{'≥' if row['direction'] == 'up' else '≤'} {target}",
            self._indicator_value(row, row["previous"]),
            {"text": states.get(row["state"], row["state"]), "tone": tones.get(row["state"], "muted")},
        ]

    def _indicator_value(self, row, value):
        if value is None or value is False:
            return "–"
        if row["measure"] == "share":
            return f"{formatLang(self.env, value, digits=1)} %"
        return formatLang(self.env, value, digits=0 if float(value).is_integer() else 1)

    # ------------------------------------------------------------
    # Actions, procedure
    # ------------------------------------------------------------

    def _shown_actions(self, figures):
        title = self.env._("Open actions of the last reviews")
        numbers = [
            (self.env._("Open, of all origins"), "open"),
            (self.env._("Of these overdue"), "overdue"),
            (self.env._("Done, effect to be checked"), "to_check"),
            (self.env._("Done in this period"), "done"),
            (self.env._("Found effective in this period"), "effective"),
            (self.env._("Found without effect in this period"), "ineffective"),
        ]
        whole = self._block(
            self.env._("Corrective, preventive and improvement actions"),
            [self.env._("Figure"), self.env._("Count")],
            [[label, self._whole(figures[name])] for label, name in numbers],
        )
        if not figures["rows"]:
            return [self._block(title, [], [], self.env._("None is open.")), whole]
        labels = [
            self.env._("Number"),
            self.env._("What is to be done"),
            self.env._("Owner"),
            self.env._("Due on"),
            self.env._("State"),
            self.env._("Review"),
        ]
        more = figures["of_reviews"] - len(figures["rows"])
        note = self.env._("and %(count)s more", count=more) if more else ""
        return [self._block(title, labels, [self._action_line(row) for row in figures["rows"]], note), whole]

    def _action_line(self, row):
        state = self._choice("crm.procedure.action", "state", row["state"])
        day = format_date(self.env, row["deadline"]) if row["deadline"] else "–"
        late = row["is_overdue"]
        link = Markup('<a href="/odoo/procedure-actions/%s">%s</a>') % (row["id"], row["name"])
        return [
            {"text": row["name"], "link": link},
            row["subject"],
            row["owner"],
            {"text": day, "tone": "danger"} if late else day,
            {"text": self.env._("Overdue"), "tone": "danger"} if late else state,
            {"text": row["review"] or "", "tone": "nowrap"},
        ]

    def _shown_procedure(self, figures):
        title = self.env._("Procedure in force")
        if not figures["version"]:
            return [self._nothing(title)]
        rules = [
            [self.env._("Version"), figures["version"]],
            [self.env._("In force since"), format_date(self.env, figures["since"])],
            [self.env._("Limits from the documents"), self._whole(figures["document"])],
            [self.env._("Limits of our choice"), self._whole(figures["own"])],
        ]
        blocks = [self._block(title, [self.env._("Figure"), self.env._("Value")], rules)]
        blocks += [self._shown_version(version) for version in figures["versions"]]
        if not figures["versions"]:
            blocks[0]["notes"].append(self.env._("No new version took effect in this period."))
        return blocks

    def _shown_version(self, version):
        title = self.env._(
            "New: %(version)s, in force since %(date)s",
            version=version["version"],
            date=format_date(self.env, version["since"]),
        )
        labels = [self.env._("Limit"), self.env._("Before"), self.env._("Now")]
        lines = [
            [
                self._choice("crm.procedure.limit", "code", row["code"]),
                *(
                    f"{row[name]:g} {self._choice('crm.procedure.limit', 'unit', row['unit'])}"
                    for name in ("before", "after")
                ),
            ]
            for row in version["limits"]
        ]
        return self._block(title, labels if lines else [], lines, version["note"])
