from datetime import date

from odoo.fields import Command
from odoo.tests import TransactionCase, new_test_user

ROLES = (
    "user",
    "specialist",
    "sales",
    "marketing",
    "service",
    "supervisor",
    "quality",
    "manager",
    "auditor",
)


class ProcedureCase(TransactionCase):
    """A company of its own with one user per role, a procedure in force and clean criteria."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": False})
        cls.company = cls.env["res.company"].create({"name": "Northwind Trading"})
        cls.users = {role: cls._new_user(role) for role in ROLES}
        cls.stranger = new_test_user(
            cls.env, "stranger", "base.group_user", company_id=cls.company.id, company_ids=[cls.company.id]
        )
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids})
        cls.team_sales = cls._new_team("sales", makes_contacts=True)
        cls.team_marketing = cls._new_team("marketing")
        cls.team_management = cls._new_team("management", role="manager")
        cls.procedure = cls.env["crm.procedure"].create(
            {"number": "QP-07", "version": "V1.0", "effective_date": date(2026, 1, 1)}
        )
        cls.sign(cls.procedure, "quality", "manager")
        cls.product = cls.env["product.product"].create(
            {"name": "Service", "type": "service", "invoice_policy": "order", "taxes_id": False}
        )
        cls._set_criteria(sales_amount=(70, 0, 10000), potential=(30, 0, 100))

    @classmethod
    def _new_user(cls, role, **values):
        return new_test_user(
            cls.env,
            f"test_{role}",
            f"crm_procedure.group_{role}",
            name=role.capitalize(),
            email=f"{role}@example.com",
            company_id=cls.company.id,
            company_ids=[Command.set(cls.company.ids)],
            **values,
        )

    @classmethod
    def _new_team(cls, duty, role=None, **values):
        user = cls.users[role or duty]
        return cls.env["crm.procedure.team"].create(
            {"name": duty, "duty": duty, "leader_id": user.id, "company_id": cls.company.id, **values}
        )

    def tour(self, name, role):
        """Let the role's user walk through a tour (of an ``HttpCase``); a slow machine is no failure."""
        self.start_tour("/odoo", name, login=f"test_{role}", timeout=180)

    @classmethod
    def _set_criteria(cls, **criteria):
        """``measure=(weight, value_zero, value_full)``: just these count from now on."""
        cls.env["crm.procedure.criterion"].search([]).action_archive()
        return cls.env["crm.procedure.criterion"].create(
            [
                {"name": measure, "measure": measure, "weight": weight, "value_zero": zero, "value_full": full}
                for measure, (weight, zero, full) in criteria.items()
            ]
        )

    @classmethod
    def sign(cls, record, submitter, approver):
        record.with_user(cls.users[submitter]).action_submit()
        record.with_user(cls.users[approver]).action_approve()

    @classmethod
    def new_customer(cls, name, amount=0, day="2026-06-01", potential=0, **values):
        customer = cls.env["res.partner"].create(
            {"name": name, "customer_rank": 1, "procedure_potential": potential, **values}
        )
        if amount:
            cls.new_order(customer, amount, day)
        return customer

    @classmethod
    def new_order(cls, customer, amount, day="2026-06-01", state="sale", **values):
        order = cls.env["sale.order"].create(
            {
                "partner_id": customer.id,
                "company_id": cls.company.id,
                "order_line": [Command.create({"product_id": cls.product.id, "price_unit": amount, "tax_ids": False})],
                **values,
            }
        )
        order.write({"state": state, "date_order": f"{day} 10:00:00"})
        return order

    @classmethod
    def new_grading(cls, role="marketing", day="2026-06-30", **values):
        return (
            cls.env["crm.procedure.grading"]
            .with_user(cls.users[role])
            .create({"date": day, "company_id": cls.company.id, **values})
        )

    @classmethod
    def run_grading(cls, day="2026-06-30"):
        """Compute, submit and co-sign a list; :return: it, as superuser"""
        grading = cls.new_grading(day=day)
        grading.action_compute()
        cls.sign(grading, "marketing", "sales")
        return grading.sudo()

    @classmethod
    def grade(cls, letter):
        return cls.env.ref(f"crm_procedure.grade_{letter.lower()}")
