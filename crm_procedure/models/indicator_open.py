from datetime import datetime, time

from pytz import timezone, utc

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..tools import indicators

WHICH = ("population", "conforming", "difference")


class ProcedureIndicator(models.Model):
    """The records behind a figure, with the rights of whoever looks (A7)."""

    _inherit = "crm.procedure.indicator"

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_open(self, which="population"):
        """List the records that count, those of them that conform, or those that do not.

        They are looked up now, by the days of the latest value; what has changed since then is
        listed as it is.

        :param str which: ``population``, ``conforming`` or ``difference``
        :return: action
        :raise UserError: the indicator cannot be measured
        :raise AccessError: these records are not for the user to read
        """
        self.ensure_one()
        self.check_access("read")
        if which not in WHICH:
            raise UserError(self.env._("Choose one of: %(choices)s.", choices=", ".join(WHICH)))
        # sudo: whether it holds; the records are for the user's own rights
        model = self.env[self.sudo()._model()._name]
        model.check_access("read")
        population, conforming = self.sudo()._domains()
        domain = population & self._domain_shown() & self._domain_company(model, self.env.company)
        if which == "conforming":
            domain &= conforming
        elif which == "difference":
            domain &= ~conforming
        labels = {
            "population": self.env._("%(indicator)s: all", indicator=self.name),
            "conforming": self.env._("%(indicator)s: conforming", indicator=self.name),
            "difference": self.env._("%(indicator)s: not conforming", indicator=self.name),
        }
        return {
            "type": "ir.actions.act_window",
            "name": labels[which],
            "res_model": model._name,
            "views": [(False, "list"), (False, "form")],
            "domain": list(domain),
            "context": {"create": False},
        }

    def action_open_population(self):
        """:return: action that lists the records that count"""
        return self.action_open("population")

    def action_open_conforming(self):
        """:return: action that lists the records that conform"""
        return self.action_open("conforming")

    def action_open_difference(self):
        """:return: action that lists the records that count and do not conform"""
        return self.action_open("difference")

    def action_open_values(self):
        """:return: action that shows what the indicator said on each day"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.indicator_value_action")
        action["domain"] = [("indicator_id", "=", self.id), ("company_id", "in", self.env.companies.ids)]
        action["context"] = {"search_default_measured": 1}  # a day without data is no point of a line
        action["views"] = [(False, "graph"), (False, "pivot"), (False, "list"), (False, "form")]
        action["display_name"] = self.name
        return action

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _domain_shown(self):
        """:return: domain of the period of the latest value, or of today's without one; as text, for
        the client carries it"""
        if self.period == indicators.NOW:
            return Domain.TRUE
        row = self.env["crm.procedure.indicator.value"]._latest(self, self.env.company).get(self.id)
        frame = self._frame(self.env.company)
        if row:
            frame = frame._replace(first=row.date_from, day=row.date_to, now=row.computed_on or frame.now)
        if self.env[self.model_name]._fields[self.period_field].type == "date":
            begin, end = fields.Date.to_string(frame.first), fields.Date.to_string(frame.day)
        else:
            local = timezone(frame.zone).localize(datetime.combine(frame.first, time.min))
            begin = fields.Datetime.to_string(local.astimezone(utc).replace(tzinfo=None))
            end = fields.Datetime.to_string(frame.now)
        return Domain(self.period_field, ">=", begin) & Domain(self.period_field, "<=", end)
