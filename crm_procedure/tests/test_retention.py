from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestRetention(ProcedureCase):
    """D4, PIPL 19 and 44: what has been kept long enough is listed; a person's records are found."""

    def _form(self, code, months=12):
        procedure = self.env["crm.procedure"].create(
            {
                "number": "QP-08",
                "version": code,
                "form_ids": [(0, 0, {"number": "F1", "name": "Form", "code": code, "retention_months": months})],
            }
        )
        return procedure.form_ids.filtered(lambda form: form.code == code)

    def test_gradings(self):
        self.new_customer("Customer", 10)
        old, young = self.new_grading(day="2026-06-30"), self.new_grading(day="2026-07-01")
        form = self._form("grading_list")
        with freeze_time("2027-07-01 10:00:00"):
            form = form.with_user(self.users["quality"])
            self.assertEqual(form.due_count, 1)
            action = form.action_view_due()
            self.assertEqual(self.env[action["res_model"]].search(action["domain"]), old.sudo())
        self.assertTrue(young)

    def test_customer_files(self):
        """Only of lost customers, and when nobody has touched the file for so long."""
        lost, busy = self.new_customer("Lost"), self.new_customer("Busy")
        lost.sudo().procedure_status = "lost"
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET write_date = '2024-01-01' WHERE id = ANY(%s)", [(lost | busy).ids])
        self.env.invalidate_all()
        action = self._form("registration_form").action_view_due()
        self.assertEqual(self.env["res.partner"].search(action["domain"]) & (lost | busy), lost)

    def test_kept_elsewhere(self):
        form = self._form("grading_list")
        form.code = False
        self.assertEqual(form.due_count, 0)
        with self.assertRaisesRegex(UserError, "elsewhere"):
            form.action_view_due()

    def test_privacy_lookup_finds_ours(self):
        """PIPL 44: by name and address, with the records that refer to the person; evidence is not deleted."""
        person = self.new_customer("Li Na", 10, email="li.na@example.com")
        self.run_grading(date(2026, 6, 30))
        person.with_user(self.users["supervisor"]).action_set_status("lost", "Retired")
        wizard = self.env["privacy.lookup.wizard"].create({"name": "Li Na", "email": "li.na@example.com"})
        wizard.action_lookup()
        found = set(wizard.line_ids.mapped("res_model"))
        self.assertLessEqual({"res.partner", "crm.procedure.grading.line", "crm.procedure.status"}, found)
        for line in wizard.line_ids.filtered(lambda row: row.res_model.startswith("crm.procedure")):
            with self.assertRaises(UserError):  # AccessError is one
                self.env[line.res_model].browse(line.res_id).with_user(self.users["quality"]).unlink()

    def test_personal_data_is_erased_and_evidence_kept(self):
        """PIPL 47, I11: who it was about is forgotten; that there was a complaint is not."""
        company = self.new_customer("Pumps Ltd", is_company=True)
        person = self.env["res.partner"].create(
            {"name": "Li Na", "parent_id": company.id, "email": "li.na@example.com", "phone": "13800001111"}
        )
        change = (
            self.env["crm.procedure.change"]
            .with_user(self.users["specialist"])
            .create(
                {
                    "partner_id": person.id,
                    "description": "New number",
                    "line_ids": [Command.create({"entry": "phone", "new_value": "13900002222"})],
                }
            )
        )
        change.action_submit()
        ticket = self.env["crm.procedure.ticket"].create(
            {"subject": "Leak", "partner_id": person.id, "email_from": "li.na@example.com", "phone": "13800001111"}
        )
        person.phone = "13700003333"  # tracked or not, the old number must not stay behind
        admin = new_test_user(self.env, "privacy_admin", "base.group_system", company_id=self.company.id)
        wizard = (
            self.env["privacy.lookup.wizard"].with_user(admin).create({"name": "Li Na", "email": "li.na@example.com"})
        )
        wizard.action_lookup()
        line = wizard.line_ids.filtered(lambda row: (row.res_model, row.res_id) == ("res.partner", person.id))
        line.action_pseudonymise()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(person.active)
        self.assertEqual(person.name, f"Person {person.id}")
        self.assertFalse(person.email or person.phone)
        self.assertEqual(ticket.subject, "Leak")
        self.assertFalse(ticket.email_from or ticket.phone)
        self.assertEqual(company.name, "Pumps Ltd")
        wizard = self.env["privacy.lookup.wizard"].create({"name": "Li Na", "email": "li.na@example.com"})
        wizard.action_lookup()
        self.assertFalse(wizard.line_ids.filtered(lambda row: row.res_model != "mail.message"))
        for value in ("13900002222", "13800001111", "13700003333", "li.na@example.com"):
            self.env.cr.execute(
                "SELECT count(*) FROM crm_procedure_change_line l, mail_tracking_value t "
                "WHERE concat(l.*) LIKE %s OR concat(t.*) LIKE %s",
                [f"%{value}%", f"%{value}%"],
            )
            self.assertEqual(self.env.cr.fetchone(), (0,), value)

    def test_who_is_not_erased(self):
        with self.assertRaisesRegex(UserError, "company"):
            self.new_customer("Pumps Ltd", is_company=True)._procedure_pseudonymise()
        with self.assertRaisesRegex(UserError, "colleague"):
            self.users["sales"].partner_id._procedure_pseudonymise()
        with self.assertRaises(AccessError):
            self.new_customer("Li Na").with_user(self.users["quality"])._procedure_pseudonymise()
