"""Printed forms and workbooks as people get them: fetched from a real server, opened again."""

import csv
import io
import json
import shutil
import subprocess
import unicodedata
import xmlrpc.client

import openpyxl
import pytest

from conftest import SCREENSHOTS, log_in

GRADING, PARTNER, PROCEDURE = "crm.procedure.grading", "res.partner", "crm.procedure"
LONG = "Very long name of a customer without an end " * 11 + "end."
ARABIC = "شركة النور للتجارة العامة"
# Noto's glyphs serve a character and its look-alike radical; the PDF names the radical.
RADICALS = str.maketrans("⺠⻅⻆⻉⻋⻓⻔⻘⻚⻛⻜⻢⻥⻩⻬⻰", "民见角贝车长门青页风飞马鱼黄齐龙")


@pytest.fixture
def chinese(server):
    """Marketing works in Chinese, until the test is over."""
    admin = server.rpc("admin")
    users = admin("res.users", "search", [("login", "in", ["marketing", "quality"])])
    admin("res.users", "write", users, {"lang": "zh_CN"})
    yield
    admin("res.users", "write", users, {"lang": "en_US"})


@pytest.fixture
def fetch(server, browser):
    """Return ``fetch(login, path)``: the status and the content."""
    contexts = []

    def fetch(login, path):
        context = browser.new_context(base_url=server.url)
        contexts.append(context)
        log_in(context, server.db, login, login)
        answer = context.request.get(path, timeout=120_000)
        return answer.status, answer.body()

    yield fetch
    for context in contexts:
        context.close()


def pages_of(pdf, name):
    """:return: the text of each page; a picture of the first is left in the screenshots"""
    if not shutil.which("pdftotext"):
        pytest.fail("pdftotext is missing: apt-get install poppler-utils")
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / f"{name}.pdf").write_bytes(pdf)
    subprocess.run(
        ["pdftoppm", "-r", "70", "-png", "-l", "2", SCREENSHOTS / f"{name}.pdf", SCREENSHOTS / f"form-{name}"],
        check=True,
    )
    text = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    return [unicodedata.normalize("NFKC", page).translate(RADICALS) for page in text.split("\f")[:-1]]


def opened_in_libreoffice(content, folder):
    """:return: rows of the first sheet, as LibreOffice reads the workbook"""
    if not shutil.which("soffice"):
        pytest.fail("LibreOffice is missing: apt-get install libreoffice-calc-nogui")
    (folder / "book.xlsx").write_bytes(content)
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless"]
        + ["--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", folder, folder / "book.xlsx"],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return list(csv.reader((folder / "book.csv").read_text("utf-8").splitlines()))


def squeezed(text):
    return "".join(text.split())


@pytest.fixture
def approved(server):
    marketing = server.rpc("marketing")
    return marketing(GRADING, "search", [("state", "=", "approved")], limit=1)[0]


def test_grading_list(server, fetch, approved, chinese):
    status, pdf = fetch("marketing", f"/report/pdf/crm_procedure.grading_list/{approved}")
    assert status == 200
    pages = pages_of(pdf, "grading_list")
    assert len(pages) > 1
    for number, page in enumerate(pages, 1):
        text = squeezed(page)
        assert "客户分级清单" in text
        assert "CRM-R-02" in text
        assert "CRM-P-01" in text
        assert f"第{number}页/共{len(pages)}页" in text
    [row] = server.rpc("marketing")(GRADING, "read", [approved], ["name"])
    assert row["name"] in pages[0]
    assert "批准" in squeezed(pages[-1])


@pytest.mark.parametrize("form", ["registration_form", "relationship_card", "key_account_card"])
def test_customer_forms(server, fetch, chinese, form):
    customers = server.rpc("marketing")(PARTNER, "search", [("procedure_grade_id.name", "=", "A")], limit=2)
    status, pdf = fetch("marketing", f"/report/pdf/crm_procedure.{form}/{customers[0]},{customers[1]}")
    assert status == 200
    pages = pages_of(pdf, form)
    assert sum("第1页/共" in squeezed(page) for page in pages) == 2, "each customer's pages are counted from one"


@pytest.mark.parametrize(
    ("form", "model", "state", "number", "title"),
    [
        ("communication_record", "crm.procedure.communication", "done", "CRM-R-04", "客户沟通记录单"),
        ("care_plan", "crm.procedure.plan", "approved", "CRM-R-03", "客户关系维护计划表"),
        ("complaint_record", "crm.procedure.ticket", "closed", "CRM-R-05", "客户投诉处理单"),
        ("survey_report", "crm.procedure.campaign", "approved", "CRM-R-07", "客户满意度调查报告"),
    ],
)
def test_forms_of_contacts_tickets_and_surveys(server, fetch, chinese, form, model, state, number, title):
    [record] = server.rpc("quality")(model, "search_read", [("state", "=", state)], ["name"], limit=1)
    status, pdf = fetch("quality", f"/report/pdf/crm_procedure.{form}/{record['id']}")
    assert status == 200
    pages = pages_of(pdf, form)
    for index, page in enumerate(pages, 1):
        text = squeezed(page)
        assert title in text
        assert number in text
        assert "CRM-P-01" in text
        assert f"第{index}页/共{len(pages)}页" in text
    assert record["name"] in "".join(pages)


def test_long_and_foreign_names(server, fetch):
    admin = server.rpc("admin")
    values = {"is_company": True, "child_ids": [(0, 0, {"name": "A" * 300, "function": ARABIC})]}
    ids = [
        admin(PARTNER, "create", [{"name": name, **values}])[0]
        for name in (LONG, ARABIC, "x" * 500, "<b>=1+1</b> & Co")
    ]
    for form in ("registration_form", "relationship_card", "key_account_card"):
        status, pdf = fetch("marketing", f"/report/pdf/crm_procedure.{form}/{','.join(map(str, ids))}")
        assert status == 200
        pages = pages_of(pdf, f"long-{form}")
        assert 4 <= len(pages) <= 8
        text = squeezed("".join(pages))
        assert "x" * 20 in text
        assert squeezed(LONG[:60]) in text
        assert "<b>=1+1</b>&Co" in text
        assert all("Page" in page for page in pages)


def test_customer_change(server, fetch):
    changes = server.rpc("admin")("crm.procedure.change", "search", [], limit=2)
    sales = server.rpc("sales")
    if not changes:
        [customer] = sales(PARTNER, "search", [("procedure_grade_id.name", "=", "A")], limit=1)
        changes = sales("crm.procedure.change", "create", [{"partner_id": customer, "description": "Moved"}])
    status, pdf = fetch("sales", f"/report/pdf/crm_procedure.customer_change/{changes[0]}")
    assert status == 200
    assert "CRM-R-10" in pages_of(pdf, "customer_change")[0]


def test_procedure(server, fetch, chinese):
    quality = server.rpc("quality")
    [version] = quality(PROCEDURE, "search", [("clause_ids", "!=", False)], limit=1)
    status, pdf = fetch("quality", f"/report/pdf/crm_procedure.procedure/{version}")
    assert status == 200
    pages = pages_of(pdf, "procedure")
    text = squeezed("".join(pages))
    for clause in quality("crm.procedure.clause", "search_read", [("procedure_id", "=", version)], ["number", "name"]):
        assert squeezed(clause["number"]) in text
    for words in ("编制", "审核", "批准", "CRM-R-02", f"第1页/共{len(pages)}页"):
        assert words in text


def test_without_a_form_number(server, fetch):
    """A form that the master list does not name prints, and says so."""
    admin = server.rpc("admin")
    [company] = admin("res.company", "create", [{"name": "Company without a procedure"}])
    [partner] = admin(
        PARTNER, "create", [{"name": "Lonely", "company_id": company}], context={"allowed_company_ids": [1, company]}
    )
    admin(
        "res.users", "write", admin("res.users", "search", [("login", "=", "service")]), {"company_ids": [(4, company)]}
    )
    status, pdf = fetch("service", f"/report/pdf/crm_procedure.registration_form/{partner}")
    assert status == 200
    [page] = pages_of(pdf, "no-number")
    assert page.count("no form number assigned") >= 2
    assert "no procedure in force" in page


@pytest.fixture
def may_export(server):
    """Marketing has Odoo's right to export."""
    admin = server.rpc("admin")
    [right] = admin(
        "ir.model.data", "search_read", [("module", "=", "base"), ("name", "=", "group_allow_export")], ["res_id"]
    )
    marketing = admin("res.users", "search", [("login", "=", "marketing")])
    admin("res.users", "write", marketing, {"group_ids": [(4, right["res_id"])]})


def test_workbooks(server, fetch, approved, chinese, may_export, tmp_path):
    customers = server.rpc("marketing")(PARTNER, "search", [("procedure_grade_id", "!=", False)])
    for path, title in (
        (f"customer_list?ids={json.dumps(customers)}", "客户清单"),
        (f"grading_list?ids=[{approved}]", "客户分级清单"),
    ):
        status, content = fetch("marketing", f"/crm_procedure/workbook/{path}")
        assert status == 200
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        assert sheet["A1"].value == title
        assert sheet.freeze_panes
        assert sheet.auto_filter.ref
        assert sheet.max_row > len(customers) // 2
        assert not any(cell.data_type == "f" for row in sheet.iter_rows() for cell in row)
        rows = opened_in_libreoffice(content, tmp_path)
        assert len(rows) == sheet.max_row
        assert rows[0][0] == title


def test_workbook_by_the_button(page_as, approved, server, may_export):
    """Opened from the Print menu, as people do."""
    page = page_as("marketing")
    page.goto(f"/odoo/action-crm_procedure.grading_action/{approved}")
    page.locator(".o_cp_action_menus button").click()
    menu = page.locator(".o-dropdown--menu")
    menu.get_by_text("Print", exact=True).hover()
    with page.expect_download() as download:
        menu.get_by_text("Grading List (Excel)").click()
    sheet = openpyxl.load_workbook(io.BytesIO(download.value.path().read_bytes())).active
    assert download.value.suggested_filename.endswith(".xlsx")
    assert sheet["A1"].value == "Customer Grading List"


def test_kept_list_is_evidence(server, fetch, approved):
    admin = server.rpc("admin")
    kept = admin(
        "ir.attachment",
        "search",
        [("res_model", "=", GRADING), ("res_id", "=", approved), ("procedure_kept", "=", True)],
    )
    assert kept
    for login in ("admin", "marketing", "sales"):
        call = server.rpc(login)
        for method, *arguments in (("unlink",), ("write", {"name": "other"}), ("write", {"datas": "AAAA"})):
            with pytest.raises(xmlrpc.client.Fault):
                call("ir.attachment", method, kept, *arguments)
    status, content = fetch("auditor", f"/web/content/{kept[0]}?download=true")
    assert status == 200
    assert openpyxl.load_workbook(io.BytesIO(content)).active.freeze_panes
