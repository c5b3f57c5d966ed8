from odoo import models
from odoo.exceptions import LockError, UserError


class ProcedureActMixin(models.AbstractModel):
    """What every act that changes a state does first: ask for the power, hold the rows, look at the state."""

    _name = "crm.procedure.act.mixin"
    _description = "Record with Acts"

    def _state_label(self):
        self.ensure_one()
        return dict(self._fields["state"]._description_selection(self.env))[self.state]

    def _check_power(self, power, act):
        self.check_access("read")
        for record in self:
            self.env.user.check_procedure_power(power, f"{act} {record.display_name}")

    def _lock_in_state(self, states, act):
        """Hold the rows until the transaction ends, so that nothing is done twice.

        :param states: the state, or several, in which the act is possible
        """
        states = {states} if isinstance(states, str) else set(states)
        try:
            self.sudo().lock_for_update()  # a lock changes nothing; the power was checked
        except LockError as error:
            raise UserError(
                self.env._(
                    "Somebody else is working on %(records)s at this moment. Reload the page in a few seconds.",
                    records=", ".join(self.mapped("display_name")),
                )
            ) from error
        self.invalidate_recordset(["state"])
        for record in self.filtered(lambda r: r.state not in states):
            raise UserError(
                self.env._(
                    "%(record)s cannot be %(act)s: it is %(state)s. Reload the page to see what happened.",
                    record=record.display_name,
                    act=act,
                    state=record._state_label().lower(),
                )
            )

    def _set_state(self, state, **values):
        """The only place where a state changes.

        sudo: powers were checked by the caller; those who act hold no right to type a state.
        """
        self.sudo().write({"state": state, **values})

    def _check_not_own(self, refusal=None, waived=None):
        """Refuse what needs a second person; a company that waives that has it put on record.

        :param str refusal: what the user is told instead
        :param str waived: what is put on record instead
        :raise UserError: unless the company waives separation of duties
        """
        self.ensure_one()
        if not self.company_id.procedure_waive_separation:
            raise UserError(
                refusal
                or self.env._(
                    "%(record)s is your own work, so somebody else has to approve it. "
                    "A one-person company can waive this in the settings.",
                    record=self.display_name,
                )
            )
        self.sudo().message_post(  # a note on a record that approvers cannot write
            body=waived
            or self.env._(
                "Separation of duties waived: %(user)s approved own work. The company's setting allows it.",
                user=self.env.user.name,
            )
        )

    def _reason_methods(self):
        """:return: names of the methods that the reason dialog may call"""
        return set()
