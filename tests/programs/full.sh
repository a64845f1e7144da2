#!/bin/bash
# A layer on a full disk: programs are told, nothing that was there is lost, and all goes on when there is room again.
set -u
. "$(dirname "$0")/lib.sh"
mkdir host small
for i in 1 2 3 4; do seq "$i" 30000 >"host/file$i"; done
seq 300000 >host/large
snapshot host >before
export LAYER=$PWD/small/layer
# shellcheck disable=SC2016 # for the inner shells
changes='
    cd host
    echo first >>file1 || exit 9
    cat large large large large >copy 2>/dev/null && exit 10
    rm -f copy
    cp large filling || exit 11
    echo lost >>large && exit 12
    [ "$(wc -l <large)" = 300000 ] || exit 13
    dd if=/dev/zero of=rest bs=4k 2>/dev/null && exit 14
    echo lost >>file2 && exit 15
    mv file3 renamed && exit 16
    [ "$(wc -l <file2)" = 29999 ] && [ "$(wc -l <file3)" = 29998 ] && ! [ -e renamed ] || exit 17
    rm rest filling || exit 18
    echo last >>file2 && mv file3 renamed && rm file4 || exit 19
    [ "$(tail -n 1 file1)$(tail -n 1 file2)" = firstlast ] && [ "$(wc -l <renamed)" = 29998 ] && ! [ -e file4 ]'
unshared=-m
[ "$(id -u)" = 0 ] || unshared=-rm
# shellcheck disable=SC2016
unshare $unshared bash -c '
    mount -t tmpfs -o size=3900k,mode=755 tmpfs small || exit 77
    "$COFFER" run -q -l "$LAYER" -- bash -c "$0" 2>errors || { status=$?; cat errors; exit $status; }
    grep -q "No space left on device" errors || exit 20
    "$COFFER" run -q -l "$LAYER" -- true && [ -z "$(ls "$LAYER/work")" ] || exit 21
    "$COFFER" diff "$LAYER"' "$changes" >out 2>&1
status=$?
[ $status != 77 ] && ! grep -q '^unshare: ' out || skip "no small file system: $(tail -n 1 out)"
[ $status = 0 ] || fail "step $status: $(cat out)"
printf '%s\n' "M $PWD/host/file1" "M $PWD/host/file2" "D $PWD/host/file3" "D $PWD/host/file4" "A $PWD/host/renamed" >expected
same expected out
snapshot host >after
same before after
