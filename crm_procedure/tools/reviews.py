"""The kinds of reviews and the periods they look back on (A1, A4, A5, X15): pure, knows no model."""

from datetime import date, timedelta
from typing import NamedTuple


class Kind(NamedTuple):
    code: str
    label: str
    limit: str  # every how many months: a code of tools/limits.py
    catch_up: int  # how many missed periods are still opened; earlier ones are only named


KINDS = (
    Kind("monthly", "Monthly feedback summary", "feedback_summary", 1),
    Kind("quarterly", "Quarterly internal review", "internal_review", 4),
    Kind("legal", "Legal review", "legal_review", 1),
    Kind("yearly", "Yearly management review", "management_review", 2),
)

BY_CODE = {kind.code: kind for kind in KINDS}
SELECTION = [(kind.code, kind.label) for kind in KINDS]


def last_ended(today, months):
    """:return: (first day, last day) of the last period of so many months that is over on ``today``

    Periods are counted from January of the year 0, so that 1, 2, 3, 4, 6 and 12 months
    are calendar months, quarters, half-years and years.
    """
    return _period(_index(today, months) - 1, months)


def ended_since(start, today, months):
    """:return: list of the periods over on ``today`` that ended on ``start`` or later, oldest first"""
    return [_period(index, months) for index in range(_index(start, months), _index(today, months))]


def _index(day, months):
    return (12 * day.year + day.month - 1) // months


def _period(index, months):
    return _first(index * months), _first((index + 1) * months) - timedelta(days=1)


def _first(month):
    return date(month // 12, month % 12 + 1, 1)
