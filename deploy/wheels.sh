#!/bin/sh
# wheels.sh FOLDER: puts the wheels of requirements/runtime.txt into it. What was fetched once is kept in var/wheels, so that
# the next time needs no network; pip compares the digests each time.
set -eu
cd "$(dirname "$0")/.."
KEPT=var/wheels
TO=$1
download() {
    .venv/bin/python -m pip download --quiet --require-hashes --only-binary=:all: --disable-pip-version-check \
        -r requirements/runtime.txt -d "$TO" "$@"
}
mkdir -p "$KEPT" "$TO"
download --no-index --find-links "$KEPT" >/dev/null 2>&1 || download
cp -u "$TO"/*.whl "$KEPT"
