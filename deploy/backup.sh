#!/bin/sh
# Backs up a pilot's directory between two runs: deploy/backup.sh PILOT TARGET. The archive holds identities: keep it
# where only those may read it who may read the pilot. Run it as the pilot's user.
set -eu
umask 077
[ $# -eq 2 ] || { echo "usage: $0 PILOT_DIRECTORY TARGET_DIRECTORY" >&2; exit 2; }
[ -f "$1/pilot.yaml" ] || [ -d "$1/var" ] || { echo "$1 holds neither pilot.yaml nor var/, so it is no pilot." >&2; exit 2; }
pilot=$(cd "$1" && pwd)
name=$(basename "$pilot")
python="$(dirname "$0")/../.venv/bin/python"
[ -x "$python" ] || python=python3
mkdir -p "$2"
target=$(cd "$2" && pwd)
staged=$(mktemp -d "$target/.backup.XXXXXX")
trap 'rm -rf "$staged"' EXIT
trap 'exit 130' HUP INT TERM

# The same lock as a run takes: a backup waits for a run, and a run for a backup.
mkdir -p "$pilot/var"
exec 9<>"$pilot/var/turn.lock"
flock 9
archive="$target/$name-$(date -u +%Y-%m-%dT%H%M%SZ).tar.gz"

# Dagster's daemon goes on writing its databases. SQLite copies one as of an instant, tar would not.
"$python" - "$pilot/var/dagster" "$staged/$name/var/dagster" <<'PYTHON'
import shutil, sqlite3, sys
from contextlib import closing, suppress
from pathlib import Path

source, copy = map(Path, sys.argv[1:])
copy.mkdir(parents=True)
for path in source.rglob("*"):
    to = copy / path.relative_to(source)
    if path.is_dir():
        to.mkdir(parents=True, exist_ok=True)
    elif path.suffix == ".db":
        with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(to)) as new:
            old.backup(new)
    elif path.is_file() and not path.name.endswith((".db-wal", ".db-shm", ".db-journal")):
        with suppress(FileNotFoundError):  # gone in the meantime
            shutil.copy2(path, to)
PYTHON

# tar ends with 1 where a file changed meanwhile, as a feed may that is just being dropped; the next backup has it whole.
tar --create --file "$staged/tar" --exclude "$name/var/ui.log" --exclude "$name/var/dagster" \
  --directory "$(dirname "$pilot")" "$name" || [ $? -eq 1 ]
tar --append --file "$staged/tar" --directory "$staged" "$name/var/dagster"
gzip "$staged/tar"
mv "$staged/tar.gz" "$archive"
echo "$archive"
