#!/bin/sh
# The tests' outside judges: a browser, a second DICOM implementation, a QR scanner, a PDF renderer, a web server in
# front, DICOMweb clients in JavaScript. Installed where we may. Nothing of it is served or shipped.
set -eu
cd "$(dirname "$0")/.."
MISSING=""
need() { command -v "$1" >/dev/null 2>&1 || MISSING="$MISSING $2"; }
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
UPDATED=""
update() { [ -n "$UPDATED" ] || { apt-get update -qq && UPDATED=yes; }; }

install_missing() {
    # shellcheck disable=SC2086
    update && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $MISSING >/dev/null
}

# Installing Debian's nginx would start a service on port 80. Only its program is wanted: it is unpacked beside us.
NGINX=var/test-tools/usr/sbin/nginx
nginx_runs() { PATH="$PATH:/usr/sbin" command -v nginx >/dev/null 2>&1 || "$NGINX" -v >/dev/null 2>&1; }
unpack_nginx() {
    command -v dpkg >/dev/null 2>&1 || return 1
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root nginx >/dev/null 2>&1) || { may_install && update &&
        (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root nginx >/dev/null); } || { rm -rf "$folder"; return 1; }
    mkdir -p var/test-tools && dpkg -x "$folder"/nginx_*.deb var/test-tools
    rm -rf "$folder"
    nginx_runs
}

# OHIF as it is built and published, without the hundreds of packages it was built from. A change of the version
# changes the digest, too.
OHIF=var/test-tools/ohif
OHIF_VERSION=3.13.2
OHIF_SHA512=5997719a9986eeba85816f5924b71b82bdd70ad2e2d4a0cd3e831a798e4f3deea3e06e1f8c48e393271933a0ba664d85f3b04ac457e9abe8dde715d907d13c10
unpack_ohif() {
    folder=$(mktemp -d)
    npm pack --silent --pack-destination "$folder" "@ohif/app@$OHIF_VERSION" >/dev/null 2>&1 &&
        echo "$OHIF_SHA512  $folder/ohif-app-$OHIF_VERSION.tgz" | sha512sum --status -c &&
        mkdir -p "$OHIF" && tar xzf "$folder/ohif-app-$OHIF_VERSION.tgz" -C "$OHIF" --strip-components=1 package/dist package/LICENSE &&
        echo "$OHIF_VERSION" >"$OHIF/version" || { rm -rf "$folder"; return 1; }
    rm -rf "$folder"
}
NODE_MISSING=""
install_javascript() {
    [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund || NODE_MISSING="$NODE_MISSING dicomweb-client"
    [ "$(cat "$OHIF/version" 2>/dev/null)" = "$OHIF_VERSION" ] || unpack_ohif || NODE_MISSING="$NODE_MISSING @ohif/app"
    [ -z "$NODE_MISSING" ] || echo "NOTE: the tests that need these packages of npm will be skipped:$NODE_MISSING" >&2
}

need chromium chromium
need dcm2pnm dcmtk
need zbarimg zbar-tools
need pdftoppm poppler-utils
fc-list 2>/dev/null | grep -qiE 'NotoSansCJK|Noto Sans CJK|wqy' || MISSING="$MISSING fonts-noto-cjk"
# The services are started as their units harden them. No systemd runs for that: its tools read the units.
need systemd-analyze systemd
ldconfig -p 2>/dev/null | grep -q libseccomp.so.2 || MISSING="$MISSING libseccomp2"
if [ -n "$MISSING" ] && may_install && install_missing; then MISSING=""; fi
# Database and queue servers are services: installed by themselves only where the machine is CI's own.
postgres_runs() { ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
install_service() {
    [ "${CI:-}" = true ] && may_install && update || return 1
    mkdir -p /etc/postgresql-common && echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
}
postgres_runs || install_service postgresql || MISSING="$MISSING postgresql"
command -v redis-server >/dev/null 2>&1 || install_service redis-server || MISSING="$MISSING redis-server"
nginx_runs || unpack_nginx || MISSING="$MISSING nginx"
if command -v npm >/dev/null 2>&1; then install_javascript
elif install_service npm; then install_javascript
else MISSING="$MISSING npm"; fi
# The bundle of the installation test needs no index of packages once the wheels are here.
if [ -x .venv/bin/python ]; then
    wheels=$(mktemp -d)
    deploy/wheels.sh "$wheels" >/dev/null 2>&1 || echo "NOTE: the index of packages does not answer: the installation of a hospital is tested only where var/wheels has the wheels" >&2
    rm -rf "$wheels"
fi
case "$MISSING" in
*systemd* | *libseccomp2* | *postgresql* | *redis-server* | *nginx*)
    echo "NOTE: the installation of a hospital (tests/functional/test_hospital_installation.py) will NOT be tested" >&2 ;;
esac
[ -z "$MISSING" ] || echo "NOTE: the tests that need these Debian packages will be skipped:$MISSING" >&2
