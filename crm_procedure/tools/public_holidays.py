"""Public holidays and make-up working days (调休) of a year, from the ``holidays`` library.

Knows no model: what a calendar does with them is in ``wizard/holiday_load.py``, what a
greeting does with them in ``models/occasion.py``.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

import holidays

LOOK_BACK = 3  # years in which a country that exchanges days has done so at least once


class UnknownCountry(LookupError):
    """The library knows nothing of this country."""


class UnknownYear(LookupError):
    """The library knows the country and not this year."""


class Year(NamedTuple):
    """What is special in one year of one country."""

    off: dict  # {date: name of the public holiday, in the language asked for}
    exchanged: dict  # {working day at a weekend: the weekday that is off in exchange, or None}
    announced: bool  # False: the country exchanges days every year, and this year's are not known yet


def countries():
    """:return: frozenset of ISO 3166 alpha-2 codes that the library knows"""
    return _countries()


@lru_cache(maxsize=1)
def _countries():
    return frozenset(holidays.list_supported_countries(include_aliases=False))


def year_of(country, year, lang=None):
    """Public holidays of ``country`` in ``year``.

    :param str country: ISO code, e.g. "CN"
    :param lang: code of an Odoo language for the names; the country's own when the library
        has none of that language
    :return: :class:`Year`
    :raise UnknownCountry, UnknownYear: when there is nothing to tell
    """
    return _year_of(country, int(year), _language(country, lang))


@lru_cache(maxsize=512)
def _year_of(country, year, language):
    found = _open(country, year, language)
    off = {day: name for day, name in sorted(found.items()) if day.year == year}
    if not off:
        raise UnknownYear(year)
    partners = dict(_exchanges(found, year))
    exchanged = {day: partners.get(day) for day in sorted(found.weekend_workdays) if day.year == year}
    return Year(off, exchanged, bool(exchanged) or not _exchanges_days(country, year))


def _open(country, year, language=None):
    if country not in countries():
        raise UnknownCountry(country)
    # the year after as well: it may take a working day of this one in exchange
    return holidays.country_holidays(country, years=(year, year + 1), language=language)


def _exchanges(found, year):
    """Pairs (working day, day off) that the library keeps as (month, day, month, day[, year])."""
    for to_year in (year, year + 1):
        rows = getattr(found, "special_public_holidays", {}).get(to_year, ())
        rows = rows if not rows or isinstance(rows[0], tuple) else (rows,)
        for row in rows:
            if len(row) >= 4:
                month, day, from_month, from_day, *from_year = row
                worked = date(from_year[0] if from_year else to_year, from_month, from_day)
                yield worked, date(to_year, month, day)


def _exchanges_days(country, year):
    """Whether the country exchanged days in the years before: then it will do so again."""
    before = holidays.country_holidays(country, years=range(year - LOOK_BACK, year))
    return any(day.year in range(year - LOOK_BACK, year) for day in before.weekend_workdays)


@lru_cache(maxsize=512)
def _language(country, lang):
    if country not in countries():
        raise UnknownCountry(country)
    known = holidays.country_holidays(country).supported_languages or ()
    if not lang or lang in known:
        return lang or None
    alike = [code for code in sorted(known) if code.split("_")[0] == lang.split("_")[0]]
    return alike[0] if alike else None


def day_named(country, names, year):
    """First day of the public holiday that goes by one of ``names`` in ``country``.

    Names count in English, in Chinese and in the country's own language; "Chinese New Year
    (Spring Festival)" goes by both of its names. Days observed or given in exchange do not count.

    :param names: tuple of names; case does not matter
    :return: date, or None when the country has no such holiday that year
    """
    if country not in countries():
        return None
    wanted = {name.casefold() for name in names}
    return min((day for name, day in _days_by_name(country, year) if name in wanted), default=None)


@lru_cache(maxsize=512)
def _days_by_name(country, year):
    found = []
    for language in {_language(country, "en_US"), _language(country, "zh_CN"), None}:
        try:
            off, exchanged, _announced = _year_of(country, year, language)
        except UnknownYear:
            return ()
        given = set(exchanged.values())
        found += [(name, day) for day, text in off.items() if day not in given for name in _names(text)]
    return tuple(found)


def _names(text):
    """:return: every name that a text of the library gives to a day, in small letters"""
    for part in text.split("; "):
        name, *qualifiers = (piece.rstrip(")） ") for piece in part.replace("（", "(").split("("))
        if not qualifiers or set(qualifiers) == {"estimated"}:
            yield name.strip().casefold()
        elif not set(qualifiers) & {"observed", "estimated", "观察日"}:
            yield from (piece.strip().casefold() for piece in (part, name, *qualifiers))
