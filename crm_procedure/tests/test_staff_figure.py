import random
from collections import Counter
from datetime import datetime, timedelta

from freezegun import freeze_time
from pytz import timezone, utc

from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import tagged

from ..tools import staff_figures
from .common import ROLES, ProcedureCase

MODEL = "crm.procedure.staff.figure"
NOW = datetime(2026, 6, 15, 4)
ZONE = "Asia/Shanghai"


@tagged("post_install", "-at_install")
class StaffFigureCase(ProcedureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = ZONE
        cls.company.resource_calendar_id.tz = ZONE
        clock = freeze_time(NOW)
        clock.start()
        cls.addClassCleanup(clock.stop)
        cls.customer = cls.new_customer("Customer", 5000)
        cls.env["crm.procedure.communication"].search([("company_id", "=", cls.company.id)]).unlink()

    @classmethod
    def new_contact(cls, role, day, state="done", on_time=True, **values):
        day = datetime.fromisoformat(day)
        return cls.env["crm.procedure.communication"].create(
            {
                "partner_id": cls.customer.id,
                "user_id": cls.users[role].id,
                "date_planned": day.date(),
                "date_done": state == "done" and day + timedelta(hours=3),
                "is_on_time": state == "done" and on_time,
                "state": state,
                **values,
            }
        )

    @classmethod
    def new_ticket(cls, role, **values):
        ticket = cls.env["crm.procedure.ticket"].create({"subject": "Broken seal", "company_id": cls.company.id})
        cls.set_columns(ticket, user_id=cls.users[role].id, **values)
        return ticket

    @classmethod
    def new_rating(cls, role, day, handling, rating=0):
        return cls.new_ticket(
            role,
            state="closed",
            date_answered=day,
            date_closed=day,
            customer_rating=rating,
            customer_rating_handling=handling,
        )

    @classmethod
    def set_columns(cls, record, **values):
        """Past the acts, whose clock is not what is tested here."""
        cls.env.flush_all()
        names = ", ".join(f"{name} = %s" for name in values)
        cls.env.cr.execute(f"UPDATE {record._table} SET {names} WHERE id = %s", [*values.values(), record.id])
        record.invalidate_recordset()

    def figures(self, role="manager", domain=(), **context):
        return self.env[MODEL].with_user(self.users[role]).with_context(**context).search(list(domain))


class TestStaffFigureRights(StaffFigureCase):
    """R7: the person, supervisors and management; nobody else, on no way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for role in ("specialist", "sales", "service"):
            cls.new_contact(role, "2026-06-02")
            for day in range(1, 7):
                cls.new_rating(role, f"2026-06-0{day} 03:00:00", 5)

    def sees(self, role):
        if role in ("supervisor", "manager"):
            return {self.users[name] for name in ("specialist", "sales", "service")}
        return {self.users[role]} & {self.users[name] for name in ("specialist", "sales", "service")}

    def test_search_and_read(self):
        for role in ROLES:
            with self.subTest(role):
                self.assertEqual(set(self.figures(role).user_id), self.sees(role))
        with self.assertRaises(AccessError):
            self.env[MODEL].with_user(self.stranger).search([])

    def test_reading_by_id(self):
        rows = self.figures()
        own = self.users["specialist"]
        for row in rows:
            if row.user_id == own:
                self.assertEqual(row.with_user(own).contact_due, 1)
                continue
            row.invalidate_recordset()
            with self.assertRaises(AccessError):
                call_kw(self.env[MODEL].with_user(own), "read", [row.ids, ["contact_rate"]], {})

    def test_groups_and_totals(self):
        """Neither a row of somebody else's nor a total that others are in."""
        for role in ROLES:
            with self.subTest(role):
                model = self.env[MODEL].with_user(self.users[role])
                people = len(self.sees(role))
                groups = call_kw(
                    model, "formatted_read_group", [[], ["user_id"], ["contact_due:sum", "handling_count:sum"]], {}
                )
                self.assertEqual(len(groups), people)
                [total] = call_kw(model, "formatted_read_group", [[], [], ["contact_due:sum", "__count"]], {})
                self.assertEqual((total["contact_due:sum"] or 0, total["__count"]), (people, people))
                sets = call_kw(
                    model,
                    "formatted_read_grouping_sets",
                    [[], [[], ["user_id"], ["team_id"]], ["handling_rating:ratio", "contact_rate:ratio"]],
                    {},
                )
                self.assertEqual(len(sets[1]), people)
                web = call_kw(model, "web_read_group", [[], ["user_id"]], {})
                self.assertEqual(web["length"], people)

    def test_names_and_domains(self):
        """Searching by a figure tells nothing of others, by name or by a field that is not shown."""
        other = self.users["sales"]
        for role in ("user", "specialist", "service", "quality", "auditor", "marketing"):
            with self.subTest(role):
                model = self.env[MODEL].with_user(self.users[role])
                self.assertFalse(call_kw(model, "name_search", ["Sales"], {}))
                for domain in (
                    [("user_id", "=", other.id)],
                    [("user_id", "=", other.id), ("contact_rate", ">", 0)],
                    [("user_id.name", "=", "Sales"), ("handling_rating", ">", 4)],
                ):
                    self.assertFalse(call_kw(model, "search_count", [domain], {}))

    def test_export(self):
        for role in ROLES:
            with self.subTest(role):
                user = self.users[role]
                user.group_ids += self.env.ref("base.group_allow_export")
                rows = self.figures(role).export_data(["user_id/name", "contact_rate", "handling_rating"])["datas"]
                self.assertEqual({row[0] for row in rows}, set(self.sees(role) and [u.name for u in self.sees(role)]))

    def test_nobody_changes_figures(self):
        rows = self.figures()
        for role in ROLES:
            for method, arguments in (("write", [{"contact_due": 9}]), ("unlink", []), ("create", [{}])):
                ids = [rows.ids] if method != "create" else []
                with self.subTest(role=role, method=method), self.assertRaises(AccessError):
                    call_kw(self.env[MODEL].with_user(self.users[role]), method, [*ids, *arguments], {})

    def test_other_company(self):
        other = self.env["res.company"].create({"name": "Southwind"})
        manager = self.users["manager"]
        manager.write({"company_ids": other.ids, "company_id": other.id})
        model = self.env[MODEL].with_user(manager).with_context(allowed_company_ids=other.ids)
        self.assertFalse(model.search([]))

    def test_records_behind(self):
        """The drill-down opens as many records as were counted, and no more than one may see."""
        [row] = self.figures(domain=[("user_id", "=", self.users["sales"].id)])
        for how, count in (("contacts", 1), ("visits", 0), ("tickets", 6), ("ratings", 6), ("actions", 0)):
            action = getattr(row, f"action_open_{how}")()
            found = self.env[action["res_model"]].with_user(self.users["manager"]).search(action["domain"])
            self.assertEqual(len(found), count, how)
        [own] = self.figures("sales")
        self.new_contact("sales", "2026-06-03")
        action = own.action_open_contacts()
        self.assertEqual(self.env[action["res_model"]].with_user(self.users["sales"]).search_count(action["domain"]), 2)

    def test_menus(self):
        def shown(role, name):
            menus = self.env["ir.ui.menu"].with_user(self.users[role])
            return self.env.ref(f"crm_procedure.{name}").id in menus.load_menus(False)

        for role in ROLES:
            with self.subTest(role):
                self.assertEqual(shown(role, "menu_staff_figures"), role in ("supervisor", "manager"))
                self.assertEqual(shown(role, "menu_my_figures"), role != "auditor")


class TestStaffFigures(StaffFigureCase):
    """R7: the numbers."""

    def test_contacts(self):
        self.new_contact("sales", "2026-05-04")
        self.new_contact("sales", "2026-05-05", on_time=False)
        self.new_contact("sales", "2026-05-06", method="visit")
        self.new_contact("sales", "2026-05-07", state="cancelled")
        self.new_contact("sales", "2026-05-08", state="planned")  # late
        self.new_contact("sales", "2026-06-14", state="planned")  # there are days of grace
        self.new_contact("sales", "2026-06-20", state="planned")
        [row] = self.figures("sales")
        self.assertEqual(str(row.date), "2026-05-01")
        self.assertEqual((row.contact_due, row.contact_done, row.contact_on_time, row.visit_count), (4, 3, 2, 1))
        self.assertEqual(row.contact_rate, 50)
        self.assertEqual(row.team_id, self.team_sales, "that of the person, where the record names none")
        self.assertEqual(row.display_name, "Sales · May 2026")

    def test_mailed_greetings_are_nobodys_work(self):
        occasion = self.env.ref("crm_procedure.occasion_birthday")
        self.new_contact("sales", "2026-05-04", kind="greeting", method="email", occasion_id=occasion.id)
        self.assertFalse(self.figures("sales"))

    def test_tickets(self):
        answered = {"state": "answered", "answer_deadline": "2026-05-10 00:00:00"}
        self.new_ticket("service", **answered, date_answered="2026-05-09 00:00:00")
        self.new_ticket("service", **answered, date_answered="2026-05-11 00:00:00")
        self.new_ticket("service", state="handling", answer_deadline="2026-05-12 00:00:00")
        self.new_ticket("service", state="handling", answer_deadline="2026-05-12 00:00:00", is_waiting=True)
        self.new_ticket("service", state="handling", answer_deadline="2026-06-20 00:00:00")
        self.new_ticket("service", state="cancelled", answer_deadline="2026-05-12 00:00:00")
        [row] = self.figures("service")
        self.assertEqual((row.ticket_due, row.ticket_answered, row.ticket_in_time), (3, 2, 1))
        self.assertAlmostEqual(row.ticket_rate, 100 / 3, 3)

    def test_actions(self):
        actions = self.env["crm.procedure.action"]
        for deadline, done in (("05-10", "05-09"), ("05-10", "05-11"), ("05-10", None), ("06-20", None)):
            action = actions.create({"subject": "New glue", "kind": "corrective", "user_id": self.users["user"].id})
            values = {"state": "done", "date_done": f"2026-{done} 00:00:00"} if done else {}
            self.set_columns(action, deadline=f"2026-{deadline} 00:00:00", **values)
        [row] = self.figures("user")
        self.assertEqual((row.action_due, row.action_done, row.action_in_time), (3, 2, 1))
        nobodys = actions.create({"subject": "Sweep", "kind": "corrective", "team_id": self.team_sales.id})
        self.set_columns(
            nobodys,
            state="done",
            date_done="2026-05-01 00:00:00",
            deadline="2026-05-02 00:00:00",
            done_by_id=self.users["sales"].id,
        )
        self.assertEqual(self.figures("sales").action_in_time, 1, "of whoever did it")

    def test_months_are_those_of_the_company(self):
        """The evening of 31 May in UTC is June in China."""
        self.new_rating("service", "2026-05-31 15:59:59", 4)
        self.new_rating("service", "2026-05-31 16:00:00", 4)
        counts = {str(row.date): row.handling_count for row in self.figures("service")}
        self.assertEqual(counts, {"2026-05-01": 1, "2026-06-01": 1})
        for row in self.figures("service"):
            found = self.env["crm.procedure.ticket"].search_count(row.action_open_ratings()["domain"])
            self.assertEqual(found, 1)

    def test_old_months_are_gone(self):
        self.new_contact("sales", "2024-05-31")
        self.new_contact("sales", "2024-06-01")
        self.assertEqual([str(row.date) for row in self.figures("sales")], ["2024-06-01"])

    def test_no_data_is_empty(self):
        """Never 0 %: on the screen, for callers and in exports."""
        self.new_contact("sales", "2026-05-04", on_time=False)
        model = self.env[MODEL].with_user(self.users["manager"])
        [values] = call_kw(model, "search_read", [[], ["contact_rate", "ticket_rate", "action_rate", "rating"]], {})
        self.assertEqual(values["contact_rate"], 0)
        for name in ("ticket_rate", "action_rate", "rating"):
            self.assertIs(values[name], False)
        self.users["manager"].group_ids += self.env.ref("base.group_allow_export")
        rows = self.figures().export_data(["contact_rate", "ticket_rate"])["datas"]
        self.assertEqual(rows, [[0.0, ""]])
        [group] = call_kw(
            model, "formatted_read_group", [[], ["user_id"], ["contact_rate:ratio", "ticket_rate:ratio"]], {}
        )
        self.assertEqual((group["contact_rate:ratio"], group["ticket_rate:ratio"] or None), (0, None))

    def test_small_cells(self):
        """Fewer ratings than the limit of surveys asks for are no average: neither in a row nor in a group."""
        for day in (4, 5, 6, 7):
            self.new_rating("service", f"2026-05-{day:02} 03:00:00", 5, rating=1)
        [row] = self.figures("service")
        self.assertEqual((row.handling_count, row.handling_rating, row.rating_note), (4, False, "too few"))
        model = self.env[MODEL].with_user(self.users["manager"])
        for how in ("ratio", "avg", "max", "sum"):
            [group] = call_kw(model, "formatted_read_group", [[], ["user_id"], [f"handling_rating:{how}"]], {})
            self.assertFalse(group[f"handling_rating:{how}"], how)
        self.assertFalse(model.search([("handling_rating", ">", 0)]))
        self.new_rating("service", "2026-06-08 03:00:00", 3)
        [group] = call_kw(model, "formatted_read_group", [[], ["user_id"], ["handling_rating:ratio"]], {})
        self.assertEqual(group["handling_rating:ratio"], 4.6, "two months together are enough")
        self.procedure.limit_ids.filtered(lambda limit: limit.code == "survey_cell").sudo().write({"value": 4})
        self.env.invalidate_all()
        self.assertEqual(self.figures("service")[1].handling_rating, 5)
        self.assertFalse(self.figures("service")[1].rating_note)

    def test_shares_of_groups_are_not_averages_of_shares(self):
        self.new_contact("sales", "2026-05-04", on_time=False)
        for day in (1, 2, 3):
            self.new_contact("sales", f"2026-06-0{day}")
        model = self.env[MODEL].with_user(self.users["manager"])
        for how in ("ratio", "avg"):
            [group] = call_kw(model, "formatted_read_group", [[], ["user_id"], [f"contact_rate:{how}"]], {})
            self.assertEqual(group[f"contact_rate:{how}"], 75)

    def test_pivot_and_graph_can_measure_them(self):
        described = self.env[MODEL].fields_get(attributes=["aggregator"])
        for name in (*staff_figures.SHARES, *staff_figures.RATINGS):
            self.assertEqual(described[name]["aggregator"], "ratio", name)

    # ------------------------------------------------------------
    # Against a recomputation in plain Python
    # ------------------------------------------------------------

    def test_against_plain_python(self):
        chance = random.Random(7)
        zone = timezone(ZONE)
        roles = ("sales", "specialist", "service", "supervisor")
        teams = (self.team_sales, self.team_marketing, self.env["crm.procedure.team"])
        homes = {"sales": self.team_sales}
        expected = {}

        def count(role, team, moment, **counts):
            month = moment.date().replace(day=1)
            key = (self.users[role].id, (team or homes.get(role, team)).id, month)
            expected.setdefault(key, Counter()).update(counts)

        def local(moment):
            return utc.localize(moment).astimezone(zone)

        for _number in range(150):
            role, team = chance.choice(roles), chance.choice(teams)
            day = NOW + timedelta(days=chance.randrange(-400, 30))
            state, on_time = chance.choice(("done", "done", "planned", "cancelled")), chance.random() < 0.7
            method = chance.choice(("phone", "visit"))
            contact = self.new_contact(role, day.date().isoformat(), state, on_time, method=method, team_id=team.id)
            done, late = state == "done", state == "planned" and contact.deadline < NOW
            if (done or late) and day.month + 12 * day.year <= NOW.month + 12 * NOW.year:
                count(
                    role,
                    contact.team_id,
                    day,
                    contact_due=1,
                    contact_done=done,
                    contact_on_time=done and on_time,
                    visit_count=done and method == "visit",
                )
        for _number in range(150):
            role, team = chance.choice(roles), chance.choice(teams)
            answered = NOW - timedelta(hours=chance.randrange(1, 9000))
            deadline = answered + timedelta(hours=chance.randrange(-50, 100))
            closed = min(NOW, answered + timedelta(hours=chance.randrange(0, 100)))
            state = chance.choice(("closed", "closed", "answered", "unconfirmed", "handling", "cancelled"))
            rating = chance.randrange(0, 6) if state == "closed" else 0
            self.new_ticket(
                role,
                team_id=team.id or None,
                state=state,
                date_answered=answered if state not in ("handling", "cancelled") else None,
                answer_deadline=deadline,
                date_closed=closed if state == "closed" else None,
                customer_rating_handling=rating,
            )
            if state in ("closed", "answered", "unconfirmed"):
                count(role, team, local(answered), ticket_due=1, ticket_answered=1, ticket_in_time=answered <= deadline)
            elif state == "handling" and deadline < NOW:
                count(role, team, local(deadline), ticket_due=1)
            if rating:
                count(role, team, local(closed), handling_count=1, handling_sum=rating)
        self.compare(expected)

    def compare(self, expected):
        seen = set()
        for row in self.figures():
            key = (row.user_id.id, row.team_id.id, row.date)
            seen.add(key)
            counts = expected[key]
            for name in staff_figures.SUMS:
                if name in row._fields:
                    self.assertEqual(row[name], counts[name], (key, name))
            for name, (part, whole) in staff_figures.SHARES.items():
                if counts[whole]:
                    self.assertAlmostEqual(row[name], 100 * counts[part] / counts[whole], 5)
                else:
                    self.assertIs(row[name], False)
            enough = counts["handling_count"] >= 5
            mean = enough and counts["handling_sum"] / counts["handling_count"]
            self.assertAlmostEqual(row.handling_rating, mean, 5)
        self.assertEqual(seen, {key for key, counts in expected.items() if any(counts.values())})
        self.assertEqual(len(self.figures().ids), len(set(self.figures().ids)))

    def test_months_asked_for(self):
        """What the query leaves out early is what the domain leaves out as well."""
        for month in range(1, 7):
            self.new_contact("sales", f"2026-{month:02}-10")
        rows = self.figures()
        for domain in (
            [("date", ">=", "2026-03-01")],
            [("date", ">", "2026-03-01"), ("date", "<", "2026-05-31")],
            [("date", "=", "2026-04-01"), ("contact_due", ">", 0)],
            [("date", "in", ["2026-02-01", "2026-04-01"])],
            ["|", ("date", "<", "2026-02-01"), ("date", ">=", "2026-06-01")],
            ["!", ("date", "<", "2026-03-01")],
            [("date", "!=", "2026-03-01")],
            [("date", ">=", "=1d -2m")],
            [("date", "=", False)],
        ):
            with self.subTest(domain=domain):
                self.assertEqual(self.figures(domain=domain), rows.filtered_domain(domain))
        asked = self.env[MODEL].with_context(procedure_months_asked=["2026-06-01", "2026-06-30"])
        self.assertEqual(len(asked.browse(rows.ids).mapped("contact_due")), 6, "a caller cannot say it")

    def test_months_and_persons_reach_the_indexes(self):
        """Months are a range of the contacts' index, and a person is asked for where they are read."""
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        sales = self.users["sales"]
        sql = self.env[MODEL]._search([("date", ">=", "2026-05-01"), ("user_id", "=", sales.id)]).select()
        self.env.cr.execute(f"EXPLAIN {sql.code}", sql.params)
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())
        self.assertRegex(plan, r"Index Cond: .*date_planned >= '2026-05-01'.*date_planned <= '2026-06-30'")
        self.assertRegex(
            plan, rf"(Filter|Index Cond): .*occasion_id.*user_id = {sales.id}\b|user_id = {sales.id}.*date_planned"
        )

    def test_queries_do_not_grow(self):
        def queries():
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            rows = self.figures()
            rows.read(["user_id", "team_id", "month", "contact_rate", "rating_note", "display_name"])
            return self.env.cr.sql_log_count - before

        self.new_contact("sales", "2026-05-04")
        queries()
        few = queries()
        for month in range(1, 7):
            for role in ("sales", "specialist", "service", "supervisor"):
                self.new_contact(role, f"2026-{month:02}-04")
        self.assertLessEqual(queries(), few + 1)
