#!/bin/bash
# The corners of calls on names, natively and in a view, as in differential.sh: what ops_open, ops_watch... do.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
. "$(dirname "$0")/ops.bash"

# COFFER_OPS: only some of them.
# shellcheck disable=SC2086 # a list
ops_as_natively ${COFFER_OPS:-open watch deep handed data chains}

# Without rules about addresses: where they are judged, sendmmsg() sends one message at a time (network.sh).
[ -n "${COFFER_OPS-}" ] || (
    run_view() { "$COFFER" run -q -l "$LAYER" -p /dev/null -- "$@"; }
    ops_as_natively address
) || exit 1

# A limit on the length of files that coffer itself is under: the command has it, a copy-up does not end for it.
mkdir limit && head -c 20000 /dev/zero >limit/large
limited='ulimit -S -f 4; chmod 600 large; stat -c "%a %s" large; ulimit -S -f; head -c 9000 /dev/zero >new; echo $?; stat -c %s new'
(cd limit && bash -c "$limited") >native.out 2>native.err
chmod 644 limit/large && rm limit/new
(cd limit && ulimit -S -f 4 && run_view bash -c "$limited") >view.out 2>view.err
same native.out view.out
