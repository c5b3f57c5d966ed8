from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, Query

from ..tools import customer_file

USER = "crm_procedure.group_user"
# Who looks after customers, and who reads everything: personal data is not for every colleague.
CARE = ",".join(
    f"crm_procedure.group_{role}"
    for role in ("specialist", "sales", "marketing", "service", "supervisor", "quality", "manager", "auditor")
)
CONTACT_DEPENDS = ("name", "function", "phone", "email", "is_company", "active")


class ResPartner(models.Model):
    """The customer file: what the registration form asks for, and how complete it is (I1–I9, D8).

    Contact history, orders and requests are records of their own, which the file shows and
    does not copy.
    """

    _inherit = "res.partner"

    procedure_source_id = fields.Many2one(
        "utm.source",
        string="Lead source",
        index="btree_not_null",
        groups=USER,
        help="Where the first contact came from: fair, website, phone call …",
    )
    procedure_size = fields.Selection(
        [("micro", "Micro"), ("small", "Small"), ("medium", "Medium"), ("large", "Large")],
        string="Company size",
        groups=USER,
    )
    procedure_needs = fields.Text(string="Needs", groups=USER, help="What the customer wants from us.")
    procedure_card_note = fields.Text(
        string="About the person",
        copy=False,
        groups=CARE,
        help="Relationship card: interests, preferences, how to reach them. No ID numbers.",
    )
    procedure_home_address = fields.Char(
        string="Home address",
        copy=False,
        groups=CARE,
        help="Personal data, not required. Enter it only with the person's consent.",
    )
    procedure_key_account = fields.Boolean(string="Key account", copy=False, groups=USER)
    procedure_key_deciders = fields.Text(string="Who decides", copy=False, groups=CARE)
    procedure_key_rivals = fields.Text(string="Other suppliers", copy=False, groups=CARE)
    procedure_key_goals = fields.Text(string="Our goals", copy=False, groups=CARE)
    procedure_completeness = fields.Integer(
        string="Completeness",
        compute="_compute_procedure_completeness",
        search="_search_procedure_completeness",
        compute_sudo=True,
        groups=USER,
        help="Per cent of the entries that the procedure in force requires.",
    )
    procedure_missing = fields.Char(
        string="Missing", compute="_compute_procedure_completeness", compute_sudo=True, groups=USER
    )

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends(
        "parent_id",
        "commercial_partner_id",
        "user_id",
        *CONTACT_DEPENDS,
        *customer_file.ENTRIES,
        *(f"child_ids.{name}" for name in CONTACT_DEPENDS),
    )
    @api.depends_context("company", "lang")
    def _compute_procedure_completeness(self):
        labels = self._procedure_entry_labels()
        required = self._procedure_required()
        customers = {partner: partner.commercial_partner_id or partner for partner in self}
        saved = self.browse({customer.id for customer in customers.values() if customer.id})
        stored = saved._procedure_missing_stored(required)
        for partner, customer in customers.items():
            asked = required[bool(customer.is_company)]
            missing = stored.get(customer.id)
            if missing is None:
                missing = [entry for entry in asked if not customer._procedure_has_entry(entry)]
            partner.procedure_completeness = 100 * (len(asked) - len(missing)) // len(asked) if asked else 100
            partner.procedure_missing = self.env._(", ").join(labels[entry] for entry in missing) or False

    def _search_procedure_completeness(self, operator, value):
        compare = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "in": "= ANY"}.get(operator)
        if not compare:
            return NotImplemented
        value = [int(number or 0) for number in value] if operator == "in" else int(value)

        def holds(model, alias, query):
            if (operator, value) == ("<", 100):  # what everybody asks for: the first gap settles it
                return SQL("(%s) IS NOT TRUE", model._procedure_complete_sql(alias, query))
            if (operator, value) == (">=", 100):
                return model._procedure_complete_sql(alias, query)
            return SQL("%s %s (%s)", model._procedure_completeness_sql(alias, query), SQL(compare), value)

        return Domain.custom(to_sql=lambda model, alias, query: model._procedure_of_customer_sql(holds, alias, query))

    def _procedure_of_customer_sql(self, holds, alias, query):
        """:return: SQL of whether ``holds`` is true of the customer that ``alias`` is, or is a contact of"""
        inner = Query(self.env, "customer", SQL.identifier("res_partner"))
        customer = self._field_to_sql(alias, "commercial_partner_id", query)
        inner.add_where(SQL("customer.id = %s", customer))
        inner.add_where(holds(self, "customer", inner))
        own = SQL("%s = %s", customer, SQL.identifier(alias, "id"))
        return SQL(
            "CASE WHEN %s THEN %s ELSE EXISTS (%s) END",
            own,
            holds(self, alias, query),
            inner.select(SQL.identifier("id")),
        )

    def _procedure_complete_sql(self, alias, query):
        required = self._procedure_required()
        every = {
            kind: SQL(" AND ").join([SQL("TRUE"), *(self._procedure_has_entry_sql(e, alias, query) for e in entries)])
            for kind, entries in required.items()
        }
        company = self._field_to_sql(alias, "is_company", query)
        return SQL("CASE WHEN %s THEN %s ELSE %s END", company, every[True], every[False])

    def _procedure_completeness_sql(self, alias, query):
        """:return: SQL of the completeness of the customer ``alias``, as the compute has it"""

        def share(entries):
            if not entries:
                return SQL("100")
            filled = [
                SQL("CASE WHEN %s THEN 1 ELSE 0 END", self._procedure_has_entry_sql(entry, alias, query))
                for entry in entries
            ]
            return SQL("100 * (%s) / %s", SQL(" + ").join(filled), len(entries))

        required = self._procedure_required()
        company = self._field_to_sql(alias, "is_company", query)
        return SQL("CASE WHEN %s THEN %s ELSE %s END", company, share(required[True]), share(required[False]))

    def _procedure_missing_stored(self, required):
        """What the saved customers ``self`` lack, in one query.

        :param dict required: as ``_procedure_required`` has it
        :return: {customer id: list of entries}
        """
        if not self:
            return {}
        partners = self.with_context(active_test=False)
        query = partners._search([("id", "in", self.ids)])
        alias = query.table

        def lacking(asked):
            rows = [
                SQL("CASE WHEN %s THEN NULL ELSE %s END", self._procedure_has_entry_sql(entry, alias, query), entry)
                for entry in asked
            ]
            return SQL("array_remove(ARRAY[%s]::text[], NULL)", SQL(", ").join(rows))

        missing = SQL(
            "CASE WHEN %s THEN %s ELSE %s END",
            self._field_to_sql(alias, "is_company", query),
            lacking(required[True]),
            lacking(required[False]),
        )
        return dict(self.env.execute_query(query.select(SQL.identifier(alias, "id"), missing)))

    def _procedure_has_entry_sql(self, entry, alias, query):
        partners = self.sudo()  # says whether there is an entry, shows none
        return self._procedure_entry_domain(entry).optimize_full(partners)._to_sql(partners, alias, query)

    # ------------------------------------------------------------
    # ACTIONS
    # ------------------------------------------------------------

    def action_view_changes(self):
        """:return: action that lists the changes of this customer, and proposes another"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("crm_procedure.change_action")
        action["domain"] = [("partner_id", "child_of", self.id)]
        action["context"] = {"default_partner_id": self.id}
        return action

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _procedure_entry_labels(self):
        """:return: {entry: label in the user's language} of all that a customer file can hold"""
        names = [*customer_file.ENTRIES, *customer_file.REQUIRED_ONLY]
        names += sorted(
            name
            for name, field in self._fields.items()
            if field.manual and field.store and field.type not in ("one2many", "many2many", "binary", "properties")
        )
        labels = {name: self._fields[name]._description_string(self.env) for name in names if name in self._fields}
        return labels | {customer_file.CONTACT: self.env._("Contact with position and phone or email")}

    @api.model
    def _procedure_required(self):
        """:return: {whether the customer is a company: entries that the version in force requires of it}"""
        entries = self.env["crm.procedure"]._in_force(self.env.company)._required_entries()
        known = self._procedure_entry_labels()
        return {
            True: [entry for entry in entries if entry in known and entry not in customer_file.PERSONS_ONLY],
            False: [entry for entry in entries if entry in known and entry not in customer_file.COMPANIES_ONLY],
        }

    def _procedure_has_entry(self, entry):
        self.ensure_one()
        if entry != customer_file.CONTACT:
            return bool(self[entry])
        if not self.is_company:
            return bool(self.phone or self.email)
        return any(
            person.name and person.function and (person.phone or person.email)
            for person in self.child_ids
            if person.active and not person.is_company
        )

    @api.model
    def _procedure_entry_domain(self, entry):
        """:return: domain of the customers that have ``entry``"""
        if entry != customer_file.CONTACT:
            return Domain(entry, "!=", False)
        reachable = Domain("phone", "!=", False) | Domain("email", "!=", False)
        person = (
            Domain("is_company", "=", False)
            & Domain("active", "=", True)
            & Domain("name", "!=", False)
            & Domain("function", "!=", False)
            & reachable
        )
        company = Domain("is_company", "=", True)
        return (company & Domain("child_ids", "any", person)) | (~company & reachable)

    def _convert_fields_to_values(self, field_names):
        """What a contact takes over from its company: no more than the user may see.

        Loading a file with a company and its contact, Odoo reads accounting entries of the
        company too, and would refuse the file to everybody who has no access to those.
        """
        if not self.env.su:
            field_names = [name for name in field_names if self._has_field_access(self._fields[name], "read")]
        return super()._convert_fields_to_values(field_names)
