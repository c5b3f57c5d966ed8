from odoo.tests import freeze_time

from .common import ProcedureCase

NOW = "2026-06-15 08:00:00"  # a Monday


class IndicatorCase(ProcedureCase):
    """Communications of a month, some on time, and an indicator that counts them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.indicators = cls.env["crm.procedure.indicator"]
        cls.values = cls.env["crm.procedure.indicator.value"]
        cls.indicators.search([]).action_archive()  # the shipped ones have tests of their own
        cls.customer = cls.new_customer("Customer")
        cls.indicator = cls.new_indicator()

    @classmethod
    def new_indicator(cls, code="on_time", role="quality", **values):
        return (
            cls.indicators.with_user(cls.users[role])
            .create(
                {
                    "name": f"Indicator {code}",
                    "code": code,
                    "clause": "5.3",
                    "model_name": "crm.procedure.communication",
                    "domain_population": "[('state', '!=', 'cancelled')]",
                    "domain_conforming": "[('is_on_time', '=', True)]",
                    "period": "month",
                    "period_field": "deadline",
                    "target": 90,
                    **values,
                }
            )
            .with_env(cls.env)
        )

    @classmethod
    def new_contact(cls, deadline="2026-06-10 15:00:00", on_time=True, company=None, **values):
        return cls.env["crm.procedure.communication"].create(
            {
                "partner_id": cls.customer.id,
                "company_id": (company or cls.company).id,
                "user_id": cls.users["sales"].id,
                "date_planned": deadline[:10],
                "deadline": deadline,
                "state": "done",
                "date_done": deadline,
                "is_on_time": on_time,
                **values,
            }
        )

    @classmethod
    def new_contacts(cls, on_time, late, **values):
        for number in range(on_time + late):
            cls.new_contact(on_time=number < on_time, **values)

    def count(self, indicator=None, now=NOW, company=None):
        """Count as of ``now``; :return: the value"""
        indicator, company = indicator or self.indicator, company or self.company
        with freeze_time(now):
            indicator.sudo()._compute_values(company)
            today = company._procedure_now().date()
        return self.values.search(
            [("indicator_id", "=", indicator.id), ("company_id", "=", company.id), ("date", "=", today)]
        )
