"""What an indicator says: its figure, its state and the days it looks at. Pure arithmetic."""

from datetime import timedelta

from dateutil.relativedelta import relativedelta

SHARE, COUNT = "share", "count"
UP, DOWN = "up", "down"
MET, MISSED, NO_DATA, BROKEN = "met", "missed", "no_data", "broken"
STATES = [(MET, "Met"), (MISSED, "Missed"), (NO_DATA, "No data"), (BROKEN, "Cannot be measured")]
MEASURED = (MET, MISSED)

NOW, LIMIT = "now", "limit"
SPANS = {
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
    "year": relativedelta(years=1),
}
UNITS = {"month": "months", "day": "days"}  # of the limits that a period can follow


def figure(measure, population, conforming):
    """:return: per cent for a share, a number for a count; None for a share of nothing"""
    if measure == COUNT:
        return float(conforming)
    return 100 * conforming / population if population else None


def state_of(measure, population, conforming, target, direction):
    """A share of nothing is neither met nor missed; what is to happen and did not is missed.

    Whole numbers are compared, so that 19 of 20 reaches 95 %.
    """
    if measure == SHARE and not population:
        return NO_DATA
    reached, wanted = (100 * conforming, target * population) if measure == SHARE else (conforming, target)
    tolerance = 1e-9 * max(1.0, abs(wanted))
    met = reached <= wanted + tolerance if direction == DOWN else reached >= wanted - tolerance
    return MET if met else MISSED


def span_of(period, limit=None):
    """:param limit: (value, unit) of the limit that the period follows
    :return: ``relativedelta`` that the period is long, or None when it looks at the present"""
    if period == LIMIT:
        value, unit = limit
        return relativedelta(**{UNITS[unit]: int(value)})
    return SPANS.get(period)


def first_day(span, day):
    """:return: the first day of a period that ends on ``day``, itself one of its days"""
    return day - span + timedelta(days=1) if span else day
