"""How two entries are recognised as one customer: normal forms, as SQL that an index can serve.

The indexes of ``res.partner`` and the queries use the same expressions; the value looked for
is normalised by the database too, so that the two can never differ.
"""

from odoo.tools import SQL

# What a company is, not who it is; after punctuation and blanks are gone.
_LEGAL_FORMS = (
    "(股份有限公司|有限责任公司|有限公司|公司|companylimited|coltd|corporation|incorporated|limited|ltd|inc|llc|gmbh)$"
)
_NOISE = "[][[:space:]!-/:;<=>?@\\\\^_`{|}~·•、。，《》“”‘’—…]"
_NAME_LENGTH = 64  # characters that count: an index row has an end, a name has none
_PHONE_DIGITS = 9  # from the end: area code and number, without the country's code

KEYS = ("name", "tax", "phone", "email")


def _expression(key, column):
    """:return: SQL text of the normal form of ``column``, NULL where it says too little"""
    if key == "name":
        plain = f"regexp_replace(lower(normalize({column}, NFKC)), '{_NOISE}', '', 'g')"
        return f"nullif(left(regexp_replace({plain}, '{_LEGAL_FORMS}', ''), {_NAME_LENGTH}), '')"
    if key == "tax":
        return f"nullif(left(upper(regexp_replace({column}, '[^[:alnum:]]', '', 'g')), 32), '')"
    if key == "phone":
        digits = f"regexp_replace({column}, '[^0-9]', '', 'g')"
        return f"CASE WHEN length({digits}) >= 7 THEN right({digits}, {_PHONE_DIGITS}) END"
    return f"nullif(left(lower(btrim({column})), 128), '')"


COLUMNS = {"name": "name", "tax": "vat", "phone": "phone", "email": "email"}

# Contacts of two companies may well have one name; a tax number is copied to the contacts.
SCOPES = {
    "name": "(parent_id IS NULL OR is_company)",
    "tax": "(parent_id IS NULL OR is_company) AND vat IS NOT NULL",
    "phone": "phone IS NOT NULL",
    "email": "email IS NOT NULL",
}


def index(key):
    """:return: definition of the index that serves a look-up by ``key``"""
    return f"(({column(key)})) WHERE {SCOPES[key]}"


def column(key):
    """:return: SQL text of what the index of ``key`` holds"""
    return _expression(key, COLUMNS[key])


def normal_form(key, value):
    """:return: SQL of the normal form of a value, or of another SQL"""
    return SQL(_expression(key, "%(value)s"), value=value)


def matches(values, own_ids, company_id, limit=6):
    """Customers that look like the one described.

    :param values: {key: text}, any of ``KEYS``
    :param own_ids: the customer itself and its contacts, which do not count
    :param company_id: the company the customer belongs to, or None for all
    :return: SQL that gives (id, key), at most ``limit`` rows for each key
    """
    parts = [
        SQL(
            "(SELECT id, %(key)s AS key FROM res_partner WHERE %(scope)s AND %(column)s = %(value)s"
            " AND commercial_partner_id != ALL(%(own)s)"
            " AND (company_id IS NULL OR %(company)s IS NULL OR company_id = %(company)s)"
            " LIMIT %(limit)s)",
            key=key,
            scope=SQL(SCOPES[key]),
            column=SQL(column(key)),
            value=normal_form(key, value),
            own=list(own_ids) or [0],
            company=SQL("%s::int", company_id or None),
            limit=limit,
        )
        for key, value in values.items()
    ]
    return SQL(" UNION ALL ").join(parts)
