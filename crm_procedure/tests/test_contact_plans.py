from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from .common import ProcedureCase

ROWS, CUSTOMERS = 20000, 400


@tagged("post_install", "-at_install")
class TestContactPlans(ProcedureCase):
    """How PostgreSQL finds communications in a large table: by an index, whoever looks (V1)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.company._procedure_now().date()
        cls.customers = cls.env["res.partner"].create(
            [
                {"name": f"Customer {n}", "user_id": cls.users["sales"].id if n % 20 == 0 else False}
                for n in range(CUSTOMERS)
            ]
        )
        owners = [cls.users[role].id for role in ("specialist", "sales")] + cls.env["res.users"].search(
            [], limit=18
        ).ids
        cls.env.flush_all()
        cls.env.cr.execute(
            """
            INSERT INTO crm_procedure_communication (company_id, name, partner_id, user_id, kind, method, state,
                date_planned, deadline, date_done, escalation_level, reminder_level, satisfaction)
            SELECT %(company)s, 'X-' || n, (%(customers)s::int[])[1 + n %% %(count)s],
                   (%(owners)s::int[])[1 + n %% %(people)s], 'revisit', 'phone',
                   CASE WHEN n %% 50 = 0 THEN 'planned' ELSE 'done' END, day, day + 3, day, '0', 2, 0
            FROM generate_series(1, %(rows)s) n
            CROSS JOIN LATERAL (SELECT %(today)s::date + 20 - n %% 1500 AS day) drawn
            """,
            {
                "company": cls.company.id,
                "customers": cls.customers.ids,
                "count": CUSTOMERS,
                "owners": owners,
                "people": len(owners),
                "rows": ROWS,
                "today": cls.today,
            },
        )
        cls.env.cr.execute("ANALYZE crm_procedure_communication")

    def explained(self, role, domain, **options):
        model = self.env["crm.procedure.communication"].with_user(self.users[role])
        query = model._search(domain, order=model._order, **options)
        rows = self.env.execute_query(SQL("EXPLAIN %s", query.select()))
        return "\n".join(line for [line] in rows)

    def test_screens_read_an_index(self):
        """My Week, the timeline of a customer, the first page of the list."""
        week = self.env.ref("crm_procedure.my_week_action").domain
        for role in ("user", "specialist", "sales", "marketing", "service", "supervisor", "manager", "auditor"):
            for name, domain in {
                "My Week": safe_eval(week, {"uid": self.users[role].id}),
                "timeline": [("partner_id", "=", self.customers[3].id)],
                "list": [],
            }.items():
                with self.subTest(role=role, name=name):
                    self.assertNotIn("Seq Scan on crm_procedure_comm", self.explained(role, domain, limit=80))

    def test_scheduled_actions_read_an_index(self):
        model = self.env["crm.procedure.communication"]
        due = self.today + timedelta(days=7)
        for domain in (
            model._domain_overdue(f"{self.today} 00:00:00"),
            [("state", "=", "planned"), ("reminder_level", "=", 0), ("date_planned", "<=", due)],
        ):
            with self.subTest(domain):
                self.assertNotIn("Seq Scan on crm_procedure_comm", self.explained("supervisor", domain, limit=80))

    def test_screens_take_as_many_queries_however_long_the_history(self):
        """My Week and the form of a customer."""
        counts = []
        for limit in (1, 80):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            model = self.env["crm.procedure.communication"].with_user(self.users["supervisor"])
            specification = dict.fromkeys(["date_planned", "kind", "contact_phone", "is_overdue", "grade_color"], {})
            specification["partner_id"] = {"fields": {"display_name": {}}}
            model.web_search_read([], specification, limit=limit)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)
        counts = []
        for customer in (self.new_customer("New"), self.customers[0]):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customer.with_user(self.users["supervisor"]).read(["procedure_timeline", "procedure_last_contact"])
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 8)
