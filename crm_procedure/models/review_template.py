from odoo import api, fields, models
from odoo.fields import Domain

from ..tools import reviews
from .team import DUTIES

# What a topic shows of the frozen figures: the sections of ``review_figures.py``.
SOURCES = [
    ("actions", "Open actions"),
    ("tickets", "Feedback of customers"),
    ("indicators", "Indicators"),
    ("plans", "Care plans"),
    ("surveys", "Satisfaction"),
    ("costs", "Costs of care"),
    ("procedure", "Procedure and its changes"),
]


class ProcedureReviewTemplate(models.Model):
    """How a kind of review is opened: who comes, who prepares it, what is talked about (A1, A4, A5)."""

    _name = "crm.procedure.review.template"
    _description = "Review Setup"
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True, help="Archived: reviews of this kind are not opened by themselves.")
    kind = fields.Selection(reviews.SELECTION, required=True)
    name = fields.Char(string="Title", required=True, translate=True)
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: for all companies that have no setup of their own."
    )
    duty = fields.Selection(
        DUTIES,
        string="Prepared by",
        required=True,
        default="quality",
        help="The department with this duty prepares the review; its leader is told when it is overdue.",
    )
    chair_duty = fields.Selection(
        DUTIES,
        string="Chaired by",
        required=True,
        default="management",
        help="The leader of this department holds the meeting. Without one, the leader of management does.",
    )
    with_leaders = fields.Boolean(string="All team leaders attend", default=True)
    role_ids = fields.Many2many(
        "res.groups",
        string="Roles that attend",
        domain=lambda self: [
            ("privilege_id.category_id", "=", self.env.ref("crm_procedure.module_category_procedure").id)
        ],
    )
    user_ids = fields.Many2many("res.users", string="Also attend", domain="[('share', '=', False)]")
    takes_topics = fields.Boolean(
        string="Takes topics of departments",
        help="What departments propose comes on the agenda of the next review that takes it (A6).",
    )
    topic_ids = fields.One2many("crm.procedure.review.template.topic", "template_id", string="Standard Topics")

    _kind_uniq = models.UniqueIndex(
        "(kind, COALESCE(company_id, 0))", "This kind of review is set up already for this company."
    )

    @api.model
    def _of(self, kind, company):
        """:return: the setup of ``kind`` for ``company``: its own before the general one, perhaps none"""
        setup = (
            self.sudo()  # how reviews are set up is no secret
            .with_context(active_test=False)
            .search(
                Domain("kind", "=", kind) & Domain("company_id", "in", (company.id, False)),
                order="company_id NULLS LAST",
                limit=1,
            )
        )
        return setup.filtered("active")


class ProcedureReviewTemplateTopic(models.Model):
    """A topic that every review of a kind has on its agenda."""

    _name = "crm.procedure.review.template.topic"
    _description = "Standard Topic"
    _order = "template_id, sequence, id"

    template_id = fields.Many2one("crm.procedure.review.template", required=True, index=True, ondelete="cascade")
    sequence = fields.Integer(default=10)
    name = fields.Char(string="Topic", required=True, translate=True)
    description = fields.Text(string="What to look at", translate=True)
    source = fields.Selection(SOURCES, string="Figures", help="The frozen figures that are shown with the topic.")
