#!/bin/bash
# While its command runs each thread of coffer is without the calls that it does not need (test_own_calls has which),
# with the lock and without; what it forks and what comes afterwards does its work.
set -u
. "$(dirname "$0")/lib.sh"
mkdir host && cd host || exit 1
dd if=/dev/zero of=large bs=1M count=8 status=none

for lock in try off; do
    coproc "$COFFER" run -q --lock="$lock" --commit -l "$LAYER.$lock" -- sh -c 'echo ready; read line; echo "$line" >>large'
    supervisor=$COPROC_PID out=${COPROC[0]} in=${COPROC[1]}
    read -r line <&"$out"
    [ "$line" = ready ] || fail "--lock=$lock: the command says $line"
    filters=$(sed -n 's/^Seccomp:\t//p' /proc/"$supervisor"/task/*/status | sort | uniq -c | tr -s ' ')
    privileges=$(sed -n 's/^NoNewPrivs:\t//p' /proc/"$supervisor"/task/*/status | sort -u)
    threads=$(find /proc/"$supervisor"/task -mindepth 1 -maxdepth 1 | wc -l)
    [ "$filters" = " $threads 2" ] || fail "--lock=$lock: of $threads threads:$filters"
    [ "$privileges" = 1 ] || fail "--lock=$lock: privileges: $privileges"
    # A copy of this size is a worker's, and the commit is the first thread's.
    echo "written with --lock=$lock" >&"$in"
    wait "$supervisor" || fail "--lock=$lock: status $?"
    [ "$(tail -n 1 large | tr -d '\0')" = "written with --lock=$lock" ] || fail "--lock=$lock: not committed"
done
