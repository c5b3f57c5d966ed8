from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..tools.chunks import CHUNK

LOOK_BACK = 30  # days before the limit: a first order longer ago is history, e.g. loaded from elsewhere


class ProcedureCommunication(models.Model):
    """The first visit after the first confirmed order of a customer (V5)."""

    _inherit = "crm.procedure.communication"

    @api.model
    def _first_visits_chunk(self, company):
        """Plan the first visits that are missing, by SQL over the orders of the last weeks.

        :return: how many were planned; none when none is missing
        """
        days = int(self.env["crm.procedure"]._in_force(company)._limit("first_revisit"))
        today = company._procedure_now().date()
        for name in ("sale.order", "res.partner", self._name):
            self.env[name].flush_model()
        # the counter of the numbers is what keeps two of these apart: the second waits for the
        # first, is refused, and tries again with what the first has written in view
        self._take_numbers(company, 0)
        zone = company._procedure_tz()
        rows = self.env.execute_query(
            SQL(
                """
                WITH recent AS (
                    SELECT p.commercial_partner_id AS partner_id,
                           min((o.date_order AT TIME ZONE 'UTC') AT TIME ZONE %(zone)s)::date AS day
                    FROM sale_order o JOIN res_partner p ON p.id = o.partner_id
                    WHERE o.state = 'sale' AND o.company_id = %(company)s AND o.date_order >= %(since)s
                    GROUP BY 1
                )
                SELECT r.partner_id, r.day, COALESCE(owner.id, seller.id)
                FROM recent r
                JOIN res_partner c ON c.id = r.partner_id AND c.active
                LEFT JOIN res_users owner ON owner.id = c.user_id AND owner.active
                LEFT JOIN LATERAL (
                    SELECT u.id FROM sale_order o JOIN res_partner p ON p.id = o.partner_id
                    JOIN res_users u ON u.id = o.user_id AND u.active
                    WHERE p.commercial_partner_id = r.partner_id AND o.state = 'sale' AND o.company_id = %(company)s
                    ORDER BY o.date_order, o.id LIMIT 1) seller ON TRUE
                WHERE COALESCE(owner.id, seller.id) IS NOT NULL
                  AND c.id != ALL (ARRAY(SELECT partner_id FROM res_company))
                  AND NOT EXISTS (
                    SELECT FROM crm_procedure_communication x
                    WHERE x.partner_id = r.partner_id AND x.company_id = %(company)s AND x.kind = 'first_visit')
                  AND NOT EXISTS (
                    SELECT FROM sale_order o JOIN res_partner p ON p.id = o.partner_id
                    WHERE p.commercial_partner_id = r.partner_id AND o.state = 'sale' AND o.company_id = %(company)s
                      AND o.date_order < %(since)s)
                ORDER BY r.partner_id LIMIT %(chunk)s
                """,
                zone=zone,
                company=company.id,
                since=today - timedelta(days=days + LOOK_BACK),
                chunk=CHUNK,
            )
        )
        worked = sorted(company._procedure_work_ends(today - timedelta(days=days + LOOK_BACK), today + timedelta(days)))
        teams = {user: team.id for user, team in self._teams_of({user for _partner, _day, user in rows}, company)}
        self.with_context(tracking_disable=True, mail_auto_subscribe_no_notify=True).create(
            [
                {
                    "company_id": company.id,
                    "partner_id": partner,
                    "user_id": user,
                    "team_id": teams.get(user),
                    "kind": "first_visit",
                    "date_planned": max([today, *(on for on in worked if day < on <= day + timedelta(days=days))]),
                }
                for partner, day, user in rows
            ]
        )
        return len(rows)

    @api.model
    def _teams_of(self, users, company):
        """:return: (user id, first department that makes contacts) of some people

        sudo: departments are public in the company.
        """
        teams = self.env["crm.procedure.team"].sudo().search([("company_id", "=", company.id)])
        for user in users:
            own = teams.filtered(lambda team, user=user: user in team._people().ids)
            yield user, own.sorted(lambda team: not team.makes_contacts)[:1]
