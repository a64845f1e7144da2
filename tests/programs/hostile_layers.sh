#!/bin/bash
# Layers that somebody else made: their own files are links that lead outside, and what is in them leads out of the root
# that they are committed into. Each link is first shown to lead there.
set -u
. "$(dirname "$0")/lib.sh"
mkdir host
wrong=0

fresh() {
    rm -rf outside "$LAYER" root
    mkdir -p outside/directory root/directory
    echo content >outside/file
    echo content >outside/directory/file
    echo content >host/file
    echo content >host/other
    "$COFFER" run -q -l "$LAYER" -- sh -c 'echo changed >host/file; rm host/other' || fail "no layer"
    echo content >host/file
    echo content >host/other
}

# untouched WHAT
untouched() {
    snapshot outside host >after
    diff -u before after >&2 || {
        echo "$1 reached the host" >&2
        wrong=1
    }
}

# led PATH: what stands there leads outside, to a directory or a file.
led() {
    [ "$(readlink -f "$1")" != "$(cd "$(dirname "$1")" && pwd -P)/$(basename "$1")" ] || fail "$1 leads nowhere"
}

# The files of the layer itself.
for lock in try off; do
    for name in fs work layer.json base origins lock; do
        # The supervisor opens its files before there is a lock, in either run.
        case $name.$lock in
        fs.* | work.*) targets=outside/directory ;;
        *.try) continue ;;
        *) targets="outside/file outside/new" ;;
        esac
        for target in $targets; do
            fresh
            rm -rf "${LAYER:?}/$name"
            ln -s "$PWD/$target" "$LAYER/$name"
            led "$LAYER/$name"
            snapshot outside host >before
            "$COFFER" run -q --lock=$lock -l "$LAYER" -- sh -c 'echo again >host/file; mkdir host/new; rm -f host/other' \
                >out 2>&1
            untouched "--lock=$lock: $name, a link to $target: run"
            "$COFFER" diff "$LAYER" >out 2>&1
            "$COFFER" commit "$LAYER" --force --root "$PWD/root" >out 2>&1
            untouched "$name, a link to $target: diff and commit"
            "$COFFER" discard "$LAYER" >out 2>&1
            untouched "$name, a link to $target: discard"
        done
    done
done

# What is committed, into a root in which a link of the same name leads out.
# into_root WHAT: with the layer as it was planted.
into_root() {
    snapshot outside host >before
    "$COFFER" commit "$LAYER" --force --root "$PWD/root" >out 2>&1
    untouched "commit of $1"
    "$COFFER" discard "$LAYER" >out 2>&1
    untouched "discard of $1"
}

fresh
ln -s "$PWD/outside/directory" root/out
led root/out
mkdir "$LAYER/fs/out" && echo hostile >"$LAYER/fs/out/file"
into_root "a directory over a link of the root"

fresh
ln -s "$PWD/outside/file" root/out
led root/out
echo hostile >"$LAYER/fs/out"
into_root "a file over a link of the root"

fresh
ln -s "$PWD/outside/directory" "$LAYER/fs/out"
led "$LAYER/fs/out"
into_root "a link in place of a directory"

fresh
ln -s "$PWD/outside" "$LAYER/fs/out"
mkdir -p root/out/directory
into_root "a link over a directory of the root"

fresh
ln -s "$PWD/outside/directory" root/out
led root/out
mkdir "$LAYER/fs/out" && setfattr -n user.overlay.opaque -v y "$LAYER/fs/out" 2>/dev/null
into_root "an opaque directory over a link of the root"

fresh
mkdir -p "$LAYER/fs/directory" root/directory/below
setfattr -n user.overlay.redirect -v "/../outside/directory" "$LAYER/fs/directory" 2>/dev/null
echo hostile >"$LAYER/fs/directory/file"
into_root "a directory that says it stands for another one"

fresh
mkfifo "$LAYER/fs/fifo"
timeout 20 "$COFFER" commit "$LAYER" --force --root "$PWD/root" >out 2>&1
[ $? != 124 ] || fail "a FIFO holds up a commit"

[ $wrong = 0 ] || fail "see above"
