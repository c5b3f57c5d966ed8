from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import format_date

SHOWN = 2  # last contacts
LONGEST = 160  # characters of a note

SATISFACTION = [
    ("0", "Not asked"),
    ("1", "Very dissatisfied"),
    ("2", "Dissatisfied"),
    ("3", "Neither"),
    ("4", "Satisfied"),
    ("5", "Very satisfied"),
]


class ProcedureCommunication(models.Model):
    """What whoever makes a contact wants to see of the customer before (V2)."""

    _inherit = "crm.procedure.communication"

    glance_html = fields.Html(string="At a glance", compute="_compute_glance_html", sanitize=False)
    grade_color = fields.Integer(related="grade_id.color", string="Colour of the grade")
    contact_phone = fields.Char(string="Phone", compute="_compute_contact_phone")
    satisfaction_choice = fields.Selection(
        SATISFACTION,
        string="Satisfaction (1–5)",
        compute="_compute_satisfaction_choice",
        inverse="_inverse_satisfaction_choice",
    )

    @api.depends("partner_id")
    @api.depends_context("uid", "lang")
    def _compute_glance_html(self):
        self.glance_html = False
        for record in self.filtered("partner_id"):
            record.glance_html = self.env["ir.qweb"]._render(
                "crm_procedure.communication_glance",
                {"facts": record._glance_facts(), "contacts": record._contacts_before()},
            )

    @api.depends("contact_id", "partner_id")
    def _compute_contact_phone(self):
        for record in self:
            # sudo: the number to call of a contact that one may see
            record.contact_phone = record.contact_id.sudo().phone or record.partner_id.sudo().phone

    @api.depends("satisfaction")
    def _compute_satisfaction_choice(self):
        for record in self:
            record.satisfaction_choice = str(record.satisfaction)

    def _inverse_satisfaction_choice(self):
        for record in self:
            record.satisfaction = int(record.satisfaction_choice or 0)

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _glance_facts(self):
        """:return: list of (label, text) of the customer; other subjects, e.g. tickets, add theirs

        sudo: that and when a customer has ordered is no secret; amounts are not told.
        """
        self.ensure_one()
        customer = self.partner_id.sudo().with_company(self.company_id or self.env.company)
        orders = Domain("partner_id", "child_of", customer.id) & Domain("state", "=", "sale")
        orders &= Domain("company_id", "=", customer.env.company.id)
        [(count, last)] = self.env["sale.order"].sudo()._read_group(orders, [], ["__count", "date_order:max"])
        facts = [
            (self.env._("Grade"), customer.procedure_grade_id.name or self.env._("not graded")),
            (self.env._("Status"), customer._status_label(customer.procedure_status)),
            (
                self.env._("Orders"),
                self.env._("%(count)s, the last on %(date)s", count=count, date=format_date(self.env, last))
                if count
                else self.env._("none yet"),
            ),
        ]
        return facts

    def _contacts_before(self):
        """:return: list of the last contacts with the customer that the user may see"""
        before = (
            Domain("partner_id", "=", self.partner_id.id)
            & Domain("state", "=", "done")
            & Domain("id", "!=", self._origin.id)
        )
        return self.search(before, order="date_planned desc, id desc", limit=SHOWN)._timeline_rows()

    def _timeline_rows(self):
        """:return: list of dicts for people: day, kind, method, user, notes (list), satisfaction, state, id"""
        labels = {
            name: dict(self._fields[name]._description_selection(self.env)) for name in ("kind", "method", "state")
        }
        scale = dict(self._fields["satisfaction_choice"]._description_selection(self.env))
        rows = []
        for record in self:
            day = fields.Datetime.context_timestamp(record, record.date_done).date() if record.date_done else None
            notes = [record.usage_note, record.need_note, record.opinion_note, record.next_note, record.evidence]
            rows.append(
                {
                    "id": record.id,
                    "day": format_date(self.env, day or record.date_planned),
                    "kind": labels["kind"].get(record.kind),
                    "method": labels["method"].get(record.method),
                    "person": record.contact_id.sudo().name,  # named as on the communication
                    "user": record.user_id.sudo().name,
                    "state": record.state,
                    "state_label": labels["state"].get(record.state),
                    "is_overdue": record.is_overdue,
                    "satisfaction": record.satisfaction and scale[str(record.satisfaction)],
                    "notes": [_shortened(note) for note in notes if note],
                }
            )
        return rows


def _shortened(text):
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
