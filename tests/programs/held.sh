#!/bin/bash
# A program that has a file open when another one changes it reads the change, however it waits meanwhile; one that runs
# cannot be opened to write.
set -u
. "$(dirname "$0")/lib.sh"
mkdir host
printf 'the original text' >host/original
(cd host && expect "$COFFER_HELPERS/held" make)
cp "$(command -v cat)" host/program
cp -a host native
(cd native && "$COFFER_HELPERS/held") >native.out || fail "natively: status $?"
find host -type f -exec sha256sum {} + >before
for every in 0 2 3; do
    rm -rf "$LAYER"
    (cd host && COFFER_MOVE_EVERY=$every timeout 120 "$COFFER" run -q -l "$LAYER" -- "$COFFER_HELPERS/held") >view.out 2>view.err ||
        fail "in the view: status $?: $(tail -n 3 view.err)"
    diff -u native.out view.out >view.diff || fail "not as natively:
$(head -n 30 view.diff)"
done
if [ -x "${COFFER_HELPERS}32/held" ]; then
    rm -rf "$LAYER"
    (cd host && timeout 120 "$COFFER" run -q -l "$LAYER" -- "${COFFER_HELPERS}32/held") >view.out 2>view.err ||
        fail "a 32-bit program in the view: status $?: $(tail -n 3 view.err)"
    same native.out view.out
fi
grep -q 'read: 5 ' native.out || fail "nothing was read: $(head -n 3 native.out)"
find host -type f -exec sha256sum {} + >after
diff before after || fail "the host was changed"

# tail follows the file and not what it was; another program's lines come through a descriptor of the shell.
printf 'one\n' >host/log
"$COFFER" run -q -l "$LAYER" -- sh -c '
    exec 3<host/log
    cat <&3
    echo two >>host/log
    cat <&3
    echo three >>host/log && rm host/log
    sh -c "cat <&3"' >log.out || fail "the shell: status $?"
[ "$(tr '\n' ' ' <log.out)" = "one two three " ] || fail "the shell saw: $(cat log.out)"
