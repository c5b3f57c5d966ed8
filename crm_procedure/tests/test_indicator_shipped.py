from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged

from ..tools import limits
from .common import ProcedureCase

NOW = "2026-06-15 08:00:00"


@tagged("post_install", "-at_install")
class TestShippedIndicators(ProcedureCase):
    """What is shipped measures every clause and the limits, and says what a count by hand says (A7, "The one idea")."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.indicators = cls.env["crm.procedure.indicator"]

    def shipped(self, code):
        return self.env.ref(f"crm_procedure.indicator_{code}")

    def says(self, code, population, conforming):
        """Count as of ``NOW``, and look that the records behind it are as many."""
        indicator = self.shipped(code)
        with freeze_time(NOW):
            indicator._compute_values(self.company)
            value = indicator.value_ids.filtered(lambda v: v.company_id == self.company)[:1]
            self.assertEqual((value.population, value.conforming), (population, conforming), code)
            for which, number in (("population", population), ("difference", population - conforming)):
                action = indicator.action_open(which)
                self.assertEqual(self.env[action["res_model"]].search_count(action["domain"]), number, (code, which))

    def set(self, records, **values):
        """Moments as the system would have set them."""
        for name, value in values.items():
            self.env.flush_all()
            self.env.cr.execute(f'UPDATE {records._table} SET "{name}" = %s WHERE id = ANY(%s)', [value, records.ids])
        records.invalidate_recordset()

    def test_every_clause(self):
        shipped = self.indicators.search([("clause", "!=", False)])
        self.assertGreaterEqual(len(shipped), 15)
        self.assertLessEqual({"5.1", "5.2", "5.3", "5.4", "5.5", "5.6"}, set(shipped.mapped("clause")))
        self.assertTrue(all(indicator.description and indicator.role_ids for indicator in shipped))
        self.assertLessEqual(set(filter(None, shipped.mapped("limit_code"))), set(limits.BY_CODE))

    def test_none_is_broken(self):
        shipped = self.indicators.search([])
        shipped._compute_values(self.company)
        rows = shipped.value_ids.filtered(lambda value: value.company_id == self.company)
        self.assertEqual(len(rows), len(shipped))
        self.assertFalse(rows.filtered(lambda row: row.state == "broken").mapped("reason"))

    def test_nothing_happened(self):
        """A company without records: no data, never 0 % or 100 %; what has to happen and did not, is missed."""
        fresh = self.env["res.company"].create({"name": "Fresh"})
        self.env["res.partner"].search([("customer_rank", ">", 0)]).customer_rank = 0
        shipped = self.indicators.search([])
        shipped._compute_values(fresh)
        rows = self.env["crm.procedure.indicator.value"].search([("company_id", "=", fresh.id)])
        shares = rows.filtered(lambda row: row.measure == "share")
        self.assertEqual(set(shares.mapped("state")), {"no_data"})
        held = rows.filtered(lambda row: row.measure == "count" and row.direction == "up")
        self.assertEqual(set(held.mapped("state")), {"missed"})

    # ------------------------------------------------------------
    # 5.1 Customer information, 5.2 grading, 5.3 contact, 5.6 keeping up to date
    # ------------------------------------------------------------

    def test_customers(self):
        """I1-I9, I12, G1, V1: files, verification, grade, contact."""
        self.env["res.partner"].search([("customer_rank", ">", 0)]).customer_rank = 0
        full, empty, fresh = (self.new_customer(name, 5000) for name in ("Full", "Empty", "Fresh"))
        self.set(full + empty, create_date="2025-01-01 08:00:00")
        self.set(fresh, create_date="2026-06-01 08:00:00")
        required = full._procedure_required()[False]
        full.write({"procedure_needs": "Pumps", "phone": "1", "email": "a@example.com", "procedure_size": "small"})
        full.industry_id = self.env["res.partner.industry"].create({"name": "Pumps"})
        self.assertEqual(full.procedure_completeness, 100, required)
        self.says("files_complete", 3, 1)

        self.set(full, procedure_verified_on="2026-01-01")
        self.set(empty, procedure_verified_on="2025-06-14")
        self.says("files_verified", 3, 1)

        self.says("customers_graded", 3, 0)
        grading = self.run_grading("2026-06-14")
        self.says("customers_graded", 3, 3)
        self.set(grading, date="2025-06-01")
        self.says("customers_graded", 3, 0)
        with freeze_time(NOW):
            self.assertFalse(full.procedure_graded_in_time)

        self.says("customers_contacted", 3, 1)
        self._contact(full, "2026-03-18 10:00:00", state="done")
        self._contact(empty, "2026-03-16 10:00:00", state="done")  # 91 days ago
        self.says("customers_contacted", 3, 2)
        with freeze_time(NOW):
            self.assertEqual((full + empty + fresh).mapped("procedure_contact_in_time"), [True, False, True])

    def _contact(self, customer, moment, **values):
        return self.env["crm.procedure.communication"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "user_id": self.users["sales"].id,
                "date_planned": moment[:10],
                "deadline": moment,
                "date_done": moment,
                **values,
            }
        )

    def test_contacts(self):
        """V1, V5: on time by the deadline, whatever is cancelled counts for nothing."""
        customer = self.new_customer("Customer")
        for day, state, on_time in (
            (10, "done", True),
            (11, "done", False),
            (12, "planned", False),
            (12, "cancelled", False),
            (16, "planned", False),  # not due yet
        ):
            self._contact(customer, f"2026-06-{day} 10:00:00", state=state, is_on_time=on_time)
        self.says("contacts_on_time", 3, 1)
        self._contact(customer, "2026-04-10 10:00:00", state="done", is_on_time=True, kind="first_visit")
        self.says("first_visits", 1, 1)

    def test_decided(self):
        """G3, G6, I10: signed or sent back by the deadline."""
        changes = self.env["crm.procedure.change"].create(
            [
                {"partner_id": self.new_customer("X").id, "description": "moved", "company_id": self.company.id}
                for _number in range(4)
            ]
        )
        self.set(changes, deadline="2026-06-10 10:00:00", state="submitted")
        self.set(changes[0], approved_on="2026-06-10 10:00:00", state="approved")
        self.set(changes[1], rejected_on="2026-06-09 10:00:00", state="rejected")
        self.set(changes[2], approved_on="2026-06-11 10:00:00", state="approved")
        self.says("changes_confirmed", 4, 2)
        self.assertEqual(changes.mapped("is_decided_in_time"), [True, True, False, False])

    # ------------------------------------------------------------
    # 5.4 Complaints
    # ------------------------------------------------------------

    def test_tickets(self):
        """C10, C12, S11: each step by its deadline; the latest answer counts."""
        tickets = self.env["crm.procedure.ticket"].create(
            [{"subject": f"Ticket {number}", "company_id": self.company.id} for number in range(4)]
        )
        due, early, late = "2026-06-10 10:00:00", "2026-06-10 09:00:00", "2026-06-11 10:00:00"
        self.set(tickets, accept_deadline=due, acknowledge_deadline=due, first_deadline=due, answer_deadline=due)
        self.set(tickets[:2], date_accepted=early, date_acknowledged=due, date_first_answer=early, date_answered=early)
        self.set(tickets[2], date_accepted=late, date_acknowledged=late, date_first_answer=late, date_answered=late)
        self.set(tickets[0], state="answered")
        self.set(tickets[1], state="handling", round=2)  # the customer rejected the answer
        self.set(tickets[2], state="closed", date_closed=late, customer_rating=5)
        self.says("tickets_accepted", 4, 2)
        self.says("tickets_acknowledged", 4, 2)
        self.says("solutions_proposed", 4, 2)
        self.says("tickets_answered", 4, 1)
        self.assertEqual(tickets.mapped("is_answered_in_time"), [True, False, False, False])
        self.set(tickets[3], state="cancelled")
        self.says("tickets_accepted", 3, 2)

    def test_endings(self):
        """C15: closed by the customer, not by us."""
        tickets = self.env["crm.procedure.ticket"].create(
            [{"subject": f"Ticket {number}", "company_id": self.company.id} for number in range(3)]
        )
        self.set(tickets, date_closed="2026-06-01 10:00:00", state="closed", customer_rating=5)
        self.set(tickets[2], state="unconfirmed", customer_rating=0)
        self.set(tickets[1], customer_rating=3)
        self.says("closed_by_customer", 3, 2)
        self.says("solutions_rated", 2, 1)

    def test_overdue(self):
        ticket = self.env["crm.procedure.ticket"].create({"subject": "Late", "company_id": self.company.id})
        self.set(ticket, deadline="2026-06-15 07:00:00")
        with freeze_time(NOW):
            self.shipped("tickets_overdue")._compute_values(self.company)
        value = self.shipped("tickets_overdue").value_ids.filtered(lambda v: v.company_id == self.company)
        self.assertEqual((value.value, value.state), (1, "missed"))

    def test_actions(self):
        """C10, C18, ISO 9001 10.2: parts and actions in time, effective."""
        actions = self.env["crm.procedure.action"].create(
            [
                {"subject": f"Action {number}", "kind": kind, "company_id": self.company.id}
                for number, kind in enumerate(["handling", "handling", "corrective", "improvement"])
            ]
        )
        self.set(actions, deadline="2026-06-10 10:00:00")
        self.set(actions[0] + actions[2], date_done="2026-06-09 10:00:00", state="done")
        self.says("department_parts", 2, 1)
        self.says("actions_in_time", 2, 1)
        self.set(actions[2:], state="effective", date_verified="2026-06-12 10:00:00")
        self.set(actions[3], state="ineffective")
        self.says("actions_effective", 2, 1)

    # ------------------------------------------------------------
    # 5.5 Satisfaction
    # ------------------------------------------------------------

    def test_survey(self):
        """Q1, Q4: held within the limit, its report decided, answered."""
        self.says("survey_held", 0, 0)
        campaign = self.env["crm.procedure.campaign"].create(
            {"kind": "yearly", "company_id": self.company.id, "date_from": "2026-05-01", "date_to": "2026-05-21"}
        )
        self.set(campaign, state="submitted", deadline="2026-06-04 10:00:00")
        self.says("survey_held", 1, 0)
        self.set(campaign, state="approved", approved_on="2026-06-03 10:00:00")
        self.says("survey_held", 1, 1)
        self.says("survey_reports", 1, 1)
        people = [self._participant(campaign, outcome) for outcome in ("answered", "invited", "refused", "skipped")]
        self.assertEqual(len(people), 4)
        self.says("survey_response", 3, 1)
        with freeze_time("2027-05-23"):
            self.shipped("survey_held")._compute_values(self.company)
            self.assertEqual(self.shipped("survey_held").value_ids[:1].value, 0, "twelve months are over")

    def _participant(self, campaign, outcome, **values):
        customer = self.new_customer(outcome)
        return self.env["survey.user_input"].create(
            {
                "survey_id": campaign.survey_id.id,
                "campaign_id": campaign.id,
                "procedure_customer_id": customer.id,
                "procedure_outcome": outcome,
                "procedure_invited_on": "2026-05-01 10:00:00",
                **values,
            }
        )

    def test_feedback_form(self):
        """Q6: the customer of an order was asked within the limit, or shortly before."""
        campaign = self.env["crm.procedure.campaign"].create({"kind": "delivery", "company_id": self.company.id})
        asked, before, forgotten, recent = (
            self.new_customer(name, 100, day)
            for name, day in (
                ("Asked", "2026-05-01"),
                ("Before", "2026-05-01"),
                ("Forgotten", "2026-05-01"),
                ("Recent", "2026-06-10"),
            )
        )
        for customer, day in ((asked, "2026-05-20"), (before, "2026-03-01"), (forgotten, "2026-06-12")):
            self._participant(
                campaign, "invited", procedure_customer_id=customer.id, procedure_invited_on=f"{day} 10:00:00"
            )
        self.says("feedback_asked", 3, 2)
        orders = self.env["sale.order"].search([("partner_id", "in", (asked + forgotten + recent).ids)], order="id")
        with freeze_time(NOW):
            self.assertEqual(orders.mapped("procedure_feedback_asked"), [True, False, False])
            self.assertEqual(orders.mapped("procedure_feedback_due"), [True, True, False])

    def test_registrations(self):
        """I12, X6: who was registered and is confirmed or rejected."""
        self.env["res.partner"].search([("procedure_registration", "!=", False)]).procedure_registration = False
        people = self.env["res.partner"].create([{"name": f"New {number}"} for number in range(4)])
        self.set(people, create_date=datetime(2026, 6, 1, 8), procedure_registration="waiting")
        self.set(people[0], procedure_registration="confirmed")
        self.set(people[1], procedure_registration="rejected")
        self.set(people[3], create_date=fields.Datetime.to_datetime(NOW) - timedelta(days=1))
        self.says("registrations_confirmed", 3, 2)

    def test_reviews(self):
        """A1, A4, A5: held and submitted by the deadline; one that was sent back is not."""
        reviews = self.env["crm.procedure.review"].create(
            [
                {
                    "kind": "monthly",
                    "company_id": self.company.id,
                    "date_from": f"2026-0{month}-01",
                    "date_to": f"2026-0{month}-28",
                }
                for month in (2, 3, 4, 5)
            ]
        )
        self.set(reviews, deadline="2026-06-10 10:00:00", state="approved")
        self.set(reviews[:3], submitted_on="2026-06-10 10:00:00")
        self.set(reviews[1], state="draft")
        self.set(reviews[3], submitted_on="2026-06-11 10:00:00")
        self.says("monthly_summaries", 4, 2)
        self.assertEqual(reviews.mapped("is_held_in_time"), [True, False, True, False])
        self.says("legal_reviews", 0, 0)
