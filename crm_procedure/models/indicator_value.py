from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, formatLang

from ..tools import indicators

KEY = ("indicator_id", "company_id", "date")
KEPT = ("date_from", "date_to", "population", "conforming", "value", "target", "direction", "state", "reason")


def shown(env, value, measure):
    """:return: a figure as people write it: 93.5 % of a share, 4 of a count"""
    figure = formatLang(env, value, digits=0 if value == int(value) else 1)
    return f"{figure} %" if measure == indicators.SHARE else figure


class ProcedureIndicatorValue(models.Model):
    """What an indicator said on a day, for a company: evidence, which nobody writes by hand.

    Today's is replaced when it is counted again; those of the days before stay as they are.
    Rows are made by one SQL statement, hence no log columns.
    """

    _name = "crm.procedure.indicator.value"
    _description = "Indicator Value"
    _order = "date desc, id desc"
    _rec_name = "indicator_id"
    _log_access = False

    indicator_id = fields.Many2one("crm.procedure.indicator", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    clause = fields.Char(related="indicator_id.clause", store=False)
    measure = fields.Selection(related="indicator_id.measure", store=False)
    date = fields.Date(required=True, readonly=True)
    date_from = fields.Date(string="From", readonly=True, help="First day of the period that was looked at.")
    date_to = fields.Date(string="Until", readonly=True)
    population = fields.Integer(string="Records that count", readonly=True, aggregator="avg")
    conforming = fields.Integer(readonly=True, aggregator="avg")
    value = fields.Float(
        readonly=True,
        digits=(16, 1),
        aggregator="avg",
        help="Per cent of a share, or the number of records. Without data it says nothing.",
    )
    target = fields.Float(readonly=True, digits=(16, 1), aggregator="avg", help="As it was on that day.")
    direction = fields.Selection(
        [(indicators.UP, "At least"), (indicators.DOWN, "At most")], string="Target is reached from", readonly=True
    )
    state = fields.Selection(indicators.STATES, required=True, readonly=True)
    reason = fields.Text(string="Why it cannot be measured", readonly=True)
    computed_on = fields.Datetime(string="Counted on", readonly=True)

    _day_uniq = models.Constraint(
        "UNIQUE (indicator_id, company_id, date)", "An indicator has one value a day in a company."
    )

    value_shown = fields.Char(string="Value in words", compute="_compute_shown")
    target_shown = fields.Char(string="Target in words", compute="_compute_shown")

    @api.depends("value", "target", "state", "direction", "indicator_id.measure")
    def _compute_shown(self):
        for row in self:
            sign = "≤" if row.direction == indicators.DOWN else "≥"
            row.value_shown = row.state in indicators.MEASURED and shown(self.env, row.value, row.measure)
            row.target_shown = f"{sign} {shown(self.env, row.target, row.measure)}"

    @api.depends("indicator_id", "date")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.indicator_id.name} {fields.Date.to_string(row.date) or ''}".strip()

    def _read_group_select(self, aggregate_spec, query):
        """Days without data do not count for an average."""
        if aggregate_spec == "value:avg":
            return SQL(
                "AVG(%s) FILTER (WHERE %s IN %s)",
                self._field_to_sql(self._table, "value", query),
                self._field_to_sql(self._table, "state", query),
                indicators.MEASURED,
            )
        return super()._read_group_select(aggregate_spec, query)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_never(self):
        raise UserError(self.env._("Values of indicators are evidence and cannot be deleted."))

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _keep(self, rows):
        """Store what was counted now; a row of the same day is replaced. sudo by SQL: the caller counted.

        :param list rows: dicts of indicator_id, company_id, date and ``KEPT``
        """
        if not rows:
            return
        columns = [*KEY, *KEPT, "computed_on"]
        now = fields.Datetime.now()
        self.env.flush_all()  # an indicator may be as new as its first value
        self.env.execute_query(
            SQL(
                "INSERT INTO %s (%s) VALUES %s ON CONFLICT (%s) DO UPDATE SET %s RETURNING id",
                SQL.identifier(self._table),
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(
                    SQL("%s", tuple(row.get(column) if column != "computed_on" else now for column in columns))
                    for row in rows
                ),
                SQL(", ").join(map(SQL.identifier, KEY)),
                SQL(", ").join(
                    SQL("%s = EXCLUDED.%s", SQL.identifier(column), SQL.identifier(column))
                    for column in (*KEPT, "computed_on")
                ),
            )
        )
        self.invalidate_model()

    @api.model
    def _latest(self, wanted, company, day=None):
        """:param wanted: indicators
        :param date day: the last one that counts (any)
        :return: {indicator id: its latest value for ``company``}, in two queries
        """
        if not wanted.ids or not company:
            return {}
        ids = self.env.execute_query(
            SQL(
                """
                SELECT latest.id FROM unnest(%(wanted)s) AS i(id)
                CROSS JOIN LATERAL (
                    SELECT id FROM crm_procedure_indicator_value v
                    WHERE v.indicator_id = i.id AND v.company_id = %(company)s AND %(until)s
                    ORDER BY date DESC LIMIT 1) latest
                """,
                wanted=wanted.ids,
                company=company.id,
                until=SQL("v.date <= %s", day) if day else SQL("TRUE"),
            )
        )
        rows = self.browse([row_id for [row_id] in ids])
        return {row.indicator_id.id: row for row in rows}
