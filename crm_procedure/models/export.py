from datetime import datetime, time, timedelta

from pytz import timezone, utc

from odoo import api, fields, models
from odoo.exceptions import AccessError, RedirectWarning
from odoo.fields import Domain


class ProcedureExport(models.Model):
    """The log of what left the system: customers and the addon's records (I11, PIPL 51).

    Rows are made where the export happens, in the same transaction. Nobody writes or
    deletes them, not even code with all rights.
    """

    _name = "crm.procedure.export"
    _description = "Export"
    _order = "id desc"
    _log_access = False

    date = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now, index=True)
    user_id = fields.Many2one("res.users", string="Exported by", required=True, readonly=True, index=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    res_model = fields.Char(string="Model", required=True, readonly=True)
    res_model_name = fields.Char(string="What", compute="_compute_res_model_name")
    row_count = fields.Integer(string="Rows", required=True, readonly=True, aggregator="sum")
    filter = fields.Text(readonly=True, help="The domain, or the records that were chosen one by one.")
    field_names = fields.Text(string="Fields", readonly=True)
    purpose = fields.Text(readonly=True)
    recipient = fields.Char(readonly=True, help="Who gets the data, where that is somebody outside.")
    over_limit = fields.Boolean(readonly=True, help="More rows in a day than may be exported without a purpose.")
    outside_hours = fields.Boolean(string="Outside working hours", readonly=True)
    reported_on = fields.Datetime(readonly=True, help="When quality was told of this export, if it is unusual.")

    _unusual_idx = models.Index("(company_id, id) WHERE reported_on IS NULL AND (over_limit OR outside_hours)")

    @api.depends_context("lang")
    def _compute_res_model_name(self):
        for export in self:
            export.res_model_name = self.env["ir.model"]._get(export.res_model).sudo().name or export.res_model

    @api.depends("res_model", "date")
    def _compute_display_name(self):
        for export in self:
            date = fields.Datetime.context_timestamp(export, export.date)
            export.display_name = f"{export.res_model_name} {date:%Y-%m-%d %H:%M}"

    # ------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------

    def write(self, vals):
        self._refuse_change()

    def unlink(self):
        self._refuse_change()

    def _refuse_change(self):
        raise AccessError(self.env._("The log of exports is evidence: nobody changes or deletes it."))

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _concerns(self, model, field_names=()):
        """Whether an export of ``model`` takes customers or the addon's records along: by
        itself, by fields it inherits, or by fields of records it links to."""
        if self._is_ours(model._name):
            return True
        for path in field_names:
            here = model
            for name in path.replace(".", "/").split("/"):
                field = here._fields.get(name)
                if not field:
                    break
                if here is not model and self._is_ours(here._name) and name not in ("id", here._rec_name):
                    return True
                if field.inherited and self._is_ours(field.base_field.model_name) and name != "name":
                    return True
                if not field.comodel_name:
                    break
                here = self.env[field.comodel_name]
        return False

    @api.model
    def _is_ours(self, name):
        return name == "res.partner" or name.startswith("crm.procedure")

    @api.model
    def _allow(self, model, rows):
        """Let ``rows`` of ``model`` go, or ask for the purpose first.

        What somebody exported of the same in the last day without a purpose is added: many
        small exports make a large one.

        :return: dict of what the log has to say of it
        :raise RedirectWarning: leads to the dialog that asks for the purpose
        """
        company = self.env.company
        limit = self._limit("export_purpose")
        purpose = self.env["crm.procedure.export.purpose"]._standing(model._name)
        before = sum(
            self.sudo()  # one's own exports, which one may not look at
            .search(
                Domain("user_id", "=", self.env.uid)
                & Domain("res_model", "=", model._name)
                & Domain("purpose", "=", False)
                & Domain("date", ">", fields.Datetime.now() - timedelta(days=1))
            )
            .mapped("row_count")
        )
        over = rows + before > limit
        if over and not purpose and not self.env.su:
            raise RedirectWarning(
                self.env._(
                    "You are exporting %(rows)d rows of %(what)s, %(total)d within a day. For more than %(limit)d "
                    "the purpose is recorded. Enter it, then export again within %(minutes)d minutes.",
                    rows=rows,
                    what=self.env["ir.model"]._get(model._name).name,
                    total=rows + before,
                    limit=limit,
                    minutes=self._limit("export_minutes"),
                ),
                self.env.ref("crm_procedure.crm_procedure_export_purpose_action").id,
                self.env._("Enter the Purpose"),
                {"default_res_model": model._name, "default_row_count": rows},
            )
        return {
            "company_id": company.id,
            "purpose": purpose.purpose,
            "recipient": purpose.recipient,
            "over_limit": over,
            "outside_hours": not company._procedure_is_working_time(),
        }

    @api.model
    def _limit(self, code):
        return int(self.env["crm.procedure"]._in_force(self.env.company)._limit(code))

    @api.model
    def _note(self, model, rows, filter_, field_names, **values):
        """Put an export on record; sudo: nobody holds the right to write the log."""
        return self.sudo().create(
            {
                "user_id": self.env.uid,
                "company_id": self.env.company.id,
                "res_model": model._name,
                "row_count": rows,
                "filter": filter_,
                "field_names": ", ".join(field_names),
                **values,
            }
        )

    # ------------------------------------------------------------
    # CRON
    # ------------------------------------------------------------

    @api.model
    def _cron_report(self):
        """Tell quality of each company about the unusual exports of the days before, once."""
        companies = self.env["res.company"].search([])
        for done, company in enumerate(companies, start=1):
            self.with_company(company)._report_unusual(company)
            self.env["ir.cron"]._commit_progress(1, remaining=len(companies) - done)

    @api.model
    def _report_unusual(self, company):
        zone = timezone(company._procedure_tz())
        midnight = zone.localize(datetime.combine(company._procedure_now().date(), time.min))
        unusual = self.search(
            Domain("company_id", "=", company.id)
            & Domain("reported_on", "=", False)
            & (Domain("over_limit", "=", True) | Domain("outside_hours", "=", True))
            & Domain("date", "<", midnight.astimezone(utc).replace(tzinfo=None))
        )
        quality = self.env["res.users"].search_procedure_role("quality", company)
        if not unusual or not quality:
            return
        for lang, users in quality.grouped("lang").items():
            exports = unusual.with_context(lang=lang, tz=zone.zone)
            self.env["mail.thread"].message_notify(
                partner_ids=users.partner_id.ids,
                subject=exports.env._("Unusual exports: %(count)d", count=len(exports)),
                body=self.env["ir.qweb"]
                .with_context(lang=lang)
                ._render("crm_procedure.unusual_exports", {"exports": exports}),
            )
        super(ProcedureExport, unusual).write({"reported_on": fields.Datetime.now()})
