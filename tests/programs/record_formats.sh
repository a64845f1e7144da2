#!/bin/bash
# The formats that other tools read, given to those: JSON to its schemas, the drawing to Graphviz, and a build with odd
# names, recorded, to all of them.
set -u
. "$(dirname "$0")/lib.sh"
need python3 dot

python3 -c 'import jsonschema' 2>/dev/null || skip "no python3-jsonschema here"
SCHEMAS=$COFFER_TESTS/../schemas

valid() {
    expect "$SCHEMAS/validate" "$SCHEMAS/$1.json" "$2"
}

# renders FILE: Graphviz takes it without a word, and draws every node.
renders() {
    dot -Tsvg "$1" >drawing.svg 2>dot.err || fail "dot: $(cat dot.err)"
    [ ! -s dot.err ] || fail "dot says: $(cat dot.err)"
    [ "$(grep -c 'class="node"' drawing.svg)" = "$(grep -c 'label=.*tooltip=' "$1")" ] || fail "nodes are missing"
    expect python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' drawing.svg
}

# formats RECORD: each one, as a file that is named for it.
formats() {
    for suffix in jsonl strace trace.json dot intoto.json slsa.json; do
        expect "$COFFER" report -o "out.$suffix" "$1"
        [ -s "out.$suffix" ] || fail "nothing in out.$suffix"
    done
    valid jsonl out.jsonl
    valid trace out.trace.json
    valid intoto out.intoto.json
    valid slsa out.slsa.json
    renders out.dot
    if LC_ALL=C grep -n '[^ -~]' out.strace; then fail "bytes that a terminal acts on"; fi
}

"$COFFER_HELPERS/record_sample" sample 10
formats sample
grep -q '^1002  *[0-9.]* openat("/home/u/p/bad\\377' out.strace || fail "strace: no odd name"
[ "$(grep -c '"event":"exit"' out.jsonl)" = 32 ] || fail "jsonl: processes are missing"

# A build that runs, and leaves names of any bytes behind.
mkdir build
cat >build/Makefile <<'END'
all: odd program
odd:
	: >"$$(printf 'odd\\377\\033[2J"&')"
program: input
	cp input program
END
echo text >build/input
expect "$COFFER" record -q --hash sha256,git -o made make -C build
formats made
sum=$(sha256sum build/input | cut -d ' ' -f 1)
python3 - "$sum" "$PWD/build" <<'END' || fail "provenance: digests"
import json, sys
with open("out.slsa.json") as file:
    statement = json.load(file)
subject = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
assert subject["build/program"] == sys.argv[1], subject
assert len(subject) == 2, subject
inputs = {one["name"]: one for one in statement["predicate"]["buildDefinition"]["resolvedDependencies"]}
assert inputs[sys.argv[2] + "/input"]["digest"]["sha256"] == sys.argv[1]
END
grep -q 'label="cp\\ninput program"' out.dot || fail "the drawing has no cp: $(cat out.dot)"
grep -q '"name":"cp"' out.trace.json || fail "the trace has no cp"

# Many files are drawn as few nodes.
"$COFFER_HELPERS/record_sample" many 500
expect "$COFFER" report -o many.dot many
renders many.dot
[ "$(wc -l <many.dot)" -lt 250 ] || fail "a large drawing"

# Nothing to be the subject of a statement.
"$COFFER_HELPERS/record_sample" plain 3 no-hashes
for format in intoto slsa; do
    "$COFFER" report --format "$format" plain >out 2>err && fail "$format without digests"
    grep -q -e --hash err || fail "$format: $(cat err)"
    [ ! -s out ] || fail "$format wrote something"
done

# What can be read of a record that was cut off, and where it was.
head -c 3000 sample >short
for format in jsonl strace; do
    "$COFFER" report --format "$format" short >out."$format" 2>err
    [ $? = 1 ] || fail "$format: the end is missing, and it does not say so"
    grep -q 'short: damaged from byte 2[0-9]* on: cut off$' err || fail "$format: $(cat err)"
    "$COFFER" report short 2>&1 >/dev/null | cmp - err || fail "$format: other words than the summary's"
    grep -q config.h out."$format" || fail "$format: nothing of what is there"
done
grep -q '^--- damaged from byte [0-9]* on: cut off ---$' out.strace || fail "strace does not show the place"
valid jsonl out.jsonl

# An output that is full.
for format in jsonl strace trace dot intoto slsa; do
    "$COFFER" report --format "$format" sample >/dev/full 2>err && fail "$format: a full output"
    grep -q 'No space left' err || fail "$format: $(cat err)"
done
