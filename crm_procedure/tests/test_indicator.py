from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..tools import indicators
from .common import ROLES
from .indicator_common import IndicatorCase


@tagged("post_install", "-at_install")
class TestIndicatorDefinition(IndicatorCase):
    """What an indicator may count; what is wrong with a definition is said in words (A7, "The one idea")."""

    def refused(self, text, **values):
        with self.assertRaises(ValidationError) as caught:
            self.indicator.with_user(self.users["quality"]).write(values)
        self.assertIn(text, caught.exception.args[0])

    def test_without_code(self):
        """An administrator adds one from a form, no code (DESIGN.md, "The one idea")."""
        form = Form(self.indicators.with_user(self.users["quality"]))
        form.name, form.code, form.clause = "Complaints closed", "complaints_closed", "5.4"
        form.model_choice = "crm.procedure.ticket"
        form.domain_population = "[('kind', '=', 'complaint')]"
        form.domain_conforming = "[('state', '=', 'closed')]"
        self.assertIn("No data", form.preview)
        indicator = form.save()
        self.assertEqual(indicator.measure, "share")
        self.assertEqual(indicator.state, "no_data")

    def test_preview(self):
        self.new_contacts(3, 1, deadline="2026-06-10 15:00:00")
        indicator = self.indicator.with_user(self.users["quality"])
        with Form(indicator) as form:
            form.period = "now"
            self.assertEqual(form.preview, "3 of 4, that is 75.0 %: Missed")
            form.target = 75
            self.assertEqual(form.preview, "3 of 4, that is 75.0 %: Met")
            form.domain_conforming = "[('is_on_tim', '=', True)]"
            self.assertIn("is_on_tim", form.preview_error)
            self.assertFalse(form.preview)
            form.domain_conforming = "[('is_on_time', '=', False)]"
            self.assertFalse(form.preview_error)

    def test_preview_is_for_who_edits(self):
        self.assertFalse(self.indicator.with_user(self.users["sales"]).preview)

    def test_unknown_field(self):
        self.refused("has no field “nope”", domain_population="[('nope', '=', 1)]")
        self.refused("has no field “nope”", domain_conforming="[('partner_id.nope', '=', 1)]")
        self.refused("has no field “nope”", domain_conforming="[('partner_id', 'any', [('nope', '=', 1)])]")

    def test_not_searchable(self):
        self.refused("cannot be searched", domain_population="[('can_record', '=', True)]")

    def test_syntax(self):
        self.refused("brackets", domain_population="[('state', '=', 'done'")
        self.refused("list of conditions", domain_population="5")
        self.refused("no domain", domain_population="['&', ('state', '=', 'done')]")
        self.refused("no domain", domain_population="[('state', 'sounds like', 'done')]")
        self.refused("no domain", domain_population="[('state', '=')]")
        self.refused("too long", domain_population=f"[('state', '=', '{'x' * 20_000}')]")
        self.refused("brackets", domain_population=f"{'(' * 3000}1{')' * 3000}")
        self.refused("brackets", domain_population="[('state', '=', '\x00')]")

    def test_no_code(self):
        """Nothing in a domain is run."""
        self.refused("uid", domain_population="[('user_id', '=', uid)]")
        self.refused("context_today", domain_population="[('date_planned', '<', context_today())]")
        self.refused("__import__", domain_conforming="[('state', '=', __import__('os').name)]")
        self.refused("an expression", domain_conforming="[('state', '=', 'a' + 'b')]")

    def test_relative_dates(self):
        self.indicator.domain_population = "[('date_planned', '>=', 'today -30d'), ('deadline', '<', 'now')]"
        self.new_contact()
        self.assertEqual(self.count().population, 1)
        self.refused("no domain", domain_population="[('date_planned', '<', 'yesterday or so')]")

    def test_types(self):
        """What only PostgreSQL notices is said when the indicator is saved, too."""
        self.refused(
            "Indicator on_time", domain_population="[('partner_id', '=', 'x' ), ('satisfaction', '>', 'many')]"
        )

    def test_no_such_model(self):
        self.refused("no model “crm.procedure.nope”", model_name="crm.procedure.nope")
        self.refused("no model “crm.procedure.mixin”", model_name="crm.procedure.mixin")

    def test_no_technical_model(self):
        """Counts are no oracle for secrets (DESIGN.md, house rules)."""
        for name in ("res.users", "ir.config_parameter", "ir.attachment", "mail.message", "mail.mail", "res.groups"):
            self.refused("technical model", model_name=name, period="now", domain_population="[]")
        self.refused("technical", domain_population="[('user_id.login', '=like', 'a%')]")
        self.refused("technical", domain_population="[('user_id', 'any', [('login', '=like', 'a%')])]")
        self.refused("technical", domain_population="[('message_ids.body', 'ilike', 'secret')]")
        self.refused("technical", domain_population="[('partner_id.user_ids.login', 'ilike', 'a')]")

    def test_only_what_one_reads(self):
        self.assertFalse(self.env["sale.order"].with_user(self.users["quality"]).has_access("read"))
        self.refused("may not read", model_name="sale.order", period="now", domain_population="[]")
        self.refused("may not read", domain_population="[('partner_id.signup_type', '!=', False)]")

    def test_companies_stay_apart(self):
        self.refused("Each company is counted by itself", domain_population="[('company_id', '=', 1)]")
        self.refused("Each company", domain_population="[('partner_id.company_id', '=', 1)]")

    def test_period(self):
        self.refused("no stored date", period_field="state")
        self.refused("no stored date", period_field=False)
        self.refused("no stored date", period_field="partner_id.create_date")
        self.refused("choose a limit", period="limit", limit_code="propose_solution")
        self.indicator.write({"period": "limit", "limit_code": "survey"})

    def test_who_edits(self):
        """Quality edits, everybody of the addon reads."""
        for role in ROLES:
            indicator = self.indicator.with_user(self.users[role])
            self.assertEqual(indicator.name, "Indicator on_time")
            if role == "quality":
                indicator.target = 80
                continue
            with self.assertRaises(AccessError):
                indicator.target = 80
            with self.assertRaises(AccessError):
                self.new_indicator("other", role=role)
        with self.assertRaises(AccessError):
            self.indicator.with_user(self.stranger).read(["name"])

    def test_code_and_copy(self):
        twin = self.indicator.copy()
        self.assertEqual((twin.code, twin.name), ("on_time_2", "Indicator on_time (copy)"))
        self.assertEqual(self.indicator.copy().code, "on_time_3")

    def test_changes_are_on_record(self):
        """Who moved the target is asked in every audit."""
        self.env.flush_all()
        self.env.cr.precommit.run()  # the creation is told, too
        self.indicator.with_user(self.users["quality"]).target = 50
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertIn(50, self.indicator.message_ids.tracking_value_ids.mapped("new_value_float"))

    def test_measured_ones_stay(self):
        self.count()
        with self.assertRaises(UserError) as caught:
            self.indicator.with_user(self.users["quality"]).unlink()
        self.assertIn("Archive", caught.exception.args[0])
        self.new_indicator("fresh").with_user(self.users["quality"]).unlink()


@tagged("post_install", "-at_install")
class TestIndicatorArithmetic(IndicatorCase):
    """No data is neither 0 % nor 100 % (issue 6, "Bad input and accidents")."""

    counts = st.integers(0, 10**7).flatmap(lambda whole: st.tuples(st.just(whole), st.integers(0, whole)))

    @given(counts, st.floats(0, 100), st.sampled_from(["up", "down"]))
    def test_share(self, counts, target, direction):
        population, conforming = counts
        state = indicators.state_of("share", population, conforming, target, direction)
        value = indicators.figure("share", population, conforming)
        if not population:
            self.assertEqual((state, value), ("no_data", None))
            return
        self.assertTrue(0 <= value <= 100)
        if abs(value - target) > 1e-6:
            self.assertEqual(state == "met", value > target if direction == "up" else value < target)

    @given(st.integers(1, 10**6))
    def test_whole_targets_are_reached(self, part):
        self.assertEqual(indicators.state_of("share", 20 * part, 19 * part, 95, "up"), "met")
        self.assertEqual(indicators.state_of("share", 20 * part, part, 5, "down"), "met")
        self.assertEqual(indicators.state_of("share", 20 * part, 19 * part - 1, 95, "up"), "missed")

    @given(st.integers(0, 100), st.integers(0, 100))
    def test_count(self, found, target):
        self.assertEqual(indicators.state_of("count", found, found, target, "up") == "met", found >= target)
        self.assertEqual(indicators.state_of("count", found, found, target, "down") == "met", found <= target)

    @given(st.dates(min_value=date(1990, 1, 1)), st.sampled_from(["month", "quarter", "year"]))
    def test_periods(self, day, period):
        first = indicators.first_day(indicators.span_of(period), day)
        days = (day - first).days + 1
        low, high = {"month": (28, 31), "quarter": (89, 92), "year": (365, 366)}[period]
        self.assertTrue(low <= days <= high, (first, day))
        self.assertEqual(indicators.first_day(indicators.span_of("now"), day), day)
