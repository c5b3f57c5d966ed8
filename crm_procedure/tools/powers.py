"""Who may do what: the one table that every check, rule and test reads (DESIGN.md).

A power names an act; its roles are the groups whose members may do it. Powers that
the table grants on one's own records only ("own") list the role too: the record
rules of the model narrow it down.
"""

USER = "user"
SPECIALIST = "specialist"
SALES = "sales"
MARKETING = "marketing"
SERVICE = "service"
SUPERVISOR = "supervisor"
QUALITY = "quality"
MANAGER = "manager"
AUDITOR = "auditor"

ROLES = (USER, SPECIALIST, SALES, MARKETING, SERVICE, SUPERVISOR, QUALITY, MANAGER, AUDITOR)
EVERYONE_BUT_AUDITOR = ROLES[:-1]

POWERS = {
    "report": EVERYONE_BUT_AUDITOR,
    "ticket_handle": (SERVICE,),
    "ticket_close": (),
    "ticket_close_unconfirmed": (MANAGER,),
    "solution_approve": (MANAGER,),
    "action_do": EVERYONE_BUT_AUDITOR,
    "action_verify": (SUPERVISOR, QUALITY, MANAGER),
    "communication_see": ROLES,
    "communication_record": (SPECIALIST, SALES, SERVICE, SUPERVISOR),
    "grading_submit": (MARKETING,),
    "grading_approve": (SALES,),
    "plan_submit": (SALES, MARKETING, SUPERVISOR),
    "plan_approve": (MANAGER,),
    "plan_approve_regular": (SUPERVISOR,),  # of grades that the procedure leaves to the supervisor (X14)
    "cost_approve": (MANAGER,),
    "campaign_run": (MARKETING,),
    "campaign_approve": (MANAGER,),
    "review_prepare": (SERVICE, SUPERVISOR, QUALITY),
    "review_approve": (MANAGER,),
    "procedure_submit": (QUALITY,),
    "procedure_approve": (MANAGER,),
    "change_confirm": (SALES, SUPERVISOR),
    "indicator_edit": (QUALITY,),
    "indicator_refresh": (SUPERVISOR, QUALITY, MANAGER),
    "status_override": (SALES, SUPERVISOR),
    "read_all": (SUPERVISOR, QUALITY, MANAGER, AUDITOR),
}


def group_xmlid(role):
    """:return: external id of the group of a role, e.g. ``crm_procedure.group_sales``"""
    return f"crm_procedure.group_{role}"
