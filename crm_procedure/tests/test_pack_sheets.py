import io
import zipfile

import openpyxl

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools.pareto import pareto
from .common import ProcedureCase


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content))


@tagged("post_install", "-at_install")
class TestPackSheets(ProcedureCase):
    """The sheets of the meeting pack, each alone from the Print menu of its list (A4, A7)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls.users["manager"]
        cls.user.group_ids += cls.env.ref("base.group_allow_export")
        cls.customer = cls.new_customer("=1+1 大客户", 9000)

    def workbook(self, code, records, user=None):
        file = io.BytesIO()
        user = user or self.user
        self.env[f"crm.procedure.workbook.{code}"].with_user(user)._export(file, records.with_user(user))
        return file.getvalue()

    def cells(self, content):
        """:return: {label in the first column: the other cells of its row}, of all sheets"""
        rows = [row for sheet in opened(content) for row in sheet.iter_rows(values_only=True)]
        return {row[0]: [value for value in row[1:] if value is not None] for row in rows if row[0] is not None}

    def tickets(self):
        categories = self.env["crm.procedure.ticket.category"].search([], limit=2)
        tickets = self.env["crm.procedure.ticket"].sudo()
        for number in range(4):
            tickets += tickets.create(
                {
                    "subject": f"=Ticket {number}",
                    "kind": "complaint",
                    "channel": "phone",
                    "partner_id": self.customer.id,
                    "category_id": categories[number == 3].id,
                }
            )
        return tickets, categories

    def contacts(self, **values):
        return (
            self.env["crm.procedure.communication"]
            .sudo()
            .create(
                [
                    {
                        "partner_id": self.customer.id,
                        "kind": kind,
                        "method": "visit",
                        "user_id": self.users["sales"].id,
                        "date_planned": "2026-06-10",
                        "cost": cost,
                        **values,
                    }
                    for kind, cost in (("gift", 100), ("reception", 300), ("gift", 0))
                ]
            )
        )

    def test_pareto(self):
        rows = pareto([(1, "a", 1), (2, "b", 6), (3, "c", 1), (4, "d", 2)], most=2)
        self.assertEqual([(r["id"], r["name"], r["count"]) for r in rows], [(2, "b", 6), (4, "d", 2), (0, "", 2)])
        self.assertEqual([r["share"] for r in rows], [60, 20, 20])
        self.assertEqual([r["together"] for r in rows], [60, 80, 100])
        self.assertEqual(pareto([]), [])

    def test_feedback(self):
        tickets, categories = self.tickets()
        content = self.workbook("feedback", tickets)
        cells = self.cells(content)
        self.assertEqual(cells["Received"], [4, "no data"])
        self.assertEqual(cells["Complaint"], [4])
        self.assertEqual(cells[categories[0].name], [3, 75, 75])
        self.assertEqual(cells[categories[1].name], [1, 25, 100])
        self.assertIn("No data: none of the tickets has one.", cells)
        chart = zipfile.ZipFile(io.BytesIO(content)).read("xl/charts/chart1.xml").decode()
        self.assertRegex(chart, r"<c:v>75(\.0)?</c:v>")
        self.assertIn("<c:lineChart>", chart)

    def test_costs(self):
        contacts = self.contacts()
        self.assertIn(
            "No data: no costs were recorded in this period.", self.cells(self.workbook("care_costs", contacts))
        )
        contacts.write({"state": "done"})
        cells = self.cells(self.workbook("care_costs", contacts))
        self.assertEqual(cells["Reception"], [300, 1, 75])
        self.assertEqual(cells["Gift"], [100, 1, 25])

    def test_plans(self):
        plan = self.env["crm.procedure.plan"].sudo().create({"date_from": "2026-06-01", "date_to": "2026-06-30"})
        content = self.workbook("plan_fulfilment", plan)
        self.assertIn("No data: no care plan wanted a contact in this period.", self.cells(content))
        contacts = self.contacts(plan_id=plan.id)
        contacts[0].write({"state": "done", "is_on_time": True})
        contacts[1].write({"state": "cancelled"})
        content = self.workbook("plan_fulfilment", plan)
        self.assertEqual(self.cells(content)["Sales"], [3, 1, 1, 1, 1, 50])
        self.assertEqual(len(opened(content).active._charts), 2)

    def test_lists(self):
        grading = self.run_grading()
        cells = [
            row for row in opened(self.workbook("grading_changes", grading.line_ids)).active.iter_rows(values_only=True)
        ]
        self.assertIn("=1+1 大客户", [row[2] for row in cells])
        action = self.env["crm.procedure.action"].sudo().create({"subject": "=Do it", "kind": "improvement"})
        action.deadline = "2020-01-01 00:00:00"
        sheet = opened(self.workbook("actions", action)).active
        row = [cell.value for cell in sheet[sheet.max_row]]
        self.assertEqual((row[0], row[2], row[-1]), (action.name, "=Do it", "Yes"))
        self.assertFalse([c for r in sheet.iter_rows() for c in r if c.data_type == "f"])

    def test_surveys_without_figures(self):
        survey = self.env["crm.procedure.campaign"].sudo().search([], limit=1)
        survey = survey or survey.create({"survey_id": self.env["survey.survey"].search([], limit=1).id})
        survey.figure_ids.unlink()
        cells = self.cells(self.workbook("survey_figures", survey))
        self.assertIn("No data: none of these surveys has been analysed yet.", cells)

    def test_each_is_in_the_print_menu_and_an_export(self):
        """Registered once: what has a place in the pack can be had alone, with the right to export only (I11)."""
        places = {}
        for name in self.env.registry:
            if name.startswith("crm.procedure.workbook.") and self.env[name]._place is not None:
                workbook = self.env[name]
                self.assertNotIn(workbook._place, places, name)
                places[workbook._place] = name
                actions = self.env["ir.actions.server"].search([("code", "like", f'"{name}"')])
                self.assertIn(workbook._model, actions.binding_model_id.mapped("model"), name)
        self.assertGreaterEqual(len(places), 7)
        tickets, _categories = self.tickets()
        log = self.env["crm.procedure.export"].sudo()
        before = log.search_count([])
        self.workbook("feedback", tickets)
        self.assertEqual(log.search_count([]), before + 1)
        with self.assertRaisesRegex(AccessError, "export"):
            self.workbook("feedback", tickets, self.users["supervisor"])

    def test_queries_do_not_grow_with_the_records(self):
        counts = []
        for number in (1, 10):
            tickets = self.env["crm.procedure.ticket"].sudo()
            for _ in range(number):
                tickets += self.tickets()[0]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            for code in ("feedback", "ticket_ledger"):
                self.workbook(code, tickets)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 3, counts)
