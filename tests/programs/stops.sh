#!/bin/bash
# What a view costs: calls that it cannot affect cause no stop; a call with a path of the host causes one, and no exit
# stop; such a stop costs the supervisor four system calls, however deep the path and however much the layer holds, and two more
# in a directory that the layer has; and the supervisor stays small.
set -u
. "$(dirname "$0")/lib.sh"
stops=$COFFER_HELPERS/stops
[ -x "$stops" ] || skip "no helper stops"
[ -z "${COFFER_SANITIZED-}" ] || skip "what a call costs is not measured in a sanitized build"

deep=.
for i in {1..20}; do deep=$deep/d$i; done
mkdir -p "host/$deep" host/two && echo x >host/f && echo x >"host/$deep/f" && echo x >host/two/f
ln -s two/f host/link
cd host || exit 1
host=$PWD

# counted CALL ROUNDS [PATH [DIRECTORY]]: "STOPS EXITS" of a run.
counted() {
    "$COFFER" run -v --discard -l "$LAYER.v" -- "$stops" "$@" 2>counted || fail "stops $*: $(cat counted)"
    sed -n 's/^coffer: \([0-9]*\) stops, .* \([0-9]*\) exit stops$/\1 \2/p' counted
}

# By the difference of two runs: what the start of a program costs does not count.
for call in read write mmap close futex getpid lseek poll ioctl send clock signal-mask fcntl; do
    few=$(counted $call 10) && many=$(counted $call 1010) || exit 1
    [ "$few" = "$many" ] || fail "1000 times $call: from '$few' stops and exit stops to '$many'"
done
for call in open stat lstat access readlink fstat fstat-by-path absent; do
    path=f
    [ $call != absent ] || path=no-such-file
    read -r few few_exits <<<"$(counted $call 10 $path)"
    read -r many many_exits <<<"$(counted $call 1010 $path)"
    [ $((many - few)) = 1000 ] || fail "1000 times $call: $((many - few)) stops"
    [ "$few_exits" = "$many_exits" ] || fail "1000 times $call: $((many_exits - few_exits)) exit stops"
done
grep -q '^coffer: stops: newfstatat 10[12][0-9], ' counted || fail "the stops by call: $(cat counted)"

# supervisor_calls CALL ROUNDS [PATH [DIRECTORY]]: how many system calls the supervisor itself made.
supervisor_calls() {
    # One tracer, in the main thread: strace without -f sees no other.
    strace -c -o traced "$COFFER" run -q --cpu=free -l "$layer" -- "$stops" "$@" 2>traced.err ||
        fail "stops $* in the view of $layer: $(cat traced.err)"
    awk '$NF == "total" { print $4 }' traced
}

# cheap LIMIT CALL PATH [DIRECTORY]: against a run without rounds. One call in a thousand is not a cost of the stop.
cheap() {
    local limit=$1 call=$2 many
    shift 2
    many=$(supervisor_calls "$call" 1000 "$@") || exit 1
    if [ $(((many - base + 500) / 1000)) -gt "$limit" ]; then
        echo "$call $*: $((many - base)) calls of the supervisor for 1000 stops, layer ${layer##*.}" >&2
        costly=1
    fi
}

# all_ways LIMIT CALL...: what a path costs, by every way to name it. LIMIT is for the directories that the layer may have
# as well, the working directory and "two"; a descriptor of the directory costs one more.
all_ways() {
    local limit=$1
    shift
    base=$(supervisor_calls getpid 0) || exit 1
    for call; do
        cheap "$limit" "$call" two/f
        cheap "$limit" "$call" "$host/two/f"
        cheap $((limit + 1)) "$call" f "$host/two"
        cheap 4 "$call" "$deep/f"
        cheap 4 "$call" "$host/$deep/f"
        cheap 5 "$call" f "$deep"
    done
    cheap "$limit" absent no-such-file
    cheap 4 absent "$deep/no-such-file"
    cheap 6 absent /no/such/directory
}

costly=0
layer=$LAYER.full
"$COFFER" run -q -l "$layer" -- sh -c 'mkdir big && "$0" files 10000 big && : >two/new' "$stops" ||
    fail "10000 files in the view"
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    # Here "two" is in the layer, beside a directory with 10000 files: whether the layer or the host has the name are a
    # call each.
    all_ways 6 open lstat
    layer=$LAYER.empty
    all_ways 4 open stat lstat access readlink
else
    echo "no strace that works here: the supervisor's own calls are not counted"
fi

# memory LAYER PROCESSES: the supervisor's peak with so many live processes, in KB.
memory() {
    local supervisor peak
    mkfifo to from
    "$COFFER" run -q -l "$1" -- "$stops" sleepers "$2" <to >from &
    supervisor=$!
    exec 6>to 7<from
    read -r _ <&7 || fail "$2 processes do not start"
    peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$supervisor/status")
    exec 6>&- 7<&-
    wait $supervisor || fail "$2 processes end with $?"
    rm to from
    echo "$peak"
}

small() {
    local peak
    peak=$(memory "$1" "$2") || exit 1
    echo "$2 processes, layer ${1##*.}: $peak KB"
    [ "$peak" -le $((10 * 1024 + 4 * $2)) ] || fail "the supervisor took $peak KB for $2 processes, layer ${1##*.}"
}

# A sanitizer's own memory is not the supervisor's.
if ! grep -q __asan_init "$COFFER"; then
    small "$LAYER.few" 1
    small "$LAYER.few" 1000
    small "$LAYER.full" 1
    small "$LAYER.full" 1000
fi
[ $costly = 0 ] || fail "a stop costs more than it may"
