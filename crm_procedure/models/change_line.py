from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools import customer_file


class ProcedureChangeLine(models.Model):
    """An entry of the customer file with its value before and after."""

    _name = "crm.procedure.change.line"
    _description = "New Value"
    _inherit = ["crm.procedure.reported.mixin"]
    _order = "change_id, id"
    _rec_name = "entry"

    change_id = fields.Many2one("crm.procedure.change", required=True, index=True, ondelete="cascade")
    entry = fields.Selection("_selection_entry", required=True)
    old_value = fields.Char(string="Before", compute="_compute_old_value")
    old_known = fields.Json(readonly=True, export_string_translation=False)  # the value when proposed
    old_shown = fields.Char(readonly=True, export_string_translation=False)
    new_value = fields.Char(string="After the change", help="As it is written; empty takes the entry out.")
    is_stale = fields.Boolean(compute="_compute_old_value")

    _entry_uniq = models.Constraint("UNIQUE (change_id, entry)", "Each entry stands once in a change.")

    @api.model
    def _selection_entry(self):
        labels = self.env["res.partner"]._procedure_entry_labels()
        hidden = {customer_file.CONTACT, *customer_file.REQUIRED_ONLY}
        return [(name, label) for name, label in labels.items() if name not in hidden]

    @api.depends("entry", "old_known", "old_shown", "change_id.partner_id", "change_id.state")
    def _compute_old_value(self):
        for line in self:
            partner, proposed = line.change_id.partner_id, line.change_id.state not in (False, "draft")
            known = partner and line.entry
            saved = line._origin  # one that is being typed stands beside the customer of now
            line.is_stale = bool(
                known and saved and line.change_id.state == "submitted" and line.old_known != line._technical(partner)
            )
            if proposed and line.old_known is not False:
                line.old_value = line.old_shown
            else:
                line.old_value = known and line._shown(partner)

    @api.constrains("entry")
    def _check_entry(self):
        allowed = dict(self._selection_entry())
        for line in self.filtered(lambda line: line.entry not in allowed):
            raise ValidationError(
                self.env._(
                    "“%(entry)s” is not changed by a proposal. Say what changed in words instead.", entry=line.entry
                )
            )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create([self._typed(vals) for vals in vals_list])
        lines._check_editable()
        lines.filtered(lambda line: line.change_id.state == "submitted")._remember()
        return lines

    def write(self, vals):
        self._check_editable()
        super().write(self._typed(vals))
        if "entry" in vals:
            self.filtered(lambda line: line.change_id.state == "submitted")._remember()
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_except_decided(self):
        self._check_editable()

    def _typed(self, vals):
        """:return: ``vals`` without what only ``_remember`` sets"""
        if self.env.su:
            return vals
        return {name: value for name, value in vals.items() if not name.startswith("old_")}

    def _check_editable(self):
        self.change_id.check_access("write")
        self.change_id._check_lines_editable()

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _remember(self):
        """Put the present value on record; sudo: it is not for anybody to type in."""
        for line in self:
            partner = line.change_id.partner_id
            line.sudo().write({"old_known": line._technical(partner), "old_shown": line._shown(partner)})

    def _technical(self, partner):
        """:return: the value as JSON has it, to compare with; a list, because JSON has no False"""
        value = partner[self.entry]
        return [value.id if isinstance(value, models.BaseModel) else str(value or "")]

    def _shown(self, partner):
        field, value = partner._fields[self.entry], partner[self.entry]
        if isinstance(value, models.BaseModel):
            return value.display_name or ""
        if field.type == "selection":
            return dict(field._description_selection(self.env)).get(value, "")
        return str(value or "")

    def _values(self):
        """:return: {field: value to write}
        :raise UserError: when a value is not one of its entry's
        """
        partners, values = self.env["res.partner"], {}
        allowed = dict(self._selection_entry())
        converter = self.env["ir.fields.converter"]
        for line in self:
            field = partners._fields[line.entry]
            text = (line.new_value or "").strip()
            if not text and line.entry == "name":
                raise UserError(self.env._("%(entry)s cannot be emptied.", entry=allowed[line.entry]))
            if not text:
                values[line.entry] = False
                continue
            given = [{None: text}] if field.type == "many2one" else text
            try:
                with self.env.cr.savepoint() as savepoint:
                    values[line.entry], _warnings = converter.to_field(partners, field, savepoint=savepoint)(given)
            except ValueError as error:
                raise UserError(
                    self.env._(
                        "“%(value)s” is no value of “%(entry)s”. Write it as the list of choices has it.",
                        value=text,
                        entry=allowed[line.entry],
                    )
                ) from error
        return values
