from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import indicators

POINTS = 12  # of a trend, one a month
NO_EVIDENCE = "no_evidence"


class ProcedureIndicator(models.Model):
    """The clause board: every clause in force and what shows that it is followed (idea 1, A7).

    Reads stored values only; five queries, however many clauses and indicators there are.
    """

    _inherit = "crm.procedure.indicator"

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def get_board(self):
        """The board of the company that one works in.

        :return: dict of procedure ({id, name, number, version} or False), computed_on (text or False),
            may_refresh, and clauses: list of {number, name, roles, forms, state, indicators}; indicators of
            no clause come last, under an empty number; a value that is not known is False, for XML-RPC
            knows no None. States: met, missed, no_evidence of a clause;
            met, missed, no_data, broken of an indicator.
        :raise AccessError: for whoever has no role of the addon
        """
        self.check_access("read")
        company = self.env.company
        procedure = self.env["crm.procedure"]._in_force(company)
        wanted = self.search_fetch(
            [("company_id", "in", [company.id, False])],
            ["name", "clause", "target", "measure", "direction", "origin", "description", "period", "model_name"],
        )
        points = self._board_points(wanted, company)
        rows = [self._board_row(indicator, points.get(indicator.id, [])) for indicator in wanted]
        clauses = self._board_clauses(procedure)
        numbers = {clause["number"] for clause in clauses}
        for clause in clauses:
            clause["indicators"] = [row for row in rows if row["clause"] == clause["number"]]
        others = [row for row in rows if row["clause"] not in numbers]
        if others:
            name = self.env._("The procedure as a whole")
            clauses.append({"number": "", "name": name, "roles": [], "forms": [], "indicators": others})
        for clause in clauses:
            clause["state"] = self._clause_state([row["state"] for row in clause["indicators"]])
        computed = max((row["computed_on"] for row in rows if row["computed_on"]), default=False)
        for row in rows:
            del row["clause"], row["computed_on"]
        return {
            "procedure": bool(procedure)
            and {
                "id": procedure.id,
                "name": procedure.name,
                "number": procedure.number,
                "version": procedure.version,
            },
            "computed_on": fields.Datetime.to_string(computed) if computed else False,
            "may_refresh": self.env.user.has_procedure_power("indicator_refresh"),
            "clauses": clauses,
        }

    @api.model
    def _clause_state(self, states):
        """Missed when one is missed; met when at least one is met and all that can be said is said."""
        if indicators.MISSED in states:
            return indicators.MISSED
        if indicators.MET in states and indicators.BROKEN not in states:
            return indicators.MET
        return NO_EVIDENCE

    @api.model
    def _board_row(self, indicator, points):
        last = points[-1] if points else {}
        state = last.get("state", indicators.NO_DATA)
        return {
            "id": indicator.id,
            "name": indicator.name,
            "value": last["value"] if state in indicators.MEASURED else False,
            "population": last.get("population", 0),
            "conforming": last.get("conforming", 0),
            "target": indicator.target,
            "measure": indicator.measure,
            "direction": indicator.direction,
            "state": state,
            "origin": indicator.origin,
            "trend": [
                {"date": fields.Date.to_string(point["date"]), "value": point["value"]}
                for point in points
                if point["state"] in indicators.MEASURED
            ],
            "definition": last.get("reason") or indicator._definition(),
            "may_open": self._may_open(indicator.model_name),
            "clause": indicator.clause or "",
            "computed_on": last.get("computed_on"),
        }

    @api.model
    def _may_open(self, model_name):
        """:return: whether a figure's records are for this user at all; which of them, their rules say"""
        return model_name in self.env and self.env[model_name].has_access("read")

    def _definition(self):
        """:return: what is counted, in a sentence"""
        self.ensure_one()
        if self.description:
            return self.description
        labels = (self._fields[name]._description_selection(self.env) for name in ("measure", "period"))
        return "; ".join(dict(label)[self[name]] for label, name in zip(labels, ("measure", "period"), strict=True))

    @api.model
    def _board_points(self, wanted, company):
        """:return: {indicator id: list of the last values of its last months, oldest first}"""
        # UTC and a day more: one day too many looks at nothing, and the time zone need not be read
        first = fields.Date.start_of(fields.Date.add(fields.Date.today(), days=1), "month")
        self.env["crm.procedure.indicator.value"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT v.*
                FROM unnest(%(wanted)s::int[]) AS i(id)
                CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 month') AS m(month)
                CROSS JOIN LATERAL (
                    SELECT indicator_id, date, value, population, conforming, state, reason, computed_on
                    FROM crm_procedure_indicator_value
                    WHERE indicator_id = i.id AND company_id = %(company)s
                      AND date >= m.month AND date < m.month + interval '1 month'
                    ORDER BY date DESC LIMIT 1) v
                ORDER BY v.indicator_id, v.date
                """,
                wanted=wanted.ids,
                first=fields.Date.subtract(first, months=POINTS - 1),
                last=first,
                company=company.id,
            )
        )
        points = {}
        for row in self.env.cr.dictfetchall():
            points.setdefault(row["indicator_id"], []).append(row)
        return points

    @api.model
    def _board_clauses(self, procedure):
        """:return: list of dicts: number, name, names of the roles, forms; in one query

        sudo by SQL: the procedure is public in the company (ISO 9001 7.5.3).
        """
        if not procedure:
            return []
        for name in ("crm.procedure.clause", "crm.procedure.form", "res.groups"):
            self.env[name].flush_model()
        label = {
            alias: self.env[name].sudo()._field_to_sql(alias, "name")
            for alias, name in (("c", "crm.procedure.clause"), ("f", "crm.procedure.form"), ("g", "res.groups"))
        }
        clause = self.env["crm.procedure.clause"]._fields
        roles, forms = clause["role_ids"], clause["form_ids"]
        self.env.cr.execute(
            SQL(
                """
                SELECT c.number, %(clause)s AS name,
                    ARRAY(SELECT %(role)s FROM %(roles)s r JOIN res_groups g ON g.id = r.%(role_column)s
                        WHERE r.%(clause_of_role)s = c.id ORDER BY g.sequence, g.id) AS roles,
                    ARRAY(SELECT json_build_object('id', f.id, 'name', concat_ws(' ', f.number, %(form)s))
                        FROM %(forms)s r JOIN crm_procedure_form f ON f.id = r.%(form_column)s
                        WHERE r.%(clause_of_form)s = c.id ORDER BY f.number, f.id) AS forms
                FROM crm_procedure_clause c WHERE c.procedure_id = %(procedure)s ORDER BY c.sequence, c.id
                """,
                clause=label["c"],
                role=label["g"],
                form=label["f"],
                roles=SQL.identifier(roles.relation),
                role_column=SQL.identifier(roles.column2),
                clause_of_role=SQL.identifier(roles.column1),
                forms=SQL.identifier(forms.relation),
                form_column=SQL.identifier(forms.column2),
                clause_of_form=SQL.identifier(forms.column1),
                procedure=procedure.id,
            )
        )
        return self.env.cr.dictfetchall()
