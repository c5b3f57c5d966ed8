from datetime import timedelta

from psycopg2 import errors

from odoo import api, fields, models
from odoo.tools import hmac

KEPT_DAYS = 30


class ProcedureTicketKnock(models.Model):
    """A knock at one of the outside doors: kept for some days, so that nothing comes in twice and
    nobody knocks too often, on however many workers.

    Who knocked is kept as a hash: it is counted, never read.
    """

    _name = "crm.procedure.ticket.knock"
    _description = "Knock at the Door"
    _order = "id desc"
    _rec_name = "source"
    _log_access = False

    date = fields.Datetime(required=True, default=fields.Datetime.now)
    door = fields.Selection([("mail", "Mail"), ("form", "Form"), ("receipt", "Receipt")], required=True)
    source = fields.Char(required=True, help="The hash of who knocked.")
    key = fields.Char(help="What was brought: a Message-ID, or the number of a form. Never taken twice.")
    ticket_id = fields.Many2one("crm.procedure.ticket", index="btree_not_null", ondelete="set null")

    _key_uniq = models.UniqueIndex("(door, key) WHERE key IS NOT NULL", "This came in before.")
    _source_idx = models.Index("(door, source, date)")

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.model
    def _note(self, door, source, key=None):
        """:param str source: who knocked, e.g. a mail address or that of a computer
        :return: the new knock, or none when ``key`` came in before
        """
        if key and self.search_count([("door", "=", door), ("key", "=", key)], limit=1):
            return self.browse()
        try:
            with self.env.cr.savepoint():
                return self.create({"door": door, "source": self._hashed(source), "key": key})
        except errors.UniqueViolation:  # another worker was faster
            return self.browse()

    @api.model
    def _count(self, door, source, **ago):
        """:param ago: of ``timedelta``, e.g. ``minutes=1``
        :return: number of knocks since then
        """
        since = fields.Datetime.now() - timedelta(**ago)
        return self.search_count([("door", "=", door), ("source", "=", self._hashed(source)), ("date", ">", since)])

    @api.model
    def _latest_ticket(self, door, source):
        """:return: the ticket that the latest knock of ``source`` led to, perhaps none"""
        known = [("door", "=", door), ("source", "=", self._hashed(source)), ("ticket_id", "!=", False)]
        return self.search(known, limit=1).ticket_id

    @api.model
    def _hashed(self, source):
        return hmac(self.env(su=True), "crm_procedure-knock", source)  # the key of the database

    @api.autovacuum
    def _gc_knocks(self):
        """:return: (number deleted, whether there are more)"""
        old = self.search([("date", "<", fields.Datetime.now() - timedelta(days=KEPT_DAYS))], limit=10_000)
        old.unlink()
        return len(old), len(old) == 10_000
