from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from ..tools.scoring import CREDITS, LESS_IS_BETTER, MEASURES, STANDINGS, Scoring
from .common import ProcedureCase

numbers = st.floats(-1e7, 1e7, allow_nan=False).map(lambda x: round(x, 2))
weights = st.floats(0, 100).map(lambda x: round(x, 1))
measured = st.fixed_dictionaries(
    {
        "sales_amount": numbers,
        "order_count": st.integers(0, 10_000),
        "recency": st.none() | st.integers(0, 5_000),
        "potential": st.none() | st.integers(0, 100),
        "standing": st.none() | st.sampled_from(sorted(STANDINGS)),
        "credit": st.none() | st.sampled_from(sorted(CREDITS)),
    }
)


@st.composite
def criteria(draw):
    rows = []
    for measure in draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=8)):
        low = draw(st.floats(-1000, 1000).map(round))
        high = low + draw(st.integers(1, 100_000))
        zero, full = (high, low) if measure in LESS_IS_BETTER else (low, high)
        rows.append({"measure": measure, "weight": draw(weights), "value_zero": float(zero), "value_full": float(full)})
    assume(sum(row["weight"] for row in rows) > 0)
    return rows


def reference_points(row, value):
    """The definition in words, written independently of the SQL: nothing at zero, all at full."""
    value = {"standing": STANDINGS, "credit": CREDITS}.get(row["measure"], {}).get(value, value)
    if value is None:
        return 0
    low, high = sorted((row["value_zero"], row["value_full"]))
    way = (min(max(value, low), high) - low) / (high - low)
    return 100 * (1 - way if row["measure"] in LESS_IS_BETTER else way)


@tagged("post_install", "-at_install")
class TestScoring(ProcedureCase):
    """The one formula, against its definition, for criteria and customers of every kind."""

    @given(rows=criteria(), values=measured)
    @settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
    def test_points_follow_the_definition(self, rows, values):
        engine = self._engine(rows)
        total = sum(row["weight"] for row in rows)
        explained = engine.explain(values)
        for row, found in zip(rows, explained, strict=True):
            self.assertAlmostEqual(found["points"], reference_points(row, values[row["measure"]]), places=4)
            self.assertTrue(0 <= found["points"] <= 100)
        score = sum(row["weight"] * reference_points(row, values[row["measure"]]) for row in rows) / total
        self.assertAlmostEqual(sum(found["contribution"] for found in explained), score, places=4)

    @given(potentials=st.lists(st.integers(0, 100), min_size=1, max_size=8), lowest=st.integers(1, 40))
    @settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
    def test_best_grade_reached(self, potentials, lowest):
        """The best grade whose minimum is reached; below all of them there is none."""
        grades = [{"id": n, "minimum_score": lowest + add} for n, add in ((1, 50), (2, 20), (3, 0))]
        engine = self._engine([{"measure": "potential", "weight": 1, "value_zero": 0.0, "value_full": 100.0}], grades)
        partners = self.env["res.partner"].create(
            [{"name": str(p), "customer_rank": 1, "procedure_potential": p} for p in potentials]
        )
        found = engine.customers(partners.ids)
        for partner, potential in zip(partners, potentials, strict=True):
            expected = next((g["id"] for g in grades if potential >= g["minimum_score"]), None)
            self.assertEqual(found[partner.id]["grade_id"], expected)
            self.assertEqual(found[partner.id]["score"], potential)

    def _engine(self, rows, grades=()):
        rules = {"criteria": rows, "grades": list(grades), "window": 12, "tz": "Asia/Shanghai"}
        return Scoring(self.env, self.company.id, self.procedure.effective_date, rules)
