from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.scoring import MEASURES


class ProcedureGradingLine(models.Model):
    """What a run found for a customer, and why: the lines are the grade history.

    Stored for every customer that moves or is overridden; rows are made by one SQL
    statement over all customers (``tools/scoring.py``), hence no log columns: who and
    when stand on the run.
    """

    _name = "crm.procedure.grading.line"
    _description = "Grading Line"
    _order = "id desc"
    _rec_name = "partner_id"
    _log_access = False

    grading_id = fields.Many2one("crm.procedure.grading", required=True, index=True, ondelete="cascade")
    partner_id = fields.Many2one("res.partner", string="Customer", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one(related="grading_id.company_id")
    currency_id = fields.Many2one(related="grading_id.company_id.currency_id")
    date = fields.Date(related="grading_id.date")
    state = fields.Selection(related="grading_id.state")

    sales_amount = fields.Monetary(readonly=True)
    order_count = fields.Integer(string="Orders", readonly=True)
    recency = fields.Integer(string="Days since last order", readonly=True)
    potential = fields.Integer(readonly=True)
    standing = fields.Selection(selection="_selection_standing", readonly=True)
    credit = fields.Selection(selection="_selection_credit", readonly=True)

    score = fields.Float(readonly=True, digits=(5, 2), aggregator="avg")
    previous_grade_id = fields.Many2one("crm.procedure.grade", string="Grade before", readonly=True)
    computed_grade_id = fields.Many2one("crm.procedure.grade", string="Computed grade", readonly=True)
    grade_id = fields.Many2one("crm.procedure.grade", string="Grade")
    grade_color = fields.Integer(related="grade_id.color", string="Colour of the grade")
    move = fields.Selection(
        [("new", "First grade"), ("up", "Up"), ("down", "Down"), ("same", "Unchanged")], readonly=True
    )
    override_reason = fields.Char(help="Why the grade differs from the computed one.")
    override_user_id = fields.Many2one("res.users", string="Overridden by", readonly=True)
    skip_reason = fields.Selection(
        [
            ("archived", "Customer archived"),
            ("merged", "Customer merged"),
            ("contact", "Now a contact of another customer"),
        ],
        string="Set aside",
        readonly=True,
    )
    explanation_html = fields.Html(string="Why", compute="_compute_explanation_html", sanitize=False)

    _overridden_idx = models.Index("(partner_id) WHERE override_reason IS NOT NULL")
    # The next lines of a run, in the order in which they are applied.
    _apply_idx = models.Index("(grading_id, id)")

    @api.model
    def _selection_standing(self):
        return self.env["res.partner"]._fields["procedure_standing"]._description_selection(self.env)

    @api.model
    def _selection_credit(self):
        return self.env["res.partner"]._fields["procedure_credit"]._description_selection(self.env)

    @api.depends("score", "grade_id", "override_reason")
    @api.depends_context("lang")
    def _compute_explanation_html(self):
        for line in self:
            line.explanation_html = line.grading_id._explain(
                line._measures(), line.score, line.grade_id, line.override_reason
            )

    @api.constrains("grade_id", "computed_grade_id", "override_reason")
    def _check_override_reason(self):
        for line in self:
            if line.grade_id != line.computed_grade_id and not (line.override_reason or "").strip():
                raise ValidationError(
                    self.env._(
                        "%(customer)s: the figures give %(computed)s, you chose %(grade)s. "
                        "Enter the reason beside it: it stays in the customer's grade history.",
                        customer=line.partner_id.display_name,
                        computed=line.computed_grade_id.name or self.env._("no grade"),
                        grade=line.grade_id.name or self.env._("no grade"),
                    )
                )

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """Lines made by hand override a customer who does not move; the figures are added."""
        vals_list = [dict(vals) for vals in vals_list]
        for vals in vals_list:
            self._refuse_computed(vals)
            vals["override_user_id"] = self.env.uid
            if not (vals.get("grading_id") and vals.get("partner_id")):
                raise UserError(self.env._("Choose the customer whose grade you want to override."))
        gradings = self.env["crm.procedure.grading"].browse({vals["grading_id"] for vals in vals_list})
        gradings._check_open_for_overrides()
        for grading in gradings:
            mine = [vals for vals in vals_list if vals["grading_id"] == grading.id]
            self._refuse_doubles(grading, [vals["partner_id"] for vals in mine])
            figures = self._figures_for(grading._scoring(), [vals["partner_id"] for vals in mine])
            for vals in mine:
                found = figures[vals["partner_id"]]
                vals.update({"grade_id": found["computed_grade_id"], "skip_reason": False, **found, **vals})
        lines = super().create(vals_list)
        lines._set_move()
        gradings._refresh_figures()
        return lines

    def write(self, vals):
        if not self.env.su:
            self._refuse_computed(vals)
            self.grading_id._check_open_for_overrides()
        if "grade_id" in vals or "override_reason" in vals:
            vals = {**vals, "override_user_id": self.env.uid}
        result = super().write(vals)
        if "grade_id" in vals:
            self._set_move()
            self.grading_id._refresh_figures()
        return result

    def unlink(self):
        gradings = self.grading_id
        result = super().unlink()
        gradings._refresh_figures()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_signed(self):
        if self.env.su:
            return
        self.grading_id._check_open_for_overrides()
        for line in self.filtered(lambda row: row.computed_grade_id != row.previous_grade_id):
            raise UserError(
                self.env._(
                    "%(customer)s moves by the figures and cannot be taken off the list. "
                    "To keep the old grade, choose it in the line and enter the reason.",
                    customer=line.partner_id.display_name,
                )
            )

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _measures(self):
        """:return: {measure: value} as the engine wants it; 0 days since an order is a value"""
        self.ensure_one()
        values = {name: self[name] for name in MEASURES}
        values["standing"], values["credit"] = self.standing or None, self.credit or None
        if not self.order_count:
            values["recency"] = None
        return values

    def _refresh(self, scoring):
        """Fresh figures for overridden lines; those of customers now out of scope go."""
        figures = scoring.customers(self.partner_id.ids)
        for line in self:
            values = figures.get(line.partner_id.id)
            if not values:
                line.sudo().unlink()  # a recompute tidies its own draft
                continue
            values["computed_grade_id"] = values.pop("grade_id")
            line.sudo().write({**values, "override_user_id": line.override_user_id.id})  # as above
            line._set_move()

    @api.model
    def _carry_over_overrides(self, grading):
        """What two departments signed otherwise than computed holds until they say so:
        customers whose grade came from an override keep it, with the reason, in the draft."""
        self.env.cr.execute(
            """
            UPDATE crm_procedure_grading_line l
            SET grade_id = l.previous_grade_id, move = 'same',
                override_reason = o.override_reason, override_user_id = o.override_user_id
            FROM crm_procedure_grading_line o
            JOIN crm_procedure_grading g ON g.id = o.grading_id
            WHERE l.grading_id = %(grading)s AND o.partner_id = l.partner_id
              AND o.override_reason IS NOT NULL AND o.skip_reason IS NULL
              AND o.grade_id = l.previous_grade_id AND o.grade_id IS DISTINCT FROM o.computed_grade_id
              AND g.company_id = %(company)s AND g.state = 'approved'
              AND NOT EXISTS (
                SELECT FROM crm_procedure_grading_line n
                JOIN crm_procedure_grading ng ON ng.id = n.grading_id
                WHERE n.partner_id = o.partner_id AND n.id > o.id
                  AND ng.company_id = g.company_id AND ng.state = 'approved')
            """,
            {"grading": grading.id, "company": grading.company_id.id},
        )

    def _set_move(self):
        """Direction of each move by the rank of the grades (best first)."""
        for line in self:
            old, new = line.previous_grade_id, line.grade_id
            if old == new:
                move = "same"
            elif not old:
                move = "new"
            elif new and (new.sequence, new.id) < (old.sequence, old.id):
                move = "up"
            else:
                move = "down"
            super(ProcedureGradingLine, line).write({"move": move})

    @api.model
    def _refuse_computed(self, vals):
        if self.env.su:
            return
        computed = set(vals) - {"grading_id", "partner_id", "grade_id", "override_reason"}
        if computed:
            raise UserError(
                self.env._(
                    "Scores and figures are computed. To decide otherwise, choose another grade and enter the reason."
                )
            )

    @api.model
    def _refuse_doubles(self, grading, partner_ids):
        there = self.search([("grading_id", "=", grading.id), ("partner_id", "in", partner_ids)], limit=1)
        if there or len(set(partner_ids)) < len(partner_ids):
            customer = there.partner_id or self.env["res.partner"].browse(partner_ids[0])
            raise UserError(
                self.env._(
                    "%(customer)s stands on %(grading)s already. Change the grade in that line.",
                    customer=customer.display_name,
                    grading=grading.name,
                )
            )

    @api.model
    def _figures_for(self, scoring, partner_ids):
        figures = scoring.customers(partner_ids)
        for partner_id in partner_ids:
            if partner_id not in figures:
                raise UserError(
                    self.env._(
                        "%(partner)s is not graded: only active customers of the company are, not their "
                        "contacts. Choose the customer itself.",
                        partner=self.env["res.partner"].browse(partner_id).display_name,
                    )
                )
        for values in figures.values():
            values["computed_grade_id"] = values.pop("grade_id")
        return figures
