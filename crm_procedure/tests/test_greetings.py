from datetime import date
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MockEmail

from ..tools import due_greetings
from ..tools.due_greetings import DueGreetings
from .common import ProcedureCase

MODELS = "odoo.addons.crm_procedure.models.greeting"


@tagged("post_install", "-at_install")
class TestGreetings(ProcedureCase, MockEmail):
    """V10, X16: festivals, birthdays, anniversaries; once a year, in the customer's language."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["crm.procedure.occasion"].with_context(active_test=False).search([]).active = False
        cls.china, cls.denmark = cls.env.ref("base.cn"), cls.env.ref("base.dk")
        cls.company.country_id = cls.china
        cls.owner = cls.users["sales"]
        cls.customer = cls.new_customer(
            "Huarui", is_company=True, user_id=cls.owner.id, country_id=cls.china.id, email="office@huarui.example.com"
        )
        cls.contact = cls._new_contact("He Jing", email="hejing@huarui.example.com")
        cls.template = cls.env.ref("crm_procedure.mail_template_greeting_birthday")

    @classmethod
    def _new_contact(cls, name, **values):
        return cls.env["res.partner"].create({"name": name, "parent_id": cls.customer.id, **values})

    @classmethod
    def _new_occasion(cls, basis="birthday", **values):
        values = {"name": "Occasion", "basis": basis, "company_id": cls.company.id, **values}
        if values.get("action") == "mail":
            values.setdefault("template_id", cls.template.id)
        return cls.env["crm.procedure.occasion"].create(values)

    def _run(self, day, cron="greeting"):
        with freeze_time(f"{day} 08:00:00"), self.enter_registry_test_mode():
            self.env.ref(f"crm_procedure.ir_cron_{cron}").method_direct_trigger()
        self.env.invalidate_all()

    def _greetings(self, occasion, *fields):
        rows = self.env["crm.procedure.greeting"].search([("occasion_id", "=", occasion.id)], order="id")
        return [tuple(row[name] if name != "partner_id" else row.partner_id.name for name in fields) for row in rows]

    def _send(self, day, down=False):
        """Let Odoo send its queue, then see what became of it."""
        with freeze_time(f"{day} 08:05:00"), self.mock_mail_gateway():
            queue = self.env["mail.mail"].search(
                [("state", "=", "outgoing"), ("model", "=", "crm.procedure.communication")]
            )
            if down:
                error = ConnectionRefusedError("server is down")
                with patch.object(type(self.env["ir.mail_server"]), "_connect__", side_effect=error):
                    queue.send()
            else:
                queue.send()
            sent = [(mail["email_to"], mail["subject"], mail["body"]) for mail in self._mails]
        self._run(day, "greeting_settle")
        return sent

    # ------------------------------------------------------------
    # When
    # ------------------------------------------------------------

    def test_birthday(self):
        """The person is greeted, not the company; once; nobody on the day before or after."""
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion()
        for day, count in (("2026-07-14", 0), ("2026-07-15", 1), ("2026-07-15", 1), ("2026-07-16", 1)):
            self._run(day)
            self.assertEqual(len(occasion.greeting_ids), count, day)
        communication = occasion.greeting_ids.communication_id
        self.assertEqual((communication.partner_id, communication.contact_id), (self.customer, self.contact))
        self.assertEqual((communication.kind, communication.state), ("greeting", "planned"))
        self.assertEqual((communication.user_id, communication.date_planned), (self.owner, date(2026, 7, 15)))
        activity = communication.activity_ids
        self.assertEqual((activity.user_id, activity.summary), (self.owner, "Occasion"))
        self._run("2027-07-15")
        self.assertEqual(len(occasion.greeting_ids), 2, "again the year after")

    def test_born_on_29_february(self):
        self.contact.procedure_birthday = date(1984, 2, 29)
        occasion = self._new_occasion()
        for day in ("2026-02-27", "2026-02-28", "2026-03-01", "2028-02-28", "2028-02-29", "2028-03-01"):
            self._run(day)
        days = self._greetings(occasion, "day")
        self.assertEqual(days, [(date(2026, 2, 28),), (date(2028, 2, 29),)])

    def test_not_on_the_day_of_birth(self):
        with freeze_time("2026-07-15 08:00"):
            self.customer.procedure_founded_on = date(2026, 7, 15)
        occasion = self._new_occasion("anniversary")
        self._run("2026-07-15")
        self.assertFalse(occasion.greeting_ids)
        self._run("2027-07-15")
        self.assertEqual(occasion.greeting_ids.partner_id, self.customer)

    def test_lead_time_over_new_year(self):
        self.contact.procedure_birthday = date(1980, 1, 2)
        occasion = self._new_occasion(lead_days=5)
        for day in ("2026-12-27", "2026-12-28", "2026-12-30", "2027-01-02"):
            self._run(day)
        self.assertEqual(self._greetings(occasion, "day", "year"), [(date(2027, 1, 2), 2027)])

    def test_missed_days_are_caught_up_until_the_day(self):
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion(lead_days=3)
        self._run("2026-07-15")
        self.assertEqual(self._greetings(occasion, "state"), [("todo",)])

    def test_public_holidays_of_the_customers_country(self):
        """Spring Festival 2026 is on 17 February; whoever is in Denmark has none."""
        dane = self.new_customer("Nordhaven", is_company=True, country_id=self.denmark.id)
        singapore = self.new_customer("Lion City", is_company=True, country_id=self.env.ref("base.sg").id)
        nowhere = self.new_customer("No country", is_company=True)
        occasion = self._new_occasion("holiday", holiday="spring festival，Chinese New Year", lead_days=3)
        self._run("2026-02-13")
        self.assertFalse(occasion.greeting_ids)
        self._run("2026-02-14")
        people = occasion.greeting_ids.partner_id
        self.assertLessEqual(self.customer | singapore | nowhere, people)
        self.assertNotIn(dane, people)
        self.assertEqual(set(occasion.greeting_ids.mapped("day")), {date(2026, 2, 17)})
        christmas = self._new_occasion("holiday", holiday="Juledag, Christmas Day", country_ids=self.denmark.ids)
        self._run("2026-12-25")
        self.assertEqual(christmas.greeting_ids.partner_id, dane)

    def test_next_day_is_shown(self):
        with freeze_time("2026-03-01"):
            occasion = self._new_occasion("holiday", holiday="中秋节")
            self.assertEqual(occasion.next_day, date(2026, 9, 25))
            self.assertEqual(self._new_occasion("date", month="1", day=1).next_day, date(2027, 1, 1))
            leap = self._new_occasion("date", month="2", day=29)
            self.assertEqual(leap.next_day, date(2027, 2, 28))
            self.assertFalse(self._new_occasion().next_day)

    # ------------------------------------------------------------
    # Whom
    # ------------------------------------------------------------

    def test_left_out(self):
        """Never: archived, opted out, on the blacklist, colleagues, suppliers, other companies' customers."""
        occasion = self._new_occasion("date", month="7", day=15, recipients="contacts")
        other = self.env["res.company"].create({"name": "Southwind"})
        self._new_contact("Archived", active=False)
        self._new_contact("Wants none", procedure_no_greetings=True)
        self._new_contact("Blacklisted", email="Black@Huarui.example.com")
        self.env["mail.blacklist"].create({"email": "black@huarui.example.com"})
        self._new_contact("Delivery address", type="delivery")
        self.new_customer("Archived customer", active=False)
        self.new_customer("Customer who wants none", procedure_no_greetings=True)
        self.new_customer("Of Southwind", company_id=other.id)
        self.env["res.partner"].create({"name": "Supplier"})
        self._run("2026-07-15")
        people = occasion.greeting_ids.filtered(lambda g: g.customer_id == self.customer).partner_id
        self.assertEqual(people, self.contact)
        self.assertFalse(
            occasion.greeting_ids.partner_id.filtered(lambda p: not p.active or p.company_id or "wants" in p.name)
        )
        self.assertFalse(occasion.greeting_ids.partner_id & self.env["res.users"].search([]).partner_id)

    def test_by_grade(self):
        graded = self.new_customer("Graded", 8000)
        self.new_customer("Other")
        self.run_grading()
        occasion = self._new_occasion("date", month="7", day=15, grade_ids=graded.procedure_grade_id.ids)
        self._run("2026-07-15")
        self.assertEqual(occasion.greeting_ids.partner_id, graded)

    def test_archived_while_waiting(self):
        """Two contacts with one address: the second waits for tomorrow, and is archived meanwhile."""
        self.contact.procedure_birthday = date(1980, 7, 18)
        twin = self._new_contact("Twin", email=self.contact.email, procedure_birthday=date(1980, 7, 18))
        occasion = self._new_occasion(lead_days=3, action="mail")
        self._run("2026-07-15")
        self.assertEqual(self._greetings(occasion, "state"), [("queued",), ("due",)])
        twin.active = False
        self._run("2026-07-16")
        self.assertEqual(self._greetings(occasion, "state"), [("queued",), ("skipped",)])

    def test_switched_off(self):
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion(active=False)
        self._run("2026-07-15")
        self.assertFalse(occasion.greeting_ids)

    def test_owner_left(self):
        """A customer without an owner, or whose owner has left, is greeted by the leader of service."""
        self._new_team("service")
        self.owner.active = False
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion()
        self._run("2026-07-15")
        self.assertEqual(occasion.greeting_ids.communication_id.user_id, self.users["service"])

    def test_merged_contacts(self):
        """Merging loses no greeting, and the survivor is not greeted again for the merged one."""
        twin = self._new_contact("Twin", email="hejing@huarui.example.com", procedure_birthday=date(1980, 7, 15))
        occasion = self._new_occasion(lead_days=3)
        self._run("2026-07-12")
        self.assertEqual(occasion.greeting_ids.partner_id, twin)
        self.contact.procedure_birthday = date(1980, 7, 15)
        self.env["base.partner.merge.automatic.wizard"]._merge((twin | self.contact).ids, self.contact)
        self._run("2026-07-13")
        self.assertEqual(occasion.greeting_ids.partner_id, self.contact)
        self.assertEqual(len(occasion.greeting_ids), 1)

    # ------------------------------------------------------------
    # E-mails
    # ------------------------------------------------------------

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.template.with_context(lang="zh_CN").write(
            {"subject": "生日快乐", "body_html": "<p>尊敬的<t t-out='object.contact_id.name'/></p>"}
        )
        self.contact.write({"procedure_birthday": date(1980, 7, 15), "lang": "zh_CN"})
        self._new_contact("Freja", email="f@x.example.com", lang="en_US", procedure_birthday=date(1981, 7, 15))
        occasion = self._new_occasion(action="mail")
        self._run("2026-07-15")
        self.assertEqual(self._greetings(occasion, "state"), [("queued",)] * 2)
        self.assertEqual(set(occasion.greeting_ids.communication_id.mapped("state")), {"planned"}, "not sent yet")
        sent = {to[0]: (subject, body) for to, subject, body in self._send("2026-07-15")}
        chinese = next(mail for to, mail in sent.items() if "hejing" in to)
        self.assertEqual(chinese[0], "生日快乐")
        self.assertIn("尊敬的He Jing", chinese[1])
        self.assertIn("Happy birthday, Freja", [subject for subject, _body in sent.values()])
        self.assertEqual(self._greetings(occasion, "state"), [("sent",)] * 2)
        communication = occasion.greeting_ids[-1].communication_id
        self.assertEqual((communication.state, communication.kind, communication.method), ("done", "greeting", "email"))
        self.assertIn("生日快乐", communication.message_ids.mapped("subject"), "the text is kept")
        self.assertFalse(occasion.greeting_ids.mail_id)

    def test_one_mail_a_day_to_an_address(self):
        """Two occasions, one address, other letter case: one mail today, the other tomorrow if there is time."""
        self.contact.procedure_birthday = date(1980, 7, 15)
        self._new_contact("Twin", email="HEJING@huarui.example.com", procedure_birthday=date(1980, 7, 15))
        today = self._new_occasion(action="mail")
        early = self._new_occasion(action="mail", lead_days=2, sequence=99)
        self._run("2026-07-13")
        self.assertEqual(self._greetings(early, "state"), [("queued",), ("due",)])
        self._run("2026-07-14")
        self.assertEqual(self._greetings(early, "state"), [("queued",), ("queued",)])
        self._run("2026-07-15")
        self.assertEqual(
            self._greetings(today, "state", "mailed_on"), [("queued", date(2026, 7, 15)), ("skipped", False)]
        )
        mails = self.env["mail.mail"].search([("model", "=", "crm.procedure.communication")])
        self.assertEqual(len(mails), 3)
        self.assertFalse(any(mails.mapped("email_cc")))

    def test_database_keeps_it_to_once(self):
        """Not only the code: the keys in the database."""
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion(action="mail")
        self._run("2026-07-15")
        row = occasion.greeting_ids
        for column, value in (("key", "another"), ("mailed_on", None)):
            copy = (
                "INSERT INTO crm_procedure_greeting (key, occasion_id, company_id, day, year, state, email, mailed_on)"
            )
            columns = {"key": "key", "mailed_on": "mailed_on"} | {column: "%s"}
            select = (
                f"SELECT {columns['key']}, occasion_id, company_id, day, year, state, email, {columns['mailed_on']}"
            )
            with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                self.env.cr.execute(f"{copy} {select} FROM crm_procedure_greeting WHERE id = %s", (value, row.id))

    def test_another_worker_was_quicker(self):
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion()
        company = self.company.with_company(self.company)
        with freeze_time("2026-07-15 08:00"):
            due = DueGreetings(company)
            self.assertEqual(due.insert(occasion), (1, None))
            self.assertEqual(due.insert(occasion), (0, None))
            # in our snapshot the other's row is not there; the key is
            self.env.cr.execute("UPDATE crm_procedure_greeting SET year = 1999 WHERE occasion_id = %s", (occasion.id,))
            self.assertEqual(due.insert(occasion), (0, None))
            greetings = self.env["crm.procedure.greeting"].with_company(company)
            with patch.object(type(greetings), "try_lock_for_update", lambda records, **kw: records.browse()):
                self.assertEqual(greetings._greet_batch(50), 0, "held by another")

    def test_template_that_fails_for_one(self):
        """The rest go out; that one becomes the owner's to-do, with the reason."""
        self.template.body_html = "<p>After <t t-out='1 / (2020 - object.contact_id.procedure_birthday.year)'/></p>"
        contacts = self.contact | self._new_contact("Broken", email="b@x.example.com")
        contacts |= self._new_contact("Third", email="c@x.example.com")
        for contact, year in zip(contacts, (1980, 2020, 1990), strict=True):
            contact.procedure_birthday = date(year, 7, 15)
        occasion = self._new_occasion(action="mail")
        with mute_logger(MODELS, "odoo.addons.mail.models.mail_render_mixin"):
            self._run("2026-07-15")
        states = self._greetings(occasion, "partner_id", "state")
        self.assertEqual(states, [("He Jing", "queued"), ("Broken", "todo"), ("Third", "queued")])
        broken = occasion.greeting_ids.filtered(lambda g: g.state == "todo")
        self.assertIn("could not be made", broken.note)
        self.assertIn("could not be made", broken.communication_id.activity_ids.note)
        self.assertEqual(len(self._send("2026-07-15")), 2)

    def test_no_address(self):
        self.contact.write({"procedure_birthday": date(1980, 7, 15), "email": False})
        occasion = self._new_occasion(action="mail")
        self._run("2026-07-15")
        self.assertEqual(self._greetings(occasion, "state"), [("todo",)])
        self.assertIn("No e-mail address", occasion.greeting_ids.communication_id.activity_ids.note)

    def test_mail_server_down(self):
        """Nothing is lost and nothing goes out twice: tried again for three days, then the owner's to-do."""
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion(action="mail")
        self._run("2026-07-15")
        self.assertEqual(self._send("2026-07-15", down=True), [])
        self.assertEqual(self._greetings(occasion, "state"), [("queued",)])
        self._run("2026-07-16")
        self.assertEqual(len(self._send("2026-07-16")), 1)
        self.assertEqual(self._greetings(occasion, "state"), [("sent",)])
        self.assertEqual(len(self._send("2026-07-17")), 0)

    def test_mail_server_stays_down(self):
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion(action="mail")
        self._run("2026-07-15")
        for day in ("2026-07-15", "2026-07-18", "2026-07-19"):
            self._send(day, down=True)
        self.assertEqual(self._greetings(occasion, "state"), [("failed",)])
        communication = occasion.greeting_ids.communication_id
        self.assertEqual(communication.state, "planned")
        self.assertIn("server is down", communication.activity_ids.note)
        self.assertEqual(communication.activity_ids.user_id, self.owner)
        self.assertEqual(len(self._send("2026-07-20")), 0, "a person has taken over")

    def test_rest_of_the_batch(self):
        """Many batches, killed after the first: the next run completes them, nobody twice."""
        for n in range(5):
            self._new_contact(f"C{n}", email=f"c{n}@x.example.com", procedure_birthday=date(1980, 7, 15))
        occasion = self._new_occasion(action="mail")
        greetings = self.env["crm.procedure.greeting"].with_company(self.company)
        with freeze_time("2026-07-15 08:00"):
            company = self.company.with_company(self.company)
            DueGreetings(company).insert(occasion)
            self.assertEqual(greetings._greet_batch(2), 2)
        self._run("2026-07-15")
        self._run("2026-07-15")
        self.assertEqual(self._greetings(occasion, "state"), [("queued",)] * 5)
        self.assertEqual(len(self._send("2026-07-15")), 5)

    def test_many_people_in_chunks(self):
        """Found a chunk of people a transaction; killed in between and run again, nobody is left out or twice."""
        for n in range(5):
            self._new_contact(f"C{n}", procedure_birthday=date(1980, 7, 15))
        occasion = self._new_occasion()
        with patch.object(due_greetings, "CHUNK", 2):
            with freeze_time("2026-07-15 08:00"):
                count, last = DueGreetings(self.company.with_company(self.company)).insert(occasion)
                self.assertEqual((count, last), (2, occasion.greeting_ids.partner_id.sorted("id")[-1].id))
            self._run("2026-07-15")
        self.assertEqual(self._greetings(occasion, "state"), [("todo",)] * 5)

    # ------------------------------------------------------------
    # Speed, rights, bad input
    # ------------------------------------------------------------

    def test_queries_do_not_grow(self):
        """Finding: as many queries for 40 as for 4. Planning: a quarter of a query more a greeting at most."""
        company = self.company.with_company(self.company)
        counts = []
        with freeze_time("2026-07-15 08:00"):
            for number, month in ((4, 3), (40, 5)):
                for n in range(number):
                    self._new_contact(f"C{number}-{n}", procedure_birthday=date(1980, month, 15))
                occasion = self._new_occasion()
                self.env.flush_all()
                self.env.invalidate_all()
                with freeze_time(f"2026-{month:02}-15 08:00"):
                    before = self.env.cr.sql_log_count
                    self.assertEqual(DueGreetings(company).insert(occasion), (number, None))
                    found = self.env.cr.sql_log_count
                    self.env["crm.procedure.greeting"].with_company(company)._greet_batch(50)
                    self.env.flush_all()
                    counts.append((found - before, self.env.cr.sql_log_count - found))
        self.assertEqual(counts[0][0], counts[1][0])
        self.assertLess(counts[1][1] - counts[0][1], 0.25 * 36)

    def test_who_sees_and_sets_up(self):
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion()
        self._run("2026-07-15")
        row = occasion.greeting_ids
        for role in ("sales", "marketing", "service", "supervisor", "quality", "manager", "auditor"):
            self.assertTrue(row.with_user(self.users[role]).has_access("read"), role)
        self.assertFalse(row.with_user(self.users["specialist"]).has_access("read"), "not the owner")
        for role, user in self.users.items():
            self.assertFalse(row.with_user(user).has_access("write"), role)
            may = role in ("marketing", "supervisor", "quality")
            self.assertEqual(occasion.with_user(user).has_access("write"), may, role)
        with self.assertRaises(AccessError):
            self.contact.with_user(self.users["user"]).read(["procedure_birthday"])
        action = occasion.with_user(self.users["marketing"]).action_view_recipients()
        self.assertEqual(action["res_model"], "res.partner")

    def test_right_to_be_forgotten(self):
        """I11: erasing a person takes the birthday and the address along; that there was a greeting stays."""
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion(action="mail")
        self._run("2026-07-15")
        admin = self.users["quality"]
        admin.group_ids += self.env.ref("base.group_system")
        self.contact.with_user(admin)._procedure_pseudonymise()
        self.assertFalse(self.contact.procedure_birthday)
        self.assertEqual(self._greetings(occasion, "email", "state"), [(False, "queued")])

    def test_next_recipients(self):
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion()
        with freeze_time("2026-07-01"):
            self.assertEqual(occasion.action_view_recipients()["domain"], [("id", "in", self.contact.ids)])
        with freeze_time("2026-05-01"):
            self.assertEqual(occasion.action_view_recipients()["domain"], [("id", "in", [])])

    def test_occasion_of_a_communication_is_not_typed(self):
        occasion = self._new_occasion()
        model = self.env["crm.procedure.communication"].with_user(self.owner)
        with self.assertRaises(AccessError):
            model.create({"partner_id": self.customer.id, "occasion_id": occasion.id})

    def test_bad_input(self):
        for values in (
            {"basis": "date", "month": "2", "day": 30},
            {"basis": "date", "month": "1", "day": 0},
            {"basis": "date", "month": False, "day": 1},
            {"basis": "holiday", "holiday": "Sprin Festival"},
            {"basis": "holiday", "holiday": " , "},
            {"basis": "holiday", "holiday": "Spring Festival", "country_ids": [Command.set(self.denmark.ids)]},
            {"action": "mail", "template_id": False},
            {"action": "mail", "template_id": self.env.ref("auth_signup.set_password_email").id},
        ):
            with self.subTest(values), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self._new_occasion(**values)
        with self.assertRaisesRegex(ValidationError, "Mid-Autumn Festival"), self.env.cr.savepoint():
            self._new_occasion("holiday", holiday="Moon Festival")
        for field in ("procedure_birthday", "procedure_founded_on"):
            with self.assertRaisesRegex(ValidationError, "future"), self.env.cr.savepoint():
                self.contact[field] = date(2999, 1, 1)
        self.contact.procedure_birthday = date(1980, 7, 15)
        occasion = self._new_occasion()
        self._run("2026-07-15")
        with self.assertRaisesRegex(UserError, "Switch it off"):
            occasion.unlink()
