#!/bin/sh
# The tests' outside judges: a browser, a second DICOM implementation, a QR scanner, a PDF renderer, a web server in
# front. Installed where we may.
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

need chromium chromium
need dcm2pnm dcmtk
need zbarimg zbar-tools
need pdftoppm poppler-utils
fc-list 2>/dev/null | grep -qiE 'NotoSansCJK|Noto Sans CJK|wqy' || MISSING="$MISSING fonts-noto-cjk"
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
[ -z "$MISSING" ] || echo "NOTE: the tests that need these Debian packages will be skipped:$MISSING" >&2
