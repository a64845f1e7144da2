#!/bin/bash
# Ways round rules that do not name the file: by a descriptor that may only be named, by /proc, by a name that has been
# removed, by another protocol or address than the one that is the program's own.
set -u
. "$(dirname "$0")/lib.sh"
need python3
mkdir -p host/denied host/direct host/programs
cat >rules <<END
read deny $PWD/host/denied/**
read hide $PWD/host/direct/hidden*
write direct $PWD/host/direct/**
exec deny $PWD/host/programs/**
connect deny *
bind deny *
bind allow 127.0.0.0/8:*
END
cat >around.py <<'END'
import ctypes, os, shutil, socket, sys

libc = ctypes.CDLL(None, use_errno=True)

def tried(what, function):
    try:
        print(f"{what}: {function()}")
    except OSError as error:
        print(f"{what}: {error.strerror}")

def linked(directory, name, flags, to):
    if libc.linkat(directory, name, -100, to, flags) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return open(to).read()

def removed():
    fd = os.open("denied/other", os.O_PATH)
    os.unlink("denied/other")
    return open(f"/proc/self/fd/{fd}").read()

def renamed():
    open("direct/new", "w").close()
    os.rename("direct/new", "direct/hidden")

def executed():
    shutil.copy(shutil.which("echo"), "programs/copy")
    fd = os.open("programs/copy", os.O_RDONLY)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        tried("execute a descriptor", lambda: os.execve(fd, ["echo", "executed"], {}))
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)

def connected(kind, address, bound_kind, bound):
    with socket.socket(socket.AF_INET, bound_kind) as own, socket.socket(socket.AF_INET, kind) as to:
        own.bind((bound, port))
        if bound_kind == socket.SOCK_STREAM:
            own.listen()
        to.connect((address, port))
        return "connected"

port = int(sys.argv[1])
denied = os.open("denied/secret", os.O_PATH)
tried("link a descriptor", lambda: linked(denied, b"", 0x1000, b"denied/one"))
tried("link it by /proc", lambda: linked(-100, b"/proc/self/fd/%d" % denied, 0x400, b"two"))
tried("an attribute", lambda: os.getxattr("denied/secret", "user.note"))
tried("the right to read", lambda: os.access("denied/secret", os.R_OK))
tried("that it is there", lambda: os.access("denied/secret", os.F_OK))
tried("what was removed", removed)
tried("create what is hidden", lambda: os.write(os.open("direct/hidden-too", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), b"own"))
tried("read what is hidden", lambda: os.read(os.open("direct/hidden", os.O_RDWR | os.O_CREAT), 100))
tried("rename to what is hidden", renamed)
executed()
tried("another address", lambda: connected(socket.SOCK_STREAM, "0.0.0.0", socket.SOCK_STREAM, "127.0.0.2"))
tried("another protocol", lambda: connected(socket.SOCK_STREAM, "127.0.0.1", socket.SOCK_DGRAM, "127.0.0.1"))
with socket.socket() as own, socket.socket() as to:
    own.bind(("127.0.0.1", 0))
    own.listen()
    tried("its own", lambda: to.connect(own.getsockname()))
# An inherited file of the host, which has no name in the view any more.
os.unlink("log")
os.fchmod(3, 0o6777)
END
cat >wanted <<'END'
link a descriptor: Permission denied
link it by /proc: Permission denied
an attribute: Permission denied
the right to read: False
that it is there: True
what was removed: Permission denied
create what is hidden: 3
read what is hidden: b''
rename to what is hidden: Invalid cross-device link
execute a descriptor: Permission denied
another address: Permission denied
another protocol: Permission denied
its own: None
END
mkfifo end ready
python3 - >came <<'END' &
import os, socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen()
with open("ready", "w") as ready:
    print(s.getsockname()[1], file=ready)
os.open("end", os.O_RDONLY)
s.setblocking(False)
try:
    s.accept()
    print("came")
except BlockingIOError:
    print("none")
END
outside=$!
trap 'kill $outside 2>/dev/null' EXIT
read -rt 20 port <ready || fail "nobody listens outside"
for lock in try off; do
    for name in denied/secret denied/other direct/hidden direct/hidden-too log; do echo kept >host/$name; done
    snapshot host >before
    (cd host && exec 3>>log && exec "$COFFER" run -q --lock=$lock -p ../rules -l "$LAYER.$lock" -- \
        sh -c 'exec python3 ../around.py "$1" >../out 3>&0' sh "$port" 0<&3) 2>err || fail "$(cat err)"
    "$COFFER" run -q -l "$LAYER.$lock" -- cat out >said
    same wanted said
    rm -f host/direct/new
    snapshot host >after
    sed -i '/ host\/direct$/d' before after
    same before after
done
: >end
wait $outside
[ "$(cat came)" = none ] || fail "a socket of the host was reached"
