# Debian packages and Python packages.

# What Odoo needs from Debian: Python's venv, a PostgreSQL server, the libraries of wkhtmltopdf
# and Chinese fonts: Noto for the screen, WenQuanYi for printed forms (see controlled_form.scss).
debian_packages() {
    [ -n "${ODOO_BIN:-}" ] || echo python3-venv
    ! is_own_cluster || echo postgresql
    echo fontconfig libfontconfig1 libfreetype6 libxext6 libxrender1 fonts-noto-cjk fonts-wqy-microhei
    # libatomic1: Playwright's node is linked against it. git: the build tool of the wheel asks it.
    # libreoffice-calc-nogui: opens every workbook once more, as a colleague without Excel does.
    [ "${1:-}" != test ] || echo chromium libatomic1 git poppler-utils libreoffice-calc-nogui
}

missing_debian_packages() {
    local package
    for package in $(debian_packages "$@"); do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            echo "$package"
    done
}

# Names what is missing, then installs it, or tells an ordinary user what to type.
install_debian_packages() {
    local missing sudo=''
    if ! command -v dpkg-query >/dev/null; then
        echo "This is no Debian: make sure that you have $(debian_packages "$@" | xargs)." >&2
        ready "Debian packages"
        return
    fi
    missing=$(missing_debian_packages "$@" | xargs)
    if [ -z "$missing" ]; then
        ready "Debian packages"
        return
    fi
    if [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || die "Debian packages are missing. Please type once, then call me again:

    sudo apt-get update && sudo apt-get install --no-install-recommends $missing
"
        sudo="sudo -n"
    fi
    echo "Debian packages to be installed: $missing" >&2
    # shellcheck disable=SC2086
    step "Debian packages" apt_install "$sudo" $missing
}

apt_install() {
    local sudo=$1 main_cluster=/etc/postgresql-common/createcluster.conf
    shift
    exec 8>&- # a service that a package starts must not keep our lock
    # The package would start a cluster of its own on port 5432; ours is enough. Whoever has
    # this file has PostgreSQL already, and it is left alone.
    if [[ " $* " == *" postgresql "* ]] && [ ! -e "$main_cluster" ]; then
        $sudo mkdir -p "${main_cluster%/*}"
        echo "create_main_cluster = false" | $sudo tee "$main_cluster" >/dev/null
    fi
    $sudo apt-get update
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@"
}

# The interpreter for the virtual environment: Debian's own rather than one from PATH, which
# may be of another version; PYTHON chooses differently.
find_python() {
    local candidate
    for candidate in ${PYTHON:-/usr/bin/python3 python3.11 python3}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    die "Python 3.11 is needed (the one of Debian 12): the pins in dev/requirements.txt have
wheels for no other. Say where it is: PYTHON=/path/to/python3.11 $0"
}

VENV=$WORK/venv

# A virtual environment cannot be moved, so its place is part of the stamp.
setup_python() {
    local python
    [ -z "${ODOO_BIN:-}" ] || {
        ready "Python packages"
        return
    }
    python=$(find_python)
    once python "$VENV $(hash_of <"$ROOT/dev/requirements.txt") $("$python" -V)" \
        "Python packages" install_python_packages "$python"
}

install_python_packages() {
    unset PYTHONPATH PYTHONHOME
    rm -rf "$VENV"
    "$1" -m venv "$VENV"
    "$VENV/bin/pip" install --disable-pip-version-check -r "$ROOT/dev/requirements.txt"
    install_wkhtmltopdf
}

# Debian's wkhtmltopdf prints no header, no footer and no page number, and refuses several
# documents at once: it is built without the patched Qt. Use it only if it is patched.
install_wkhtmltopdf() {
    local patched
    if wkhtmltopdf --version 2>/dev/null | grep -q 'patched qt'; then
        return
    fi
    patched=$(echo "$VENV"/lib/python3.*/site-packages/pydf/bin/wkhtmltopdf)
    chmod +x "$patched"
    ln -sf "$patched" "$VENV/bin/wkhtmltopdf"
}
