from odoo import api, fields, models
from odoo.fields import Domain


class ProcedureTicket(models.Model):
    """Where a report came up: an order or a contact with the customer, linked both ways (C1)."""

    _inherit = "crm.procedure.ticket"

    sale_order_id = fields.Many2one(
        "sale.order", string="Order", copy=False, index="btree_not_null", ondelete="set null", check_company=True
    )
    communication_id = fields.Many2one(
        "crm.procedure.communication",
        string="Heard in",
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The communication that this was heard of in.",
    )

    @api.constrains("sale_order_id", "communication_id")
    def _check_source(self):
        """Whoever links an order or a contact may see it: a link tells what it is about."""
        reported = self.filtered(lambda ticket: ticket.state == "reported")
        for source in (reported.sale_order_id, reported.communication_id):
            if source:
                source.sudo(False).check_access("read")  # constraints run as superuser

    @api.model
    def _report_action(self, **values):
        """:param values: what the report begins with
        :return: action that opens a new report
        """
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Report a Ticket"),
            "res_model": self._name,
            "views": [(False, "form")],
            "context": {f"default_{name}": value for name, value in values.items()},
        }

    @api.model
    def _list_action(self, domain, name):
        """:return: action that lists the tickets of a source"""
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": self._name,
            "views": [(False, "list"), (False, "form")],
            "domain": list(Domain(domain)),
        }


class SaleOrder(models.Model):
    _inherit = "sale.order"

    procedure_ticket_count = fields.Integer(
        string="Tickets", compute="_compute_procedure_ticket_count", groups="crm_procedure.group_user"
    )

    def _compute_procedure_ticket_count(self):
        # sudo: how many there are; who opens them needs the right to
        groups = (
            self.env["crm.procedure.ticket"]
            .sudo()
            ._read_group([("sale_order_id", "in", self.ids)], ["sale_order_id"], ["__count"])
        )
        counts = {order.id: count for order, count in groups}
        for order in self:
            order.procedure_ticket_count = counts.get(order._origin.id, 0)

    def action_report_ticket(self):
        """One click from an order to a report (C1). :return: action that opens it"""
        self.ensure_one()
        return self.env["crm.procedure.ticket"]._report_action(
            partner_id=self.partner_id.id, sale_order_id=self.id, company_id=self.company_id.id
        )

    def action_view_tickets(self):
        """:return: action that lists the tickets about this order"""
        self.ensure_one()
        return self.env["crm.procedure.ticket"]._list_action(
            [("sale_order_id", "=", self.id)], self.env._("Tickets of %(order)s", order=self.name)
        )


class ProcedureCommunication(models.Model):
    _inherit = "crm.procedure.communication"

    ticket_count = fields.Integer(string="Tickets", compute="_compute_ticket_count")

    def _compute_ticket_count(self):
        # sudo: how many there are; who opens them needs the right to
        groups = (
            self.env["crm.procedure.ticket"]
            .sudo()
            ._read_group([("communication_id", "in", self.ids)], ["communication_id"], ["__count"])
        )
        counts = {communication.id: count for communication, count in groups}
        for communication in self:
            communication.ticket_count = counts.get(communication._origin.id, 0)

    def action_report_ticket(self):
        """One click from a contact to a report (C1). :return: action that opens it"""
        self.ensure_one()
        return self.env["crm.procedure.ticket"]._report_action(
            partner_id=(self.contact_id or self.partner_id).id,
            communication_id=self.id,
            company_id=self.company_id.id,
            channel={"phone": "phone", "email": "email", "visit": "visit", "online": "web"}.get(self.method, "other"),
            description=self.opinion_note or False,
        )

    def action_view_tickets(self):
        """:return: action that lists the tickets that were heard of in this contact"""
        self.ensure_one()
        return self.env["crm.procedure.ticket"]._list_action(
            [("communication_id", "=", self.id)], self.env._("Tickets of %(contact)s", contact=self.display_name)
        )
