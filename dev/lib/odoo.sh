# Odoo 19: from Debian's archive, or an existing one.
#   ODOO_BIN  launcher of an installed Odoo 19 (its own Python packages are used)
#   ODOO_SRC  tree of an Odoo 19 (the folder that holds odoo/), run with our Python packages

ODOO_HOME=$WORK/odoo
# Debian's layout is kept, so that the package's relative links to fonts work.
ODOO_TREE=$ODOO_HOME/usr/lib/python3/dist-packages
ODOO_CONF=$WORK/odoo.conf

setup_odoo() {
    if [ -n "${ODOO_BIN:-}" ]; then
        command -v "$ODOO_BIN" >/dev/null || die "ODOO_BIN: there is no command $ODOO_BIN."
        ready "Odoo ($ODOO_BIN)"
    elif [ -n "${ODOO_SRC:-}" ]; then
        grep -q "version_info = (19, 0" "$ODOO_SRC/odoo/release.py" 2>/dev/null ||
            die "ODOO_SRC: $ODOO_SRC holds no odoo/release.py of version 19.0."
        ODOO_TREE=$(cd "$ODOO_SRC" && pwd -P)
        ready "Odoo ($ODOO_TREE)"
    else
        once odoo "unpacked 1" "Odoo 19" fetch_odoo
    fi
}

# Odoo 19 is packaged in Debian sid. A private apt fetches it: the system's package lists and
# installed packages are neither read nor changed, signatures are verified.
fetch_odoo() {
    local site apt=$WORK/apt new=$ODOO_HOME.new
    rm -rf "$apt" "$new"
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/debs" "$new"
    write_apt_conf "$apt"
    export APT_CONFIG=$apt/apt.conf
    for site in $(debian_sites); do
        echo "Trying $site"
        write_sources "$apt" "$site"
        if apt-get update; then
            break
        fi
        site=''
    done
    if [ -z "${site:-}" ]; then
        echo "No Debian mirror with the suites sid and bookworm was found in apt's configuration."
        echo "Name one with DEBIAN_MIRROR=…, or an Odoo 19 tree with ODOO_SRC=/path."
        exit 1
    fi
    (cd "$apt/debs" && apt-get download odoo-19/sid libjs-jquery/bookworm \
        fonts-font-awesome/bookworm fonts-roboto-unhinted/sid fonts-montserrat/sid)
    unpack_odoo "$apt/debs" "$new"
    rm -rf "$ODOO_HOME" "$apt"
    mv "$new" "$ODOO_HOME"
}

# The mirrors the system's apt uses (of any suite but security), so that a local one is used
# here too. Others' archives in that list fail at the signature and are passed over.
debian_sites() {
    if [ -n "${DEBIAN_MIRROR:-}" ]; then
        echo "${DEBIAN_MIRROR%/}"
    else
        env -u APT_CONFIG apt-get update --print-uris |
            sed -n "s#^'\(.*\)/dists/[^']*Release'.*#\1#p" | grep -v security | awk '!seen[$0]++'
    fi
}

write_apt_conf() {
    # Check-Valid-Until: a mirror frozen at some day is as good; what it serves is signed.
    cat >"$1/apt.conf" <<EOF
Dir::Etc::SourceList "$1/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$1/lists";
Dir::State::status "/dev/null";
Dir::Cache "$1/cache";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
Acquire::Languages "none";
Acquire::Retries "3";
EOF
}

write_sources() {
    local suite keyring
    for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        [ ! -e "$keyring" ] || break
    done
    for suite in sid bookworm; do
        echo "deb [signed-by=$keyring] $2 $suite main"
    done >"$1/sources.list"
}

# Of the many translations only Chinese is kept: a third of the size, three times as fast.
unpack_odoo() {
    local deb debs=$1 into=$2 package
    for deb in "$debs"/*.deb; do
        package=$(basename "$deb")
        case $package in
            odoo-19_*)
                dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into" --no-same-owner \
                    --no-wildcards-match-slash \
                    --exclude='[!z]*.po' --exclude='z[!h]*.po' --exclude='zh_[!C]*.po' \
                    ./usr/lib/python3/dist-packages/odoo
                ;;
            *) dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into" --no-same-owner ./usr/share ;;
        esac
        echo "${package%_*}" >>"$into/packages"
    done
    # Debian leaves this file out, and then every browser test fails on a missing asset. The
    # background blur of video calls, which it serves, works over the internet only anyway.
    mkdir -p "$into/usr/lib/python3/dist-packages/odoo/addons/mail/static/lib/selfie_segmentation"
    echo "// not part of this package" >"$into/usr/lib/python3/dist-packages/odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"
}

# Everything that depends on where things are; cheap, so it is written at every call.
configure_odoo() {
    local site
    write_if_changed "$ODOO_CONF" <<EOF
[options]
addons_path = $ROOT
data_dir = $WORK/data
http_interface = 127.0.0.1
EOF
    export ODOO_RC=$ODOO_CONF
    # Another Odoo in PYTHONPATH would be merged into ours (odoo is a namespace package);
    # without byte code each start takes a third longer.
    unset PYTHONDONTWRITEBYTECODE PYTHONHOME
    if [ -n "${ODOO_BIN:-}" ]; then
        configure_existing_odoo
        return
    fi
    unset PYTHONPATH
    PYTHON_BIN=$VENV/bin/python
    export PATH=$VENV/bin:$PATH
    site=$(echo "$VENV"/lib/python3.*/site-packages)
    echo "$ODOO_TREE" | write_if_changed "$site/odoo19.pth"
    printf '#!%s\nimport odoo.cli\nodoo.cli.main()\n' "$PYTHON_BIN" | write_if_changed "$VENV/bin/odoo"
    chmod +x "$VENV/bin/odoo"
    ODOO=$VENV/bin/odoo
}

configure_existing_odoo() {
    local launcher interpreter
    ODOO=$ODOO_BIN
    launcher=$(readlink -f "$(command -v "$ODOO_BIN")")
    interpreter=$(sed -n '1s/^#! *\(\/usr\/bin\/env \)\{0,1\}//p' "$launcher" | cut -d' ' -f1)
    PYTHON_BIN=${ODOO_PYTHON:-${interpreter:-python3}}
    "$PYTHON_BIN" -c 'import holidays' ||
        die "The addon needs a package beside Odoo's own: $PYTHON_BIN -m pip install holidays"
    # odoo-bin finds its own tree; pytest needs telling.
    [ ! -d "${launcher%/*}/odoo" ] || export PYTHONPATH=${launcher%/*}
}

write_if_changed() {
    local new
    new=$(cat)
    [ "$(cat "$1" 2>/dev/null)" = "$new" ] || printf '%s\n' "$new" >"$1"
}
