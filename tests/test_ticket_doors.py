"""The doors of tickets from outside: real requests, several at once, a customer's telephone."""

import http.cookiejar
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

TICKET = "crm.procedure.ticket"


class Visitor:
    """Somebody with a browser that runs no script."""

    def __init__(self, server):
        self.url = server.url
        jar = http.cookiejar.CookieJar()
        self.open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar)).open

    def get(self, path, method="GET"):
        """:return: (status, text)"""
        return self._fetch(urllib.request.Request(self.url + path, method=method))

    def post(self, path, **values):
        return self._fetch(urllib.request.Request(self.url + path, urllib.parse.urlencode(values).encode()))

    def hidden(self, path):
        """:return: the hidden fields of the form on a page"""
        page = self.get(path)[1]
        return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', page))

    def _fetch(self, request):
        try:
            with self.open(request, timeout=60) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def answered(server):
    """Return ``answered()``: id of an answered ticket, and the path that the customer was mailed."""

    def make():
        admin, service = server.rpc("admin"), server.rpc("service")
        [customer] = admin("res.partner", "create", [{"name": "Doors Ltd", "email": "buyer@doors.example"}])
        [ticket] = service(TICKET, "create", [{"subject": "Torn seal", "partner_id": customer}])
        service(TICKET, "action_accept", [ticket])
        service(TICKET, "write", [ticket], {"solution": "We sent a new one."})
        service(TICKET, "action_answer", [ticket])
        [mail] = admin(
            "mail.mail", "search_read", [("body_html", "ilike", f"/ticket/answer/{ticket}/")], ["body_html"], limit=1
        )
        return ticket, re.search(rf"/ticket/answer/{ticket}/\w+", mail["body_html"])[0]

    return make


def state(server, ticket):
    [row] = server.rpc("service")(TICKET, "read", [ticket], ["state", "customer_rating", "round"])
    return row["state"], row["customer_rating"], row["round"]


def test_ten_clicks_at_once_accept_once(server, answered):
    ticket, path = answered()
    visitors = [Visitor(server) for _n in range(10)]
    forms = [visitor.hidden(path) for visitor in visitors]
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(
                lambda one: one[0].post(path, **one[1], decision="accept", rating=str(1 + one[2] % 2 * 4), sure="1"),
                zip(visitors, forms, range(10), strict=True),
            )
        )
    assert {status for status, _text in answers} <= {200}
    assert state(server, ticket)[0] == "closed"
    rounds = server.sql(f"SELECT count(*), max(outcome) FROM crm_procedure_ticket_round WHERE ticket_id = {ticket}")
    assert rounds == [["1", "accepted"]]
    told = server.sql(
        f"SELECT count(*) FROM mail_message WHERE model = '{TICKET}' AND res_id = {ticket}"
        " AND body LIKE '%closed the ticket%'"
    )
    assert told == [["1"]]


def test_accept_and_reject_at_once_is_one_of_both(server, answered):
    ticket, path = answered()
    visitors = [Visitor(server) for _n in range(6)]
    forms = [visitor.hidden(path) for visitor in visitors]
    decisions = ["accept", "reject"] * 3
    with ThreadPoolExecutor(6) as pool:
        jobs = zip(visitors, forms, decisions, strict=True)
        answers = list(pool.map(lambda one: one[0].post(path, **one[1], decision=one[2], rating="5"), jobs))
    assert {status for status, _text in answers} <= {200}
    assert state(server, ticket) in [("closed", 5, 1), ("handling", 0, 2)]


def test_scanners_follow_every_link(server, answered):
    ticket, path = answered()
    visitor = Visitor(server)
    for method in ("GET", "HEAD", "OPTIONS"):
        visitor.get(path, method)
        visitor.get(f"{path}?decision=accept&sure=1", method)
    assert state(server, ticket) == ("answered", 0, 1)
    assert visitor.post(path, decision="accept")[0] == 400, "without a page of this session"
    assert visitor.get(path.rpartition("/")[0] + "/" + "0" * 64)[0] == 404
    assert state(server, ticket) == ("answered", 0, 1)


def test_customer_accepts_on_a_telephone(server, answered, page_as, screenshot):
    ticket, path = answered()
    page = page_as(allow="ERR_FAILED")
    page.route("**/*assets_frontend_lazy*", lambda route: route.abort())  # a slow network: clicks must not wait for it
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path)
    expect(page.get_by_text("We sent a new one.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("label[for=rating_1]").click()
    page.locator("button[value=accept]").click()
    expect(page.get_by_text("Does this really settle the matter?")).to_be_visible()
    screenshot(page, "answer-asked-again")
    page.locator("label[for=rating_5]").click()
    page.locator("button[value=accept]").click()
    expect(page.get_by_text("is closed")).to_be_visible()
    assert state(server, ticket) == ("closed", 5, 1)


def test_many_reports_at_once_stay_below_the_limit(server):
    """The book of knocks is in the database: all workers count in it."""
    visitors = [Visitor(server) for _n in range(20)]
    forms = [visitor.hidden("/ticket/new") for visitor in visitors]
    before = int(server.sql("SELECT count(*) FROM crm_procedure_ticket WHERE subject = 'Flood'")[0][0])
    time.sleep(2.5)  # a person takes that long to fill in a form
    for visitor, form in zip(visitors, forms, strict=True):
        visitor.post("/ticket/new", **form, subject="Flood", phone="1")
    after = int(server.sql("SELECT count(*) FROM crm_procedure_ticket WHERE subject = 'Flood'")[0][0])
    assert after - before == 10


def test_customer_with_a_login_reports_and_sees_only_their_own(server, page_as):
    page = page_as("customer")
    page.goto("/my/tickets/new")
    page.fill("[name=subject]", "减速机异响")
    page.fill("[name=description]", "<script>alert(1)</script>")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("h2")).to_contain_text("减速机异响")
    page.goto("/my/tickets")
    numbers = page.locator("tbody tr td:first-child").all_inner_texts()
    [customer] = server.rpc("admin")(
        "res.users", "search_read", [("login", "=", "customer")], ["commercial_partner_id"]
    )
    own = server.rpc("service")(
        TICKET, "search_read", [("commercial_partner_id", "=", customer["commercial_partner_id"][0])], ["name"]
    )
    assert set(numbers) == {row["name"] for row in own}
