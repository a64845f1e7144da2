#!/bin/bash
# Rules about addresses: every form of call that has one, for TCP, UDP, IPv4 in IPv6 and sockets that are files, by
# 64-bit and 32-bit programs; what has no address that could be judged; what a program listens on itself; threads that
# exchange an address or a descriptor while it is judged (COFFER_RACE_ROUNDS: how often); --net; names of hosts.
set -u
. "$(dirname "$0")/lib.sh"
need python3
helper=$COFFER_HELPERS/ops_network
rounds=${COFFER_RACE_ROUNDS:-8000}
helpers=("$helper")
[ -x "$COFFER_HELPERS"32/ops_network ] && helpers+=("$COFFER_HELPERS"32/ops_network)

# What is said next by what writes to the descriptor FD; nothing for long, or that it ended, is a failure.
# said FD WHO
said() {
    local line
    read -rt 30 line <&"$1" || fail "$2 says nothing"
    echo "$line"
}

outside=() # processes that end before the test does
trap 'kill "${outside[@]}" 2>/dev/null' EXIT

# Listeners outside, which end with the descriptors 5, 6 and 7.
for name in allowed denied native; do
    mkfifo "$name.in" "$name.out"
    "$helper" listen <"$name.in" >"$name.out" &
    outside+=($!)
done
exec 5>allowed.in 6>denied.in 7>native.in {allowed_out}<allowed.out {denied_out}<denied.out {native_out}<native.out
allowed=$(said "$allowed_out" allowed) && denied=$(said "$denied_out" denied) && native=$(said "$native_out" native) || exit 1
mkfifo host.in host.out
exec {host_in}<>host.in
python3 - >host.out <<'END' &
import os, socket, sys
for kind, name in (socket.SOCK_STREAM, "stream"), (socket.SOCK_DGRAM, "datagrams"):
    s = socket.socket(socket.AF_UNIX, kind)
    s.bind(name)
    globals()[name] = s
stream.listen(10)
print("ready", flush=True)
os.read(os.open("host.in", os.O_RDONLY), 1)
stream.setblocking(False)
datagrams.setblocking(False)
for what in stream.accept, lambda: datagrams.recv(1):
    try:
        what()
        print("came")
    except BlockingIOError:
        print("none")
END
outside+=($!) # its descriptors keep the listeners, too
exec {host_out}<host.out
[ "$(said "$host_out" host)" = ready ] || fail "nobody outside has sockets that are files"

cat >rules <<END
connect deny *
connect allow 127.0.0.1:$allowed
bind deny *
bind allow 127.0.0.0/8:*
bind allow unix:*
END
# rules NAME... COMMAND...: in a view with these rules.
ruled() { "$COFFER" run -q -l "$LAYER" --lock "$lock" -p rules -- "$@"; }

for lock in try off; do
    for program in "${helpers[@]}"; do
        # What is allowed is as natively. Of what is not, all that would work is refused, and nothing else is changed.
        "$program" forms "$native" >forms.native || fail "forms: status $?"
        ruled "$program" forms "$allowed" >forms.allowed || fail "forms in a view: status $?"
        same forms.native forms.allowed
        ruled "$program" forms "$denied" >forms.denied || fail "forms that are refused: status $?"
        sed '/^no family connect/!s/: works$/: EACCES/' forms.native >forms.expected
        same forms.expected forms.denied
        ruled "$program" mixed "$allowed" "$denied" >mixed.out
        printf 'message: %s\n' 1 EACCES 1 >mixed.expected
        same mixed.expected mixed.out

        ruled "$program" unix "$PWD/stream" >unix.out || fail "unix: status $?"
        ruled "$program" unix "$PWD/datagrams" >>unix.out || fail "unix, datagrams: status $?"
        [ "$(grep -c '^unix .*: EACCES$\|^unix connect by a descriptor: ECONNREFUSED$' unix.out)" = 10 ] && [ "$(wc -l <unix.out)" = 10 ] ||
            fail "a socket of the host was reached: $(cat unix.out)"

        # What it listens on itself it may connect to, and to nothing that has the same name later.
        ruled "$program" inside >inside.out
        printf '%s\n' 'loopback: works' 'any address: EACCES' 'no address: EACCES' 'abstract name: works' \
            'name that the kernel chose: works' 'path: works' >inside.expected
        same inside.expected inside.out

        ruled "$program" families "$allowed" >families.out
        sed 's/ *#.*//' >families.expected <<'END'
socket AF_UNIX: works                      #
socket TCP: works                          #
socket UDP: works                          #
socket AF_NETLINK, routes: works           # getifaddrs() asks there
socket AF_NETLINK, audit: EPROTONOSUPPORT  #
socket AF_NETLINK, generic: EPROTONOSUPPORT #
socket raw: EPERM                          #
socket raw, IPv6: EPERM                    #
socket SOCK_PACKET: EPERM                  #
socket SCTP: EPROTONOSUPPORT               #
socket DCCP: EPROTONOSUPPORT               #
socket L2TP: EPROTONOSUPPORT               #
socket AF_PACKET: EAFNOSUPPORT             #
socket AF_VSOCK: EAFNOSUPPORT              #
socket AF_ALG: EAFNOSUPPORT                #
socket AF_TIPC: EAFNOSUPPORT               #
socket AF_BLUETOOTH: EAFNOSUPPORT          #
socket 44: EAFNOSUPPORT                    #
socket 45: EAFNOSUPPORT                    #
socketpair AF_UNIX: works                  #
socketpair AF_TIPC: EAFNOSUPPORT           #
option IP_TTL: works                       #
option a route of its own: EPERM           # to 192.0.2.1, whatever the address says
option a route of its own, IPv6: EPERM     #
option a device: EPERM                     #
option an interface: EPERM                 # by which 127.0.0.1 leaves the machine
option a group: EPERM                      # of which the kernel tells the network
sendmsg by any interface: works            #
sendmsg by the loopback interface: works   #
sendmsg by another: EACCES                 #
END
        same families.expected families.out

        # A thread exchanges the ports; the listener that is refused hears of nothing.
        for form in sendto sendmsg sendmmsg datagram connect; do
            count=$rounds
            { [ $lock = off ] || [ "$program" != "$helper" ]; } && [ -z "${COFFER_RACE_ROUNDS-}" ] && count=300
            ruled "$program" race $form "$count" "$allowed" "$denied" >race.out || fail "race $form: status $?"
            grep -q ': some went' race.out || [ "$count" = 300 ] || fail "no race: $(cat race.out)"
        done
    done
    # The descriptor is one moment a socket that may listen, and another that would get a port by that.
    cat >strict <<<'bind deny *:*'
    "$COFFER" run -q -l "$LAYER" --lock "$lock" -p strict -- "$helper" race listen 5000 1 2 >race.out
    grep -q 'IPv4 listens: 0' race.out || fail "it listens: $(cat race.out)"
done
"$helper" race listen 500000 1 2 | grep -q 'IPv4 listens: 1' || fail "natively nothing listens either"

# The memory that judged addresses lie in, where the kernel can seal it.
seal=$("$helper" seal) || fail "seal: status $?"
if [ "$seal" != 'mseal: ENOSYS' ]; then
    for program in "${helpers[@]}"; do
        ruled "$program" scratch >scratch.out || fail "scratch: status $?"
        [ "$(grep -c ': EPERM$' scratch.out)" = 5 ] || fail "it can be changed: $(cat scratch.out)"
    done
else
    echo "not tried: this kernel has no mseal()"
fi

exec 5>&- 6>&- 7>&-
echo >&"$host_in"
wait
outside=()
came="$(said "$allowed_out" allowed), $(said "$denied_out" denied), $(said "$native_out" native)"
[ "$came" = 'tcp came, udp came, tcp none, udp none, tcp came, udp came' ] || fail "allowed, denied, native: $came"
[ "$(cat <&"$host_out")" = "$(printf 'none\nnone')" ] || fail "a socket of the host was reached"

# An abstract name that the program gave up, and somebody outside took.
mkfifo squat.in squat.out squat.end
taken=coffer-test-$$-squat
"$COFFER" run -q -l "$LAYER" -p rules -- "$helper" squat $taken <squat.in >squat.out &
squatter=$!
outside+=("$squatter")
exec 5>squat.in 8<squat.out 9<>squat.end
[ "$(said 8 squat)" = 'while it is its own: works' ] || fail "squat: its own name does not work"
[ "$(said 8 squat)" = closed ] || fail "squat: the name is not given up"
python3 -c '
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind("\0" + sys.argv[1])
s.listen(1)
os.write(5, b"go\n")
os.close(5)
os.read(os.open("squat.end", os.O_RDONLY), 1)' $taken &
outside+=($!)
exec 5>&-
wait $squatter || fail "squat: $?"
echo >&9
wait
outside=()
came=$(said 8 squat)
[ "$came" = "when it is another's: EACCES" ] || fail "squat: $came"

# A port that somebody outside waits at is not shared, though he would. A rule about abstract names is none about ports.
cat >share.py <<'END'
import os, socket, sys
def at(port, kind):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    s.bind(("127.0.0.1", port))
    if kind == socket.SOCK_STREAM:
        s.listen(1)
    return s
kinds = socket.SOCK_STREAM, socket.SOCK_DGRAM
if len(sys.argv) == 1:
    held = [at(0, kind) for kind in kinds]
    ports = [s.getsockname()[1] for s in held]
    own = ["python3", "share.py"] + [str(port) for port in ports]
    view = [os.environ["COFFER"], "run", "-q", "-l", os.environ["LAYER"], "-p"]
    for command in own, view + ["rules", "--"] + own, view + ["names", "--", "python3", "share.py", "connect", str(ports[0])]:
        sys.stdout.flush()
        os.spawnvp(os.P_WAIT, command[0], command)
elif sys.argv[1] == "connect":
    socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    print("connected")
else:
    for port, kind in zip(sys.argv[1:], kinds):
        try:
            at(int(port), kind)
            print("shared")
        except OSError as error:
            print(error.strerror)
END
echo 'connect deny unix:@*' >names
LAYER=$LAYER python3 share.py >share.out
printf '%s\n' shared shared 'Address already in use' 'Address already in use' connected >share.expected
same share.expected share.out

# --net, behind the default profile. Without it the network is closed.
cat >ask.py <<'END'
import socket
def say(what, address, family=socket.AF_INET, kind=socket.SOCK_DGRAM):
    try:
        socket.socket(family, kind).connect(address)
        print(what, "works")
    except OSError as error:
        print(what, "refused" if error.errno == 13 else "works")
say("outside", ("192.0.2.1", 80))
say("loopback", ("127.0.0.1", 80))
say("names", ("127.0.0.1", 53))
server = socket.socket()
try:
    server.bind(("127.0.0.1", 0))
    print("bind works")
except OSError:
    print("bind refused")
END
# net MODE OUTSIDE LOOPBACK NAMES BIND
net() {
    "$COFFER" run -q -l "$LAYER" ${1:+--net "$1"} -- python3 ask.py >ask.out || fail "--net $1: $?"
    printf '%s\n' "outside $2" "loopback $3" "names $4" "bind $5" >ask.expected
    same ask.expected ask.out
}
net '' refused refused refused refused
net none refused refused refused refused
net loopback refused works refused works
net allow works works works works

# Names of hosts: one line for each server and what asked it, and no waiting.
cat >lookup.py <<'END'
import socket
try:
    socket.getaddrinfo("host.example", 80)
except socket.gaierror as error:
    print("no name")
END
for mode in none loopback; do
    rm -rf "$LAYER"
    timeout 60 "$COFFER" run -l "$LAYER" --net $mode -- python3 lookup.py >lookup.out 2>lookup.err
    grep -q 'no name' lookup.out || fail "--net $mode: $(cat lookup.out lookup.err)"
    grep -q '^nameserver' /etc/resolv.conf 2>/dev/null || continue
    server=$(sed -n 's/^nameserver[[:space:]]*//p;T;q' /etc/resolv.conf | head -n 1)
    [ "$(grep -c "^coffer: refused: python3\[[0-9]*\]: .*$server.*:53: --net $mode:" lookup.err)" = 1 ] ||
        fail "--net $mode does not say once who was asked: $(cat lookup.err)"
done
exit 0
