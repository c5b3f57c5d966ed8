from odoo import models


class IrWebsocket(models.AbstractModel):
    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        """Whoever looks at the clause board hears when the figures of a company of theirs were
        computed anew. What a browser asks for is a word; the channels are records, which it
        cannot name."""
        board = "crm_procedure_board"
        others = [channel for channel in channels if not isinstance(channel, str) or channel != board]
        if len(others) < len(channels):
            channels = others
            if self.env.user.has_group("crm_procedure.group_user"):
                channels += [(company, board) for company in self.env.user.company_ids]
        return super()._build_bus_channel_list(channels)
