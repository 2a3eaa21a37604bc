#!/bin/sh
# What `make bench` measures with and against besides ourselves: a browser, and Debian's Orthanc. Installed where we may.
set -eu
cd "$(dirname "$0")/.."
MISSING=""
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
UPDATED=""
update() { [ -n "$UPDATED" ] || { apt-get update -qq && UPDATED=yes; }; }
install() { update && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }

# Installing the package orthanc would start a service. Only its program and plugin are wanted: they are unpacked beside
# us, and their libraries are installed.
PACKAGES="orthanc orthanc-dicomweb"
orthanc_runs() {
    program=$(PATH="var/bench-tools/usr/sbin:$PATH:/usr/sbin" command -v Orthanc) || return 1
    "$program" --version >/dev/null 2>&1 && ls "${program%/sbin/Orthanc}"/lib/orthanc/libOrthancDicomWeb.so.* >/dev/null 2>&1
}
unpack_orthanc() {
    # shellcheck disable=SC2086
    may_install && update && install $(apt-cache depends $PACKAGES | sed -n 's/^\(  Depends: \|    \)\(lib[^<]*\)$/\2/p' | sort -u) || return 1
    folder=$(mktemp -d)
    # shellcheck disable=SC2086
    (cd "$folder" && apt-get download -qq -o APT::Sandbox::User=root $PACKAGES >/dev/null) || { rm -rf "$folder"; return 1; }
    mkdir -p var/bench-tools
    for package in "$folder"/*.deb; do dpkg -x "$package" var/bench-tools; done
    rm -rf "$folder"
    orthanc_runs
}

command -v chromium >/dev/null 2>&1 || { may_install && install chromium; } || MISSING="$MISSING chromium"
orthanc_runs || unpack_orthanc || MISSING="$MISSING $PACKAGES"
[ -z "$MISSING" ] || echo "NOTE: the benchmarks that need these Debian packages will be skipped:$MISSING" >&2
