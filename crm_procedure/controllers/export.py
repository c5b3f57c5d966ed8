import json

from odoo.http import request

from odoo.addons.web.controllers import export


class CSVExport(export.CSVExport):
    def base(self, data):
        remember(data)
        return super().base(data)


class ExcelExport(export.ExcelExport):
    def base(self, data):
        remember(data)
        return super().base(data)


def remember(data):
    """Keep what is being exported by, for the log (I11)."""
    params = json.loads(data)
    request.procedure_export = {name: params.get(name) for name in ("model", "domain", "ids")}
