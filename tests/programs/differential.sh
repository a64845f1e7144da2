#!/bin/bash
# Every path call of x86-64, natively and in a view: the programs helpers/ops_*.c print each call and what came of it;
# both outputs and both trees afterwards must be the same.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
. "$(dirname "$0")/ops.bash"

# COFFER_OPS: only some of them.
# shellcheck disable=SC2086 # a list
ops_as_natively ${COFFER_OPS:-look change list socket proc process links maps identity ia32}
