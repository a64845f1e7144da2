#!/bin/bash
# On a terminal a view behaves as if coffer were not there: Ctrl-C, Ctrl-\, Ctrl-Z and fg, background jobs, the window
# size, ends by signal; and `coffer shell` is an interactive shell with job control.
set -u
. "$(dirname "$0")/lib.sh"
python=/usr/bin/python3
[ -x $python ] || skip "no $python here"
mkdir host && echo kept >host/file
echo "natively:"
$python "$COFFER_TESTS/terminal.py" '' || fail "what the test expects is not so natively"
# The native run writes there.
snapshot host >before
echo "in a view:"
$python "$COFFER_TESTS/terminal.py" "$COFFER run -q -l $LAYER.%d -- " || fail "the terminal is not as it is natively"
snapshot host >after
same before after
echo "recorded:"
$python "$COFFER_TESTS/terminal.py" "$COFFER record -q -o $PWD/record.%d -- " || fail "a recorded terminal is not as it is natively"
