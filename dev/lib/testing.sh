# What dev/test runs.

# Tests that need a browser skip themselves when it is missing; conftest.py makes them fail.
export CRM_PROCEDURE_STRICT=1
export COVERAGE_FILE=$WORK/coverage
# What the black-box tests copy.
export CRM_PROCEDURE_DATABASE=$FRESH

# Two runs at once would pull each other's database away.
lock_tests() {
    exec 6>"$WORK/test.lock"
    if ! flock -n 6; then
        echo "Another dev/test is running; waiting for it." >&2
        flock 6
    fi
}

setup_tests() {
    lock_tests
    lock
    setup_base test
    check_test_packages
}

# In our own virtual environment they are there; in an existing Odoo's perhaps not.
check_test_packages() {
    local packages="pytest pytest-odoo pytest-cov playwright websocket-client hypothesis ruff whool"
    [ -z "${ODOO_BIN:-}" ] || "$PYTHON_BIN" -c \
        'import hypothesis, playwright, pytest, pytest_cov, pytest_odoo, ruff, websocket, whool' ||
        die "The tests need more packages: $PYTHON_BIN -m pip install $packages"
}

addon_pytest() {
    "$PYTHON_BIN" -m pytest --odoo-config="$ODOO_CONF" --odoo-database="$TEST" --odoo-http "$@"
}

# Without the plugin: it wants a database for every test.
blackbox_pytest() { "$PYTHON_BIN" -m pytest -p no:odoo "$@"; }

test_selection() {
    local argument path='' paths=0 blackbox=0
    for argument in "$@"; do
        path=${argument%%::*}
        if [[ $path == -* ]] || [ ! -e "$path" ]; then
            continue
        fi
        paths=$((paths + 1))
        case $(realpath "$path") in
            "$ROOT"/tests | "$ROOT"/tests/*) blackbox=$((blackbox + 1)) ;;
        esac
    done
    if [ "$blackbox" -gt 0 ] && [ "$blackbox" -lt "$paths" ]; then
        die "Tests of $ADDON/ and of tests/ need different processes: call dev/test twice."
    fi
    STEPS=6
    setup_tests
    if [ "$blackbox" -gt 0 ]; then
        setup_template demo
        setup_database "$FRESH" demo
        unlock
        blackbox_pytest "$@"
    else
        setup_template plain
        setup_database "$TEST" plain
        unlock
        [ "$paths" -gt 0 ] || set -- "$@" "$ADDON"
        addon_pytest "$@"
    fi
}

test_everything() {
    local failed=0 demo
    STEPS=6
    setup_tests
    # What a run leaves behind must not help or hinder the next one.
    rm -f "$STAMPS/database-$TEST" "$LOGS"/{addon,demo,blackbox}.xml
    setup_template plain
    setup_database "$TEST" plain
    # The other core is free: the demo company is set up while the addon's tests run.
    (setup_template demo && setup_database "$FRESH" demo) >"$LOGS/demo-company.log" 2>&1 &
    demo=$!
    heading "ruff"
    "$PYTHON_BIN" -m ruff check . && echo 0 >"$LOGS/ruff" || echo 1 >"$LOGS/ruff"
    heading "The addon's tests, in Odoo"
    addon_pytest "$ADDON" --junitxml="$LOGS/addon.xml" \
        ${COVERAGE:+--cov="$ADDON" --cov-report=term:skip-covered} || failed=1
    heading "The addon's tests of its demo data (test_demo.py), which the others do without"
    wait "$demo" || { cat "$LOGS/demo-company.log" >&2 && die "The demo company could not be set up."; }
    unlock
    addon_pytest --odoo-database="$FRESH" "$ADDON/tests/test_demo.py" --junitxml="$LOGS/demo.xml" || failed=1
    heading "Black-box tests, against a running server"
    blackbox_pytest tests --junitxml="$LOGS/blackbox.xml" || failed=1
    heading "All"
    "$PYTHON_BIN" "$ROOT/dev/lib/summary.py" "$LOGS" || failed=1
    return "$failed"
}

heading() { printf '\n=== %s\n' "$1"; }
