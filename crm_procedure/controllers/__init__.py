from . import workbook
from . import export
from . import survey
