# shellcheck shell=bash
# Sourced by the program tests after lib.sh: trees as programs see them, and the same script natively and in a view.

# listing DIR: every entry below it with what must be the same wherever the tree lies: type, mode, owner, link target,
# size, link count and content of files. No times: two runs of one program give two.
listing() (
    export LC_ALL=C
    cd "$1" || exit 1
    find . -mindepth 1 \( -type d -printf '%p d %m %U:%G\0' \) -o \( -type l -printf '%p l %U:%G -> %l\0' \) \
        -o -printf '%p %y %m %U:%G %s %n\0' | sort -z | tr '\n\0' '?\n'
    find . -type f -print0 | sort -z | xargs -0 -r sha256sum
)
export -f listing

# view_listing DIR: the same, as a later run in the layer sees it.
view_listing() {
    # shellcheck disable=SC2016 # for the inner shell
    run_view bash -c 'listing "$1"' listing "$1"
}

# copy_tree FROM TO: cp -a that also takes files which their owner may not read.
copy_tree() {
    local closed
    mapfile -d '' closed < <(find "$1" -type f ! -perm -u+r -printf '%m %P\0')
    for file in "${closed[@]}"; do chmod u+r "$1/${file#* }"; done
    cp -a "$1" "$2" || return 1
    for file in "${closed[@]}"; do chmod "${file%% *}" "$1/${file#* }" "$2/${file#* }"; done
}

# same_as_native SCRIPT [LISTED]: runs the script in ./host natively, then on a fresh copy in a view. What it prints,
# its exit status and the tree afterwards must be the same; the host's own tree must not change. LISTED (default:
# all) is the part of ./host whose tree is compared, for programs that store times or paths elsewhere.
# With DIRECT set, ./host is written to directly: there the tree must be the same, and the layer stays empty.
same_as_native() {
    local script=$1 listed=${2:-.} status
    rm -rf host.kept "$LAYER"
    copy_tree host host.kept
    (cd host && exec bash -c "$script") >native.out 2>&1
    echo "status $?" >>native.out
    listing "host/$listed" >native.tree
    chmod -R u+rwX host && rm -rf host && mv host.kept host
    [ -z "${DIRECT:-}" ] || {
        same_when_direct "$script" "$listed"
        return
    }
    snapshot host >host.before
    (cd host && run_view bash -c "$script") >view.out 2>&1
    status=$?
    echo "status $status" >>view.out
    view_listing "host/$listed" >view.tree
    same native.out view.out
    same native.tree view.tree
    snapshot host >host.after
    same host.before host.after
}

# same_when_direct SCRIPT LISTED: the second half of same_as_native with DIRECT set.
same_when_direct() {
    echo "write direct $(readlink -f host)/**" >direct.policy
    (cd host && exec "$COFFER" run -q --lock="${DIRECT_LOCK:-try}" -l "$LAYER" -p ../direct.policy -- bash -c "$1") >view.out 2>&1
    echo "status $?" >>view.out
    listing "host/$2" >host.tree
    same native.out view.out
    same native.tree host.tree
    find "$LAYER/fs" -mindepth 1 -path "*/host/*" >layer.left
    [ ! -s layer.left ] || fail "in the layer: $(head -n 5 layer.left)"
}

# compare_ops NAME DIRECTORY: a program of that directory, on the tree that prepare_ops_NAME makes; as same_as_native.
compare_ops() {
    local name=$1 program=$2/ops_$1
    rm -rf host && mkdir host
    (cd host && "prepare_ops_$name") || fail "the tree for ops_$name"
    [ -x "$program" ] || fail "$program is not built"
    if ! (same_as_native "exec '$program'") 2>"ops_$name.diff"; then
        failed+=("${program#"$COFFER_HELPERS/"}")
        # The diff's first lines say more than the last.
        echo "$program: not as natively ($(grep -c '^[-+]' "ops_$name.diff") lines):"
        head -n 25 "ops_$name.diff" | cut -c 1-200
    fi
    grep -q '^status 0$' native.out || fail "$program fails natively: $(tail -n 3 native.out)"
    chmod -R u+rwX host
}

# ops_as_natively NAME...: helpers/ops_NAME, and the same as 32-bit programs, which differ in how they call and not in
# where files are: with DIRECT set they are left out, unless COFFER_DIRECT_32 is.
ops_as_natively() {
    local name failed=()
    for name; do
        compare_ops "$name" "$COFFER_HELPERS"
        [ -n "${DIRECT:-}" ] && [ -z "${COFFER_DIRECT_32:-}" ] && continue
        [ ! -d "${COFFER_HELPERS}32" ] || compare_ops "$name" "${COFFER_HELPERS}32"
    done
    [ ${#failed[@]} = 0 ] || fail "not as natively: ${failed[*]}"
    [ -d "${COFFER_HELPERS}32" ] || echo "no 32-bit programs: gcc-multilib is not installed"
}
