"""The product starts: each demo user gets in, over RPC and in the browser."""

import pytest

ROLES = [
    "user",
    "specialist",
    "sales",
    "marketing",
    "service",
    "supervisor",
    "quality",
    "manager",
    "auditor",
]


@pytest.mark.parametrize("login", ["admin", *ROLES])
def test_every_demo_user_logs_in(server, login):
    call = server.rpc(login)
    [user] = call("res.users", "read", [call.uid], ["login"])
    assert user["login"] == login


def test_wrong_password_is_refused(server):
    with pytest.raises(PermissionError):
        server.rpc("manager", "wrong")


def test_web_client_opens(page_as, screenshot):
    page = page_as("quality")
    page.goto("/odoo")
    page.wait_for_selector(".o_main_navbar")
    screenshot(page, "start")
