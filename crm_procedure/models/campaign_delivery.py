from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL


class ProcedureCampaign(models.Model):
    """The feedback form after a delivery: each order once, within the limit of the procedure (Q6, 003 six)."""

    _inherit = "crm.procedure.campaign"

    days_after = fields.Integer(
        string="Days after delivery",
        default=14,
        help="So many days after the delivery the form is sent: late enough that the customer can judge.",
    )
    order_condition = fields.Selection(
        [("confirmed", "Confirmed"), ("invoiced", "Confirmed and invoiced")],
        string="Orders that count",
        required=True,
        default="confirmed",
        help="Where deliveries are not recorded in the system, the invoice is the better sign that all was delivered.",
    )

    _days_after_positive = models.Constraint(
        "CHECK (days_after >= 0)", "The form is sent on the day of delivery or later."
    )

    @api.constrains("days_after", "kind")
    def _check_days_after(self):
        for campaign in self.filtered(lambda c: c.kind == "delivery"):
            most = int(campaign._limit("feedback_form"))
            if campaign.days_after > most:
                raise ValidationError(
                    self.env._(
                        "The procedure wants the feedback form within %(most)s days after delivery, and %(days)s is "
                        "more. Enter fewer days.",
                        most=most,
                        days=campaign.days_after,
                    )
                )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_delivery(self):
        """Each day: the orders delivered so many days ago get their form."""
        campaigns = self.search([("state", "=", "running"), ("kind", "=", "delivery")])
        for done, campaign in enumerate(campaigns, start=1):
            campaign.with_company(campaign.company_id)._take_orders()
            self.env["ir.cron"]._commit_progress(1, remaining=len(campaigns) - done)
        if campaigns:
            campaigns._wake_sending()

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _take_orders(self):
        """Make participants of the orders that are due; a customer with several is asked about the latest.

        :return: number of participants made
        """
        self.ensure_one()
        today = self.company_id._procedure_now().date()
        if not self.date_from <= today <= self.date_to:
            return 0
        first = max(self.date_from, fields.Date.subtract(today, days=int(self._limit("feedback_form"))))
        orders = self._due_orders(first, fields.Date.subtract(today, days=self.days_after))
        if not orders:
            return 0
        customers, order_ids, contacts = zip(*orders, strict=True)
        rows = SQL(
            """
            WITH %s
            SELECT frame.*, due.order_id
              FROM frame
              JOIN unnest(%s::int[], %s::int[]) AS due (customer_id, order_id) ON due.customer_id = frame.id
             WHERE reason IS NULL
            """,
            self._frame(Domain("id", "in", customers), prefer=contacts),
            list(customers),
            list(order_ids),
        )
        return len(self._insert_participants(rows))

    def _due_orders(self, first, last):
        """:return: list of (customer id, order id, contact id), one for each customer"""
        orders = self.env["sale.order"]
        query = orders._search(
            Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "sale")
            & (Domain("invoice_status", "=", "invoiced") if self.order_condition == "invoiced" else Domain.TRUE)
        )
        day = SQL(
            "(COALESCE(%s) AT TIME ZONE 'UTC' AT TIME ZONE %s)::date",
            SQL(", ").join(SQL.identifier("sale_order", name) for name in self._delivered_fields()),
            self.company_id._procedure_tz(),
        )
        query.add_where(SQL("%s BETWEEN %s AND %s", day, first, last))
        query.add_where(SQL("NOT EXISTS (SELECT FROM survey_user_input u WHERE u.procedure_order_id = sale_order.id)"))
        orders.flush_model()
        self.env["survey.user_input"].flush_model(["procedure_order_id"])
        return self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (p.commercial_partner_id) p.commercial_partner_id, o.id, o.partner_id
                  FROM (%s) o
                  JOIN res_partner p ON p.id = o.partner_id
              ORDER BY p.commercial_partner_id, o.day DESC, o.id DESC
                """,
                query.select(
                    SQL.identifier("sale_order", "id"),
                    SQL.identifier("sale_order", "partner_id"),
                    SQL("%s AS day", day),
                ),
            )
        )

    @api.model
    def _delivered_fields(self):
        """:return: names of the order's fields that say when it was delivered, the surest first; the first
        belongs to an app that need not be there"""
        names = ("effective_date", "commitment_date", "date_order")
        known = self.env["sale.order"]._fields
        return [name for name in names if name in known and known[name].store]
