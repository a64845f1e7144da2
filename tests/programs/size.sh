#!/bin/bash
# Very many of something, natively and in a view: names in a directory, deleted ones, processes, threads, levels of
# directories. `bench/size` does the same with a million names, and measures.
set -u
. "$(dirname "$0")/lib.sh"
many=$COFFER_HELPERS/many
names=20000 tracees=200
[ -z "${COFFER_SANITIZED:-}" ] || names=2000 tracees=50
mkdir host
expect "$many" make host 0 $names
cp -a host copy

# both STEP...: the same in the copy and, in the view, to the host's; what it prints must be the same.
both() {
    (cd copy && "$@") >native.out || fail "natively: $*"
    (cd host && run_view "$@") >view.out || fail "in a view: $*"
    same native.out view.out
}

both "$many" list .
both "$many" write . 5 1 1
both "$many" list .
both "$many" remove . 0 4 $((names / 10))
both "$many" make . $names $((names / 10))
both "$many" stat .
both sh -c 'find . -name "n*99" | sort'
both "$many" deep . 300
both mv d e
both sh -c 'find e | sort'
both rm -r e
both sh -c 'rm -r ./* && ls -A && mkdir again && ls -A again'
[ "$(find host -type f | wc -l)" = $names ] || fail "the host's files are gone"
"$COFFER" diff "$LAYER" >diff.out || fail "coffer diff"
[ "$(grep -c '^D ' diff.out)" = $names ] || fail "coffer diff tells of $(grep -c '^D ' diff.out) deletions"
expect "$COFFER" discard "$LAYER" "$PWD/host"
[ "$(cd host && run_view "$many" list .)" = "$(cd host && "$many" list .)" ] || fail "not as before after the discard"

both "$many" processes $tracees
both "$many" threads $tracees
mkdir copy/hammered host/hammered
both "$many" hammer hammered 64 $((tracees / 10))
both sh -c 'find hammered -type f | sort'
