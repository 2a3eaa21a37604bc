#!/bin/sh
# Makes var/bundle/cloudfilm-bundle.tar: the project as it is committed, and the wheels of requirements/runtime.txt for
# machines like this one (processor and Python). deploy/install.sh in it needs no network.
set -eu
cd "$(dirname "$0")/.."
OUT=var/bundle
rm -rf "$OUT"
mkdir -p "$OUT/cloudfilm/wheels"
git archive HEAD | tar -x -C "$OUT/cloudfilm"
git rev-parse HEAD >"$OUT/cloudfilm/COMMIT"
deploy/wheels.sh "$OUT/cloudfilm/wheels"
(cd "$OUT/cloudfilm" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
tar -c -f "$OUT/cloudfilm-bundle.tar" --owner=root:0 --group=root:0 --sort=name -C "$OUT" cloudfilm
(cd "$OUT" && sha256sum cloudfilm-bundle.tar >cloudfilm-bundle.tar.sha256)
rm -rf "$OUT/cloudfilm"
echo "$OUT/cloudfilm-bundle.tar: $(du -h "$OUT/cloudfilm-bundle.tar" | cut -f1)"
