from odoo import api, models
from odoo.tools import format_date, format_datetime, formatLang, html2plaintext

LONGEST = 60  # characters of a name that the head of a page has room for; the body has it whole


class PrintedForm(models.AbstractModel):
    """A controlled form on paper: the base of all of them (D1, D2).

    A subclass is called ``report.crm_procedure.<template>``; it says which form it is and
    what stands on a sheet. The template fills the body of ``crm_procedure.controlled_form``.
    """

    _name = "crm.procedure.printed.form"
    _description = "Printed Controlled Form"
    _inherit = ["crm.procedure.controlled.form"]

    _code = None  # of the form in the record master list
    _model = None

    # ------------------------------------------------------------
    # To be filled in
    # ------------------------------------------------------------

    def _title(self):
        """:return: what the form is called where the record master list does not say"""
        raise NotImplementedError

    def _content(self, record):
        """:return: dict of what the template needs of a record, texts ready to be read"""
        raise NotImplementedError

    def _company(self, record):
        return record.company_id or self.env.company

    def _procedure(self, record):
        return record.procedure_id if "procedure_id" in record._fields else None

    # ------------------------------------------------------------
    # Making it
    # ------------------------------------------------------------

    @api.model
    def _get_report_values(self, docids, data=None):
        records = self.env[self._model].browse(docids)
        records.check_access("read")
        return {"sheets": [self._sheet(record) for record in records]}

    @api.model
    def _sheet(self, record):
        identity = self._identity(self._code, self._title(), self._company(record), self._procedure(record))
        return {
            "record": record,
            **identity,
            "company_short": _shortened(identity["company"].name),
            "title_short": _shortened(identity["title"]),
            "signatures": self._signatures(record),
            **self._content(record),
        }

    # ------------------------------------------------------------
    # Tools
    # ------------------------------------------------------------

    @api.model
    def _rows(self, record, names):
        """:return: list of (label, text) of the fields of ``record`` that are there and that the
        user may see; empty ones too, to be filled in by hand
        """
        fields = record._fields
        return [
            (self._label(fields[name]), self._text(record, name))
            for name in names
            if name in fields and record._has_field_access(fields[name], "read")
        ]

    @api.model
    def _label(self, field):
        return field._description_string(self.env)

    @api.model
    def _text(self, record, name):
        """:return: the value of a field as people write it, "" when there is none"""
        field, value = record._fields[name], record[name]
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        show = _SHOWN.get(field.type)
        if not value:
            return ""
        return show(self.env, field, value) if show else str(value)


def _shortened(text):
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _number(env, field, value):
    digits = 0 if value == int(value) else 2
    return formatLang(env, value, digits=digits)


def _names(env, field, value):
    return ", ".join(value.mapped("display_name"))


_SHOWN = {
    "integer": _number,
    "float": _number,
    "monetary": _number,
    "date": lambda env, field, value: format_date(env, value),
    "datetime": lambda env, field, value: format_datetime(env, value, dt_format="short"),
    "selection": lambda env, field, value: dict(field._description_selection(env)).get(value, ""),
    "many2one": lambda env, field, value: value.sudo().display_name,  # named as on any form view
    "many2many": _names,
    "one2many": _names,
    "html": lambda env, field, value: html2plaintext(value),
}
