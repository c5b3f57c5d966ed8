from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged

from ..tools.powers import POWERS
from .common import ROLES, ProcedureCase

# The table of DESIGN.md, "Who may do what", row by row: the roles with a tick or a limited one.
TABLE = {
    "report": "user specialist sales marketing service supervisor quality manager",
    "ticket_handle": "service",
    "ticket_close": "",
    "ticket_close_unconfirmed": "manager",
    "solution_approve": "manager",
    "action_do": "user specialist sales marketing service supervisor quality manager",
    "action_verify": "supervisor quality manager",
    "communication_see": "user specialist sales marketing service supervisor quality manager auditor",
    "communication_record": "specialist sales service supervisor",
    "grading_submit": "marketing",
    "grading_approve": "sales",
    "plan_submit": "sales marketing supervisor",
    "plan_approve": "manager",
    "plan_approve_regular": "supervisor",
    "cost_approve": "manager",
    "campaign_run": "marketing",
    "campaign_approve": "manager",
    "review_prepare": "service supervisor quality",
    "review_approve": "manager",
    "procedure_submit": "quality",
    "procedure_approve": "manager",
    "change_confirm": "sales supervisor",
    "indicator_edit": "quality",
    "indicator_refresh": "supervisor quality manager",
    "status_override": "sales supervisor",
    "read_all": "supervisor quality manager auditor",
}

# Rows whose records come with a later version, and the model that brings them: as soon as
# the model is there, its row has to be walked here (``_act_<power>``), or the test fails.
NOT_BUILT = {}

# Who sees unsigned gradings besides those who read everything: their makers and signers.
PARTIES_TO_A_GRADING = {"marketing", "sales"}


@tagged("post_install", "-at_install")
class TestPowers(ProcedureCase):
    """The whole table: every role x every power, through what RPC can call."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.new_customer("Customer", 5000)

    def test_code_has_the_table(self):
        self.assertEqual(
            {power: set(roles) for power, roles in POWERS.items()},
            {power: set(roles.split()) for power, roles in TABLE.items()},
        )

    def test_walk(self):
        for power in TABLE:
            act = getattr(self, f"_act_{power}", None)
            if act is None:
                self.assertIn(power, NOT_BUILT, "a power without an act here")
                self.assertNotIn(NOT_BUILT[power], self.env, f"{power} is built: walk it here")
                continue
            for role in (*ROLES, "stranger"):
                with self.subTest(power=power, role=role), self.env.cr.savepoint() as savepoint:
                    self._walk(act, role, role in TABLE[power].split())
                    savepoint.rollback()
                self.env.invalidate_all()

    def _walk(self, act, role, allowed):
        user = self.stranger if role == "stranger" else self.users[role]
        if allowed:
            act(user)
        else:
            with self.assertRaises(AccessError):
                act(user)

    def _call(self, record, user, method, *args, **kwargs):
        """As a remote caller would, rights and all."""
        return call_kw(record.with_user(user).env[record._name], method, [record.ids, *args], kwargs)

    def _submitted_grading(self):
        grading = self.new_grading()
        grading.action_compute()
        grading.action_submit()
        return grading

    def _draft_procedure(self):
        return self.procedure.copy({"version": "V2.0", "effective_date": "2099-01-01"})

    def _act_grading_submit(self, user):
        model = self.env["crm.procedure.grading"].with_user(user)
        ids = call_kw(model, "create", [{"date": "2026-06-30", "company_id": self.company.id}], {})
        grading = model.browse(ids)
        self._call(grading, user, "action_compute")
        self._call(grading, user, "action_submit")
        self.assertEqual(grading.state, "submitted")

    def _act_grading_approve(self, user):
        grading = self._submitted_grading()
        self._call(grading, user, "action_approve")
        self.assertEqual(grading.sudo().state, "approved")
        self.assertEqual(self.customer.procedure_grade_id.name, "B")

    def _act_procedure_submit(self, user):
        procedure = self._draft_procedure()
        self._call(procedure.limit_ids[0], user, "write", {"value": 3})
        self._call(procedure, user, "action_submit")
        self.assertEqual(procedure.state, "reviewed")

    def _act_procedure_approve(self, user):
        procedure = self._draft_procedure()
        procedure.with_user(self.users["quality"]).action_submit()
        self._call(procedure, user, "action_approve")
        self.assertEqual(procedure.state, "approved")

    def _reported_ticket(self):
        values = {"subject": "Broken seal", "partner_id": self.customer.id, "company_id": self.company.id}
        return self.env["crm.procedure.ticket"].with_user(self.users["user"]).create(values)

    def _answered_ticket(self):
        ticket = self._reported_ticket().with_user(self.users["service"])
        ticket.action_accept()
        ticket.solution = "We sent a new one"
        ticket.action_answer()
        return ticket

    def _act_report(self, user):
        model = self.env["crm.procedure.ticket"].with_user(user)
        ids = call_kw(model, "create", [{"subject": "Broken seal", "company_id": self.company.id}], {})
        self.assertEqual(model.browse(ids).state, "reported")

    def _act_ticket_handle(self, user):
        ticket = self._reported_ticket()
        self._call(ticket, user, "action_accept")
        self._call(ticket, user, "write", {"category_id": False, "severity": "major", "solution": "A new one"})
        self._call(ticket, user, "action_start")
        self._call(ticket, user, "action_answer")
        self.assertEqual(ticket.state, "answered")
        self._call(self._reported_ticket(), user, "action_cancel", "Junk")

    def _act_ticket_close(self, user):
        self._call(self._answered_ticket(), user, "write", {"state": "closed"})

    def _act_ticket_close_unconfirmed(self, user):
        ticket = self._answered_ticket()
        self._call(ticket, user, "action_close_unconfirmed", "Does not answer")
        self.assertEqual(ticket.state, "unconfirmed")

    def _act_solution_approve(self, user):
        ticket = self._reported_ticket().with_user(self.users["service"])
        ticket.action_accept()
        ticket.solution = "Money back"
        ticket.action_ask_approval()
        self._call(ticket, user, "action_approve_solution")
        self.assertEqual(ticket.solution_approval, "approved")

    def _act_action_do(self, user):
        """One that is assigned to this very user."""
        action = self.env["crm.procedure.action"].create({"subject": "Find out why", "user_id": user.id})
        self._call(action, user, "action_done", "The glue was old")
        self.assertEqual((action.state, action.done_by_id), ("done", user))

    def _act_action_verify(self, user):
        action = self.env["crm.procedure.action"].create(
            {"subject": "New glue", "kind": "corrective", "user_id": self.users["user"].id}
        )
        action.with_user(self.users["user"]).action_done("Bought")
        self._call(action, user, "action_verify", True)
        self.assertEqual(action.state, "effective")

    def _act_status_override(self, user):
        self._call(self.customer, user, "action_set_status", "lost", "Moved abroad")
        self.assertEqual(self.customer.procedure_status, "lost")
        self._call(self.customer, user, "action_release_status")

    def _act_communication_see(self, user):
        """Their own, which is all that everybody sees."""
        contact = self.env["crm.procedure.communication"].create({"partner_id": self.customer.id, "user_id": user.id})
        self._call(contact, user, "read", ["need_note"])

    def _act_communication_record(self, user):
        model = self.env["crm.procedure.communication"].with_user(user)
        values = {"partner_id": self.customer.id, "usage_note": "Runs well", "need_note": "A second line"}
        contact = model.browse(call_kw(model, "create", [values], {}))
        self._call(contact, user, "action_done")
        self.assertEqual(contact.state, "done")

    def _new_plan(self):
        self.customer.write({"procedure_grade_id": self.grade("C").id, "user_id": self.users["sales"].id})
        return self.env["crm.procedure.plan"].create({"date_from": "2099-01-01", "date_to": "2099-03-31"})

    def _act_plan_submit(self, user):
        self._new_plan().unlink()
        model = self.env["crm.procedure.plan"].with_user(user)
        plan = model.browse(call_kw(model, "create", [{"date_from": "2099-01-01", "date_to": "2099-03-31"}], {}))
        self._call(plan, user, "action_compute")
        self._call(plan, user, "action_submit")
        self.assertEqual(plan.state, "submitted")

    def _act_plan_approve(self, user):
        plan = self._new_plan()
        plan.with_user(self.users["marketing"]).action_submit()
        self._call(plan, user, "action_approve")
        self.assertEqual(plan.state, "approved")

    def _act_plan_approve_regular(self, user):
        """Of grades that the procedure leaves to the supervisor; management may approve any plan."""
        if user == self.users["manager"]:
            raise AccessError("approves by the row above")
        plan = self._new_plan()
        plan.grade_ids.plan_by_supervisor = True
        plan.with_user(self.users["marketing"]).action_submit()
        self._call(plan, user, "action_approve")
        self.assertEqual(plan.state, "approved")

    def _act_cost_approve(self, user):
        """A gift beyond the limit, asked for by a specialist."""
        contact = self.env["crm.procedure.communication"].create(
            {"partner_id": self.customer.id, "user_id": self.users["specialist"].id, "kind": "gift", "cost": 5000}
        )
        contact.with_user(self.users["specialist"]).action_ask_cost("Jubilee")
        if user == self.users["specialist"]:
            contact.sudo().cost_asked_by_id = self.users["sales"]
        self._call(contact, user, "action_approve_cost")
        self.assertEqual(contact.cost_state, "approved")

    def _proposed_change(self):
        change = (
            self.env["crm.procedure.change"]
            .with_user(self.users["user"])
            .create({"partner_id": self.customer.id, "description": "Moved"})
        )
        change.action_submit()
        return change

    def _act_change_confirm(self, user):
        change = self._proposed_change()
        self._call(change, user, "action_approve")
        self.assertEqual(change.sudo().state, "approved")

    def _new_campaign(self):
        self.env["survey.user_input"].search([("campaign_id", "!=", False)]).procedure_invited_on = False
        return {"company_id": self.company.id, "population_domain": f"[('id', '=', {self.customer.id})]"}

    def _run_campaign(self, user, values):
        model = self.env["crm.procedure.campaign"].with_user(user)
        campaign = model.browse(call_kw(model, "create", [values], {}))
        self._call(campaign, user, "action_draw")
        self._call(campaign, user, "action_send")
        campaign.sudo()._invite_batch(10)
        self._call(campaign, user, "action_remind")
        self._call(campaign, user, "action_analyse")
        self._call(campaign, user, "write", {"findings": "<p>All is well.</p>"})
        self._call(campaign, user, "action_submit")
        return campaign

    def _act_campaign_run(self, user):
        self.customer.email = "buyer@example.org"
        campaign = self._run_campaign(user, self._new_campaign())
        self.assertEqual(campaign.state, "submitted")

    def _act_campaign_approve(self, user):
        self.customer.email = "buyer@example.org"
        campaign = self._run_campaign(self.users["marketing"], self._new_campaign())
        self._call(campaign, user, "action_approve")
        self.assertEqual(campaign.sudo().state, "approved")

    def _act_indicator_edit(self, user):
        indicator = self.env["crm.procedure.indicator"].create(
            {"name": "Tickets", "code": "walk", "model_name": "crm.procedure.ticket"}
        )
        self._call(indicator, user, "write", {"target": 50})

    def _act_indicator_refresh(self, user):
        indicator = self.env.ref("crm_procedure.indicator_tickets_overdue")
        self._call(indicator, user, "action_compute")

    def _act_review_prepare(self, user):
        model = self.env["crm.procedure.review"].with_user(user)
        values = {"kind": "monthly", "company_id": self.company.id, "date": "2026-01-05"}
        review = model.browse(call_kw(model, "create", [values], {}))
        self._call(review.agenda_ids[0], user, "write", {"conclusion": "Nothing is open"})
        self._call(review, user, "action_conclude_rest")
        self._call(review, user, "action_freeze", "A ticket was entered late")
        self._call(review, user, "action_submit")
        self.assertEqual(review.state, "submitted")

    def _act_review_approve(self, user):
        review = self.env["crm.procedure.review"].create({"kind": "monthly", "date": "2026-01-05"})
        review.action_conclude_rest()
        review.with_user(self.users["quality"]).action_submit()
        self._call(review, user, "action_approve")
        self.assertEqual(review.sudo().state, "approved")

    def test_each_step_of_a_survey_asks_for_the_power(self):
        """Not only creating one."""
        self.customer.email = "buyer@example.org"
        campaign = self.env["crm.procedure.campaign"].create(self._new_campaign())
        for role in (*ROLES, "stranger"):
            user = self.stranger if role == "stranger" else self.users[role]
            steps = ("draw", "send", "remind", "resend", "analyse", "submit", "next")
            for step in steps if role != "marketing" else ():
                with self.subTest(role=role, step=step), self.assertRaises(AccessError):
                    self._call(campaign, user, f"action_{step}")

    def _act_read_all(self, user):
        """Also what is not signed yet, and not one's own."""
        grading = self._submitted_grading()
        if user in self.users["marketing"] | self.users["sales"]:
            raise AccessError("a party to gradings, which are all there is to see yet")
        for record in (grading, grading.line_ids, self.procedure, self.team_sales):
            self._call(record, user, "read", ["display_name"])

    def test_each_step_of_a_grading_asks_for_the_power(self):
        """Not only creating one: computing, looking at a what-if and submitting somebody's draft."""
        grading = self.new_grading()
        grading.action_compute()
        for role in (*ROLES, "stranger"):
            user = self.stranger if role == "stranger" else self.users[role]
            for method in ("action_compute", "what_if", "action_submit") if role != "marketing" else ():
                with self.subTest(role=role, method=method), self.assertRaises(AccessError):
                    self._call(grading, user, method)

    # ------------------------------------------------------------
    # What the table implies
    # ------------------------------------------------------------

    def test_auditor_changes_nothing(self):
        auditor = self.users["auditor"]
        for name in self._models():
            for operation in ("write", "create", "unlink"):
                self.assertFalse(self.env[name].with_user(auditor).has_access(operation), f"{operation} {name}")

    def test_without_a_role_nothing_is_there(self):
        for name in self._models():
            self.assertFalse(self.env[name].with_user(self.stranger).has_access("read"), name)
        fields = self.env["res.partner"].with_user(self.stranger).fields_get()
        self.assertFalse([name for name in fields if name.startswith("procedure_")])
        menus = self.env["ir.ui.menu"].with_user(self.stranger)._visible_menu_ids()
        self.assertNotIn(self.env.ref("crm_procedure.menu_root").id, menus)

    def test_every_model_has_access_rights(self):
        for name in self._models():
            self.assertTrue(self.env["ir.model.access"].search([("model_id.model", "=", name)], limit=1), name)

    def test_roles_are_separate(self):
        """Each role implies the user role, and no role another."""
        groups = {role: self.env.ref(f"crm_procedure.group_{role}") for role in ROLES}
        for role, group in groups.items():
            implied = {other for other, g in groups.items() if g in group.all_implied_ids and other != role}
            self.assertEqual(implied, set() if role == "user" else {"user"}, role)

    def test_administrator_may_set_up_and_not_approve(self):
        admin = self.env.ref("base.user_admin")
        powers = {power for power in POWERS if admin.has_procedure_power(power)}
        self.assertIn("procedure_submit", powers)
        self.assertFalse(powers & {"procedure_approve", "grading_approve", "plan_approve", "campaign_approve"})

    def test_signatures_are_not_typed(self):
        grading = self._submitted_grading().with_user(self.users["marketing"])
        for values in ({"state": "approved"}, {"approved_by_id": self.users["sales"].id}, {"rules": {}}):
            with self.assertRaises(AccessError):
                grading.write(values)
        with self.assertRaises(AccessError):
            self.new_grading(state="approved")
        sneaky = grading.with_context(default_state="approved", default_applied_on="2026-01-01 00:00:00")
        self.assertEqual(sneaky.create({}).mapped("state"), ["draft"])
        with self.assertRaises(UserError):
            grading.write({"date": "2026-05-31"})
        with self.assertRaises(UserError):
            grading.unlink()

    def test_grade_is_not_typed(self):
        for role in ("sales", "marketing", "manager"):
            user = self.users[role]
            user.group_ids += self.env.ref("base.group_partner_manager")
            with self.assertRaises(AccessError):
                self.customer.with_user(user).procedure_grade_id = self.grade("A")
            with self.assertRaises(AccessError):
                self.env["res.partner"].with_user(user).create(
                    {"name": "New", "procedure_grade_id": self.grade("A").id}
                )
            partners = self.env["res.partner"].with_user(user)
            sneaky = partners.with_context(default_procedure_grade_id=self.grade("A").id).create({"name": "New"})
            self.assertFalse(sneaky.procedure_grade_id)

    def test_nobody_approves_what_they_submitted(self):
        both = self.users["marketing"]
        both.group_ids += self.env.ref("crm_procedure.group_sales")
        grading = self._submitted_grading()
        with self.assertRaisesRegex(UserError, "own work"):
            grading.with_user(both).action_approve()
        self.company.procedure_waive_separation = True
        grading.with_user(both).action_approve()
        self.assertEqual(grading.state, "approved")
        self.assertIn("waived", "".join(grading.sudo().message_ids.mapped("body")))

    def test_auditor_is_no_reporter_unless_more(self):
        auditor = self.users["auditor"]
        self.assertFalse(auditor.has_procedure_power("report"))
        auditor.group_ids += self.env.ref("crm_procedure.group_quality")
        self.assertTrue(auditor.has_procedure_power("report"))

    def test_other_company_is_invisible(self):
        grading = self._submitted_grading()
        other = self.env["res.company"].create({"name": "Southwind"})
        spy = self.users["supervisor"]
        spy.write({"company_ids": other.ids, "company_id": other.id})
        model = self.env["crm.procedure.grading"].with_user(spy).with_context(allowed_company_ids=other.ids)
        self.assertFalse(model.search([("id", "=", grading.id)]))
        with self.assertRaises(AccessError):
            model.browse(grading.id).read(["name"])
        lines = self.env["crm.procedure.grading.line"].with_user(spy).with_context(allowed_company_ids=other.ids)
        self.assertFalse(lines.search([]))

    def _models(self):
        return [
            name
            for name, model in self.env.registry.items()
            if name.startswith("crm.procedure") and not model._abstract and not model._transient
        ]
