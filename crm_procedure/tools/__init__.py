from . import limits, powers, scoring
