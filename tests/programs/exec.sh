#!/bin/bash
# Corners of exec: scripts and programs by path, link and descriptor, from the host and from the layer.
# shellcheck disable=SC2016 # texts for inner shells
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
exec=$COFFER_HELPERS/ops_exec
[ -x "$exec" ] || skip "no helper ops_exec"
mkdir host
(cd host && "$exec" make files) || fail "the files cannot be made"
same_as_native "'$exec' files"
grep -q "^  name 'a-name-of-more-' exe a-name-of-more-than-fifteen" native.out || fail "nothing is executed: $(cat native.out)"

# The same files, all of them the layer's.
rm -rf host && mkdir host
same_as_native "'$exec' make files && '$exec' files"
