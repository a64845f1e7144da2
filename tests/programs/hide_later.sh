#!/bin/bash
# A layer on which a run was shown what a later run hides: what it copied, changed, renamed or deleted there does not
# show in the later run, by no name and in no listing, and is not lost by it; what a program made there itself shows.
# shellcheck disable=SC2016 # texts for inner shells
set -u
. "$(dirname "$0")/lib.sh"
here=$PWD
export LC_ALL=C

# view OPTION... -- COMMAND: in the layer; what it prints goes to ./out.
view() { (cd host && "$COFFER" run --lock="$lock" -q -l "$LAYER" "$@") >out 2>&1; }
# hidden COMMAND, shown COMMAND: in a run that hides, and in one that does not.
hidden() { view --profile trace -p rules -- sh -c "$1"; }
shown() { view --profile trace -p all -- sh -c "$1"; }
# says TEXT COMMAND: where it is hidden.
says() {
    hidden "$2"
    [ "$(tr '\n' ' ' <out)" = "$1" ] || fail "--lock=$lock: $2 says: $(cat out)"
}
absent() {
    hidden "$1" && fail "--lock=$lock: $1 worked: $(cat out)"
    tail -n 1 out | grep -q 'No such file or directory$' || fail "--lock=$lock: $1 says: $(cat out)"
}
refused() {
    hidden "$2" && fail "--lock=$lock: $2 worked: $(cat out)"
    grep -q "$1" out || fail "--lock=$lock: $2 says: $(cat out)"
}

make_host() {
    rm -rf host "$LAYER" below && mkdir -p host/keys/deep host/place/deep/er host/plain
    for name in keys/id keys/edited keys/deep/id place/mode place/saved place/gone place/moved place/deep/er/file \
        place/one place/untouched; do
        echo "secret of $name" >"host/$name"
    done
    ln host/place/one host/plain/other
    echo 'write layer /**' >host/all
    printf '%s\n' 'write layer /**' "read hide $PWD/host/keys/**" "read hide $PWD/host/place/*" >host/rules
}

for lock in try off; do
    make_host
    # The program's own, made while the place was hidden, and while it was not.
    hidden 'echo mine >place/own && cat place/own' || fail "making: $(cat out)"
    shown 'chmod 640 place/mode && echo more >>keys/id && echo new >place/tmp && mv place/tmp place/saved &&
        rm place/gone && mv place/moved place/elsewhere && mv place/deep place/depth && touch keys/deep/id place/one &&
        mkdir place/made && echo own >place/made/file' || fail "the run that is shown all: $(cat out)"
    "$COFFER" diff "$LAYER" >before 2>&1

    # Neither by name, nor in listings, nor by way of what lies in them.
    for path in keys keys/id keys/deep/id place/mode place/saved place/gone place/moved place/elsewhere place/depth \
        place/depth/er place/depth/er/file place/deep place/one place/untouched place/deep/../mode; do
        absent "cat $path"
        absent "stat $path"
        absent "readlink -e $path || ls -d $path"
    done
    absent 'cat /proc/self/cwd/place/mode'
    absent 'ln place/mode new'
    absent 'mv place/mode new'
    absent 'rm place/elsewhere'
    absent 'ls keys'
    says 'made own ' 'ls place'
    says 'all place plain rules ' 'ls'
    says 'mine own ' 'cat place/own place/made/file'
    says 'secret of place/one ' 'cat plain/other'
    hidden 'find . -exec cat {} + 2>/dev/null; tar cf - . 2>/dev/null' || true
    [ "$(grep -ac secret out)" -le 2 ] || fail "read by search: $(cat out)" # plain/other, which is no hidden name

    # Nothing takes its place, and it goes with nothing.
    for path in place/mode place/saved place/gone place/elsewhere keys place/depth; do
        refused 'denied' "mkdir $path"
        refused 'denied' "echo lost >$path"
        refused 'denied' "ln -s lost $path"
        refused 'denied' "cp all new && mv -T new $path"
    done
    refused 'not empty' 'rm -r place'
    refused 'not empty' 'mkdir empty && mv -T empty place'
    refused 'not empty\|cross-device\|Directory not empty' 'mv -T place plain/place'
    shown 'rm -rf empty new plain/place'
    shown 'cat keys/id place/saved place/elsewhere place/depth/er/file; stat -c %a place/mode; ls place'
    [ "$(tr '\n' ' ' <out)" = 'secret of keys/id more new secret of place/moved secret of place/deep/er/file 640 depth elsewhere mode one saved untouched ' ] ||
        fail "--lock=$lock: lost: $(cat out)"
    "$COFFER" diff "$LAYER" >after 2>&1
    for name in keys/id keys/deep/id place/mode place/saved place/gone place/moved place/elsewhere place/depth; do
        grep -F "$name" before >was
        grep -F "$name" after >is
        same was is
    done
    "$COFFER" commit "$LAYER" >commit.out 2>&1 || fail "commit: $(cat commit.out)"
    [ "$(cat host/place/saved host/place/elsewhere)" = "$(printf 'new\nsecret of place/moved')" ] &&
        [ ! -e host/place/gone ] && [ "$(tail -n 1 host/keys/id)" = more ] || fail "not all was committed: $(ls -R host)"

    # A rule of run time hides what this very run copied, and leaves its own.
    make_host
    printf '%s\n' 'write layer /**' 'control open' 'read hide /nonexistent' >host/open
    view --profile trace -p open -- sh -c 'echo more >>place/mode && echo own >place/new &&
        test -r "/dev/coffer/add/read hide '"$PWD"'/host/place/*" && ls place; cat place/mode place/new'
    [ "$(tr '\n' ' ' <out)" = 'new cat: place/mode: No such file or directory own ' ] ||
        fail "--lock=$lock: a rule of run time: $(cat out)"

    # What was copied from a layer below.
    make_host
    view --profile trace -p all -l "$here/below" -- sh -c 'mkdir other && echo "secret below" >other/file' || fail "below: $(cat out)"
    echo "read hide $PWD/host/other/*" >>host/rules
    (cd host && "$COFFER" run --lock="$lock" -q -l "$LAYER" --over "$here/below" --profile trace -p all -- chmod 600 other/file) || fail over
    (cd host && "$COFFER" run --lock="$lock" -q -l "$LAYER" --over "$here/below" --profile trace -p rules -- sh -c 'ls other; cat other/file') >out 2>&1
    [ "$(cat out)" = 'cat: other/file: No such file or directory' ] || fail "--lock=$lock: of a layer below: $(cat out)"
done
