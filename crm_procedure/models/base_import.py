from odoo import models

CHECKED_TYPES = ("selection", "many2one", "integer", "float", "boolean")
TEXT_LENGTH = 500  # no name, street or function is longer: a column went astray
SHOWN = 10


class Import(models.TransientModel):
    """The whole file is looked at before its first row is loaded.

    Odoo loads a long file in batches and keeps those before a bad row. A customer list is
    loaded whole or not at all, so every row is checked first, each distinct value once.
    """

    _inherit = "base_import.import"

    def execute_import(self, fields, columns, options, dryrun=False):
        if self.res_model == "res.partner" and self.env.context.get("procedure_customers") and not options.get("skip"):
            messages = self._procedure_check_file(fields, options)
            if messages:
                return {"ids": False, "messages": messages, "nextrow": 0, "name": []}
        return super().execute_import(fields, columns, options, dryrun=dryrun)

    def _procedure_check_file(self, fields, options):
        """:return: messages in the form of ``load``, the first ``SHOWN`` bad rows"""
        try:
            rows, names = self._convert_import_data(fields, dict(options, skip=0))
        except Exception:  # super() tells what it cannot read
            return []
        first = 2 if options.get("has_headers") else 1
        wrong = [
            *self._procedure_wrong_values(rows, names, options),
            *self._procedure_taken_numbers(rows, names),
        ]
        return [
            {
                "type": "error",
                "message": self.env._("Row %(row)d: %(reason)s", row=index + first, reason=reason),
                "rows": {"from": index, "to": index},
                "record": index,
                "field": name,
                "field_name": name,
                "field_path": name.split("/"),
            }
            for index, name, reason in sorted(wrong)[:SHOWN]
        ]

    def _procedure_wrong_values(self, rows, names, options):
        """:return: yields (row index, column, reason), converting each distinct value once"""
        model = self.env["res.partner"]
        tolerated = {
            *options.get("name_create_enabled_fields", {}),
            *(options.get("fallback_values") or {}),
            *(options.get("import_set_empty_fields") or []),
            *(options.get("import_skip_records") or []),
        }
        updates = {"id", ".id"} & set(names)
        in_file = {str(row[names.index("name")]).strip() for row in rows} if "name" in names else set()
        for column, name in enumerate(names):
            field = model._fields.get(name)
            if field is None or name in tolerated:
                continue
            reasons = {}
            for index, row in enumerate(rows):
                value = row[column].strip() if isinstance(row[column], str) else row[column]
                if name == "parent_id" and value in in_file:
                    continue  # a contact of a company further up
                if value not in reasons:
                    reasons[value] = self._procedure_wrong_value(model, field, value, updates)
                if reasons[value]:
                    yield index, name, reasons[value]

    def _procedure_wrong_value(self, model, field, value, updates):
        """:return: what is wrong with ``value``, or None"""
        if not value:
            if field.name == "name" and not updates:
                return self.env._("the name is missing.")
            return None
        if field.type == "char" and len(str(value)) > TEXT_LENGTH:
            return self.env._("“%(field)s” is longer than %(count)d characters.", field=self._label(field), count=500)
        if field.type not in CHECKED_TYPES:
            return None
        converter = self.env["ir.fields.converter"].with_context(import_file=True)
        given = [{None: str(value)}] if field.type == "many2one" else str(value)
        try:
            with self.env.cr.savepoint() as savepoint:
                converted, _warnings = converter.to_field(model, field, savepoint=savepoint)(given)
        except ValueError:
            return self.env._(
                "“%(value)s” is no value of “%(field)s”. Correct it in the file.",
                value=value,
                field=self._label(field),
            )
        if field.name == "procedure_potential" and not 0 <= converted <= 100:
            return self.env._("The potential of a customer lies between 0 and 100.")
        return None

    def _label(self, field):
        return field._description_string(self.env)

    def _procedure_taken_numbers(self, rows, names):
        """:return: yields (row index, column, reason) of tax numbers that are here or came before"""
        if "vat" not in names or {"id", ".id"} & set(names):  # with an identifier, rows update customers
            return
        column, parents = names.index("vat"), [i for i, name in enumerate(names) if name.startswith("parent_id")]
        numbers = [
            (index, str(row[column]))
            for index, row in enumerate(rows)
            if row[column] and not any(row[parent] for parent in parents)
        ]
        seen = {}
        for index, number, normal, owner in self.env["res.partner"]._procedure_tax_owners(numbers):
            if owner:
                yield index, "vat", self._taken_by_customer(number, owner)
            elif normal in seen:
                yield (
                    index,
                    "vat",
                    self.env._(
                        "the tax number %(number)s stands in row %(row)d already. Keep one of the rows.",
                        number=number,
                        row=seen[normal] + 2,
                    ),
                )
            seen.setdefault(normal, index)

    def _taken_by_customer(self, number, owner):
        customer = self.env["res.partner"].with_context(active_test=False).search([("id", "=", owner)])
        return self.env._(
            "the tax number %(number)s belongs to %(customer)s already. Take this row out of the file.",
            number=number,
            customer=customer.display_name or self.env._("a customer that you may not see"),
        )
