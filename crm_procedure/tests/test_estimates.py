import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools import estimates
from ..tools.estimates import Estimate, Stratum

MANY = 10**9  # a population without end

# a slow machine is no reason to fail
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

strata_of_shares = st.lists(
    st.integers(0, 300).flatmap(
        lambda n: st.builds(Stratum, st.integers(n, n + 5000), st.just(n), st.integers(0, n), st.just(0))
    ),
    max_size=5,
)
strata_of_nets = st.lists(
    st.integers(0, 300).flatmap(
        lambda n: st.integers(0, n).flatmap(
            lambda hits: st.builds(
                Stratum, st.integers(n, n + 5000), st.just(n), st.just(hits), st.integers(0, n - hits)
            )
        )
    ),
    max_size=5,
)


@tagged("post_install", "-at_install")
class TestEstimates(BaseCase):
    """Q4: the formulas, against worked examples that others have published, and what must always hold."""

    def test_sample_size_of_cochran(self):
        """Cochran (1977), 4.4: blood group O on an island of 3,200: 400 for an endless one, 356 here.

        He takes t = 2 and p = 0.5, e = 0.05; with z = 1.96 the same formula gives 385 and 344.
        """
        self.assertEqual(estimates.sample_size(MANY, 0.05), 385)
        self.assertEqual(estimates.sample_size(3200, 0.05), 344)
        self.assertEqual(math.ceil(400 / (1 + 399 / 3200)), 356)
        self.assertEqual(estimates.sample_size(3200, 0.05 * estimates.Z / 2), 356)

    def test_sample_size_at_the_edges(self):
        for population, expected in ((0, 0), (1, 1), (2, 2), (10, 10)):
            self.assertEqual(estimates.sample_size(population, 0.05), expected)
        self.assertEqual(estimates.sample_size(50, 0.0001), 50)

    def test_wilson_of_newcombe(self):
        """Newcombe (1998), Statistics in Medicine 17:857, table I, method 3."""
        for hits, answers, low, high in (
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ):
            with self.subTest(hits=hits, answers=answers):
                found = estimates.wilson(hits / answers, answers)
                self.assertAlmostEqual(found[0], low, 4)
                self.assertAlmostEqual(found[1], high, 4)

    def test_difference_of_newcombe(self):
        """Newcombe (1998), Statistics in Medicine 17:873, table II, method 10."""
        for one, other, low, high in (
            ((56, 70), (48, 80), 0.0524, 0.3339),
            ((9, 10), (3, 10), 0.1705, 0.8090),
            ((6, 7), (2, 7), 0.0582, 0.8062),
            ((5, 56), (0, 29), -0.0381, 0.1926),
        ):
            with self.subTest(one=one, other=other):
                now, before = (estimates.weighted_share([Stratum(MANY, n, hits)]) for hits, n in (one, other))
                gap = estimates.difference(now, before)
                self.assertAlmostEqual(gap.low, low, 4)
                self.assertAlmostEqual(gap.high, high, 4)
                self.assertEqual(estimates.is_significant(gap), low > 0)

    def test_net_score_by_hand(self):
        """Rocks (2016): 100 answers, 45 for and 20 against; 103 counted, 45.75 and 20.75 of them."""
        found = estimates.weighted_net([Stratum(MANY, 100, 45, 20)])
        self.assertAlmostEqual(found.value, 0.25)
        centre = 25 / 103
        spread = 1.959964 * math.sqrt((66.5 / 103 - centre**2) / 103)
        self.assertAlmostEqual(found.low, centre - spread, 6)
        self.assertAlmostEqual(found.high, centre + spread, 6)

    def test_few_equal_answers_are_no_certainty(self):
        net = estimates.weighted_net([Stratum(MANY, 3, 3, 0)])
        self.assertEqual(net.value, 1)
        self.assertLess(net.low, 0.6)
        self.assertLess(estimates.weighted_share([Stratum(MANY, 3, 3)]).low, 0.5)

    def test_no_answers_no_figure(self):
        for strata in ([], [Stratum(50, 0, 0)]):
            self.assertIsNone(estimates.weighted_share(strata))
            self.assertIsNone(estimates.weighted_net(strata))
        self.assertIsNone(estimates.difference(None, Estimate(0.5, 0.4, 0.6, 10)))
        self.assertFalse(estimates.is_significant(None))

    def test_everybody_answered(self):
        """A full count has no sampling error."""
        self.assertEqual(estimates.weighted_share([Stratum(10, 10, 7)])[:3], (0.7, 0.7, 0.7))

    def test_weights_by_grade(self):
        """Ten of ten A customers happy, none of ten C: A is 100 of 1,000 customers."""
        found = estimates.weighted_share([Stratum(100, 10, 10), Stratum(900, 10, 0)])
        self.assertAlmostEqual(found.value, 0.1)
        self.assertEqual(found.answers, 20)
        self.assertLess(estimates.effective_size([Stratum(100, 10, 10), Stratum(900, 10, 0)]), 20)

    def test_allocation(self):
        sizes = {"A": 10, "B": 90, "C": 900}
        self.assertEqual(estimates.allocate(sizes, 100), {"A": 1, "B": 9, "C": 90})
        self.assertEqual(estimates.allocate(sizes, 100, floor=15), {"A": 10, "B": 15, "C": 90})
        self.assertEqual(estimates.allocate(sizes, 5000), sizes)
        self.assertEqual(estimates.allocate({"A": 0}, 5), {"A": 0})

    @patient
    @given(strata_of_shares)
    def test_shares_lie_in_their_interval(self, strata):
        found = estimates.weighted_share(strata)
        self.assertEqual(found is None, not any(stratum.answers for stratum in strata))
        if found:
            self.assertTrue(0 <= found.low <= found.value <= found.high <= 1)

    @patient
    @given(strata_of_nets)
    def test_nets_lie_in_their_interval(self, strata):
        found = estimates.weighted_net(strata)
        if found:
            self.assertTrue(-1 <= found.low <= found.value <= found.high <= 1)

    @patient
    @given(st.integers(1, 200), st.floats(0, 1), st.integers(2, 50))
    def test_more_answers_narrow_the_interval(self, answers, share, times):
        few, many = estimates.wilson(share, answers), estimates.wilson(share, answers * times)
        self.assertLess(many[1] - many[0], few[1] - few[0])

    @patient
    @given(st.integers(1, 100_000), st.floats(0.01, 0.5))
    def test_sample_size_reaches_its_margin(self, population, margin):
        size = estimates.sample_size(population, margin)
        self.assertTrue(1 <= size <= population)
        if size < population:
            correction = (population - size) / (population - 1)
            self.assertLessEqual(estimates.Z * math.sqrt(0.25 * correction / size), margin * 1.02)

    @patient
    @given(
        st.dictionaries(st.integers(0, 9), st.integers(0, 1000), min_size=1, max_size=6),
        st.integers(0, 5000),
        st.integers(0, 20),
    )
    def test_allocation_never_asks_more_than_there_are(self, sizes, total, floor):
        shares = estimates.allocate(sizes, total, floor)
        self.assertEqual(set(shares), set(sizes))
        self.assertTrue(all(0 <= shares[key] <= sizes[key] for key in sizes))
        self.assertGreaterEqual(sum(shares.values()), min(total, sum(sizes.values())))

    @patient
    @given(strata_of_shares, strata_of_shares)
    def test_difference_turns_around(self, one, other):
        now, before = estimates.weighted_share(one), estimates.weighted_share(other)
        there, back = estimates.difference(now, before), estimates.difference(before, now)
        if there:
            self.assertAlmostEqual(there.low, -back.high)
            self.assertAlmostEqual(there.high, -back.low)
