from odoo import models
from odoo.exceptions import UserError
from odoo.tools import format_date, formatLang, html2plaintext

from .sheets import Sheets
from .workbook import Column

MOST_COMMENTS = 300  # on paper; the workbook has them all


class SurveyReport(models.AbstractModel):
    """《客户满意度调查报告》 on paper: how it was asked, the figures, the words, what follows (Q4, Q5)."""

    _name = "report.crm_procedure.survey_report"
    _description = "Satisfaction Survey Report"
    _inherit = ["crm.procedure.printed.form"]

    _code = "survey_report"
    _model = "crm.procedure.campaign"

    def _title(self):
        return self.env._("Satisfaction Survey Report")

    def _signed(self, record):
        return (
            (record.user_id, record.analysed_on),
            (record.submitted_by_id, record.submitted_on),
            (record.approved_by_id, record.approved_on),
        )

    def _content(self, record):
        self._refuse_without_figures(record)
        comments = record.figures["comments"]
        return {
            "facts": self._facts(record),
            **record._figures_values(),
            "findings": record.findings,
            "actions": self._actions(record),
            "comments": [[group[0], group[1], group[2][:MOST_COMMENTS]] for group in comments],
            "is_long": any(len(group[2]) > MOST_COMMENTS for group in comments),
        }

    def _refuse_without_figures(self, record):
        if not record.figures:
            raise UserError(
                self.env._(
                    "%(campaign)s has no figures yet: its report is made when the survey is ended and analysed.",
                    campaign=record.display_name,
                )
            )

    def _facts(self, record):
        """:return: list of (label, text): method of the survey, as an auditor asks for it (ISO 9001 9.1.2)"""
        counts, sample = record.figures["counts"], record.sample or {}

        def number(*outcomes):
            return formatLang(self.env, sum(counts.get(outcome, 0) for outcome in outcomes), digits=0)

        rows = [
            (self.env._("Survey"), record.display_name),
            (self.env._("Questionnaire"), record.survey_id.sudo().title),  # named as on the form
            (
                self.env._("Takes place"),
                f"{format_date(self.env, record.date_from)} – {format_date(self.env, record.date_to)}",
            ),
            (self.env._("State"), record._state_label()),
        ]
        if sample:
            rows += [
                (self.env._("Customers in the population"), formatLang(self.env, sample["population"], digits=0)),
                (
                    self.env._("Sample"),
                    self.env._(
                        "%(drawn)s drawn at random within each grade, by the number %(seed)s",
                        drawn=sample["drawn"],
                        seed=sample["seed"],
                    ),
                ),
            ]
        rows += [
            (
                self.env._("Asked"),
                number("invited", "failed", "bounced", "refused", "blank", "answered", "late"),
            ),
            (self.env._("Answered"), number("answered")),
            (self.env._("Mail failed or came back"), number("failed", "bounced")),
        ]
        return rows

    def _actions(self, record):
        labels = [self.env._("Number"), self.env._("What is to be done"), self.env._("Owner")]
        labels += [self.env._("Due on"), self.env._("State")]
        lines = [
            [
                action.name,
                action.subject,
                action.user_id.name or action.team_id.name or "",
                self._day(action.deadline),
                action._state_label(),
            ]
            for action in record.action_ids.sudo()  # they are part of the report, whoever owns them
        ]
        return {"labels": labels, "lines": lines}


class SurveyReportWorkbook(models.AbstractModel):
    """The same report as a workbook with native charts: figures, grades, words, actions."""

    _name = "crm.procedure.workbook.survey_report"
    _description = "Satisfaction Survey Report as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "survey_report"
    _model = "crm.procedure.campaign"

    def _title(self):
        return self.env._("Satisfaction Survey Report")

    def _company(self, records):
        return records.company_id

    def _procedure(self, records):
        return records.procedure_id

    def _lines(self, records):
        return [f"{records.display_name}, {records._state_label()}"]

    def _write(self, target, records, rows=None):
        """:return: number of rows written"""
        if len(records) != 1:
            raise UserError(self.env._("A report is about one survey. Choose one."))
        report = self.env["report.crm_procedure.survey_report"]
        report._refuse_without_figures(records)
        identity = self._identity(self._code, self._title(), records.company_id, records.procedure_id)
        with Sheets(target, self._head(identity, records)) as book:
            self._write_survey(book, records, report)
            self._write_figures(book, records)
            self._write_grades(book, records)
            self._write_comments(book, records)
        return book.count

    def _write_survey(self, book, record, report):
        sheet = book.add(self.env._("Survey"))
        sheet.table(
            [Column(self.env._("Survey"), width=30), Column(self.env._("Details"), width=46)], report._facts(record)
        )
        sheet.heading(self.env._("Findings"))
        sheet.text(html2plaintext(record.findings or "") or "–")
        actions = report._actions(record)
        sheet.heading(self.env._("Improvement Actions"))
        sheet.table([Column(label) for label in actions["labels"]], actions["lines"])

    def _write_figures(self, book, record):
        sheet = book.add(self.env._("Figures"))
        columns = [
            Column(self.env._("Figure"), width=30),
            Column(self.env._("Value"), "number"),
            Column(self.env._("At least"), "number"),
            Column(self.env._("At most"), "number"),
            Column(self.env._("Answers"), "integer"),
            Column(self.env._("Customers"), "integer"),
            Column(self.env._("Before"), "number"),
            Column(self.env._("Against last time"), width=24),
            Column(self.env._("Figure as text"), width=30),
        ]
        figures = record.figure_ids.filtered(lambda f: not f.is_grade)
        table = sheet.table(columns, [self._figure_row(figure) for figure in figures])
        shown = [(n, f) for n, f in enumerate(figures) if f.status == "ok" and f.kind == "csat"]
        if shown:
            first, last = table.first + shown[0][0], table.first + shown[-1][0]
            chart = self._interval_chart(book, sheet, table, first, last, [figure for _n, figure in shown])
            sheet.place(chart, self.env._("Satisfied customers (%), with the range they lie in 95 times of 100"))

    def _figure_row(self, figure):
        is_shown = figure.status == "ok"
        return [
            figure._label(),
            *([figure.value, figure.low, figure.high] if is_shown else [None] * 3),
            figure.answers,
            figure.population,
            figure.previous if figure.change != "unknown" else None,
            figure.change_text,
            figure.text,
        ]

    def _interval_chart(self, book, sheet, table, first, last, figures):
        """Bars with their intervals as error bars; rows in between without a figure stay empty."""
        series = table.series(
            0,
            1,
            first,
            last,
            data_labels={"value": True, "num_format": "0.0", "position": "inside_base"},
            y_error_bars={
                "type": "custom",
                "plus_values": [figure.high - figure.value for figure in figures],
                "minus_values": [figure.value - figure.low for figure in figures],
            },
        )
        chart = book.chart("column", series)
        chart.set_y_axis({"min": 0, "max": 100, "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
        return chart

    def _write_grades(self, book, record):
        sheet = book.add(self.env._("By grade"))
        columns = [
            Column(self.env._("Grade"), width=20),
            Column(self.env._("Customers"), "integer"),
            Column(self.env._("Asked"), "integer"),
            Column(self.env._("Answered"), "integer"),
            Column(self.env._("Satisfied (%)"), "number"),
            Column(self.env._("Net promoter score"), "number"),
            Column(self.env._("Satisfied customers"), width=30),
        ]
        rows = []
        for row in record._grade_table():
            csat, net = row["figures"].get("csat"), row["figures"].get("nps")
            rows.append(
                [
                    row["name"],
                    row["population"],
                    row["asked"],
                    row["answered"],
                    csat.value if csat and csat.status == "ok" else None,
                    net.value if net and net.status == "ok" else None,
                    csat.text if csat else "",
                ]
            )
        table = sheet.table(columns, rows)
        chart = book.chart(
            "column",
            table.series(0, 2, fill={"color": "#BFBFBF"}),
            table.series(0, 3, fill={"color": "#5B9BD5"}),
        )
        sheet.place(chart, self.env._("Asked and answered by grade"))

    def _write_comments(self, book, record):
        sheet = book.add(self.env._("Comments"))
        labels = dict(self.env["survey.question"]._fields["procedure_dimension"]._description_selection(self.env))
        columns = [
            Column(self.env._("Dimension"), width=20),
            Column(self.env._("Question"), width=36),
            Column(self.env._("Grade"), width=12),
            Column(self.env._("Comment"), width=90),
        ]
        sheet.table(
            columns,
            [
                [labels.get(dimension) or self.env._("General"), question, comment["grade"], comment["text"]]
                for dimension, question, comments in record.figures["comments"]
                for comment in comments
            ],
            with_filter=True,
        )
