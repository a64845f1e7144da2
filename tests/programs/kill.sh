#!/bin/bash
# SIGKILL of the supervisor leaves no tracee alive: neither threads, nor daemons, nor stopped processes; and the layer
# opens again with every finished file whole.
set -u
. "$(dirname "$0")/lib.sh"
mkdir host && echo kept >host/file
for i in {1..20}; do echo "old $i" >"host/f$i"; done
snapshot host >before
mkfifo pids
exec 5<>pids

# gone PID: within ten seconds; a zombie that nobody reaps is gone.
gone() {
    local try state
    for ((try = 0; try < 200; try++)); do
        state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)
        case $state in
        '' | Z | X) return 0 ;;
        esac
        sleep 0.05
    done
    return 1
}

# A waiting shell, a daemon in a session of its own, one that ignores signals, one that is stopped, one with threads.
# shellcheck disable=SC2016 # for the inner shell
"$COFFER" run -q -l "$LAYER" -- bash -c '
    echo inside >host/inside
    (setsid bash -c "echo \$\$ >daemon; exec sleep 1001" >/dev/null 2>&1 &)
    until [ -s daemon ]; do :; done
    (trap "" HUP INT TERM; exec sleep 1002) & ignoring=$!
    sleep 1003 & stopped=$!
    kill -STOP $stopped
    threads=
    if [ -x "$COFFER_HELPERS/ops_process" ]; then
        mkfifo up
        "$COFFER_HELPERS/ops_process" wait 20 >up & threads=$!
        read -r _ <up
    fi
    echo "$$ $(cat daemon) $ignoring $stopped $threads"
    sleep 1004' >&5 &
supervisor=$!
read -r tracees <&5 || fail "the view did not start"
for pid in $tracees; do
    [ -d "/proc/$pid" ] || fail "tracee $pid is not there: $tracees"
done
kill -KILL $supervisor
wait $supervisor 2>/dev/null
for pid in $tracees; do
    gone "$pid" || fail "tracee $pid outlived the supervisor: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
done
[ "$(run_view cat host/inside)" = inside ] || fail "the layer does not open again"
snapshot host >after
same before after

# At any moment of a run that changes much: at the start, and after so many files.
for moment in 0 1 2 5 9 14; do
    rm -f progress && mkfifo progress
    output=progress
    [ $moment != 0 ] || output=/dev/null
    # shellcheck disable=SC2016 # for the inner shell
    "$COFFER" run -q -l "$LAYER" -- bash -c '
        for round in 1 2 3; do
            for i in {1..20}; do
                echo "complete $i" >host/new && mv host/new "host/f$i"
                echo "more" >>"host/g$i"
                rm -f host/h; mkdir -p "host/d$i/e"; rmdir "host/d$i/e"; touch host/h
                echo "$i"
            done
        done
        exec sleep 1005' >"$output" 2>/dev/null 5>&- &
    supervisor=$!
    if [ $moment != 0 ]; then
        exec 4<progress
        for ((i = 0; i < moment; i++)); do read -r _ <&4 || fail "the view ended before it was killed"; done
    fi
    kill -KILL $supervisor
    wait $supervisor 2>/dev/null
    if [ $moment != 0 ]; then
        # The end of the file comes when the last tracee is gone.
        timeout 20 cat <&4 >/dev/null || fail "a tracee still writes after the kill at $moment"
        exec 4<&-
    fi
    for ((try = 0; try < 100; try++)); do
        run_view true 2>layer.err && break
        sleep 0.05
    done
    run_view true || fail "the layer does not open after the kill at $moment"
    # shellcheck disable=SC2016 # for the inner shell
    run_view sh -c 'for i in $(seq 20); do cat "host/f$i"; done' >content || fail "files are lost after the kill at $moment"
    for i in {1..20}; do
        line=$(sed -n "${i}p" content)
        [ "$line" = "old $i" ] || [ "$line" = "complete $i" ] || fail "f$i is '$line' after the kill at $moment"
    done
    "$COFFER" diff "$LAYER" >diff.out || fail "coffer diff after the kill at $moment"
    ! grep -q "$LAYER" diff.out || fail "the layer is in its own diff: $(grep "$LAYER" diff.out | head -n 1)"
    snapshot host >after
    same before after
done
