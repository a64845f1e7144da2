#!/bin/bash
# A commit that would overwrite what the host did meanwhile says so, exits with 1 and changes nothing, unless --force.
# A commit killed at any step is finished by the next one.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
here=$(readlink -f .)

prepare() {
    rm -rf host "$LAYER"
    mkdir -p host/dir/sub host/other
    for file in a b c d; do echo "old $file" >"host/$file"; done
    echo one >host/dir/one
    echo two >host/dir/sub/two
    ln -s a host/link
}

changes='
    set -e
    cd host
    echo new >>a
    chmod 600 b
    rm c
    rm link && ln -s b link
    rm -r dir && mkdir dir && echo fresh >dir/three
    mkdir added && echo x >added/x && ln added/x added/y
    echo last >z
'

# conflict NAME COMMAND: after the command on the host a commit must refuse, and name NAME.
conflict() {
    prepare
    expect run_view sh -c "$changes"
    (cd host && eval "$2") || fail "cannot: $2"
    snapshot host >before
    "$COFFER" commit "$LAYER" >commit.out 2>commit.err
    local status=$?
    [ $status = 1 ] || fail "commit after '$2' exits with $status, not 1: $(cat commit.out commit.err)"
    grep -q "$here/host/$1" commit.out commit.err || fail "commit after '$2' does not name $1: $(cat commit.out commit.err)"
    snapshot host >after
    same before after
    "$COFFER" commit "$LAYER" --dry-run >commit.out 2>&1
    [ $? = 1 ] || fail "--dry-run after '$2' finds no conflict"
    snapshot host >after
    same before after
    view_listing host >view.tree
    expect "$COFFER" commit "$LAYER" --force
    listing host >forced.tree
    same view.tree forced.tree
}

conflict a 'echo by somebody else >>a'
conflict a 'rm a'
conflict a 'rm a && mkdir a && echo inside >a/file'
conflict a 'rm a && ln -s b a'
conflict b 'echo by somebody else >>b'
conflict c 'echo by somebody else >>c'
conflict link 'rm link && ln -s d link'
conflict z 'echo mine >z'
conflict added 'echo a file >added'
conflict dir 'echo grown >dir/grown'

# No conflict: what the layer did not touch may change, and access times.
prepare
expect run_view sh -c "$changes"
echo by somebody else >>host/d
cat host/a >/dev/null
expect "$COFFER" commit "$LAYER" --dry-run
[ ! -e host/z ] || fail "--dry-run changed the host"
view_listing host >view.tree
expect "$COFFER" commit "$LAYER"
listing host >committed.tree
same view.tree committed.tree

# Part of it.
prepare
expect run_view sh -c "$changes"
expect "$COFFER" commit "$LAYER" "$here/host/a" "$here/host/added"
[ "$(tail -n 1 host/a)" = new ] && [ -e host/added/y ] || fail "what was named is not committed"
[ -e host/c ] && [ ! -e host/z ] || fail "more than what was named is committed"
expect "$COFFER" commit "$LAYER"
[ ! -e host/c ] && [ "$(cat host/z)" = last ] && [ "$(ls host/dir)" = three ] || fail "the rest is not committed"

# Killed at the Nth system call that changes something, for every N until one gets through.
case $("$COFFER" --version) in
*+hooks*) ;;
*)
    echo "commit was not killed: built without the test hooks"
    exit 0
    ;;
esac
prepare
expect run_view sh -c "$changes"
view_listing host >view.tree
rm -rf kept && cp -a host kept && cp -a "$LAYER" layer.kept
step=0
while :; do
    step=$((step + 1))
    [ $step -lt 500 ] || fail "commit is still killed at step $step"
    rm -rf host "$LAYER"
    cp -a layer.kept "$LAYER"
    cp -a kept host # other inodes than those that the layer knows, hence --force
    { COFFER_FAULT=$step:KILL "$COFFER" commit "$LAYER" --force >killed.out 2>&1; } 2>/dev/null # bash's "Killed"
    status=$?
    if [ $status != 137 ]; then
        [ $status = 0 ] || fail "commit at step $step ends with $status: $(tail -n 1 killed.out)"
        break
    fi
    for file in a b c d; do
        # Old or new, never a half.
        [ ! -e host/$file ] || [ "$(head -n 1 host/$file)" = "old $file" ] || fail "step $step left half of $file"
    done
    # Where only the layer's own removal was cut off, there may be nothing left to commit.
    [ ! -e "$LAYER/layer.json" ] || expect "$COFFER" commit "$LAYER" --force
    listing host >finished.tree
    same view.tree finished.tree || fail "after a kill at step $step"
done
[ $step -gt 5 ] || fail "a commit of seven changes took but $step steps"
echo "killed at $((step - 1)) steps, finished each time"
