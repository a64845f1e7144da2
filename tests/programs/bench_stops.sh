#!/bin/bash
# The counts of bench/stops (stops, exit stops, calls of the supervisor itself) are within bench/stops.expected.
set -u
. "$(dirname "$0")/lib.sh"
bench=$(dirname "$(dirname "$COFFER_TESTS")")/bench
need python3
[ -x "$bench/stops" ] || skip "no bench/ beside the tests"
[ -x "$(dirname "$COFFER")/bench/own_calls" ] || skip "bench/ is not built beside this coffer"
[ -z "${COFFER_SANITIZED-}" ] || skip "what a call costs is not measured in a sanitized build"

# Instructions are those of a release build alone.
"$bench/stops" --coffer "$COFFER" --no-instructions --check "$bench/stops.expected" --json counts >table ||
    fail "status $?: $(cat table)"

# A bound that is broken is told, and what is said names it.
printf '%s\n' 'stat-file stops = 7' 'stat-file exits <= 3' 'stat-file own_calls_per_stop <= 0.5' >bounds
"$bench/stops" --coffer "$COFFER" --no-instructions --workloads stat-file --check bounds >table 2>said
[ $? = 1 ] || fail "broken bounds are not told: $(cat said)"
grep -q 'stat-file: stops grew to 10[0-9]*, it was 7$' said || fail "said: $(cat said)"
grep -q 'stat-file: own_calls_per_stop grew to .*, at most 0.5$' said || fail "said: $(cat said)"
! grep -q 'exits' said || fail "said: $(cat said)"

# Instructions are counted by valgrind, which goes on in what becomes the command until it executes that.
if command -v valgrind >/dev/null && [ -e "$(dirname "$COFFER")/bench/callgrind_calls.so" ]; then
    "$bench/stops" --coffer "$COFFER" --workloads stat-file --json counts >table 2>said || fail "instructions: $(cat said)"
    grep -q '"instructions_per_stop": [1-9]' counts || fail "no instructions are counted: $(cat said counts)"
fi
