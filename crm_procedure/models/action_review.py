from odoo import api, fields, models


class ProcedureAction(models.Model):
    """What reviews decide (A1, A4, ISO 9001 9.3.3)."""

    _inherit = "crm.procedure.action"

    review_id = fields.Many2one(
        "crm.procedure.review", string="Review", index="btree_not_null", ondelete="restrict", check_company=True
    )
    review_topic_id = fields.Many2one(
        "crm.procedure.review.topic",
        string="Topic of the review",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
    )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("review_topic_id"):
                topic = self.env["crm.procedure.review.topic"].browse(vals["review_topic_id"])
                vals.setdefault("review_id", topic.review_id.id)
            if vals.get("review_id"):
                review = self.env["crm.procedure.review"].browse(vals["review_id"])
                vals.setdefault("company_id", review.company_id.id)
        return super().create(vals_list)
