from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.chunks import CHUNK, patiently


class ProcedurePlan(models.Model):
    """Making the planned communications of an approved plan.

    A short plan is carried out in the transaction that approves it. A long one is left to a
    scheduled action, in chunks that are committed one by one: rows, numbers and the place
    reached together, so that it may be killed at any moment and leaves neither a duplicate
    nor a gap.
    """

    _inherit = "crm.procedure.plan"

    created_on = fields.Datetime(string="Carried out on", readonly=True, copy=False)
    create_position = fields.Integer(string="Last line carried out", readonly=True, copy=False)
    create_progress = fields.Integer(compute="_compute_create_progress", string="Carried out (%)")

    @api.depends("create_position", "created_on")
    def _compute_create_progress(self):
        for plan in self:
            plan.create_progress = 100 if plan.created_on else 0
            if plan.state == "approved" and not plan.created_on and plan.create_position:
                lines = self.env["crm.procedure.plan.line"].sudo()  # a number only
                done = lines.search_count([("plan_id", "=", plan.id), ("id", "<=", plan.create_position)])
                total = lines.search_count([("plan_id", "=", plan.id)])
                plan.create_progress = 100 * done // total if total else 0

    @api.model
    def _signature_fields(self):
        return super()._signature_fields() | {"created_on", "create_position"}

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _start_creating(self):
        # sudo: management approves, but only the system runs scheduled actions
        lines = self.env["crm.procedure.plan.line"].sudo()
        if lines.search_count([("plan_id", "=", self.id)], limit=CHUNK + 1) > CHUNK:
            self.env.ref("crm_procedure.ir_cron_plan_create").sudo()._trigger()
            return
        while self._create_chunk():
            pass
        self._finish_creating()

    def _create_chunk(self):
        """Make the communications of the next lines.

        :return: how many lines were gone through, none when all have been
        """
        self.ensure_one()
        self._flush_plan()
        slots = SQL(
            """
            SELECT l.id AS line, l.partner_id, COALESCE(owner.id, l.user_id) AS user_id, l.grade_id,
                   turn, d::date AS day, row_number() OVER (ORDER BY l.id, turn) AS place
            FROM line l
            JOIN res_partner p ON p.id = l.partner_id AND p.active AND p.commercial_partner_id = p.id
            LEFT JOIN res_users owner ON owner.id = p.user_id AND owner.active
            CROSS JOIN LATERAL jsonb_array_elements_text(l.days) WITH ORDINALITY day(d, turn)
            WHERE l.skip_reason IS NULL AND d::date >= %(today)s
              AND NOT EXISTS (SELECT FROM crm_procedure_plan_line twin
                  WHERE twin.partner_id = l.partner_id AND twin.plan_id = l.plan_id AND twin.id < l.id)
            """,
            today=self.company_id._procedure_now().date(),
        )
        query = SQL(
            """
            WITH line AS (
                SELECT * FROM crm_procedure_plan_line
                WHERE plan_id = %(plan)s AND id > %(position)s ORDER BY id LIMIT %(chunk)s
            ), slot AS (%(slots)s), %(made)s
            SELECT count(*), max(id) FROM line
            """,
            plan=self.id,
            position=self.create_position or 0,
            chunk=CHUNK,
            slots=slots,
            made=self._contacts_of_slots(),
        )
        [[count, position]] = self.env.execute_query(query)
        if count:
            # sudo: the plan keeps its own place; approvers hold no right to edit it
            self.sudo().create_position = position
            self.env["crm.procedure.communication"].invalidate_model()
            self.invalidate_recordset(["communication_ids"])
        return count

    def _contacts_of_slots(self):
        """The communications of a table ``slot`` (line, partner_id, user_id, grade_id, turn, day,
        place from 1), as parts of a WITH: their numbers are taken by the same statement."""
        table, counter, prefix, padding, suffix = self.env["crm.procedure.communication"]._number_counter(
            self.company_id
        )
        return SQL(
            """
            counter AS (
                UPDATE %(table)s SET number_next = number_next + (SELECT count(*) FROM slot)
                WHERE id = %(counter)s RETURNING number_next
            ), made AS (
                INSERT INTO crm_procedure_communication (
                    company_id, procedure_id, name, partner_id, user_id, team_id, grade_id, kind, method, state,
                    date_planned, deadline, escalation_level, reminder_level, satisfaction,
                    plan_id, plan_line_id, plan_turn, create_uid, create_date, write_uid, write_date)
                SELECT %(company)s, %(procedure)s,
                       %(prefix)s || lpad(number::text, GREATEST(%(padding)s, length(number::text)), '0') || %(suffix)s,
                       s.partner_id, s.user_id, team.id, s.grade_id, 'revisit', COALESCE(g.method, 'phone'), 'planned',
                       s.day, %(deadline)s, '0', 0, 0,
                       %(plan)s, s.line, s.turn, %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                FROM slot s
                CROSS JOIN (SELECT number_next - 1 - (SELECT count(*) FROM slot) AS before FROM counter) taken
                CROSS JOIN LATERAL (SELECT taken.before + s.place AS number) numbered
                LEFT JOIN crm_procedure_grade g ON g.id = s.grade_id
                LEFT JOIN (%(teams)s) team ON team.user_id = s.user_id
            )
            """,
            table=SQL.identifier(table),
            counter=counter,
            company=self.company_id.id,
            procedure=self.env["crm.procedure"]._in_force(self.company_id).id or None,
            prefix=prefix,
            padding=padding,
            suffix=suffix,
            deadline=self._deadline_of_day(SQL("s.day")),
            plan=self.id,
            uid=self.approved_by_id.id or self.env.uid,
            teams=self._teams(),
        )

    def _deadline_of_day(self, day):
        """:return: what ``crm.procedure.communication._deadline_of`` says of a day, as SQL"""
        return SQL(
            "((%s + %s + 1)::timestamp - interval '1 second') AT TIME ZONE %s AT TIME ZONE 'UTC'",
            day,
            int(self._limit("contact_slack")),
            self.company_id._procedure_tz(),
        )

    def _teams(self):
        """The first department of each person who makes contacts: its leader hears of what is overdue."""
        return SQL(
            """
            SELECT DISTINCT ON (member.user_id) member.user_id, t.id
            FROM crm_procedure_team t
            CROSS JOIN LATERAL (
                SELECT res_users_id AS user_id FROM crm_procedure_team_res_users_rel
                WHERE crm_procedure_team_id = t.id
                UNION SELECT t.leader_id
            ) member
            WHERE t.company_id = %s AND t.active
            ORDER BY member.user_id, t.makes_contacts DESC NULLS LAST, t.sequence, t.id
            """,
            self.company_id.id,
        )

    def _flush_plan(self):
        self.flush_model()
        self.env["crm.procedure.plan.line"].flush_model()
        self.env["crm.procedure.communication"].flush_model()
        self.env["crm.procedure.team"].flush_model()
        self.env["res.partner"].flush_model(["active", "commercial_partner_id", "user_id"])

    def _finish_creating(self):
        self.sudo().created_on = fields.Datetime.now()  # as in _create_chunk
        self.sudo().message_post(body=self.env._("Carried out: the owners find their contacts under My Week."))

    def _cancel_future(self, reason):
        """Cancel what these plans still plan for days to come.

        sudo: follows from closing the plan, for which the power was checked.
        """
        for plan in self:
            today = plan.company_id._procedure_now().date()
            future = Domain("plan_id", "=", plan.id) & Domain("state", "=", "planned")
            planned = self.env["crm.procedure.communication"].sudo().search(future & Domain("date_planned", ">", today))
            planned = planned.with_context(tracking_disable=True)
            planned._set_state("cancelled", cancel_reason=reason)
            planned._close_reminders()

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_create(self):
        """Go on with the plans that are approved and not carried out, a chunk a transaction."""
        waiting = Domain("state", "=", "approved") & Domain("created_on", "=", False)
        cron = self.env["ir.cron"]
        while plan := self.search(waiting, limit=1, order="approved_on, id"):
            count = patiently(self.env.cr, plan._create_chunk)
            if not count:
                plan._finish_creating()
            if not cron._commit_progress(count or 1, remaining=1):
                return
        cron._commit_progress(remaining=0)


class ProcedureCommunication(models.Model):
    _inherit = "crm.procedure.communication"

    plan_id = fields.Many2one(
        "crm.procedure.plan",
        string="Care Plan",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The approved plan that asks for this contact.",
    )
    plan_line_id = fields.Many2one(
        "crm.procedure.plan.line", readonly=True, copy=False, index=False, ondelete="restrict"
    )
    plan_turn = fields.Integer(readonly=True, copy=False, export_string_translation=False, aggregator=None)

    # of no customer, so that a merge of customers never meets it
    _plan_uniq = models.UniqueIndex(
        "(plan_line_id, plan_turn) WHERE plan_line_id IS NOT NULL", "This contact of the plan is there already."
    )

    @api.model
    def _system_fields(self):
        return super()._system_fields() | {"plan_id", "plan_line_id", "plan_turn"}

    def _is_draft(self):
        return not self.plan_id and super()._is_draft()
