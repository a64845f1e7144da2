#!/bin/bash
# Programs with a sandbox or a debugger of their own: what restricts itself works on as it does natively; what wants to
# trace, to mount or to make name spaces is refused with one line that says why, and ends; coffer within coffer does so
# with 125. A core file never reaches the host. Set-id programs run without their bit, and say so.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
inside=$COFFER_HELPERS/ops_inside
[ -x "$inside" ] || skip "no helper ops_inside"
umask 022
ulimit -Sn 1024 # what a login has: the descriptor that leads to the layer is beyond it

mkdir -p host/{empty-root,open-to-all,closed-to-others}
chmod 1777 host/open-to-all
chmod 700 host/closed-to-others
echo 'file' >host/file
echo 'changed' >host/changed
echo 'removed' >host/removed
echo 'secret' >host/closed-to-others/file
chmod 755 . # nobody has to come here
same_as_native "'$inside' sandbox"
grep -q '^viewer: signal 31$' native.out || fail "the filters do nothing: $(cat native.out)"

# A descriptor that a program did not open shows in no stat, wherever it is; of an ordinary user there is none.
for limit in 1024 "$(ulimit -Hn)"; do
    (ulimit -Sn "$limit" && same_as_native "'$inside' numbers") || exit 1
done

# What is refused gives EPERM, natively or not, but for what the kernel says of a process that is not there or not traced.
"$COFFER" run -l "$LAYER" -- "$inside" refused >refused.out 2>refused.err || fail "refused: $? $(cat refused.err)"
! grep -Ev 'EPERM$|PEEKDATA.*ESRCH$|0x3fffffff.*ESRCH$' refused.out || fail "not refused: $(cat refused.out)"
[ "$(grep -c EPERM refused.out)" = 15 ] || fail "not all refused: $(cat refused.out)"
for what in 'ptrace: .*outside of the view' 'unshare: no new name spaces' 'clone: no new name spaces' \
    'clone3: no new name spaces' 'mount: ' 'umount2: ' 'pivot_root: ' 'setns: ' 'seccomp: a filter with a listener'; do
    [ "$(grep -c "^coffer: refused: ops_inside\[[0-9]*\]: $what" refused.err)" = 1 ] ||
        fail "not one line says '$what': $(cat refused.err)"
done

# tried PROGRAM: whether it is here; says so if not.
tried() {
    command -v "$1" >/dev/null || { echo "not tried: no $1 here" && return 1; }
}

# one_line PATTERN COMMAND...: fails in the view, and coffer gives the reason in one line.
one_line() {
    local pattern=$1
    shift
    ! timeout 60 "$COFFER" run -l "$LAYER" -- "$@" </dev/null >one.out 2>&1 || fail "it works: $*"
    [ "$(grep -c '^coffer: refused: ' one.out)" = 1 ] || fail "not one line: $* $(cat one.out)"
    grep -q "^coffer: refused: .*$pattern" one.out || fail "no '$pattern': $* $(cat one.out)"
}
tried strace && one_line 'ptrace: ' strace -f true
tried gdb && one_line 'ptrace: ' gdb -nx -batch -ex run -ex 'quit $_exitcode' true
tried bwrap && one_line 'no new name spaces' bwrap --ro-bind / / true
one_line 'no new name spaces' unshare -r true
if tried file; then
    file -b /bin/true >file.native
    run_view file -b /bin/true >file.view || fail "file: status $?"
    same file.native file.view
fi

# coffer in coffer, and below strace -f: one line, 125.
export ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0:disable_coredump=0 # which it cannot in a traced program; and by default it takes the limit away
"$COFFER" run -q -l "$LAYER" -- "$COFFER" run -l "$PWD/inner" -- true >nested.out 2>&1
status=$?
[ $status = 125 ] || fail "coffer in coffer: status $status $(cat nested.out)"
[ "$(wc -l <nested.out)" = 1 ] && grep -q '^coffer: .*this is a view already' nested.out || fail "nested: $(cat nested.out)"
if tried strace; then
    strace -f -o strace.out "$COFFER" run -l "$PWD/inner" -- true >nested.out 2>&1
    status=$?
    [ $status = 125 ] && [ "$(wc -l <nested.out)" = 1 ] && grep -q 'strace\[[0-9]*\] traces' nested.out ||
        fail "coffer below strace -f: status $status $(cat nested.out)"
fi

# Core files: with the lock, without it; by a signal, and by a filter, which no tracer hears of beforehand.
mkdir cores
read -r pattern </proc/sys/kernel/core_pattern
ulimit -c "$(ulimit -Hc)"
for lock in try off; do
    for way in abort filtered; do
        (cd cores && exec "$COFFER" run -q --lock $lock -l "$LAYER" -- "$inside" $way >/dev/null 2>&1)
        status=$?
        [ $status = 134 ] || [ $status = 159 ] || fail "$way, --lock $lock: status $status"
        [ -z "$(ls -A cores)" ] || fail "$way, --lock $lock: the kernel wrote a core file to the host ($pattern)"
    done
done
[ "$(run_view sh -c 'ulimit -c')" = "$(ulimit -c)" ] || fail "the limit of core files is another in a view"
[ "$("$COFFER" run -q --lock off -l "$LAYER" -- bash -c 'ulimit -c; ulimit -c 1; ulimit -Sc 0 && ulimit -c 0 && ulimit -c' 2>limit.err)" = "0
0" ] || fail "the limit of core files without the lock"
grep -q 'Operation not permitted' limit.err || fail "the limit of core files can be raised without the lock"

# Set-id programs: one line, and the bit counts for nothing. The helper's owner is another user's.
if [ "$(id -u)" = 0 ]; then
    cp "$(command -v id)" set-id && chown 65534 set-id && chmod 4755 set-id
    [ "$(./set-id -u)" = 65534 ] || fail "set-id programs do not work here"
    [ "$("$COFFER" run -l "$LAYER" -- sh -c './set-id -u; ./set-id -u' 2>set-id.err | uniq -c | tr -s ' ')" = " 2 0" ] ||
        fail "the bit counts in a view"
    [ "$(grep -c '^coffer: refused: sh\[[0-9]*\]: ./set-id: runs without its set-user-id bit$' set-id.err)" = 1 ] ||
        fail "not one line: $(cat set-id.err)"
fi
exit 0
