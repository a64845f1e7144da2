# shellcheck shell=bash
# Sourced by the program tests: . "$COFFER_TESTS/lib.sh"
# A test exits 0 (passed), 77 (skipped; the reason is its last line), or anything else (failed).
# tests/run_one.sh says what the environment holds.

LAYER=${LAYER:-$PWD/layer}

# fail MESSAGE...: ends the test.
fail() {
    echo "FAIL: $*" >&2
    exit 1
}

# skip REASON...: ends the test.
skip() {
    echo "$*"
    exit 77
}

# need PROGRAM...: skips the test where one of them is missing.
need() {
    for needed in "$@"; do
        command -v "$needed" >/dev/null 2>&1 || skip "no $needed here"
    done
}

# expect COMMAND...: the command must succeed; its output is shown when it does not.
expect() {
    "$@" >expect.out 2>&1 || {
        expect_status=$?
        cat expect.out >&2
        fail "status $expect_status: $*"
    }
}

# same FILE FILE: the two are equal, or the test ends with the difference.
same() {
    diff -u "$1" "$2" >&2 || fail "$1 and $2 differ"
}

# snapshot PATH...: a stable listing of trees, for `same`: type, mode, owner, times, size, link count and target of
# every entry, and the hash of every regular file. Access times are left out: reading changes them.
snapshot() {
    for snapshot_root in "$@"; do
        find "$snapshot_root" \( -type d -printf '%y %m %U:%G %T@ - - %p\0' \) -o \
            -printf '%y %m %U:%G %T@ %s %n %p -> %l\0' | LC_ALL=C sort -z | tr '\n\0' '?\n'
        find "$snapshot_root" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
    done
}

# run_view COMMAND...: runs it in the view of $LAYER.
run_view() {
    "$COFFER" run -q -l "$LAYER" -- "$@"
}

# with_capabilities COMMAND...: natively, with those capabilities alone that root keeps in a view.
with_capabilities() {
    [ "$(id -u)" = 0 ] || {
        "$@"
        return
    }
    setpriv --inh-caps=-all --bounding-set="-all$(sed '/^#/d; s/^/,+/' "$COFFER_TESTS/capabilities" | tr -d '\n')" "$@"
}
