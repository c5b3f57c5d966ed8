from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain

from ..tools.similarity import likeness
from .ticket import FINISHED, KINDS, OURS, PRIORITIES, SEVERITIES
from .ticket_flow import HANDLE

ALIKE = 0.35  # of 1: proposed as a possible duplicate
LOOKED_AT = 50  # latest tickets of the customer
TRIAGE_INPUTS = {"kind", "severity", "is_safety", "partner_id"}
CLOCK_INPUTS = {"kind", "priority", "category_id", "team_id"}


class ProcedureTicketTriage(models.Model):
    """A row of the rule that gives a ticket its priority: the highest that fits holds (C7, C8)."""

    _name = "crm.procedure.ticket.triage"
    _description = "Priority Rule"
    _inherit = ["crm.procedure.part.mixin"]
    _order = "procedure_id, priority desc, id"

    kind = fields.Selection(KINDS, help="Empty: tickets of every kind.")
    severity = fields.Selection(SEVERITIES, help="Empty: whatever the severity.")
    is_safety = fields.Boolean(
        string="Safety concern", help="Ticked: only where people, data or property are in danger."
    )
    grade_id = fields.Many2one("crm.procedure.grade", string="Grade of the customer", help="Empty: every customer.")
    priority = fields.Selection(PRIORITIES, required=True, default="1")

    @api.model
    def _default_values(self):
        """:return: list of values, what a new version of the procedure starts with"""
        return [
            {"is_safety": True, "priority": "3"},
            {"severity": "critical", "priority": "3"},
            {"severity": "major", "priority": "2"},
            {"kind": "complaint", "priority": "1"},
        ]


class Procedure(models.Model):
    _inherit = "crm.procedure"

    ticket_triage_ids = fields.One2many(
        "crm.procedure.ticket.triage", "procedure_id", string="Priority rule", copy=True
    )

    @api.model_create_multi
    def create(self, vals_list):
        defaults = self.env["crm.procedure.ticket.triage"]._default_values()
        for vals in vals_list:
            vals.setdefault("ticket_triage_ids", [fields.Command.create(row) for row in defaults])
        return super().create(vals_list)

    @tools.ormcache("self.id")
    def _ticket_triage(self):
        """:return: list of (criteria, priority), the highest first; kept like ``_ticket_rows``"""
        if self:
            rows = [  # public, as the procedure is
                {
                    "kind": row.kind,
                    "severity": row.severity,
                    "is_safety": row.is_safety,
                    "grade_id": row.grade_id.id,
                    "priority": row.priority,
                }
                for row in self.sudo().ticket_triage_ids
            ]
        else:
            rows = self.env["crm.procedure.ticket.triage"]._default_values()
        rows = [({k: v for k, v in row.items() if v and k != "priority"}, row["priority"]) for row in rows]
        return sorted(rows, key=lambda row: row[1], reverse=True)


class ProcedureTicket(models.Model):
    """Priority by a rule that everybody sees, changed with a reason; duplicates found and merged."""

    _inherit = "crm.procedure.ticket"

    priority_reason = fields.Char(
        string="Why this priority", copy=False, tracking=True, help="Empty: the rule of the procedure gave it."
    )
    priority_rule = fields.Char(string="Rule", compute="_compute_priority_rule")
    similar_ids = fields.Many2many(
        "crm.procedure.ticket",
        string="Perhaps the same",
        compute="_compute_similar_ids",
        help="Of the same customer, with similar words.",
    )
    duplicate_of_id = fields.Many2one(
        "crm.procedure.ticket", string="Merged into", readonly=True, copy=False, index="btree_not_null"
    )

    @api.depends("kind", "severity", "is_safety", "grade_id", "priority", "priority_reason")
    @api.depends_context("lang")
    def _compute_priority_rule(self):
        labels = dict(self._fields["priority"]._description_selection(self.env))
        for ticket in self:
            priority, asked = ticket._rule_priority()
            told = [ticket._criterion_label(name) for name in asked]
            rule = self.env._(
                "%(priority)s by the rule: %(what)s",
                priority=labels[priority],
                what=self.env._(", ").join(told) or self.env._("nothing special"),
            )
            ticket.priority_rule = rule

    @api.depends("subject", "description", "partner_id", "email_normalized")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_similar_ids(self):
        for ticket in self:
            ticket.similar_ids = ticket._origin._find_similar() if ticket._origin else False

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _prepare_report(self, vals, frame):
        vals = super()._prepare_report(vals, frame)
        if not vals.get("priority_reason"):
            case = {
                "kind": vals.get("kind", "complaint"),
                "severity": vals.get("severity") or "minor",
                "is_safety": bool(vals.get("is_safety")),
                "grade_id": vals["grade_id"],
            }
            vals["priority"] = self._priority_of(frame["procedure"], case)[0]
        return vals

    def write(self, vals):
        if "priority" in vals and not self.env.su and not (vals.get("priority_reason") or "").strip():
            raise UserError(
                self.env._(
                    "The rule of the procedure gives the priority. To set another one, press Priority and say why."
                )
            )
        result = super().write(vals)
        if TRIAGE_INPUTS & set(vals):
            self._triage("partner_id" in vals)
        if CLOCK_INPUTS & set(vals) and not self.env.context.get("procedure_triage"):
            self._recompute_deadlines()
        return result

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_set_priority(self, reason=None, priority=None):
        """Set another priority than the rule gives, with a reason; without one the rule holds again (C8).

        :param str priority: ``0`` to ``3``
        :return: True, or the action that opens the dialog
        """
        self._check_power(HANDLE, self.env._("classify"))
        if not (reason and reason.strip()) or priority not in dict(PRIORITIES):
            return self.env["crm.procedure.reason"]._open(self, "action_set_priority", self.env._("Priority"))
        self._lock_in_state(OURS, self.env._("classified"))
        self.write({"priority": priority, "priority_reason": reason.strip()})
        return True

    def action_follow_rule(self):
        """Take a priority set by hand back. :return: True"""
        self._check_power(HANDLE, self.env._("classify"))
        self._lock_in_state(OURS, self.env._("classified"))
        self.priority_reason = False
        self._triage()
        return True

    def action_open_merge(self):
        """:return: action that opens the dialog to choose what this ticket is merged into"""
        self.ensure_one()
        self._check_power(HANDLE, self.env._("merge"))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Merge into another ticket"),
            "res_model": "crm.procedure.ticket.merge",
            "view_mode": "form",
            "target": "new",
            "context": {"default_ticket_id": self.id, "default_target_id": self.similar_ids[:1].id},
        }

    def action_merge(self, target_id):
        """Merge this ticket into another one of the same customer; every message is kept.

        :param int target_id: id of the ticket that goes on
        :return: action that opens that ticket
        :raise UserError: for another customer's ticket, one that has ended, or itself
        """
        self._check_power(HANDLE, self.env._("merge"))
        target = self.browse(int(target_id)).exists()
        target._check_power(HANDLE, self.env._("merge"))
        self._lock_in_state(OURS, self.env._("merged"))
        for ticket in self:
            ticket._check_merge(target)
            ticket._merge_into(target)
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": target.id,
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        return super()._reason_methods() | {"action_set_priority"}

    def _triage(self, customer_changed=False):
        """Give each ticket the priority of the rule, unless somebody set one with a reason."""
        for ticket in self.sudo():  # the rule decides, whoever entered what it looks at
            if customer_changed:
                customer = ticket.with_company(ticket.company_id).commercial_partner_id
                ticket.grade_id = customer.procedure_grade_id
            priority = ticket._rule_priority()[0]
            if not ticket.priority_reason and priority != ticket.priority:
                ticket.with_context(procedure_triage=True).priority = priority
        self._recompute_deadlines()

    def _rule_priority(self):
        """:return: (priority, names of the criteria of the row that gave it)"""
        self.ensure_one()
        case = {
            "kind": self.kind,
            "severity": self.severity,
            "is_safety": self.is_safety,
            "grade_id": self.grade_id.id,
        }
        return self._priority_of(self.procedure_id, case)

    @api.model
    def _priority_of(self, procedure, case):
        for asked, priority in procedure._ticket_triage():
            if all(case[name] == wanted for name, wanted in asked.items()):
                return priority, list(asked)
        return "0", []

    def _criterion_label(self, name):
        if name == "is_safety":
            return self.env._("safety concern")
        if name == "grade_id":
            return self.grade_id.sudo().display_name
        return dict(self._fields[name]._description_selection(self.env))[self[name]]

    def _find_similar(self):
        """:return: the latest tickets of the same customer whose words are alike, the likest first"""
        self.ensure_one()
        who = Domain("commercial_partner_id", "=", self.commercial_partner_id.id) if self.partner_id else Domain.FALSE
        if self.email_normalized:
            who |= Domain("email_normalized", "=", self.email_normalized)
        others = self.search(
            who
            & Domain("id", "!=", self.id)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "!=", "cancelled"),
            limit=LOOKED_AT,
        )
        words = f"{self.subject} {self.description or ''}"
        scores = {other: likeness(words, f"{other.subject} {other.description or ''}") for other in others}
        alike = [other for other, score in scores.items() if score >= ALIKE]
        return self.browse([other.id for other in sorted(alike, key=lambda t: -scores[t])[:5]])

    def _check_merge(self, target):
        self.ensure_one()
        if not target or target == self:
            raise UserError(self.env._("Choose another ticket to merge %(ticket)s into.", ticket=self.display_name))
        if target.state in FINISHED:
            raise UserError(
                self.env._(
                    "%(target)s has ended (%(state)s). Merge into one that is open.",
                    target=target.display_name,
                    state=target._state_label().lower(),
                )
            )
        same = (
            self.commercial_partner_id == target.commercial_partner_id
            if self.partner_id
            else (not self.email_normalized or self.email_normalized == target.email_normalized)
        )
        if not same or self.company_id != target.company_id:
            raise UserError(
                self.env._(
                    "%(ticket)s and %(target)s are not of the same customer: what one wrote is not for the other.",
                    ticket=self.display_name,
                    target=target.display_name,
                )
            )
        if self.round > 1:
            raise AccessError(self.env._("%(ticket)s was answered: the customer ends it.", ticket=self.display_name))

    def _merge_into(self, target):
        """Messages, files and parts go along; the duplicate stays, cancelled, with its custody."""
        self.ensure_one()
        me = self.sudo()  # the power was checked; messages and files belong to many authors
        me.env["ir.attachment"].search([("res_model", "=", self._name), ("res_id", "=", self.id)]).res_id = target.id
        me.message_change_thread(target.sudo())
        me.action_ids.write({"ticket_id": target.id})
        target.sudo().message_subscribe(me.message_partner_ids.ids)
        target.sudo().message_post(
            body=self.env._(
                "%(ticket)s was merged into this: %(text)s", ticket=self.display_name, text=self.description
            ),
            author_id=self.env.user.partner_id.id,
            subtype_xmlid="mail.mt_note",
        )
        me.duplicate_of_id = target
        note = self.env._("Merged into %(target)s.", target=target.display_name)
        self._end("cancelled", note, note)
