import csv
import io
from datetime import datetime
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged

from ..tools import invoice_csv, invoice_loader
from ..tools.invoice_csv import BadFile, Invoice
from .common import ProcedureCase

HEADER = ("invoice_date", "invoice", "customer", "country", "amount_gbp", "lines")
CURRENCIES = {"GBP": 2, "JPY": 0}

# The same examples in each run, and no files left behind.
examples = settings(
    max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

text = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")) | st.sampled_from(',"'), min_size=1, max_size=20
).filter(lambda found: found == found.strip())


@st.composite
def invoices(draw, min_size=1):
    made = []
    numbers = draw(st.lists(text, min_size=min_size, max_size=8, unique=True))
    for number in numbers:
        size = draw(st.decimals(0, 10**12 - 1, places=2))
        made.append(
            Invoice(
                date=draw(st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31))).replace(microsecond=0),
                number=number,
                customer=draw(text),
                country=draw(text | st.just("")),
                amount=-size if number.startswith("C") else size,
                lines=draw(st.integers(0, 999999)),
            )
        )
    return made


def rows_of(made):
    return [[str(row.date), row.number, row.customer, row.country, str(row.amount), str(row.lines)] for row in made]


def as_file(rows, header=HEADER):
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def read(content):
    return invoice_csv.read(io.BytesIO(content), CURRENCIES)


DATE, NUMBER, CUSTOMER, _COUNTRY, AMOUNT, LINES = range(6)

not_numbers = st.sampled_from(
    ["", "nan", "NaN", "inf", "-Infinity", "1e5", "1,5", "0x10", "12 3", "£5", "١٢", "--1", ".5", "5.", "1_000"]
)
corruptions = st.one_of(
    st.tuples(st.just(AMOUNT), not_numbers),
    st.tuples(st.just(AMOUNT), st.sampled_from(["1" + "0" * 12, "9" * 400, "0.001"])),
    st.tuples(st.just(LINES), st.sampled_from(["", "-1", "1.5", "x", "1" * 7])),
    st.tuples(
        st.just(DATE),
        st.sampled_from(
            [
                "",
                "30/06/2011",
                "2011-02-30",
                "2011-06-30 25:00",
                "2011-6-3",
                "0001-01-01",
                "9999-12-31",
                "2011-W01-1",
                "2011-06-30 10:00:00+02:00",
                "1309413600",
            ]
        ),
    ),
    st.tuples(st.sampled_from([NUMBER, CUSTOMER]), st.sampled_from(["", "  ", "a\x00b", "a\x07b", "x" * 256])),
)


@tagged("post_install", "-at_install")
class TestInvoiceCsv(BaseCase):
    @examples
    @given(invoices(), st.permutations(range(len(HEADER))), st.booleans())
    def test_a_good_file_is_read_as_it_was_written(self, made, order, with_mark):
        rows = [[row[place] for place in order] for row in rows_of(made)]
        content = as_file(rows, [HEADER[place] for place in order])
        content = b"\xef\xbb\xbf" * with_mark + content + b"\r\n\r\n"
        self.assertEqual(read(content), ("GBP", made))

    @examples
    @given(invoices(), corruptions, st.randoms(use_true_random=False))
    def test_one_bad_cell_is_refused_by_its_line(self, made, corruption, random):
        rows = rows_of(made)
        place = random.randrange(len(rows))
        column, value = corruption
        rows[place][column] = value
        self.assert_refused(as_file(rows), place + 2)

    @examples
    @given(invoices(), st.booleans(), st.randoms(use_true_random=False))
    def test_a_missing_or_added_column_is_refused(self, made, added, random):
        rows = rows_of(made)
        place = random.randrange(len(rows))
        rows[place] = [*rows[place], ""] if added else rows[place][:-1]
        self.assert_refused(as_file(rows), place + 2)

    @examples
    @given(invoices(min_size=2), st.randoms(use_true_random=False))
    def test_a_number_that_comes_twice_is_refused(self, made, random):
        first, second = sorted(random.sample(range(len(made)), 2))
        made[second] = made[second]._replace(number=made[first].number, amount=made[first].amount)
        with self.assertRaisesRegex(BadFile, f"^line {second + 2}: .* stands in line {first + 2} already$"):
            read(as_file(rows_of(made)))

    @examples
    @given(invoices(), st.randoms(use_true_random=False))
    def test_a_sign_that_does_not_match_is_refused(self, made, random):
        place = random.randrange(len(made))
        wrong = Decimal(1) if made[place].is_credit_note else Decimal(-1)
        made[place] = made[place]._replace(amount=wrong)
        self.assert_refused(as_file(rows_of(made)), place + 2)

    @examples
    @given(invoices(), st.sampled_from([b"\xff", b'"', b"\xed\xa0\x80"]), st.randoms(use_true_random=False))
    def test_bytes_that_break_a_line_are_refused(self, made, junk, random):
        rows = [
            ",".join(f"n{place}" if column == NUMBER else "2" for column in range(6)).encode()
            for place in range(len(made))
        ]
        rows = [row.replace(b"2,", b"2011-06-30,", 1) for row in rows]
        place = random.randrange(len(rows))
        rows[place] = junk + rows[place]
        self.assert_refused(b"\n".join([",".join(HEADER).encode(), *rows]), place + 2)

    @examples
    @given(st.binary(max_size=300))
    def test_no_bytes_whatever_are_more_than_refused(self, content):
        with self.assertRaises(BadFile):
            read(content)

    def assert_refused(self, content, line):
        with self.assertRaises(BadFile) as caught:
            read(content)
        self.assertEqual([number for number, _reason in caught.exception.problems], [line])

    def test_headers(self):
        for header, reason in (
            ("", "lacks invoice_date, invoice, customer, country, lines, amount_<currency>"),
            ("invoice_date;invoice;customer;country;amount_gbp;lines", "lacks invoice_date"),
            ("invoice_date,invoice,customer,country,amount_xxx,lines", "currency XXX, which is not known"),
            ("invoice_date,invoice,customer,country,amount_gbp,amount_jpy,lines", "2 columns of amounts"),
            ("invoice_date,invoice,customer,customer,country,amount_gbp,lines", "twice: customer"),
            ("invoice_date,invoice,country,amount_gbp,lines", r"lacks customer \(found: invoice_date"),
        ):
            with self.subTest(header=header), self.assertRaisesRegex(BadFile, f"^line 1: the header .*{reason}"):
                read(header.encode() + b"\n2011-06-30,1,2,,3,4\n")

    def test_no_rows(self):
        with self.assertRaisesRegex(BadFile, "no invoices"):
            read(",".join(HEADER).encode())
        with self.assertRaisesRegex(BadFile, "no invoices"):
            read(b"")

    def test_an_empty_line_within_is_a_lost_row(self):
        good = b"2011-06-30,%d,2,,3,4"
        content = b"\n".join([",".join(HEADER).encode(), good % 1, b"", good % 2, b"", b""])
        self.assert_refused(content, 3)

    def test_decimals_of_the_currency(self):
        content = as_file([["2011-06-30", "1", "2", "", "3.50", "4"]], [*HEADER[:4], "amount_JPY", "lines"])
        with self.assertRaisesRegex(BadFile, "line 2: amount_jpy has more decimal places than JPY: '3.50'"):
            read(content)

    def test_twenty_are_listed_and_all_are_counted(self):
        rows = [["2011-06-30", str(number), "2", "", "nan", "4"] for number in range(31)]
        with self.assertRaises(BadFile) as caught:
            read(as_file(rows))
        listed = str(caught.exception).splitlines()
        self.assertEqual(len(listed), 21)
        self.assertEqual(listed[0], "line 2: amount_gbp is not a number such as 1234.50: 'nan'")
        self.assertEqual(listed[-1], "… and 11 more")
        self.assertEqual(len(caught.exception.problems), 31)


@tagged("post_install", "-at_install")
class TestInvoiceLoader(ProcedureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.gbp = cls.env["res.currency"].with_context(active_test=False).search([("name", "=", "GBP")])
        cls.signers = cls.users["marketing"] | cls.users["sales"]
        cls.shop = invoice_loader.prepare_company(cls.env, "Shop", cls.gbp, cls.signers, "Europe/London")
        cls.loader = invoice_loader.InvoiceLoader(cls.env, cls.shop, cls.gbp)

    @staticmethod
    def invoice(number, amount, customer="17850", day="2011-06-30 00:30", country="United Kingdom"):
        return Invoice(datetime.fromisoformat(day), number, customer, country, Decimal(amount), 3)

    def orders(self):
        return self.env["sale.order"].search([("company_id", "=", self.shop.id)])

    def test_customers_and_confirmed_orders(self):
        unknown = self.loader.load(
            [
                self.invoice("1", "100.10", country="EIRE"),
                self.invoice("2", "50", "9", "2011-01-15 09:00", "Nowhere"),
                self.invoice("C3", "-20.05", country="france"),
            ]
        )[1]
        partners = self.env["res.partner"].search([("company_id", "=", self.shop.id)], order="ref desc")
        self.assertRecordValues(
            partners,
            [
                {"ref": "9", "is_company": True, "customer_rank": 1, "country_id": False},
                {"ref": "17850", "is_company": True, "customer_rank": 1, "country_id": self.env.ref("base.fr").id},
            ],
        )
        self.assertEqual(unknown, {"Nowhere": 1})
        self.assertRecordValues(
            self.orders().sorted("client_order_ref"),
            [
                # half past midnight of British summer time is the day before in UTC
                {
                    "client_order_ref": "1",
                    "amount_untaxed": 100.10,
                    "state": "sale",
                    "date_order": datetime(2011, 6, 29, 23, 30),
                    "currency_id": self.gbp.id,
                    "invoice_status": "no",
                },
                {
                    "client_order_ref": "2",
                    "amount_untaxed": 50,
                    "state": "sale",
                    "date_order": datetime(2011, 1, 15, 9),
                    "currency_id": self.gbp.id,
                    "invoice_status": "no",
                },
                {
                    "client_order_ref": "C3",
                    "amount_untaxed": -20.05,
                    "state": "sale",
                    "date_order": datetime(2011, 6, 29, 23, 30),
                    "currency_id": self.gbp.id,
                    "invoice_status": "no",
                },
            ],
        )

    def test_the_customers_are_graded_by_the_net_amount(self):
        """A credit note reduces the amount and counts as no order."""
        self.loader.load([self.invoice("1", "5000"), self.invoice("2", "3000"), self.invoice("C3", "-1000")])
        gradings = self.env["crm.procedure.grading"].with_user(self.users["marketing"])
        grading = gradings.with_context(allowed_company_ids=self.shop.ids).create({"date": "2011-06-30"})
        grading.action_compute()
        self.assertRecordValues(grading.line_ids, [{"sales_amount": 7000, "order_count": 2, "recency": 0, "score": 49}])

    def test_nobody_is_told(self):
        mails, messages = self.env["mail.mail"].search_count([]), self.env["mail.message"].search_count([])
        activities = self.env["mail.activity"].search_count([])
        self.loader.load([self.invoice(str(number), "10", str(number)) for number in range(5)])
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertEqual(self.env["mail.message"].search_count([]), messages)
        self.assertEqual(self.env["mail.activity"].search_count([]), activities)
        self.assertFalse(self.orders().message_follower_ids)

    def test_queries_do_not_grow_with_the_invoices(self):
        self.loader.load([self.invoice("warm", "10", "0")])

        def queries(count, first):
            made = [self.invoice(str(first + number), "10", str(first + number)) for number in range(count)]
            before = self.env.cr.sql_log_count
            self.loader.load(made)
            return self.env.cr.sql_log_count - before

        self.assertLess(queries(200, 1000) - queries(20, 5000), 90, "half a query an invoice at most")

    def test_the_same_invoices_are_refused(self):
        self.loader.load([self.invoice("1", "10"), self.invoice("2", "10")])
        with self.assertRaisesRegex(UserError, "1 of the 2 invoices are in Shop already, such as 2"):
            self.loader.load([self.invoice("2", "10"), self.invoice("3", "10")])
        self.assertEqual(len(self.orders()), 2)

    def test_a_further_file_goes_to_the_same_customers(self):
        self.loader.load([self.invoice("1", "10")])
        self.loader.load([self.invoice("2", "10"), self.invoice("3", "10", "18")])
        self.assertEqual(len(self.orders().partner_id), 2)

    def test_customers_of_other_companies_are_not_touched(self):
        foreign = self.new_customer("Foreign", ref="17850", company_id=self.company.id)
        self.loader.load([self.invoice("1", "10")])
        self.assertNotIn(foreign, self.orders().partner_id)

    def test_a_reference_held_twice_is_refused(self):
        self.new_customer("One", ref="17850")
        self.new_customer("Two", ref="17850")
        with self.assertRaisesRegex(UserError, "several customers with the reference 17850"):
            self.loader.load([self.invoice("1", "10")])

    def test_amounts_that_cannot_be_converted_are_refused(self):
        xau = self.env["res.currency"].create({"name": "XQQ", "symbol": "q", "rounding": 0.01})
        loader = invoice_loader.InvoiceLoader(self.env, self.shop, xau)
        with self.assertRaisesRegex(UserError, "no rate to convert"):
            loader.load([self.invoice("1", "10")])

    def test_a_new_company_lets_the_signers_in(self):
        self.assertEqual(self.shop.currency_id, self.gbp)
        self.assertTrue(self.gbp.active)
        self.assertEqual(self.shop._procedure_tz(), "Europe/London")
        for user in self.signers:
            self.assertIn(self.shop, user.company_ids)

    def test_an_existing_company(self):
        self.assertEqual(invoice_loader.prepare_company(self.env, "Shop", self.gbp, self.signers), self.shop)
        with self.assertRaisesRegex(UserError, "test_quality may not work in Shop"):
            invoice_loader.prepare_company(self.env, "Shop", self.gbp, self.users["quality"])
        with self.assertRaisesRegex(UserError, "There is a company Shop already"):
            invoice_loader.prepare_company(self.env, "Shop", self.gbp, self.signers, may_exist=False)

    def test_signers(self):
        find = invoice_loader.find_signers
        self.assertEqual(find(self.env, "test_marketing", "test_sales"), self.signers)
        with self.assertRaisesRegex(UserError, r"no user with the login nobody\. .*--sales LOGIN"):
            find(self.env, "test_marketing", "nobody")
        with self.assertRaisesRegex(UserError, "test_quality does not have the marketing role"):
            find(self.env, "test_quality", "test_sales")

    def test_full_amount_gives_the_company_its_own_criteria(self):
        criteria = self.env["crm.procedure.criterion"]
        shared = criteria._for_company(self.shop)
        self.loader.set_full_amount(5000)
        own = criteria._for_company(self.shop)
        self.assertEqual(own.company_id, self.shop)
        self.assertEqual(sorted(own.mapped("measure")), sorted(shared.mapped("measure")))
        self.assertEqual(own.filtered(lambda c: c.measure == "sales_amount").value_full, 5000)
        self.assertEqual(shared.filtered(lambda c: c.measure == "sales_amount").value_full, 10000)
        self.loader.set_full_amount(6000)
        self.assertEqual(criteria._for_company(self.shop), own)
        self.assertEqual(own.filtered(lambda c: c.measure == "sales_amount").value_full, 6000)
