from datetime import date

from freezegun import freeze_time
from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import limits
from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestProcedure(ProcedureCase):
    """D1–D4: versions with three signatures, clauses, forms, documents and limits."""

    def _draft(self, version="V2.0", day="2099-01-01", **values):
        return self.procedure.copy({"version": version, "effective_date": day, **values})

    def _submit(self, procedure):
        procedure.with_user(self.users["quality"]).action_submit()

    def _approve(self, procedure):
        procedure.with_user(self.users["manager"]).action_approve()

    # ------------------------------------------------------------
    # Signatures and dates
    # ------------------------------------------------------------

    def test_three_signatures(self):
        draft = self._draft(prepared_by_id=self.users["service"].id)
        self._submit(draft)
        self.assertEqual(draft.state, "reviewed")
        self._approve(draft)
        self.assertEqual(
            (draft.prepared_by_id, draft.submitted_by_id, draft.approved_by_id),
            (self.users["service"], self.users["quality"], self.users["manager"]),
        )
        self.assertTrue(draft.submitted_on and draft.approved_on)

    def test_approval_by_the_author(self):
        draft = self._draft(prepared_by_id=self.users["manager"].id)
        self._submit(draft)
        with self.assertRaisesRegex(UserError, "own work"):
            self._approve(draft)
        self.company.procedure_waive_separation = True
        self._approve(draft)
        self.assertIn("waived", "".join(draft.message_ids.mapped("body")))

    def test_effective_date_in_the_past(self):
        """A later version cannot change the rule of days gone by; the first one may."""
        with freeze_time("2026-07-02"):
            draft = self._draft(day="2026-07-01")
            with self.assertRaisesRegex(UserError, "that day is past"):
                self._submit(draft)
            draft.effective_date = "2026-07-02"
            self._submit(draft)
            self._approve(draft)
            self.assertEqual(draft.state, "approved")

    def test_one_in_force_per_day(self):
        first, twin = self._draft("V2.0"), self._draft("V3.0")
        for procedure in (first, twin):
            self._submit(procedure)
        self._approve(first)
        with self.assertRaisesRegex(ValidationError, "only one version"):
            self._approve(twin)

    def test_no_effective_date(self):
        with self.assertRaisesRegex(UserError, "no effective date"):
            self._submit(self._draft(day=False))

    def test_takes_effect_on_its_date(self):
        """Approved ahead, the old version holds until the day; then it is superseded."""
        with freeze_time("2026-06-20"):
            newer = self._draft(day="2026-07-01")
            self._submit(newer)
            self._approve(newer)
            self.assertEqual((self.procedure.state, self.procedure.is_in_force), ("approved", True))
            self.assertFalse(newer.is_in_force)
        (newer | self.procedure).invalidate_recordset(["is_in_force"])
        with freeze_time("2026-07-01 09:00:00"), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_procedure_take_effect").method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual((self.procedure.state, newer.state), ("superseded", "approved"))
            self.assertTrue(newer.is_in_force)
            self.assertFalse(self.procedure.is_in_force)

    def test_reject_gives_it_back(self):
        draft = self._draft()
        self._submit(draft)
        draft.with_user(self.users["manager"]).action_reject(reason="Ask service first")
        self.assertEqual(draft.state, "draft")
        quality = draft.with_user(self.users["quality"])
        quality.write({"limit_ids": [Command.update(draft.limit_ids[0].id, {"value": 6})]})
        self.assertEqual(draft.limit_ids[0].value, 6)

    def test_signed_versions_are_frozen(self):
        """ISO 9001 7.5.3: neither the version nor any part of it changes any more."""
        clause = self.env["crm.procedure.clause"].create(
            {"procedure_id": self.procedure.id, "number": "5.1", "name": "Information"}
        )
        signed = self.procedure.with_user(self.users["quality"])
        for change in (
            lambda: signed.limit_ids[0].write({"value": 99}),
            lambda: signed.limit_ids[0].unlink(),
            lambda: clause.with_user(self.users["quality"]).unlink(),
            lambda: clause.with_user(self.users["quality"]).write({"text": "Nothing"}),
            lambda: clause.with_user(self.users["quality"]).copy({"number": "5.9"}),
            lambda: signed.write({"version": "V9"}),
            lambda: signed.unlink(),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
        with self.assertRaises(AccessError):
            signed.write({"state": "draft"})

    # ------------------------------------------------------------
    # Contents
    # ------------------------------------------------------------

    def test_limits_come_with_each_version(self):
        self.assertEqual(
            {row.code: row.value for row in self.procedure.limit_ids},
            {limit.code: limit.default for limit in limits.LIMITS},
        )
        self.assertEqual(len(self._draft().limit_ids), len(limits.LIMITS))

    def test_shipped_limits_hold_without_a_version(self):
        other = self.env["res.company"].create({"name": "Southwind"})
        none = self.env["crm.procedure"]._in_force(other)
        self.assertFalse(none)
        self.assertEqual(none._limit("grading_window"), 12)

    def test_limit_of_zero_or_below(self):
        draft = self._draft()
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            draft.limit_ids[0].value = 0
            draft.flush_recordset()
        self.assertIn("limit_value_positive", str(caught.exception))

    def test_shipped_procedure(self):
        """Document 000 in our own words: six clauses, each with roles and forms (D4, X21)."""
        shipped = self.env.ref("crm_procedure.procedure_default")
        self.assertEqual(shipped.clause_ids.mapped("number"), ["5.1", "5.2", "5.3", "5.4", "5.5", "5.6"])
        self.assertTrue(all(clause.role_ids and clause.form_ids and clause.text for clause in shipped.clause_ids))
        self.assertEqual(len(shipped.document_ids), 4)
        self.assertTrue(shipped._form("grading_list").number, "the list that the document forgot")

    def test_next_version_keeps_the_structure(self):
        """The clauses of the new version name the forms of the new version."""
        shipped = self.env.ref("crm_procedure.procedure_default")
        action = shipped.with_user(self.users["quality"]).sudo().action_new_version()
        draft = self.env["crm.procedure"].browse(action["res_id"])
        self.assertEqual((draft.version, draft.state), ("V1.1", "draft"))
        for old, new in zip(shipped.clause_ids, draft.clause_ids, strict=True):
            self.assertEqual(new.form_ids.mapped("number"), old.form_ids.mapped("number"))
            self.assertEqual(new.form_ids.procedure_id, draft)

    def test_shipped_clauses_for_another_company(self):
        draft = self._draft()
        quality = draft.with_user(self.users["quality"])
        quality.action_load_shipped()
        self.assertEqual(len(draft.clause_ids), 6)
        self.assertEqual(draft.clause_ids.form_ids.procedure_id, draft)
        with self.assertRaisesRegex(UserError, "has clauses already"):
            quality.action_load_shipped()

    def test_form_without_a_number(self):
        forms = self.env["crm.procedure.form"]
        with self.assertRaises(IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            forms.create({"procedure_id": self._draft().id, "name": "Nameless"})

    # ------------------------------------------------------------
    # What a change touches
    # ------------------------------------------------------------

    def test_impact_of_limits(self):
        """Before approval: how many open records, which deadlines, and that they keep their rule."""
        with freeze_time("2026-06-26 10:00:00"):
            grading = self.new_grading()
        draft = self._draft()
        self.assertIn("No limit differs", draft.impact_html)
        draft.limit_ids.filtered(lambda row: row.code == "grading_sign").value = 2
        self.assertIn("1 open", draft.impact_html)
        self.assertIn("07/03/2026", draft.impact_html)
        self.assertEqual(grading._limit("grading_sign"), 5)

    def test_impact_on_grades(self):
        self.new_customer("Customer", 10)
        self.run_grading()
        draft = self._draft()
        draft.limit_ids.filtered(lambda row: row.code == "contact_floor").value = 60
        self.assertIn("1 customers of", draft.impact_html)

    def test_old_records_escalate_by_their_own_version(self):
        """D2: a shorter limit of a later version does not hurry records made before."""
        with freeze_time("2026-06-20"):
            old = self.new_grading(deadline="2026-06-26 12:00:00").sudo()
            newer = self._draft(day="2026-06-25")
            newer.limit_ids.filtered(lambda row: row.code == "escalate_leader").value = 5
            self._submit(newer)
            self._approve(newer)
        with freeze_time("2026-06-30 12:00:00"), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_escalate").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(old.escalation_level, "1", "one working day, as its version says")

    # ------------------------------------------------------------
    # Profiles
    # ------------------------------------------------------------

    def test_grade_profiles(self):
        """X1: three ways to class customers; the company's own replace the shared ones."""
        grades = self.env["crm.procedure.grade"]
        for profile, count in (("strategic", 3), ("key", 2), ("abc", 3)):
            wizard = self.env["crm.procedure.grade.profile"].with_user(self.users["marketing"])
            wizard.create({"profile": profile, "company_id": self.company.id}).action_apply()
            own = grades._for_company(self.company)
            self.assertEqual(len(own), count)
            self.assertEqual(own.company_id, self.company)
        self.new_customer("Customer", 10000, date(2026, 6, 1).isoformat())
        self.assertEqual(self.run_grading().line_ids.grade_id, own[0])
