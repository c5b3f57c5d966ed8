import json

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_datetime, osutil

from .record_rows import KIND_OF_FIELD, RecordRows, check_readable
from .sheets import Sheets
from .workbook import Column, Head, Workbook


class ListWorkbook(models.AbstractModel):
    """A list as an Excel workbook under its form number: the base of all of them.

    A subclass is called ``crm.procedure.workbook.<code>``, the code being that of the form in
    the record master list; it says which columns there are and gives the rows. The route
    ``/crm_procedure/workbook/<code>`` finds it by that name.
    """

    _name = "crm.procedure.workbook"
    _description = "List as a Workbook"
    _inherit = ["crm.procedure.controlled.form"]

    _code = None
    _model = None  # of the records that are chosen for the list
    _place = None  # in the meeting pack, from the first sheet on; without one it is not in it

    # ------------------------------------------------------------
    # To be filled in
    # ------------------------------------------------------------

    def _title(self):
        """:return: what the list is called where the record master list does not say"""
        raise NotImplementedError

    def _columns(self, records):
        """:return: list of ``Column``"""
        raise NotImplementedError

    def _rows(self, records):
        """:return: iterator over rows that the user may see, read in batches"""
        raise NotImplementedError

    def _fill(self, book, records, figures=None):
        """Write the sheets of this workbook into an open one, which may be that of a meeting pack.

        :param book: ``Sheets``, its head being that of these sheets
        :param dict figures: of a review, frozen; where there are some, they count
        """
        book.list(book.head.title, self._columns(records), self._rows(records))

    def _pack_records(self, review):
        """:return: records of ``_model`` of the period of a review, for its meeting pack"""
        return self.env[self._model]

    def _no_data(self):
        """:return: what stands in a meeting pack for a period without such records"""
        return self.env._("No data: there is no such record in this period.")

    def _lines(self, records):
        """:return: texts under the title, besides number, procedure and who printed it"""
        return []

    def _company(self, records):
        return self.env.company

    def _procedure(self, records):
        return None

    # ------------------------------------------------------------
    # Making it
    # ------------------------------------------------------------

    @api.model
    def download(self, ids):
        """:return: client action that fetches the workbook of the chosen records

        A selection of all pages comes as its domain: the client names 20,000 records at most.
        """
        limit = int(self.env["ir.config_parameter"].sudo().get_param("web.active_ids_limit", 20000))
        domain = self.env.context.get("active_domain")
        whole = len(ids) >= limit and domain and self.env.context.get("active_model") == self._model
        return {
            "type": "ir.actions.client",
            "tag": "crm_procedure.workbook",
            "params": {
                "url": f"/crm_procedure/workbook/{self._code}",
                "data": {"domain": json.dumps(domain)} if whole else {"ids": json.dumps(ids)},
            },
        }

    @api.model
    def _export(self, target, records):
        """Write the workbook, for a user who may take data out.

        :param target: binary file
        :param records: chosen records of ``_model``
        :return: name of the file
        :raise AccessError: without the right to export, or to read one of the records
        """
        if not self.env.user.has_group("base.group_allow_export"):
            raise AccessError(
                self.env._(
                    "You may not export data, and this workbook is an export. Ask an administrator for the "
                    "right “Access to export feature”."
                )
            )
        check_readable(records)
        self.env["crm.procedure.export"]._allow(records, len(records))  # before the work, not after it
        count = self._write(target, records)
        self._note_export(records, count)
        return self._filename(records)

    @api.model
    def _note_export(self, records, count):
        """Every export leaves a trace, and a large one asks for its purpose first (I11)."""
        log = self.env["crm.procedure.export"]
        chosen = ", ".join(records[:20].mapped("display_name"))
        values = log._allow(records, count)
        log._note(records, count, chosen, [self._title()], **values)

    @api.model
    def _write(self, target, records, rows=None):
        """:return: number of rows written"""
        identity = self._identity(self._code, self._title(), self._company(records), self._procedure(records))
        head = self._head(identity, records)
        if rows is not None:
            with Workbook(target, head, self._columns(records)) as book:
                book.write_rows(rows)
            return book.count
        with Sheets(target, head) as book:
            self._fill(book, records)
        return book.count

    @api.model
    def _head(self, identity, records):
        number = self.env._("Form No.: %(number)s", number=identity["number"])
        procedure = self.env._("Procedure: %(procedure)s", procedure=identity["procedure_text"])
        lines = [number, procedure]
        if identity["effective_text"]:
            lines.append(self.env._("Effective from: %(date)s", date=identity["effective_text"]))
        lines += self._lines(records)
        lines.append(
            self.env._(
                "Made by %(user)s on %(moment)s",
                user=self.env.user.name,
                moment=format_datetime(self.env, fields.Datetime.now(), dt_format="short"),
            )
        )
        footer = " · ".join([identity["title"], number, procedure])
        cut = self.env._("… [cut: %d more characters]")
        return Head(identity["title"], identity["company"].name, lines, footer, cut)

    @api.model
    def _filename(self, records):
        title = self._identity(self._code, self._title(), self._company(records), self._procedure(records))["title"]
        return osutil.clean_filename(f"{title} {fields.Date.context_today(self)}.xlsx")

    # ------------------------------------------------------------
    # Tools
    # ------------------------------------------------------------

    @api.model
    def _reread(self, records):
        """:return: ``records`` with the rights and in the language of this workbook"""
        return records.with_env(self.env)

    @api.model
    def _field_column(self, name):
        """:return: the column of a field of ``_model``: its label and its kind"""
        field = self.env[self._model]._fields[name]
        label = field._description_string(self.env)
        return Column(label, KIND_OF_FIELD.get(field.type, "text"))

    @api.model
    def _field_rows(self, ids, names):
        """:return: iterator over rows of fields of ``_model``, under the user's own rights"""
        return RecordRows(self.env[self._model], names).of(ids)
