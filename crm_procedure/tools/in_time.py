"""Whether something happened by its deadline: two columns of one record, in SQL where it is searched."""

from odoo.fields import Domain
from odoo.tools import SQL


def in_time(met, deadline):
    """:return: domain of the records whose moment ``met`` is not after ``deadline``; without either they are not"""

    def to_sql(model, alias, query):
        return SQL("%s <= %s", model._field_to_sql(alias, met, query), model._field_to_sql(alias, deadline, query))

    return Domain.custom(to_sql=to_sql, predicate=lambda record: was_in_time(record, met, deadline))


def was_in_time(record, met, deadline):
    """:return: the same of one record"""
    return bool(record[met] and record[deadline] and record[met] <= record[deadline])
