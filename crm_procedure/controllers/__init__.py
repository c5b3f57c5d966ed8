from . import workbook
from . import export
from . import survey
from . import ticket_answer
from . import ticket_form
from . import ticket_portal
