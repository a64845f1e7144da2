#!/bin/bash
# Who may do what: helpers/rights_*.c make a tree and make calls in it as several users. Natively, and in a view with
# the tree on the host and with the tree in the layer alone, every call must give the same.
# shellcheck disable=SC2086 # $as is a command and its arguments, or nothing
set -u
umask 022
. "$(dirname "$0")/lib.sh"
chmod 711 "$PWD" "$TMPDIR"
here=$PWD
user="setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps=-all --bounding-set=-all"

fresh() {
    helper=$COFFER_HELPERS/rights_$1
    [ -x "$helper" ] || fail "rights_$1 is not built"
    rm -rf native host above layers
    mkdir -m 777 native host above layers || fail "no room"
}

natively() {
    (cd native && with_capabilities $as "$helper" probe) >native.out 2>&1 || fail "$helper fails natively: $(tail -n 3 native.out)"
}

in_view() {
    (cd "$1" && $as "$COFFER" run -q -l "$here/layers/$1" -- "$helper" probe) >view.out 2>&1
    # The first lines of the difference say more than the last.
    diff -U 3 <(grep -vE "$except" native.out) <(grep -vE "$except" view.out) >differ.out || fail "$helper, $2: not as natively: $(head -n 40 differ.out)"
}

setup() {
    (cd "$1" && "$helper" setup) || fail "setup of $helper in $1 fails"
}

as=
except='^$'
for name in sticky caps private made closed; do
    # What an ordinary user can ask about himself is in "made" and "closed"; the latter is about such a supervisor.
    if [ "$(id -u)" = 0 ]; then [ $name != closed ]; else [ $name = made ] || [ $name = closed ]; fi || continue
    fresh $name
    setup native
    setup host
    natively
    in_view host "what the host has"
    (cd above && "$COFFER" run -q -l "$here/layers/above" -- "$helper" setup) || fail "setup of $helper fails in a view"
    in_view above "what the layer has"
done
[ "$(id -u)" = 0 ] || exit 0

# What nobody may change, as on the host. It has to be made ordinary again, or it stays for ever.
fresh fixed
release() {
    for tree in native host; do
        [ ! -d $tree ] || (cd $tree && "$helper" release) >/dev/null
    done
}
trap release EXIT
(cd native && "$helper" setup) >setup.out
case $? in
0)
    setup host
    natively
    in_view host "what the host has"
    release
    ;;
77) echo "not tried: $(cat setup.out)" ;;
*) fail "setup of $helper fails: $(cat setup.out)" ;;
esac
trap - EXIT

# What root has made, and an ordinary user finds, whose supervisor is an ordinary user too.
as=$user
# A group that he is not in can be noted at files and directories alone: docs/fidelity.md.
except='^(sgid/[a-z-]*(pipe|link)|sgidacl/[a-z]*[36]|temporary): '
fresh made
setup native
setup host
natively
in_view host "what root has made"

except='^$'
fresh closed
setup native
setup host
natively
in_view host "what he has"
exit 0
