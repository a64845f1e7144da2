#!/bin/bash
# What a view costs: calls that it cannot affect cause no stop; a call with a path of the host causes one, and no exit
# stop; such a stop costs the supervisor at most six system calls, however deep the path and however much the layer
# holds; and the supervisor stays small.
set -u
. "$(dirname "$0")/lib.sh"
stops=$COFFER_HELPERS/stops
[ -x "$stops" ] || skip "no helper stops"

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
for call in read write mmap close fstat fstat-by-path futex getpid lseek poll ioctl send clock signal-mask fcntl; do
    few=$(counted $call 10) && many=$(counted $call 1010) || exit 1
    [ "$few" = "$many" ] || fail "1000 times $call: from '$few' stops and exit stops to '$many'"
done
for call in open stat lstat access readlink absent; do
    path=f
    [ $call != absent ] || path=no-such-file
    read -r few few_exits <<<"$(counted $call 10 $path)"
    read -r many many_exits <<<"$(counted $call 1010 $path)"
    [ $((many - few)) = 1000 ] || fail "1000 times $call: $((many - few)) stops"
    [ "$few_exits" = "$many_exits" ] || fail "1000 times $call: $((many_exits - few_exits)) exit stops"
done
grep -q '^coffer: stops: newfstatat 1010, ' counted || fail "the stops by call: $(cat counted)"

# supervisor_calls CALL ROUNDS [PATH [DIRECTORY]]: how many system calls the supervisor itself made.
supervisor_calls() {
    strace -c -o traced "$COFFER" run -q -l "$layer" -- "$stops" "$@" 2>traced.err ||
        fail "stops $* in the view of $layer: $(cat traced.err)"
    awk '$NF == "total" { print $(NF - 1) ~ /^[0-9]+$/ && NF == 6 ? $(NF - 2) : $(NF - 1) }' traced
}

# cheap LIMIT CALL PATH [DIRECTORY]
cheap() {
    local limit=$1 call=$2 few many
    shift 2
    few=$(supervisor_calls "$call" 100 "$@") && many=$(supervisor_calls "$call" 1100 "$@") || exit 1
    few=${few:?} many=${many:?}
    if [ $(((many - few + 500) / 1000)) -gt "$limit" ]; then
        echo "$call $*: $((many - few)) calls of the supervisor for 1000 stops in the view of $layer" >&2
        costly=1
    fi
}

# What a path that the layer never touched costs, by every way to name it.
all_ways() {
    for call in open stat lstat access readlink; do
        cheap 6 $call two/f
        cheap 6 $call "$host/two/f"
        cheap 6 $call f "$host/two"
        cheap 6 $call "$deep/f"
        cheap 6 $call "$host/$deep/f"
        cheap 6 $call f "$deep"
    done
    cheap 6 absent no-such-file
    cheap 6 absent "$deep/no-such-file"
    cheap 6 absent /no/such/directory
}

costly=0
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    layer=$LAYER.empty
    all_ways
    layer=$LAYER.full
    run_full() { "$COFFER" run -q -l "$layer" -- "$@"; }
    run_full mkdir big || fail "mkdir in the view"
    run_full "$stops" files 10000 big || fail "10000 files in the view"
    echo "an empty layer and one of 10000 files:"
    all_ways
    # Beside a changed file, and where the directory itself is in the layer.
    run_full sh -c 'echo new >new; echo new >two/new' || fail "new files in the view"
    all_ways
else
    layer=$LAYER.full
    "$COFFER" run -q -l "$layer" -- sh -c "mkdir big && '$stops' files 10000 big" || fail "10000 files in the view"
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
[ $costly = 0 ] || fail "a stop costs more than six system calls"
