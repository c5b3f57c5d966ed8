"""Who may do what, over the two ways in that integrations use."""

import urllib.request
from contextlib import contextmanager

import pytest
from server import ROLES, Refused

GRADING, LINE, PARTNER = "crm.procedure.grading", "crm.procedure.grading.line", "res.partner"
MODELS = [
    "crm.procedure",
    "crm.procedure.limit",
    "crm.procedure.team",
    "crm.procedure.grade",
    "crm.procedure.criterion",
    GRADING,
    LINE,
]


@pytest.fixture(params=["xmlrpc", "json2"])
def api(request, server):
    """Return ``api(login)``: calls as that user, over both protocols."""
    return lambda login: server.api(request.param, login)


@pytest.fixture(scope="module")
def groups(server):
    """External id -> id of the groups."""
    rows = server.rpc("admin")(
        "ir.model.data",
        "search_read",
        [("model", "=", "res.groups"), ("module", "in", ("base", "crm_procedure"))],
        ["module", "name", "res_id"],
    )
    return {f"{row['module']}.{row['name']}": row["res_id"] for row in rows}


@pytest.fixture(scope="module")
def outsiders(server, groups):
    """Users beside the demo ones: an employee without a role, a customer with access to the
    portal, and marketing and sales of another company."""
    admin = server.rpc("admin")
    [company] = admin("res.company", "create", [{"name": "Other Company"}])
    people = {
        "stranger": ("base.group_user", None),
        "portal-customer": ("base.group_portal", None),
        "other-marketing": ("crm_procedure.group_marketing", company),
        "other-sales": ("crm_procedure.group_sales", company),
    }
    users = [
        {
            "name": login,
            "login": login,
            "password": login,
            "group_ids": [(6, 0, [groups[group]])],
            **({"company_id": home, "company_ids": [(6, 0, [home])]} if home else {}),
        }
        for login, (group, home) in people.items()
    ]
    ids = admin("res.users", "create", users, context={"no_reset_password": True})
    server.keys.clear()
    yield dict(zip(people, ids, strict=True))
    admin("res.users", "write", ids, {"active": False})
    admin("res.company", "write", [company], {"active": False})
    server.keys.clear()


@contextmanager
def a_draft(server):
    """A computed draft of marketing's; deleted, or rejected if it was submitted."""
    marketing = server.rpc("marketing")
    [grading] = marketing(GRADING, "create", [{}])
    marketing(GRADING, "action_compute", [grading])
    yield grading
    [row] = marketing(GRADING, "read", [grading], ["state"])
    if row["state"] == "draft":
        marketing(GRADING, "unlink", [grading])
    elif row["state"] == "submitted":
        server.rpc("sales")(GRADING, "action_reject", [grading], "the test is over")


@pytest.fixture(scope="module")
def draft(server):
    """For tests in which nobody gets through; the other ones take a fresh one."""
    with a_draft(server) as grading:
        yield grading


@pytest.fixture(scope="module")
def submitted(server):
    with a_draft(server) as grading:
        server.rpc("marketing")(GRADING, "action_submit", [grading])
        yield grading


@pytest.fixture
def line(server):
    """A line of a list of its own, of a customer who is graded for the first time."""
    admin = server.rpc("admin")
    [customer] = admin(PARTNER, "create", [{"name": "Newcomer", "is_company": True, "customer_rank": 1}])
    with a_draft(server) as grading:
        [line] = admin(LINE, "search", [("grading_id", "=", grading), ("partner_id", "=", customer)])
        yield line
    admin(PARTNER, "write", [customer], {"active": False})


def refusal(kinds, call, *args, **kwargs):
    """Make a call that must be refused; return the message."""
    with pytest.raises(Refused) as caught:
        call(*args, **kwargs)
    assert caught.value.kind in kinds.split(), caught.value
    return caught.value.message


# ----------------------------------------------------------------------------
# The powers of the roles
# ----------------------------------------------------------------------------


def test_compute_submit_reject(api):
    marketing, sales = api("marketing"), api("sales")
    [grading] = marketing(GRADING, "create", vals_list=[{}])
    try:
        assert marketing(GRADING, "action_compute", [grading]) is True
        [row] = marketing(GRADING, "read", [grading], fields=["state", "name", "line_ids"])
        assert row["state"] == "draft"
        assert row["name"].startswith("GRL")
        assert marketing(GRADING, "action_submit", [grading]) is True
        assert marketing(GRADING, "read", [grading], fields=["state"])[0]["state"] == "submitted"
    finally:
        assert sales(GRADING, "action_reject", [grading], reason="Not now") is True
    assert sales(GRADING, "read", [grading], fields=["state"])[0]["state"] == "rejected"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "marketing"] + ["admin"])
def test_only_marketing_makes_computes_and_submits(api, draft, role):
    call = api(role)
    refusal("access", call, GRADING, "create", vals_list=[{}])
    for method in ("action_compute", "action_submit", "what_if", "unlink"):
        refusal("access", call, GRADING, method, [draft])
    refusal("access", call, GRADING, "write", [draft], vals={"date": "2020-01-01"})


@pytest.mark.parametrize("role", [role for role in ROLES if role != "sales"] + ["admin"])
def test_only_sales_co_signs_and_rejects(api, submitted, role):
    call = api(role)
    refusal("access", call, GRADING, "action_approve", [submitted])
    refusal("access", call, GRADING, "action_reject", [submitted], reason="No")


def test_who_sees_an_unsigned_list(server, draft):
    """Users, specialists and service see lists when they are signed."""
    sees = {role for role in ROLES if server.rpc(role)(GRADING, "search_count", [("id", "=", draft)])}
    assert sees == {"sales", "marketing", "supervisor", "quality", "manager", "auditor"}


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_grades_and_reasons(server, role):
    call = server.rpc(role)
    assert call("crm.procedure.grade", "search_count", [])
    assert call(LINE, "search_count", [("state", "=", "approved")])
    [customer] = call(
        PARTNER,
        "search_read",
        [("procedure_grade_id", "!=", False), ("is_company", "=", True)],
        ["procedure_grade_id", "procedure_score", "procedure_graded_on", "procedure_explanation"],
        limit=1,
    )
    assert customer["procedure_graded_on"]
    assert "Sales amount" in customer["procedure_explanation"]


# ----------------------------------------------------------------------------
# Ways around the buttons
# ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["marketing", "sales", "manager", "admin"])
def test_states_and_signatures_are_not_written(api, draft, role):
    call = api(role)
    for values in (
        {"state": "approved"},
        {"state": "submitted"},
        {"approved_by_id": 2},
        {"applied_on": "2026-01-01 00:00:00"},
    ):
        refusal("access user", call, GRADING, "write", [draft], vals=values)
        refusal("access user", call, GRADING, "create", vals_list=[values])
    for values in ({"name": "GRL-1"}, {"procedure_id": False}):
        refusal("access user", call, GRADING, "write", [draft], vals=values)


@pytest.mark.parametrize("role", [*ROLES, "admin"])
def test_nobody_writes_a_grade(api, role):
    call = api(role)
    [customer] = call(PARTNER, "search", domain=[("procedure_grade_id", "!=", False)], limit=1)
    [grade] = call("crm.procedure.grade", "search", domain=[("name", "=", "A")])
    message = refusal("access", call, PARTNER, "write", [customer], vals={"procedure_grade_id": grade})
    if role in ("marketing", "admin"):  # others may not change a customer at all
        assert "approved grading list" in message
    refusal("access", call, PARTNER, "create", vals_list=[{"name": "x", "procedure_grade_id": grade}])


def test_figures_of_a_line_are_not_written(api, line):
    call = api("marketing")
    for values in ({"score": 99}, {"computed_grade_id": 1}, {"previous_grade_id": 1}, {"override_user_id": 2}):
        assert "computed" in refusal("user access", call, LINE, "write", [line], vals=values)
    [row] = call(LINE, "read", [line], fields=["grade_id", "grading_id"])
    [other] = call("crm.procedure.grade", "search", domain=[("id", "!=", row["grade_id"][0])], limit=1)
    message = refusal("user", call, LINE, "write", [line], vals={"grade_id": other})
    assert "Enter the reason" in message
    call(GRADING, "action_submit", [row["grading_id"][0]])
    refusal("user", call, LINE, "write", [line], vals={"grade_id": other, "override_reason": "Friends"})
    refusal("user", call, LINE, "unlink", [line])


def test_a_submitted_list_stays(api, submitted):
    call = api("marketing")
    refusal("user", call, GRADING, "unlink", [submitted])
    refusal("user", call, GRADING, "write", [submitted], vals={"date": "2020-01-01"})
    refusal("user", call, GRADING, "action_compute", [submitted])
    refusal("user", call, GRADING, "action_submit", [submitted])


@pytest.mark.parametrize("method", ["_set_state", "_apply_chunk", "_finish_applying", "_compute_lines", "_cron_apply"])
def test_private_methods_stay_private(api, draft, method):
    refusal("access missing", api("marketing"), GRADING, method, [draft])


def test_methods_marked_private_are(api):
    call = api("marketing")
    refusal("access missing", call, "res.users", "check_procedure_power", [1], power="x", act="y")


def test_the_reason_dialog_calls_nothing_else(api, draft):
    call = api("sales")
    [dialog] = call(
        "crm.procedure.reason",
        "create",
        vals_list=[{"res_model": GRADING, "res_ids": [draft], "method": "unlink", "reason": "So"}],
    )
    refusal("user access", call, "crm.procedure.reason", "action_confirm", [dialog])


# ----------------------------------------------------------------------------
# Outsiders
# ----------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["stranger", "portal-customer"])
def test_who_has_no_role_sees_nothing(api, outsiders, login):
    call = api(login)
    for model in MODELS:
        refusal("access", call, model, "search_read", domain=[], fields=["id"])
    described = call(PARTNER, "fields_get", attributes=["string"])
    assert not [name for name in described if name.startswith("procedure_")]
    [me] = call("res.users", "read", [outsiders[login]], fields=["partner_id"])
    mine = me["partner_id"][0]
    refusal("access", call, PARTNER, "read", [mine], fields=["procedure_grade_id"])
    refusal("access", call, PARTNER, "search", domain=[("procedure_grade_id", "!=", False)])


def test_records_of_another_company(api, draft, submitted, outsiders):
    marketing, sales = api("other-marketing"), api("other-sales")
    for call in (marketing, sales):
        assert call(GRADING, "search", domain=[]) == []
        assert call(LINE, "search", domain=[]) == []
        assert call("crm.procedure", "search", domain=[]) == []
        refusal("access", call, GRADING, "read", [draft], fields=["name"])
    refusal("access", marketing, GRADING, "action_compute", [draft])
    refusal("access", marketing, GRADING, "action_submit", [draft])
    refusal("access", sales, GRADING, "action_approve", [submitted])
    refusal("access", sales, GRADING, "action_reject", [submitted], reason="No")
    refusal("access", marketing, GRADING, "create", vals_list=[{"company_id": 1}])
    assert marketing(PARTNER, "search", domain=[("procedure_grade_id", "!=", False)]) == []


def test_nobody_logged_in(server):
    for model in MODELS:
        with pytest.raises(Refused) as caught:
            server.post_json(f"/json/2/{model}/search_read", {"domain": []})
        assert caught.value.kind == "denied"
    answer = server.post_json(
        "/web/dataset/call_kw",
        {"params": {"model": GRADING, "method": "search_read", "args": [[]], "kwargs": {}}},
    )
    assert "result" not in answer
    assert "Session" in answer["error"]["data"]["name"]
    with urllib.request.urlopen(f"{server.url}/odoo/gradings") as page:
        assert "/web/login" in page.url
