"""The invoice loader: `odoo grade_invoices`, with real invoices where they are there."""

import csv
import re
import resource
import subprocess

import pytest
from server import REAL_DATA, ROOT, wait_for

HEADER = ["invoice_date", "invoice", "customer", "country", "amount_gbp", "lines"]
COMPANY = "Online retail 2010-12 2011-06"
CPU_SECONDS = 60  # of the loader, for more than ten thousand invoices
# What 5,000 GBP in half a year make of the real customers.
GRADES = {"A": 126, "B": 361, "C": 2515}


def command(server, *args):
    return [ROOT / "dev" / "odoo", "grade_invoices", "-d", server.db, *args]


def grade_invoices(server, *args):
    return subprocess.run(command(server, *args), capture_output=True, text=True, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def served(own_server):
    own_server.start()
    # The server at work remembers what sales may see; the command runs beside it.
    assert in_company(own_server, "sales", 1)
    return own_server


def in_company(server, login, company):
    """How many graded customers of a company a user sees when working in it."""
    graded = [("procedure_grade_id", "!=", False), ("company_id", "in", (company, False))]
    here = {"allowed_company_ids": [company]}
    return server.rpc(login)("res.partner", "search_count", graded, context=here)


@pytest.fixture
def write_file(tmp_path):
    def write_file(name, rows, header=HEADER):
        path = tmp_path / name
        with path.open("w", newline="") as out:
            csv.writer(out).writerows([header, *rows])
        return path

    return write_file


def some_rows(count, prefix=""):
    return [
        ["2011-06-30 10:00:00", f"{prefix}{number}", f"c{number % 400}", "Germany", "10.50", "2"]
        for number in range(count)
    ]


def companies(server):
    return {row["name"] for row in server.rpc("admin")("res.company", "search_read", [], ["name"])}


def counts(server):
    return server.sql(
        "SELECT (SELECT count(*) FROM res_partner), (SELECT count(*) FROM sale_order), "
        "(SELECT count(*) FROM res_company), (SELECT count(*) FROM crm_procedure_grading)"
    )


@pytest.fixture(scope="module")
def real(served):
    if not REAL_DATA.exists():
        pytest.skip(f"the real invoices are not there: {REAL_DATA}")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = grade_invoices(served, REAL_DATA, "--full-amount", "5000", "--timezone", "Europe/London")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    done.cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert done.returncode == 0, done.stderr
    return done


def test_the_real_invoices_are_graded(real):
    print(real.stdout)
    assert "10,705 invoices of 3,002 customers, 1,902 of them credit notes" in real.stdout
    printed = dict(re.findall(r"^([ABC]) +([\d,]+) +0$", real.stdout, re.MULTILINE))
    found = {grade: int(number.replace(",", "")) for grade, number in printed.items()}
    # C may hold demo customers too, who are customers of every company
    assert (found["A"], found["B"]) == (GRADES["A"], GRADES["B"])
    assert found["C"] >= GRADES["C"]
    assert re.search(r"^Moves: [\d,]+ new, 0 up, 0 down$", real.stdout, re.MULTILINE)
    assert re.search(r"^Customer 14646 +A +80\.00 +135,957\.11 +32$", real.stdout, re.MULTILINE)
    assert "orders: 10,705 of 10,705" in real.stderr, "progress is shown"
    assert real.cpu < CPU_SECONDS


def test_sales_sees_the_grades(served, real):
    call = served.rpc("sales")
    [company] = call("res.company", "search", [("name", "=", COMPANY)])
    here = {"context": {"allowed_company_ids": [company]}}
    graded = call(
        "res.partner",
        "formatted_read_group",
        [("procedure_grade_id", "!=", False), ("company_id", "=", company)],
        ["procedure_grade_id"],
        ["__count"],
        **here,
    )
    assert {row["procedure_grade_id"][1]: row["__count"] for row in graded} == GRADES
    [best] = call(
        "res.partner",
        "search_read",
        [("ref", "=", "14646")],
        ["procedure_score", "procedure_graded_on", "procedure_explanation"],
        **here,
    )
    assert best["procedure_score"] == 80
    assert best["procedure_graded_on"] == "2011-06-30"
    assert "135,957.11" in best["procedure_explanation"]


def test_the_same_invoices_twice(served, real):
    before = counts(served)
    done = grade_invoices(served, REAL_DATA)
    assert done.returncode == 1
    assert f"10,705 of the 10,705 invoices are in {COMPANY} already" in done.stderr
    assert counts(served) == before


def test_a_malformed_copy_loads_nothing(served, real, tmp_path):
    lines = REAL_DATA.read_text().splitlines()
    for number, (old, new) in {17: (",", ";"), 4711: (".", ".x"), 10706: ("2011-06-30", "2011-06-31")}.items():
        lines[number - 1] = lines[number - 1].replace(old, new, 1)
    copy = tmp_path / "copy.csv"
    copy.write_text("\n".join(lines))
    before = counts(served)
    done = grade_invoices(served, copy)
    assert done.returncode == 2
    assert f"{copy}: 3 bad lines, nothing was loaded." in done.stderr
    assert re.findall(r"^line (\d+): ", done.stderr, re.MULTILINE) == ["17", "4711", "10706"]
    assert counts(served) == before
    assert "Copy" not in companies(served)


def test_one_bad_row_is_enough(served, write_file):
    before = counts(served)
    rows = some_rows(50)
    rows[30][4] = "inf"
    done = grade_invoices(served, write_file("bad.csv", rows))
    assert (done.returncode, done.stdout) == (2, "")
    assert "1 bad line, nothing was loaded.\nline 32: amount_gbp is not a number such as 1234.50: 'inf'" in done.stderr
    assert counts(served) == before


def test_a_load_killed_in_the_middle_leaves_nothing(served, write_file):
    before = counts(served)
    path = write_file("killed.csv", some_rows(2900))
    with subprocess.Popen(command(served, path), stderr=subprocess.PIPE, text=True) as loading:
        for line in loading.stderr:
            if line.startswith("orders: 2,000"):
                loading.kill()
                break
        else:
            pytest.fail("the loader ended before it was killed")
    wait_for(lambda: counts(served) == before, what="the database being as before")
    assert "Killed" not in companies(served)
    # And nothing stands in the way of the next one, of which nobody is told.
    mails = served.sql("SELECT count(*) FROM mail_mail")
    done = grade_invoices(served, write_file("killed.csv", some_rows(30)))
    assert done.returncode == 0, done.stderr
    assert "30 invoices of 30 customers" in done.stdout
    [company] = served.rpc("sales")("res.company", "search", [("name", "=", "Killed")])
    assert in_company(served, "sales", company) >= 30
    assert served.sql("SELECT count(*) FROM mail_mail") == mails


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--sales", "nobody"], "There is no user with the login nobody"),
        (["--timezone", "Mars/Olympus"], "no time zone"),
        (["--full-amount", "nan"], "--full-amount"),
        (["--date", "31.12.2010"], "--date"),
    ],
)
def test_options_that_cannot_be(served, write_file, options, reason):
    before = counts(served)
    done = grade_invoices(served, write_file("options.csv", some_rows(3)), *options)
    assert done.returncode in (1, 2)
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert counts(served) == before
