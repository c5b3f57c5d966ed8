from datetime import timedelta

from markupsafe import Markup

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..tools.chunks import CHUNK, patiently

LISTED = 20  # contacts named in one message


class ProcedureCommunication(models.Model):
    """Every day: what is due soon stands in the owner's activities; who is late is told (V1, V3).

    The steps of a contact that is not made: the owner is told a day after it was planned,
    the leader of the team and management are told by the escalation of all controlled
    records, after the deadline.
    """

    _inherit = "crm.procedure.communication"

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_contacts(self):
        """The daily round: plans are kept up to date, first visits planned, activities made,
        late ones told. Each step commits as it goes, may be killed and run twice at once."""
        commit = self.env["ir.cron"]._commit_progress
        for company in self.env["res.company"].search([]):
            model = self.with_company(company)

            def step(count):
                return commit(count, remaining=1)

            plans = model.env["crm.procedure.plan"]
            if not plans._keep_up(company, step) or not model._remind_all(company, step):
                return
        commit(remaining=0)

    @api.model
    def _remind_all(self, company, commit):
        """:return: whether all is done"""
        commit(0)  # from here on a chunk may be rolled back and tried again
        for work in (self._first_visits_chunk, self._remind_chunk, self._tell_late_chunk):
            while count := patiently(self.env.cr, lambda work=work: work(company)):
                if not commit(count):
                    return False
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _remind_chunk(self, company):
        """Put the contacts that come into the due window into their owners' activities: one
        statement, quiet, and like what Odoo itself would write.

        :return: how many contacts were gone through, none when all have been
        """
        self.flush_model()
        self.env["mail.activity"].flush_model()
        today = company._procedure_now().date()
        ahead = int(self.env["crm.procedure"]._in_force(company)._limit("contact_ahead"))
        contact, visit = (self.env.ref(f"crm_procedure.mail_activity_type_{kind}").id for kind in ("contact", "visit"))
        rows = self.env.execute_query(
            SQL(
                """
                WITH due AS (
                    SELECT c.id, c.user_id, c.method, c.date_planned, p.complete_name || ' (' || c.name || ')' AS title
                    FROM crm_procedure_communication c
                    JOIN res_partner p ON p.id = c.partner_id
                    WHERE c.state = 'planned' AND c.reminder_level = 0 AND c.company_id = %(company)s
                      AND c.date_planned <= %(until)s
                    ORDER BY c.reminder_level, c.date_planned LIMIT %(chunk)s
                    FOR UPDATE OF c SKIP LOCKED
                ), marked AS (
                    UPDATE crm_procedure_communication c SET reminder_level = 1 FROM due WHERE c.id = due.id
                ), made AS (
                    INSERT INTO mail_activity (
                        res_model_id, res_model, res_id, res_name, activity_type_id, user_id, user_tz, date_deadline,
                        automated, active, create_uid, create_date, write_uid, write_date)
                    SELECT %(model_id)s, %(model)s, due.id, title,
                           CASE due.method WHEN 'visit' THEN %(visit)s ELSE %(contact)s END, due.user_id, own.tz,
                           due.date_planned, TRUE, TRUE, %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s,
                           now() AT TIME ZONE 'UTC'
                    FROM due
                    JOIN res_users u ON u.id = due.user_id AND u.active
                    JOIN res_partner own ON own.id = u.partner_id
                    WHERE NOT EXISTS (
                        SELECT FROM mail_activity a WHERE a.res_model = %(model)s AND a.res_id = due.id AND a.active)
                    RETURNING user_id, date_deadline
                ), todo AS (
                    SELECT user_id, count(*) AS count FROM made WHERE date_deadline <= %(today)s GROUP BY 1
                )
                SELECT (SELECT count(*) FROM due), todo.user_id, todo.count FROM (SELECT) one LEFT JOIN todo ON TRUE
                """,
                company=company.id,
                until=today + timedelta(days=ahead),
                chunk=CHUNK,
                model_id=self.env["ir.model"]._get_id(self._name),
                model=self._name,
                visit=visit,
                contact=contact,
                uid=self.env.uid,
                today=today,
            )
        )
        for _total, user, count in rows:
            if user:
                change = {"activity_created": True, "count_diff": count}
                self.env["res.users"].browse(user)._bus_send("mail.activity/updated", change)
        self.env["mail.activity"].invalidate_model()
        self.invalidate_model(["reminder_level", "activity_ids"])
        return rows[0][0]

    @api.model
    def _tell_late_chunk(self, company, users=20):
        """Tell owners of the contacts they did not make: one message to a person, however many
        contacts, and each contact once.

        :return: number of owners told
        """
        today = company._procedure_now().date()
        days = int(self.env["crm.procedure"]._in_force(company)._limit("contact_remind"))
        late = (
            Domain("company_id", "=", company.id)
            & Domain("state", "=", "planned")
            & Domain("reminder_level", "=", 1)
            & Domain("date_planned", "<=", today - timedelta(days=days))
        )
        owners = self._read_group(late, ["user_id"], limit=users, order="user_id")
        for [owner] in owners:
            contacts = self.search(late & Domain("user_id", "=", owner.id), order="date_planned, id")
            contacts = contacts.try_lock_for_update()
            if not contacts:
                continue
            contacts.with_context(tracking_disable=True).write({"reminder_level": 2})
            if owner.active:
                contacts._tell_late(owner)
        return len(owners)

    def _tell_late(self, owner):
        env = self.with_context(lang=owner.lang).env
        rows = Markup("").join(
            Markup("<li>%s: %s</li>") % (format_date(env, contact.date_planned), contact._get_html_link())
            for contact in self[:LISTED]
        )
        more = len(self) - LISTED
        if more > 0:
            rows += Markup("<li>%s</li>") % env._("and %(count)s more", count=more)
        self.env["mail.thread"].with_context(mail_notify_force_send=False).message_notify(
            partner_ids=owner.partner_id.ids,
            subject=env._("%(count)s customer contacts are late", count=len(self)),
            body=Markup("<p>%s</p><ul>%s</ul>")
            % (env._("These planned contacts were not made. Make them, or cancel them with a reason:"), rows),
        )
