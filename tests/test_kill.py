"""The server killed in the middle of applying a long list: it is finished later, and says that
it is applied no sooner."""

import contextlib
import threading
import xmlrpc.client

import pytest
from server import wait_for

GRADING, PARTNER = "crm.procedure.grading", "res.partner"
CUSTOMERS = 5000  # more than are applied in the transaction of the co-signature
BATCH = 1000
MINE = [("ref", "=like", "kill-%")]
# Makes the applying slow enough to be caught in the act: each step of its book-keeping waits.
SLOW = """
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;
    CREATE TRIGGER dawdle BEFORE UPDATE ON crm_procedure_grading
        FOR EACH ROW WHEN (OLD.state = 'approved') EXECUTE FUNCTION dawdle();
"""


@pytest.fixture
def co_signed(own_server):
    """A server and the id of a list that is co-signed and not applied yet."""
    own_server.start()
    admin = own_server.rpc("admin")
    for first in range(0, CUSTOMERS, BATCH):
        admin(
            PARTNER,
            "create",
            [
                {"name": f"Customer {n}", "ref": f"kill-{n}", "is_company": True, "customer_rank": 1}
                for n in range(first, first + BATCH)
            ],
            context={"tracking_disable": True},
        )
    marketing = own_server.rpc("marketing")
    [grading] = marketing(GRADING, "create", [{}])
    marketing(GRADING, "action_compute", [grading])
    marketing(GRADING, "action_submit", [grading])
    own_server.rpc("sales")(GRADING, "action_approve", [grading])
    return own_server, grading


def graded(server):
    return server.rpc("sales")(PARTNER, "search_count", [*MINE, ("procedure_grade_id", "!=", False)])


def state(server, grading):
    [row] = server.rpc("sales")(GRADING, "read", [grading], ["state", "applied_on"])
    return row["state"], bool(row["applied_on"])


def apply_in_background(server):
    """Call the scheduled action, which a kill will cut off."""
    admin = server.rpc("admin")
    [cron] = admin("ir.cron", "search", [("code", "like", "_cron_apply")])

    def call():
        with contextlib.suppress(OSError, xmlrpc.client.Error):  # the server is gone
            admin("ir.cron", "method_direct_trigger", [cron])

    thread = threading.Thread(target=call)
    thread.start()
    return thread


def test_a_list_is_finished_after_a_kill(co_signed):
    server, grading = co_signed
    assert state(server, grading) == ("approved", False)
    assert graded(server) == 0, "a long list is left to the scheduled action"

    server.sql(SLOW)
    thread = apply_in_background(server)
    wait_for(lambda: graded(server), what="a part of the customers being graded")
    server.kill()
    thread.join(60)
    server.sql("DROP FUNCTION dawdle CASCADE")  # waits for what the killed server left running

    server.start()
    part = graded(server)
    assert 0 < part < CUSTOMERS
    assert state(server, grading) == ("approved", False), "a part is not the whole"
    notes = [("model", "=", GRADING), ("res_id", "=", grading), ("body", "like", "Applied")]
    assert server.rpc("marketing")("mail.message", "search_count", notes) == 0
    with pytest.raises(xmlrpc.client.Fault, match="still being applied"):
        marketing = server.rpc("marketing")
        [next_one] = marketing(GRADING, "create", [{}])
        marketing(GRADING, "action_compute", [next_one])

    server.stop()
    server.start(cron_threads=1)  # now as in real life: the approval left a call behind

    def finished():
        server.sql(f"SELECT pg_notify('cron_trigger', '{server.db}')", db="postgres")
        return state(server, grading)[1]

    wait_for(finished, what="the list being applied")
    assert graded(server) == CUSTOMERS
    assert server.rpc("marketing")("mail.message", "search_count", notes) == 1
