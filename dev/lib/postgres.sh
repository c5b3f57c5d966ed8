# PostgreSQL: a private cluster that runs while somebody uses it, or an existing server
# (PGHOST, with PGPORT, PGUSER, PGPASSWORD as usual; Odoo reads them itself).

if [ "$(id -u)" -eq 0 ]; then
    # PostgreSQL refuses to run as root, and its own user may not enter a checkout under /root.
    CLUSTER=/var/lib/postgresql/$ADDON-$CHECKOUT
else
    CLUSTER=$WORK/postgres
fi

# A socket's path must stay below 108 bytes, so a deep checkout has it elsewhere.
if [ ${#CLUSTER} -lt 80 ]; then
    SOCKETS=$CLUSTER/socket
else
    SOCKETS=/tmp/$ADDON-$CHECKOUT-$(id -u)
fi

# Our own address in PGHOST comes from the dev/ command that called this one.
is_own_cluster() { [ "${PGHOST:-$SOCKETS}" = "$SOCKETS" ]; }

use_postgres() {
    # Odoo would take it for the database to serve.
    unset PGDATABASE
    is_own_cluster || return 0
    export PGHOST=$SOCKETS PGUSER=odoo PGPORT=5432
    unset PGPASSWORD PGSERVICE PGSSLMODE
}

postgres_bin() {
    local bin
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5n | tail -n 1)
    if [ -x "$bin/initdb" ]; then
        echo "$bin"
    elif command -v initdb >/dev/null; then
        dirname "$(readlink -f "$(command -v initdb)")"
    else
        die "No PostgreSQL server found: install one, or set PGHOST."
    fi
}

# as_postgres COMMAND…: as the user who owns the cluster, away from folders he may not enter.
# The locks' descriptors are closed: the server would hold them for as long as it runs.
as_postgres() (
    exec 6>&- 7>&- 8>&- 9>&-
    cd /
    if [ "$(id -u)" -eq 0 ]; then
        exec runuser -u postgres -- "$@"
    fi
    exec "$@"
)

setup_postgres() {
    is_own_cluster || {
        ready "PostgreSQL ($PGHOST)"
        return
    }
    # A version's data are of no use to another version.
    if [ -f "$CLUSTER/data/PG_VERSION" ] && is_stamped postgres "$CLUSTER $(postgres_bin)"; then
        ready "PostgreSQL"
    else
        rm -f "$STAMPS/postgres"
        step "PostgreSQL" create_cluster
        stamp postgres "$CLUSTER $(postgres_bin)"
    fi
}

create_cluster() {
    local bin
    bin=$(postgres_bin)
    remove_cluster
    # Files of databases that are gone would pass for those of their successors.
    rm -rf "$STAMPS"/database-* "$WORK/data/filestore"
    if [ "$(id -u)" -eq 0 ]; then
        install -d -o postgres -g postgres -m 700 "$CLUSTER"
    else
        mkdir -p -m 700 "$CLUSTER"
    fi
    as_postgres "$bin/initdb" -D "$CLUSTER/data" -U odoo -A trust -E UTF8 --locale=C.UTF-8 -N
    # Nobody mourns these databases: speed before safety.
    as_postgres tee -a "$CLUSTER/data/postgresql.conf" <<EOF
listen_addresses = ''
unix_socket_directories = '$SOCKETS'
fsync = off
synchronous_commit = off
full_page_writes = off
jit = off
shared_buffers = 256MB
max_wal_size = 512MB
max_connections = 200
EOF
}

# Everyone who uses the cluster holds a shared lock on this file (descriptor 9) until he ends,
# however he ends. A guard per user waits for the exclusive lock and then stops the server: so
# the last one out switches off the light, and a command may exec the program it runs.
start_postgres() {
    is_own_cluster || return 0
    exec 9>>"$WORK/postgres.users"
    flock -s 9
    (
        flock 7
        is_running || {
            as_postgres mkdir -p -m 700 "$SOCKETS"
            as_postgres "$(postgres_bin)/pg_ctl" start -w -s -D "$CLUSTER/data" \
                -l "$CLUSTER/log" >/dev/null </dev/null
        }
    ) 7>"$WORK/postgres.start" || die "PostgreSQL did not start; see $CLUSTER/log"
    setsid flock -w 5 "$WORK/postgres.guard" flock "$WORK/postgres.users" \
        "$ROOT/dev/lib/stop-postgres" 6>&- 7>&- 8>&- 9>&- >/dev/null 2>&1 </dev/null &
}

is_running() {
    as_postgres "$(postgres_bin)/pg_ctl" status -D "$CLUSTER/data" >/dev/null 2>&1
}

stop_postgres() {
    is_own_cluster && [ -d "$CLUSTER/data" ] || return 0
    ! is_running || as_postgres "$(postgres_bin)/pg_ctl" stop -s -m fast -w -D "$CLUSTER/data"
}

remove_cluster() {
    stop_postgres
    rm -rf "$CLUSTER"
}
