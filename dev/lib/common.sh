# Shared by every script in dev/: paths, numbered steps, locks.
# Each script sources this file first; it sources the others.

set -euo pipefail

ADDON=crm_procedure
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
WORK=${DEV_DIR:-$ROOT/.dev}
LOGS=$WORK/log
STAMPS=$WORK/stamps
# One checkout, one name: tells this checkout's cluster from another's.
CHECKOUT=$(printf %s "$ROOT" | sha256sum | cut -c1-8)

STEP=0
STEPS=0 # set by the script that shows steps

die() {
    printf '\n%s\n' "$*" >&2
    exit 1
}

case $ROOT$WORK in
    *[[:space:]]*) die "The path of the checkout must not contain spaces: $ROOT" ;;
esac

mkdir -p "$LOGS" "$STAMPS"

# step TITLE COMMAND…: run COMMAND with its output in a log file, show the time it took.
# The command runs in a process group of its own, so that Ctrl-C ends all of it.
step() {
    local title=$1 log begin=$SECONDS status=0 ticker='' job
    shift
    STEP=$((STEP + 1))
    log=$LOGS/$(printf '%s' "$title" | tr -cs 'A-Za-z0-9\n' '-').log
    printf '[%d/%d] %s … ' "$STEP" "$STEPS" "$title" >&2
    set -m
    (
        set -e +m
        "$@"
    ) >"$log" 2>&1 </dev/null &
    job=$!
    set +m
    trap 'kill -- -$job $ticker 2>/dev/null; echo; exit 130' INT TERM HUP
    if [ -t 2 ]; then
        while sleep 1; do
            printf '\r[%d/%d] %s … %d s ' "$STEP" "$STEPS" "$title" $((SECONDS - begin)) >&2
        done &
        ticker=$!
    fi
    wait "$job" || status=$?
    trap - INT TERM HUP
    if [ -n "$ticker" ]; then
        kill "$ticker" 2>/dev/null || :
        wait "$ticker" 2>/dev/null || :
        printf '\r[%d/%d] %s … ' "$STEP" "$STEPS" "$title" >&2
    fi
    if [ "$status" -ne 0 ]; then
        printf 'FAILED after %d s\n\n' $((SECONDS - begin)) >&2
        tail -n 25 "$log" | sed 's/^/    /' >&2
        die "Everything it said: $log"
    fi
    printf '%d s\n' $((SECONDS - begin)) >&2
}

# ready TITLE: a numbered step that has nothing to do.
ready() {
    STEP=$((STEP + 1))
    printf '[%d/%d] %s … ready\n' "$STEP" "$STEPS" "$1" >&2
}

# once NAME VALUE TITLE COMMAND…: a step that is skipped while its stamp says VALUE.
once() {
    local name=$1 value=$2 title=$3
    shift 3
    if is_stamped "$name" "$value"; then
        ready "$title"
    else
        rm -f "$STAMPS/$name"
        step "$title" "$@"
        stamp "$name" "$value"
    fi
}

is_stamped() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }

stamp() { printf '%s\n' "$2" >"$STAMPS/$1"; }

hash_of() { sha256sum | cut -c1-12; }

# Only one command at a time sets things up. The lock is file descriptor 8; unlock lets it go,
# or the end of the last process that has it: when a command is killed in the middle of a step,
# the next one waits for the orphaned step.
lock() {
    exec 8>"$WORK/setup.lock"
    if ! flock -n 8; then
        echo "Another dev/ command is setting up; waiting for it." >&2
        flock 8
    fi
}

unlock() { exec 8>&-; }

for part in packages odoo postgres databases; do
    # shellcheck source=/dev/null
    . "$ROOT/dev/lib/$part.sh"
done
