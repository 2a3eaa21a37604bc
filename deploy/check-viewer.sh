#!/bin/sh
# The viewer's modules: types by tsc, pure maths by node's own test runner. Nothing of it is served.
set -eu
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null 2>&1; then
    echo "NOTE: npm is not installed: the types of viewer_static/ were NOT checked" >&2
    exit 0
fi
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
npm run --silent types
npm test --silent >/dev/null || { npm test; exit 1; }
echo "viewer_static: types and tests are right"
