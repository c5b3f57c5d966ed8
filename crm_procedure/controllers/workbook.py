import json
import tempfile

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wsgi import wrap_file

from odoo.exceptions import UserError
from odoo.http import Controller, content_disposition, request, route, serialize_exception
from odoo.tools import html_escape

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class WorkbookController(Controller):
    @route("/crm_procedure/workbook/<string:code>", type="http", auth="user", methods=["GET", "POST"])
    def workbook(self, code, ids=None, domain=None, **_kwargs):
        """The workbook ``crm.procedure.workbook.<code>`` of the records named, as the user may see them.

        :param str ids: JSON list of ids of its model
        :param str domain: or the domain, as JSON
        """
        name = f"crm.procedure.workbook.{code}"
        if name not in request.env:
            raise NotFound
        workbook = request.env[name]
        try:
            records = self._records(request.env[workbook._model], ids, domain)
            file = tempfile.TemporaryFile()  # noqa: SIM115  closed when the answer has been sent
            filename = workbook._export(file, records)
        except UserError as refusal:  # the web client shows it in a dialog
            refused = {"code": 0, "message": "Odoo Server Error", "data": serialize_exception(refusal)}
            return request.make_response(html_escape(json.dumps(refused)), status=refusal.http_status)
        size = file.tell()
        file.seek(0)
        response = request.make_response(
            wrap_file(request.httprequest.environ, file),
            headers=[
                ("Content-Type", XLSX),
                ("Content-Length", size),
                ("Content-Disposition", content_disposition(filename)),
            ],
        )
        response.direct_passthrough = True
        return response

    def _records(self, model, ids, domain):
        try:
            if ids is not None:
                return model.browse([int(id_) for id_ in json.loads(ids)])
            return model.search(json.loads(domain))
        except (TypeError, ValueError) as error:
            raise BadRequest(f"ids or domain: {error}") from error
