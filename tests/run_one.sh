#!/bin/sh
# tests/run_one.sh [-r RESULTS] BUILD TEST
#
# Runs one test (a program test tests/programs/NAME.sh, or a unit test executable) in a fresh directory of its own.
# Exit status: the test's own; 0 passed, 77 skipped, 124 timed out, else failed.
#
# The test finds in its environment: COFFER (the binary), COFFER_HELPERS (the directory of helper programs),
# COFFER_TESTS (tests/programs), COFFER_SANITIZED (1 or unset: whether it has sanitizers, and is slow), HOME and TMPDIR
# (fresh, inside the working directory). XDG_STATE_HOME is unset.
#
# With -r the output goes to RESULTS/NAME.log, one line to standard output, and the verdict to RESULTS/NAME.pass,
# .fail or .skip; the exit status is then 0.
set -u

results=
if [ "${1:-}" = -r ]; then
    results=$2
    shift 2
fi
[ $# = 2 ] || { echo "usage: run_one.sh [-r RESULTS] BUILD TEST" >&2; exit 2; }
build=$(readlink -f "$1")
test=$(readlink -f "$2")
name=$(basename "$test" .sh)
seconds=${COFFER_TEST_TIMEOUT:-300}

directory=$(mktemp -d "${TMPDIR:-/tmp}/coffer-test.XXXXXX") || exit 1
# A test may leave directories without permissions; it must not leave mounts.
trap 'cd /; chmod -R u+rwX "$directory" 2>/dev/null; rm -rf --one-file-system "$directory"' EXIT
trap 'exit 130' INT TERM

run() {
    mkdir "$directory/home" "$directory/tmp" || return 1
    cd "$directory" || return 1
    unset XDG_STATE_HOME XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME COFFER_FAULT
    export COFFER="$build/coffer" COFFER_HELPERS="$build/tests/helpers" HOME="$directory/home" TMPDIR="$directory/tmp"
    COFFER_TESTS=$(dirname "$test")
    export COFFER_TESTS
    if grep -q __asan_init "$COFFER" 2>/dev/null; then export COFFER_SANITIZED=1; fi
    case $test in
    *.sh) set -- bash "$test" ;;
    *) set -- "$test" ;;
    esac
    timeout --kill-after=10 "$seconds" "$@" </dev/null
}

if [ -z "$results" ]; then
    run
    exit $?
fi

started=$(date +%s)
log=$results/$name.log
(run) >"$log" 2>&1
status=$?
took=$(($(date +%s) - started))
case $status in
0)
    : >"$results/$name.pass"
    echo "  pass  $name (${took} s)"
    ;;
77)
    : >"$results/$name.skip"
    echo "  skip  $name: $(tail -n 1 "$log")"
    ;;
*)
    : >"$results/$name.fail"
    [ $status = 124 ] && echo "timed out after $seconds s" >>"$log"
    # One write, so that tests that end together do not mix their lines.
    printf '%s\n' "  FAIL  $name (status $status, ${took} s)
$(tail -n 60 "$log" | sed 's/^/        /')"
    ;;
esac
exit 0
