"""Moving about in the web client, as people do."""

from playwright.sync_api import expect


def open_menu(page, app, *menus):
    """Go to the app, then through its menus."""
    page.goto("/odoo")
    page.locator(".o_navbar_apps_menu button").click()
    page.get_by_role("menuitem", name=app, exact=True).click()
    # A menu opened while the app's first screen is still loading would be closed by it.
    expect(page.locator(".o_menu_brand")).to_have_text(app)
    expect(page.locator(".o_action_manager .o_kanban_view")).to_be_visible()
    for name in menus:
        page.locator(".o_menu_sections, .o-dropdown--menu").get_by_text(name, exact=True).click()
    expect(page.locator(".o_control_panel")).to_be_visible()
