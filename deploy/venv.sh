#!/bin/sh
# Makes .venv from the pinned requirement files given as arguments; a fresh Debian 12 is enough.
# Usage: deploy/venv.sh requirements/runtime.txt [requirements/test.txt]
set -eu
cd "$(dirname "$0")/.."
PIP_FLAGS="--quiet --require-hashes --only-binary=:all: --disable-pip-version-check"
export PIP_ROOT_USER_ACTION=ignore

usable() { [ -x .venv/bin/python ] && .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

install_into_venv() {
    for file in "$@"; do
        # shellcheck disable=SC2086
        if .venv/bin/python -m pip --version >/dev/null 2>&1; then
            .venv/bin/python -m pip install $PIP_FLAGS -r "$file" || return 1
        else
            pip --python .venv/bin/python install $PIP_FLAGS -r "$file" || return 1
        fi
    done
}

make_venv() {
    usable && return 0
    rm -rf .venv
    python3 -m venv .venv >/dev/null 2>&1 && return 0
    rm -rf .venv
    # Debian without python3-venv: the module is there, ensurepip is not; the system's pip can fill it from outside
    if command -v pip >/dev/null 2>&1 && python3 -m venv --without-pip .venv >/dev/null 2>&1; then return 0; fi
    rm -rf .venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null \
            && python3 -m venv .venv && return 0
    fi
    echo "No virtual environment can be made: install the Debian package python3-venv (sudo apt-get install python3-venv) and try again." >&2
    exit 1
}

command -v python3 >/dev/null 2>&1 || { echo "Python is missing: install the Debian package python3 (3.11 or newer)." >&2; exit 1; }
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(python3 --version) was found." >&2; exit 1; }
make_venv
install_into_venv "$@"
