#!/bin/bash
# What a record holds is what strace tells: the quick ones of the programs in tests/record, whose README tells more.
set -u
. "$(dirname "$0")/lib.sh"
need strace python3 gcc make
strace -f -o /dev/null -- true 2>/dev/null || skip "strace cannot trace here"
python3 "$COFFER_TESTS/../record/complete.py" --coffer "$COFFER" --quick || fail "a record and strace differ"
