# Databases: templates with the apps that the addon stands on, and copies with the addon.
#
#   crm_procedure_template_{demo,plain}_HASH  apps only; HASH of what they depend on
#   crm_procedure_demo    what dev/start serves; keeps what you do in it
#   crm_procedure_fresh   demo data and nothing else; the black-box tests copy it
#   crm_procedure_test    no demo data; the addon's own tests run in it

DEMO=${ADDON}_demo
FRESH=${ADDON}_fresh
TEST=${ADDON}_test

# Apps beyond the addon's dependencies that a demo database shows: orders get their menu.
DEMO_APPS=sale_management,contacts

# Read afresh by every command, so a new dependency makes a new template.
addon_dependencies() {
    "$PYTHON_BIN" - "$ROOT/$ADDON/__manifest__.py" <<'EOF'
import ast, pathlib, sys

path = pathlib.Path(sys.argv[1])
manifest = ast.literal_eval(path.read_text("utf-8")) if path.exists() else {}
print(",".join(manifest.get("depends") or ["crm", "sale", "survey", "portal"]))
EOF
}

template_name() {
    {
        addon_dependencies
        cat "$ROOT/dev/requirements.txt" "$ODOO_HOME/packages" 2>/dev/null || :
        echo "${ODOO_SRC:-} ${ODOO_BIN:-} $DEMO_APPS 2"
    } | echo "${ADDON}_template_$1_$(hash_of)"
}

# The addon's files as installed into a database; its tests change nothing there.
addon_hash() {
    (cd "$ROOT/$ADDON" && find . -type f ! -path './tests/*' ! -path '*/__pycache__/*' \
        ! -name '*.pyc' -print0 | sort -z | xargs -0 sha256sum) | hash_of
}

databases() {
    "$PYTHON_BIN" - <<'EOF'
import psycopg2

with psycopg2.connect(dbname="postgres") as connection, connection.cursor() as cursor:
    cursor.execute("SELECT datname FROM pg_database WHERE datallowconn ORDER BY 1")
    print("\n".join(name for (name,) in cursor.fetchall()))
EOF
}

# Not through a pipe to grep -q: it ends before the writer does, who then fails.
database_exists() {
    local all
    all=$(databases) || die "PostgreSQL does not answer at $PGHOST."
    [[ $'\n'$all$'\n' == *$'\n'$1$'\n'* ]]
}

# Odoo without a web server, for installing things.
odoo_quiet() { "$ODOO" server --no-http --stop-after-init --max-cron-threads=0 "$@"; }

# The first language is what new users get, so it is English.
# setup_template KIND: made under another name first, so that a half-made one is never used.
setup_template() {
    local name title="Template database ($1)"
    name=$(template_name "$1")
    if database_exists "$name"; then
        ready "$title"
    else
        step "$title" create_template "$1" "$name"
    fi
}

create_template() {
    local kind=$1 name=$2 old demo=()
    for old in $(databases | grep "^${ADDON}_template_${kind}_" || :); do
        "$ODOO" db drop "$old"
    done
    [ "$kind" != demo ] || demo=(--with-demo)
    odoo_quiet -d "${name}_new" -i "$(addon_dependencies),$DEMO_APPS" --load-language=en_US,zh_CN "${demo[@]}"
    "$ODOO" db rename "${name}_new" "$name"
}

# setup_database NAME KIND [keep]: the addon, installed into a copy of the template KIND. When
# the addon's files have changed it is made anew, or, with keep, updated.
setup_database() {
    local name=$1 kind=$2 keep=${3:-} title="Database $1" template state
    template=$(template_name "$kind")
    state="$template $(addon_hash)"
    if ! database_exists "$name"; then
        rm -f "$STAMPS/database-$name"
    fi
    if is_stamped "database-$name" "$state"; then
        ready "$title"
    elif [ -n "$keep" ] && [ -s "$STAMPS/database-$name" ]; then
        # No rm of the stamp: after a failed update it still says what the database is.
        step "$title (update)" odoo_quiet -d "$name" -u "$ADDON"
        stamp "database-$name" "$state"
    else
        once "database-$name" "$state" "$title" create_database "$name" "$template"
    fi
}

create_database() {
    local name=$1 template=$2
    "$ODOO" db duplicate -f "$template" "${name}_new"
    odoo_quiet -d "${name}_new" -i "$ADDON"
    assert_installed "${name}_new"
    [ "$name" = "$DEMO" ] || warm_assets "${name}_new"
    "$ODOO" db rename -f "${name}_new" "$name"
}

# Odoo ends with 0 even when it did not find the addon.
assert_installed() {
    "$PYTHON_BIN" - "$1" "$ADDON" <<'EOF'
import sys

import psycopg2

with psycopg2.connect(dbname=sys.argv[1]) as connection, connection.cursor() as cursor:
    cursor.execute("SELECT state FROM ir_module_module WHERE name = %s", sys.argv[2:])
    state = cursor.fetchone()
if state != ("installed",):
    sys.exit(f"{sys.argv[2]} is not installed in {sys.argv[1]}: {state and state[0]}")
EOF
}

# A test's transaction is thrown away and with it the bundles that its pages make: make them
# once, or every tour pays 10 to 20 seconds.
warm_assets() {
    "$ODOO" shell -d "$1" --no-http <<'EOF'
bundles = [
    "web.assets_web", "web.assets_frontend", "web.assets_frontend_lazy",
    "web.assets_frontend_minimal", "web.assets_tests", "web.report_assets_common",
    "web.report_assets_pdf",
]
for name in bundles:
    bundle = env["ir.qweb"]._get_asset_bundle(name, css=True, js=True)
    bundle.css()
    bundle.js()
env.cr.commit()
EOF
}

# setup_base [test]: all that every command needs, up to a running PostgreSQL.
setup_base() {
    install_debian_packages "$@"
    setup_odoo
    setup_python
    use_postgres
    setup_postgres
    configure_odoo
    start_postgres
}
