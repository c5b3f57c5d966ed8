from odoo.exceptions import AccessError
from odoo.service.model import call_kw
from odoo.tests import Form, tagged

from .common import ProcedureCase


@tagged("post_install", "-at_install")
class TestOwnCustomers(ProcedureCase):
    """I11, R4: sales and specialists see their own customers only, where the company wants it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.specialist, cls.seller = cls.users["specialist"], cls.users["sales"]
        for user in cls.specialist | cls.seller:
            user.group_ids += cls.env.ref("base.group_partner_manager") + cls.env.ref("base.group_allow_export")
        cls.mine = cls.new_customer("Zebra One", 100, user_id=cls.specialist.id, is_company=True)
        cls.theirs = cls.new_customer("Zebra Two", 200, user_id=cls.seller.id)
        cls.nobodys = cls.new_customer("Zebra Three")
        cls.zebras = cls.mine | cls.theirs | cls.nobodys

    def setUp(self):
        super().setUp()
        self.company.procedure_own_customers = True

    def _partners(self, role="specialist"):
        return self.env["res.partner"].with_user(self.users[role])

    def test_off_by_default(self):
        self.assertFalse(self.env["res.company"].create({"name": "New"}).procedure_own_customers)
        self.company.procedure_own_customers = False
        for role in self.users:
            self.assertEqual(self._partners(role).search_count([("name", "=like", "Zebra%")]), 3, role)

    def test_who_is_restricted(self):
        """Who oversees or serves all customers sees them all; so does who has such a role besides."""
        for role in self.users:
            seen = {"specialist": self.mine, "sales": self.theirs}.get(role, self.zebras)
            self.assertEqual(
                self._partners(role).search([("name", "=like", "Zebra%")]), seen.sorted("complete_name"), role
            )
        self.specialist.group_ids += self.env.ref("crm_procedure.group_service")
        self.assertEqual(self._partners().search_count([("name", "=like", "Zebra%")]), 3)

    def test_every_way_in(self):
        """Search, count, group-by, name search, read, export and remote calls meet the same wall."""
        partners = self._partners()
        domain = [("name", "=like", "Zebra%")]
        self.assertEqual(partners.search(domain), self.mine)
        self.assertEqual(partners.search_count(domain), 1)
        self.assertEqual(partners._read_group(domain, ["user_id"], ["__count"]), [(self.specialist, 1)])
        self.assertEqual([id_ for id_, _name in partners.name_search("Zebra")], self.mine.ids)
        for method, args in (("read", [["name"]]), ("export_data", [["name"]]), ("write", [{"comment": "x"}])):
            with self.subTest(method), self.assertRaises(AccessError):
                call_kw(partners, method, [self.theirs.ids, *args], {})
        found = call_kw(partners, "web_search_read", [domain, {"name": {}}], {})
        self.assertEqual([row["id"] for row in found["records"]], self.mine.ids)
        groups = call_kw(partners, "formatted_read_group", [domain, ["procedure_status"], ["__count"]], {})
        self.assertEqual(sum(group["__count"] for group in groups), 1)
        self.assertEqual(partners.search([("parent_id", "=", False), ("id", "in", self.zebras.ids)]), self.mine)

    def test_our_records_tell_nothing_either(self):
        self.run_grading()
        self.zebras.with_user(self.users["supervisor"]).action_set_status("lost", "Test")
        for model in ("crm.procedure.status", "crm.procedure.grading.line"):
            seen = self.env[model].with_user(self.specialist).search([("partner_id", "in", self.zebras.ids)])
            self.assertEqual(seen.partner_id, self.mine, model)
        lines = self.env["crm.procedure.grading.line"].with_user(self.seller)
        self.assertEqual(lines.search([]).sudo().partner_id & self.zebras, self.zebras, "sales signs the whole list")

    def test_colleagues_and_company_stay_visible(self):
        partners = self._partners()
        for partner in (self.users["marketing"].partner_id, self.company.partner_id, self.specialist.partner_id):
            self.assertTrue(partners.browse(partner.id).has_access("read"), partner.name)
        self.assertTrue(self.users["marketing"].with_user(self.specialist).name)

    def test_entering_a_customer(self):
        """A new customer belongs to who enters it, and so do its contacts."""
        with Form(self._partners()) as form:
            form.name = "New"
        self.assertEqual(form.record.user_id, self.specialist)
        contact = self._partners().create({"name": "Buyer", "parent_id": self.mine.id})
        self.assertEqual(contact.user_id, self.specialist)

    def test_contacts_go_with_their_customer(self):
        buyer, other = self.env["res.partner"].create(
            [
                {"name": "Buyer", "parent_id": self.mine.id},
                {"name": "Other", "parent_id": self.mine.id, "user_id": self.users["manager"].id},
            ]
        )
        self.mine.user_id = self.seller
        self.assertEqual((buyer | other).mapped("user_id"), self.seller | self.users["manager"])
        self.assertFalse(self._partners().search([("id", "in", (self.mine | buyer).ids)]))

    def test_switching_takes_effect_at_once(self):
        domain = [("name", "=like", "Zebra%")]
        self.assertEqual(self._partners().search_count(domain), 1)
        self.company.procedure_own_customers = False
        self.assertEqual(self._partners().search_count(domain), 3)

    def test_index(self):
        """What the rule compares is indexed; benchmarks/own_customers.py measures it."""
        self.env.cr.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'res_partner'")
        names = {name for [name] in self.env.cr.fetchall()}
        self.assertLessEqual({"res_partner_procedure_owner_idx", "res_partner_procedure_colleague_idx"}, names)
