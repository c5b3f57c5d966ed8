"""Every limit of the written procedure: its default, its unit and where it comes from.

A limit is a value on the procedure version in force; the defaults here are what a new
version starts with, and what holds while no version is in force. A new limit is one
line here: the selection of ``crm.procedure.limit`` and the forms follow.
"""

from typing import NamedTuple


class Limit(NamedTuple):
    code: str
    label: str
    default: float
    unit: str
    origin: str = "own"  # "document": written in a source document; "own": our choice
    source: str = ""  # document and clause, where the value is quoted from it


UNITS = [
    ("month", "months"),
    ("day", "days"),
    ("working_day", "working days"),
    ("contact", "contacts a working day and person"),
]

ORIGINS = [("document", "From the documents"), ("own", "Our choice")]

LIMITS = (
    Limit("grading_window", "Orders that count for the grade: the last", 12, "month"),
    Limit("grading_sign", "A grading is signed within", 5, "working_day"),
    Limit("contact_floor", "Everybody is contacted at least every", 90, "day", "document", "004 四(二)2"),
    Limit("contacts_per_day", "One person can make", 8, "contact"),
    Limit("escalate_leader", "Overdue work reaches the team leader after", 1, "working_day"),
    Limit("escalate_management", "Overdue work reaches management after", 3, "working_day"),
)

BY_CODE = {limit.code: limit for limit in LIMITS}
