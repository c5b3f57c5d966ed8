import ast

from odoo import api, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain

from ..tools import indicators, limits

# Who signs in, how mail and money travel, what the system itself is made of: nothing of a procedure,
# and some of it secret. A count by conditions would tell it bit by bit.
TECHNICAL = (
    "_unknown",
    "auth",
    "base.",
    "base_",
    "bus.",
    "certificate.",
    "change.password",
    "digest.",
    "discuss.",
    "fetchmail.",
    "iap.",
    "ir.",
    "mail.",
    "onboarding.",
    "payment.",
    "phone.",
    "privacy.",
    "publisher_warranty.",
    "report.",
    "res.config",
    "res.groups",
    "res.users",
    "reset.",
    "sms.",
    "snailmail.",
    "web_",
)
LONGEST = 10_000  # characters of a domain
ANY = ("any", "not any")  # those that step over access rights are not for lists
DEFINITION = {
    "model_name",
    "measure",
    "domain_population",
    "domain_conforming",
    "period",
    "period_field",
    "limit_code",
}
COMPANY = ("company_id", "company_ids")


class ProcedureIndicator(models.Model):
    """What an indicator may count, and what is wrong with a definition, in words (A7).

    The rule: models that are no technical ones and that whoever saves the indicator may read,
    with conditions on fields that they may read, none of which leads through another model.
    Domains are values, never code. Each company is counted by itself, so a domain names none.
    """

    _inherit = "crm.procedure.indicator"

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        created = super().create(vals_list)
        created._check_definition()
        return created

    def write(self, vals):
        result = super().write(vals)
        if DEFINITION & set(vals):
            self._check_definition()
        return result

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _check_definition(self):
        """With the rights of whoever saves; no ``constrains``, for those run with all rights.

        :raise ValidationError: what is wrong, in words
        """
        for indicator in self:
            indicator._model()
            indicator._check_period()
            indicator._domains()
            indicator._check_runs()

    @api.model
    def _selection_model(self):
        """:return: list of (name, label) of the models that an indicator may be about"""
        # sudo: what records are called is no secret
        labels = {model.model: model.name for model in self.env["ir.model"].sudo().search_fetch([], ["model", "name"])}
        names = [name for name, model in self.env.registry.items() if self._is_countable(model)]
        return sorted(((name, labels.get(name, name)) for name in names), key=lambda row: (row[1], row[0]))

    @api.model
    def _is_countable(self, model):
        return not (model._abstract or model._transient or model._name.startswith(TECHNICAL)) and model._auto

    def _refuse(self, reason):
        raise ValidationError(
            self.env._("%(indicator)s: %(reason)s", indicator=self.name or self.env._("New"), reason=reason)
        )

    def _model(self):
        """:return: the model that is counted
        :raise ValidationError: there is none of that name, or it must not be counted"""
        self.ensure_one()
        name = (self.model_name or "").strip()
        if name not in self.env or self.env[name]._abstract:
            self._refuse(
                self.env._(
                    "There is no model “%(model)s”. Check its technical name; if its app was uninstalled, "
                    "archive the indicator: its values stay.",
                    model=name,
                )
            )
        self._check_model(self.env[name])
        return self.env[name]

    def _check_model(self, model):
        if not self._is_countable(model):
            self._refuse(
                self.env._(
                    "“%(model)s” is a technical model. Indicators count records of the business that their "
                    "author may read.",
                    model=model._description,
                )
            )
        if not model.has_access("read"):
            self._refuse(
                self.env._(
                    "You may not read “%(model)s”, so you may not count it either. Ask somebody who may.",
                    model=model._description,
                )
            )

    def _check_period(self):
        """:raise ValidationError: a period without a date, or a limit that is no span of time"""
        self.ensure_one()
        if self.period == indicators.LIMIT:
            limit = limits.BY_CODE.get(self.limit_code)
            if not limit or limit.unit not in indicators.UNITS:
                self._refuse(
                    self.env._("Its period is as long as a limit: choose a limit in days or months, or another period.")
                )
        if self.period == indicators.NOW:
            return
        model = self._model()
        field = model._fields.get(self.period_field or "")
        if not field or field.type not in ("date", "datetime") or not field.store:
            self._refuse(
                self.env._(
                    "“%(field)s” is no stored date of “%(model)s”. Choose the date that says in which period "
                    "a record falls.",
                    field=self.period_field or "",
                    model=model._description,
                )
            )
        self._check_field(model, field)

    def _domains(self):
        """:return: (population, conforming) as ``Domain``
        :raise ValidationError: not a domain, or one that must not be counted"""
        self.ensure_one()
        model = self._model()
        labels = self._fields
        return tuple(
            self._checked_domain(model, self[name], labels[name]._description_string(self.env))
            for name in ("domain_population", "domain_conforming")
        )

    def _checked_domain(self, model, text, label):
        rows = self._literal(text or "[]", label)
        try:
            domain = Domain(rows)
            self._walk(model, domain)
            domain.validate(model.sudo())  # fields were checked; what is asked here is whether it is well formed
        except ValidationError:
            raise
        except AccessError as error:
            self._refuse(f"{label}: {error.args[0]}")
        except Exception as error:  # searches of other apps raise what they like
            self._refuse(
                self.env._("%(label)s: this is no domain that can be searched: %(error)s", label=label, error=error)
            )
        return domain

    def _literal(self, text, label):
        """A domain is read as plain values: nothing in it is ever run."""
        if len(text) > LONGEST:
            self._refuse(self.env._("%(label)s: too long.", label=label))
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self._refuse(
                self.env._(
                    "%(label)s: the brackets, commas or quotation marks are not those of a domain (%(error)s).",
                    label=label,
                    error=error,
                )
            )
        names = sorted({node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
        try:
            rows = ast.literal_eval(tree)
        except (ValueError, TypeError, RecursionError, MemoryError):
            self._refuse(
                self.env._(
                    "%(label)s: %(names)s would have to be run, and an indicator runs nothing: it says the same "
                    "to everybody. Write values; for days relative to today, for example “today -30d”.",
                    label=label,
                    names=", ".join(names) or self.env._("an expression"),
                )
            )
        if not isinstance(rows, list | tuple):
            self._refuse(self.env._("%(label)s: a domain is a list of conditions.", label=label))
        return list(rows)

    def _walk(self, model, domain):
        """Check every field that a domain names, on every model that it leads to."""
        for condition in domain.iter_conditions():
            comodel = self._walk_path(model, condition.field_expr)
            if condition.operator in ANY and comodel is not None:
                self._check_model(comodel)
                self._walk(comodel, Domain(condition.value))

    def _walk_path(self, model, path):
        """:return: the model that the path leads to, or None"""
        first, *rest = path.split(".", 1)
        field = model._fields.get(first)
        if field is None:
            self._refuse(
                self.env._(
                    "“%(model)s” has no field “%(field)s”. It may belong to an app that is not installed.",
                    model=model._description,
                    field=first,
                )
            )
        self._check_field(model, field)
        if not field.comodel_name:
            return None  # what follows is a part of a date or a property
        comodel = self.env[field.comodel_name]
        if rest and rest[0] != "id":
            self._check_model(comodel)
            return self._walk_path(comodel, rest[0])
        return comodel

    def _check_field(self, model, field):
        label = field._description_string(self.env) or field.name
        if not model._has_field_access(field, "read"):
            self._refuse(
                self.env._(
                    "You may not read “%(field)s” of “%(model)s”, so you may not count by it either.",
                    field=label,
                    model=model._description,
                )
            )
        if not field._description_searchable and field.name != "id":
            self._refuse(
                self.env._(
                    "“%(field)s” of “%(model)s” is computed when somebody looks and cannot be searched. "
                    "Use a field that can be filtered by in the list of these records.",
                    field=label,
                    model=model._description,
                )
            )
        if field.name in COMPANY:
            self._refuse(
                self.env._("Each company is counted by itself: leave “%(field)s” out of the domain.", field=label)
            )
