#!/bin/sh
# The tests' outside judges: a browser, a second DICOM implementation, a QR scanner, a PDF renderer. Installed where we may.
set -eu
MISSING=""
need() { command -v "$1" >/dev/null 2>&1 || MISSING="$MISSING $2"; }
need chromium chromium
need dcm2pnm dcmtk
need zbarimg zbar-tools
need pdftoppm poppler-utils
fc-list 2>/dev/null | grep -qiE 'NotoSansCJK|Noto Sans CJK|wqy' || MISSING="$MISSING fonts-noto-cjk"
[ -z "$MISSING" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    if apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $MISSING >/dev/null; then exit 0; fi
fi
echo "NOTE: the tests that need these Debian packages will be skipped:$MISSING" >&2
