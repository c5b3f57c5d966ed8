from odoo import models
from odoo.tools import format_date

from .figure_workbook import AXIS, BLUE
from .workbook import Column


class SurveyFigureWorkbook(models.AbstractModel):
    """The overall figures of surveys beside each other, with the range they lie in (Q4, A4)."""

    _name = "crm.procedure.workbook.survey_figures"
    _description = "Survey Figures as a Workbook"
    _inherit = ["crm.procedure.figure.workbook"]

    _code = "survey_figures"
    _model = "crm.procedure.campaign"
    _place = 60
    _frozen = "surveys"

    def _title(self):
        return self.env._("Satisfaction Surveys")

    def _figures(self, records):
        return [
            {
                "name": survey.display_name,
                "kind": survey.kind,
                "state": survey.state,
                "from": survey.date_from,
                "to": survey.date_to,
                "figures": [
                    {
                        **{name: figure[name] for name in ("kind", "status", "answers", "change")},
                        **{name: figure[name] for name in ("value", "low", "high") if figure.status == "ok"},
                    }
                    for figure in survey.figure_ids
                    if not figure.is_grade and figure.dimension in ("overall", "recommendation")
                ],
            }
            for survey in records
        ]

    def _lay_out(self, book, sheet, figures, records):
        if not figures:
            sheet.text(self.env._("No data: no survey took place in this period."))
            return
        self._write_surveys(sheet, figures)
        rows = [self._row(survey, figure) for survey in figures for figure in survey.get("figures") or []]
        if not rows:
            sheet.text(self.env._("No data: none of these surveys has been analysed yet."))
            return
        columns = [
            Column(self.env._("Survey"), width=36),
            Column(self.env._("Figure"), width=24),
            Column(self.env._("Value"), "plain"),
            Column(self.env._("At least"), "number"),
            Column(self.env._("At most"), "number"),
            Column(self.env._("Answers"), "integer"),
            Column(self.env._("Against last time"), width=24),
        ]
        table = sheet.table(columns, rows)
        if any(isinstance(row[2], (int, float)) for row in rows):
            chart = book.chart("column", table.series(1, 2, fill={"color": BLUE}, data_labels={"value": True}))
            chart.set_y_axis({"major_gridlines": AXIS})
            sheet.place(chart, self.env._("Figures of the surveys"))
            sheet.skip(17)

    def _write_surveys(self, sheet, figures):
        kinds, states = self._choices(self._model, "kind"), self._choices(self._model, "state")
        columns = [
            Column(self.env._("Survey"), width=36),
            Column(self.env._("Kind"), width=24),
            Column(self.env._("State")),
            Column(self.env._("Takes place"), width=28),
        ]
        sheet.table(
            columns,
            [
                [
                    survey["name"],
                    kinds.get(survey["kind"]),
                    states.get(survey["state"]),
                    f"{format_date(self.env, survey['from'])} – {format_date(self.env, survey['to'])}",
                ]
                for survey in figures
            ],
        )

    def _row(self, survey, figure):
        model = "crm.procedure.campaign.figure"
        status = self._choices(model, "status")
        value = figure.get("value")
        return [
            survey["name"],
            self._choices(model, "kind").get(figure["kind"]),
            status.get(figure["status"]) if value is None else round(value, 1),
            figure.get("low"),
            figure.get("high"),
            figure["answers"],
            self._choices(model, "change").get(figure["change"]),
        ]
