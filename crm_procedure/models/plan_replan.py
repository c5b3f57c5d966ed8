from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.chunks import CHUNK, patiently
from ..tools.planning import NOT_DUE


class ProcedurePlan(models.Model):
    """Keeping approved plans up to date, every day: customers who came into their scope, and
    customers whose grade asks for another interval now. Only contacts of days to come move that
    nobody has worked on and that stand in nobody's activities yet (G5, V3)."""

    _inherit = "crm.procedure.plan"

    @api.model
    def _keep_up(self, company, commit):
        """:param commit: called with the number of customers after each transaction; returns the seconds left
        :return: whether all is done
        """
        today = company._procedure_now().date()
        approved = Domain("company_id", "=", company.id) & Domain("state", "=", "approved")
        self.search(approved & Domain("date_to", "<", today))._set_state("closed")
        running = self.search(approved & Domain("date_to", ">", today) & Domain("created_on", "!=", False))
        for plan in running:
            commit(0)  # from here on a chunk may be rolled back and tried again
            patiently(self.env.cr, plan._take_in_new)
            for work in (plan._create_chunk, plan._replan_chunk):
                while count := patiently(self.env.cr, work):
                    if not commit(count):
                        return False
        return True

    def _take_in_new(self):
        """Lines for customers who came into the scope of the plan, or who were set aside before.

        :return: number of new lines
        """
        # touching the row keeps two of these apart: the second is refused and tries again
        self.env.cr.execute("UPDATE crm_procedure_plan SET write_date = write_date WHERE id = %s", [self.id])
        self.env.cr.execute(
            "DELETE FROM crm_procedure_plan_line WHERE plan_id = %s AND skip_reason != %s", [self.id, NOT_DUE]
        )
        self.env["crm.procedure.plan.line"].invalidate_model()
        return self._planning_ahead().insert_lines(only_new=True)

    def _planning_ahead(self):
        """:return: the schedule from tomorrow on"""
        return self._planning(begin=self.company_id._procedure_now().date() + timedelta(days=1))

    def _replan_chunk(self):
        """Move the contacts of the next customers whose interval has changed.

        :return: how many customers, none when all follow their grade
        """
        self.ensure_one()
        planning = self._planning_ahead()
        self._flush_plan()
        self.env.cr.execute(
            SQL(
                """
                DROP TABLE IF EXISTS crm_procedure_plan_moved, crm_procedure_plan_old, crm_procedure_plan_slot;
                CREATE TEMPORARY TABLE crm_procedure_plan_moved ON COMMIT DROP AS
                SELECT l.id AS line, l.partner_id, COALESCE(owner.id, l.user_id) AS user_id, g.id AS grade_id,
                       LEAST(COALESCE(g.contact_interval_days, %(floor)s), %(floor)s) AS every
                FROM crm_procedure_plan_line l
                JOIN res_partner p ON p.id = l.partner_id AND p.active AND p.commercial_partner_id = p.id
                LEFT JOIN crm_procedure_grade g ON g.id = (p.procedure_grade_id->>%(key)s)::int
                LEFT JOIN res_users owner ON owner.id = p.user_id AND owner.active
                WHERE l.plan_id = %(plan)s AND (l.skip_reason IS NULL OR l.skip_reason = %(not_due)s)
                  AND (COALESCE(l.grade_now_id, l.grade_id) != g.id OR COALESCE(l.interval_now, l.interval_days)
                       != LEAST(COALESCE(g.contact_interval_days, %(floor)s), %(floor)s))
                ORDER BY l.id LIMIT %(chunk)s
                FOR UPDATE OF l SKIP LOCKED;

                CREATE TEMPORARY TABLE crm_procedure_plan_old ON COMMIT DROP AS
                SELECT c.id, m.line, row_number() OVER (PARTITION BY m.line ORDER BY c.date_planned, c.id) AS n
                FROM crm_procedure_plan_moved m
                JOIN crm_procedure_communication c ON c.plan_line_id = m.line
                WHERE c.state = 'planned' AND c.date_planned >= %(begin)s
                  AND c.is_touched IS NOT TRUE AND c.reminder_level = 0;

                CREATE TEMPORARY TABLE crm_procedure_plan_slot ON COMMIT DROP AS
                SELECT m.line, m.partner_id, m.user_id, m.grade_id, n, d::date AS day
                FROM crm_procedure_plan_moved m
                CROSS JOIN LATERAL (
                    SELECT max(CASE c.state WHEN 'planned' THEN date_planned ELSE
                        ((c.date_done AT TIME ZONE 'UTC') AT TIME ZONE %(zone)s)::date END) AS day
                    FROM crm_procedure_communication c
                    WHERE c.partner_id = m.partner_id AND c.company_id = %(company)s AND c.state IN ('planned', 'done')
                      AND NOT EXISTS (SELECT FROM crm_procedure_plan_old o WHERE o.id = c.id)) last
                JOIN crm_procedure_plan_calendar cal ON cal.user_id = m.user_id
                    AND cal.day = GREATEST(COALESCE(last.day + m.every, %(begin)s::date), %(begin)s::date)
                JOIN crm_procedure_plan_series s ON s.user_id = m.user_id AND s.every = m.every
                    AND s.first_day = CASE WHEN cal.before - last.day < LEAST(m.every, 7) THEN cal.after
                                           ELSE COALESCE(cal.before, cal.after) END
                CROSS JOIN LATERAL jsonb_array_elements_text(s.days) WITH ORDINALITY day(d, n);
                """,
                plan=self.id,
                floor=planning.floor,
                key=str(self.company_id.id),
                not_due=NOT_DUE,
                chunk=CHUNK,
                begin=planning.begin,
                zone=self.company_id._procedure_tz(),
                company=self.company_id.id,
            )
        )
        self._move_contacts()
        [[count]] = self.env.execute_query(SQL("SELECT count(*) FROM crm_procedure_plan_moved"))
        for model in ("crm.procedure.communication", "crm.procedure.plan.line"):
            self.env[model].invalidate_model()
        return count

    def _move_contacts(self):
        """As many as are needed move to the new days, missing ones are made, others cancelled."""
        reason = self.env._("The customer's grade has changed and asks for fewer contacts.")
        self.env.cr.execute(
            SQL(
                """
                UPDATE crm_procedure_communication c
                SET date_planned = s.day, deadline = %(deadline)s, grade_id = s.grade_id,
                    write_date = now() AT TIME ZONE 'UTC'
                FROM crm_procedure_plan_old o
                JOIN crm_procedure_plan_slot s ON s.line = o.line AND s.n = o.n
                WHERE c.id = o.id;

                UPDATE crm_procedure_communication c
                SET state = 'cancelled', cancel_reason = %(reason)s, write_date = now() AT TIME ZONE 'UTC'
                FROM crm_procedure_plan_old o
                WHERE c.id = o.id
                  AND NOT EXISTS (SELECT FROM crm_procedure_plan_slot s WHERE s.line = o.line AND s.n = o.n);

                WITH slot AS (
                    SELECT s.line, s.partner_id, s.user_id, s.grade_id, s.day,
                           last.turn + row_number() OVER (PARTITION BY s.line ORDER BY s.n) AS turn,
                           row_number() OVER (ORDER BY s.line, s.n) AS place
                    FROM crm_procedure_plan_slot s
                    CROSS JOIN LATERAL (SELECT COALESCE(max(plan_turn), 0) AS turn
                        FROM crm_procedure_communication c WHERE c.plan_line_id = s.line) last
                    WHERE NOT EXISTS (SELECT FROM crm_procedure_plan_old o WHERE o.line = s.line AND o.n = s.n)
                ), %(made)s
                SELECT count(*) FROM slot;

                UPDATE crm_procedure_plan_line l SET grade_now_id = m.grade_id, interval_now = m.every
                FROM crm_procedure_plan_moved m WHERE l.id = m.line;
                """,
                deadline=self._deadline_of_day(SQL("s.day")),
                reason=reason,
                made=self._contacts_of_slots(),
            )
        )
