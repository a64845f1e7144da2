#!/bin/bash
# What a record costs, and what becomes of it when the disk is full, coffer is killed, or the user interrupts.
# COFFER_RECORD_EVENTS: for how many events the memory is looked at; ten million is not too many.
# shellcheck disable=SC2016 # texts for inner shells
set -u
. "$(dirname "$0")/lib.sh"
need python3 gcc
ops=$COFFER_HELPERS/ops_record
events=${COFFER_RECORD_EVENTS:-200000}

# lines RECORD: how many events it has; what cannot be read is named on standard error.
lines() {
    "$COFFER" report --format jsonl "$1" 2>read.err | wc -l
}

# Bytes for an event, of a compile.
echo 'int main(void) { return 0; }' >one.c
expect "$COFFER" record -q --streams -o compile -- gcc -c one.c
count=$(lines compile)
size=$(stat -c %s compile)
[ "$count" -gt 100 ] || fail "only $count events in a compile"
[ "$size" -lt $((count * 40)) ] || fail "$size bytes for $count events"

# grown RECORD-OPTION... -- ARG...: $tenth and $all are the kB of the recorder after a tenth of `many ARG...`, and at the end.
grown() {
    local options=()
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    tenth='' all=''
    read -r tenth all < <("$COFFER" record -q "${options[@]}" -o many -- "$ops" many "$@")
    [ -n "$tenth" ] && [ -n "$all" ] || fail "nobody said how much memory there was after $1 events"
}

# Memory: as much for many events as for a tenth of them; without --streams, what is remembered to be counted as well.
if [ -z "${COFFER_SANITIZED-}" ]; then
    grown --streams -- "$events"
    [ $((all - tenth)) -lt 2048 ] || fail "kB after a tenth of $events events: $tenth, after all: $all"
    grown -- "$events"
    [ "$all" -lt 49152 ] || fail "kB when events are counted: $all"
    grown -- 40000 "$(printf './%.0s' {1..1900})"
    [ "$all" -lt 36864 ] || fail "kB when events with long names are counted: $all"
    rm many
fi

# limited LIMIT OPTION...: writes more than fits; the shell's file that tells of going on is small.
limited() (
    ulimit -f "$1"
    shift
    exec "$COFFER" record -q --streams "$@" -o cut -- sh -c '"$1" many 20000 >/dev/null; echo went on' sh "$ops" 2>err
)

# full WHAT: err says that the record could not be written, once; it is readable up to there.
full() {
    [ "$(grep -c "^coffer: cut" err)" = 1 ] || fail "$1: what the user is told: $(cat err)"
    [ "$(lines cut)" -gt 100 ] || fail "$1: $(lines cut) events can be read: $(cat read.err)"
    grep -q 'cut: damaged from byte [0-9]* on' read.err || fail "$1: nobody says from where on it cannot be read: $(cat read.err)"
    "$COFFER" report --format jsonl cut >/dev/null 2>&1
    [ $? = 1 ] || fail "$1: the exit status of reading a part"
}

[ "$(limited 64 --on-record-error continue)" = 'went on' ] || fail "the command did not go on"
limited 64 --on-record-error continue >/dev/null
[ $? = 125 ] || fail "the exit status of a command whose record is not complete"
grep -q 'the command goes on' err || fail "the user is not told: $(cat err)"
full continue
limited 64 --on-record-error stop >out
status=$?
[ $status = 137 ] || fail "the exit status of a command that was ended: $status"
[ ! -s out ] || fail "the command was not ended: $(cat out)"
full stop
# One that does nothing but look, and would look for ever.
(ulimit -f 64 && exec timeout 100 "$COFFER" record -q --streams --on-record-error stop -o cut -- sh -c 'until test -e "/nothing-$i"; do i=$((i + 1)); done' 2>err)
status=$?
[ $status = 137 ] || fail "the exit status of a command that looks: $status"

# In a view as well.
(
    ulimit -f 64
    exec "$COFFER" run -q -l "$PWD/layer" --record cut --on-record-error stop -- \
        sh -c 'i=0; while [ $i -lt 20000 ]; do test -e "/nothing-$i"; i=$((i + 1)); done; echo went on' >out 2>err
)
status=$?
[ $status = 137 ] || fail "the exit status of a command in a view that was ended: $status: $(cat err)"
[ ! -s out ] || fail "the command in a view was not ended: $(cat out)"
full 'stop in a view'
"$COFFER" run -q --discard --record cut --on-record-error perhaps -- true 2>err
[ $? = 125 ] && grep -q 'continue or stop' err || fail "what --on-record-error takes: $(cat err)"
"$COFFER" run -q --discard --on-record-error stop -- true 2>err
[ $? = 125 ] && grep -q 'needs --record' err || fail "--on-record-error without --record: $(cat err)"

# A limit that is met when the command has ended, and what it made is hashed.
(
    ulimit -f 64
    "$COFFER" record -q --hash sha256,blake2b,git -o cut -- \
        bash -c 'mkdir made; for ((i = 0; i < 500; i++)); do echo $i >made/$i; done' 2>err
)
status=$?
[ $status = 125 ] || fail "the exit status when the limit is met at the end: $status"
full 'at the end'

# A full disk.
if [ "$(id -u)" = 0 ]; then
    mkdir disk
    cat >in-disk <<'END'
mount -t tmpfs -o size=64k tmpfs disk || exit
"$COFFER" record -q --streams -o disk/cut -- "$1" many 20000 >/dev/null 2>err
echo $? >status
cp disk/cut cut
END
    rm -f cut status
    COFFER=$COFFER unshare -m sh in-disk "$ops"
    if [ -e status ]; then
        [ "$(cat status)" = 125 ] || fail "the exit status with a full disk: $(cat status)"
        sed -i 's:disk/cut:cut:' err
        grep -q 'No space left' err || fail "a full disk: $(cat err)"
        full disk
    else
        echo "not tried: a full disk: nothing can be mounted"
    fi
fi

# Killed in the middle: what happened before is there.
mkfifo ready
"$COFFER" record -q --streams -o killed -- sh -c 'cat one.c >/dev/null; echo >ready; exec cat ready' &
coffer=$!
read -r _ <ready
kill -KILL $coffer
wait $coffer 2>/dev/null
count=$(lines killed)
grep -q 'cut off' read.err || fail "a record of a coffer that was killed: $(cat read.err)"
"$COFFER" report --format jsonl killed 2>/dev/null | grep -q '"read".*one\.c' || fail "one.c is not in a record with $count events"

# Ctrl-C is the command's: it goes on when it wants to, and the record has all of it.
cat >interrupted <<'END'
trap 'cat one.c >/dev/null; exit 7' INT
kill -INT 0
exit 3
END
setsid -w "$COFFER" record -q -o whole -- sh interrupted
status=$?
[ $status = 7 ] || fail "the exit status of a command that caught SIGINT: $status"
"$COFFER" report --format jsonl whole >whole.lines || fail "the record is not whole"
grep -q '"read".*one\.c' whole.lines || fail "what it did after SIGINT is missing"
setsid -w "$COFFER" record -q -o whole -- sh -c 'kill -INT 0; exit 3'
status=$?
[ $status = 130 ] || fail "the exit status of a command that SIGINT ended: $status"
expect "$COFFER" report whole
