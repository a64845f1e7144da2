#!/bin/bash
# Random scripts of file-system operations, natively and in a view: tests/differential/README.md.
set -u
. "$(dirname "$0")/lib.sh"
need python3
exec "$COFFER_TESTS/../differential/run"
