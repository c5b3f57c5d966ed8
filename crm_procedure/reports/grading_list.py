import itertools

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_date

from ..tools.scoring import MEASURES
from .workbook import Column

FETCH = 2000  # rows read at once
_numbers = itertools.count()


class GradingListWorkbook(models.AbstractModel):
    """The 《客户分级清单》: every customer in scope with grade, score and measures, not only who moves.

    A customer with a line stands with the line's frozen figures. The others kept their
    grade: their figures are measured when the list is made, by the rules frozen on the run
    and as of its day. Who became a customer after the computing is not on it.
    """

    _name = "crm.procedure.workbook.grading_list"
    _description = "Grading List as a Workbook"
    _inherit = ["crm.procedure.workbook"]

    _code = "grading_list"
    _model = "crm.procedure.grading"

    def _title(self):
        return self.env._("Customer Grading List")

    def _company(self, records):
        return records.company_id

    def _procedure(self, records):
        return records.procedure_id

    def _lines(self, records):
        grading = records
        return [
            self.env._(
                "%(grading)s, orders up to %(date)s, state: %(state)s",
                grading=grading.name,
                date=format_date(self.env, grading.date),
                state=grading._state_label(),
            ),
            "    ".join(f"{label}: {name or '–'} {day}".rstrip() for label, name, day in self._signatures(grading)),
            self.env._(
                "Who moves stands with the figures of the computing; the others with those of the "
                "day this list was made."
            ),
        ]

    def _columns(self, records):
        label = self._labels()
        currency = records.company_id.currency_id.name
        return [
            Column(self.env._("Customer"), width=36),
            Column(self.env["res.partner"]._fields["ref"]._description_string(self.env)),
            Column(label["previous_grade_id"], width=14),
            Column(label["grade_id"], width=14),
            Column(label["computed_grade_id"], width=14),
            Column(label["move"], width=12),
            Column(label["score"], "number"),
            Column(f"{label['sales_amount']} ({currency})", "money"),
            Column(label["order_count"], "integer"),
            Column(label["recency"], "integer"),
            Column(label["potential"], "integer"),
            Column(label["standing"], width=12),
            Column(label["credit"], width=12),
            Column(label["override_reason"], width=36),
            Column(label["override_user_id"]),
            Column(label["skip_reason"]),
        ]

    def _labels(self):
        fields = self.env["crm.procedure.grading.line"]._fields
        return {name: field._description_string(self.env) for name, field in fields.items()}

    @api.model
    def _export(self, target, records):
        records.check_access("read")
        for grading in records:
            if not grading.computed_on:
                raise UserError(
                    self.env._("%(grading)s is not computed yet. Press Compute first.", grading=grading.name)
                )
        if len(records) != 1:
            raise UserError(self.env._("A grading list is one workbook. Choose one grading."))
        return super()._export(target, records)

    def _filename(self, records):
        return f"{records.name} {super()._filename(records)}"

    # ------------------------------------------------------------
    # Rows
    # ------------------------------------------------------------

    def _rows(self, records):
        for row in self._raw_rows(records):
            yield row[1:]

    @api.model
    def _raw_rows(self, grading, after=0, limit=None, only_lines=False):
        """:param after: id of the last customer on the part before
        :param limit: customers on this part
        :param only_lines: leave out those who neither move nor are overridden
        :return: iterator over rows, best grade and score first: id of the customer, then
            a value per column
        """
        self.env["crm.procedure.grading.line"].check_access("read")
        query = self._query(grading, after, limit, only_lines)
        label = self._label_of
        grades = {grade.id: grade.name for grade in self._all("crm.procedure.grade")}
        moves, skips = label("move"), label("skip_reason")
        standings, credits = label("standing"), label("credit")
        users = {}
        for row in self._stream(query):
            (partner, name, ref, previous, grade, computed, move, score, *figures, reason, user, skip) = row
            amount, orders, recency, potential, standing, credit = figures
            if user and user not in users:
                users[user] = self.env["res.users"].sudo().browse(user).name  # who decided is shown on the line
            yield [
                partner,
                name,
                ref,
                grades.get(previous),
                grades.get(grade),
                grades.get(computed),
                moves.get(move),
                score,
                amount,
                orders,
                recency if orders else None,
                potential,
                standings.get(standing),
                credits.get(credit),
                reason,
                users.get(user),
                skips.get(skip),
            ]

    def _all(self, model):
        return self.env[model].sudo().with_context(active_test=False).search([])  # names of grades are no secret

    def _label_of(self, name):
        return dict(self.env["crm.procedure.grading.line"]._fields[name]._description_selection(self.env))

    def _stream(self, query):
        """Rows of a query without having them all in memory: a cursor in the database."""
        cr = self.env.cr
        name = SQL.identifier(f"crm_procedure_rows_{next(_numbers)}")
        cr.execute(SQL("DECLARE %s NO SCROLL CURSOR FOR %s", name, query))
        while True:
            cr.execute(SQL("FETCH %s FROM %s", FETCH, name))
            rows = cr.fetchall()
            yield from rows
            if len(rows) < FETCH:
                break
        cr.execute(SQL("CLOSE %s", name))

    def _query(self, grading, after, limit, only_lines):
        """One row per customer on the list.

        A later list may have been applied since: what a customer held under this one is then
        the grade before on the first later line.
        """
        columns = SQL(", ").join(
            SQL("CASE WHEN l.id IS NULL THEN g.%(name)s ELSE l.%(name)s END AS %(name)s", name=SQL.identifier(name))
            for name in MEASURES
        )
        rows = SQL(
            """
            SELECT COALESCE(l.partner_id, g.partner_id) AS partner_id,
                   CASE WHEN l.id IS NULL THEN held.grade_id ELSE l.previous_grade_id END AS previous_grade_id,
                   CASE WHEN l.id IS NULL THEN held.grade_id ELSE l.grade_id END AS grade_id,
                   CASE WHEN l.id IS NULL THEN g.grade_id ELSE l.computed_grade_id END AS computed_grade_id,
                   COALESCE(l.move, 'same') AS move,
                   CASE WHEN l.id IS NULL THEN g.score ELSE l.score END AS score,
                   %(columns)s, l.override_reason, l.override_user_id, l.skip_reason,
                   l.id IS NOT NULL AS has_line
            FROM (%(graded)s) g
            FULL JOIN (SELECT * FROM crm_procedure_grading_line WHERE grading_id = %(grading)s) l
                ON l.partner_id = g.partner_id
            LEFT JOIN (%(later)s) n ON n.partner_id = g.partner_id
            CROSS JOIN LATERAL (
                SELECT CASE WHEN n.partner_id IS NULL THEN g.previous_grade_id ELSE n.previous_grade_id END AS grade_id
            ) held
            """,
            columns=columns,
            graded=grading._scoring().all_customers(),
            grading=grading.id,
            later=self._later_lines(grading),
        )
        return SQL(
            """
            SELECT part.partner_id, part.name, part.ref, part.previous_grade_id, part.grade_id,
                   part.computed_grade_id, part.move, part.score, %(measures)s,
                   part.override_reason, part.override_user_id, part.skip_reason
            FROM (
                SELECT r.*, COALESCE(p.complete_name, p.name) AS name, p.ref
                FROM (%(rows)s) r JOIN res_partner p ON p.id = r.partner_id
                WHERE r.partner_id > %(after)s AND %(visible)s
                  AND (r.has_line OR NOT %(only_lines)s)
                  AND (r.has_line OR r.grade_id IS NOT NULL
                       OR (r.computed_grade_id IS NULL AND p.create_date <= %(computed_on)s))
                ORDER BY r.partner_id FETCH FIRST %(limit)s ROWS WITH TIES
            ) part
            LEFT JOIN crm_procedure_grade grade ON grade.id = part.grade_id
            ORDER BY grade.sequence NULLS LAST, grade.id, part.score DESC NULLS LAST, part.name, part.partner_id
            """,
            measures=SQL(", ").join(SQL("part.%s", SQL.identifier(name)) for name in MEASURES),
            rows=rows,
            after=after,
            only_lines=only_lines,
            visible=self._visible(),
            computed_on=grading.computed_on,
            limit=limit or 2**31,
        )

    def _later_lines(self, grading):
        """:return: SQL: partner_id, previous_grade_id of the first line signed after this list"""
        if grading.state != "approved":
            return SQL("SELECT NULL::int AS partner_id, NULL::int AS previous_grade_id WHERE FALSE")
        return SQL(
            """
            SELECT DISTINCT ON (l.partner_id) l.partner_id, l.previous_grade_id
            FROM crm_procedure_grading o JOIN crm_procedure_grading_line l ON l.grading_id = o.id
            WHERE o.company_id = %s AND o.state = 'approved' AND (o.approved_on, o.id) > (%s, %s)
              AND l.skip_reason IS NULL
            ORDER BY l.partner_id, o.approved_on, o.id
            """,
            grading.company_id.id,
            grading.approved_on,
            grading.id,
        )

    def _visible(self):
        """:return: SQL condition: the customers whom the user may see; all, for the system"""
        query = self.env["res.partner"].with_context(active_test=False)._search([])
        return SQL("r.partner_id IN %s", query.subselect()) if query.where_clause else SQL("TRUE")
