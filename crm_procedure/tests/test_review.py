from datetime import date, datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..tools import reviews
from .review_common import EVERY_KIND, ReviewCase


@tagged("post_install", "-at_install")
class TestReview(ReviewCase):
    """When reviews are opened, with whom and about what (A1, A4, A5, X15)."""

    def periods(self, kind, company=None):
        return [(str(r.date_from), str(r.date_to)) for r in self.reviews(kind, company)]

    # ------------------------------------------------------------
    # Periods
    # ------------------------------------------------------------

    def test_periods_are_those_of_the_calendar(self):
        """X15: months, quarters, half-years and years, whatever the limit says."""
        day = date(2026, 5, 31)
        for months, first, last in (
            (1, date(2026, 4, 1), date(2026, 4, 30)),
            (2, date(2026, 3, 1), date(2026, 4, 30)),
            (3, date(2026, 1, 1), date(2026, 3, 31)),
            (6, date(2025, 7, 1), date(2025, 12, 31)),
            (12, date(2025, 1, 1), date(2025, 12, 31)),
            (24, date(2024, 1, 1), date(2025, 12, 31)),
        ):
            with self.subTest(months=months):
                self.assertEqual(reviews.last_ended(day, months), (first, last))
        self.assertEqual(reviews.last_ended(date(2024, 3, 1), 1), (date(2024, 2, 1), date(2024, 2, 29)))
        self.assertEqual(
            reviews.ended_since(date(2026, 2, 28), date(2026, 5, 1), 1),
            [(date(2026, m, 1), date(2026, m, d)) for m, d in ((2, 28), (3, 31), (4, 30))],
        )
        self.assertEqual(reviews.ended_since(date(2026, 5, 1), date(2026, 5, 31), 1), [])

    def test_each_kind_is_opened_when_its_period_is_over(self):
        """A1, A4, A5, X15: on the first of the month, of the quarter, of the year."""
        self.run_cron("2025-12-31 12:00:00")
        before = self.reviews()
        self.assertEqual(set(before.mapped("kind")), {"monthly", "quarterly"})
        self.run_cron("2026-01-01 12:00:00")
        new = self.reviews() - before
        self.assertEqual(set(new.mapped("kind")), EVERY_KIND)
        self.assertEqual(self.periods("yearly"), [("2025-01-01", "2025-12-31")])
        self.assertEqual(self.periods("quarterly")[-1], ("2025-10-01", "2025-12-31"))
        self.assertEqual(set(new.mapped("state")), {"draft"})
        self.assertTrue(all(new.mapped("deadline")))

    def test_cron_twice_opens_nothing_twice(self):
        """A1, X15: exactly one for each kind, period and company."""
        self.run_cron("2026-01-02 08:00:00")
        opened = self.reviews()
        for moment in ("2026-01-02 08:00:00", "2026-01-02 20:00:00", "2026-01-31 08:00:00"):
            self.run_cron(moment)
        self.assertEqual(self.reviews(), opened)
        self.run_cron("2026-02-01 08:00:00")
        self.assertEqual((self.reviews() - opened).kind, "monthly")

    def test_who_was_faster_wins(self):
        """X15: two at once: the database keeps the second one out, and nothing breaks."""
        self.new_review("monthly", date_from=date(2026, 3, 1), date_to=date(2026, 3, 31))
        values = {"kind": "monthly", "date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31)}
        with (
            patch.object(type(self.Review), "search_count", lambda *args, **kwargs: 0),
            mute_logger("odoo.sql_db"),
        ):
            self.assertFalse(self.Review._open_one(self.company, **values))
        self.assertEqual(len(self.reviews("monthly")), 1)

    def test_after_months_of_sleep(self):
        """A1, A4: the last month is summed up and names the missed ones; each missed quarter is held."""
        self.run_cron("2026-01-02 08:00:00")
        self.run_cron("2026-08-05 08:00:00")
        last = self.reviews("monthly")[-1]
        self.assertEqual((last.date_from, last.date_to), (date(2026, 7, 1), date(2026, 7, 31)))
        self.assertEqual(len(self.reviews("monthly")), 2)
        for month in ("January", "February", "March", "April", "May", "June"):
            self.assertIn(f"{month} 2026", last.missed)
        self.assertNotIn("July", last.missed)
        self.assertEqual(self.periods("quarterly")[-2:], [("2026-01-01", "2026-03-31"), ("2026-04-01", "2026-06-30")])
        self.assertFalse(self.reviews("quarterly")[-1].missed)
        self.assertEqual(self.reviews("quarterly")[-1].previous_id, self.reviews("quarterly")[-2])
        self.run_cron("2026-08-05 09:00:00")
        self.assertEqual(len(self.reviews("monthly")), 2)

    def test_days_of_the_company(self):
        """X15: a month ends when it ends where the company is."""
        auckland, angeles = self._another("Kiwi", "Pacific/Auckland"), self._another("Pacific", "America/Los_Angeles")
        for company in (auckland, angeles):
            self._sign_procedure(company, date(2026, 3, 1))
        self.run_cron("2026-03-31 20:00:00")
        self.assertEqual(self.periods("monthly", auckland), [("2026-03-01", "2026-03-31")])
        self.assertFalse(self.reviews("monthly", angeles))
        self.run_cron("2026-04-01 08:00:00")
        self.assertEqual(self.periods("monthly", angeles), [("2026-03-01", "2026-03-31")])
        self.assertEqual(len(self.reviews("monthly", auckland)), 1)

    def _another(self, name, tz):
        company = self.env["res.company"].create({"name": name})
        company.resource_calendar_id = self.env["resource.calendar"].create({"name": name, "tz": tz})
        return company

    def _sign_procedure(self, company, day):
        procedure = self.env["crm.procedure"].with_company(company).create({"number": "P", "company_id": company.id})
        procedure._set_state("approved")
        self.start_procedure(procedure, day)
        return procedure

    def test_nothing_before_the_procedure(self):
        """A1: a company without a procedure in force has nothing to review, nor has the time before it."""
        other = self._another("Young", "UTC")
        self.run_cron("2026-04-02 08:00:00")
        self.assertFalse(self.reviews(company=other))
        procedure = self._sign_procedure(other, date(2026, 4, 10))
        procedure.effective_date = date(2020, 1, 1)  # the document was there before; here it is since April
        self.run_cron("2026-04-30 08:00:00")
        self.assertFalse(self.reviews(company=other))
        self.run_cron("2026-05-01 08:00:00")
        self.assertEqual(self.reviews(company=other).kind, "monthly")

    def test_changed_rhythm(self):
        """X15: how often is a limit; a period begins where the last review ended."""
        self.run_cron("2026-02-02 08:00:00")
        self.procedure.limit_ids.filtered(lambda limit: limit.code == "feedback_summary").sudo().value = 3
        self.run_cron("2026-03-15 08:00:00")
        self.assertEqual(len(self.reviews("monthly")), 1)
        self.run_cron("2026-04-02 08:00:00")
        self.assertEqual(self.periods("monthly"), [("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-03-31")])

    def test_new_version_is_reviewed_by_legal(self):
        """A5: law or business changed, the procedure was revised: legal looks at it again, once."""
        self.run_cron("2026-05-02 08:00:00")
        before = self.reviews("legal")
        version = self.procedure.copy({"version": "V2.0", "effective_date": date(2026, 5, 10)})
        version._set_state("approved")
        self.run_cron("2026-05-09 08:00:00")
        self.assertEqual(self.reviews("legal"), before)
        for moment in ("2026-05-10 08:00:00", "2026-05-11 08:00:00"):
            self.run_cron(moment)
        review = self.reviews("legal") - before
        self.assertEqual(len(review), 1)
        self.assertEqual((review.changed_procedure_id, review.procedure_id), (version, version))
        self.assertEqual((review.date_from, review.date_to), (date(2026, 1, 1), date(2026, 5, 10)))
        self.run_cron("2027-01-02 08:00:00")
        self.assertEqual(len(self.reviews("legal")), len(before) + 2, "the yearly one comes all the same")

    def test_kinds_can_be_set_aside(self):
        """A1: an archived setup opens nothing, for one company or for all."""
        general = self.env.ref("crm_procedure.review_template_yearly")
        own = general.copy({"company_id": self.company.id, "active": False})
        self.run_cron("2026-01-02 08:00:00")
        self.assertFalse(self.reviews("yearly"))
        own.active = True
        self.run_cron("2026-01-02 09:00:00")
        self.assertTrue(self.reviews("yearly"))

    def test_one_company_that_fails_does_not_stop_the_rest(self):
        other = self._another("Other", "UTC")
        self._sign_procedure(other, date(2026, 3, 1))
        model, open_one = type(self.Review), type(self.Review)._open_one

        def fail(records, company, **values):
            if company == self.company:
                raise ValueError("broken")
            return open_one(records, company, **values)

        with patch.object(model, "_open_one", fail), mute_logger("odoo.addons.crm_procedure.models.review_open"):
            self.run_cron("2026-04-01 08:00:00")
        self.assertFalse(self.reviews())
        self.assertTrue(self.reviews(company=other))

    # ------------------------------------------------------------
    # Who, and about what
    # ------------------------------------------------------------

    def test_people(self):
        """A1, A4: chair, preparer and attendees come from the departments and roles."""
        review = self.new_review("quarterly")
        self.assertEqual(review.user_id, self.users["manager"])
        self.assertEqual(review.prepared_by_id, self.users["quality"])
        self.assertEqual(review.team_id, self.team_quality)
        self.assertEqual(
            review.attendee_ids,
            self.env["res.users"].union(
                *(self.users[r] for r in ("manager", "quality", "supervisor", "sales", "marketing", "service"))
            ),
        )
        monthly = self.new_review("monthly")
        self.assertEqual(monthly.user_id, self.users["service"])
        legal = self.new_review("legal")
        self.assertEqual(legal.user_id, self.users["manager"], "nobody leads a legal department")
        self._new_team("legal", role="user")
        again = self.new_review("legal", date_to=date(2026, 2, 1), date_from=date(2026, 1, 1))
        self.assertEqual(again.user_id, self.users["user"])
        self.assertIn(self.users["user"], again.attendee_ids)

    def test_people_who_left_are_not_invited(self):
        self.users["supervisor"].active = False
        self.assertNotIn(self.users["supervisor"], self.new_review("quarterly").attendee_ids)

    def test_agenda(self):
        """A4: open actions of the last reviews first, then execution of plans, feedback, surveys."""
        review = self.new_review("quarterly")
        self.assertEqual(
            review.agenda_ids.mapped("source")[:4],
            ["actions", "plans", "tickets", "surveys"],
        )
        setup = self.env.ref("crm_procedure.review_template_monthly")
        setup.topic_ids.filtered(lambda topic: topic.source == "actions").unlink()
        self.assertEqual(self.new_review("monthly").agenda_ids[0].source, "actions", "also where nobody set it up")

    def test_by_hand(self):
        """Those who prepare reviews open one besides, for a period that has none."""
        with freeze_time("2026-04-02 08:00:00"):
            review = self.Review.with_user(self.users["quality"]).create({"kind": "quarterly"})
        self.assertEqual((review.date_from, review.date_to), (date(2026, 1, 1), date(2026, 3, 31)))
        self.assertEqual(review.period_label, "Q1 2026")
        self.assertFalse(review.invited_on)
        with self.assertRaisesRegex(UserError, "were made for them"):
            review.date_to = date(2026, 4, 30)
        with self.assertRaisesRegex(AccessError, "not typed in"):
            review.figures = {}
        for role in ("user", "manager", "auditor", "sales"):
            with self.subTest(role), self.assertRaises(AccessError):
                self.Review.with_user(self.users[role]).create({"kind": "legal"})

    def test_labels_of_periods(self):
        for first, last, label in (
            (date(2026, 2, 1), date(2026, 2, 28), "February 2026"),
            (date(2026, 4, 1), date(2026, 6, 30), "Q2 2026"),
            (date(2026, 1, 1), date(2026, 12, 31), "2026"),
            (date(2026, 5, 2), date(2026, 5, 10), "05/02/2026 – 05/10/2026"),
            (date(2026, 2, 1), date(2026, 4, 30), "02/01/2026 – 04/30/2026"),
        ):
            with self.subTest(label):
                self.assertEqual(self.Review._period_text(first, last), label)

    def test_overdue_reviews_escalate(self):
        """A4: not submitted within the limit: the leader of the preparing department, later management."""
        review = self.new_review("quarterly", "2026-04-01 08:00:00")
        self.assertEqual(review.deadline.date(), date(2026, 4, 15))
        with freeze_time(datetime(2026, 4, 17, 18)), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_escalate").method_direct_trigger()
        self.assertEqual(review.escalation_level, "1")
        self.assertIn(self.users["quality"], review.activity_ids.user_id)

    # ------------------------------------------------------------
    # Cost
    # ------------------------------------------------------------

    def test_a_company_with_nothing_due_costs_little(self):
        """X15: the scheduled action asks a few questions for each company and writes nothing."""
        self.run_cron("2026-04-02 08:00:00")
        with freeze_time("2026-04-02 09:00:00"):
            self.env.flush_all()
            self.env.invalidate_all()
            with self.assertQueryCount(__system__=40):
                self.assertEqual(self.Review._due_reviews(self.company), [])
