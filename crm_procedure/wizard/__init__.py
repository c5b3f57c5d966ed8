from . import grade_profile, reason
