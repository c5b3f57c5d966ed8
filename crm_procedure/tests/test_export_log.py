import json
from datetime import timedelta

from freezegun import freeze_time

from odoo import http
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.export import ProcedureExport
from .common import ProcedureCase

WEDNESDAY = "2026-07-01 09:00:00"


@tagged("post_install", "-at_install")
class TestExportLog(ProcedureCase, HttpCase):
    """I11, R4, PIPL 51: who took which customers out of the system, by which filter, and what for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.exporter = cls.users["sales"]
        cls.exporter.group_ids += cls.env.ref("base.group_allow_export")
        cls.exporter.password = "test_sales_1"
        cls.company.resource_calendar_id.tz = "UTC"
        cls.customers = cls.env["res.partner"].concat(*(cls.new_customer(f"Customer {n}") for n in range(6)))
        cls._set_limit("export_purpose", 5)

    @classmethod
    def _set_limit(cls, code, value):
        """Of the version in force, which nobody can edit any more."""
        cls.env.cr.execute(
            "UPDATE crm_procedure_limit SET value = %s WHERE procedure_id = %s AND code = %s",
            [value, cls.procedure.id, code],
        )
        cls.env.invalidate_all()

    def _log(self):
        return self.env["crm.procedure.export"].search([])

    def _export(self, records, fields=("name", "email"), user=None):
        return records.with_user(user or self.exporter).export_data(list(fields))

    # ------------------------------------------------------------
    # The log
    # ------------------------------------------------------------

    def test_direct_call(self):
        with freeze_time(WEDNESDAY):
            self._export(self.customers[:2])
        log = self._log()
        self.assertEqual((log.user_id, log.res_model, log.row_count), (self.exporter, "res.partner", 2))
        self.assertEqual(log.field_names, "name, email")
        self.assertIn(str(self.customers[0].id), log.filter)
        self.assertEqual((log.company_id, log.over_limit, log.outside_hours), (self.company, False, False))

    def test_web_client(self):
        """By domain, in both formats: the log has the filter and the rows."""
        self.authenticate(self.exporter.login, "test_sales_1")
        domain = [["name", "=like", "Customer %"], ["id", "in", self.customers[:3].ids]]
        for kind, wanted in (("csv", 3), ("xlsx", 2)):
            self._set_limit("export_purpose", 50)
            data = {
                "model": "res.partner",
                "fields": [{"name": "name", "label": "Name", "type": "char"}],
                "ids": False if kind == "csv" else self.customers[:2].ids,
                "domain": domain,
                "import_compat": False,
                "context": {"allowed_company_ids": self.company.ids},
            }
            response = self.url_open(
                f"/web/export/{kind}", data={"data": json.dumps(data), "csrf_token": http.Request.csrf_token(self)}
            )
            self.assertEqual(response.status_code, 200)
            log = self._log()[0]
            self.assertEqual(log.row_count, wanted)
            self.assertIn("=like" if kind == "csv" else str(self.customers[0].id), log.filter)

    def test_our_own_records(self):
        grading = self.run_grading()
        for records in (grading, grading.line_ids[:2], self.env["crm.procedure.status"]):
            self._export(records, ["id"])
            self.assertEqual(self._log()[0].res_model, records._name)

    def test_customers_by_way_of_other_records(self):
        order = self.new_order(self.customers[0], 10)
        manager = self.users["manager"]
        manager.group_ids += self.env.ref("base.group_allow_export") + self.env.ref("sales_team.group_sale_manager")
        self._export(order, ["name", "amount_total"], manager)
        self.assertFalse(self._log())
        self._export(order, ["name", "partner_id/email"], manager)
        self.assertEqual(self._log().res_model, "sale.order")

    def test_needs_the_right(self):
        with self.assertRaisesRegex(UserError, "rights to export"):
            self._export(self.customers, user=self.users["marketing"])
        self.assertFalse(self._log())

    def test_nobody_changes_the_log(self):
        self._export(self.customers[:1])
        log = self._log()
        for record in (log, log.sudo(), log.with_user(self.users["quality"])):
            for act in (lambda r=record: r.write({"row_count": 0}), record.unlink):
                with self.assertRaises(AccessError):
                    act()
        with self.assertRaises(AccessError):
            self.env["crm.procedure.export"].with_user(self.exporter).create({"res_model": "res.partner"})

    def test_who_reads_the_log(self):
        self._export(self.customers[:1])
        log = self._log()
        for role, user in self.users.items():
            allowed = role in ("quality", "manager", "auditor")
            self.assertEqual(log.with_user(user).has_access("read"), allowed, role)

    # ------------------------------------------------------------
    # The purpose
    # ------------------------------------------------------------

    def _give_purpose(self, warning, purpose="Trade fair", **values):
        _message, action_id, _button, context = warning.args
        action = self.env["ir.actions.act_window"].browse(action_id)
        wizard = (
            self.env[action.res_model]
            .with_user(self.exporter)
            .with_context(**context)
            .create({"purpose": purpose, **values})
        )
        wizard.action_confirm()

    def test_purpose_above_the_limit(self):
        with freeze_time(WEDNESDAY) as clock:
            with self.assertRaisesRegex(RedirectWarning, "6 rows of Contact") as refused:
                self._export(self.customers)
            self.assertFalse(self._log())
            with self.assertRaises(UserError), self.env.cr.savepoint():
                self._give_purpose(refused.exception, purpose=" ")
            self._give_purpose(refused.exception, recipient="Printing house")
            self._export(self.customers)
            log = self._log()
            self.assertEqual((log.purpose, log.recipient, log.over_limit), ("Trade fair", "Printing house", True))
            clock.tick(timedelta(minutes=16))
            with self.assertRaises(RedirectWarning):
                self._export(self.customers)

    def test_purpose_is_for_one_model_and_one_person(self):
        with self.assertRaises(RedirectWarning) as refused:
            self._export(self.customers)
        self._give_purpose(refused.exception)
        other = self.users["service"]
        other.group_ids += self.env.ref("base.group_allow_export")
        with self.assertRaises(RedirectWarning):
            self._export(self.customers, user=other)
        lines = self.run_grading().line_ids
        with self.assertRaises(RedirectWarning):
            self._export(lines, ["score"])

    def test_many_small_exports_make_a_large_one(self):
        with freeze_time(WEDNESDAY) as clock:
            self._export(self.customers[:3])
            with self.assertRaisesRegex(RedirectWarning, "6 within a day"):
                self._export(self.customers[3:])
            clock.tick(timedelta(days=1, minutes=1))
            self._export(self.customers[3:])

    # ------------------------------------------------------------
    # The daily note
    # ------------------------------------------------------------

    def test_outside_working_hours(self):
        for moment, outside in (("2026-07-01 22:00:00", True), ("2026-07-05 10:00:00", True), (WEDNESDAY, False)):
            with freeze_time(moment):
                self._export(self.customers[:1])
                self.assertEqual(self._log()[0].outside_hours, outside, moment)

    def test_note_to_quality(self):
        with freeze_time("2026-07-01 22:00:00"):
            self._export(self.customers[:1])
        with freeze_time(WEDNESDAY):
            self._export(self.customers[:1])
        unusual = self._log().filtered("outside_hours")
        for day, count in (("2026-07-01 23:00:00", 0), ("2026-07-02 01:00:00", 1), ("2026-07-03 01:00:00", 1)):
            with freeze_time(day), self.enter_registry_test_mode():
                self.env.ref("crm_procedure.ir_cron_export_report").method_direct_trigger()
            self.env.invalidate_all()
            notes = self.env["mail.message"].search([("subject", "=like", "Unusual exports%")])
            notes = notes.filtered(lambda note: self.users["quality"].partner_id in note.notified_partner_ids)
            self.assertEqual(len(notes), count, day)
        self.assertTrue(unusual.reported_on)
        self.assertIn("Sales", notes.body)

    def test_class_refuses_changes(self):
        """Not only the rights: the methods themselves refuse."""
        with mute_logger("odoo.models.unlink"), self.assertRaises(AccessError):
            ProcedureExport._refuse_change(self._log())
