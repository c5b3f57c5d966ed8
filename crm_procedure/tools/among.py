"""Whether a record is among many: a join, which PostgreSQL does in one pass whatever its memory.

``IN (SELECT …)`` inside a condition that counts or negates is no join for PostgreSQL: where the ids do not
fit into its working memory it goes through them again for each record.
"""

from odoo.tools import SQL


def is_among(query, alias, link, column, rows):
    """:param query: the ``Query`` of ``alias``, which is given a join
    :param str link: name of the join, one for what ``rows`` are
    :param column: SQL of the id that is looked for
    :param rows: SQL of a query that gives each id once, as ``id``
    :return: SQL of whether it is there"""
    joined = query.make_alias(alias, link)
    query.add_join("LEFT JOIN", joined, SQL("(%s)", rows), SQL("%s = %s", SQL.identifier(joined, "id"), column))
    return SQL("%s IS NOT NULL", SQL.identifier(joined, "id"))
