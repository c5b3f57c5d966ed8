from . import models, reports, wizard, controllers
from .hooks import uninstall_hook
