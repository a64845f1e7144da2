#!/bin/bash
# tests/thirdparty/ia32.sh [NAME...]
#
# Debian's i386 packages in a root directory of their own, natively and in a view: what they print, and the tree that
# they leave, must be the same. One line each: pass or FAIL (the difference stands below it). All of them, or those named:
# coreutils findutils tar busybox python sqlite mixed
#
# COFFER is the program to test (default: build/coffer). As root (chroot). Needs some 150 MB in TMPDIR and a mirror, and
# apt that knows the architecture: dpkg --add-architecture i386 && apt-get update
set -u
here=$(cd "$(dirname "$0")" && pwd)
COFFER=$(readlink -f "${COFFER:-$here/../../build/coffer}")
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
[ "$(id -u)" = 0 ] || { echo "skip: chroot needs root"; exit 77; }
apt-cache show libc6:i386 >/dev/null 2>&1 || { echo "skip: dpkg --add-architecture i386 && apt-get update"; exit 77; }
work=$(mktemp -d "${TMPDIR:-/tmp}/coffer-ia32.XXXXXX") || exit 1
trap 'cd /; rm -rf --one-file-system "$work"' EXIT
cd "$work" || exit 1
failed=0

packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances coreutils:i386 findutils:i386 tar:i386 gzip:i386 dash:i386 bash:i386 busybox:i386 sqlite3:i386 \
    python3-minimal:i386 libpython3-stdlib:i386 sed:i386 grep:i386 | grep -o '^[a-z0-9.+-]*:i386$' | sort -u)
mkdir packages root
chmod 755 .
# shellcheck disable=SC2086 # many
(cd packages && chmod 777 . && apt-get -qq download $packages) || { echo "skip: the packages cannot be fetched"; exit 77; }
for package in packages/*.deb; do dpkg -x "$package" root || exit 1; done
ln -sf dash root/bin/sh
mkdir -p root/tmp root/work root/dev
cp -a /dev/null root/dev/
# A 64-bit program without libraries, that goes on as another one.
printf '%s\n' '#include <stdio.h>' '#include <unistd.h>' 'int main(int argc, char **argv) {' \
    'puts("in 64 bits"); fflush(stdout); return argc < 2 ? 3 : execv(argv[1], argv + 1); }' >x64.c
gcc -static -o root/bin/x64 x64.c || exit 1

# What lies in work/ afterwards.
tree() {
    (cd "$1" && find . -printf '%p %y %m %U:%G %T@ %l\n' | sed 's/\(\.[0-9]\{9\}\)0 /\1 /' | sort)
    (cd "$1" && find . -type f -exec sha256sum {} + | sort)
}
export -f tree

# try NAME SCRIPT: run by the i386 shell in the root directory.
try() {
    local name=$1
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " = *" $name "* ]] || return
    rm -rf root/work layer && mkdir root/work && touch -d @1000000000 root/work
    export script="cd /work && $2"
    # shellcheck disable=SC2016 # for the inner shell
    local run='timeout -s KILL 120 chroot root /bin/sh -c "$script"; echo "status $?"; tree root/work'
    "$COFFER" run -q -l "$work/layer" -- bash -c "$run" >view.out 2>&1 </dev/null
    [ -z "$(ls -A root/work)" ] || { echo "FAIL  $name: the host was changed"; failed=1; }
    bash -c "$run" >native.out 2>&1 </dev/null
    if diff native.out view.out >difference; then
        echo "pass  $name ($(wc -l <native.out) lines, $(grep -x 'status [0-9]*' native.out))"
    else
        echo "FAIL  $name"
        head -n 20 difference
        failed=1
    fi
}
only=("$@")
fixed='find . -depth -exec touch -h -d @1200000000 {} +'

try coreutils "
    for n in 1 2 3 4 5 6 7 8 9; do mkdir -p a/d\$n && echo text \$n >a/d\$n/file; done
    seq 1 20000 >numbers && sort -R --random-source=numbers numbers | sort -n | cmp - numbers && echo sorted
    cp -a a b && mv b/d1 b/e1 && ln b/d2/file b/hard && ln -s d2/file b/soft && rm -r b/d3 && chmod 750 b/d4
    chown 70000:80000 b/d5/file && chmod u+s b/d6/file && truncate -s 5G large && stat -c '%n %s %a %u %g %h %F' large b/* b/*/*
    rm large; mkfifo pipe; (cat pipe >received & echo through >pipe; wait); dd if=numbers of=part bs=7 skip=3 count=5 2>err
    ls -laR --time-style=+ . | grep -v '^total\|^d\| err$'
    install -D -m 711 numbers x/y/z && rmdir missing; pwd -P; readlink -f b/soft; rm -f err; $fixed"
try findutils "
    mkdir -p many && cd many && for i in \$(seq 1 1500); do : >name\$i; done; cd ..
    find many -type f | wc -l; find many -name '*7' -delete; find many -type f | wc -l
    find many -type f -print0 | xargs -0 -n 100 ls | wc -l; ls many | wc -l; $fixed; find . -newermt 2009-01-01 | wc -l"
try tar "
    cp -a /usr/share/doc . && tar cf all.tar doc && mkdir out && tar xf all.tar -C out && tar df all.tar -C out && echo same
    tar czf all.tgz doc && tar tzf all.tgz | sort | sha256sum; rm -r doc all.tgz all.tar; find out -depth -type d -exec touch -d @1200000000 {} +; touch -d @1200000000 ."
try busybox "
    busybox mkdir -p p/q && busybox sh -c 'echo one >p/q/r; cat <p/q/r >>p/s; ls -R p' && busybox cp -a p p2
    busybox find . | sort; busybox tar cf - p | busybox tar tf -; busybox stat -c '%s %a' p/q/r; busybox rm -r p; $fixed"
try python "
    python3 - <<'END'
import os, subprocess, socket, shutil, tempfile, stat
os.makedirs('t/u/v'); open('t/u/f', 'w').write('x' * 100000); os.symlink('u/f', 't/l'); os.link('t/u/f', 't/h')
print(sorted(os.listdir('t')), os.stat('t/h').st_nlink, os.path.realpath('t/l').startswith('/work'))
with os.scandir('t') as entries: print(sorted((e.name, e.is_dir(), e.inode() == e.stat(follow_symlinks=False).st_ino) for e in entries))
shutil.copytree('t', 't2', symlinks=True); os.utime('t2/h', (1, 2.5)); print(os.stat('t2/h').st_mtime_ns)
os.utime('t2/h', ns=(5 << 32, 7 << 32)); print(os.stat('t2/h').st_mtime_ns)
s = socket.socket(socket.AF_UNIX); s.bind('t/sock'); s.listen(); c = socket.socket(socket.AF_UNIX); c.connect('t/sock')
a, where = s.accept(); print(repr(where), s.getsockname(), c.getpeername()); c.sendall(b'hi'); print(a.recv(9)); os.unlink('t/sock')
d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); d.bind('t/d1'); e = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); e.bind('t/d2')
e.sendto(b'abc', 't/d1'); print(d.recvfrom(10)); e.sendmsg([b'x', b'y'], [], 0, 't/d1'); print(d.recvmsg(10)[3], os.uname().machine != '')
os.unlink('t/d1'); os.unlink('t/d2'); print(len(os.sched_getaffinity(0)) > 0, subprocess.check_output(['sh', '-c', 'echo \$0 \$1', 'a', 'b']))
f = os.open('t/big', os.O_RDWR | os.O_CREAT); os.pwrite(f, b'end', 6 << 30); print(os.fstat(f).st_size, os.pread(f, 3, 6 << 30)); os.unlink('t/big')
os.setxattr('t/h', 'user.a', b'1') if hasattr(os, 'setxattr') else None; print(os.listxattr('t/h'), os.getxattr('t/h', 'user.a'))
pid = os.fork()
if pid == 0: os.chdir('t/u'); open('child', 'w').write('c'); os._exit(4)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.getcwd(), open('t/u/child').read())
shutil.rmtree('t2'); os.rename('t/u', 't/w'); print(sorted(os.listdir('t/w')))
END
    $fixed"
try sqlite "
    sqlite3 base 'create table t(a, b); begin; insert into t values (1, \"x\"); insert into t values (2, \"y\"); commit; pragma journal_mode=wal; insert into t values (3, \"z\"); select * from t; pragma integrity_check;'
    sqlite3 base 'vacuum; select count(*) from t'; ls; $fixed"
# Programs of both kinds in one pipeline, each started by the other; one that was copied, with its interpreter changed.
try mixed "
    cp /bin/x64 x64; cp /bin/dash d32; ./x64 /bin/echo text | cat | ./x64 /bin/sed s/t/T/ >out 2>&1; cat out
    ./d32 -c './x64; /bin/echo in 32 bits'; printf '#!/work/d32\necho script \$0 \$1\n' >s && chmod 755 s && ./s one
    ./x64 ./s two; ./x64 ./x64 ./d32 -c './x64 ./s three'
    cp /lib/ld-linux.so.2 ld.new && mv /lib/ld-linux.so.2 /lib/ld.old && ./ld.new /bin/mv /lib/ld.old /lib/ld-linux.so.2
    /bin/echo back; $fixed"
exit $failed
