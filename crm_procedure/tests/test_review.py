from datetime import date

from odoo.tests import tagged

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
