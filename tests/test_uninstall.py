"""Uninstalling the addon leaves the customers and their orders as they were."""

import subprocess

import pytest
from server import ROOT, SOURCE, Server

DATABASE = "crm_procedure_uninstall"
# Customers that the addon did not bring itself (its demo data go with it, as Odoo has it) …
OTHERS = """
    SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '0') FROM res_partner
    WHERE id NOT IN (SELECT res_id FROM ir_model_data WHERE module = 'crm_procedure' AND model = 'res.partner')
      AND id NOT IN (SELECT partner_id FROM res_users)
"""
# … and everything that Odoo itself knows of them, row by row.
CUSTOMERS = """
    SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM (
        SELECT id, name, active, parent_id, commercial_partner_id, customer_rank, email, phone, ref,
               user_id, company_id, write_date
        FROM res_partner WHERE id IN ({ids})) t
"""
ORDERS = "SELECT md5(string_agg(t::text, '|' ORDER BY id)) FROM sale_order t WHERE partner_id IN ({ids})"
LEFTOVERS = """
    SELECT relname FROM pg_class WHERE relname LIKE 'crm_procedure%' OR relname LIKE '%procedure_grading_idx'
    UNION ALL SELECT attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
        WHERE c.relkind = 'r' AND NOT attisdropped AND attname LIKE 'procedure_%'
    UNION ALL SELECT model FROM ir_model WHERE model LIKE 'crm.procedure%'
    UNION ALL SELECT code FROM ir_sequence WHERE code LIKE 'crm.procedure%'
    UNION ALL SELECT 'message' FROM mail_message WHERE model LIKE 'crm.procedure%'
    UNION ALL SELECT 'activity' FROM mail_activity WHERE res_model LIKE 'crm.procedure%'
    UNION ALL SELECT 'cron' FROM ir_act_server WHERE code LIKE '%_cron_escalate%'
"""


def sql(query):
    command = [ROOT / "dev" / "psql", "-d", DATABASE, "-Atc", query]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def database():
    server = Server(DATABASE)
    server.odoo("db", "duplicate", "-f", SOURCE, DATABASE)
    yield server
    server.odoo("db", "drop", DATABASE)


def test_uninstall_leaves_customers_and_orders(database):
    ids = sql(OTHERS)
    customers, orders = CUSTOMERS.format(ids=ids), ORDERS.format(ids=ids)
    graded = f"SELECT count(*) FROM res_partner WHERE id IN ({ids}) AND procedure_grade_id IS NOT NULL"
    assert int(sql(graded)), "there must be something to lose"
    before = sql(customers), sql(orders)
    database.odoo("module", "uninstall", "-d", DATABASE, "crm_procedure")
    assert sql("SELECT state FROM ir_module_module WHERE name = 'crm_procedure'") == "uninstalled"
    assert (sql(customers), sql(orders)) == before
    assert sql(LEFTOVERS) == ""
