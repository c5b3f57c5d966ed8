#!/usr/bin/env bash
# Runs a Python program with the Odoo, the packages and the PostgreSQL that dev/start sets up:
#   benchmarks/environment.sh benchmarks/grading.py --partners 20000
. "$(dirname "$0")/../dev/lib/common.sh"
. "$ROOT/dev/lib/quietly.sh"
lock
setup_template plain
CRM_PROCEDURE_TEMPLATE=$(template_name plain)
export CRM_PROCEDURE_TEMPLATE
unlock
exec "$PYTHON_BIN" "$@"
