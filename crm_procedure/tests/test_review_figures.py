import json
from datetime import date, datetime

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .review_common import ReviewCase


@tagged("post_install", "-at_install")
class TestReviewFigures(ReviewCase):
    """What is frozen with a review, and that it stays (A1, A4, X15)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.new_customer("Jade Foods")
        cls.categories = cls.env["crm.procedure.ticket.category"].create(
            [{"name": name, "company_id": cls.company.id, "team_id": cls.team_service.id} for name in "XYZ"]
        )

    def ticket(self, reported, category=0, **values):
        """A ticket as the books have it, without the way there."""
        ticket = self.env["crm.procedure.ticket"].create(
            {
                "subject": "Broken seal",
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "category_id": self.categories[category].id,
            }
        )
        ticket.write({"date_reported": reported})
        if values:
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE crm_procedure_ticket SET {} WHERE id = %s".format(", ".join(f"{n} = %s" for n in values)),
                [*values.values(), ticket.id],
            )
            ticket.invalidate_recordset()
        return ticket

    def march(self, **values):
        """The summary of March 2026."""
        return self.new_review("monthly", "2026-04-01 08:00:00", **values)

    def test_feedback_of_the_month(self):
        """A1: received, answered, in time, open, and the same of the month before."""
        self.ticket(datetime(2026, 2, 10, 9))
        self.ticket(datetime(2026, 3, 2, 9), date_answered=datetime(2026, 3, 3), answer_deadline=datetime(2026, 3, 4))
        self.ticket(datetime(2026, 3, 5, 9), date_answered=datetime(2026, 3, 9), answer_deadline=datetime(2026, 3, 6))
        self.ticket(
            datetime(2026, 3, 6, 9),
            date_answered=datetime(2026, 3, 7),
            answer_deadline=datetime(2026, 3, 8),
            date_closed=datetime(2026, 3, 8),
            customer_rating=4,
            state="closed",
        )
        self.ticket(datetime(2026, 3, 10, 9), state="cancelled", date_closed=datetime(2026, 3, 10))
        self.ticket(datetime(2026, 4, 1, 1))
        figures = self.march().figures["tickets"]
        self.assertEqual(
            {name: figures[name] for name in ("received", "answered", "in_time", "closed", "cancelled", "rating")},
            {"received": 3, "answered": 3, "in_time": 2, "closed": 1, "cancelled": 1, "rating": 4.0},
        )
        self.assertEqual(figures["open"], 1, "that of February; that of April is not of this month")
        self.assertEqual(figures["before"]["received"], 1)
        self.assertEqual(figures["before"]["rating"], None)

    def test_pareto(self):
        """A1: frequent problems by category and cause, most frequent first, with how much they are together."""
        cause = self.env["crm.procedure.ticket.cause"].create({"name": "Supplier", "company_id": self.company.id})
        for category, count in ((0, 1), (1, 6), (2, 3)):
            for _ in range(count):
                self.ticket(datetime(2026, 3, 5, 9), category, **({"cause_id": cause.id} if category == 1 else {}))
        review = self.march()
        rows = review.figures["pareto"]["category"]["rows"]
        self.assertEqual(
            [(row["name"], row["count"], row["share"], row["together"]) for row in rows],
            [("Y", 6, 60.0, 60.0), ("Z", 3, 30.0, 90.0), ("X", 1, 10.0, 100.0)],
        )
        causes = review.figures["pareto"]["cause"]
        self.assertEqual((causes["total"], causes["unknown"]), (6, 4))
        topic = review.agenda_ids.filtered(lambda t: t.source == "tickets")
        for text in ("Pareto by root cause", "Supplier", "90.0 %", "4 without an entry"):
            self.assertIn(text, topic.figures_html)

    def test_pareto_has_few_bars(self):
        categories = self.env["crm.procedure.ticket.category"].create(
            [{"name": f"C{n}", "company_id": self.company.id, "team_id": self.team_service.id} for n in range(14)]
        )
        for category in categories[1:]:
            self.ticket(datetime(2026, 3, 5, 9), category_id=category.id)
        rows = self.march().figures["pareto"]["category"]["rows"]
        self.assertEqual((len(rows), rows[-1]["id"], rows[-1]["count"], rows[-1]["together"]), (11, 0, 3, 100.0))

    def test_frozen_stays_frozen(self):
        """X15, A1: tickets that come, go or change afterwards change nothing in the review."""
        ticket = self.ticket(datetime(2026, 3, 5, 9))
        review = self.march()
        review.invalidate_recordset()
        before, shown = json.dumps(review.figures, sort_keys=True), review.figures_html
        self.ticket(datetime(2026, 3, 6, 9))
        ticket.category_id = self.categories[2]
        self.categories[0].name = "Renamed"
        review.invalidate_recordset()
        self.assertEqual(json.dumps(review.figures, sort_keys=True), before)
        self.assertEqual(review.figures_html, shown)
        for role in ("quality", "manager", "service"):
            with self.subTest(role), self.assertRaises(AccessError):
                review.with_user(self.users[role]).write({"figures": {}})

    def test_freeze_again(self):
        """X15: while it is a draft, with a reason that stays on record."""
        review = self.march()
        self.assertEqual(review.figures["tickets"]["received"], 0)
        self.ticket(datetime(2026, 3, 5, 9))
        service = review.with_user(self.users["service"])
        self.assertEqual(service.action_freeze()["res_model"], "crm.procedure.reason")
        self.assertEqual(review.figures["tickets"]["received"], 0, "not without a reason")
        with freeze_time("2026-04-02 08:00:00"):
            service.action_freeze("One was entered late")
        self.assertEqual(review.figures["tickets"]["received"], 1)
        self.assertEqual(review.frozen_on, datetime(2026, 4, 2, 8))
        self.assertIn("One was entered late", review.message_ids[0].body)

    def test_period_without_data(self):
        """A1: says so, and is neither 0 % nor 100 %."""
        review = self.march()
        self.assertTrue(review.is_empty)
        self.assertEqual(review.figures["tickets"]["rating"], None)
        for topic in review.agenda_ids.filtered(lambda t: t.source in ("tickets", "plans", "surveys", "costs")):
            self.assertIn("No data in this period", topic.figures_html)
        self.assertNotRegex(review.figures_html, r"\b(0|100)(\.0)? %")
        self.assertIn("no data in this period", review._invitation())
        self.ticket(datetime(2026, 3, 5, 9))
        self.assertFalse(self.new_review("quarterly").is_empty)

    def test_plan_fulfilment(self):
        """A4: contacts of approved plans by grade: planned, done, on time; others do not count."""
        plan = self.env["crm.procedure.plan"].create({"date_from": "2026-03-01", "date_to": "2026-03-31"})
        values = {"partner_id": self.customer.id, "company_id": self.company.id, "user_id": self.users["sales"].id}
        contacts = self.env["crm.procedure.communication"].create(
            [{**values, "plan_id": plan.id, "date_planned": date(2026, 3, n)} for n in (2, 9, 16, 31)]
            + [{**values, "date_planned": date(2026, 3, 3)}]
            + [{**values, "plan_id": plan.id, "date_planned": date(2026, 4, 1)}]
        )
        done = contacts[:2]
        done.sudo().write({"state": "done", "date_done": datetime(2026, 3, 9, 8)})
        contacts[0].sudo().write({"is_on_time": True, "cost": 30})
        contacts[2].sudo().write({"state": "cancelled"})
        review = self.march()
        plans = review.figures["plans"]
        self.assertEqual(
            {name: plans[name] for name in ("planned", "done", "on_time", "cancelled", "open")},
            {"planned": 4, "done": 2, "on_time": 1, "cancelled": 1, "open": 1},
        )
        costs = review.figures["costs"]
        self.assertEqual((costs["total"], costs["contacts"], costs["kinds"][0]["kind"]), (30, 1, "revisit"))
        self.assertIn("50.0 %", review.figures_html)

    def test_surveys_of_the_period(self):
        """A4: surveys that ran, with their figures as soon as they are analysed."""
        campaign = self.env["crm.procedure.campaign"].create(
            {"company_id": self.company.id, "date_from": "2026-02-20", "date_to": "2026-03-10", "title": "Spring"}
        )
        self.assertFalse(self.march().figures["surveys"], "a draft asks nobody")
        campaign._set_state("running")
        review = self.new_review("quarterly")
        self.assertEqual([row["id"] for row in review.figures["surveys"]], campaign.ids)
        self.assertIn("Not analysed yet", review.figures_html)
        self.env["crm.procedure.campaign.figure"].create(
            [
                {
                    "campaign_id": campaign.id,
                    "kind": kind,
                    "dimension": dimension,
                    "status": status,
                    "value": 81.24,
                    "low": 70,
                    "high": 90,
                    "answers": 40,
                    "change": "up",
                }
                for kind, dimension, status in (
                    ("csat", "overall", "ok"),
                    ("csat", "service", "ok"),
                    ("nps", "recommendation", "few"),
                )
            ]
        )
        review._freeze()
        csat, nps = review.figures["surveys"][0]["figures"]
        self.assertEqual((csat["kind"], csat["value"], csat["change"]), ("csat", 81.2, "up"))
        self.assertEqual((nps["status"], nps["value"]), ("few", None))
        self.assertIn("Too few answers", review.figures_html)

    def test_indicators_of_the_period(self):
        """A4: what the indicators said on the last day of the period; those without data are not counted as missed."""
        indicators = self.env["crm.procedure.indicator"].search([("measure", "=", "share")], limit=2)
        self.env["crm.procedure.indicator.value"].create(
            {
                "indicator_id": indicators[0].id,
                "company_id": self.company.id,
                "date": "2026-03-31",
                "population": 20,
                "conforming": 13,
                "value": 65.0,
                "target": 90.0,
                "direction": "up",
                "state": "missed",
            }
        )
        review = self.march()
        frozen = {row["id"]: row for row in review.figures["indicators"]}
        self.assertEqual((frozen[indicators[0].id]["value"], frozen[indicators[0].id]["state"]), (65.0, "missed"))
        self.assertIsNone(frozen[indicators[1].id]["value"])
        for text in ("65.0 %", "1 of 1 are missed", "no data"):
            self.assertIn(text, review.figures_html)

    def test_changes_of_the_procedure(self):
        """A5: what a new version changed, limit by limit."""
        version = self.procedure.copy({"version": "V2.0", "effective_date": date(2026, 3, 10), "change_note": "Faster"})
        version.limit_ids.filtered(lambda limit: limit.code == "answer").value = 3
        version._set_state("approved")
        figures = self.new_review("quarterly").figures["procedure"]
        self.assertEqual(figures["version"], version.display_name)
        [change] = figures["versions"]
        self.assertEqual(change["note"], "Faster")
        self.assertEqual(
            [(row["code"], row["before"], row["after"]) for row in change["limits"]], [("answer", 5.0, 3.0)]
        )

    def test_company_language(self):
        """Names are frozen in the language of the company, labels are the reader's."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.categories[0].with_context(lang="zh_CN").name = "质量"
        self.ticket(datetime(2026, 3, 5, 9))
        self.company.partner_id.lang = "zh_CN"
        review = self.march()
        self.assertEqual(review.figures["pareto"]["category"]["rows"][0]["name"], "质量")

    def test_other_companies_do_not_count(self):
        ticket = self.ticket(datetime(2026, 3, 5, 9))
        other = self.env["res.company"].create({"name": "Other"})
        self.env.cr.execute("UPDATE crm_procedure_ticket SET company_id = %s WHERE id = %s", [other.id, ticket.id])
        self.env.invalidate_all()
        self.assertTrue(self.march().is_empty)

    def test_every_attendee_reads_the_figures(self):
        """A3: also whoever may see no ticket at all; numbers only."""
        self.ticket(datetime(2026, 3, 5, 9))
        review = self.march()
        sales = review.with_user(self.users["sales"])
        self.assertFalse(sales.env["crm.procedure.ticket"].search([]))
        self.assertIn("Received", sales.figures_html)
        self.assertIn("Received", sales.agenda_ids.filtered(lambda t: t.source == "tickets").figures_html)
        self.assertNotIn("Jade Foods", review.figures_html)

    def test_cost_does_not_grow_with_the_tickets(self):
        """A1: set-based: as many questions for fifty tickets as for five."""

        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            review.with_env(self.env)._make_figures()
            return self.env.cr.sql_log_count - before

        for _ in range(5):
            self.ticket(datetime(2026, 3, 5, 9))
        review = self.march()
        few = count()
        for n in range(45):
            self.ticket(datetime(2026, 3, 6, 9), n % 3)
        self.assertLessEqual(count(), few + 4)
        self.assertLess(few, 60)

    def test_pareto_opens_its_tickets(self):
        """A1: from the topic to the records behind it."""
        ticket = self.ticket(datetime(2026, 3, 5, 9))
        self.ticket(datetime(2026, 4, 1, 9))
        topic = self.march().agenda_ids.filtered(lambda t: t.source == "tickets")
        action = topic.with_user(self.users["service"]).action_pareto()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), ticket)
