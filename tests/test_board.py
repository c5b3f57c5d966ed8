"""The clause board on a screen, on a telephone, on paper, and while somebody else computes."""

import re

import pytest
from playwright.sync_api import expect

CLAUSE = ".o_procedure_board_clause[data-clause='5.4']"


@pytest.fixture
def board_as(page_as):
    """Return ``board_as(login, width=1400, prepare=None)``: a page on the board."""

    def board_as(login, width=1400, prepare=lambda page: None):
        page = page_as(login)
        prepare(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/odoo/clause-board")
        expect(page.locator(CLAUSE)).to_be_visible()
        return page

    return board_as


def compute(page):
    page.locator(".o_procedure_board_refresh").click()
    expect(page.locator(".o_procedure_board_computed")).to_contain_text("Computed at")
    expect(page.locator(".o_procedure_board_refresh")).to_have_text("Refresh now")


def expect_no_sideways_scroll(page):
    wide = page.evaluate(
        "[...document.querySelectorAll('html, .o_content, .o_procedure_board_page')]"
        ".filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.className)"
    )
    assert not wide, f"These scroll sideways: {wide}"


@pytest.mark.parametrize("width", [1400, 768, 390])
def test_every_width(board_as, screenshot, width):
    page = board_as("quality", width)
    compute(page)
    expect(page.locator(".o_procedure_board_clause")).not_to_have_count(0)
    expect(page.locator(CLAUSE).locator("[data-state]").first).to_have_text(re.compile("Met|Missed|No evidence"))
    expect_no_sideways_scroll(page)
    screenshot(page, f"clause-board-{width}")


@pytest.mark.parametrize("width", [1400, 800, 390])
def test_whatever_people_write(board_as, screenshot, width):
    """Long Chinese, words without an end, right-to-left, markup and millions of records."""

    def write(route):
        answer = route.fetch()
        board = answer.json()
        clause = next(clause for clause in board["result"]["clauses"] if clause["number"] == "5.4")
        clause["name"] = "客户信息登记与核实以及客户关系维护计划的制定和执行情况检查" * 3
        clause["roles"] = ["Ministerialdirektorenkonferenz" * 4]
        clause["indicators"][0] |= {
            "name": "عدد العملاء <b>bold</b> " + "x" * 120,
            "definition": "客户" * 150,
            "population": 1_234_567,
            "conforming": 1_200_000,
            "value": 97.2,
            "trend": [{"date": f"2026-{month:02}-28", "value": 80 + month} for month in range(1, 12)],
        }
        route.fulfill(response=answer, json=board)

    page = board_as("auditor", width, lambda page: page.route("**/get_board", write))
    row = page.locator(CLAUSE).locator(".o_procedure_board_indicator").first
    expect(row).to_contain_text("<b>bold</b>")
    expect(row.locator("[data-which=conforming]")).to_have_text("1,200,000")
    expect_no_sideways_scroll(page)
    screenshot(page, f"clause-board-long-{width}")


def test_from_a_number_to_its_records_and_back(board_as):
    page = board_as("manager")
    compute(page)
    page.locator("[data-filter=missed]").click()
    expect(page.locator("[data-filter=missed]")).to_have_attribute("aria-pressed", "true")
    difference = page.locator("[data-which=difference]").first
    records = int(re.search(r"\d+", difference.inner_text())[0])
    difference.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".o_list_view .o_data_row")).to_have_count(records)
    page.locator(".o_back_button").click()
    expect(page.locator("[data-filter=missed]")).to_have_attribute("aria-pressed", "true")


def test_everybody_who_looks_sees_it_computed(board_as, server):
    auditor = board_as("auditor")
    expect(auditor.locator(".o_procedure_board_refresh")).to_have_count(0)
    # The first connection takes a moment; what is computed before it is up is sent when it is.
    names = auditor.locator(".o_procedure_board_open")
    before = names.count()
    quality = server.rpc("quality")
    values = quality("crm.procedure.indicator", "search_read", [("clause", "=", "5.4")], ["target"], limit=1)
    indicator, target = values[0]["id"], values[0]["target"]
    cell = auditor.locator(f"[data-indicator='{indicator}'] .o_procedure_board_target")
    quality("crm.procedure.indicator", "write", [indicator], {"target": 12.3})
    quality("crm.procedure.indicator", "action_compute", [indicator])
    try:
        expect(cell).to_contain_text("12.3")
        assert names.count() == before
    finally:
        quality("crm.procedure.indicator", "write", [indicator], {"target": target})
        quality("crm.procedure.indicator", "action_compute", [indicator])


def test_on_paper(board_as):
    page = board_as("auditor")
    page.emulate_media(media="print")
    for hidden in (".o_navbar", ".o_control_panel", ".o_procedure_board_filters"):
        expect(page.locator(hidden).first).to_be_hidden()
    height = page.evaluate("document.querySelector('.o_procedure_board_page').scrollHeight")
    assert page.evaluate("document.documentElement.scrollHeight") >= height, "the page is cut off"
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_stranger_sees_no_figures(server, page_as):
    page = page_as("customer")
    answer = page.request.post(
        "/web/dataset/call_kw",
        data={"params": {"model": "crm.procedure.indicator", "method": "get_board", "args": [], "kwargs": {}}},
    ).json()
    assert answer["error"]["data"]["name"].endswith("AccessError")
