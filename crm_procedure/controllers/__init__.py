from . import workbook
from . import export
