"""The server killed in the middle of greeting customers, then two calls at once: everybody has
one greeting and one e-mail."""

import contextlib
import datetime
import threading
import xmlrpc.client

import pytest
from server import wait_for

GREETING, OCCASION, PARTNER = "crm.procedure.greeting", "crm.procedure.occasion", "res.partner"
PEOPLE = 120  # more than two batches
SLOW = """
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.04); RETURN NEW; END $$;
    CREATE TRIGGER dawdle BEFORE UPDATE ON crm_procedure_greeting
        FOR EACH ROW WHEN (NEW.state = 'queued') EXECUTE FUNCTION dawdle();
"""


@pytest.fixture
def birthday(own_server):
    """A server on which many people have their birthday, and the id of the occasion."""
    own_server.start()
    admin = own_server.rpc("admin")
    everything = {"context": {"active_test": False}}
    admin(OCCASION, "write", admin(OCCASION, "search", [], **everything), {"active": False})
    [template] = admin("mail.template", "search", [("name", "ilike", "Birthday Greeting")])
    [occasion] = admin(
        OCCASION,
        "create",
        [{"name": "Birthdays of today", "basis": "birthday", "action": "mail", "template_id": template}],
    )
    born = datetime.datetime.now(datetime.UTC).date().replace(year=1984).isoformat()
    people = [
        {"name": f"Person {n}", "customer_rank": 1, "email": f"p{n}@greeting.example.com", "procedure_birthday": born}
        for n in range(PEOPLE)
    ]
    admin(PARTNER, "create", people, context={"tracking_disable": True})
    return own_server, occasion


def count(server, occasion, *states):
    domain = [("occasion_id", "=", occasion)] + ([("state", "in", states)] if states else [])
    return server.rpc("admin")(GREETING, "search_count", domain)


def greet(server):
    """Call the scheduled action in the background; a kill or another call may refuse it."""
    admin = server.rpc("admin")
    [cron] = admin("ir.cron", "search", [("code", "like", "_cron_greet")])

    def call():
        with contextlib.suppress(OSError, xmlrpc.client.Error):
            admin("ir.cron", "method_direct_trigger", [cron])

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def test_killed_and_called_twice(birthday):
    """V10: nothing is lost, nobody is greeted twice."""
    server, occasion = birthday
    server.sql(SLOW)
    thread = greet(server)
    wait_for(lambda: count(server, occasion, "queued"), what="the first batch")
    server.kill()
    thread.join(60)
    server.sql("DROP FUNCTION dawdle CASCADE")  # waits for what the killed server left running

    server.start()
    part = count(server, occasion, "queued")
    assert 0 < part < PEOPLE
    threads = [greet(server), greet(server)]
    for thread in threads:
        thread.join(120)
    greet(server).join(120)
    assert count(server, occasion) == PEOPLE
    assert count(server, occasion, "queued") == PEOPLE
    admin = server.rpc("admin")
    mails = admin("mail.mail", "search_read", [("model", "=", "crm.procedure.communication")], ["recipient_ids"])
    recipients = [mail["recipient_ids"] for mail in mails]
    assert len(recipients) == PEOPLE
    assert len({tuple(ids) for ids in recipients}) == PEOPLE
