#!/bin/bash
# What a view's programs may do to processes outside of it, and what root keeps of its capabilities: with the lock and
# without, each natively first, to see that it can be done.
set -u
. "$(dirname "$0")/lib.sh"
need setsid setpriv
reach=$COFFER_HELPERS/reach
[ -x "$reach" ] || skip "no helper reach"
wrong=0
complain() {
    echo "--lock=$lock: $*" >&2
    wrong=1
}
in_view() {
    "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" -- "$@"
}

# A process outside counts signals that harm nobody. It is in a session of its own.
mkfifo listening
setsid "$reach" witness counted >listening &
witness=$!
trap 'kill -KILL $witness $victims 2>/dev/null' EXIT
victims=
read -r _ <listening || fail "the witness does not start"

# Some are refused natively too, with a reason of their own.
"$reach" outside $witness >native.out
with_capabilities "$reach" inside >native-inside.out || fail "natively, reach inside fails"
for call in kill 'kill 0' tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal 'prlimit, to set' setpriority \
    ioprio_set sched_setparam sched_setscheduler sched_setaffinity get_robust_list 'setpriority of a group'; do
    grep -qx "$call: done" native.out || fail "natively, $call does not work: $(cat native.out)"
done
kill -TERM $witness
wait $witness
[ "$(cat counted)" -gt 0 ] || fail "natively, no signal came"
setsid "$reach" witness counted >listening &
witness=$!
read -r _ <listening || fail "the witness does not start"

for lock in try off; do
    in_view "$reach" outside $witness >view.out || complain "reach outside fails"
    # To ask for limits harms nobody; a number that is no signal is that before all.
    grep -v -e '^prlimit: done$' -e '^pidfd_send_signal, no signal: EINVAL$' -e ': EPERM$' view.out >&2 &&
        complain "a process outside was reached"
    in_view "$reach" inside >inside.out || complain "reach inside fails"
    diff -u native-inside.out inside.out >&2 || complain "not as natively, inside"
    in_view "$reach" everybody >everybody.out || complain "kill(-1) does not reach the view"

    # In the group of the view, as a job of a shell is: the supervisor is in it as well.
    # shellcheck disable=SC2016 # for the inner shells
    setsid sh -c 'sleep 1010 & echo $! >victim
        "$1" run -q "--lock=$2" -l "$3" -- bash -c "trap : USR1; kill -USR1 0; kill -USR1 -- -\$1; echo \$?" bash $$ >group.out
        echo $? >status' sh "$COFFER" "$lock" "$LAYER.$lock"
    victims="$victims $(cat victim)"
    [ "$(cat status)" = 0 ] && [ "$(cat group.out)" = 0 ] || complain "kill of the own group: $(cat status group.out)"
    kill -0 "$(cat victim)" || complain "a process of the same group was killed"

    # A descriptor's signals.
    setsid sleep 1011 &
    victim=$!
    victims="$victims $victim"
    in_view "$reach" owner $victim >owner.out || complain "reach owner fails"
    in_view "$reach" owner -$victim >>owner.out || complain "reach owner of a group fails"
    kill -0 $victim || complain "a process outside was killed by a descriptor's signal: $(cat owner.out)"
done
kill -TERM $witness
wait $witness
[ "$(cat counted)" = 0 ] || fail "a signal came to a process outside"
setsid sleep 1012 &
victim=$!
"$reach" owner $victim >owner.out
wait $victim
[ $? = $((128 + $(kill -l USR1))) ] || fail "natively, a descriptor's signal does not come: $(cat owner.out)"

# Capabilities: root keeps those that view and tests know; nobody has more than natively.
for lock in try off; do
    # shellcheck disable=SC2016 # for the inner shell
    in_view sh -c 'grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status' >view.caps
    with_capabilities sh -c 'grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status' >native.caps
    diff -u native.caps view.caps >&2 || complain "other capabilities"
    [ "$(id -u)" != 0 ] || in_view sh -c 'grep CapBnd /proc/self/status' | grep -q "$(sed -n 's/CapEff:[[:space:]]*//p' view.caps)" ||
        complain "the bounding set has more"
done
[ $wrong = 0 ] || fail "see above"
