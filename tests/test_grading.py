"""The story of a grading in the browser, told by the people it is about.

The pictures that it takes are those of the README.
"""

import re

import pytest
from playwright.sync_api import expect
from screens import open_menu

REASON = "One refit of a plant, no framework contract: not a key customer yet."
CUSTOMER = "Brennhof"


def open_app(page, *menus):
    open_menu(page, "Customer Procedure", *menus)


def number_of(page):
    """The number of the record on the screen, once it has one."""
    name = page.locator(".o_field_widget[name=name] span")
    expect(name).to_have_text(re.compile(r"GRL-\d+-\d+"))
    return name.inner_text()


def open_grading(page, number):
    open_app(page, "Gradings")
    page.get_by_role("cell", name=number, exact=True).click()
    expect(page.locator(".o_field_widget[name=name] span")).to_have_text(number)


def expect_state(page, label):
    expect(page.locator(".o_statusbar_status .o_arrow_button_current")).to_have_text(label)


def choose(page, cell, value):
    """Choose a value in the many2one of a row that is being edited."""
    box = cell.locator("input")
    box.fill(value)
    page.locator(".o-autocomplete--dropdown-menu").get_by_role("option", name=value, exact=True).click()


@pytest.fixture
def new_list(page_as):
    """Return ``new_list()``: marketing's page on a new, computed list, and its number."""

    def new_list():
        page = page_as("marketing")
        open_app(page, "Gradings")
        page.locator(".o_list_button_add").click()
        page.get_by_role("button", name="Compute", exact=True).click()
        expect(page.locator(".o_procedure_figures")).to_be_visible()
        return page, number_of(page)

    return new_list


def test_the_story(page_as, new_list, screenshot):
    marketing, number = new_list()
    expect(marketing.locator(".o_procedure_figures")).to_contain_text("contacts a month are required")
    expect(marketing.locator(".o_procedure_figures")).to_contain_text("Who moves")
    screenshot(marketing, "grading-what-if")

    # One line is decided otherwise; without a reason it is not.
    marketing.get_by_role("button", name="See who moves").click()
    row = marketing.locator(".o_data_row", has_text=CUSTOMER)
    cell = row.locator("[name=grade_id]")
    cell.click()
    choose(marketing, cell, "B")
    marketing.locator(".o_list_button_save").first.click()
    expect(marketing.locator(".o_dialog")).to_contain_text("Enter the reason beside it")
    marketing.locator(".o_dialog .btn-primary").click()
    marketing.locator(".o_selected_row [name=override_reason] input").fill(REASON)
    marketing.locator(".o_list_button_save").first.click()
    expect(marketing.locator(".o_selected_row")).to_have_count(0)
    expect(row).to_contain_text(REASON)
    screenshot(marketing, "grading-lines")

    marketing.locator(".o_back_button").click()
    marketing.get_by_role("button", name="Submit", exact=True).click()
    expect_state(marketing, "Submitted")
    expect(marketing.get_by_role("button", name="Co-sign")).to_have_count(0)

    sales = page_as("sales")
    open_grading(sales, number)
    screenshot(sales, "grading-to-co-sign")
    sales.get_by_role("button", name="Co-sign and apply").click()
    expect(sales.locator(".modal")).to_contain_text("The customers will show these grades")
    sales.locator(".modal .btn-primary").click()
    expect_state(sales, "Approved")
    expect(sales.locator(".ribbon")).to_have_text("Applied")
    expect(sales.locator(".o-mail-Chatter")).to_contain_text("Applied: the customers now show these grades.")
    screenshot(sales, "grading-applied")

    look_at_customers(sales, number, screenshot)


def look_at_customers(page, number, screenshot):
    """Sales finds the customers by their grade, and why they have it."""
    open_app(page, "Customers", "All Customers")
    for grade in "ABC":
        expect(page.locator(".o_kanban_group .o_column_title", has_text=re.compile(rf"^\s*{grade}\b"))).to_be_visible()
    screenshot(page, "customers-kanban")
    page.locator(".o_switch_view.o_list").click()
    expect(page.locator(".o_group_header").first).to_be_visible()
    for header in page.locator(".o_group_header", has_text=re.compile(r"^\s*[AB]\b")).all():
        header.click()
    expect(page.locator(".o_data_row", has_text=CUSTOMER)).to_be_visible()
    screenshot(page, "customers-list")
    page.locator(".o_data_row", has_text=CUSTOMER).locator("[name=complete_name]").click()
    page.get_by_role("tab", name="Grade").click()
    why = page.locator(".o_procedure_explanation")
    expect(why).to_contain_text("Sales amount")
    expect(why).to_contain_text(REASON)
    expect(page.locator("[name=procedure_line_ids]")).to_contain_text(number)
    why.evaluate("(element) => element.scrollIntoView({block: 'center'})")
    screenshot(page, "customer-why")
    page.locator("button[name=action_view_grade_history]").click()
    expect(page.locator(".o_data_row", has_text=number)).to_be_visible()
    screenshot(page, "customer-grade-history")


def test_marketing_cannot_co_sign(page_as, new_list):
    page, number = new_list()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect_state(page, "Submitted")
    expect(page.locator("button[name=action_approve]")).to_have_count(0)
    expect(page.locator("button[name=action_reject]")).to_have_count(0)
    reject(page_as("sales"), number, "The test is over.")


def test_sales_rejects_with_a_reason(page_as, new_list, screenshot):
    marketing, number = new_list()
    marketing.get_by_role("button", name="Submit", exact=True).click()
    expect_state(marketing, "Submitted")
    sales = page_as("sales")
    reason = "The potential of two customers has to be judged again first."
    reject(sales, number, reason, lambda: screenshot(sales, "grading-reject"))
    expect_state(sales, "Rejected")
    expect(sales.locator(".alert-danger")).to_contain_text(reason)
    expect(sales.locator(".o-mail-Chatter")).to_contain_text(reason)
    open_grading(marketing, number)
    expect(marketing.locator(".alert-danger")).to_contain_text(reason)


def reject(page, number, reason, look=lambda: None):
    open_grading(page, number)
    page.get_by_role("button", name="Reject").click()
    page.locator(".modal [name=reason] textarea").fill(reason)
    look()
    page.locator(".modal").get_by_role("button", name="Confirm").click()
    expect(page.locator(".modal")).to_have_count(0)


def test_sales_computes_nothing(page_as):
    page = page_as("sales")
    open_app(page, "Gradings")
    expect(page.locator(".o_list_button_add")).to_have_count(0)
    page.locator(".o_data_row", has_text="Draft").first.locator("[name=name]").click()
    expect_state(page, "Draft")
    for method in ("action_compute", "action_submit"):
        expect(page.locator(f"button[name={method}]")).to_have_count(0)


def test_an_auditor_reads_and_changes_nothing(page_as):
    page = page_as("auditor")
    open_app(page, "Gradings")
    expect(page.locator(".o_list_button_add")).to_have_count(0)
    page.locator(".o_data_row", has_text="Draft").first.locator("[name=name]").click()
    expect(page.locator(".o_procedure_figures")).to_be_visible()
    for method in ("action_compute", "action_submit", "action_approve", "action_reject"):
        expect(page.locator(f"button[name={method}]")).to_have_count(0)
    open_app(page, "Configuration", "Grading Criteria")
    expect(page.locator(".o_data_row").first).to_be_visible()
    expect(page.locator(".o_list_button_add")).to_have_count(0)


def test_the_screens_of_the_set_up(page_as, screenshot):
    page = page_as("quality")
    for menu in ("Procedure", "Grading Criteria", "Customer Grades", "Teams"):
        open_app(page, "Configuration", menu)
        expect(page.locator(".o_data_row").first).to_be_visible()
        screenshot(page, "configuration-" + menu.lower().replace(" ", "-"))
    open_app(page, "Configuration", "Procedure")
    page.locator(".o_data_row [name=number]").first.click()
    page.get_by_role("tab", name="Limits").click()
    expect(page.locator("[name=limit_ids] .o_data_row").first).to_be_visible()
    screenshot(page, "procedure")
    open_app(page, "Reporting", "Grade History")
    expect(page.locator(".o_data_row, .o_group_header").first).to_be_visible()


def test_who_has_no_role_sees_no_app_and_no_grade(server, page_as):
    admin = server.rpc("admin")
    [group] = admin(
        "ir.model.data",
        "search_read",
        [("module", "=", "sales_team"), ("name", "=", "group_sale_salesman")],
        ["res_id"],
    )
    [user] = admin(
        "res.users",
        "create",
        [{"name": "No Role", "login": "no-role", "password": "no-role", "group_ids": [(4, group["res_id"])]}],
        context={"no_reset_password": True},
    )
    try:
        page = page_as("no-role")
        page.goto("/odoo")
        page.locator(".o_navbar_apps_menu button").click()
        expect(page.get_by_role("menuitem", name="Sales")).to_be_visible()
        expect(page.get_by_role("menuitem", name="Customer Procedure")).to_have_count(0)
        page.goto("/odoo/contacts?view_type=kanban")
        expect(page.locator(".o_kanban_record:not(.o_kanban_ghost)").first).to_be_visible()
        page.get_by_text(CUSTOMER).first.click()
        expect(page.locator(".o_form_view .o_field_widget[name=name]").first).to_be_visible()
        assert page.locator("[name^=procedure_]").count() == 0
        assert page.get_by_role("tab", name="Grade").count() == 0
    finally:
        admin("res.users", "write", [user], {"active": False})
