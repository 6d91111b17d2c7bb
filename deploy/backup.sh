#!/bin/sh
# Backs up a pilot's directory between two runs: deploy/backup.sh PILOT TARGET. The archive holds identities: keep it
# where only those may read it who may read the pilot.
set -eu
umask 077
[ $# -eq 2 ] || { echo "usage: $0 PILOT_DIRECTORY TARGET_DIRECTORY" >&2; exit 2; }
pilot=$(cd "$1" && pwd)
mkdir -p "$2"
archive="$2/$(basename "$pilot")-$(date -u +%Y-%m-%dT%H%M%SZ).tar.gz"
mkdir -p "$pilot/var"
# The same lock as a run takes: a backup waits for a run, and a run for a backup.
exec 9<>"$pilot/var/turn.lock"
flock 9
tar --create --gzip --file "$archive.part" --directory "$(dirname "$pilot")" --exclude "$(basename "$pilot")/var/ui.log" \
  "$(basename "$pilot")"
mv "$archive.part" "$archive"
echo "$archive"
