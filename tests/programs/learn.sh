#!/bin/bash
# coffer policy learn: the policy of what a command did lets it do that again, and not much more.
set -u
. "$(dirname "$0")/lib.sh"
need make gcc python3
export LC_ALL=C

# learned NAME COMMAND...: learns, and runs the command under the policy: it succeeds, and nothing is refused.
learned() {
    local policy=$1.policy
    shift
    "$COFFER" policy learn -o "$policy" -- "$@" >learn.out 2>&1 || fail "learn: $* ($(cat learn.out))"
    expect "$COFFER" policy check "$policy"
    for lock in try off; do
        "$COFFER" run --lock=$lock -p "$policy" --fail-on-violation -- "$@" >run.out 2>&1 ||
            fail "$lock: $* ($(cat run.out)): $(cat "$policy")"
        grep 'coffer: refused' run.out && fail "$lock: refused, though learned: $* $(cat "$policy")"
        rm -rf work && cp -r fresh work
    done
}

# has NAME RULE, lacks NAME PATTERN: in the policy of that name.
has() {
    grep -qxF -- "$2" "$1.policy" || fail "no rule '$2' in $(cat "$1.policy")"
}
lacks() {
    ! grep -q -- "$2" "$1.policy" || fail "'$2' in $(cat "$1.policy")"
}

here=$(pwd -P)
mkdir -p fresh/sub home/.ssh
for i in 1 2 3 4 5; do
    echo "int f$i(void) { return $i; }" >fresh/f$i.c
done
printf 'lib.a: f1.o f2.o f3.o f4.o f5.o\n\tar rc $@ $^\n' >fresh/Makefile
echo word >fresh/sub/word
cp -r fresh work
export HOME=$here/home

# A build: its directory as a whole, since it makes names there; the host is as it was after the learning.
"$COFFER" policy learn -- make -C work >first.policy 2>learn.out || fail "make: $(cat learn.out)"
[ ! -e work/lib.a ] || fail "learning changed the host"
learned make make -C work
has make "write direct $here/work/**"
has make "read allow $here/work/**"
lacks make '^read allow /\*\*'
lacks make '^write direct /\*\*'
learned python python3 -c 'import json, os; os.listdir("work")'
lacks python "^write direct $here"
has python "read allow $here/work"
learned cp cp -r work/sub work/copy
has cp "write direct $here/work/**"
has cp "read allow $here/work/sub/word"

cat >sockets.py <<'END'
import socket
def bind(family, kind, address):
    s = socket.socket(family, kind)
    s.bind(address)
    return s
server = bind(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
server.listen()
socket.create_connection(server.getsockname())
bind(socket.AF_UNIX, socket.SOCK_STREAM, "\0a name")
local = bind(socket.AF_UNIX, socket.SOCK_STREAM, "work/a socket")
local.listen()
socket.socket(socket.AF_UNIX).connect("work/a socket")
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
END
learned sockets python3 sockets.py
has sockets 'bind allow 127.0.0.1:0'
has sockets 'connect allow 127.0.0.1:9'
has sockets "bind allow unix:$here/work/**"
lacks sockets '^[a-z]* allow \*'

# Very many addresses: each once.
"$COFFER" policy learn -o many.policy -- python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in 2 * list(range(10001, 13001)):
    try: s.sendto(b"", ("127.0.0.1", port))
    except OSError: pass' >out 2>&1 || fail "many addresses: $(cat out)"
[ "$(grep -c '^connect allow 127.0.0.1:1' many.policy)" = 3000 ] || fail "many addresses: $(wc -l <many.policy) lines"

# What is not learned is refused.
"$COFFER" run -p python.policy --fail-on-violation -- python3 -c 'open("work/sub/word").read()' >run.out 2>&1 &&
    fail "more than was learned: $(cat python.policy)"
grep -q "cannot read $here/work/sub/word: python.policy:3: read deny" run.out || fail "no word of it: $(cat run.out)"

# Changes of what is there name it, be its directory a broad one; a home as a whole is never proposed.
echo 1 >home/file
# shellcheck disable=SC2016
learned home sh -c 'echo 2 >"$HOME/file"; mkdir -p "$HOME/new/sub"; echo 3 >"$HOME/new/sub/x"; rm -r "$HOME/new"'
has home "write direct $here/home/file"
grep -q "^write layer $here/home/new/\*\* *#" home.policy || fail "what is made in a home: $(cat home.policy)"
lacks home "^write direct $here/home/\*\*"

# Secrets are named with a word about them, and stay hidden.
echo key >home/.ssh/id
# shellcheck disable=SC2016
"$COFFER" policy learn -o secret.policy -- sh -c 'cat "$HOME/.ssh/id" && echo x >>"$HOME/.ssh/authorized_keys"' >out 2>&1 ||
    fail "secrets: $(cat out)"
has secret "#read allow $here/home/.ssh/id"
has secret "#write direct $here/home/.ssh/authorized_keys"
grep -q '^# These were used, and may hold keys' secret.policy || fail "no word about secrets"
lacks secret '^[a-z].*\.ssh'

# Odd names, a command that fails, one that is not there, wrong usage.
mkdir 'fresh/a b*' && echo 1 >'fresh/a b*/#c' && rm -rf work && cp -r fresh work
learned odd cat 'work/a b*/#c'
has odd "read allow $here/work/a\\040b\\*/\\#c"
"$COFFER" policy learn -o failed.policy -- sh -c 'cat work/sub/word; exit 3' >out 2>&1
[ $? = 1 ] || fail "status of a command that fails"
grep -q '^coffer: sh: exited with 3; the policy is of what it did until then$' out || fail "no word: $(cat out)"
has failed "read allow $here/work/sub/word"
for status in 125 126 127; do
    rm -f failed.policy
    "$COFFER" policy learn -o failed.policy -- sh -c "cat work/sub/word; exit $status" >out 2>&1
    [ $? = 1 ] || fail "a command that ends with $status: $(cat out)"
    has failed "read allow $here/work/sub/word"
done
for wrong in "-- ./absent" "" "-o /nowhere/policy -- true" "-x"; do
    # shellcheck disable=SC2086
    "$COFFER" policy learn $wrong >out 2>&1
    [ $? = 2 ] || fail "status of learn $wrong: $(cat out)"
done
# A policy is there when it is whole; what was there stays when there is none, and keeps its mode and its links.
mkdir out.d && echo old >out.d/kept && chmod 640 out.d/kept && ln -s kept out.d/link
"$COFFER" policy learn -o out.d/none -- ./absent >out 2>&1
"$COFFER" policy learn -o out.d/link -- ./absent >out 2>&1
[ "$(ls -A out.d) $(cat out.d/kept)" = "kept
link old" ] || fail "what a failure leaves: $(ls -lA out.d)"
expect "$COFFER" policy learn -o out.d/link -- true
grep -q '^read deny' out.d/kept || fail "not written behind a link: $(cat out.d/kept)"
[ "$(ls -A out.d) $(stat -c %a out.d/kept) $(readlink out.d/link)" = "kept
link 640 kept" ] || fail "what is left: $(ls -lA out.d)"
# Where the directory may not be written, the file is: in place, and none of the old content is left. A failure leaves it.
mkdir fixed.d && head -c 9999 /dev/zero | tr '\0' '#' >fixed.d/kept && cp fixed.d/kept fixed.old
ln fixed.d/kept fixed.link && chmod 555 fixed.d
user=()
[ "$(id -u)" != 0 ] || user=(setpriv --bounding-set=-dac_override --inh-caps=-all)
"${user[@]}" "$COFFER" policy learn -o fixed.d/kept -- ./absent >out 2>&1
cmp fixed.d/kept fixed.old || fail "a failure changed a file in place: $(cat out)"
expect "${user[@]}" "$COFFER" policy learn -o fixed.d/kept -- true
grep -q '^read deny' fixed.link && ! grep -q '####' fixed.link || fail "not written in place: $(head -c 500 fixed.d/kept)"
expect "$COFFER" policy check fixed.d/kept
chmod 755 fixed.d
expect "$COFFER" policy learn -o out.d/new -- true
[ "$(stat -c %a out.d/new)" = "$(stat -c %a learn.out)" ] || fail "mode of a policy: $(ls -l out.d)"
"$COFFER" policy learn -o /dev/stdout -- true | grep -q '^read deny' || fail "/dev/stdout"
"$COFFER" policy learn -o /dev/full -- true >out 2>&1
[ $? = 2 ] || fail "a full device: $(cat out)"
"$COFFER" policy learn -- true "$(head -c 100000 /dev/zero | tr '\0' x)" >/dev/full 2>out
[ $? = 2 ] || fail "a full standard output: $(cat out)"
"$COFFER" policy -o x learn true >out 2>&1
[ $? = 2 ] || fail "-o before learn"
for layer in home/.local/state/coffer/layers/*; do
    [ ! -e "$layer" ] || fail "learning left a layer: $layer"
done
