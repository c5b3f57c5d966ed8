from datetime import date

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestGrading(ProcedureCase):
    def _lines(self, grading):
        return {line.partner_id: (line.score, line.grade_id.name, line.move) for line in grading.line_ids}

    def _compute(self, **values):
        grading = self.new_grading(**values)
        grading.action_compute()
        return grading

    # ------------------------------------------------------------
    # The ordinary way
    # ------------------------------------------------------------

    def test_first_run(self):
        """G1: compute, submit, co-sign; then the customers show the grade, and why."""
        big = self.new_customer("Big", 10000, potential=100)
        mid = self.new_customer("Mid", 7000)
        small = self.new_customer("Small", 100)
        grading = self._compute()
        self.assertEqual(
            self._lines(grading), {big: (100, "A", "new"), mid: (49, "B", "new"), small: (0.7, "C", "new")}
        )
        self.assertFalse((big | mid | small).procedure_grade_id, "a draft writes nothing to customers")
        self.sign(grading, "marketing", "sales")
        self.assertEqual(grading.state, "approved")
        self.assertTrue(grading.sudo().applied_on)
        self.assertEqual((big | mid | small).mapped("procedure_grade_id.name"), ["A", "B", "C"])
        self.assertEqual(mid.procedure_score, 49)
        self.assertEqual(mid.procedure_graded_on, date(2026, 6, 30))

    def test_only_moves_are_stored(self):
        """G8: the second run stores who moves; the others' reasons are computed on demand."""
        riser = self.new_customer("Riser", 3000)
        faller = self.new_customer("Faller", 9500, "2025-08-01")
        still = self.new_customer("Still", 6000)
        first = self.run_grading()
        self.assertEqual(len(first.line_ids), 3)
        self.new_order(riser, 7000, "2026-07-10")
        self.new_order(still, 500, "2026-07-10")
        second = self.run_grading("2026-08-31")
        self.assertEqual(self._lines(second), {riser: (70, "A", "up"), faller: (0, "C", "down")})
        self.assertEqual(still.procedure_score, 45.5, "of the latest run, though no line is stored")
        self.assertEqual(still.procedure_graded_on, date(2026, 8, 31))
        self.assertIn("6,500", still.procedure_explanation)
        self.assertEqual(riser.procedure_line_ids.mapped("grade_id.name"), ["A", "C"])

    def test_explanation_adds_up(self):
        """G8: measured value, points and weight of each criterion, and their sum is the score."""
        customer = self.new_customer("Customer", 7000, potential=50)
        grading = self._compute()
        line = grading.line_ids
        rows = grading._scoring().explain(line._measures())
        self.assertEqual(
            [(row["measure"], row["value"], row["points"], row["weight"]) for row in rows],
            [("sales_amount", 7000, 70, 70), ("potential", 50, 50, 30)],
        )
        self.assertAlmostEqual(sum(row["contribution"] for row in rows), line.score)
        self.assertIn("$", line.explanation_html)
        self.assertEqual(line.partner_id, customer)

    def test_search_and_group(self):
        big, small = self.new_customer("Big", 10000), self.new_customer("Small", 1)
        self.run_grading()
        partners = self.env["res.partner"].with_user(self.users["sales"])
        scope = [("id", "in", (big | small).ids)]
        self.assertEqual(partners.search([*scope, ("procedure_grade_id.name", "=", "A")]), big)
        groups = partners._read_group(scope, ["procedure_grade_id"], ["__count"])
        self.assertEqual([(grade.name, count) for grade, count in groups], [("A", 1), ("C", 1)])
        self.assertEqual(partners.search([*scope, ("procedure_graded_on", ">=", "2026-06-30")]), big | small)
        self.assertFalse(partners.search([*scope, ("procedure_graded_on", ">", "2026-06-30")]))
        self.assertEqual(partners.search([*scope, ("procedure_graded_on", "=", "2026-06-30")]), big | small)

    # ------------------------------------------------------------
    # What counts
    # ------------------------------------------------------------

    def test_states_and_window(self):
        """Quotations, cancelled orders and orders outside of the window do not count."""
        customer = self.new_customer("Customer", 1000)
        self.new_order(customer, 5000, state="draft")
        self.new_order(customer, 5000, state="cancel")
        self.new_order(customer, 5000, "2025-06-30")  # one day too old
        self.new_order(customer, 2000, "2025-07-01")  # the first day that counts
        self.new_order(customer, 5000, "2026-07-01")  # after the run
        line = self._compute().line_ids
        self.assertEqual((line.sales_amount, line.order_count), (3000, 2))

    def test_local_days(self):
        """A day begins and ends in the company's time zone."""
        self.company.resource_calendar_id.tz = "Asia/Shanghai"
        customer = self.new_customer("Customer")
        order = self.new_order(customer, 1000)
        order.date_order = "2026-06-30 16:30:00"  # already 1 July in Shanghai
        self.assertEqual(self._compute().line_ids.order_count, 0)
        order.date_order = "2026-06-30 15:30:00"
        line = self._compute().line_ids
        self.assertEqual((line.order_count, line.recency), (1, 0))

    def test_commercial_partner(self):
        """Orders of contacts and addresses count for the company, and only it is graded."""
        company = self.new_customer("Company", 1000, is_company=True)
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": company.id})
        self.new_order(contact, 9000)
        grading = self.run_grading()
        self.assertEqual(grading.line_ids.partner_id, company)
        self.assertEqual(grading.line_ids.sales_amount, 10000)
        self.assertFalse(contact.procedure_grade_id)
        self.assertEqual(contact.procedure_company_grade_id, self.grade("A"))

    def test_credit_notes(self):
        """A credited order is worth what is left of it; credited and invoiced again, all. A
        refunded down payment takes nothing off."""
        journal = self.env["account.journal"].search([("company_id", "=", self.company.id), ("type", "=", "sale")])
        if not journal:
            account = self.env["account.account"].create(
                {"name": "Sales", "code": "T400", "account_type": "income", "company_ids": self.company.ids}
            )
            self.env["account.account"].create(
                {
                    "name": "Debtors",
                    "code": "T110",
                    "account_type": "asset_receivable",
                    "company_ids": self.company.ids,
                }
            )
            journal = self.env["account.journal"].create(
                {
                    "name": "Sales",
                    "code": "TSJ",
                    "type": "sale",
                    "company_id": self.company.id,
                    "default_account_id": account.id,
                }
            )
        receivable = self.env["account.account"].search(
            [("account_type", "=", "asset_receivable"), ("company_ids", "in", self.company.ids)], limit=1
        )
        customer = self.new_customer("Customer", property_account_receivable_id=receivable.id)
        gone, partly = self.new_order(customer, 1000), self.new_order(customer, 3000)
        again = self.new_order(customer, 500)
        invoices = {order: self._invoice(order) for order in (gone, partly, again)}
        self._credit(invoices[gone])
        self._credit(invoices[partly], 1200)
        self._credit(invoices[again])
        self._invoice(again)
        paid_ahead = self.new_order(customer, 700)
        advance = self.env["sale.advance.payment.inv"].with_context(active_ids=paid_ahead.ids)
        down_payment = advance.create(
            {"advance_payment_method": "fixed", "fixed_amount": 300, "sale_order_ids": paid_ahead.ids}
        )._create_invoices(paid_ahead)
        down_payment.invoice_date = "2026-06-05"
        down_payment.action_post()
        self._credit(down_payment)
        line = self._compute().line_ids
        self.assertEqual((line.sales_amount, line.order_count), (1800 + 500 + 700, 3))

    def _invoice(self, order):
        order.order_line.qty_delivered = order.order_line.product_uom_qty
        invoice = order._create_invoices()
        invoice.invoice_date = "2026-06-05"
        invoice.action_post()
        return invoice

    def _credit(self, invoice, amount=None):
        credit = invoice._reverse_moves([{"invoice_date": "2026-06-10", "date": "2026-06-10"}])
        if amount:
            credit.invoice_line_ids.price_unit = amount
        credit.action_post()

    def test_negative_order_reduces_the_amount(self):
        customer = self.new_customer("Customer", 5000)
        self.new_order(customer, -2000, "2026-06-20")
        line = self._compute().line_ids
        self.assertEqual((line.sales_amount, line.order_count, line.recency), (3000, 1, 29))

    def test_company_currency(self):
        foreign = self.env.ref("base.EUR")
        foreign.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": foreign.id, "name": "2026-01-01", "rate": 0.5, "company_id": self.company.id}
        )
        pricelist = self.env["product.pricelist"].create({"name": "EUR", "currency_id": foreign.id})
        customer = self.new_customer("Customer")
        self.new_order(customer, 1000, pricelist_id=pricelist.id)
        self.assertEqual(self._compute().line_ids.sales_amount, 2000)

    def test_currency_without_a_rate(self):
        """A clear error instead of a rate of one."""
        foreign = self.env["res.currency"].create({"name": "XTS", "symbol": "x"})
        pricelist = self.env["product.pricelist"].create({"name": "X", "currency_id": foreign.id})
        self.new_order(self.new_customer("Customer"), 1000, pricelist_id=pricelist.id)
        with self.assertRaisesRegex(UserError, "XTS.*Enter a rate"):
            self._compute()
        with self.assertRaisesRegex(UserError, "XTS"):
            self.new_grading().what_if()

    def test_marks(self):
        """G1, X2: potential, standing and credit count by their scales; unknown is nothing."""
        self._set_criteria(potential=(50, 0, 100), standing=(30, 0, 3), credit=(20, 0, 2), recency=(0, 180, 30))
        leader = self.new_customer("L", potential=100, procedure_standing="leader", procedure_credit="good")
        average = self.new_customer("A", potential=50, procedure_standing="average", procedure_credit="normal")
        blank = self.new_customer("B")
        scores = {line.partner_id: line.score for line in self._compute().line_ids}
        self.assertEqual(scores, {leader: 100, average: 45, blank: 0})

    def test_recency_less_is_better(self):
        self._set_criteria(recency=(10, 180, 30))
        days = {"2026-06-10": 100, "2026-03-17": 50, "2025-12-01": 0}
        customers = {self.new_customer(day, 10, day): score for day, score in days.items()}
        scores = {line.partner_id: line.score for line in self._compute().line_ids}
        self.assertEqual(scores, customers)

    def test_scope(self):
        """Suppliers, archived customers, contacts and own companies are not graded."""
        customer = self.new_customer("Customer")
        self.env["res.partner"].create({"name": "Supplier", "supplier_rank": 1})
        self.new_customer("Archived", active=False)
        self.company.partner_id.customer_rank = 1
        other = self.env["res.company"].create({"name": "Southwind"})
        self.new_customer("Theirs", company_id=other.id)
        self.assertEqual(self._compute().line_ids.partner_id, customer)

    def test_right_per_company(self):
        """Two companies grade one customer each by its own orders."""
        other = self.env["res.company"].create({"name": "Southwind"})
        customer = self.new_customer("Customer", 10000)
        self.run_grading()
        here = customer.with_company(self.company)
        there = customer.with_context(allowed_company_ids=other.ids).with_company(other)
        self.assertEqual(here.procedure_grade_id, self.grade("A"))
        self.assertFalse(there.procedure_grade_id)
        self.assertEqual(there.procedure_score, 0)
        self.assertFalse(
            self.env["res.partner"]
            .with_company(other)
            .search([("id", "=", customer.id), ("procedure_grade_id", "!=", False)])
        )

    def test_own_criteria_of_a_company(self):
        self.new_customer("Customer", 5000)
        own = self._set_criteria(sales_amount=(1, 0, 5000))
        own.company_id = self.company
        self.env["crm.procedure.criterion"].create(
            {"name": "shared", "measure": "potential", "weight": 1, "value_zero": 0, "value_full": 100}
        )
        self.assertEqual(self._compute().line_ids.score, 100)

    # ------------------------------------------------------------
    # Overriding, rejecting
    # ------------------------------------------------------------

    def test_override(self):
        """G3: another grade by hand takes a reason, and both stay on record."""
        customer = self.new_customer("Customer", 100)
        grading = self._compute()
        with self.assertRaisesRegex(ValidationError, "reason"):
            grading.line_ids.grade_id = self.grade("A")
        grading.line_ids.write({"grade_id": self.grade("A").id, "override_reason": "Strategic"})
        self.assertEqual(grading.line_ids.override_user_id, self.users["marketing"])
        with self.assertRaises(AccessError):
            grading.line_ids.with_user(self.users["sales"]).write({"grade_id": self.grade("B").id})
        grading.action_compute()
        self.assertEqual(grading.line_ids.grade_id, self.grade("A"), "computing again keeps it")
        self.sign(grading, "marketing", "sales")
        self.assertEqual(customer.procedure_grade_id, self.grade("A"))
        self.assertIn("Strategic", customer.procedure_explanation)
        with self.assertRaises(UserError):
            grading.line_ids.write({"grade_id": self.grade("B").id})

    def test_override_shows_in_the_figures(self):
        """G4: counts and contacts are those that will come, not those computed."""
        self.new_customer("Customer", 100)
        self.new_customer("Other", 10000)
        grading = self._compute()
        self.assertEqual([row["then"] for row in grading.figures["grades"]], [1, 0, 1])
        line = grading.line_ids.filtered(lambda row: row.grade_id.name == "C")
        line.write({"grade_id": self.grade("B").id, "override_reason": "Growing"})
        self.assertEqual([row["then"] for row in grading.figures["grades"]], [1, 1, 0])
        grading.action_compute()
        self.assertEqual([row["then"] for row in grading.figures["grades"]], [1, 1, 0])
        self.assertEqual(grading.what_if(), grading.figures)

    def test_override_is_carried_over(self):
        """What was signed otherwise holds in the next list, until somebody changes it there."""
        customer = self.new_customer("Customer", 100)
        first = self._compute()
        first.line_ids.write({"grade_id": self.grade("B").id, "override_reason": "Growing"})
        self.sign(first, "marketing", "sales")
        second = self._compute()
        line = second.line_ids
        self.assertEqual((line.grade_id, line.override_reason, line.move), (self.grade("B"), "Growing", "same"))
        self.assertEqual((second.figures["down"], second.figures["up"]), (0, 0))
        self.sign(second, "marketing", "sales")
        third = self._compute()
        third.line_ids.write({"grade_id": self.grade("C").id, "override_reason": False})
        self.assertEqual(third.figures["down"], 1)
        self.sign(third, "marketing", "sales")
        self.assertEqual(customer.procedure_grade_id, self.grade("C"))
        self.assertFalse(self._compute().line_ids)

    def test_override_who_does_not_move(self):
        customer = self.new_customer("Customer", 100)
        self.run_grading()
        grading = self._compute(day="2026-06-30")
        self.assertFalse(grading.line_ids)
        values = {"grading_id": grading.id, "partner_id": customer.id, "grade_id": self.grade("B").id}
        lines = self.env["crm.procedure.grading.line"].with_user(self.users["marketing"])
        with self.assertRaises(ValidationError):
            lines.create(values)
        line = lines.create({**values, "override_reason": "Growing"})
        self.assertEqual((line.score, line.computed_grade_id, line.move), (0.7, self.grade("C"), "up"))
        with self.assertRaisesRegex(UserError, "already"):
            lines.create({**values, "override_reason": "Twice"})
        with self.assertRaisesRegex(UserError, "computed"):
            line.write({"score": 100})
        line.unlink()

    def test_override_of_a_contact_is_refused(self):
        customer = self.new_customer("Customer", 100)
        contact = self.env["res.partner"].create({"name": "Buyer", "parent_id": customer.id})
        grading = self._compute()
        with self.assertRaisesRegex(UserError, "not graded"):
            self.env["crm.procedure.grading.line"].with_user(self.users["marketing"]).create(
                {"grading_id": grading.id, "partner_id": contact.id, "override_reason": "x"}
            )

    def test_moving_lines_stay_on_the_list(self):
        self.new_customer("Customer", 100)
        grading = self._compute()
        with self.assertRaisesRegex(UserError, "cannot be taken off"):
            grading.line_ids.unlink()

    def test_reject(self):
        customer = self.new_customer("Customer", 100)
        grading = self._compute()
        grading.action_submit()
        as_sales = grading.with_user(self.users["sales"])
        dialog = as_sales.action_reject()
        wizard = self.env[dialog["res_model"]].with_user(self.users["sales"]).browse(dialog["res_id"])
        with self.assertRaisesRegex(UserError, "reason"):
            wizard.action_confirm()
        wizard.reason = "Big is in arrears"
        wizard.action_confirm()
        self.assertEqual((grading.state, grading.reject_reason), ("rejected", "Big is in arrears"))
        self.assertFalse(customer.procedure_grade_id)
        with self.assertRaisesRegex(UserError, "rejected"):
            as_sales.action_approve()

    def test_the_approver_is_asked(self):
        self.new_customer("Customer", 100)
        grading = self._compute()
        grading.action_submit()
        self.assertEqual(grading.sudo().activity_ids.user_id, self.users["sales"])
        grading.with_user(self.users["sales"]).action_approve()
        self.assertFalse(grading.sudo().activity_ids)

    def test_suggested_cut_offs(self):
        """All points at what one customer in twenty exceeds, in round figures."""
        for n in range(1, 21):
            self.new_customer(f"C{n}", 1000 * n, fields.Date.to_string(fields.Date.today()))
        amount, potential = self._set_criteria(sales_amount=(1, 5, 7), potential=(1, 0, 100))
        amount.with_user(self.users["marketing"]).action_suggest_cut_offs()
        self.assertEqual((amount.value_zero, amount.value_full), (0, 19000))
        with self.assertRaisesRegex(UserError, "enter them yourself"):
            potential.action_suggest_cut_offs()

    # ------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------

    def test_weights_that_sum_to_zero(self):
        self.new_customer("Customer", 100)
        self._set_criteria(sales_amount=(0, 0, 100))
        with self.assertRaisesRegex(UserError, "add up to zero"):
            self._compute()

    def test_cut_offs_the_wrong_way_round(self):
        with self.assertRaisesRegex(ValidationError, "wrong way round.*higher"):
            self._set_criteria(sales_amount=(1, 100, 0))
        with self.assertRaisesRegex(ValidationError, "wrong way round.*lower"):
            self._set_criteria(recency=(1, 30, 180))
        with self.assertRaisesRegex(ValidationError, "wrong way round"):
            self._set_criteria(potential=(1, 50, 50))

    def test_grades_the_wrong_way_round(self):
        self.new_customer("Customer", 100)
        self.grade("B").minimum_score = 65
        with self.assertRaisesRegex(UserError, "does not ask for a higher score"):
            self._compute()

    def test_no_customers(self):
        self.env["res.partner"].search([("customer_rank", ">", 0)]).customer_rank = 0
        with self.assertRaisesRegex(UserError, "no customers to grade"):
            self._compute()

    def test_submit_without_computing(self):
        with self.assertRaisesRegex(UserError, "not computed"):
            self.new_grading().action_submit()

    def test_nothing_is_written_by_what_if(self):
        """G4: what-if gives figures and leaves no trace."""
        self.new_customer("Big", 10000)
        self.new_customer("Small", 10)
        grading = self.new_grading(team_ids=[Command.set(self.team_sales.ids)])
        figures = grading.what_if()
        self.assertEqual((figures["customers"], figures["new"], figures["up"]), (2, 2, 0))
        self.assertEqual([row["then"] for row in figures["grades"]], [1, 0, 1])
        self.assertFalse(grading.line_ids)
        self.assertFalse(grading.computed_on)
        with self.assertRaises(AccessError):
            grading.with_user(self.users["sales"]).what_if()
