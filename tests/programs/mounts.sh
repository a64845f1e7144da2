#!/bin/bash
# Nothing is renamed or linked from one mount to another, in a view as natively: mv copies then, and says so.
# shellcheck disable=SC2016 # texts for inner shells
set -u
. "$(dirname "$0")/lib.sh"
need perl
other=
for directory in /dev/shm /tmp /var/tmp; do
    [ -w "$directory" ] && [ "$(stat -c %d "$directory")" != "$(stat -c %d .)" ] && other=$(mktemp -d "$directory/coffer-mounts.XXXXXX") && break
done
[ -n "$other" ] || skip "no other file system to write to"
trap 'rm -rf "$other"' EXIT
export other

prepare() {
    rm -rf host "${other:?}"/*
    mkdir -p host/directory/below "$other"/directory/below
    for place in host "$other"; do echo old >"$place/file" && echo old >"$place/directory/file"; done
}

script='
    cd host
    mkdir made "$other/made" && echo new >new && echo new >"$other/new" && echo new >made/file
    for names in "new $other/one" "file $other/two" "made $other/three" "directory $other/four" "$other/new five" "$other/file six" \
        "$other/made/../new made/seven" "absent $other/eight" "new $other/new" "new $other/absent/nine" "made/file $other/made/" "new $other/." \
        "new ten" "file directory/eleven" "$other/file $other/made/twelve" "directory $other/directory/below"; do
        set -- $names
        perl -e "print rename(\$ARGV[0], \$ARGV[1]) ? 0 : \$!, qq{ }, link(\$ARGV[0], \$ARGV[1]) ? 0 : \$!, qq{\n}" "$1" "$2"
    done
    mv -v directory "$other/moved" | sed "s,$other,OTHER," | sort
    find . "$other" -type f -printf "%P %s\n" | sort
'
prepare
bash -c "$script" >native.out 2>&1
grep -q 'Invalid cross-device link' native.out || fail "natively nothing is refused: $(cat native.out)"
prepare
run_view bash -c "$script" >view.out 2>&1
same native.out view.out
