from datetime import date, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.service.model import call_kw

from .common import ProcedureCase


class CampaignCase(ProcedureCase):
    """Customers of three grades with addresses, a questionnaire, and short ways to answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.survey = cls.env.ref("crm_procedure.survey_satisfaction")
        cls.Campaign = cls.env["crm.procedure.campaign"].with_user(cls.users["marketing"])
        # customers of other databases' demo data do not belong to this company's population
        cls.scope = "[('ref', '=', 'TEST')]"

    @classmethod
    def new_customers(cls, count, letter="C", **values):
        customers = cls.env["res.partner"].create(
            [
                {
                    "name": f"Customer {letter}{n}",
                    "is_company": True,
                    "customer_rank": 1,
                    "ref": "TEST",
                    "email": f"{letter.lower()}{n}@example.org",
                    **values,
                }
                for n in range(count)
            ]
        )
        if letter in "ABC":
            customers.with_company(cls.company).sudo().procedure_grade_id = cls.grade(letter)
        return customers

    @classmethod
    def new_campaign(cls, **values):
        return cls.Campaign.create({"company_id": cls.company.id, "population_domain": cls.scope, **values})

    @classmethod
    def running(cls, **values):
        """:return: a campaign, as marketing, whose customers have been written to"""
        campaign = cls.new_campaign(**values)
        campaign.action_send()
        cls.send(campaign)
        return campaign

    @classmethod
    def send(cls, campaign):
        """What the scheduled action does, without its commits."""
        cron = cls.env.registry["ir.cron"]
        with patch.object(cron, "_commit_progress", lambda self, done=0, remaining=None, **kw: 60):
            cls.env["crm.procedure.campaign"].sudo()._cron_send()
        campaign.invalidate_recordset()

    @classmethod
    def answer(cls, participant, marks=(), recommendation=None, comment=None):
        """Answer as the customer does; ``marks`` for the scales with a dimension, in their order."""
        participant = participant.sudo()
        scales = participant.survey_id.question_ids.filtered(
            lambda q: q.question_type == "scale" and q.procedure_dimension != "recommendation"
        )
        texts = participant.survey_id.question_ids.filtered(lambda q: q.question_type == "text_box")
        if not isinstance(marks, (list, tuple)):
            marks = [marks] * len(scales)
        for question, mark in zip(scales, marks, strict=False):
            participant._save_lines(question, str(mark) if mark is not None else "")
        net = participant.survey_id.question_ids.filtered(lambda q: q.procedure_dimension == "recommendation")
        if recommendation is not None and net:
            participant._save_lines(net, str(recommendation))
        if comment:
            participant._save_lines(texts[-1], comment)
        participant._mark_done()

    @classmethod
    def figure(cls, campaign, kind="csat", dimension="overall", grade=None):
        return campaign.sudo().figure_ids.filtered(
            lambda f: (
                f.kind == kind
                and f.dimension == dimension
                and f.is_grade == bool(grade)
                and (not grade or f.grade_id == cls.grade(grade))
            )
        )

    @classmethod
    def analysed(cls, campaign):
        campaign.action_analyse()
        return campaign

    @classmethod
    def approved(cls, campaign):
        if campaign.state == "running":
            campaign.action_analyse()
        campaign.findings = "<p>Answer more quickly.</p>"
        cls.sign(campaign, "marketing", "manager")
        return campaign

    @classmethod
    def days_ago(cls, days):
        return fields.Datetime.now() - timedelta(days=days)

    @classmethod
    def today(cls):
        return date.today()

    def _call(self, record, user, method, *args, **kwargs):
        """As a remote caller would, rights and all."""
        return call_kw(record.with_user(user).env[record._name], method, [record.ids, *args], kwargs)
