from . import controllers, models, reports, wizard
from .hooks import uninstall_hook
