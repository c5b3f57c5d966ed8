from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools import customer_file

GONE = "…"


class ProcedureMixin(models.AbstractModel):
    _inherit = "crm.procedure.mixin"

    _personal_fields = ()  # copies of a person's data that a record holds beside its customer

    @api.model
    def _domain_about(self, persons):
        """:return: domain of the records that name one of these people"""
        names = [
            name
            for name, field in self._fields.items()
            if field.comodel_name == "res.partner" and field.type == "many2one" and field.store
        ]
        return Domain.OR(Domain(name, "in", persons.ids) for name in names)


class ResPartner(models.Model):
    """A person's wish to be forgotten, without losing what was proven (PIPL 47; I11).

    Complaints, contacts and gradings are evidence and stay; whom they were about does not.
    """

    _inherit = "res.partner"

    def _procedure_pseudonymise(self):
        """Replace what identifies these people by a number, here and in the records about them.

        Called by the privacy lookup. Messages keep their text: only their authors are made unknown.

        :raise AccessError: for anybody but an administrator
        :raise UserError: for a company, or a colleague with a login
        """
        self._check_pseudonymise()
        persons = self.sudo().with_context(tracking_disable=True, active_test=False)  # an administrator, see above
        for person in persons:
            person.write({**person._procedure_without_personal(), "name": self.env._("Person %s", person.id)})
            person.child_ids.filtered(lambda child: not child.is_company).write(person._procedure_without_personal())
        persons._procedure_forget_in_records()
        persons._procedure_forget_in_messages("res.partner", persons.ids)
        persons.env["mail.message"].search([("author_id", "in", persons.ids)]).write({"email_from": False})
        persons.action_archive()
        persons._message_log_batch(
            bodies=dict.fromkeys(persons.ids, self.env._("Personal data erased at the person's request.")),
            author_id=self.env.user.partner_id.id,
        )

    def _check_pseudonymise(self):
        if not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Personal data is erased by an administrator, in the privacy lookup."))
        for partner in self:
            if partner.is_company:
                raise UserError(
                    self.env._(
                        "%(customer)s is a company, whose name and address are no personal data. Erase its contacts.",
                        customer=partner.display_name,
                    )
                )
            if partner.sudo().user_ids.filtered(lambda user: user._is_internal()):  # only whether there is one
                raise UserError(
                    self.env._(
                        "%(customer)s is a colleague with a login, whose name stands under what they signed. "
                        "Archive the user instead.",
                        customer=partner.display_name,
                    )
                )

    def _procedure_without_personal(self):
        return {name: False for name in customer_file.PERSONAL if name in self._fields}

    def _procedure_forget_in_records(self):
        for name in self.env["crm.procedure.mixin"]._controlled_models():
            model = self.env[name]
            if not model._personal_fields:
                continue
            records = model.search(model._domain_about(self))
            records.write(dict.fromkeys(model._personal_fields, False))
            self._procedure_forget_in_messages(name, records.ids)
        self.env["crm.procedure.change.line"].search([("change_id.partner_id", "in", self.ids)]).write(
            {"old_shown": GONE, "new_value": GONE, "old_known": False}
        )

    def _procedure_forget_in_messages(self, model, ids):
        values = self.env["mail.tracking.value"].search(
            [("mail_message_id.model", "=", model), ("mail_message_id.res_id", "in", ids)]
        )
        for side in ("old", "new"):
            for kind in ("char", "text"):
                name = f"{side}_value_{kind}"
                values.filtered(name).write({name: GONE})


class PrivacyLookupWizardLine(models.TransientModel):
    _inherit = "privacy.lookup.wizard.line"

    is_pseudonymised = fields.Boolean(string="Personal data erased")

    def action_pseudonymise(self):
        """Erase the personal data of this person and keep the records that are evidence."""
        self.ensure_one()
        if self.res_model != "res.partner" or self.is_unlinked:
            raise UserError(self.env._("Personal data is erased on the line of the contact itself."))
        partner = self.env["res.partner"].browse(self.res_id)
        partner._procedure_pseudonymise()
        self.write(
            {
                "is_pseudonymised": True,
                "is_active": False,
                "execution_details": self.env._("Personal data of contact #%s erased, evidence kept", partner.id),
            }
        )
        return self.wizard_id.action_open_lines()
