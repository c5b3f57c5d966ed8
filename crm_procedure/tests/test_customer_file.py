import itertools
import re
from datetime import date
from operator import eq, ge, gt, le, lt, ne
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL

from ..tools import duplicates
from .common import ProcedureCase


class FileCase(ProcedureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.industry = cls.env["res.partner.industry"].create({"name": "Ship building"})
        for role in ("sales", "marketing", "supervisor"):
            cls.users[role].group_ids += cls.env.ref("base.group_partner_manager")

    @classmethod
    def new_file(cls, name="Customer", contact=True, **values):
        people = [Command.create({"name": "Wu Min", "function": "Buyer", "phone": "+86 138 0000 1111"})]
        return cls.new_customer(
            name,
            is_company=True,
            **{
                "industry_id": cls.industry.id,
                "procedure_size": "medium",
                "procedure_needs": "Pumps",
                "child_ids": people if contact else [],
                **values,
            },
        )

    def set_procedure(self, **values):
        """Just for the test: a signed version is not edited."""
        self.procedure.sudo().write(values)


@tagged("post_install", "-at_install")
class TestCompleteness(FileCase):
    """I3, I4: the procedure says what a file has to hold."""

    def test_complete(self):
        self.assertEqual(self.new_file().procedure_completeness, 100)

    def test_missing_is_named(self):
        customer = self.new_file(procedure_size=False, contact=False)
        self.assertEqual(customer.procedure_completeness, 60)
        self.assertEqual(customer.procedure_missing, "Contact with position and phone or email, Company size")
        customer.child_ids = [Command.create({"name": "Wu Min", "function": "Buyer"})]
        self.assertEqual(customer.procedure_completeness, 60, "nobody can reach this person")
        customer.child_ids.email = "wu@example.com"
        self.assertEqual(customer.procedure_completeness, 80)
        self.assertEqual(customer.child_ids.procedure_completeness, 80, "a contact has the file of its company")

    def test_private_customer(self):
        """A person has no industry and no size, and is its own contact."""
        person = self.new_customer("Wu Min", procedure_needs="Pumps", phone="13800001111")
        self.assertEqual(person.procedure_completeness, 100)
        person.phone = False
        self.assertEqual(person.procedure_completeness, 66)

    def test_quality_decides_what_is_required(self):
        draft = self.procedure.copy({"version": "V2.0", "effective_date": date(2026, 7, 1)})
        self.assertEqual(len(draft.requirement_ids), 5)
        quality = self.users["quality"]
        draft.with_user(quality).write(
            {"requirement_ids": [Command.clear(), Command.create({"entry": "name"}), Command.create({"entry": "vat"})]}
        )
        with self.assertRaises(AccessError):
            draft.requirement_ids[0].with_user(self.users["sales"]).write({"note": "no"})
        with freeze_time("2026-06-30"):
            self.sign(draft, "quality", "manager")
        with self.assertRaises(UserError):
            draft.requirement_ids[0].with_user(quality).write({"note": "too late"})
        with self.assertRaises(UserError):
            draft.requirement_ids.with_user(quality).unlink()
        customer = self.new_customer("Customer", is_company=True)
        customer.vat = False
        self.assertEqual(draft._required_entries(), ("name", "vat"))
        self.assertEqual(customer.procedure_completeness, 50)

    def test_searchable(self):
        files = self.new_file("Full") | self.new_file("Most", procedure_size=False)
        files |= self.new_customer("Little", is_company=True) | self.new_customer("Wu Min", phone="1380000111")
        files |= files.child_ids
        compare = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}
        for (sign, holds), value in itertools.product(compare.items(), (0, 20, 66, 80, 100)):
            with self.subTest(operator=sign, value=value):
                found = files.search([("id", "in", files.ids), ("procedure_completeness", sign, value)])
                self.assertEqual(set(found), {file for file in files if holds(file.procedure_completeness, value)})

    def test_while_typing(self):
        """A file that is not saved yet is as complete as it will be."""
        for values in ({}, {"procedure_size": "small"}, {"is_company": True}, {"is_company": True, "vat": "X"}):
            with self.subTest(values=values):
                saved = self.new_customer("Typed", phone="1380000111", **values)
                typed = saved.new(origin=saved)
                self.assertEqual(typed.procedure_completeness, saved.procedure_completeness)
                self.assertEqual(typed.procedure_missing, saved.procedure_missing)
                typed.procedure_needs = "Pumps"
                self.assertGreater(typed.procedure_completeness, saved.procedure_completeness)

    def test_computed_in_batch(self):
        counts = []
        for count in (3, 60):
            files = self.env["res.partner"].browse([self.new_file(f"C{count}-{n}").id for n in range(count)])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            files.with_user(self.users["sales"]).mapped("procedure_completeness")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1, "no query per customer")

    def test_personal_data_is_not_for_everybody(self):
        """I6: the home address is seen by those who look after customers."""
        customer = self.new_file(procedure_home_address="Lake View 3")
        self.assertEqual(customer.with_user(self.users["specialist"]).procedure_home_address, "Lake View 3")
        with self.assertRaises(AccessError):
            customer.with_user(self.users["user"]).read(["procedure_home_address"])


@tagged("post_install", "-at_install")
class TestRegistration(FileCase):
    """X6: who enters a customer and who confirms it are two people, where the procedure says so."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.procedure.sudo().registration = "queue"

    def register(self, role="marketing", **values):
        customers = self.env["res.partner"].with_user(self.users[role])
        return customers.create(
            {
                "name": "New customer",
                "is_company": True,
                "customer_rank": 1,
                "industry_id": self.industry.id,
                "procedure_size": "small",
                "procedure_needs": "Valves",
                "child_ids": [Command.create({"name": "Li", "function": "Buyer", "email": "li@example.com"})],
                **values,
            }
        )

    def test_waits_and_is_confirmed(self):
        customer = self.register()
        self.assertEqual(customer.procedure_registration, "waiting")
        self.assertEqual(customer.procedure_registered_by_id, self.users["marketing"])
        self.assertFalse(customer.child_ids.procedure_registration, "a contact is no new customer")
        self.assertFalse(customer.procedure_verified_on)
        with self.assertRaises(AccessError):
            customer.action_confirm_registration()
        customer.with_user(self.users["sales"]).action_confirm_registration()
        self.assertEqual(customer.procedure_registration, "confirmed")
        self.assertEqual(customer.procedure_verified_on, date.today())
        self.assertEqual(customer.procedure_verified_by_id, self.users["sales"])
        with self.assertRaisesRegex(UserError, "Confirmed"):
            customer.with_user(self.users["supervisor"]).action_confirm_registration()

    def test_every_way_in(self):
        """Also from a menu that gives the rank, by name alone, and by somebody without a role."""
        for partners in (
            self.env["res.partner"].with_user(self.users["sales"]).with_context(res_partner_search_mode="customer"),
            self.env["res.partner"]
            .with_user(new_test_user(self.env, "seller", "base.group_user,base.group_partner_manager"))
            .with_context(res_partner_search_mode="customer", allowed_company_ids=self.company.ids),
        ):
            if partners.env.user.login == "seller":
                partners.env.user.write({"company_ids": [Command.link(self.company.id)]})
            made = partners.browse(partners.name_create("By name")[0])
            self.assertEqual(made.sudo().procedure_registration, "waiting")
        supplier = self.register(customer_rank=0, supplier_rank=1)
        self.assertFalse(supplier.procedure_registration)

    def test_direct(self):
        self.set_procedure(registration="direct")
        self.assertFalse(self.register().procedure_registration)

    def test_not_without_a_version_in_force(self):
        other = self.env["res.company"].create({"name": "Southwind"})
        self.users["marketing"].company_ids += other
        partners = self.env["res.partner"].with_user(self.users["marketing"]).with_company(other)
        self.assertFalse(partners.create({"name": "New", "customer_rank": 1}).procedure_registration)

    def test_incomplete(self):
        customer = self.register(procedure_needs=False, child_ids=[])
        with self.assertRaisesRegex(UserError, "60 %.*Missing: Contact.*Needs"):
            customer.with_user(self.users["sales"]).action_confirm_registration()

    def test_nobody_confirms_their_own(self):
        customer = self.register("sales")
        with self.assertRaisesRegex(UserError, "yourself"):
            customer.action_confirm_registration()
        self.company.procedure_waive_separation = True
        customer.action_confirm_registration()
        self.assertIn("waived", "".join(customer.message_ids.mapped("body")))

    def test_reject_and_again(self):
        customer = self.register()
        steward = customer.with_user(self.users["supervisor"])
        self.assertEqual(steward.action_reject_registration()["res_model"], "crm.procedure.reason")
        steward.action_reject_registration(reason="Which Li?")
        self.assertEqual(customer.procedure_registration, "rejected")
        self.assertIn("Which Li?", customer.message_ids[0].body)
        customer.with_user(self.users["supervisor"]).action_register_again()
        with self.assertRaisesRegex(UserError, "yourself"):
            steward.action_confirm_registration()
        customer.with_user(self.users["sales"]).action_confirm_registration()

    def test_not_typed_in(self):
        for values in (
            {"procedure_registration": "confirmed"},
            {"procedure_verified_on": "2026-01-01"},
            {"procedure_registered_by_id": self.users["sales"].id},
        ):
            with self.subTest(values=values):
                with self.assertRaises(AccessError):
                    self.register(**values)
                with self.assertRaises(AccessError):
                    self.register().write(values)
        sneaky = self.env["res.partner"].with_user(self.users["marketing"])
        sneaky = sneaky.with_context(
            default_procedure_registration="confirmed", default_procedure_verified_on="2026-01-01"
        )
        customer = sneaky.create({"name": "New", "customer_rank": 1})
        self.assertEqual(customer.procedure_registration, "waiting")
        self.assertFalse(customer.procedure_verified_on)

    def test_order_waits_too(self):
        """I3, the gate: a quotation may be written, the order comes after the steward."""
        customer = self.register()
        order = self.new_order(customer, 100, state="draft")
        with self.assertRaisesRegex(UserError, "nobody has confirmed"):
            order.action_confirm()
        customer.with_user(self.users["sales"]).action_confirm_registration()
        order.action_confirm()
        self.assertEqual(order.state, "sale")

    def test_merge_keeps_the_registration(self):
        old, new = self.new_file("Old"), self.register()
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((old | new).ids, old)
        self.assertFalse(old.procedure_registration)

    def test_verified_again(self):
        """I8: the steward goes through a file and says so."""
        customer = self.new_file()
        with self.assertRaises(AccessError):
            customer.with_user(self.users["marketing"]).action_verify_file()
        customer.with_user(self.users["sales"]).action_verify_file()
        self.assertEqual(customer.procedure_verified_on, date.today())
        with self.assertRaisesRegex(UserError, "confirm the registration"):
            self.register().with_user(self.users["sales"]).action_verify_file()

    def test_many_at_once(self):
        counts = []
        for count in (2, 20):
            new = self.env["res.partner"].browse([self.register().id for _ in range(count)])
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            new.with_user(self.users["sales"]).action_confirm_registration()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 18 * 2, "two for each are Odoo's own, in every write of a partner")

    def test_entering_adds_few_queries(self):
        """At most 6 over Odoo's own, queue and all."""
        counts, ours = {}, type(self.env["res.partner"])._procedure_register
        for mode in ("direct", "queue", "none"):
            self.set_procedure(registration="queue" if mode == "queue" else "direct")
            partners = self.env["res.partner"].with_user(self.users["marketing"])
            partners.create({"name": "Warm up", "customer_rank": 1, "is_company": True})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with patch.object(type(partners), "_procedure_register", ours if mode != "none" else lambda self: None):
                made = partners.create({"name": f"Counted {mode}", "customer_rank": 1, "is_company": True})
            self.env.flush_all()
            counts[mode] = self.env.cr.sql_log_count - before
            self.assertEqual(made.procedure_registration, "waiting" if mode == "queue" else False)
        self.assertLessEqual(counts["direct"], counts["none"] + 6, counts)
        self.assertLessEqual(counts["queue"], counts["none"] + 6, counts)


@tagged("post_install", "-at_install")
class TestDuplicates(FileCase):
    """I8: a customer that is here already is noticed while it is typed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.huarui = cls.new_customer(
            "华瑞重工集团有限公司",
            is_company=True,
            vat="91210100MA0XYZ1234",
            phone="+86 24 5550 1100",
            email="office@huarui.example.com",
        )

    def warned(self, role="sales", **values):
        form = Form(self.env["res.partner"].with_user(self.users[role]))
        form.company_type = "company"
        for name, value in values.items():
            form[name] = value
        return form.procedure_duplicate_html or ""

    def test_while_typing(self):
        for values in (
            {"name": "华瑞重工集团"},
            {"name": "华瑞重工集团 有限责任公司"},
            {"name": "X", "vat": "9121 0100-ma0xyz1234"},
            {"name": "X", "phone": "024-55501100"},
            {"name": "X", "email": "Office@Huarui.example.com "},
        ):
            with self.subTest(values=values):
                self.assertIn("华瑞重工集团有限公司", self.warned(**values))
        self.assertEqual(self.warned(name="Another"), "")
        self.assertEqual(self.warned(name="有限公司"), "")

    def test_names_are_the_same(self):
        self.env["res.partner"].create({"name": "Acme（Shanghai） Co., Ltd.", "is_company": True})
        for name in ("ACME Shanghai", "acme (shanghai) co ltd", "Ａｃｍｅ-Shanghai Ltd"):
            self.assertIn("Acme", self.warned(name=name))
        self.assertFalse(self.warned(name="Acme Beijing"))

    def test_itself_and_its_people_do_not_count(self):
        person = self.env["res.partner"].create(
            {"name": "Wu", "parent_id": self.huarui.id, "phone": self.huarui.phone, "email": self.huarui.email}
        )
        self.assertFalse(self.huarui.procedure_duplicate_html)
        self.assertFalse(person.procedure_duplicate_html)

    def test_archived_ones_count(self):
        self.huarui.action_archive()
        self.assertIn("archived", self.warned(name="华瑞重工集团"))

    def test_what_may_not_be_seen_is_counted_only(self):
        self.env["ir.rule"].create(
            {
                "name": "Own customers",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": f"[('id', '!=', {self.huarui.id})]",
                "groups": [Command.link(self.env.ref("crm_procedure.group_sales").id)],
            }
        )
        for values in ({"name": "华瑞重工集团"}, {"name": "X", "vat": "91210100MA0XYZ1234"}):
            warning = self.warned(**values)
            self.assertNotIn("华瑞", warning)
            self.assertNotRegex(warning, r"tax|res\.partner|name\b")
            self.assertIn("1 more that you may not see", warning)
        twin = self.env["res.partner"].with_user(self.users["sales"]).new({"name": "X", "vat": self.huarui.vat})
        self.assertFalse(twin.same_vat_partner_id, "Odoo's own warning must not tell either")

    def test_text_is_text(self):
        self.env["res.partner"].create({"name": "<img src=x onerror=alert(1)>", "is_company": True})
        self.assertIn("&lt;img", self.warned(name="<img src=x onerror=alert(1)>"))

    def test_queries(self):
        """At most 5, however many look alike."""
        self.env["res.partner"].create([{"name": "华瑞重工集团", "is_company": True} for _ in range(30)])
        self.env.flush_all()
        self.env.invalidate_all()
        partners = self.env["res.partner"].with_user(self.users["sales"])
        values = {"is_company": True, "phone": "024-55501100", "email": "a@b.com", "vat": "12345"}
        self.assertTrue(partners.new({**values, "name": "Warm up"}).procedure_duplicate_html)
        partner = partners.new({**values, "name": "华瑞重工集团"})
        before = self.env.cr.sql_log_count
        self.assertTrue(partner.procedure_duplicate_html)
        self.assertLessEqual(self.env.cr.sql_log_count - before, 5)

    def test_plan_uses_the_indexes(self):
        """At 50,000 customers, each key is looked up in its index (the same plan as with a million)."""
        self.env.cr.execute(
            """INSERT INTO res_partner (name, complete_name, vat, phone, email, is_company, active, type,
                                        autopost_bills)
               SELECT 'Company ' || n, 'Company ' || n, 'V' || n, '+86 21 ' || (10000000 + n),
                      'c' || n || '@example.com', TRUE, TRUE, 'contact', 'ask'
                 FROM generate_series(1, 50000) AS n"""
        )
        self.env.cr.execute("ANALYZE res_partner")  # else the foreign key is checked by scanning, row by row
        self.env.cr.execute("UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL")
        self.env.cr.execute("ANALYZE res_partner")
        values = {"name": "company 77 ltd", "tax": "v-77", "phone": "021 10000077", "email": "C77@example.com"}
        query = duplicates.matches(values, [1], self.company.id)
        found = self.env.execute_query(query)
        self.assertEqual(sorted(key for _id, key in found), ["email", "name", "phone", "tax"])
        self.assertEqual(len({id_ for id_, _key in found}), 1)
        self.env.cr.execute(SQL("EXPLAIN %s", query))
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertNotIn("Seq Scan", plan)
        used = set(re.findall(r"res_partner_procedure_(\w+)_key_idx", plan))
        self.assertEqual(used, {"name", "tax", "phone", "email"}, plan)
