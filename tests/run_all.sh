#!/bin/sh
# tests/run_all.sh BUILD [NAME...]
#
# Runs all unit tests and program tests of a build directory (or those named: "resolve" matches test_resolve and
# resolve.sh), as many at a time as there are CPUs (COFFER_TEST_JOBS). Prints one line a test, the output of those
# that failed, and "P passed, F failed, S skipped". Exit status 1 when one failed.
set -u

[ $# -ge 1 ] || { echo "usage: run_all.sh BUILD [NAME...]" >&2; exit 2; }
build=$(readlink -f "$1")
shift
tests=$(dirname "$(readlink -f "$0")")
results=$(mktemp -d "${TMPDIR:-/tmp}/coffer-results.XXXXXX") || exit 1
trap 'rm -rf "$results"' EXIT

wanted() {
    [ $# = 1 ] && return 0
    case $(basename "$1" .sh) in
    "$2" | "test_$2") return 0 ;;
    esac
    return 1
}

list() {
    for file in "$build"/tests/unit/test_* "$tests"/programs/*.sh; do
        [ "$file" != "$tests/programs/lib.sh" ] || continue
        [ -f "$file" ] || continue
        if [ $# = 0 ]; then
            printf '%s\0' "$file"
        else
            for name in "$@"; do
                wanted "$file" "$name" && printf '%s\0' "$file"
            done
        fi
    done
}

count() {
    find "$results" -name "*.$1" | wc -l
}

list "$@" | xargs -0 -r -n 1 -P "${COFFER_TEST_JOBS:-$(nproc)}" "$tests/run_one.sh" -r "$results" "$build"
echo "$(count pass) passed, $(count fail) failed, $(count skip) skipped"
[ "$(count fail)" = 0 ] && [ "$(count pass)" != 0 ]
