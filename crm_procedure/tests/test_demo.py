from odoo.tests import TransactionCase, tagged

from ..tools import powers
from ..tools.lifecycle import STATUSES


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    """What a newcomer finds in a database with demo data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.env.ref("crm_procedure.user_sales_demo", raise_if_not_found=False):
            cls.skipTest(cls, "The database holds no demo data.")

    def test_one_user_per_role(self):
        """Login and password are the role's name, and nobody has a second role."""
        for role in powers.ROLES:
            with self.subTest(role):
                user = self.env.ref(f"crm_procedure.user_{role}_demo")
                self.assertEqual(user.login, role)
                held = {other for other in powers.ROLES if user.has_group(powers.group_xmlid(other))}
                self.assertEqual(held, {role, powers.USER})
                self.assertFalse(user.has_group("base.group_system"))
                credential = {"login": role, "password": role, "type": "password"}
                found = self.env["res.users"].authenticate(credential, {"interactive": False})
                self.assertEqual(found["uid"], user.id)

    def test_departments(self):
        teams = self.env["crm.procedure.team"].search([("company_id", "=", self.env.ref("base.main_company").id)])
        self.assertLessEqual({"sales", "marketing", "service", "quality", "management"}, set(teams.mapped("duty")))
        self.assertTrue(teams.filtered("makes_contacts")._people())

    def test_procedure_was_signed_by_two(self):
        procedure = self.env.ref("crm_procedure.procedure_default")
        self.assertEqual(procedure.submitted_by_id, self.env.ref("crm_procedure.user_quality_demo"))
        self.assertEqual(procedure.approved_by_id, self.env.ref("crm_procedure.user_manager_demo"))

    def test_gradings(self):
        """History with moves, one list turned down, and a draft that says who would move."""
        approved = self.env["crm.procedure.grading"]
        for key in ("first", "second", "third", "fourth"):
            approved |= self.env.ref(f"crm_procedure.grading_{key}_demo")
        self.assertEqual(set(approved.mapped("state")), {"approved"})
        self.assertTrue(all(approved.mapped("applied_on")))
        self.assertLessEqual({"new", "up", "down"}, set(approved.line_ids.mapped("move")))
        self.assertTrue(any(approved.line_ids.mapped("override_reason")))
        self.assertTrue(self.env.ref("crm_procedure.grading_rejected_demo").reject_reason)
        self.assertLessEqual(
            {"new", "up", "down"}, set(self.env.ref("crm_procedure.grading_draft_demo").line_ids.mapped("move"))
        )

    def test_tickets_in_every_state(self):
        """A year of them, ended by customers and by management, and some in every open state."""
        tickets = self.env["crm.procedure.ticket"].search([])
        states = {state for state, _label in tickets._fields["state"].selection}
        self.assertEqual(states - set(tickets.mapped("state")), {"cancelled"})
        self.assertTrue(tickets.filtered(lambda t: t.round > 1))
        self.assertTrue(tickets.mapped("action_ids").filtered("to_check"))
        self.assertGreater(len(tickets.mapped("category_id")), 4)
        self.assertFalse(tickets.filtered(lambda t: t.state == "closed" and not t.customer_rating))

    def test_customers_of_every_grade(self):
        customers = self.env["res.partner"].search([("procedure_grade_id", "!=", False)])
        counts = {grade.name: len(group) for grade, group in customers.grouped("procedure_grade_id").items()}
        self.assertLess(counts["A"], counts["B"])
        self.assertLess(counts["B"], counts["C"])

    def test_three_versions_of_the_procedure(self):
        """D1, D2: one superseded, one in force, one waiting for management; records keep theirs."""
        versions = self.env["crm.procedure"].search([("company_id", "=", self.env.ref("base.main_company").id)])
        self.assertEqual(
            {version.version: version.state for version in versions},
            {"V1.0": "superseded", "V1.1": "approved", "V2.0": "reviewed"},
        )
        self.assertTrue(versions.filtered(lambda v: v.version == "V1.1").is_in_force)
        self.assertEqual(self.env.ref("crm_procedure.grading_first_demo").procedure_id.version, "V1.1")

    def test_customers_of_every_status(self):
        customers = self.env["res.partner"].search([("procedure_status", "!=", False)])
        self.assertEqual(set(customers.mapped("procedure_status")), {key for key, _label in STATUSES})
        self.assertTrue(self.env.ref("crm_procedure.customer_andes_demo").procedure_status_decision_id)

    def test_customer_files(self):
        """I3, I10: complete and incomplete files; new customers and changes in every state."""
        self.assertEqual(self.env.ref("crm_procedure.customer_huarui_demo").procedure_completeness, 100)
        self.assertLess(self.env.ref("crm_procedure.customer_yihe_demo").procedure_completeness, 100)
        self.assertEqual(self.env.ref("crm_procedure.customer_qingyuan_demo").procedure_registration, "waiting")
        changes = self.env["crm.procedure.change"].search([])
        self.assertEqual(set(changes.mapped("state")), {"draft", "submitted", "approved", "rejected"})

    def test_surveys(self):
        """Q1, Q6: last year's survey with its report, this year's on its way, feedback after deliveries."""
        last, running, delivery = (
            self.env.ref(f"crm_procedure.campaign_{key}_demo") for key in ("last", "running", "delivery")
        )
        self.assertEqual((last.state, running.state, delivery.state), ("approved", "running", "running"))
        self.assertGreater(last.csat_answers, 15)
        self.assertTrue(last.figures["comments"] and last.findings and last.action_ids)
        self.assertGreater(running.answered_count, 5)
        self.assertTrue(running.open_count and running.undelivered_count)
        self.assertTrue(delivery.participant_ids.procedure_ticket_id)
        self.assertFalse(self.env["mail.mail"].search([("model", "=", "survey.user_input")]))

    def test_reviews(self):
        """A1, A4-A6, X15: a year of reviews signed by management with what followed, one to be held."""
        reviews = self.env["crm.procedure.review"].search([("company_id", "=", self.env.ref("base.main_company").id)])
        by_kind = {kind: len(own) for kind, own in reviews.grouped("kind").items()}
        self.assertEqual(by_kind, {"monthly": 12, "quarterly": 4, "legal": 2, "yearly": 1})
        draft = reviews.filtered(lambda review: review.state == "draft")
        self.assertEqual(len(draft), 1)
        self.assertEqual(set((reviews - draft).mapped("state")), {"approved"})
        self.assertFalse(draft.is_overdue)
        self.assertGreaterEqual(len(draft.agenda_ids.filtered("proposed_by_id")), 3)
        self.assertTrue(draft.figures["actions"]["rows"] and draft.figures["has_data"])
        self.assertLessEqual({"open", "effective"}, set(reviews.action_ids.mapped("state")))
        self.assertFalse(self.env["mail.mail"].search([("model", "like", "crm.procedure.review")]))
        company = self.env.ref("base.main_company")
        due = self.env["crm.procedure.review"].with_company(company)._due_reviews(company)
        self.assertEqual(due, [], "the scheduled action finds nothing to open")
