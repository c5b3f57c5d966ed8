from odoo import api, models


class ProcedureClockSource(models.AbstractModel):
    """Working hours and leaves: when they change, the deadlines of tickets follow in the background."""

    _name = "crm.procedure.clock.source"
    _description = "Working Time of Tickets"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self._deadlines_follow()
        return records

    def write(self, vals):
        result = super().write(vals)
        self._deadlines_follow()
        return result

    def unlink(self):
        result = super().unlink()
        self._deadlines_follow()
        return result

    @api.model
    def _deadlines_follow(self):
        cron = self.env.ref("crm_procedure.ir_cron_ticket_deadlines", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger()  # whoever may change working hours changes what hangs on them


class ResourceCalendar(models.Model):
    _name = "resource.calendar"
    _inherit = ["resource.calendar", "crm.procedure.clock.source"]


class ResourceCalendarAttendance(models.Model):
    _name = "resource.calendar.attendance"
    _inherit = ["resource.calendar.attendance", "crm.procedure.clock.source"]


class ResourceCalendarLeaves(models.Model):
    _name = "resource.calendar.leaves"
    _inherit = ["resource.calendar.leaves", "crm.procedure.clock.source"]
