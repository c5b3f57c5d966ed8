from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

from .res_partner import USER


class ProcedureCommunication(models.Model):
    """What comes of a contact, in one click and linked both ways (V2, V12, I10).

    The opportunity, the customer change and the next contact; the ticket comes with the
    tickets (``action_report_ticket``).
    """

    _inherit = "crm.procedure.communication"

    previous_id = fields.Many2one(
        "crm.procedure.communication",
        string="Follows",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The contact that this one was agreed in.",
    )
    next_ids = fields.One2many("crm.procedure.communication", "previous_id", string="Next contacts")
    lead_count = fields.Integer(compute="_compute_link_counts", string="Opportunities")
    change_count = fields.Integer(compute="_compute_link_counts", string="Customer changes")
    next_count = fields.Integer(compute="_compute_link_counts", string="Following contacts")

    def _compute_link_counts(self):
        for name, model, link in (
            ("lead_count", "crm.lead", "procedure_communication_id"),
            ("change_count", "crm.procedure.change", "communication_id"),
            ("next_count", "crm.procedure.communication", "previous_id"),
        ):
            # sudo: how many there are; who opens them needs the right to
            groups = self.env[model].sudo()._read_group([(link, "in", self.ids)], [link], ["__count"])
            counts = {record.id: count for record, count in groups}
            for record in self:
                record[name] = counts.get(record._origin.id, 0)

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_create_lead(self, origin="repeat"):
        """Hand business that was heard of over to sales (V12): once, however often it is pressed.

        :param str origin: ``repeat`` for the customer itself, ``referral`` for somebody it named
        :return: action that opens the opportunity, or says who has it
        :raise AccessError: without the power to record, or for somebody else's contact
        """
        self.ensure_one()
        self._check_record(self.env._("make an opportunity of"))
        # sudo: whoever hears of business hands it over; a right to opportunities is not needed for that
        leads = self.env["crm.lead"].sudo()
        same = Domain("procedure_communication_id", "=", self.id) & Domain("procedure_origin", "=", origin)
        lead = leads.search(same, limit=1) or leads.create(self._lead_values(origin))
        if lead.sudo(False).has_access("read"):
            return self._open_record(lead)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(user)s has the opportunity now: %(lead)s.",
                    user=lead.user_id.name or self.env._("Sales"),
                    lead=lead.name,
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def action_create_change(self):
        """:return: action that opens a customer change with what is known from this contact"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Customer Change"),
            "res_model": "crm.procedure.change",
            "view_mode": "form",
            "target": "current",
            "context": {
                "default_partner_id": (self.contact_id or self.partner_id).id,
                "default_communication_id": self.id,
            },
        }

    def action_plan_next(self):
        """Plan the next contact after the interval of the customer's grade.

        :return: action that opens it; one that is planned already is opened, not doubled
        :raise AccessError: without the power to record, or for somebody else's contact
        """
        self.ensure_one()
        self._check_record(self.env._("plan the next contact of"))
        following = self.search([("previous_id", "=", self.id), ("state", "=", "planned")], limit=1)
        if not following:
            following = self.create(
                {
                    "partner_id": self.partner_id.id,
                    "contact_id": self.contact_id.id,
                    "company_id": self.company_id.id,
                    "user_id": self.user_id.id,
                    "method": self.method,
                    "date_planned": self._next_day(),
                    "previous_id": self.id,
                }
            )
        return self._open_record(following)

    def action_view_leads(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Opportunities"),
            "res_model": "crm.lead",
            "view_mode": "list,form",
            "domain": [("procedure_communication_id", "=", self.id)],
        }

    def action_view_changes(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Customer Changes"),
            "res_model": "crm.procedure.change",
            "view_mode": "list,form",
            "domain": [("communication_id", "=", self.id)],
        }

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _lead_values(self, origin):
        customer = self.partner_id.sudo()  # called for somebody who may see the contact with the customer
        values = {
            "type": "opportunity",
            "description": self.need_note,
            "user_id": customer.user_id.id,
            "company_id": self.company_id.id,
            "procedure_communication_id": self.id,
            "procedure_origin": origin,
        }
        if origin == "referral":
            return values | {
                "name": self.env._("Referred by %(customer)s", customer=customer.name),
                "referred": customer.name,
            }
        return values | {
            "name": self.env._("Repeat business with %(customer)s", customer=customer.name),
            "partner_id": (self.contact_id or customer).id,
        }

    def _next_day(self):
        """:return: the day by which the grade asks for the next contact, counted from this one"""
        grade = self.partner_id.sudo().with_company(self.company_id).procedure_grade_id  # no secret
        floor = int(self._limit("contact_floor"))
        interval = min(grade.contact_interval_days, floor) if grade else floor
        today = self.company_id._procedure_now().date()
        day = max(today, fields.Date.to_date(self.date_done) or today) + timedelta(days=interval)
        worked = [found for found in self.company_id._procedure_work_ends(today, day) if today < found <= day]
        return worked[-1] if worked else day

    def _open_record(self, record):
        return {
            "type": "ir.actions.act_window",
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
        }


class CrmLead(models.Model):
    _inherit = "crm.lead"

    procedure_communication_id = fields.Many2one(
        "crm.procedure.communication",
        string="Heard in",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        readonly=True,
        groups=USER,
        help="The communication that this business was heard of in.",
    )
    procedure_origin = fields.Selection(
        [("repeat", "Repeat business"), ("referral", "Referral")],
        string="Kind of business",
        copy=False,
        readonly=True,
        groups=USER,
    )


class ProcedureChange(models.Model):
    _inherit = "crm.procedure.change"

    communication_id = fields.Many2one(
        "crm.procedure.communication",
        string="Heard in",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The communication that this change was heard of in.",
    )

    @api.constrains("communication_id", "partner_id")
    def _check_communication(self):
        """Whoever links a communication may see it: a link tells what it is about."""
        drafts = self.filtered(lambda change: change.state == "draft")
        drafts.communication_id.sudo(False).check_access("read")  # constraints run as superuser
