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
    ("working_minute", "working minutes"),
    ("hour", "hours"),
    ("round", "rounds"),
    ("minute", "minutes"),
    ("row", "rows"),
    ("contact", "contacts a working day and person"),
    ("percent", "%"),
    ("time", "times"),
    ("money", "in the company's currency"),
    ("answer", "answers"),
]

ORIGINS = [("document", "From the documents"), ("own", "Our choice")]

LIMITS = (
    Limit("grading_window", "Orders that count for the grade: the last", 12, "month"),
    Limit("grading_sign", "A grading is signed within", 5, "working_day"),
    Limit("contact_floor", "Everybody is contacted at least every", 90, "day", "document", "004 四(二)2"),
    Limit("contacts_per_day", "One person can make", 8, "contact"),
    Limit("escalate_leader", "Overdue work reaches the team leader after", 1, "working_day"),
    Limit("escalate_management", "Overdue work reaches management after", 3, "working_day"),
    # The rest of the timing register: in force with the document, used by what is built on it.
    Limit("record_feedback", "Feedback is recorded within", 15, "working_minute"),
    Limit("propose_solution", "A solution is proposed within", 24, "hour", "document", "003 四"),
    Limit("department_part", "A department handles its part within", 3, "working_day"),
    Limit("answer", "The customer has the result within", 5, "working_day"),
    Limit("first_revisit", "The first visit after a purchase follows within", 7, "day"),
    Limit("plan_rounds", "A service plan is revised at most", 2, "round", "document", "003 三"),
    Limit("progress_meeting", "Progress is discussed internally every", 7, "day", "document", "003 四"),
    Limit("progress_report", "The customer has a progress report every", 14, "day", "document", "003 四"),
    Limit("feedback_form", "The feedback form follows a delivery within", 30, "day", "document", "003 六"),
    Limit("feedback_summary", "Feedback is summed up every", 1, "month", "document", "003 六"),
    Limit("management_report", "Management hears of feedback every", 1, "month"),
    Limit("internal_review", "The procedure is reviewed internally every", 3, "month", "document", "004 七(一)"),
    Limit("legal_review", "The rules are reviewed by legal every", 12, "month"),
    Limit("management_review", "Management reviews customer relations every", 12, "month"),
    Limit("review_hold", "A review is held and submitted after it was opened within", 10, "working_day"),
    Limit("evaluation", "Customer relations are evaluated every", 6, "month"),
    Limit("survey", "Satisfaction is surveyed at least every", 12, "month", "document", "000 5.5"),
    Limit("survey_again", "A customer is not asked for satisfaction again within", 3, "month"),
    Limit("survey_remind", "Who has not answered a survey is reminded after", 7, "day"),
    Limit("survey_reminders", "Who has not answered a survey is reminded at most", 2, "time"),
    Limit("survey_cell", "Figures of a survey are shown from", 5, "answer"),
    Limit("survey_report", "The report of a survey goes to management after its end within", 14, "day"),
    Limit("training", "Everybody is trained at least every", 12, "month", "document", "004 九(五)2"),
    Limit("status_service", "A customer is in service after an order for", 90, "day"),
    Limit("status_dormant", "A customer is dormant when there was no order for", 180, "day"),
    Limit("status_lost", "A customer is lost when there was no order for", 365, "day"),
    Limit("export_purpose", "The purpose of an export is asked for above, in a day", 500, "row"),
    Limit("export_minutes", "A purpose that was entered holds for", 15, "minute"),
    Limit("status_review", "A status set by hand is looked at again after", 90, "day"),
    Limit(
        "quiet_share",
        "A customer has gone quiet when its last order is older, against its usual gap, than",
        200,
        "percent",
    ),
    Limit("quiet_least", "The usual gap between orders counts as at least", 14, "day"),
    Limit("gift_year", "Gifts to one person in a year are worth at most", 500, "money"),
    Limit("change_confirm", "A customer change is confirmed or rejected within", 3, "working_day"),
    Limit("plan_sign", "A care plan is signed within", 5, "working_day"),
    Limit("contact_ahead", "A planned contact stands in the owner's activities before its day for", 7, "day"),
    Limit("contact_remind", "The account owner is told of a contact that was not made after", 1, "day"),
    Limit("contact_slack", "A planned contact is made at the latest after its day within", 3, "day"),
    Limit("communication_grace", "A recorded communication can be completed for", 24, "hour"),
    Limit("ticket_accept", "A report is accepted by customer service within", 120, "working_minute"),
    Limit("ticket_acknowledge", "The customer has an acknowledgement within", 240, "working_minute"),
    Limit("ticket_reminder", "A customer who does not answer is reminded after", 3, "working_day"),
    Limit("ticket_reminders", "A customer who does not answer is reminded at most", 2, "time"),
    Limit("phone_verify", "A confirmation by telephone is verified within", 2, "working_day"),
    Limit("answer_link", "The link that confirms an answer holds for", 30, "working_day"),
    Limit("ticket_reopen", "The customer can reopen an ended ticket within", 30, "day"),
    Limit("effect_check", "An action is checked for its effect after", 20, "working_day"),
    Limit("registration_completeness", "A new customer is confirmed when the file is complete to", 100, "percent"),
)

BY_CODE = {limit.code: limit for limit in LIMITS}
