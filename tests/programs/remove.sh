#!/bin/bash
# rm -rf of thousands of files in the view; the host keeps every one of them.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" = 0 ]; then
    # What is left must still be enough to run rm, find and the next commands.
    set -- /usr/include /usr/share/doc /usr/share/man /usr/share/locale /usr/src
else
    mkdir host
    cp -r /usr/include host/
    chmod -R u+rwX host
    set -- "$PWD/host/include"
fi
directories=()
for directory in "$@"; do
    [ ! -d "$directory" ] || directories+=("$directory")
done
[ ${#directories[@]} != 0 ] || skip "no large part of /usr is here"

entries() {
    find "${directories[@]}" -printf '%p %y %m %U:%G %T@ %s %l\n' | LC_ALL=C sort
}

entries >before
rm -rf "$LAYER"
expect run_view rm -rf "${directories[@]}"
for directory in "${directories[@]}"; do
    ! run_view test -e "$directory" || fail "$directory is still in the view"
done
run_view ls -A "$(dirname "${directories[0]}")" >left || fail "the directory above cannot be listed"
! grep -qx "$(basename "${directories[0]}")" left || fail "${directories[0]} is still listed"
# Made anew, it is empty: what was deleted does not come back.
expect run_view mkdir "${directories[0]}"
[ -z "$(run_view find "${directories[0]}" -mindepth 1)" ] || fail "deleted files came back in a new ${directories[0]}"
run_view touch "${directories[0]}/new" && [ "$(run_view ls -A "${directories[0]}")" = new ] || fail "the new directory"
entries >after
same before after

# File by file, with find, which reads directories while it deletes in them.
mkdir -p many/{1..20}
touch many/{1..20}/{1..60}
snapshot many >many.before
expect run_view find many -type f -name '*[02468]' -delete
[ "$(run_view find many -type f | wc -l)" = 600 ] || fail "find -delete left $(run_view find many -type f | wc -l) of 600"
expect run_view find many -depth -delete
! run_view test -e many || fail "find -delete left the tree"
snapshot many >many.after
same many.before many.after
