from odoo import models


class IrUiMenu(models.Model):
    _inherit = "ir.ui.menu"

    def _load_menus_blacklist(self):
        """Auditors are users of the addon who do nothing in it, and have no figures of their own."""
        hidden = super()._load_menus_blacklist()
        if not self.env.user.has_procedure_power("action_do"):
            menu = self.env.ref("crm_procedure.menu_my_figures", raise_if_not_found=False)
            hidden += menu.ids if menu else []
        return hidden
