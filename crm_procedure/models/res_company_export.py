from datetime import timedelta

from odoo import models


class ResCompany(models.Model):
    _inherit = "res.company"

    def _procedure_is_working_time(self):
        """:return: whether people of the company work at this moment; always, without a calendar"""
        calendar = self.sudo().resource_calendar_id  # working hours are no secret
        if not calendar:
            return True
        now = self._procedure_now()
        return bool(list(calendar._work_intervals_batch(now, now + timedelta(seconds=1))[False]))
