import logging
from datetime import datetime, time
from typing import NamedTuple

from psycopg2.errors import QueryCanceled
from pytz import timezone, utc

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

from ..tools import indicators, limits

_logger = logging.getLogger(__name__)

PREVIEW_SECONDS = 3  # that a form waits for its figure; the nightly run has time


class Frame(NamedTuple):
    """The days and the time zone of a count; companies that share them are counted in one query."""

    zone: str
    day: object  # the last one
    first: object
    now: object  # naive UTC


class ProcedureIndicator(models.Model):
    """How an indicator is counted: one query over the records for all companies (A7).

    ``COUNT(*)`` and ``COUNT(*) FILTER (…)`` on the ORM's own query, grouped by company. What is
    different in each company by its nature (completeness, grade, records shared by all) is one
    query each. Superuser counts, so that everybody reads the same figure; who opens the records
    behind it sees those of their own rights.
    """

    _inherit = "crm.procedure.indicator"

    preview = fields.Char(
        string="What it would say now",
        compute="_compute_preview",
        help="Counted for your company, as the nightly run would.",
    )
    preview_error = fields.Text(compute="_compute_preview", string="What is wrong with it")

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends(
        "model_name",
        "measure",
        "domain_population",
        "domain_conforming",
        "period",
        "period_field",
        "limit_code",
        "target",
        "direction",
    )
    @api.depends_context("company", "uid")
    def _compute_preview(self):
        self.preview = self.preview_error = False
        if not self.env.user.has_procedure_power("indicator_edit"):
            return  # a form that changes nothing shows the stored value
        for indicator in self.filtered("model_name"):
            try:
                with self.env.cr.savepoint(flush=False), indicator._patience():
                    indicator._check_definition()
                    counts = indicator._count(self.env.company)
                indicator.preview = indicator._sentence(*counts[self.env.company.id])
            except UserError as error:  # also ValidationError and AccessError
                indicator.preview_error = error.args[0]
            except QueryCanceled:
                indicator.preview = self.env._("Counting takes longer than a form waits. The nightly run has the time.")
            except Exception as error:
                _logger.info("Preview of indicator %s failed", indicator.code, exc_info=True)
                indicator.preview_error = indicator._error_text(error)

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _patience(self):
        """A form does not wait for more than some seconds."""
        return _Patience(self.env.cr, PREVIEW_SECONDS)

    def _check_runs(self):
        """:raise ValidationError: what PostgreSQL says of the query, which it plans and does not run"""
        self.ensure_one()
        try:
            with self.env.cr.savepoint(flush=False):
                query = self._query(self.env.company, self._frame(self.env.company))
                if query is not None:
                    self.env.execute_query(SQL("EXPLAIN %s", query))
        except UserError:
            raise
        except Exception as error:
            self._refuse(self._error_text(error))

    def _error_text(self, error):
        return self.env._("It cannot be counted: %(error)s", error=str(error).strip().partition("\n")[0])

    def _sentence(self, population, conforming):
        """:return: the figure, its counts and its state, in one line"""
        self.ensure_one()
        state = indicators.state_of(self.measure, population, conforming, self.target, self.direction)
        value = indicators.figure(self.measure, population, conforming)
        label = dict(self._fields["state"]._description_selection(self.env))[state]
        if value is None:
            return self.env._("%(state)s: no record counts in this period", state=label)
        if self.measure == indicators.COUNT:
            return self.env._("%(count)s: %(state)s", count=conforming, state=label)
        return self.env._(
            "%(conforming)s of %(population)s, that is %(value)s %%: %(state)s",
            conforming=formatLang(self.env, conforming, digits=0),
            population=formatLang(self.env, population, digits=0),
            value=formatLang(self.env, value, digits=1),
            state=label,
        )

    def _span(self, company):
        """:return: how long the period is in ``company``, or None for the present"""
        limit = None
        if self.period == indicators.LIMIT:
            value = self.env["crm.procedure"]._in_force(company)._limit(self.limit_code)
            limit = value, limits.BY_CODE[self.limit_code].unit
        return indicators.span_of(self.period, limit)

    def _frame(self, company):
        """:return: ``Frame`` of today in ``company``"""
        today = company._procedure_now().date()
        first = indicators.first_day(self._span(company), today)
        return Frame(company._procedure_tz(), today, first, fields.Datetime.now())

    def _count(self, companies):
        """Count for some companies, today.

        :return: {company id: (population, conforming)}
        :raise ValidationError: a definition that does not hold (any more)
        """
        self.ensure_one()
        counts = dict.fromkeys(companies.ids, (0, 0))
        for frame, own in companies.grouped(self._frame).items():
            batches = [own] if self._is_same_everywhere() else list(own)
            for batch in batches:
                query = self._query(batch, frame)
                if query is None:
                    continue
                for row in self.env.execute_query(query):
                    company_id, *figures = row if len(row) == 3 else (batch.id, *row)
                    counts[company_id] = tuple(figures)
        return counts

    def _query(self, companies, frame):
        """:param companies: several, or one when the indicator looks different in each
        :return: SQL of (company id,) population, conforming; None when nothing can match"""
        model = (
            self.env[self._model()._name]
            .sudo()
            .with_context(  # everybody reads the same figure
                allowed_company_ids=companies.ids, tz=frame.zone, active_test=True
            )
        )
        model = model.with_user(self.env.ref("base.user_root")).sudo()
        population, conforming = self._domains()
        query = model._search(population & self._domain_period(frame) & self._domain_company(model, companies))
        if query.is_empty():
            return None
        alias = query.table
        condition = conforming.optimize_full(model)._to_sql(model, alias, query)
        figures = [SQL("COUNT(*)"), SQL("COUNT(*) FILTER (WHERE %s)", condition)]
        if not self._is_same_everywhere():
            return query.select(*figures)
        column = model._field_to_sql(alias, "company_id", query)
        query.groupby = column
        return query.select(column, *figures)

    def _domain_period(self, frame):
        """:return: domain of the records whose date lies in the period; it ends now, not with the day"""
        if self.period == indicators.NOW:
            return Domain.TRUE
        if self.env[self.model_name]._fields[self.period_field].type == "date":
            return Domain(self.period_field, ">=", frame.first) & Domain(self.period_field, "<=", frame.day)
        begin = timezone(frame.zone).localize(datetime.combine(frame.first, time.min)).astimezone(utc)
        return Domain(self.period_field, ">=", begin.replace(tzinfo=None)) & Domain(self.period_field, "<=", frame.now)

    @api.model
    def _domain_company(self, model, companies):
        """:return: domain of the records of these companies, and of those shared by all"""
        path = getattr(model, "_indicator_company", "company_id")
        if path.partition(".")[0] not in model._fields:
            return Domain.TRUE
        shared = path == "company_id" and not model._fields["company_id"].required
        return Domain(path, "in", companies.ids) | (Domain(path, "=", False) if shared else Domain.FALSE)

    def _is_same_everywhere(self):
        """Whether one query serves all companies: each record belongs to one, and nothing that is
        asked of it depends on the company that one works in."""
        self.ensure_one()
        model = self.env[self.model_name]
        company = model._fields.get("company_id")
        if not company or not company.store or not company.required or hasattr(model, "_indicator_company"):
            return False
        return not any(self._differs_by_company(model, domain) for domain in self._domains())

    def _differs_by_company(self, model, domain):
        contexts = self.env.registry.field_depends_context
        for condition in domain.iter_conditions():
            current = model
            for name in condition.field_expr.split("."):
                field = current is not None and current._fields.get(name)
                if not field:
                    break
                if field.company_dependent or "company" in contexts.get(field, ()):
                    return True
                current = self.env[field.comodel_name] if field.comodel_name else None
            nested = isinstance(condition.value, Domain) and current is not None
            if nested and self._differs_by_company(current, condition.value):
                return True
        return False


class _Patience:
    def __init__(self, cursor, seconds):
        self.cursor, self.seconds = cursor, seconds

    def __enter__(self):
        self.cursor.execute("SELECT set_config('statement_timeout', %s, TRUE)", [str(1000 * self.seconds)])

    def __exit__(self, kind, *_error):
        if kind is None:  # otherwise the savepoint takes it back
            self.cursor.execute("SELECT set_config('statement_timeout', '0', TRUE)")
