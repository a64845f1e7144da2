#!/bin/bash
# Nearly seven hundred attempts to get round coffer, each natively, in a view with the lock and in one without.
# tests/hostile/README.md tells more; tests/hostile/run tries the races.
set -u
. "$(dirname "$0")/lib.sh"
attempts=$COFFER_HELPERS/attempts
[ -x "$attempts" ] || skip "no helper attempts"

mkdir once
"$attempts" judge "$COFFER" "$PWD/once" >once.out 2>&1 || fail "$(cat once.out)"
cat once.out
# Each was tried, and what cannot be tried at all is told.
number=$("$attempts" list | grep -vc '^races \|^[0-9]* attempts$')
grep -q "^$number attempts; " once.out || fail "there are $number attempts"
mkdir none
! "$attempts" judge "$COFFER" "$PWD/none" no-such-attempt >none.out || fail "no attempt at all passes"
grep -q '^FAIL .*no-such-attempt' none.out || fail "$(cat none.out)"
! "$attempts" judge "$COFFER" "$PWD/absent" fchmod >absent.out || fail "no directory for attempts passes"
grep -q '^FAIL .*absent/native-0: ' absent.out || fail "$(cat absent.out)"
