from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.quiet import spoken
from .res_partner import USER

COMPARISONS = {"<": SQL("<"), "<=": SQL("<="), ">": SQL(">"), ">=": SQL(">=")}


class ResPartner(models.Model):
    """When we last spoke with a customer, and when we shall (V1, V7).

    Read from the communications when somebody looks; nothing is stored on the customer.
    That there was or will be a contact, and when, is known to everybody who sees the
    customer; what was said is not.
    """

    _inherit = "res.partner"

    procedure_last_contact = fields.Datetime(
        string="Last contact",
        compute="_compute_procedure_contacts",
        search="_search_procedure_last_contact",
        groups=USER,
    )
    procedure_next_contact = fields.Date(
        string="Next contact",
        compute="_compute_procedure_contacts",
        search="_search_procedure_next_contact",
        groups=USER,
        help="The day of the next planned contact.",
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_procedure_contacts(self):
        dates = {}
        customers = self.commercial_partner_id.ids
        if customers:
            communications = self.env["crm.procedure.communication"]
            communications.flush_model(
                ["partner_id", "company_id", "state", "date_done", "date_planned", "occasion_id", "method"]
            )
            # two look-ups in the customer's own indexes, whose use the second state is written for: PostgreSQL
            # would take one of all planned contacts when it believes that there are few
            dates = {
                partner: found
                for partner, *found in self.env.execute_query(
                    SQL(
                        """
                        SELECT p.id, done.last, planned.next
                        FROM unnest(%(customers)s) p(id),
                        LATERAL (SELECT max(date_done) AS last FROM crm_procedure_communication c
                            WHERE partner_id = p.id AND state = 'done' AND company_id = %(company)s
                            AND %(spoken)s) done,
                        LATERAL (SELECT min(date_planned) AS next FROM crm_procedure_communication
                            WHERE partner_id = p.id AND state || '' = 'planned' AND company_id = %(company)s) planned
                        """,
                        customers=customers,
                        company=self.env.company.id,
                        spoken=spoken("c"),
                    )
                )
            }
        for partner in self:
            last, following = dates.get(partner.commercial_partner_id.id, (None, None))
            partner.procedure_last_contact = last
            partner.procedure_next_contact = following

    def _search_procedure_last_contact(self, operator, value):
        return self._search_procedure_contact("done", SQL("max(date_done)"), operator, value)

    def _search_procedure_next_contact(self, operator, value):
        return self._search_procedure_contact("planned", SQL("min(date_planned)"), operator, value)

    @api.model
    def _search_procedure_contact(self, state, date, operator, value):
        having = None
        if operator == "in" and set(value) != {False}:
            having = SQL("%s = ANY(%s)", date, [day for day in value if day])
        elif operator in COMPARISONS:
            having = SQL("%s %s %s", date, COMPARISONS[operator], value)
        elif operator != "in":
            return NotImplemented
        self.env["crm.procedure.communication"].flush_model()
        customers = SQL(
            "(SELECT partner_id FROM crm_procedure_communication c WHERE state = %s AND company_id = %s AND %s"
            " GROUP BY partner_id HAVING %s)",
            state,
            self.env.company.id,
            spoken("c") if state == "done" else SQL("TRUE"),
            having or SQL("TRUE"),
        )
        found = Domain("commercial_partner_id", "in", customers)
        if operator == "in" and False in value:
            nobody = ~Domain("commercial_partner_id", "in", customers)
            return nobody if having is None else self._search_procedure_contact(state, date, "in", [False]) | found
        return found

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    def write(self, vals):
        """A customer who changes hands takes the planned contacts along."""
        before = {}
        if vals.get("user_id"):
            moved = self.filtered(lambda p: p.user_id and p.user_id.id != vals["user_id"])
            before = {user.id: partners.ids for user, partners in moved.grouped("user_id").items()}
        result = super().write(vals)
        for owner, partners in before.items():
            self._hand_over_contacts(partners, owner, vals["user_id"])
        if vals.get("active") is False:
            self._cancel_contacts()
        return result

    @api.model
    def _hand_over_contacts(self, partners, owner, heir):
        """What ``owner`` owes these customers is owed by ``heir`` from now on, reminders and all.

        sudo: follows from the customer's change of hands, whoever may make that.
        """
        domain = Domain("partner_id", "in", partners) & Domain("user_id", "=", owner) & Domain("state", "=", "planned")
        planned = self.env["crm.procedure.communication"].sudo().search(domain)
        reminders = planned.activity_ids.filtered(lambda activity: activity.user_id.id == owner)
        # the heir is reminded anew; that the contact changed hands stands in the customer's history
        planned.with_context(tracking_disable=True).write({"user_id": heir, "reminder_level": 0})
        reminders.with_context(mail_activity_quick_update=True).write({"user_id": heir})

    def _cancel_contacts(self):
        """Nobody calls a customer who was archived.

        sudo: follows from the archiving, whoever may do that.
        """
        domain = Domain("partner_id", "in", self.ids) & Domain("state", "=", "planned")
        planned = self.env["crm.procedure.communication"].sudo().search(domain)
        if planned:
            planned._set_state("cancelled", cancel_reason=self.env._("The customer was archived."))
            planned._close_reminders()

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_view_communications(self):
        """:return: action that lists the contacts with this customer, latest first"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.communication_action")
        customer = self.commercial_partner_id
        action["domain"] = [("partner_id", "=", customer.id)]
        action["context"] = {
            "default_partner_id": customer.id,
            "default_contact_id": self.id if self != customer else False,
        }
        action["display_name"] = self.env._("Communications with %(customer)s", customer=customer.display_name)
        return action
