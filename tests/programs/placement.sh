#!/bin/bash
# Processes are kept on the CPU of their tracer, and nothing of that is seen: a program's affinity is its own, what
# computes gets a CPU of its own, and a tracee that is handed from one tracer to another loses nothing.
set -u
. "$(dirname "$0")/lib.sh"
need taskset python3
[ "$(nproc)" -gt 1 ] || skip "one CPU: there is nothing to place"
mkdir host && cd host || exit 1

# The CPUs of a process, by every way to ask.
# shellcheck disable=SC2016 # $$ is the inner shell's
cat >ask <<'END'
first=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
nproc
grep Cpus /proc/self/status
grep Cpus "/proc/$$/status" "/proc/$$/task/$$/status" | sed 's/.*Cpus/Cpus/'
(cd /proc/self && grep Cpus status)
cat /proc/thread-self/status | grep Cpus
taskset -c "$first" nproc
taskset -c "$first" grep Cpus /proc/self/status
taskset -cp "$first" $$ >/dev/null
nproc
sh -c 'grep Cpus /proc/self/status'
python3 - <<'PYTHON'
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *args):
    result = libc.syscall(number, *args)
    return result if result >= 0 else os.strerror(ctypes.get_errno())
before = os.sched_getaffinity(0)
print(before)
buffer = ctypes.create_string_buffer(4096)
for size in 0, 1, 4, 7, 8, 9, 16, 128, 136, 4096:
    print("get", size, call(204, 0, size, buffer))
print("get into nothing", call(204, 0, 128, None))
print("get of nobody", call(204, 0x3fffffff, 128, buffer))
print("set nothing", call(203, 0, 128, bytes(128)))
print("set of size 0", call(203, 0, 0, bytes(128)))
print("set one byte", call(203, 0, 1, b"\x03"), os.sched_getaffinity(0) == {0, 1})
print("set more than there is", call(203, 0, 128, b"\xff" * 128), len(os.sched_getaffinity(0)) == os.cpu_count())
print("set from nothing", call(203, 0, 128, None))
print("set of nobody", call(203, 0x3fffffff, 128, b"\xff" * 128))
print("set of nobody from nothing", call(203, 0x3fffffff, 128, None))
child = os.fork()
if child == 0:
    print("inherited", os.sched_getaffinity(0) == os.sched_getaffinity(os.getppid()), flush=True)
    os._exit(0)
os.wait()
PYTHON
END
sh ask >../native.out 2>&1
run_view sh ask >../view.out 2>&1
same ../native.out ../view.out
"$COFFER" run -q --cpu=free -l "$LAYER" -- sh ask >../view.out 2>&1
same ../native.out ../view.out
[ -z "$(ls "$LAYER/work")" ] || fail "left in the layer: $(ls "$LAYER/work")"

# A process outside of the view cannot be moved from inside.
run_view taskset -cp 0 $$ >../outside.out 2>&1 && fail "the affinity of a process outside was set"

for kind in processes threads; do
    run_view "$COFFER_HELPERS/both_cpus" $kind || fail "two $kind that compute: status $?"
done

# Seen from outside: where a process really may run, and whether that is one CPU.
cpus() {
    sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$1/status"
}
kept() {
    [[ $(cpus "$1") =~ ^[0-9]+$ ]]
}

# One more computes than there are CPUs, so one is let loose; when it starts a process, both are kept on a CPU again.
trap 'kill -KILL $busy 2>/dev/null' EXIT
# shellcheck disable=SC2016 # the inner shell's
exec 5< <("$COFFER" run -q --discard -l "$LAYER.loose" -- bash -c '
    compute() {
        trap go=1 USR1
        echo $BASHPID
        while [ -z "$go" ]; do :; done
        while :; do
            sleep 1000 & echo $!
            wait
        done
    }
    for ((i = $(nproc); i > 0; i--)); do
        compute &
    done
    compute' </dev/null)
coffer=$!
busy='' loose=''
for ((i = $(nproc); i >= 0; i--)); do
    read -r pid <&5 || fail "nothing computes"
    busy="$busy $pid"
done
while [ -z "$loose" ] && [ $SECONDS -lt 100 ]; do
    for pid in $busy; do
        kept "$pid" || loose=$pid
    done
done
[ -n "$loose" ] || fail "none of $busy has been let loose"
for pid in $busy; do
    [ "$pid" = "$loose" ] || kill -KILL "$pid"
done
busy=$loose both=0
# Where others take the CPUs it may be let loose once more in between.
for ((i = 0; i < 20 && both == 0; i++)); do
    kill -USR1 "$loose"
    read -r child <&5 || fail "no process was started"
    busy="$busy $child"
    kept "$loose" && kept "$child" && both=1
done
[ $both = 1 ] || fail "after a fork the parent may run on $(cpus "$loose"), the child on $(cpus "$child")"
kill -KILL $busy
wait $coffer
exec 5<&-

# A program that is started beside one that computes gets a CPU that is idle. One that computes may be let loose in the
# same moment, and be what goes away: so it is tried some times.
mkfifo orders
# shellcheck disable=SC2016 # the inner shell's
exec 5< <("$COFFER" run -q --discard -l "$LAYER.exec" -- bash -c '
    (while :; do :; done) & echo $!
    while read -r line; do
        (exec sleep 1000) & echo $!
    done' <orders)
coffer=$!
exec 6>orders
read -r busy <&5 || fail "nothing computes"
apart=0
for ((i = 0; i < 40 && apart == 0; i++)); do
    echo >&6
    read -r child <&5 || fail "no program was started"
    until [ "$(cat "/proc/$child/comm" 2>/dev/null)" = sleep ]; do :; done
    kept "$busy" && kept "$child" && [ "$(cpus "$child")" != "$(cpus "$busy")" ] && apart=1
    kill "$child"
done
kill "$busy"
exec 5<&- 6>&-
wait $coffer
busy=''
[ $apart -gt 0 ] || fail "no program was started where a CPU was idle"

# Only a build with test hooks hands over at will, so that no luck is needed.
if ! grep -q COFFER_MOVE_EVERY "$COFFER"; then
    echo "hand-overs are not forced: a build without test hooks"
    exit 0
fi
moves=$(COFFER_MOVE_EVERY=3 "$COFFER" run -v --discard -l "$LAYER.v" -- sh -c 'ls / | cat' 2>&1 >/dev/null |
    sed -n 's/^coffer: placement: \([0-9]*\) moved.*/\1/p')
[ "${moves:-0}" -gt 5 ] || fail "hand-overs that were forced: ${moves:-none}"
cd .. && mkdir again && cd again || exit 1
export COFFER_MOVE_EVERY=4
COFFER_OPS='process change' bash "$COFFER_TESTS/differential.sh" || fail "with hand-overs"
