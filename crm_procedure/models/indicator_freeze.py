from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import models
from odoo.tools import SQL

from ..tools import indicators

FRESH = 31  # days for which a value speaks for a day on which nothing was counted


class ProcedureIndicator(models.Model):
    """What the indicators said on a day, for reviews and the meeting pack (A4, A7)."""

    _inherit = "crm.procedure.indicator"

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _freeze(self, company, date_to):
        """Stored values only, so that what was reported once can be reported again.

        :param date_to: the last day of the period under review
        :return: list of dicts that can be written as JSON: id, code, name, clause, clause_name, origin,
            measure, value (None without data), population, conforming, target, direction, state,
            previous (the value a period before, or None); in five queries
        """
        company = company.sudo()  # names of clauses and the version in force are public in the company
        wanted = self or self.search([("company_id", "in", [company.id, False])])
        names = self._clause_names(company)
        rows = self._values_on(wanted, company, date_to)
        return [self._frozen(indicator, names, rows.get(indicator.id)) for indicator in wanted]

    def _frozen(self, indicator, names, row):
        row = row or {}
        state = row.get("state", indicators.NO_DATA)
        return {
            "id": indicator.id,
            "code": indicator.code,
            "name": indicator.name,
            "clause": indicator.clause or "",
            "clause_name": names.get(indicator.clause, ""),
            "origin": indicator.origin,
            "measure": indicator.measure,
            "value": row.get("value") if state in indicators.MEASURED else None,
            "population": row.get("population", 0),
            "conforming": row.get("conforming", 0),
            "target": row.get("target", indicator.target),
            "direction": row.get("direction", indicator.direction),
            "state": state,
            "previous": row.get("previous"),
        }

    def _clause_names(self, company):
        """:return: {number: activity} of the version in force"""
        clauses = self.env["crm.procedure"]._in_force(company).clause_ids
        return {clause.number: clause.name for clause in clauses}

    def _values_on(self, wanted, company, day):
        """:return: {indicator id: dict of its value on ``day`` and the ``previous`` one}"""
        if not wanted:
            return {}
        before = [day - self._gap(indicator, company) for indicator in wanted]
        self.env["crm.procedure.indicator.value"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT i.id, v.value, v.population, v.conforming, v.target, v.direction, v.state,
                       p.value AS previous
                FROM unnest(%(wanted)s, %(before)s::date[]) AS i(id, before)
                CROSS JOIN LATERAL (
                    SELECT * FROM crm_procedure_indicator_value
                    WHERE indicator_id = i.id AND company_id = %(company)s AND date BETWEEN %(oldest)s AND %(day)s
                    ORDER BY date DESC LIMIT 1) v
                LEFT JOIN LATERAL (
                    SELECT value FROM crm_procedure_indicator_value
                    WHERE indicator_id = i.id AND company_id = %(company)s AND state IN %(measured)s
                      AND date BETWEEN i.before - %(fresh)s AND i.before
                    ORDER BY date DESC LIMIT 1) p ON TRUE
                """,
                wanted=wanted.ids,
                before=before,
                company=company.id,
                oldest=day - timedelta(days=FRESH),
                day=day,
                measured=indicators.MEASURED,
                fresh=FRESH,
            )
        )
        return {row.pop("id"): row for row in self.env.cr.dictfetchall()}

    def _gap(self, indicator, company):
        """:return: how far back the value lies that one compares with: a period, or a month for the present"""
        return indicator._span(company) or relativedelta(months=1)
