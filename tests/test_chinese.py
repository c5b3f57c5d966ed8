"""Whoever works in Chinese sees the screens in Chinese, in the words of the procedure."""

import re

import pytest
from playwright.sync_api import expect
from screens import open_menu

APP = "客户关系管理程序"
# English words of the addon's own screens; none may be left over.
ENGLISH = re.compile(
    r"\b(Gradings?|Grades?|Compute|Submit(ted)?|Co-sign|Reject(ed)?|Approved|Draft|Customers?|Criteri(a|on)|Teams?|"
    r"Score|Weight|Procedure|Limits?|Orders?|Reason|Deadline|Responsible|Applied|Changes|Reporting|Configuration|"
    r"Move|Potential|Standing|Credit|months?|days?|contacts?)\b"
)
# What is no screen text of ours: names of records, and the conversation beside a form.
DATA = (
    ".o-mail-Form-chatter, .o-mail-Chatter, .o_kanban_record, [name=complete_name], [name=partner_id], "
    "[name=override_reason], [name=team_ids], [name=user_id], [name=leader_id], [name=member_ids], .o_menu_systray"
)


@pytest.fixture
def chinese(server):
    """Return ``chinese(login)``: that user works in Chinese, until the test is over."""
    users = []
    admin = server.rpc("admin")

    def chinese(login):
        [user] = admin("res.users", "search", [("login", "=", login)])
        admin("res.users", "write", [user], {"lang": "zh_CN"})
        users.append(user)
        return login

    yield chinese
    admin("res.users", "write", users, {"lang": "en_US"})


@pytest.fixture
def look(screenshot):
    """Return ``look(page, name, *words)``: the screen shows the words and no English."""

    def look(page, name, *words):
        expect(page.locator(".o_menu_brand")).to_have_text(APP)
        for word in words:
            expect(page.locator("body")).to_contain_text(word)
        screenshot(page, "zh-" + name)
        text = page.evaluate(
            """(data) => {
                const body = document.body.cloneNode(true);
                body.querySelectorAll(data + ", script, style").forEach((node) => node.remove());
                document.body.append(body);
                const text = body.innerText;
                body.remove();
                return text;
            }""",
            DATA,
        )
        assert not (left := {found.group() for found in ENGLISH.finditer(text)}), f"{name}: {left}\n{text}"

    return look


def test_marketing_grades_in_chinese(chinese, page_as, look):
    page = page_as(chinese("marketing"), lang="zh-CN")
    open_menu(page, APP, "客户", "全部客户")
    expect(page.locator(".o_kanban_record").first).to_be_visible()
    look(page, "customers", "客户等级")
    open_menu(page, APP, "客户分级清单")
    expect(page.locator(".o_data_row").first).to_be_visible()
    look(page, "gradings", "客户分级清单", "草稿", "已批准", "责任人")
    page.locator(".o_data_row", has_text="草稿").first.locator("[name=name]").click()
    expect(page.locator(".o_procedure_figures")).to_be_visible()
    look(page, "grading", "提交", "重新计算", "各等级客户数", "变动前", "变动后", "升级", "降级")
    page.get_by_role("button", name="查看等级变动").click()
    expect(page.locator(".o_data_row").first).to_be_visible()
    look(page, "grading-lines", "原等级", "综合得分", "交易金额", "调整原因")
    open_menu(page, APP, "报表", "等级历史")
    look(page, "grade-history", "等级历史")


def test_sales_reads_the_reasons_in_chinese(chinese, page_as, look):
    page = page_as(chinese("sales"), lang="zh-CN")
    open_menu(page, APP, "客户", "全部客户")
    page.locator(".o_kanban_record:not(.o_kanban_ghost)", has_text="华瑞重工").first.click()
    page.get_by_role("tab", name="等级").click()
    why = page.locator(".o_procedure_explanation")
    for word in ("交易金额", "订单数", "实测值", "权重", "得分"):
        expect(why).to_contain_text(word)
    assert not ENGLISH.search(why.inner_text()), why.inner_text()


@pytest.mark.parametrize(
    ("menu", "name", "words"),
    [
        ("分级指标", "criteria", ["衡量内容", "权重", "满分线"]),
        ("客户等级", "grades", ["最低得分", "沟通方式", "拜访"]),
        ("责任部门", "teams", ["职责", "销售"]),
        ("客户关系管理程序", "procedures", ["文件编号", "生效日期", "已批准"]),
    ],
)
def test_the_set_up_is_chinese(chinese, page_as, look, menu, name, words):
    page = page_as(chinese("quality"), lang="zh-CN")
    open_menu(page, APP, "配置", menu)
    expect(page.locator(".o_data_row").first).to_be_visible()
    look(page, name, *words)
    if name == "procedures":
        page.locator(".o_data_row [name=number]").first.click()
        page.get_by_role("tab", name="时限与限值").click()
        expect(page.locator("[name=limit_ids] .o_data_row").first).to_be_visible()
        look(page, "procedure", "时限与限值", "个月", "个工作日")


def test_refusals_are_chinese(chinese, server):
    sales = chinese("sales")
    call = server.api("xmlrpc", sales)
    [customer] = call("res.partner", "search", domain=[("procedure_grade_id", "!=", False)], limit=1)
    with pytest.raises(Exception, match="分级"):
        call("res.partner", "write", [customer], vals={"procedure_grade_id": 1}, context={"lang": "zh_CN"})
