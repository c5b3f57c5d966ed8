import contextlib
import hashlib
import io
from unittest.mock import patch

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models import review_pack_send
from ..reports import meeting_pack
from .libreoffice import converted
from .review_common import ReviewCase

LOG = "odoo.addons.crm_procedure.models.review_pack"


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


class PackCase(ReviewCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.export = cls.env.ref("base.group_allow_export")
        for role in ("manager", "quality"):
            cls.users[role].group_ids += cls.export
        for role in ("sales", "service"):
            cls.users[role].group_ids -= cls.export
        cls.pack_cron = cls.env.ref("crm_procedure.ir_cron_review_pack")

    def new_review(self, **values):
        attendees = self.users["manager"] | self.users["quality"] | self.users["sales"]
        values = {"kind": "quarterly", "attendee_ids": [(6, 0, attendees.ids)], **values}
        return self.env["crm.procedure.review"].with_user(self.users["quality"]).create(values).sudo()

    def run_packs(self):
        with self.enter_registry_test_mode():
            self.pack_cron.method_direct_trigger()
        self.env.invalidate_all()

    def packs(self, review):
        return (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [("res_model", "=", "crm.procedure.review"), ("res_id", "=", review.id), ("procedure_kept", "=", True)]
            )
        )

    def log(self):
        return self.env["crm.procedure.export"].sudo().search([("res_model", "=", "crm.procedure.review")])


@tagged("post_install", "-at_install")
class TestMeetingPack(PackCase):
    """One workbook for a meeting, made in the background (A1, A4, A7, I11)."""

    # ------------------------------------------------------------
    # What is in it
    # ------------------------------------------------------------

    def test_pack_without_data(self):
        """A period in which nothing happened: a valid file that says so on every sheet."""
        review = self.new_review()
        self.run_packs()
        self.assertEqual(review.pack_state, "ready", review.pack_text)
        book = opened(review.pack_id.raw)
        self.assertEqual(len(book.sheetnames), 1 + len(self.env["crm.procedure.meeting.pack"]._sheets()))
        for sheet in book.worksheets[1:]:
            values = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]
            if sheet.title != "Clauses and Indicators":
                self.assertTrue([text for text in values if text.startswith("No data")], sheet.title)
            self.assertIn(review.display_name, values)
            back = next(c for row in sheet.iter_rows() for c in row if c.hyperlink)
            self.assertEqual(back.hyperlink.location, "'Contents'!A1")

    def test_cover(self):
        review = self.new_review()
        self.env["crm.procedure.form"].sudo().search([("code", "=", "meeting_pack")]).unlink()
        self.env["crm.procedure.form"].sudo().create(
            {"procedure_id": self.procedure.id, "number": "QR-77", "name": "=Pack", "code": "meeting_pack"}
        )
        review.action_make_pack()
        self.run_packs()
        book = opened(review.pack_id.raw)
        values = [str(c) for row in book["Contents"].iter_rows(values_only=True) for c in row if c is not None]
        for text in ("=Pack", "Form No.: QR-77", "QP-07 V1.0", "Manager", "Sales", "not signed yet"):
            self.assertTrue([value for value in values if text in value], text)
        links = [c.hyperlink.location for row in book["Contents"].iter_rows() for c in row if c.hyperlink]
        self.assertEqual(links, [f"'{name}'!A1" for name in book.sheetnames[1:]])
        formulas = [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]
        self.assertFalse(formulas)

    def test_figures_are_those_of_the_minutes(self):
        """What happened after the freezing changes neither the review nor its pack."""
        review = self.new_review()
        frozen = dict(review.figures)
        frozen["costs"] = {
            "currency": "CNY",
            "total": 12,
            "before": 3,
            "kinds": [{"kind": "gift", "cost": 12, "contacts": 2}],
        }
        frozen["pareto"] = {
            "category": {"rows": [{"id": 1, "name": "=Pump", "count": 7, "share": 100, "together": 100}]}
        }
        frozen["surveys"] = [
            {
                "name": "S-1",
                "kind": "yearly",
                "state": "analysed",
                "from": "2026-01-01",
                "to": "2026-01-31",
                "figures": [
                    {
                        "kind": "csat",
                        "status": "ok",
                        "value": 81.5,
                        "low": 70,
                        "high": 90,
                        "answers": 40,
                        "change": "up",
                    },
                    {
                        "kind": "nps",
                        "status": "few",
                        "value": None,
                        "low": None,
                        "high": None,
                        "answers": 2,
                        "change": "unknown",
                    },
                ],
            }
        ]
        frozen["plans"] = {"grades": [{"grade": "A", "planned": 8, "done": 6, "on_time": 5, "cancelled": 0, "open": 2}]}
        frozen["indicators"] = [
            {
                "id": 1,
                "code": "x",
                "name": "Contacts on time",
                "clause": "5.3",
                "clause_name": "Care",
                "origin": "document",
                "measure": "share",
                "value": 62.5,
                "population": 8,
                "conforming": 5,
                "target": 90,
                "direction": "up",
                "state": "missed",
                "previous": None,
            }
        ]
        review.figures = frozen
        self.run_packs()
        book = opened(review.pack_id.raw)
        rows = {row[0]: row for sheet in book for row in sheet.iter_rows(values_only=True) if row[0] is not None}
        self.assertEqual(rows["Gift"][1:4], (12, 2, 100))
        self.assertEqual(rows["=Pump"][1:4], (7, 100, 100))
        self.assertEqual(rows["A"][1:7], (8, 6, 5, 0, 2, 62.5))
        self.assertEqual(rows["5.3"][3:9], (62.5, "%", "≥ 90 %", "Missed", 8, 5))
        surveys = [row for row in book["Satisfaction Surveys"].iter_rows(values_only=True) if row[0] == "S-1"]
        self.assertEqual([row[2] for row in surveys[1:]], [81.5, "Too few answers"])
        self.assertGreaterEqual(sum(len(sheet._charts) for sheet in book), 5)

    def test_lists_of_the_period(self):
        customer = self.new_customer("=1+1 😀 שלום", 9000)
        review = self.new_review()
        inside, outside = (
            self.env["crm.procedure.ticket"]
            .sudo()
            .create(
                {
                    "subject": text,
                    "kind": "complaint",
                    "channel": "phone",
                    "partner_id": customer.id,
                    "description": "x" * 32_768,
                }
            )
            for text in ("@inside", "outside")
        )
        begin, end = review._bounds()
        inside.date_reported, outside.date_reported = begin, end
        self.run_packs()
        sheet = opened(review.pack_id.raw)["Ticket Ledger"]
        values = [cell for row in sheet.iter_rows(values_only=True) for cell in row]
        self.assertIn("@inside", values)
        self.assertIn("=1+1 😀 שלום", values)
        self.assertNotIn("outside", values)
        self.assertEqual(review.pack_rows, 1)

    def test_a_list_that_is_too_long_says_so(self):
        customer = self.new_customer("Customer", 9000)
        review = self.new_review()
        begin, _end = review._bounds()
        for number in range(3):
            ticket = (
                self.env["crm.procedure.ticket"]
                .sudo()
                .create({"subject": f"T {number}", "kind": "inquiry", "channel": "phone", "partner_id": customer.id})
            )
            ticket.date_reported = begin
        with patch.object(meeting_pack, "MOST", 2):
            self.run_packs()
        sheet = opened(review.pack_id.raw)["Ticket Ledger"]
        values = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row]
        self.assertTrue([text for text in values if "The first 2 of 3 records" in text])
        self.assertNotIn("T 2", values)

    def test_opens_in_libreoffice(self):
        review = self.new_review()
        self.run_packs()
        self.assertGreater(len(converted(review.pack_id.raw, "pdf")), 10_000)

    # ------------------------------------------------------------
    # How it is made
    # ------------------------------------------------------------

    def test_made_by_itself_once(self):
        """Twice in a row: one attachment, kept, with its hash."""
        review = self.new_review()
        self.assertEqual(review.pack_state, "waiting")
        self.run_packs()
        self.run_packs()
        pack = self.packs(review)
        self.assertEqual(pack, review.pack_id)
        self.assertEqual(review.pack_hash, hashlib.sha256(pack.raw).hexdigest())
        self.assertIn("Made on", review.pack_text)
        with self.assertRaises(UserError):
            pack.unlink()

    def test_killed_in_the_middle(self):
        """Nothing half made is kept, and the next run makes it; a killer of workers is set aside."""
        review = self.new_review()

        class Killed(BaseException):
            pass

        def dies(*_args, **_kwargs):
            raise Killed

        sheets = type(self.env["crm.procedure.workbook.care_costs"])
        for tries in (1, 2):
            with contextlib.suppress(Killed), patch.object(sheets, "_fill", dies), self.enter_registry_test_mode():
                self.pack_cron.method_direct_trigger()
            self.env.invalidate_all()
            self.assertFalse(self.packs(review))
            self.assertEqual((review.pack_state, review.pack_tries), ("making", tries))
            self.assertIn("Is being made", review.pack_text)
        self.run_packs()
        self.assertEqual(len(self.packs(review)), 1)
        self.assertEqual(review.pack_state, "ready")
        review.write({"pack_state": "making", "pack_tries": 3})
        with self.assertLogs(LOG, "ERROR"):
            self.run_packs()
        self.assertEqual(review.pack_state, "failed")
        self.assertEqual(len(self.packs(review)), 1)

    def test_failure_is_set_aside_and_tried_again(self):
        bad, good = self.new_review(), self.new_review(kind="monthly")
        pack = type(self.env["crm.procedure.meeting.pack"])
        write = pack._write

        def fails(self, target, review, told=None):
            if review.id == bad.id:
                raise OSError("disk full")
            return write(self, target, review, told)

        with patch.object(pack, "_write", fails), self.assertLogs(LOG, "ERROR"):
            self.run_packs()
        self.assertEqual((bad.pack_state, good.pack_state), ("failed", "ready"))
        self.assertIn("disk full", "".join(bad.activity_ids.mapped("note")))
        bad.with_user(self.users["quality"]).action_make_pack()
        self.run_packs()
        self.assertEqual(bad.pack_state, "ready")

    def test_frozen_again_while_it_is_made(self):
        """A pack of figures that are no longer those of the review is not kept."""
        review = self.new_review()
        pack = type(self.env["crm.procedure.meeting.pack"])
        write = pack._write
        asked = []

        def overtaken(self, target, record, told=None):
            if not asked:
                asked.append(True)
                record.write({"pack_asked_on": "2030-01-01 00:00:00", "pack_state": "waiting"})
            return write(self, target, record, told)

        with patch.object(pack, "_write", overtaken):
            self.run_packs()
        self.assertEqual(len(self.packs(review)), 1)
        self.assertEqual(review.pack_state, "ready")

    def test_new_figures_make_a_new_pack(self):
        review = self.new_review()
        self.run_packs()
        first = review.pack_id
        review.with_user(self.users["quality"]).action_freeze(reason="Late tickets were entered")
        self.run_packs()
        self.assertEqual(len(self.packs(review)), 2, "what was sent once stays")
        self.assertNotEqual(review.pack_id, first)
        self.assertNotEqual(review.pack_id.name, first.name)

    def test_only_who_writes_the_review_has_it_made(self):
        review = self.new_review()
        with self.assertRaises(AccessError):
            review.with_user(self.users["sales"]).action_make_pack()
        review.with_user(self.users["quality"]).action_make_pack()

    def test_queries_do_not_grow_with_the_records(self):
        customer = self.new_customer("Customer", 9000)
        counts = []
        for number in (2, 20):
            review = self.new_review(kind="monthly" if number == 2 else "quarterly")
            begin, _end = review._bounds()
            tickets = self.env["crm.procedure.ticket"].sudo()
            for n in range(number):
                tickets += tickets.create(
                    {"subject": f"T {n}", "kind": "inquiry", "channel": "phone", "partner_id": customer.id}
                )
            tickets.write({"date_reported": begin})
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["crm.procedure.meeting.pack"]._write(io.BytesIO(), review._for_pack())
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5, counts)

    # ------------------------------------------------------------
    # Who gets it
    # ------------------------------------------------------------

    def test_sending(self):
        """Everybody gets a link; the file goes to those who may export, each on record; who has no mail is noted."""
        self.users["marketing"].email = False
        review = self.new_review()
        review.attendee_ids += self.users["marketing"]
        with self.mock_mail_gateway() if hasattr(self, "mock_mail_gateway") else mute_logger("odoo.addons.mail"):
            self.run_packs()
        messages = self.env["mail.message"].search(
            [("model", "=", "crm.procedure.review"), ("res_id", "=", review.id), ("subject", "like", "Meeting pack")]
        )
        with_file = messages.filtered("attachment_ids")
        self.assertEqual(with_file.notified_partner_ids, (self.users["manager"] | self.users["quality"]).partner_id)
        self.assertEqual((messages - with_file).notified_partner_ids, self.users["sales"].partner_id)
        self.assertIn("you may not export them", str((messages - with_file).body))
        self.assertEqual(self.log().user_id, self.users["manager"] | self.users["quality"])
        self.assertIn(review.name, self.log()[0].purpose)
        notes = " ".join(review.message_ids.mapped("body"))
        self.assertIn("no email address: Marketing", notes)
        self.assertIn("a link and no workbook", notes)

    def test_large_packs_are_not_mailed(self):
        review = self.new_review()
        with patch.object(review_pack_send, "MAILED", 10):
            self.run_packs()
        messages = self.env["mail.message"].search([("res_id", "=", review.id), ("subject", "like", "Meeting pack")])
        self.assertTrue(messages)
        self.assertFalse(messages.attachment_ids)
        self.assertFalse(self.log())

    def test_each_in_their_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.users["manager"].lang = "zh_CN"
        review = self.new_review()
        self.run_packs()
        messages = self.env["mail.message"].search([("res_id", "=", review.id), ("attachment_ids", "!=", False)])
        self.assertEqual(len(messages), 2)

    def test_reading_is_an_export(self):
        """I11: without the right to export, or with hidden customers, the figures stand in the review only."""
        review = self.new_review()
        self.run_packs()
        self.assertTrue(review.with_user(self.users["manager"]).pack_id.raw)
        sales = review.with_user(self.users["sales"])
        self.assertTrue(sales.figures)
        self.assertFalse(sales.pack_may_load)
        for act in (lambda: sales.pack_id.read(["raw"]), sales.action_load_pack):
            with self.assertRaises(AccessError):
                act()
        files = self.env["ir.attachment"].with_user(self.users["sales"])
        self.assertFalse(files.search([("res_model", "=", "crm.procedure.review"), ("res_id", "=", review.id)]))
        self.users["sales"].group_ids += self.export
        self.env.invalidate_all()
        self.assertTrue(sales.pack_may_load)
        customer = self.new_customer("Hidden", 1)
        self.env["ir.rule"].create(
            {
                "name": "own",
                "model_id": self.env.ref("base.model_res_partner").id,
                "domain_force": f"[('id', '!=', {customer.id})]",
                "groups": [(4, self.env.ref("crm_procedure.group_sales").id)],
            }
        )
        self.env.invalidate_all()
        self.assertFalse(sales.pack_may_load)
        with self.assertRaises(AccessError):
            sales.pack_id.read(["raw"])

    def test_approval_adds_the_signatures_quietly(self):
        review = self.new_review()
        self.run_packs()
        sent = self.env["mail.message"].search_count([("res_id", "=", review.id), ("subject", "like", "Meeting pack")])
        self.approve(review)
        self.run_packs()
        self.assertEqual(review.pack_state, "ready")
        values = [str(c) for row in opened(review.pack_id.raw)["Contents"].iter_rows(values_only=True) for c in row]
        self.assertNotIn("not signed yet", values)
        now = self.env["mail.message"].search_count([("res_id", "=", review.id), ("subject", "like", "Meeting pack")])
        self.assertEqual(now, sent)

    def approve(self, review):
        review.write({"date": review.company_id._procedure_now().date()})
        review.agenda_ids.write({"conclusion": "Fine."})
        review.with_user(self.users["quality"]).action_submit()
        review.with_user(self.users["manager"]).action_approve()


@tagged("post_install", "-at_install")
class TestPackDownload(PackCase, HttpCase):
    """Each download stands in the log of exports (I11)."""

    def test_download(self):
        review = self.new_review()
        self.run_packs()
        manager = self.users["manager"]
        url = review.with_user(manager).action_load_pack()["url"]
        before = len(self.log())
        self.authenticate(manager.login, manager.login)
        answer = self.url_open(url)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(hashlib.sha256(answer.content).hexdigest(), review.pack_hash)
        self.env.invalidate_all()
        self.assertEqual(len(self.log()), before + 1)
        self.assertEqual(self.log()[0].user_id, manager)
        self.authenticate(self.users["sales"].login, self.users["sales"].login)
        self.assertEqual(self.url_open(url).status_code, 404)
        self.assertEqual(len(self.log()), before + 1)
