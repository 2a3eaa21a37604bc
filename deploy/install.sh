#!/bin/sh
# Installs an unpacked bundle where it lies, without any network: checks every file, then makes .venv from the wheels.
set -eu
cd "$(dirname "$0")/.."
[ -f SHA256SUMS ] || { echo "This is no unpacked bundle: there is no SHA256SUMS (make bundle)." >&2; exit 1; }
sha256sum --check --quiet --strict SHA256SUMS
PIP_NO_INDEX=1 PIP_FIND_LINKS="$PWD/wheels" deploy/venv.sh requirements/runtime.txt
.venv/bin/python -m compileall -q app sms wechat
echo "installed in $PWD"
