#!/usr/bin/env python3
"""What a quarter's care plan and the reminders of a day cost, as ratios to plain SQL in the same run.

    python benchmarks/plan.py --partners 1000000 --contacts 5000000

Floor of a quarter: one INSERT … SELECT that writes the same communications from a table in which
they stand ready. The addon finds who is due when, has it signed and writes them in chunks that it
commits one by one; it is killed once in the middle and has to leave neither a duplicate nor a gap.
Floor of the reminders: one statement that writes the activities and marks their communications.
Then the plans of My Week and of the customer's timeline are read among ``--contacts`` rows. Works like
benchmarks/grading.py, and ends with 1 when a target is missed.
"""

import argparse
import contextlib
import subprocess
import sys
import time
from datetime import date, timedelta

import frame
from plan_screens import history, screens

OWNERS = 50
SHARES = (("A", 0.05, 30), ("B", 0.20, 60), ("C", 0.75, 90))  # grade, of the customers, interval in days
MAKER, SIGNER = "benchmark_supervisor", "benchmark_manager"
TARGET, TARGET_REMIND, TARGET_QUERIES, TARGET_MEMORY = 2.0, 12, 0.15, 150


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--partners", type=int, default=100_000, help="customers (100000)")
    parser.add_argument("--contacts", type=int, help="communications in the table for My Week (5 for each customer)")
    parser.add_argument("--rounds", type=int, default=3, help="quarters, of which the median counts (3)")
    parser.add_argument("--keep", action="store_true", help="keep the database")
    parser.add_argument("--carry-out", metavar="DATABASE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.contacts = options.contacts or 5 * options.partners
    if options.carry_out:
        carry_out(options.carry_out)
        return
    rows, notes = frame.run(__file__, measure, options)
    print(frame.table(f"plan.py --partners {options.partners} --contacts {options.contacts}", rows, *notes))
    sys.exit(0 if frame.met(rows) else 1)


def measure(options):
    """:return: (rows of the table, sentences under it); the database is gone afterwards"""
    import psycopg2
    from measure import open_registry, step

    with frame.database(f"crm_procedure_benchmark_plan_{options.partners}", options.keep) as database:
        with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
            frame.say(f"{options.partners:,} customers")
            build(connection, options.partners)
            frame.say("installing")
            step("install", database)
            registry = open_registry(database)
            set_up(registry)
            grade(connection)
            rows, notes = quarters(registry, connection, database, options.rounds)
            frame.say("reminders")
            rows += reminders(registry, connection, database)
            frame.say(f"My Week among {options.contacts:,} communications")
            rows += screens(registry, connection, options.contacts)
    return rows, notes


# ------------------------------------------------------------
# The company
# ------------------------------------------------------------


def build(connection, partners):
    from data import build_partners, vacuum, without_indexes

    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'; SET session_replication_role = replica")
        with without_indexes(cursor, "res_partner"):
            build_partners(cursor, partners)
        cursor.execute("RESET session_replication_role")
    vacuum(connection, "res_partner")


def set_up(registry):
    """Owners, and the two who make and sign the plan."""
    from run import environment

    with registry.cursor() as cursor:
        env = environment(cursor)
        roles = {MAKER: "supervisor", SIGNER: "manager"}
        roles |= {f"benchmark_owner_{number}": "specialist" for number in range(OWNERS)}
        users = env["res.users"].with_context(no_reset_password=True)
        for login, role in roles.items():
            groups = env.ref("base.group_user") + env.ref(f"crm_procedure.group_{role}")
            users.create({"name": login, "login": login, "group_ids": [(6, 0, groups.ids)]})
        for letter, _share, every in SHARES:
            env.ref(f"crm_procedure.grade_{letter.lower()}").contact_interval_days = every


def grade(connection):
    """Grades and owners, and the last contact of each customer some time in its last interval."""
    from data import vacuum

    with connection.cursor() as cursor:
        bounds = [sum(share for _letter, share, _every in SHARES[: n + 1]) for n in range(len(SHARES))]
        cursor.execute(
            """
            SELECT setseed(0.19);
            WITH company AS (SELECT id FROM res_company ORDER BY id LIMIT 1),
            owner AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM res_users
                      WHERE login LIKE 'benchmark_owner_%%'),
            grade AS (SELECT id, row_number() OVER (ORDER BY sequence, id) AS n FROM crm_procedure_grade
                      WHERE active AND company_id IS NULL),
            drawn AS MATERIALIZED (SELECT id, n, random() AS r FROM benchmark_partner)
            UPDATE res_partner p SET user_id = owner.id,
                   procedure_grade_id = jsonb_build_object(company.id::text, grade.id)
            FROM drawn d
            JOIN owner ON owner.n = d.n %% %(owners)s
            JOIN grade ON grade.n = CASE WHEN r < %(first)s THEN 1 WHEN r < %(second)s THEN 2 ELSE 3 END
            CROSS JOIN company
            WHERE p.id = d.id
            """,
            {"owners": OWNERS, "first": bounds[0], "second": bounds[1]},
        )
        history(cursor, 1, 0)
    vacuum(connection, "res_partner", "crm_procedure_communication")


# ------------------------------------------------------------
# A quarter
# ------------------------------------------------------------


def quarters(registry, connection, database, rounds):
    from measure import Cpu, median, memory, reset_memory_peak

    cpu, found = Cpu(database), {"addon": [], "floor": [], "memory": []}
    for number in range(rounds):
        frame.say(f"quarter {number + 1} of {rounds}")
        reset_memory_peak()
        idle = memory("VmHWM")
        with cpu.measure() as usage:
            plan = sign(registry)
            if number:
                carry(registry)
        if number == 0:
            killed = kill_in_the_middle(database, connection, plan)
        else:
            found["addon"].append(usage)
            found["memory"].append(memory("VmHWM") - idle)
        made = check(connection, plan)
        prepare_floor(connection, plan)
        with cpu.measure() as usage, connection.cursor() as cursor:
            cursor.execute("INSERT INTO crm_procedure_communication SELECT * FROM benchmark_made ORDER BY id")
            connection.commit()
        if number:
            found["floor"].append(usage)
        if number < rounds - 1:
            forget(connection, plan)
    floor, ours = median(found["floor"]), median(found["addon"])
    peak = max(found["memory"])
    rows = [
        frame.ratio(f"a quarter, from plan to {made:,} contacts", floor, ours, TARGET),
        (
            "memory of it",
            "idle",
            f"{peak:+.1f} MB",
            f"{peak:.1f} MB",
            f"≤ {TARGET_MEMORY} MB",
            frame.verdict(peak <= 150),
        ),
    ]
    for row in rows:
        frame.say(" | ".join(row))
    notes = [
        f"CPU seconds of Python and PostgreSQL together, medians of {rounds - 1} rounds; of the addon's "
        f"{median(found['addon'], 'python'):.2f} s are Python's, it lasted {median(found['addon'], 'wall'):.1f} s. "
        f"In another round it was killed {killed} times in the middle and left neither a duplicate nor a gap."
    ]
    return rows, notes


def sign(registry):
    """:return: id of the plan of the coming 92 days, approved"""
    from run import environment

    begin = date.today() + timedelta(days=1)
    with registry.cursor() as cursor:
        plans = environment(cursor, MAKER)["crm.procedure.plan"]
        plan = plans.create({"date_from": begin, "date_to": begin + timedelta(days=91)})
        plan.action_submit()
    with registry.cursor() as cursor:
        environment(cursor, SIGNER)["crm.procedure.plan"].browse(plan.id).action_approve()
    return plan.id


def carry(registry):
    """Run the scheduled action again and again, as the scheduler does, until all is carried out."""
    from run import environment

    remaining = True
    while remaining:
        with registry.cursor() as cursor:
            env = environment(cursor)
            failure = env.ref("crm_procedure.ir_cron_plan_create").method_direct_trigger()
            if failure is not True:
                raise RuntimeError(failure)
            waiting = [("state", "=", "approved"), ("created_on", "=", False)]
            remaining = env["crm.procedure.plan"].search_count(waiting)


def carry_out(database):
    from measure import open_registry

    carry(open_registry(database))


def kill_in_the_middle(database, connection, plan):
    """:return: how often the process was killed before it could finish"""
    killed = 0
    while True:
        before = count(connection, plan)
        process = subprocess.Popen([sys.executable, __file__, "--carry-out", database])
        while process.poll() is None and count(connection, plan) == before:
            time.sleep(0.05)
        if killed == 3:
            process.wait()
        else:
            time.sleep(0.3)
            if process.poll() is None:
                process.kill()
                process.wait()
                killed += 1
        if process.returncode == 0:
            return killed


def count(connection, plan):
    with connection.cursor() as cursor:
        cursor.execute("SELECT create_position FROM crm_procedure_plan WHERE id = %s", [plan])
        [[position]] = cursor.fetchall()
    connection.commit()
    return position


def check(connection, plan):
    """Every day of every line is there once, the numbers follow one another; :return: how many"""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT count(*), count(DISTINCT (plan_line_id, plan_turn)), count(DISTINCT name),
                   max(right(name, -9)::int) - min(right(name, -9)::int) + 1,
                   (SELECT sum(contacts) FROM crm_procedure_plan_line WHERE plan_id = %(plan)s)
            FROM crm_procedure_communication WHERE plan_id = %(plan)s
            """,
            {"plan": plan},
        )
        [counts] = cursor.fetchall()
    connection.commit()
    if len(set(counts)) != 1:
        sys.exit(f"Duplicates or gaps: {counts}")
    return counts[0]


def prepare_floor(connection, plan):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS benchmark_made")
        cursor.execute(
            "CREATE TABLE benchmark_made AS SELECT * FROM crm_procedure_communication WHERE plan_id = %s", [plan]
        )
        cursor.execute("DELETE FROM crm_procedure_communication WHERE plan_id = %s", [plan])
    settle(connection, "crm_procedure_communication", "benchmark_made")


def forget(connection, plan):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM crm_procedure_communication WHERE plan_id = %s", [plan])
        cursor.execute("DELETE FROM crm_procedure_plan_week WHERE plan_id = %s", [plan])
        cursor.execute("DELETE FROM crm_procedure_plan_line WHERE plan_id = %s", [plan])
        cursor.execute("UPDATE crm_procedure_plan SET state = 'rejected' WHERE id = %s", [plan])
    settle(connection, "crm_procedure_communication", "crm_procedure_plan_line")


def settle(connection, *tables):
    """Indexes as small as they were: both sides write into the same table."""
    connection.commit()
    connection.autocommit = True
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"VACUUM FULL ANALYZE {table}")
    connection.autocommit = False


# ------------------------------------------------------------
# Reminders
# ------------------------------------------------------------


def reminders(registry, connection, database):
    """The activities of the due window, by the addon and by one statement."""
    from measure import Cpu
    from run import environment

    cpu = Cpu(database)
    settle(connection, "crm_procedure_communication", "mail_activity")
    with registry.cursor() as cursor:
        env = environment(cursor)
        parameters = {
            "until": date.today() + timedelta(days=7),
            "model": env["ir.model"]._get_id("crm.procedure.communication"),
            "type": env.ref("crm_procedure.mail_activity_type_contact").id,
        }
    with connection.cursor() as cursor, cpu.measure() as floor:
        cursor.execute(REMINDERS, parameters)
        expected = cursor.fetchall()[0][0]
    connection.rollback()
    settle(connection, "crm_procedure_communication", "mail_activity")
    with registry.cursor() as cursor:
        env = environment(cursor)
        model, company, done = env["crm.procedure.communication"], env.company, 0
        model._tell_late_chunk(company)  # warms the caches; nobody is late
        queries = cursor.sql_log_count
        with cpu.measure() as ours:
            while number := model._remind_chunk(company):
                done += number
                cursor.commit()
        queries = (cursor.sql_log_count - queries) / done
    if done != expected:
        sys.exit(f"Floor and addon do not agree: {expected}, {done}")
    return [
        frame.ratio(f"reminders of a day, {done:,} activities", floor["cpu"], ours["cpu"], TARGET_REMIND),
        (
            "queries for each",
            "",
            f"{queries:.4f}",
            f"{queries:.4f}",
            f"≤ {TARGET_QUERIES}",
            frame.verdict(queries <= TARGET_QUERIES),
        ),
    ]


REMINDERS = """
    WITH due AS (
        UPDATE crm_procedure_communication c SET reminder_level = 1
        FROM res_partner p
        WHERE p.id = c.partner_id AND c.state = 'planned' AND c.reminder_level = 0 AND c.date_planned <= %(until)s
        RETURNING c.id, c.user_id, c.date_planned, c.name || ' ' || p.complete_name AS title
    ), made AS (
        INSERT INTO mail_activity (res_model_id, res_model, res_id, res_name, activity_type_id, user_id, date_deadline,
            automated, active, create_uid, create_date, write_uid, write_date)
        SELECT %(model)s, 'crm.procedure.communication', due.id, title, %(type)s, due.user_id, due.date_planned, TRUE,
               TRUE, 1, now(), 1, now()
        FROM due
    )
    SELECT count(*) FROM due
"""


if __name__ == "__main__":
    main()
