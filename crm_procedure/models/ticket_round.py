from odoo import api, fields, models
from odoo.tools import email_normalize, hmac
from odoo.tools.misc import consteq


class ProcedureTicketRound(models.Model):
    """One answer and what the customer made of it; a rejected one is kept, the next follows (C14).

    The link that confirms an answer carries a token that is computed from the secret of the
    database and kept nowhere: nobody can read it, neither in a field nor in an export.
    """

    _name = "crm.procedure.ticket.round"
    _description = "Answer"
    _order = "ticket_id, number"
    _rec_name = "number"

    ticket_id = fields.Many2one("crm.procedure.ticket", required=True, index=True, ondelete="cascade", readonly=True)
    company_id = fields.Many2one(related="ticket_id.company_id")
    number = fields.Integer(string="Round", required=True, readonly=True)
    solution = fields.Text(readonly=True)
    is_declined = fields.Boolean(string="Declined", readonly=True)
    recourse = fields.Text(string="Where else to turn to", readonly=True)
    sent_to = fields.Char(string="Sent to", readonly=True)
    answered_by_id = fields.Many2one("res.users", string="Answered by", readonly=True)
    answered_on = fields.Datetime(string="Answered on", required=True, readonly=True)
    link_expires_on = fields.Datetime(string="Link holds until", readonly=True)
    outcome = fields.Selection(
        [
            ("waiting", "Waiting for the customer"),
            ("accepted", "Accepted"),
            ("rejected", "Not accepted"),
            ("silent", "No reply"),
            ("unverified", "Told by telephone, not verified"),
        ],
        required=True,
        default="waiting",
        readonly=True,
    )
    channel = fields.Selection(
        [("link", "Mailed link"), ("portal", "Portal"), ("phone", "Telephone"), ("email", "Email")],
        string="Decided by",
        readonly=True,
    )
    decided_on = fields.Datetime(string="Decided on", readonly=True)
    rating = fields.Integer(string="Rating of the result", readonly=True, aggregator="avg")
    rating_handling = fields.Integer(string="Rating of the handling", readonly=True, aggregator="avg")
    comment = fields.Text(string="Customer's words", readonly=True)
    asked_again = fields.Boolean(
        string="Asked again",
        readonly=True,
        help="The customer pressed Accept while the words or the rating said otherwise, and was asked.",
    )

    _round_uniq = models.Constraint("UNIQUE (ticket_id, number)", "Each round has one answer.")

    # ------------------------------------------------------------
    # BUSINESS
    # ------------------------------------------------------------

    @api.private
    def answer_token(self):
        """The secret of this answer, for the customer's mail or page alone.

        It ends with the round, with its day, and when the answer is sent to another address.
        """
        self.ensure_one()
        env = self.env(su=True)  # the key of the database; what is given out is one answer's token
        return hmac(env, "crm_procedure-answer", (self.ticket_id.id, self.id, self.number, self.sent_to or ""))

    def _token_state(self, token):
        """:return: ``valid``, ``used``, ``expired`` or ``unknown``; compared in constant time"""
        self.ensure_one()
        if not isinstance(token, str) or not consteq(self.answer_token().encode(), token.encode()):
            return "unknown"
        # a customer who was silent may still speak: the link holds until its day
        if self.outcome not in ("waiting", "silent") or self.number != self.ticket_id.round:
            return "used"
        if self.link_expires_on and self.link_expires_on < fields.Datetime.now():
            return "expired"
        return "valid"

    def _normalize_address(self, email):
        return email_normalize(email) or False
