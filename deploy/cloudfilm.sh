#!/bin/sh
# `cloudfilm check-config`: a flask command with the settings of this machine's installation, as its user.
set -eu
HERE=$(dirname "$(readlink -f "$0")")
SETTINGS=${SETTINGS_FILE:-/etc/cloudfilm/cloudfilm.env}
while IFS= read -r line || [ -n "$line" ]; do  # as systemd reads it: no quotes, nothing is expanded
    case $line in
    "" | "#"*) ;;
    *=*) export "$line" ;;
    *) echo "$SETTINGS: a line is no setting" >&2; exit 2 ;;
    esac
done <"$SETTINGS"
cd "$HERE/.."
if [ "$(id -u)" = 0 ]; then exec runuser -u cloudfilm -- .venv/bin/flask --app wsgi "$@"; fi
exec .venv/bin/flask --app wsgi "$@"
