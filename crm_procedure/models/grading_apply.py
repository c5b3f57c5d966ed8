from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.chunks import CHUNK, patiently


class ProcedureGrading(models.Model):
    """Writing the grades of an approved list to the customers.

    A short list is applied in the transaction that approves it. A long one is left to a
    scheduled action, in chunks that are committed one by one, so that it holds nobody up
    and may be killed at any moment: the next call goes on where it stopped, and the list
    says that it is applied only when nothing is left.
    """

    _inherit = "crm.procedure.grading"

    applied_on = fields.Datetime(readonly=True, copy=False)
    apply_position = fields.Integer(string="Last line written", readonly=True, copy=False)
    apply_progress = fields.Integer(compute="_compute_apply_progress", string="Applied (%)")

    @api.depends("apply_position", "applied_on")
    def _compute_apply_progress(self):
        for grading in self:
            if grading.applied_on or not grading.line_count:
                grading.apply_progress = 100 if grading.applied_on else 0
                continue
            done = self.env["crm.procedure.grading.line"].search_count(
                [("grading_id", "=", grading.id), ("id", "<=", grading.apply_position)]
            )
            grading.apply_progress = 100 * done // grading.line_count

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _start_applying(self):
        self._set_aside_merged()
        # sudo: sales approves, but only the system runs scheduled actions; the lines are the run's own
        lines = self.env["crm.procedure.grading.line"].sudo()
        if lines.search_count([("grading_id", "=", self.id)], limit=CHUNK + 1) > CHUNK:
            self.env.ref("crm_procedure.ir_cron_grading_apply").sudo()._trigger()
            return
        while self._apply_chunk():
            pass
        if not self._finish_applying():
            self.env.ref("crm_procedure.ir_cron_grading_apply").sudo()._trigger()

    def _set_aside_merged(self):
        """Two customers merged since the computing leave two lines for one: the better
        grade is kept, until the next run knows better."""
        self._flush_lines()
        self.env.cr.execute(
            """
            UPDATE crm_procedure_grading_line l SET skip_reason = 'merged'
            FROM (
                SELECT l.id, row_number() OVER (
                    PARTITION BY l.partner_id ORDER BY g.sequence NULLS LAST, g.id, l.id) AS place
                FROM crm_procedure_grading_line l
                LEFT JOIN crm_procedure_grade g ON g.id = l.grade_id
                WHERE l.grading_id = %(grading)s AND l.partner_id = ANY(ARRAY(
                    SELECT partner_id FROM crm_procedure_grading_line
                    WHERE grading_id = %(grading)s GROUP BY 1 HAVING count(*) > 1))
            ) ranked
            WHERE ranked.id = l.id AND ranked.place > 1
            """,
            {"grading": self.id},
        )
        self.env["crm.procedure.grading.line"].invalidate_model(["skip_reason"])

    def _apply_chunk(self):
        """Write the grades of the next lines; customers being saved by somebody at this
        moment are passed over and caught in ``_finish_applying``.

        :return: how many lines were gone through, none when all have been
        """
        self.ensure_one()
        self._flush_lines()
        # the next lines first, and what is to be written of them second: the other way
        # round PostgreSQL goes through all that is left of the list for each chunk; ctid is
        # the place of the row just locked, which so needs no second search
        query = SQL(
            """
            WITH line AS (
                SELECT id, partner_id, grade_id, skip_reason
                FROM crm_procedure_grading_line
                WHERE grading_id = %(grading)s AND id > %(position)s
                ORDER BY id LIMIT %(chunk)s
            ), free AS (
                SELECT p.ctid AS place, l.grade_id
                FROM line l JOIN res_partner p ON p.id = l.partner_id
                WHERE %(waiting)s
                FOR NO KEY UPDATE OF p SKIP LOCKED
            ), written AS (
                UPDATE res_partner p
                SET procedure_grade_id = COALESCE(p.procedure_grade_id, '{}')
                    || jsonb_build_object(%(company)s, free.grade_id)
                FROM free WHERE p.ctid = free.place
            )
            SELECT count(*), max(id) FROM line
            """,
            grading=self.id,
            position=self.apply_position or 0,
            chunk=CHUNK,
            waiting=self._waiting(),
            company=str(self.company_id.id),
        )
        [[count, position]] = self.env.execute_query(query)
        if count:
            # sudo: the run keeps its own place; approvers hold no right to edit it
            self.sudo().apply_position = position
            self.env["res.partner"].invalidate_model(["procedure_grade_id", "procedure_line_ids"])
        return count

    def _flush_lines(self):
        self.env["crm.procedure.grading.line"].flush_model()
        self.env["res.partner"].flush_model(["active", "commercial_partner_id", "procedure_grade_id"])

    def _waiting(self):
        """Of a line ``l`` and its customer ``p``: who still has another grade than the list gives."""
        return SQL(
            """
            l.skip_reason IS NULL AND p.active AND p.commercial_partner_id = p.id
            AND (p.procedure_grade_id->>%s)::int IS DISTINCT FROM l.grade_id
            """,
            str(self.company_id.id),
        )

    def _finish_applying(self):
        """Say that the list is applied, if it is.

        :return: False when customers were passed over: the next pass begins with the first
        """
        self._flush_lines()
        query = SQL(
            """
            SELECT min(l.id) FILTER (WHERE %(waiting)s),
                   count(*) FILTER (WHERE NOT p.active OR p.commercial_partner_id != p.id)
            FROM crm_procedure_grading_line l JOIN res_partner p ON p.id = l.partner_id
            WHERE l.grading_id = %(grading)s AND l.skip_reason IS NULL
            """,
            waiting=self._waiting(),
            grading=self.id,
        )
        [[passed_over, gone]] = self.env.execute_query(query)
        if passed_over:
            self.sudo().apply_position = passed_over - 1  # as in _apply_chunk
            return False
        if gone:
            self._set_aside_gone()
        self.sudo().applied_on = fields.Datetime.now()  # as in _apply_chunk
        set_aside = (
            self.env["crm.procedure.grading.line"]
            .sudo()
            .search_count([("grading_id", "=", self.id), ("skip_reason", "!=", False)])
        )
        body = self.env._("Applied: the customers now show these grades.")
        if set_aside:
            body += " " + self.env._(
                "%(count)d lines were set aside, because the customer was archived, merged or made a "
                "contact of another one since the computing: see the filter Set aside.",
                count=set_aside,
            )
        self.sudo().message_post(body=body)  # the list reports for itself
        return True

    def _set_aside_gone(self):
        self.env.cr.execute(
            """
            UPDATE crm_procedure_grading_line l
            SET skip_reason = CASE WHEN p.active THEN 'contact' ELSE 'archived' END
            FROM res_partner p
            WHERE p.id = l.partner_id AND l.grading_id = %s AND l.skip_reason IS NULL
              AND (NOT p.active OR p.commercial_partner_id != p.id)
            """,
            [self.id],
        )
        self.env["crm.procedure.grading.line"].invalidate_model(["skip_reason"])

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_apply(self):
        """Go on with the lists that are approved and not applied, a chunk a transaction."""
        waiting = Domain("state", "=", "approved") & Domain("applied_on", "=", False)
        cron = self.env["ir.cron"]
        while grading := self.search(waiting, limit=1, order="approved_on, id"):
            count = patiently(self.env.cr, grading._apply_chunk)
            if not count and not grading._finish_applying():
                cron._commit_progress(remaining=1)  # only customers being saved just now are left
                return
            if not cron._commit_progress(count, remaining=1):
                return
        cron._commit_progress(remaining=0)
