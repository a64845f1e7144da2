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
ops_as_natively ${COFFER_OPS:-look change list socket proc process maps address links identity open watch deep handed data chains}
DIRECT_LOCK=off ops_as_natively ${COFFER_OPS:-open links}

# What an ordinary user closes to himself is closed on the host as well, and nothing of the layer's notes is there.
for lock in try off; do
    rm -rf host && mkdir host
    (DIRECT_LOCK=$lock same_as_native 'mkdir -p a/b c && echo x >a/b/f && chmod 644 a/b && stat -c %a a/b && cat a/b/f; echo y >a/b/new; ls a/b
        chmod 0 c && mkdir c/d; stat -c %a c; getfattr -d -m - a/b c; chmod 755 a/b c; ls -l a/b | cut -c1-10') || fail "closed directories, --lock=$lock"
done
