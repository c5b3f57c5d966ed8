from . import grade_profile, reason
from . import partner_merge, reason_status
from . import export_purpose
from . import holiday_load
from . import reason_ticket
from . import ticket_merge
