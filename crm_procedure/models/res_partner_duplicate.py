from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import duplicates

USER = "crm_procedure.group_user"
SHOWN = 5


class ResPartner(models.Model):
    """Warns while a customer is entered that it may be here already (I8).

    By name without blanks, punctuation and legal form, by tax number, by phone and by mail.
    Looks at all customers, names those that the user may see, and counts the others.
    """

    _inherit = "res.partner"

    procedure_duplicate_ids = fields.Many2many(
        "res.partner", string="Possible duplicates", compute="_compute_procedure_duplicates", groups=USER
    )
    procedure_duplicate_html = fields.Html(
        string="Duplicate warning", compute="_compute_procedure_duplicates", sanitize=False, groups=USER
    )

    _procedure_name_key_idx = models.Index(duplicates.index("name"))
    _procedure_tax_key_idx = models.Index(duplicates.index("tax"))
    _procedure_phone_key_idx = models.Index(duplicates.index("phone"))
    _procedure_email_key_idx = models.Index(duplicates.index("email"))

    # ------------------------------------------------------------
    # COMPUTE
    # ------------------------------------------------------------

    @api.depends("name", "vat", "phone", "email", "is_company", "parent_id", "company_id", "active")
    @api.depends_context("uid", "company", "lang")
    def _compute_procedure_duplicates(self):
        for partner in self:
            found = partner._procedure_matches()
            visible = self.with_context(active_test=False).search([("id", "in", list(found))])
            partner.procedure_duplicate_ids = visible[:SHOWN]
            partner.procedure_duplicate_html = visible._procedure_duplicate_warning(found)

    @api.depends("vat", "company_id", "company_registry", "country_id")
    def _compute_same_vat_partner_id(self):
        """Odoo's own warning names customers that the user may not see: not here."""
        super()._compute_same_vat_partner_id()
        if self.env.su:
            return
        for partner in self:
            for name in ("same_vat_partner_id", "same_company_registry_partner_id"):
                if partner[name] and not partner[name].sudo(False).has_access("read"):
                    partner[name] = False

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    def _procedure_matches(self):
        """Customers that share a key with this one, whoever may see them.

        sudo nowhere: it is one query over the table; what is shown of it is filtered by rights.

        :return: {id: set of keys}
        """
        self.ensure_one()
        values = {key: self[column] for key, column in duplicates.COLUMNS.items() if self[column]}
        if self.parent_id and not self.is_company:  # a contact: names and tax numbers repeat
            values = {key: value for key, value in values.items() if key in ("phone", "email")}
        if not values:
            return {}
        self.env["res.partner"].flush_model([*duplicates.COLUMNS.values(), "commercial_partner_id", "is_company"])
        own = self._origin.commercial_partner_id.ids + self.parent_id._origin.commercial_partner_id.ids
        found = {}
        for id_, key in self.env.execute_query(duplicates.matches(values, own, self.company_id.id)):
            found.setdefault(id_, set()).add(key)
        return found

    def _procedure_duplicate_warning(self, found):
        """:return: what to tell about ``found``, when only ``self`` of it may be seen"""
        if not found:
            return False
        labels = {
            "name": self.env._("name"),
            "tax": self.env._("tax number"),
            "phone": self.env._("phone"),
            "email": self.env._("email"),
        }
        lines = [
            Markup('<li><a href="/odoo/res.partner/%s" target="_blank">%s</a> (%s)%s</li>')
            % (
                partner.id,
                partner.display_name,
                self.env._(", ").join(labels[key] for key in duplicates.KEYS if key in found[partner.id]),
                "" if partner.active else " – " + self.env._("archived"),
            )
            for partner in self[:SHOWN]
        ]
        hidden = len(found) - len(self)
        if hidden:
            lines.append(
                Markup("<li>%s</li>")
                % self.env._(
                    "%(count)d more that you may not see. Ask your supervisor before you enter this customer again.",
                    count=hidden,
                )
            )
        return Markup("<ul class='mb-0'>%s</ul>") % Markup("").join(lines)

    # ------------------------------------------------------------
    # IMPORT
    # ------------------------------------------------------------

    @api.model
    def get_import_templates(self):
        """Our template comes first when the import was opened from our menu."""
        templates = super().get_import_templates()
        if not self.env.context.get("procedure_customers"):
            return templates
        language = "_zh_CN" if (self.env.lang or "").startswith("zh") else ""
        return [
            {
                "label": self.env._("Import Template for Customer Files"),
                "template": f"/crm_procedure/static/xls/customer_files{language}.xlsx",
            },
            *templates,
        ]

    @api.model
    def _procedure_tax_owners(self, numbers):
        """Who has these tax numbers, in one query.

        :param numbers: list of (index, text)
        :return: rows (index, text, normal form, id of a customer or None), in the order of the index
        """
        if not numbers:
            return []
        self.flush_model(["vat", "parent_id", "is_company"])
        return self.env.execute_query(
            SQL(
                """
                SELECT given.index, given.number, given.normal, owner.id
                  FROM (SELECT given.*, %(normal)s AS normal
                          FROM unnest(%(indexes)s, %(numbers)s::text[]) AS given(index, number)) AS given
             LEFT JOIN LATERAL (SELECT id FROM res_partner
                                 WHERE %(scope)s AND %(column)s = given.normal LIMIT 1) AS owner ON TRUE
                 WHERE length(given.normal) > 1
              ORDER BY given.index
                """,
                normal=duplicates.normal_form("tax", SQL("given.number")),
                indexes=[index for index, _number in numbers],
                numbers=[number for _index, number in numbers],
                scope=SQL(duplicates.SCOPES["tax"]),
                column=SQL(duplicates.column("tax")),
            )
        )
