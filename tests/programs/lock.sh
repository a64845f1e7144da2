#!/bin/bash
# What the lock covers, and what holds without it: what a view's programs may do to processes outside of it, what root
# keeps of its capabilities, what is hidden, what coffer itself may change. Each natively first, to see that it can be done.
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
trap 'kill -KILL $witness $victims $coffer 2>/dev/null' EXIT
victims='' coffer=''
read -r -t 20 _ <listening || fail "the witness does not start"

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
read -r -t 20 _ <listening || fail "the witness does not start"

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
    [ "$(cat status group.out)" = "$(printf '0\n0')" ] || complain "kill of the own group: $(cat status group.out)"
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
victims="$victims $victim"
"$reach" owner $victim >owner.out
wait $victim 2>/dev/null
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

# The profile that allows next to nothing: the command itself runs, and can start no other and read nothing of anybody's.
for lock in try off; do
    [ "$(echo data | "$COFFER" run -q "--lock=$lock" --profile strict -- cat)" = data ] || complain "strict: cat does not run"
    # shellcheck disable=SC2016 # for the inner shell
    [ "$(echo data | "$COFFER" run -q "--lock=$lock" --profile strict -- sh -c 'read -r line; echo "$line"; /bin/true && echo started; read -r line <view.caps && echo read' 2>/dev/null)" = data ] ||
        complain "strict: more than the command"
    # $PATH as execvp() goes through it: no directory is the command, and an empty element is the working directory.
    mkdir -p dir/cat
    cp "$(command -v cat)" concatenate
    [ "$(echo data | PATH=$PWD/dir:$PATH "$COFFER" run -q "--lock=$lock" --profile strict -- cat)" = data ] ||
        complain "strict: a directory in the path is taken for the command"
    for path in "/nowhere:" "" ":/nowhere"; do
        [ "$(echo data | PATH=$path "$COFFER" run -q "--lock=$lock" --profile strict -- concatenate)" = data ] ||
            complain "strict: with the path '$path' the command does not run"
    done
    [ "$(echo data | env -u PATH "$COFFER" run -q "--lock=$lock" --profile strict -- cat)" = data ] ||
        complain "strict: without a path cat does not run"
done

# The FIFOs are the host's, which a view does not open to write; they are inherited.
mkfifo ready go
exec 6<>ready 7<>go

mkdir host
# Descriptors: none is inherited but 0, 1 and 2, and by these no more can be done than they were opened for.
for lock in try off; do
    echo content >host/given
    # shellcheck disable=SC2016,SC2094 # for the inner shell; one of the descriptors does not come there
    "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" -- sh -c '
        for fd in 5 9; do ( echo more >&$fd ) 2>/dev/null && echo "inherited $fd"; done
        echo more >>/proc/self/fd/0; chmod 600 /proc/self/fd/0; cat host/given' <host/given 9>>host/given 5<host >view.out 2>view.err
    printf 'content\nmore\n' | diff -u - view.out >&2 || complain "descriptors: $(cat view.err)"
    # shellcheck disable=SC2016 # for the inner shell
    "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" -- sh -c 'echo made >/proc/self/fd/0/made && cat host/made' <host >view.out 2>view.err
    [ "$(cat view.out)" = made ] || complain "a directory as standard input: $(cat view.err)"
    if [ "$(cat host/given)" != content ] || [ -e host/made ]; then fail "--lock=$lock: a descriptor reaches the host"; fi
    rm -rf "$LAYER.$lock" host/given
done

# A program that may be executed and not read would run where its memory cannot be looked at.
cp /bin/true host/unreadable
chmod 111 host/unreadable
host/unreadable || fail "natively, an unreadable program does not run"
for lock in try off; do
    [ "$(id -u)" != 0 ] || break # root reads it
    # shellcheck disable=SC2016 # for the inner shell
    in_view sh -c 'host/unreadable; echo $?' >view.out 2>view.err
    [ "$(cat view.out)" = 126 ] || complain "an unreadable program runs: $(cat view.out)"
done
rm -f host/unreadable

# What is hidden: with the lock no race reads it, and what lies beside it can be read, in a directory that may be listed.
mkdir -p host/secret host/beside
echo secret >host/secret/key
echo secret >host/one.key
echo open | tee host/beside/file host/visible >/dev/null
# Without a race: on a busy machine none may be won.
"$COFFER_HELPERS/hostile" race-read host/one.key host/one.key || fail "natively, race-read reads nothing"
landlock=$("$COFFER" doctor --json | sed -n 's/.*"landlock_abi": *\([0-9]*\).*/\1/p')
for lock in try off; do
    hide="--hide host/secret --hide $PWD/host/one.key"
    # shellcheck disable=SC2086 # options
    "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" $hide -- sh -c '
        cd host && cat visible beside/file && ls && ls beside && echo more >>visible && cat visible && ls /proc/self/fd >/dev/null &&
        cp /bin/true copy && ./copy && cat secret/key one.key' >view.out 2>view.err
    printf '%s\n' open open beside visible file open more >wanted
    diff -u wanted view.out >&2 || complain "what is not hidden: $(cat view.err)"
    [ "$(grep -c 'No such file' view.err)" = 2 ] || complain "what is hidden: $(cat view.err)"
    rm -rf "$LAYER.$lock"
    if [ "$lock" = off ] || [ "${landlock:-0}" = 0 ]; then continue; fi
    # What comes later in a directory of which something is hidden.
    # shellcheck disable=SC2086 # options
    "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" $hide -- sh -c 'cat host/visible && echo ready && read -r _ &&
        cat host/later host/new/file host/new/deep/file host/visible && cat host/secret/later' <&7 >&6 2>view.err &
    coffer=$!
    for line in open ready; do
        read -r -t 20 got <&6
        [ "$got" = $line ] || fail "what is not hidden: $got instead of $line: $(cat view.err)"
    done
    mkdir -p host/new/deep
    echo 1 >host/later
    echo 2 >host/new/file
    echo 3 >host/new/deep/file
    echo 4 >host/visible.new && mv host/visible.new host/visible
    echo secret >host/secret/later
    echo go >&7
    for line in 1 2 3 4; do
        read -r -t 20 got <&6
        [ "$got" = $line ] || complain "what came later cannot be read: $got instead of $line: $(cat view.err)"
    done
    wait $coffer
    coffer=
    grep -q 'No such file' view.err || complain "what came later is not hidden"
    rm -r host/new host/later host/secret/later
    echo open >host/visible
    for path in host/one.key host/secret/key "/proc/self/cwd/host/one.key"; do
        # shellcheck disable=SC2086 # options
        "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" $hide -- "$COFFER_HELPERS/hostile" race-read host/visible $path >race.out
        [ $? = 10 ] || complain "a race reads $path: $(cat race.out)"
    done
done

# What the lock cannot say is told once, and refused by --lock=require.
if [ "${landlock:-0}" -gt 0 ]; then
    printf 'write deny /**\nwrite direct %s/host/missing/**\n' "$PWD" >rules
    "$COFFER" run --lock=require -p rules -- touch ran 2>view.err
    status=$?
    [ $status = 125 ] || fail "--lock=require starts with a rule that no lock enforces: $status"
    [ "$(grep -c 'lock: .*/host/missing: ' view.err)" = 1 ] || fail "what the lock cannot enforce is not told once: $(cat view.err)"
    "$COFFER" run --lock=try -p rules -- sh -c 'echo it runs' >view.out 2>view.err
    [ "$(cat view.out)" = 'it runs' ] || fail "--lock=try does not go on: $(cat view.err)"
    [ "$(grep -c 'lock: .*/host/missing: ' view.err)" = 1 ] || fail "what the lock cannot enforce is not told once: $(cat view.err)"
    printf 'write deny /**\nwrite direct %s/host/**\nread hide %s/host/secret/**\n' "$PWD" "$PWD" >rules
    "$COFFER" run --lock=require -p rules -- sh -c 'echo direct >host/direct' 2>view.err || fail "--lock=require: $(cat view.err)"
    [ "$(cat host/direct)" = direct ] || fail "--lock=require does not let direct places be written to"
    # A directory may be what is refused, and all that is in it not.
    mkdir host/kept
    printf 'write deny /**\nwrite direct %s/host/kept/**\nwrite deny %s/host/kept\n' "$PWD" "$PWD" >rules
    "$COFFER" run -q -p rules -- sh -c 'mkdir host/kept/new && echo direct >host/kept/new/file' 2>view.err ||
        fail "in a directory that may not be written itself, nothing can be made: $(cat view.err)"
    [ "$(cat host/kept/new/file)" = direct ] || fail "what is in a directory that may not be written itself is not direct"
    "$COFFER" run -q -p rules -- rm -r host/kept 2>view.err && fail "a directory that may not be written was removed"
fi

# Where the lock is older: what it lacks is told, and refused by --lock=require; with test hooks.
abi() {
    local version=$1
    shift
    COFFER_LANDLOCK_ABI=$version "$COFFER" run -p layer.rules -l "$LAYER.abi" "$@" >view.out 2>view.err
}
echo 'write layer /**' >layer.rules
if [ "${landlock:-0}" -gt 1 ] && COFFER_LANDLOCK_ABI=0 "$COFFER" doctor --json | grep -q '"landlock_abi": *0'; then
    abi 0 --lock=require -- echo ran && fail "--lock=require goes on without a lock"
    abi 1 --lock=require -- echo ran && fail "--lock=require goes on where coffer is not confined"
    [ "$(grep -c '^coffer: lock: .*: ' view.err)" = 1 ] && grep -q '^coffer: lock: coffer itself: ' view.err || fail "that coffer is not confined is not told: $(cat view.err)"
    abi 1 --lock=try -- sh -c 'mkdir made && echo ran >made/file && cat made/file' || fail "--lock=try does not go on: $(cat view.err)"
    [ "$(cat view.out)" = ran ] || fail "under the oldest lock: $(cat view.out view.err)"
    abi 2 --lock=require -- echo ran || fail "--lock=require where coffer is confined: $(cat view.err)"
fi

# What ceilings let rules of run time allow, the lock allows: as the last ceiling says it, and where there is control alone.
if [ "${landlock:-0}" -gt 0 ] && command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    here=$(pwd -P)/host
    printf '%s\n' "read deny $here/secret/**" "ceiling read allow $here/**" "ceiling read deny $here/secret/**" >rules
    for control in open closed; do
        # Without -f it is coffer alone that is traced, which makes the rules.
        expect strace -y -e trace=landlock_add_rule -o traced "$COFFER" run -q --control=$control -p rules -l "$LAYER.ceiling" -- cat host/visible
        grep -q "READ_FILE.*<$here/visible>" traced || fail "strace does not show what may be read: $(cat traced)"
        ! grep -E "READ_FILE.*<($here|$here/secret.*)>" traced >&2 || fail "control $control: the lock lets what a ceiling forbids be read"
    done
    printf '%s\n' "read deny $here/secret/**" "ceiling read allow $here/secret/**" >rules
    for control in open closed; do
        expect strace -y -e trace=landlock_add_rule -o traced "$COFFER" run -q --control=$control -p rules -l "$LAYER.ceiling" -- cat host/visible
        if grep -q "READ_FILE.*<$here/secret>" traced; then lets=open; else lets=closed; fi
        [ $lets = $control ] || fail "control $control: the lock is $lets to what a ceiling allows"
    done
fi

# coffer itself changes nothing but the layer: the directory of short names becomes a link to the host behind its back.
cat >view.sh <<'END'
cat >host/first.$1 <<'script'
#!/bin/sh
echo ready
script
cp host/first.$1 host/second.$1
chmod 755 host/first.$1 host/second.$1
host/first.$1
read -r _
host/second.$1
read -r _
END
for lock in try off; do
    [ "$lock" = off ] || [ "${landlock:-0}" -gt 1 ] || continue
    mkdir "victim.$lock"
    "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" -- sh -c '. ./view.sh' sh $$ <&7 >&6 2>view.err &
    coffer=$!
    read -r -t 20 _ <&6 || fail "the first script does not run: $(cat view.err)"
    for alias in /tmp/.coffer-*/*/e*/first."$$"; do
        alias=${alias%/e*}
    done
    if [ -d "$alias" ]; then
        mv "$alias" "$alias.moved"
        ln -s "$PWD/victim.$lock" "$alias"
        echo go >&7
        read -r -t 20 _ <&6 || complain "the second script does not run: $(cat view.err)"
        ls "victim.$lock" >"victim.$lock.found"
        echo go >&7
        wait $coffer
        rm -rf "$alias" "$alias.moved"
    else
        complain "no directory of short names"
        kill -KILL $coffer
        wait $coffer
    fi
    coffer=
done
[ ! -s victim.try.found ] || fail "coffer itself changed the host: $(cat victim.try.found)"
[ -s victim.off.found ] || fail "without the lock, coffer is not misled: the test shows nothing"
[ $wrong = 0 ] || fail "see above"
