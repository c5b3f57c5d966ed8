from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from .ticket import FINISHED, REPORT_FIELDS


class ProcedureTicket(models.Model):
    """Who enters what: a reporter the report, customer service the rest, the system what it gives."""

    _inherit = "crm.procedure.ticket"

    @api.model
    def _given_fields(self):
        """:return: names of the fields that the system gives: stored and readonly"""
        return {name for name, field in self._fields.items() if field.readonly and field.store}

    @api.model
    def _entered(self, vals_list):
        """:return: names of the fields that say something; a form sends empty ones and defaults along"""
        names = {name for vals in vals_list for name in vals if vals[name]}
        plain = [self._fields[name] for name in names if name in self._fields and not self._fields[name].relational]
        given = {field.name: field.default(self) for field in plain if field.default}
        return {name for name in names if any(vals.get(name, given.get(name)) != given.get(name) for vals in vals_list)}

    def _refuse_given(self, names):
        given = names & self._given_fields()
        if given:
            raise AccessError(
                self.env._(
                    "State, dates, deadlines and the customer's decision are not typed in (%(fields)s). Use the "
                    "buttons, which record who did it and when; a ticket is closed by the customer alone.",
                    fields=", ".join(sorted(self._fields[name]._description_string(self.env) for name in given)),
                )
            )

    @api.model
    def _refuse_but(self, names, allowed):
        refused = {name for name in names - allowed if name in self._fields and not name.startswith("message_")}
        if refused:
            raise AccessError(
                self.env._(
                    "%(fields)s: customer service enters this. Tell them in a message on the ticket.",
                    fields=", ".join(sorted(self._fields[name]._description_string(self.env) for name in refused)),
                )
            )

    @api.model
    def _context_without_given(self):
        given = self._given_fields()
        return {
            key: value
            for key, value in self.env.context.items()
            if not (key.startswith("default_") and key.removeprefix("default_") in given)
        }

    def _check_may_write(self, names):
        """Service writes until a ticket is finished, whoever reported until it is accepted."""
        names = {name for name in names if not name.startswith(("message_", "activity_"))}
        if not self.env.user.has_procedure_power("ticket_handle"):
            self._refuse_but(names, self._fields_for_others())
        if names - self._fields_after_end():
            for ticket in self.filtered(lambda t: t.state in FINISHED):
                raise UserError(
                    self.env._(
                        "%(ticket)s has ended (%(state)s) and is evidence. Add a note, or report a new ticket.",
                        ticket=ticket.display_name,
                        state=ticket._state_label().lower(),
                    )
                )

    def _fields_for_others(self):
        """:return: what this user, who is not customer service, may enter here"""
        return REPORT_FIELDS if all(ticket.state == "reported" for ticket in self) else set()

    def _fields_after_end(self):
        """:return: what is still entered after the end"""
        return set()

    def _of_colleagues(self):
        """:return: the tickets whose customer or address is that of somebody with a login"""
        # sudo: only whether the address is a colleague's
        users = self.env["res.users"].sudo()
        addresses = self.filtered("email_normalized").mapped("email_normalized")
        found = users.search(
            Domain("share", "=", False)
            & (Domain("email_normalized", "in", addresses) | Domain("partner_id", "in", self.partner_id.ids))
        )
        taken = set(found.mapped("email_normalized")) - {False}
        return self.filtered(lambda t: t.partner_id in found.partner_id or t.email_normalized in taken)
