import logging
from operator import itemgetter

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, groupby

_logger = logging.getLogger(__name__)

LEADER, MANAGEMENT = "1", "2"
ESCALATIONS = ((MANAGEMENT, "escalate_management"), (LEADER, "escalate_leader"))


class ProcedureMixin(models.AbstractModel):
    """What every controlled record of the procedure shares (DESIGN.md, "The one idea").

    A number, who is responsible, the version of the procedure it runs under, by when,
    and what happens when that time has passed. A model that inherits it says in
    ``_open_states`` while it is being waited for, and gets the rest.
    """

    _name = "crm.procedure.mixin"
    _description = "Controlled Record"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _check_company_auto = True
    _mail_post_access = "read"  # who may read a record may ask about it

    _open_states = ()
    _number_prefix = ""  # e.g. "GRL": gives GRL-2026-0001
    _deadline_limit = None  # code of the limit, in working days, that the deadline comes from
    _duty = None  # duty of the team that a new record belongs to

    name = fields.Char(string="Number", readonly=True, copy=False, index=True)
    company_id = fields.Many2one("res.company", required=True, index=True, default=lambda self: self.env.company)
    user_id = fields.Many2one("res.users", string="Responsible", index=True, default=lambda self: self.env.user)
    team_id = fields.Many2one("crm.procedure.team", string="Team", check_company=True)
    procedure_id = fields.Many2one(
        "crm.procedure",
        string="Procedure Version",
        readonly=True,
        copy=False,
        help="The version in force when this record was made: its limits hold.",
    )
    deadline = fields.Datetime(copy=False)
    is_overdue = fields.Boolean(string="Overdue", compute="_compute_is_overdue", search="_search_is_overdue")
    escalation_level = fields.Selection(
        [("0", "None"), (LEADER, "Team leader"), (MANAGEMENT, "Management")],
        string="Escalated to",
        default="0",
        readonly=True,
        copy=False,
    )

    @api.depends("deadline", "state")
    def _compute_is_overdue(self):
        now = fields.Datetime.now()
        for record in self:
            record.is_overdue = bool(record.state in self._open_states and record.deadline and record.deadline < now)

    def _search_is_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        return self._domain_overdue(fields.Datetime.now())

    @api.model
    def _domain_overdue(self, moment):
        """:return: domain of the records still open whose deadline lay before ``moment``"""
        return Domain("state", "in", list(self._open_states)) & Domain("deadline", "<", moment)

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [{"company_id": self.env.company.id, **vals} for vals in vals_list]
        for company_id, own in groupby(vals_list, itemgetter("company_id")):
            self._fill_controlled(self.env["res.company"].browse(company_id), own)
        return super().create(vals_list)

    @api.model
    def _fill_controlled(self, company, vals_list):
        """Give new records of one company what they do not choose themselves; asked once for all."""
        procedure = self.env["crm.procedure"]._in_force(company)
        given = {"procedure_id": procedure.id, "escalation_level": "0"}
        if self._duty and not all(vals.get("team_id") for vals in vals_list):
            team = self.env["crm.procedure.team"]._with_duty(self._duty, company)
        if self._deadline_limit and not all(vals.get("deadline") for vals in vals_list):
            deadline = company._procedure_days_ahead(int(procedure._limit(self._deadline_limit)))
        for vals, name in zip(vals_list, self._next_numbers(company, len(vals_list)), strict=True):
            vals.update(given, name=name)
            if self._duty and not vals.get("team_id"):
                vals["team_id"] = team.id
            if self._deadline_limit and not vals.get("deadline"):
                vals["deadline"] = deadline

    def write(self, vals):
        given = {"name", "procedure_id", "escalation_level"} & set(vals)
        if given and not self.env.su:
            raise AccessError(
                self.env._("Number, procedure version and escalation are given by the system and cannot be changed.")
            )
        return super().write(vals)

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _next_numbers(self, company, count):
        """:return: list of the next ``count`` numbers of ``company``"""
        prefix, first, padding, suffix = self._take_numbers(company, count)
        return [f"{prefix}{number:0{padding}d}{suffix}" for number in range(first, first + count)]

    @api.model
    def _take_numbers(self, company, count):
        """Take a block of numbers, without gaps, as an auditor expects: one statement, under the
        counter's lock, which is held until the records are saved or the numbers given back.

        :return: (prefix, first number, digits, suffix)
        """
        table, counter, prefix, padding, suffix = self._number_counter(company)
        [[following]] = self.env.execute_query(
            SQL(
                "UPDATE %s SET number_next = number_next + %s WHERE id = %s RETURNING number_next",
                SQL.identifier(table),
                count,
                counter,
            )
        )
        return prefix, following - count, padding, suffix

    @api.model
    def _number_counter(self, company):
        """Where the numbers of ``company`` are counted; the caller moves ``number_next`` of that row.

        sudo: nobody may touch a counter but through this.

        :return: (table, id, prefix, digits, suffix)
        """
        sequences = self.env["ir.sequence"].sudo()
        own = Domain("code", "=", self._name) & Domain("company_id", "=", company.id)
        sequence = sequences.search(own, limit=1) or sequences.create(
            {
                "name": f"{self._description} ({company.name})",
                "code": self._name,
                "company_id": company.id,
                "prefix": f"{self._number_prefix}-%(year)s-",
                "padding": 4,
                "use_date_range": True,
                "implementation": "no_gap",
            }
        )
        today = fields.Date.to_date(self.env.context.get("ir_sequence_date")) or company._procedure_now().date()
        counter = sequence
        if sequence.use_date_range:
            in_range = Domain("date_from", "<=", today) & Domain("date_to", ">=", today)
            counter = sequence.date_range_ids.filtered_domain(in_range)[:1]
            counter = counter or sequence._create_date_range_seq(today)
        counter.flush_recordset(["number_next"])
        counter.invalidate_recordset(["number_next"])
        prefix, suffix = sequence._get_prefix_suffix(date=today, date_range=today)
        return counter._table, counter.id, prefix, sequence.padding, suffix

    def _limit(self, code):
        """Value of a limit in the version this record runs under."""
        self.ensure_one()
        return self.procedure_id._limit(code)

    # ------------------------------------------------------------
    # CRON: escalation
    # ------------------------------------------------------------

    @api.model
    def _cron_escalate(self, batch_size=200):
        """One scheduled action for every model that uses the mixin.

        Tells the leader of the team, later management, each once for a record, after the
        days that the record's own version of the procedure gives. A batch is committed
        before the next; a record that fails is set aside and does not stop the rest.
        """
        done, remaining = 0, 0
        for name in self._controlled_models():
            for company, procedure in self.env[name]._escalation_rules():
                for level, code in ESCALATIONS:
                    model = self.env[name].with_company(company)
                    count, left = model._escalate_batch(company, procedure, level, code, batch_size)
                    done, remaining = done + count, remaining + left
        self.env["ir.cron"]._commit_progress(done, remaining=remaining)

    @api.model
    def _controlled_models(self):
        """:return: names of the models that use the mixin"""
        names = self.pool.descendants(["crm.procedure.mixin"], "_inherit")
        return [name for name in names if not self.env[name]._abstract]

    @api.model
    def _escalation_rules(self):
        """:return: list of (company, procedure version) of the overdue records"""
        return self._read_group(self._domain_overdue(fields.Datetime.now()), ["company_id", "procedure_id"])

    @api.model
    def _escalate_batch(self, company, procedure, level, code, batch_size):
        """:return: how many records were escalated, how many wait for the next batch"""
        below = [LEADER, "0"] if level == MANAGEMENT else ["0"]
        domain = (
            self._domain_overdue(company._procedure_days_ago(int(procedure._limit(code))))
            & Domain("company_id", "=", company.id)
            & Domain("procedure_id", "=", procedure.id)
            & Domain("escalation_level", "in", below)
        )
        late = self.search(domain, limit=batch_size, order="deadline, id").try_lock_for_update()
        try:
            with self.env.cr.savepoint():
                late._escalate(level)
        except Exception:
            _logger.exception("Escalation of %s in one batch failed, now one by one", self._name)
            late._escalate_one_by_one(level)
        return len(late), self.search_count(domain) if len(late) == batch_size else 0

    def _escalate_one_by_one(self, level):
        for record in self:
            try:
                with self.env.cr.savepoint():
                    record._escalate(level)
            except Exception:
                _logger.exception("%s cannot be escalated and is set aside", record)
                record.escalation_level = level

    def _escalate(self, level):
        """Put an activity before whoever has to know; the record remembers the level."""
        self.write({"escalation_level": level})
        self.mapped("display_name")  # read once, not once for each activity
        for team, records in self.grouped("team_id").items():
            for user in self._escalation_users(team, level):
                records.with_context(mail_activity_quick_update=True).activity_schedule(
                    "crm_procedure.mail_activity_type_overdue",
                    user_id=user.id,
                    summary=self.env._("Overdue"),
                )

    def _escalation_users(self, team, level):
        if level == LEADER and team.leader_id:
            return team.leader_id
        company = self.company_id[:1]
        management = self.env["crm.procedure.team"]._with_duty("management", company)
        return management.leader_id or self.env["res.users"].search_procedure_role("manager", company)
