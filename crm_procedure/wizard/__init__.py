from . import grade_profile, reason
from . import reason_status
