from datetime import datetime, timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, LockError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.ticket import CONFIRMED
from .common import ROLES
from .ticket_common import TicketCase


@tagged("post_install", "-at_install")
class TestTicket(TicketCase):
    """One intake, one window, and nobody on the staff closes (C1, C4, C14, C15, X8, X11)."""

    # ------------------------------------------------------------
    # Report and accept (C1, C4, X11)
    # ------------------------------------------------------------

    def test_c4_anybody_reports_service_numbers(self):
        ticket = self.report("sales")
        self.assertEqual(ticket.state, "reported")
        self.assertRegex(ticket.name, r"^R-\d{6}$")
        self.assertEqual(ticket.reported_by_id, self.users["sales"])
        self.assertTrue(ticket.date_reported)
        self.assertEqual(ticket.team_id, self.team_service)
        self.assertFalse(ticket.user_id)
        ticket.with_user(self.users["service"]).action_accept()
        self.assertRegex(ticket.name, r"^TKT-\d{4}-0001$")
        self.assertEqual((ticket.state, ticket.user_id), ("accepted", self.users["service"]))
        self.assertTrue(ticket.date_accepted and ticket.date_acknowledged)

    def test_numbers_without_gaps(self):
        """Reports that are never accepted leave no gap in the numbers (9001 8.2.1 c)."""
        for _i in range(3):
            self.report().with_user(self.users["service"]).action_cancel("Junk")
        names = [self.accepted().name for _i in range(3)]
        self.assertEqual([name[-4:] for name in names], ["0001", "0002", "0003"])

    def test_accepted_once(self):
        ticket = self.accepted()
        with self.assertRaisesRegex(UserError, "it is accepted"):
            ticket.action_accept()

    def test_form_of_a_reporter(self):
        form = Form(self.Ticket.with_user(self.users["user"]).with_context(default_company_id=self.company.id))
        form.subject = "Late delivery"
        ticket = form.save()
        self.assertEqual(ticket.reported_by_id, self.users["user"])

    def test_reporter_enters_no_more_than_a_report(self):
        for values in (
            {"severity": "critical"},
            {"user_id": self.users["user"].id},
            {"state": "closed"},
            {"state": "accepted"},
            {"date_accepted": "2026-01-01 00:00:00"},
            {"name": "TKT-1"},
            {"round": 4},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                self.report(**values)
        sneaky = self.Ticket.with_user(self.users["user"]).with_context(
            default_state="closed", default_round=7, default_customer_rating=5
        )
        ticket = sneaky.create({"subject": "x", "company_id": self.company.id})
        self.assertEqual((ticket.state, ticket.round, ticket.customer_rating), ("reported", 1, 0))

    def test_reporter_writes_until_accepted(self):
        ticket = self.report()
        ticket.description = "The seal was torn."
        with self.assertRaises(AccessError):
            ticket.severity = "major"
        ticket.with_user(self.users["service"]).action_accept()
        with self.assertRaises(AccessError):
            ticket.description = "Something else"

    def test_colleague_is_no_customer(self):
        for values in (
            {"partner_id": self.users["sales"].partner_id.id},
            {"partner_id": False, "email_from": self.users["service"].email},
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, "colleague"):
                self.report(**values)

    def test_unknown_sender_becomes_a_contact_on_acceptance(self):
        ticket = self.report(partner_id=False, partner_name="Ms Wu", email_from="Wu <wu@lotus.example>")
        self.assertFalse(self.env["res.partner"].search([("email_normalized", "=", "wu@lotus.example")]))
        ticket.with_user(self.users["service"]).action_accept()
        self.assertEqual(ticket.sudo().partner_id.name, "Ms Wu")
        again = self.accepted(partner_id=False, email_from="wu@lotus.example")
        self.assertEqual(again.partner_id, ticket.sudo().partner_id)

    def test_mail_becomes_a_report(self):
        mail = {"subject": "Torn\n seal <b>", "email_from": "Wu <wu@lotus.example>", "body": "<p>It is torn</p>"}
        ticket = self.Ticket.message_new({**mail, "message_id": "<1@x>", "to": "", "cc": ""}, {"kind": "complaint"})
        self.assertEqual((ticket.subject, ticket.channel, ticket.partner_name), ("Torn seal <b>", "email", "Wu"))
        self.assertEqual(ticket.description.strip(), "It is torn")
        self.assertFalse(ticket.reported_by_id)

    # ------------------------------------------------------------
    # Who sees it
    # ------------------------------------------------------------

    def test_c10_a_department_sees_its_tickets_only(self):
        mine, other = self.report("sales"), self.report("marketing")
        seen = {
            role: self.Ticket.with_user(self.users[role]).search([("id", "in", (mine | other).ids)]) for role in ROLES
        }
        for role in ("service", "supervisor", "quality", "manager", "auditor"):
            self.assertEqual(seen[role], mine | other, role)
        self.assertEqual(seen["sales"], mine)
        self.assertFalse(seen["specialist"] | seen["user"])
        self.part(mine.with_user(self.users["service"]))
        for role in ("specialist", "user"):  # a member and the leader of the technical department
            found = self.Ticket.with_user(self.users[role]).search([("id", "in", (mine | other).ids)])
            self.assertEqual(found, mine)
            self.assertTrue(found.custody_ids)
            found.check_access("read")
            self.assertFalse(found.has_access("write"))

    def test_stranger_sees_nothing(self):
        ticket = self.report()
        with self.assertRaises(AccessError):
            self.Ticket.with_user(self.stranger).search([])
        with self.assertRaises(AccessError):
            self._call(ticket, self.stranger, "read", ["name"])

    # ------------------------------------------------------------
    # Answer, accept, reject (C12, C14, C15)
    # ------------------------------------------------------------

    def test_c15_the_customer_closes(self):
        ticket = self.answered()
        self.assertEqual(ticket.state, "answered")
        token = ticket._answer_token()
        self.assertEqual(ticket._customer_accept(token, 5, 4, "Thanks"), "closed")
        self.assertEqual((ticket.state, ticket.customer_rating), ("closed", 5))
        self.assertEqual(ticket.customer_rating_handling, 4)
        self.assertTrue(ticket.date_closed)
        self.assertEqual(ticket._customer_accept(token, 1), "used")
        self.assertEqual(ticket._customer_reject(token), "used")
        self.assertEqual(ticket.customer_rating, 5)

    def test_c14_rejected_goes_round_again(self):
        """Everything of the first round is kept; its token is dead."""
        ticket = self.answered()
        first = ticket._answer_token()
        self.assertEqual(ticket._customer_reject(first, "Still torn", 1, 3), "reopened")
        self.assertEqual((ticket.state, ticket.round), ("handling", 2))
        self.assertEqual(ticket.round_ids.comment, "Still torn")
        self.assertIn(self.users["service"], ticket.activity_ids.user_id)
        ticket.solution = "A technician comes tomorrow."
        ticket.action_answer()
        self.assertEqual(ticket.round_ids.mapped("solution"), ["We sent a new one.", "A technician comes tomorrow."])
        self.assertEqual(ticket._customer_accept(first, 5), "used")
        self.assertEqual(ticket._customer_accept(ticket._answer_token(), 5), "closed")
        self.assertEqual(ticket.round_ids.mapped("outcome"), ["rejected", "accepted"])
        self.assertEqual(ticket.round_ids.mapped("rating"), [1, 5], "rated in each round")

    def test_token(self):
        one, other = self.answered(), self.answered()
        for token in ("", "x", None, b"x", other._answer_token(), "é" * 64, one._answer_token()[:-1]):
            with self.subTest(token):
                self.assertEqual(one._customer_accept(token, 5), "unknown")
        self.assertEqual(one.state, "answered")
        token = one._answer_token()
        one.sudo().round_ids.link_expires_on = "2026-01-01 00:00:00"
        self.assertEqual(one._customer_accept(token, 5), "expired")
        missing = self.Ticket.browse(one.id + 1000)
        self.assertEqual(missing._customer_accept(token, 5), "unknown")
        self.assertEqual(missing._token_state(token), "unknown")

    def test_token_is_kept_nowhere(self):
        ticket = self.answered()
        token = ticket._answer_token()
        self.env.flush_all()
        for table in ("crm_procedure_ticket", "crm_procedure_ticket_round", "mail_tracking_value"):
            self.env.cr.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{token}%"])
            self.assertEqual(self.env.cr.fetchone(), (0,), table)
        messages = self.env["mail.message"].search([("model", "=", ticket._name), ("res_id", "=", ticket.id)])
        self.assertFalse([body for body in messages.mapped("body") if token in body])
        mail = self.env["mail.mail"].search([("email_to", "=", "buyer@jade.example")], limit=1)
        self.assertIn(token, mail.body_html, "the customer has it")
        for role in ROLES:
            with self.subTest(role):
                self.assertFalse(mail.with_user(self.users[role]).has_access("read"))
                messages = self.env["mail.message"].with_user(self.users[role])
                self.assertFalse(messages.search([("id", "=", mail.mail_message_id.id)]), "nor its body")
                self.assertFalse(messages.search([("body", "ilike", token)]))

    def test_link_is_not_in_a_previewed_template(self):
        ticket = self.answered()
        template = self.env.ref("crm_procedure.mail_template_ticket_answer")
        values = template.with_user(self.users["service"])._generate_template(ticket.ids, ["body_html"])
        self.assertNotIn(ticket._answer_token(), values[ticket.id]["body_html"])
        composer = self.env["mail.compose.message"].with_user(self.users["service"])
        for words in ("{{ object._answer_token() }}", "{{ object.sudo()._answer_url() }}"):
            with self.subTest(words), self.assertRaises(AccessError):
                composer._render_template(words, ticket._name, ticket.ids)

    def test_accept_that_contradicts_itself_asks_again(self):
        """glpi#24519: whoever accepts and writes that it does not work, is asked."""
        ticket = self.answered()
        token = ticket._answer_token()
        for rating, comment in ((1, ""), (5, "still not working"), (0, "问题没有解决")):
            self.assertEqual(ticket._customer_accept(token, rating, 5, comment), "ask")
            self.assertEqual(ticket.state, "answered")
        self.assertTrue(ticket.round_ids.asked_again)
        self.assertEqual(ticket._customer_accept(token, 1, 5, "still not working", sure=True), "closed")

    def test_nobody_on_the_staff_closes(self):
        """C15: no method, write, create, import or context of any role sets ``closed``."""
        tickets = self.answered() | self.accepted() | self.report()
        tickets = tickets.sudo(False)
        for role in ROLES:
            user = self.users[role]
            for context in ({}, {"procedure_confirmed": True}, {"procedure_confirmed": "CONFIRMED"}):
                mine = tickets.with_user(user).with_context(**context)
                with self.subTest(role=role), self.assertRaises(AccessError):
                    mine.write({"state": "closed"})
                with self.assertRaises(AccessError):
                    mine.create({"subject": "x", "state": "closed"})
                with self.assertRaises(AccessError):
                    mine[:1].web_save({"state": "closed"}, {})
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                result = mine.load(["subject", "state"], [["Imported", "closed"]])
                self.assertFalse(result["ids"])
        with self.assertRaises(AccessError):
            tickets.sudo().write({"state": "closed"})
        with self.assertRaises(AccessError):
            self.Ticket.sudo().create({"subject": "x", "state": "closed"})
        self.assertNotIn("closed", tickets.mapped("state"))

    def test_no_public_method_closes(self):
        """Every public method of a ticket, called by everybody with whatever fits."""
        names = [name for name in dir(self.Ticket) if name.startswith("action_") or "customer" in name]
        for role in ROLES:
            ticket = self.answered()
            for name in [n for n in names if not n.startswith("_")]:
                for args in ((), ("Because",)):
                    with mute_logger("odoo.http"):
                        try:
                            with self.env.cr.savepoint():
                                self._call(ticket, self.users[role], name, *args)
                        except (AccessError, UserError, TypeError, ValueError, AttributeError, AssertionError):
                            pass
                    self.assertNotEqual(ticket.state, "closed", name)
        for name in ("_customer_accept", "_set_state", "_answer_token", "_close_confirmed"):
            with self.assertRaises(AccessError):
                self._call(ticket, self.users["service"], name)
        with self.assertRaises(AccessError):
            self._call(ticket.round_ids, self.users["service"], "answer_token")

    def test_the_key_is_an_object(self):
        self.assertNotIsInstance(CONFIRMED, (str, int, bool, dict, list))

    # ------------------------------------------------------------
    # Other ends (X8)
    # ------------------------------------------------------------

    def test_x8_management_ends_without_confirmation(self):
        ticket = self.answered()
        boss = ticket.with_user(self.users["manager"])
        self.assertEqual(boss.action_close_unconfirmed()["res_model"], "crm.procedure.reason")
        boss.action_close_unconfirmed("Does not answer")
        self.assertEqual((ticket.state, ticket.end_reason), ("unconfirmed", "Does not answer"))
        self.assertEqual(ticket.round_ids.outcome, "silent")
        self.assertEqual(ticket._customer_reject(ticket._answer_token(), "I was ill"), "reopened")
        self.assertEqual((ticket.state, ticket.round), ("handling", 2))

    def test_x8_not_before_an_answer(self):
        with self.assertRaisesRegex(UserError, "not been answered"):
            self.accepted().with_user(self.users["manager"]).action_close_unconfirmed("Silence")

    def test_reopened_within_the_days_only(self):
        for days, reopened in ((29, True), (31, False)):
            ticket = self.answered()
            ticket.with_user(self.users["manager"]).action_close_unconfirmed("Silence")
            ticket.sudo().date_closed -= timedelta(days=days)
            self.assertEqual(ticket._customer_reopen("It broke again"), reopened)

    def test_declined_tells_where_else_to_turn(self):
        """ISO 10002 7.9."""
        ticket = self.accepted()
        ticket.write({"solution": "The warranty has ended.", "is_declined": True})
        with self.assertRaisesRegex(UserError, "where else"):
            ticket.action_answer()
        ticket.recourse = "The consumers' association"
        ticket.action_answer()
        self.assertEqual(ticket.round_ids.recourse, "The consumers' association")
        ticket._customer_reject(ticket._answer_token(), "No")
        self.assertEqual(ticket.state, "handling", "stays open")

    def test_cancelled_with_a_reason_and_not_after_an_answer(self):
        ticket = self.accepted()
        self.assertEqual(ticket.action_cancel()["res_model"], "crm.procedure.reason")
        ticket.action_cancel("Duplicate")
        self.assertEqual(ticket.state, "cancelled")
        with self.assertRaisesRegex(UserError, "it is answered"):
            self.answered().action_cancel("Too late")
        second = self.answered()
        second._customer_reject(second._answer_token())
        with self.assertRaisesRegex(UserError, "did not accept"):
            second.action_cancel("Too late")

    def test_ended_is_evidence(self):
        ticket = self.accepted()
        ticket.action_cancel("Duplicate")
        with self.assertRaisesRegex(UserError, "evidence"):
            ticket.solution = "Changed"
        with self.assertRaises(UserError):
            ticket.sudo().unlink()

    def test_nothing_to_say(self):
        with self.assertRaisesRegex(UserError, "no solution"):
            self.accepted().action_answer()

    # ------------------------------------------------------------
    # Bad input
    # ------------------------------------------------------------

    def test_script_and_size(self):
        ticket = self.report(subject="<script>alert(1)</script>\n" + "x" * 10_000_000, description="a\x00b")
        self.assertEqual(len(ticket.subject), 200)
        self.assertEqual(ticket.description, "ab")
        ticket.with_user(self.users["service"]).action_accept()
        mail = self.env["mail.mail"].search([("email_to", "=", "buyer@jade.example")], limit=1)
        self.assertNotIn("<script>", mail.body_html)

    def test_customer_is_not_deleted_but_may_be_archived(self):
        ticket = self.answered()
        with self.assertRaises(IntegrityError), self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
            self.customer.unlink()
        self.customer.action_archive()
        self.assertEqual(ticket._customer_accept(ticket._answer_token(), 5), "closed")

    def test_customer_merged(self):
        ticket = self.answered()
        other = self.new_customer("Jade Foods Ltd")
        self.env["base.partner.merge.automatic.wizard"]._merge((self.customer | other).ids, other)
        self.env.invalidate_all()
        self.assertEqual(ticket.partner_id, other)
        self.assertEqual(ticket.commercial_partner_id, other)

    def test_busy_while_service_works_on_it(self):
        """Closing while service answers, and a double click on accept: one of them waits outside."""
        ticket = self.answered()
        token = ticket._answer_token()
        with patch.object(type(ticket), "lock_for_update", side_effect=LockError("held")):
            self.assertEqual(ticket._customer_accept(token, 5), "busy")
            self.assertEqual(ticket._customer_reject("nonsense"), "unknown", "strangers lock nothing")
        self.assertEqual(ticket.state, "answered")
        self.assertEqual(ticket._customer_accept(token, 5), "closed")

    def test_category_without_a_team(self):
        category = self.env["crm.procedure.ticket.category"].create({"name": "Packing"})
        ticket = self.accepted()
        ticket.category_id = category
        self.assertEqual(ticket.team_id, self.team_service)

    def test_a_ticket_with_its_past(self):
        """Taken over from an older system: the books of custody and the deadlines of that time."""
        start = datetime(2026, 3, 2, 8)
        ticket = self.Ticket._take_over(
            [
                {
                    "values": {"subject": "Old", "partner_id": self.customer.id, "company_id": self.company.id},
                    "user": self.users["sales"].id,
                    "service": self.users["service"].id,
                    "part": {"subject": "Why", "team_id": self.team_technical.id, "result": "Glue"},
                    "reported": start,
                    "accepted": start + timedelta(hours=1),
                    "part_from": start + timedelta(hours=2),
                    "part_to": start + timedelta(hours=5),
                    "solution": "A new one",
                    "answered": start + timedelta(hours=6),
                    "outcome": "accepted",
                    "rating": 4,
                    "decided": start + timedelta(days=2),
                }
            ]
        )
        self.assertEqual((ticket.state, ticket.customer_rating), ("closed", 4))
        self.assertEqual(ticket.custody_ids.mapped("holder"), ["service", "department", "service", "customer"])
        self.assertEqual(ticket.date_closed, start + timedelta(days=2))
        self.assertFalse(ticket.custody_ids.filtered(lambda row: not row.date_to))
        self.assertLess(ticket.date_answered, ticket.answer_deadline)
        self.assertFalse(self.env["mail.mail"].search([("email_to", "=", "buyer@jade.example")]), "no mail goes out")
        for role in ROLES:
            with self.assertRaises(AccessError):
                self._call(ticket, self.users[role], "_take_over", [])

    def test_person_is_forgotten_evidence_stays(self):
        """PIPL 47: whom a ticket was about goes, what was proven stays."""
        person = self.env["res.partner"].create({"name": "Ms Wu", "email": "wu@lotus.example"})
        ticket = self.answered(partner_id=person.id, phone="123")
        token = ticket._answer_token()
        person.with_user(self.env.ref("base.user_admin"))._procedure_pseudonymise()
        ticket.invalidate_recordset()
        self.assertFalse(ticket.email_from or ticket.phone or ticket.round_ids.sent_to)
        self.assertEqual(ticket.round_ids.solution, "We sent a new one.")
        self.assertEqual(ticket._customer_accept(token, 5), "unknown")

    def test_customer_s_tickets(self):
        """On the customer and on the card of each contact, those that one may see."""
        contact = self.env["res.partner"].create({"name": "Ms Wu", "parent_id": self.customer.id})
        self.report("sales", partner_id=contact.id)
        self.accepted()
        for role, count in (("service", 2), ("sales", 1), ("specialist", 0)):
            partner = self.customer.with_user(self.users[role])
            self.assertEqual(partner.procedure_ticket_count, count, role)
            action = partner.action_view_procedure_tickets()
            self.assertEqual(self.Ticket.with_user(self.users[role]).search_count(action["domain"]), count)
        statistics = self.customer.with_user(self.users["service"])._compute_application_statistics_hook()
        self.assertIn(2, [row["value"] for row in statistics[self.customer.id]])

    def test_without_teams(self):
        self.env["crm.procedure.team"].search([("company_id", "=", self.company.id)]).action_archive()
        ticket = self.answered()
        self.assertFalse(ticket.team_id)
        self.assertEqual(ticket._customer_reject(ticket._answer_token()), "reopened")

    def test_a_copy_is_a_new_report(self):
        ticket = self.answered()
        copy = ticket.with_user(self.users["service"]).copy()
        self.assertEqual((copy.state, copy.solution, copy.round), ("reported", False, 1))
        self.assertNotEqual(copy.name, ticket.name)
