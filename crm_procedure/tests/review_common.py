from datetime import date, datetime

from freezegun import freeze_time

from .common import ProcedureCase

EVERY_KIND = {"monthly", "quarterly", "legal", "yearly"}


class ReviewCase(ProcedureCase):
    """The company has worked by its procedure since September 2025; teams for those who prepare."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.team_service = cls._new_team("service")
        cls.team_quality = cls._new_team("quality")
        cls.start_procedure(cls.procedure, date(2025, 9, 1))
        cls.Review = cls.env["crm.procedure.review"]
        cls.Topic = cls.env["crm.procedure.review.topic"]

    @classmethod
    def start_procedure(cls, procedure, day):
        """In force and signed since ``day``."""
        procedure.write({"effective_date": day, "approved_on": datetime(day.year, day.month, day.day, 8)})

    @classmethod
    def new_review(cls, kind="monthly", moment="2026-04-01 08:00:00", **values):
        with freeze_time(moment):
            return cls.Review.create({"kind": kind, "company_id": cls.company.id, **values})

    def reviews(self, kind=None, company=None):
        domain = [("company_id", "=", (company or self.company).id)]
        return self.Review.search(domain + ([("kind", "=", kind)] if kind else []), order="date_to, id")

    def run_cron(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("crm_procedure.ir_cron_review_open").method_direct_trigger()
        self.env.invalidate_all()

    def conclude(self, review):
        for topic in review.agenda_ids:
            topic.conclusion = "Looked at, nothing to do"

    def hold(self, review, day="2026-04-03"):
        """Held, written down and submitted by quality."""
        review = review.with_user(self.users["quality"])
        review.date = day
        self.conclude(review)
        with freeze_time(f"{day} 12:00:00"):
            review.action_submit()
