#!/bin/bash
# A sample of tests/crash: some operations cut off at their steps by a kill or a failing call. The whole takes an hour.
set -u
. "$(dirname "$0")/lib.sh"
need python3
case $("$COFFER" --version) in
*+hooks*) ;;
*) skip "built without the test hooks" ;;
esac
every=3
[ -z "${COFFER_SANITIZED:-}" ] || every=9
expect "$COFFER_TESTS/../crash/sweep" --sample --faults KILL --every $every
tail -n 1 expect.out

# The calls that only look fail as well: what is renamed must not stay because of one.
expect "$COFFER_TESTS/../crash/sweep" --all --operations rename --faults EIO --last 8
tail -n 1 expect.out

# Not one program at a time: coffer is killed while eight write, and the next run finds every file whole.
mkdir host
seq 1000 >host/whole
cp host/whole host/kept
snapshot host >before
for ((round = 1; round <= ${COFFER_CRASH_ROUNDS:-2}; round++)); do
    # shellcheck disable=SC2016 # for the inner shell
    "$COFFER" run -q -l "$LAYER" -- bash -c '
        cd host
        for i in 1 2 3 4 5 6 7 8; do
            while :; do
                cat whole >new$i && mv new$i "whole$0$i"; mkdir -p d$i/e && mv d$i/e d$i/f && rmdir d$i/f
                cp whole kept; rm -f kept
            done &
        done
        wait' $round >/dev/null 2>&1 &
    supervisor=$!
    until [ -e "$LAYER/fs$PWD/host/whole${round}5" ] || ! [ -d /proc/$supervisor ]; do :; done
    for ((i = RANDOM % 2000; i > 0; i--)); do :; done
    kill -KILL $supervisor || fail "round $round: coffer ended by itself"
    wait 2>/dev/null
    # shellcheck disable=SC2016
    expect run_view bash -c 'cd host && for file in whole"$0"*; do cmp "$file" whole || exit 1; done' $round
    [ -z "$(ls "$LAYER/work")" ] || fail "round $round: work/ holds $(ls "$LAYER/work")"
    expect "$COFFER" diff "$LAYER"
    snapshot host >after
    same before after
done
