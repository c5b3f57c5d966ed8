"""Records as rows of a workbook, under the rights of whoever wants them, in flat memory.

What stands in a column of the table comes by one query per batch, record rules and rights to
fields included, without a record being made for each row; the rest is read as records are.
"""

from datetime import UTC
from zoneinfo import ZoneInfo

from odoo.tools import SQL, html2plaintext

BATCH = 2000  # records read at once
NAMES = 10_000  # names of linked records kept, until they are forgotten and read anew

KIND_OF_FIELD = {
    "integer": "integer",
    "float": "number",
    "monetary": "money",
    "date": "date",
    "datetime": "datetime",
}


def check_readable(records, batch=10_000):
    """As ``records.check_access("read")``, which would read all of them into memory.

    :raise AccessError, MissingError: when one is out of reach, or does not exist
    """
    model = records.browse().with_context(active_test=False)
    model.check_access("read")
    ids = records.ids
    for start in range(0, len(ids), batch):
        chosen = ids[start : start + batch]
        if model.search_count([("id", "in", chosen)]) < len(set(chosen)):
            refuse(model, chosen)


def refuse(model, ids):
    """Read some that cannot all be read: it is said which, and why."""
    model.browse(ids).check_access("read")
    model.browse(ids).mapped("display_name")


class RecordRows:
    """Rows of the fields ``names`` of a model.

    :param model: empty recordset, whose user, language and time zone count
    :param names: of fields that the user may read
    """

    def __init__(self, model, names):
        self.model = model.with_context(prefetch_fields=False)
        self.env = self.model.env
        self.names = names
        self._zone = ZoneInfo(self.env.context.get("tz") or self.env.user.tz or "UTC")
        known = [self.model._fields[name] for name in names]
        self._columns = [(place, field) for place, field in enumerate(known) if self._is_column(field)]
        self._others = [(place, field) for place, field in enumerate(known) if not self._is_column(field)]
        self._shown = [self._show(field) for _place, field in self._columns]
        self._linked = {field.comodel_name: {} for _place, field in self._columns if field.type == "many2one"}

    def of(self, ids, batch=BATCH):
        """:param ids: of the records, in the order of the rows
        :param int batch: records read at once
        :return: iterator over rows, a list with a value per name
        :raise AccessError, MissingError: for records out of reach, or deleted meanwhile, as
            any reading of them would
        """
        self.env.flush_all()
        for start in range(0, len(ids), batch):
            chosen = ids[start : start + batch]
            yield from self._batch(chosen)
            self.env.invalidate_all(flush=False)  # reading leaves nothing to be written

    def _batch(self, ids):
        found = self._select(ids)
        if missing := [id_ for id_ in ids if id_ not in found]:
            refuse(self.model, missing)
        self._learn_names(found.values())
        others = self._read(ids)
        size = len(self.names)
        for id_ in ids:
            row = [None] * size
            for (place, _field), show, value in zip(self._columns, self._shown, found[id_], strict=True):
                row[place] = value if show is None or value is None else show(value)
            for (place, _field), values in zip(self._others, others, strict=True):
                row[place] = values[id_]
            yield row

    # ------------------------------------------------------------
    # Columns of the table
    # ------------------------------------------------------------

    @staticmethod
    def _is_column(field):
        return bool(field.store and field.column_type) and field.type not in ("binary", "properties", "json")

    def _select(self, ids):
        """:return: {id: values of the columns}, of those whom the rules do not hide"""
        model = self.model
        query = model.with_context(active_test=False)._search([("id", "in", ids)], order="id")
        terms = [model._field_to_sql(model._table, field.name, query) for _place, field in self._columns]
        rows = self.env.execute_query(query.select(SQL.identifier(model._table, "id"), *terms))
        return {row[0]: row[1:] for row in rows}

    def _show(self, field):
        """:return: function that makes of a value of the table what the cell holds, or None: itself"""
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get
        if field.type == "many2one":
            return lambda value: self._linked[field.comodel_name].get(value)
        if field.type == "boolean":
            yes = self.env._("Yes")
            return lambda value: yes if value else None
        if field.type == "datetime":
            return self._local
        if field.type == "html":
            return html2plaintext
        return None

    def _local(self, moment):
        """:return: a UTC moment by the clock of the user, as Excel knows no zones"""
        return moment.replace(tzinfo=UTC).astimezone(self._zone).replace(tzinfo=None)

    def _learn_names(self, rows):
        """The names of linked records; who sees a record sees what it is linked to by name, as in the client."""
        wanted = {model: set() for model in self._linked}
        for number, (_place, field) in enumerate(self._columns):
            if field.type == "many2one":
                wanted[field.comodel_name].update(row[number] for row in rows if row[number])
        for model, ids in wanted.items():
            known = self._linked[model]
            if len(known) > NAMES:
                known.clear()
            new = self.env[model].sudo().with_context(prefetch_fields=False).browse(ids - known.keys())
            known.update((record.id, record.display_name) for record in new)

    # ------------------------------------------------------------
    # Other fields
    # ------------------------------------------------------------

    def _read(self, ids):
        """:return: of each other field, {id: value}"""
        records = self.model.browse(ids)
        if stored := [field.name for _place, field in self._others if field.store]:
            records.fetch(stored)
        return [{record.id: self._value(record, field) for record in records} for _place, field in self._others]

    def _value(self, record, field):
        value = record[field.name]
        if field.relational:
            return ", ".join(linked.display_name or "" for linked in value)
        if value is False or value is None:
            return None
        show = self._show(field)
        if show:
            return show(value)
        return value if isinstance(value, (int, float, str)) or field.type == "date" else str(value)
