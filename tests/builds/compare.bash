# shellcheck shell=bash
# Sourced by `run`: whether packages are equal.

# contents DEB: type, mode, owner, size, name and target of each member, and the hash of each file. Times are left out:
# dpkg-deb takes them from the changelog, or from the build.
contents() {
    local tree
    tree=$(mktemp -d) || return 1
    dpkg-deb --raw-extract "$1" "$tree/deb" 2>/dev/null || dpkg-deb --ctrl-tarfile "$1" | tar x -C "$tree"
    dpkg-deb --fsys-tarfile "$1" | tar tv --full-time --numeric-owner | sed -E 's/ [0-9]{4}-[0-9-]+ [0-9:.]+ / /' | sort
    (cd "$tree" && find . -type f -print0 | sort -z | xargs -0 -r sha256sum)
    rm -rf "$tree"
}

# compare DIRECTORY NATIVE [NATIVE]: the packages in DIRECTORY/coffer and those of the native builds. The last line says
# how; what differs between two native builds may differ.
compare() {
    local directory=$1 native=$1/$2 again=$1/${3:-$2} deb name bits=0 count=0 excused=0
    diff <(ls "$native") <(ls "$directory/coffer") || return 1
    for deb in "$native"/*.*deb; do
        name=${deb##*/}
        count=$((count + 1))
        cmp -s "$deb" "$directory/coffer/$name" && bits=$((bits + 1)) && continue
        contents "$deb" >"$directory/native.contents"
        contents "$again/$name" >"$directory/again.contents"
        contents "$directory/coffer/$name" >"$directory/coffer.contents"
        # Members that differ natively too, by their names.
        diff "$directory/native.contents" "$directory/again.contents" | sed -n 's/^[<>].* \([^ ]*\)$/\1/p' | sort -u >"$directory/unstable"
        excused=$((excused + $(wc -l <"$directory/unstable")))
        diff <(grep -vwFf "$directory/unstable" "$directory/native.contents") <(grep -vwFf "$directory/unstable" "$directory/coffer.contents") || {
            echo "$name differs"
            return 1
        }
    done
    echo "$count packages, $bits bit by bit$([ $excused = 0 ] || echo ", $excused members differ natively as well")"
}
