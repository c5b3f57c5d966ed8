"""A grading as people do it, each click a transaction of its own."""

from datetime import date

PASSWORD = "benchmark"
MARKETING, SALES, CLERK = "benchmark_marketing", "benchmark_sales", "benchmark_clerk"


def environment(cursor, login=None):
    """:return: environment of the user with ``login``, or of the system itself"""
    from odoo import SUPERUSER_ID, api

    env = api.Environment(cursor, SUPERUSER_ID, {})
    if not login:
        return env
    user = env["res.users"].search([("login", "=", login)])
    return api.Environment(cursor, user.id, {"lang": "en_US", "allowed_company_ids": user.company_id.ids})


def set_up(registry):
    """People who sign, their teams, and a clerk who may edit contacts and knows no grading."""
    with registry.cursor() as cursor:
        env = environment(cursor)
        roles = {
            MARKETING: "crm_procedure.group_marketing",
            SALES: "crm_procedure.group_sales",
            CLERK: "base.group_partner_manager",
        }
        for login, group in roles.items():
            groups = env.ref("base.group_user") + env.ref(group)
            user = (
                env["res.users"]
                .with_context(no_reset_password=True)
                .create(
                    {
                        "name": login,
                        "login": login,
                        "password": PASSWORD,
                        "email": f"{login}@example.com",
                        "group_ids": [(6, 0, groups.ids)],
                    }
                )
            )
            if login != CLERK:
                duty = login.removeprefix("benchmark_")
                env["crm.procedure.team"].create(
                    {"name": duty, "duty": duty, "leader_id": user.id, "makes_contacts": login == SALES}
                )


def compute(registry, day=None):
    """Marketing computes a list and submits it.

    :return: its id
    """
    with registry.cursor() as cursor:
        grading = environment(cursor, MARKETING)["crm.procedure.grading"].create({"date": day or date.today()})
    for action in ("action_compute", "action_submit"):
        with registry.cursor() as cursor:
            getattr(environment(cursor, MARKETING)["crm.procedure.grading"].browse(grading.id), action)()
    return grading.id


def approve(registry, grading_id):
    """Sales co-signs it, and the scheduler applies it.

    The workbook of all customers, which the same scheduled action makes afterwards, is put
    off: ``keep`` makes it.
    """
    with registry.cursor() as cursor:
        environment(cursor, SALES)["crm.procedure.grading"].browse(grading_id).action_approve()
        environment(cursor)["crm.procedure.grading"].browse(grading_id).list_failed = True
    drive(registry, grading_id, "applied_on")


def keep(registry, grading_id):
    """The scheduler writes the full list into workbooks."""
    with registry.cursor() as cursor:
        environment(cursor)["crm.procedure.grading"].browse(grading_id).list_failed = False
    drive(registry, grading_id, "list_kept_on")


def drive(registry, grading_id, field):
    """Run the scheduled action again and again, as the scheduler does, until ``field`` is set."""
    while not is_set(registry, grading_id, field):
        with registry.cursor() as cursor:
            failure = environment(cursor).ref("crm_procedure.ir_cron_grading_apply").method_direct_trigger()
            if failure is not True:
                raise RuntimeError(failure)


def is_set(registry, grading_id, field):
    with registry.cursor() as cursor:
        return bool(environment(cursor)["crm.procedure.grading"].browse(grading_id)[field])


def moves(registry, grading_id):
    """:return: how many customers the list moves"""
    with registry.cursor() as cursor:
        return environment(cursor)["crm.procedure.grading"].browse(grading_id).line_count


def what_if(registry):
    """:return: the figures of a draft, nothing stored"""
    with registry.cursor() as cursor:
        gradings = environment(cursor, MARKETING)["crm.procedure.grading"]
        figures = gradings.create({"date": date.today()}).what_if()
        cursor.rollback()
    return figures
