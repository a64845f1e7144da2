#!/bin/bash
# Random scripts of file-system operations, natively and in a view: tests/differential/README.md.
set -u
. "$(dirname "$0")/lib.sh"
need python3
# Some of the scripts become an ordinary user, who must be able to search his way to them.
chmod 711 "$PWD" "$TMPDIR"
exec "$COFFER_TESTS/../differential/run"
