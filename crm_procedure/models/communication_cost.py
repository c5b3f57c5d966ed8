from datetime import datetime, time, timedelta

from pytz import timezone, utc

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_amount

CARE_KINDS = ("reception", "gift", "event", "greeting")
APPROVE = "cost_approve"
APPROVAL_ACTIVITY = "crm_procedure.mail_activity_type_approval"
# what the approval was given for: when one of these changes, it is asked for again
APPROVED_FOR = {"partner_id", "contact_id", "kind", "company_id"}


class ProcedureCommunication(models.Model):
    """What reception, gifts and events may cost (V8, V10, X16): gifts to a person and year by a
    limit of the procedure, all care of a customer and year by the budget of its grade.
    What goes beyond is approved by management before the contact can be done.
    """

    _inherit = "crm.procedure.communication"

    cost_state = fields.Selection(
        [("asked", "Asked for"), ("approved", "Approved"), ("rejected", "Rejected")],
        string="Approval of the cost",
        readonly=True,
        copy=False,
        index=False,
        tracking=True,
    )
    cost_approved = fields.Monetary(string="Approved up to", readonly=True, copy=False)
    cost_asked_by_id = fields.Many2one("res.users", string="Approval asked for by", readonly=True, copy=False)
    cost_decided_by_id = fields.Many2one("res.users", string="Cost decided by", readonly=True, copy=False)
    cost_decided_on = fields.Datetime(readonly=True, copy=False)
    cost_note = fields.Text(string="Spent so far", compute="_compute_cost_note")
    cost_excess = fields.Text(string="Beyond the limits", compute="_compute_cost_note")
    can_approve_cost = fields.Boolean(compute="_compute_can_approve_cost")

    _cost_idx = models.Index("(partner_id, kind) WHERE cost > 0")
    _gift_idx = models.Index("(contact_id) WHERE kind = 'gift' AND cost > 0")

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("cost", "kind", "partner_id", "contact_id", "date_planned", "date_done", "state", "cost_approved")
    @api.depends_context("lang")
    def _compute_cost_note(self):
        for record in self:
            caps = record._cost_caps() if record.partner_id else []
            record.cost_note = "\n".join(record._cost_sentence(*cap) for cap in caps) or False
            record.cost_excess = "\n".join(record._cost_beyond(caps)) or False

    @api.depends_context("uid")
    @api.depends("cost_state")
    def _compute_can_approve_cost(self):
        may = self.env.user.has_procedure_power(APPROVE)
        for record in self:
            record.can_approve_cost = may and record.cost_state == "asked"

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model
    def _system_fields(self):
        signed = {"cost_state", "cost_approved", "cost_asked_by_id", "cost_decided_by_id", "cost_decided_on"}
        return super()._system_fields() | signed

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._fill_team()
        return records

    def write(self, vals):
        result = super().write(vals)
        if APPROVED_FOR & set(vals):
            # sudo: follows from the change; nobody may set these
            self.filtered("cost_state").sudo().write({"cost_state": False, "cost_approved": 0})
        if "cost" in vals:
            self._fill_team()
        if not self.env.su and (APPROVED_FOR | {"cost"}) & set(vals):
            self.filtered(lambda record: record.state == "done")._check_cost()
        return result

    def _fill_team(self):
        """Costs are summed up by department: that of the account owner, unless one was chosen.

        sudo: follows from the owner; who is in which team is no secret.
        """
        costly = self.filtered(lambda record: record.cost and not record.team_id).sudo()
        for company, records in costly.grouped("company_id").items():
            teams = self.env["crm.procedure.team"].sudo().search([("company_id", "=", company.id)])
            for user, own in records.grouped("user_id").items():
                team = teams.filtered(lambda t, user=user: user in t._people())[:1]
                if team:
                    own.team_id = team

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_ask_cost(self, reason=None):
        """Ask management to approve a cost beyond the limits, before it is spent.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        :raise AccessError: without the power to record, or for somebody else's contact
        :raise UserError: when it is not planned any more, or within the limits
        """
        self._check_record(self.env._("ask for the approval of"))
        for record in self.filtered(lambda r: not r.cost_excess):
            raise UserError(
                self.env._(
                    "The cost of %(record)s is within the limits and needs no approval.", record=record.display_name
                )
            )
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_ask_cost", self.env._("Ask for Approval"))
        self._lock_in_state("planned", self.env._("changed"))
        for record in self.sudo():  # powers were checked; a request is not typed
            record.write({"cost_state": "asked", "cost_asked_by_id": self.env.uid, "cost_approved": 0})
            record.message_post(
                body=self.env._(
                    "Approval asked for %(amount)s: %(reason)s",
                    amount=format_amount(self.env, record.cost, record.currency_id),
                    reason=reason.strip(),
                ),
                author_id=self.env.user.partner_id.id,
                subtype_xmlid="mail.mt_note",
            )
            record.activity_schedule(
                APPROVAL_ACTIVITY,
                user_id=record._cost_approver().id,
                summary=self.env._("Please approve the cost of %(record)s", record=record.display_name),
                note=f"{record.cost_excess}\n{reason.strip()}",
            )
        return True

    def action_approve_cost(self):
        """Allow the cost as it stands.

        :return: True
        :raise AccessError: without the power
        :raise UserError: when nobody asked, or the asker is oneself
        """
        self._check_cost_decision(self.env._("approve the cost of"))
        for record in self.filtered(lambda r: r.cost_asked_by_id == self.env.user):
            record._check_not_own(
                self.env._(
                    "You asked for the approval of %(record)s yourself, so somebody else has to decide. "
                    "A one-person company can waive this in the settings.",
                    record=record.display_name,
                )
            )
        for record in self:
            amount = format_amount(self.env, record.cost, record.currency_id)
            record._decide_cost("approved", record.cost, self.env._("Cost approved up to %(amount)s.", amount=amount))
        return True

    def action_reject_cost(self, reason=None):
        """Turn the cost down, with a reason.

        :param str reason: asked for in a dialog when it is not given
        :return: True, or the action that opens the dialog
        :raise AccessError: without the power
        :raise UserError: when nobody asked
        """
        self._check_cost_decision(self.env._("reject the cost of"))
        if not (reason and reason.strip()):
            return self.env["crm.procedure.reason"]._open(self, "action_reject_cost", self.env._("Reject the Cost"))
        for record in self:
            record._decide_cost("rejected", 0, self.env._("Cost rejected: %(reason)s", reason=reason.strip()))
        return True

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _reason_methods(self):
        """:return: names of the methods that the reason dialog may call"""
        return super()._reason_methods() | {"action_ask_cost", "action_reject_cost"}

    def _finish(self, **values):
        """Every way to a done contact comes by here."""
        self._check_cost()
        return super()._finish(**values)

    def _check_cost(self):
        """:raise UserError: with the numbers, when a cost is beyond what may be spent and not approved"""
        for record in self.filtered("cost"):
            approved = record.cost_state == "approved" and record.cost <= record.cost_approved
            excess = [] if approved else record._cost_beyond(record._cost_caps())
            if excess:
                raise UserError(
                    self.env._(
                        "%(excess)s\n\nManagement has to approve this before it is spent: press Ask for Approval on "
                        "%(record)s while it is planned, or lower the cost.",
                        excess="\n".join(excess),
                        record=record.display_name,
                    )
                )

    def _check_cost_decision(self, act):
        self._check_power(APPROVE, act)
        self._lock_in_state("planned", self.env._("changed"))
        self.invalidate_recordset(["cost", "cost_state"])
        for record in self.filtered(lambda r: r.cost_state != "asked"):
            raise UserError(
                self.env._("Nobody waits for a decision on the cost of %(record)s.", record=record.display_name)
            )

    def _decide_cost(self, state, amount, body):
        """sudo: the power was checked; whoever decides holds no right to edit communications."""
        record = self.sudo()
        record.write(
            {
                "cost_state": state,
                "cost_approved": amount,
                "cost_decided_by_id": self.env.uid,
                "cost_decided_on": fields.Datetime.now(),
            }
        )
        record.message_post(
            body=body,
            author_id=self.env.user.partner_id.id,
            partner_ids=record.cost_asked_by_id.partner_id.ids,
        )
        record.activity_feedback([APPROVAL_ACTIVITY])

    def _cost_approver(self):
        management = self.env["crm.procedure.team"]._with_duty("management", self.company_id)
        return management.leader_id or self.env["res.users"].search_procedure_role("manager", self.company_id)[:1]

    # ------------------------------------------------------------
    # What was spent
    # ------------------------------------------------------------

    def _cost_caps(self):
        """What bounds the cost of this contact.

        :return: list of (kind of bound, name, spent in the year by other contacts, bound); amounts
            in the company's currency
        """
        self.ensure_one()
        caps = []
        company = self.company_id or self.env.company
        # sudo: the total counts what others spent, and shows only the sum
        customer = self.partner_id.sudo().with_company(company).commercial_partner_id
        if self.kind == "gift":
            person = self.contact_id.sudo() or customer
            own = Domain("contact_id", "=", person.id)
            if person == customer:
                own = Domain("contact_id", "=", False) & Domain("partner_id", "=", customer.id)
            spent = self._cost_sum(own & Domain("kind", "=", "gift"))
            procedure = self.procedure_id or self.env["crm.procedure"]._in_force(company)
            caps.append(("gift", person.name, spent, procedure._limit("gift_year")))
        budget = customer.procedure_grade_id.care_budget
        if self.kind in CARE_KINDS and budget:
            spent = self._cost_sum(Domain("partner_id", "=", customer.id) & Domain("kind", "in", CARE_KINDS))
            caps.append(("budget", customer.name, spent, budget))
        return caps

    def _cost_sum(self, domain):
        """:return: what the other contacts of the year in ``domain`` cost; planned ones count as well"""
        first, after = self._cost_year_bounds()
        [[total]] = (
            self.sudo()  # as in _cost_caps
            .with_context(active_test=False)
            ._read_group(
                domain
                & self._domain_cost_year(first, after)
                & Domain("company_id", "=", (self.company_id or self.env.company).id)
                & Domain("id", "not in", self._origin.ids),
                aggregates=["cost:sum"],
            )
        )
        return total or 0

    def _cost_year(self):
        company = self.company_id or self.env.company
        if self.state == "done" and self.date_done:
            return utc.localize(self.date_done).astimezone(timezone(company._procedure_tz())).year
        return (self.date_planned or company._procedure_now().date()).year

    def _cost_year_bounds(self):
        year = self._cost_year()
        return datetime(year, 1, 1).date(), datetime(year + 1, 1, 1).date()

    @api.model
    def _domain_cost_year(self, first, after):
        """Costs count on the day they were spent, those still planned on the day planned; a plan
        that management has not decided on, or rejected, is none."""
        zone = timezone(self.env.company._procedure_tz())
        begin, end = (
            zone.localize(datetime.combine(day, time.min)).astimezone(utc).replace(tzinfo=None)
            for day in (first, after)
        )
        planned = (
            Domain("state", "=", "planned")
            & Domain("cost_state", "not in", ["asked", "rejected"])
            & Domain("date_planned", ">=", first)
            & Domain("date_planned", "<=", after - timedelta(days=1))
        )
        done = Domain("state", "=", "done") & Domain("date_done", ">=", begin) & Domain("date_done", "<", end)
        return Domain("cost", ">", 0) & (planned | done)

    def _cost_sentence(self, bound, name, spent, limit):
        values = self._cost_words(name, spent, limit)
        if bound == "gift":
            return self.env._("Gifts to %(name)s in %(year)s: %(spent)s of %(limit)s.", **values)
        return self.env._("Care of %(name)s in %(year)s: %(spent)s of the budget of %(limit)s.", **values)

    def _cost_beyond(self, caps):
        """:return: list of sentences, one for each bound that the cost exceeds"""
        sentences = []
        for bound, name, spent, limit in caps:
            if not self.cost or self.company_id.currency_id.compare_amounts(spent + self.cost, limit) <= 0:
                continue
            values = self._cost_words(name, spent, limit)
            text = (
                self.env._(
                    "Gifts to %(name)s in %(year)s would come to %(total)s (%(spent)s so far); the limit for a person "
                    "and year is %(limit)s.",
                    **values,
                )
                if bound == "gift"
                else self.env._(
                    "Care of %(name)s in %(year)s would come to %(total)s (%(spent)s so far); the budget of its grade "
                    "is %(limit)s.",
                    **values,
                )
            )
            sentences.append(text)
        return sentences

    def _cost_words(self, name, spent, limit):
        currency = (self.company_id or self.env.company).currency_id
        amounts = {"spent": spent, "limit": limit, "total": spent + self.cost}
        words = {key: format_amount(self.env, amount, currency) for key, amount in amounts.items()}
        return {"name": name, "year": self._cost_year(), **words}
