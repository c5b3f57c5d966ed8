from datetime import datetime

from odoo import api, fields, models
from odoo.tools import format_date


class ControlledForm(models.AbstractModel):
    """What every printed form and every workbook says about itself (D1, D2, D4; ISO 9001 7.5.2):
    company, form number and title, the procedure and its version, who signed and when.
    """

    _name = "crm.procedure.controlled.form"
    _description = "Identity of a Controlled Form"

    @api.model
    def _identity(self, code, title, company, procedure=None):
        """:param code: of the form in the record master list, e.g. ``grading_list``
        :param title: where the master list has none
        :param procedure: the version a record runs under; without one, that in force today
        :return: dict: company (record), procedure (record, perhaps empty), number, title,
            effective_date; texts are for people, in the user's language
        """
        procedure = procedure or self.env["crm.procedure"]._in_force(company)
        form = procedure._form(code)
        return {
            "company": company,
            "procedure": procedure,
            "number": form.number or self.env._("no form number assigned"),
            "title": form.name or title,
            "procedure_text": self._procedure_text(procedure),
            "effective_text": format_date(self.env, procedure.effective_date) if procedure else "",
        }

    @api.model
    def _procedure_text(self, procedure):
        if not procedure:
            return self.env._("no procedure in force")
        return f"{procedure.number} {procedure.version}"

    @api.model
    def _signatures(self, record):
        """:return: list of (label, name, date) for prepared, reviewed, approved; empty where
        nobody has signed yet, to be signed by hand
        """
        return [
            (label, user.sudo().name or "", self._day(moment) if user else "")  # who signed is public
            for label, (user, moment) in zip(
                (self.env._("Prepared by"), self.env._("Reviewed by"), self.env._("Approved by")),
                self._signed(record),
                strict=True,
            )
        ]

    @api.model
    def _day(self, moment):
        """:return: the local day of a UTC moment, or the day itself, as people write it"""
        if isinstance(moment, datetime):
            moment = fields.Datetime.context_timestamp(self, moment).date()
        return format_date(self.env, moment) if moment else ""

    @api.model
    def _signed(self, record):
        """:return: three pairs (user, moment or day)"""
        nobody = (self.env["res.users"], False)
        if "submitted_by_id" not in record._fields:
            return nobody, nobody, nobody
        author = record.prepared_by_id if "prepared_by_id" in record._fields else record.user_id
        # what was entered after it had been signed on paper was prepared by then
        prepared_on = min(filter(None, (record.create_date, record.submitted_on)))
        return (
            (author, prepared_on),
            (record.submitted_by_id, record.submitted_on),
            (record.approved_by_id, record.approved_on),
        )
