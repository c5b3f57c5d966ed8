from odoo import models
from odoo.http import request


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        """Exports of customers and of the addon's records go through the log (I11)."""
        log = self.env["crm.procedure.export"]
        if not self.env.user.has_group("base.group_allow_export") or not log._concerns(self, fields_to_export):
            return super().export_data(fields_to_export)
        values = log._allow(self, len(self))
        result = super().export_data(fields_to_export)
        log._note(self, len(self), self._procedure_export_filter(), fields_to_export, **values)
        return result

    def _procedure_export_filter(self):
        """:return: the domain that the web client exports by, or the first of the records chosen"""
        # kept on the request and not in the context, which a caller could forge
        exporting = getattr(request, "procedure_export", None) if request else None
        if exporting and exporting["model"] == self._name and not exporting["ids"]:
            return str(exporting["domain"])
        chosen = ", ".join(map(str, self.ids[:50]))
        return self.env._("Chosen one by one: %(ids)s", ids=f"{chosen} …" if len(self) > 50 else chosen)
