#!/bin/bash
# Where a policy says "write direct" a program changes the host itself, as if coffer were not there: what differential.sh
# and corners.sh compare, in such a directory. The results, the errors and the tree on the host are the same, and the
# layer has nothing.
# shellcheck disable=SC2015,SC2016,SC2086 # lists; texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
. "$(dirname "$0")/ops.bash"
export DIRECT=1

# COFFER_OPS: only some of them. Without the lock nothing differs but who refuses what is refused: a few of them.
ops_as_natively ${COFFER_OPS:-look change list proc links identity open watch deep handed data chains}
DIRECT_LOCK=off ops_as_natively ${COFFER_OPS:-open links}
