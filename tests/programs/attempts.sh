#!/bin/bash
# More than five hundred attempts to get round coffer, each natively, in a view with the lock and in one without.
# tests/hostile/README.md tells more; tests/hostile/run tries the races.
set -u
. "$(dirname "$0")/lib.sh"
attempts=$COFFER_HELPERS/attempts
[ -x "$attempts" ] || skip "no helper attempts"

mkdir once
"$attempts" judge "$COFFER" "$PWD/once" >once.out 2>&1 || fail "$(cat once.out)"
cat once.out
