from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class ProcedureExportPurpose(models.TransientModel):
    """What an export is for; said before it, and good for some minutes (I11, PIPL 6 and 23)."""

    _name = "crm.procedure.export.purpose"
    _description = "Purpose of an Export"

    res_model = fields.Char(string="Model", readonly=True)
    res_model_name = fields.Char(string="What", compute="_compute_res_model_name")
    row_count = fields.Integer(string="Rows", readonly=True)
    purpose = fields.Text(help="What the data is needed for.")
    recipient = fields.Char(help="Who gets the data outside the company, if anybody.")
    confirmed_on = fields.Datetime(readonly=True)

    @api.depends("res_model")
    def _compute_res_model_name(self):
        for wizard in self:
            wizard.res_model_name = self.env["ir.model"]._get(wizard.res_model).sudo().name

    def action_confirm(self):
        """:return: a note that the export may begin
        :raise UserError: when the purpose is empty
        """
        self.ensure_one()
        if len((self.purpose or "").strip()) < 5:
            raise UserError(self.env._("Enter the purpose in a few words: it stays in the log of exports."))
        self.confirmed_on = fields.Datetime.now()
        minutes = self.env["crm.procedure.export"]._limit("export_minutes")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "Noted. Close the export dialog, open it again and export within %(minutes)d minutes.",
                    minutes=minutes,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    @api.model
    def _standing(self, model):
        """:return: the purpose that this user gave for ``model`` a few minutes ago, or none"""
        since = fields.Datetime.now() - timedelta(minutes=self.env["crm.procedure.export"]._limit("export_minutes"))
        return self.search(
            [("create_uid", "=", self.env.uid), ("res_model", "=", model), ("confirmed_on", ">", since)],
            order="id desc",
            limit=1,
        )
