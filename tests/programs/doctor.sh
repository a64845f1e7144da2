#!/bin/bash
# coffer doctor: says whether coffer can run here, in words and in JSON, and leaves nothing behind.
set -u
. "$COFFER_TESTS/lib.sh"

mkdir -p "$HOME/.local/state/coffer/layers"
snapshot home | grep -v '^d' >before
"$COFFER" doctor >text 2>errors
status=$?
[ ! -s errors ] || fail "on standard error: $(cat errors)"
"$COFFER" doctor --json >json || [ $? = "$status" ] || fail "doctor and doctor --json exit differently"
snapshot home | grep -v '^d' >after
same before after
[ -z "$(find home -name '.coffer-doctor*')" ] || fail "a directory of probes was left behind"

case $status in
0) tail -n 1 text | grep -q '^coffer can run here, with' || fail "last line: $(tail -n 1 text)" ;;
1) tail -n 1 text | grep -q '^coffer cannot run here: no ' || fail "last line: $(tail -n 1 text)" ;;
*) fail "exit status $status" ;;
esac

# One object; every probe of the text is in it, with the same value.
need python3
expect python3 - text json <<'END'
import json, sys
report = json.load(open(sys.argv[2]))
lines = open(sys.argv[1]).read().splitlines()[:-1]
assert len(lines) == len(report["probes"]) > 20, len(lines)
for line in lines:
    probe = report["probes"][line.split()[0]]
    assert line[25:41].strip() == probe["value"], line
assert report["can_run"] == (report["lacks"] is None)
assert report["can_run"] == all(p["answer"] == "yes" for p in report["probes"].values() if p["need"] == "needed")
END

# A store that cannot be written is what is lacking.
XDG_STATE_HOME=/proc/nowhere "$COFFER" doctor >text
[ $? = 1 ] || fail "a store in /proc is not refused"
expect grep -q '^coffer cannot run here: no store' text

"$COFFER" doctor --calls >calls || fail "doctor --calls"
grep -q openat2 calls || fail "doctor --calls does not list openat2"
"$COFFER" doctor nonsense >out 2>errors
[ $? = 2 ] || fail "an operand is not refused"
[ "$(wc -l <errors)" = 1 ] || fail "not one line: $(cat errors)"
