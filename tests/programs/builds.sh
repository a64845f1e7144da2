#!/bin/bash
# A package is built in phases under the profile `build` by the hooks in tests/builds: what comes out is what the same
# phases give natively, nothing is refused; and what a phase may not do, though an earlier or a later one may, is refused
# and makes the build fail.
# shellcheck disable=SC2016 # texts for inner shells
set -u
umask 022
. "$(dirname "$0")/lib.sh"
hooks=$(readlink -m "$COFFER_TESTS/../builds")
[ -d "$hooks" ] || skip "no hooks here"
need gcc make python3 curl tar strip
export PATH=$PATH:$hooks
unset http_proxy HTTP_PROXY all_proxy # the server is on this machine

# The source: a program, its test on the loopback network, and all that `make install` does to files.
mkdir -p source/greet-1.0
(
    cd source/greet-1.0 || exit 1
    cat >greet.c <<'END'
#include <stdio.h>
int main(void) { return puts(GREETING) < 0; }
END
    cat >check.py <<'END'
import socket, subprocess, threading
server = socket.create_server(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind("check.socket")
threading.Thread(target=lambda: server.accept()[0].sendall(subprocess.check_output("./greet"))).start()
with socket.create_connection(server.getsockname()) as client:
    assert client.makefile().read() == "hello\n"
END
    cat >Makefile <<'END'
all: greet
config.h:
	rm -f probe.fifo && mkfifo probe.fifo && rm probe.fifo
	echo '#define GREETING "hello"' >config.tmp && mv config.tmp config.h
greet: greet.c config.h
	$(CC) -O1 -include config.h -o greet greet.c
check: greet
	python3 check.py
install: greet
	mkdir -p $(DESTDIR)/usr/bin $(DESTDIR)/usr/share/greet $(DESTDIR)/etc
	install -m 755 -s greet $(DESTDIR)/usr/bin/greet
	ln -f $(DESTDIR)/usr/bin/greet $(DESTDIR)/usr/bin/greet-1.0
	ln -sfn greet $(DESTDIR)/usr/bin/hello
	install -m 640 config.h $(DESTDIR)/etc/greet.h
	cp -p greet $(DESTDIR)/usr/share/greet/private && chmod 4711 $(DESTDIR)/usr/share/greet/private
	chown 0:8 $(DESTDIR)/etc/greet.h || test $$(id -u) != 0
	touch -d '2001-01-01 00:00' $(DESTDIR)/etc/greet.h $(DESTDIR)/usr/share/greet/private
END
)
mkdir served
tar czf served/greet-1.0.tar.gz -C source greet-1.0

# Where it is fetched from: one port, which sends to another for what is in /moved. It says so when it listens.
cat >server.py <<'END'
import functools, http.server, threading
class Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if not self.path.startswith("/moved/"):
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:%d/%s" % (servers[1].server_port, self.path[len("/moved/"):]))
        self.end_headers()
handler = functools.partial(Handler, directory="served")
servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for i in range(2)]
threading.Thread(target=servers[1].serve_forever).start()
print(*[server.server_port for server in servers], flush=True)
servers[0].serve_forever()
END
mkfifo said
python3 server.py >said 2>/dev/null &
server=$!
trap 'kill $server' EXIT
read -r port other <said
url=http://127.0.0.1:$port/greet-1.0.tar.gz
sum=$(sha256sum <served/greet-1.0.tar.gz | cut -d' ' -f1)

# Natively.
root=()
[ "$(id -u)" = 0 ] || ! command -v fakeroot >/dev/null || root=(fakeroot --)
mkdir native
(cd source/greet-1.0 && make -s && make -s check && "${root[@]}" make -s install DESTDIR="$PWD/../../native") >native.log 2>&1 ||
    fail "natively: $(cat native.log)"
# members TAR: without the times of what was made just now.
members() { tar tv --full-time --numeric-owner -f "$1" | sed -E 's/ 20[2-9][0-9]-[0-9-]+ [0-9:.]+ / NOW /'; }
(
    . "$hooks/phases.bash"
    recipe=served/greet-1.0.tar.gz pack native native.tar
)
members native.tar >native.members

# The profile lets all of /dev/shm be written to, where tests may run.
printf 'write deny %s\n' "$PWD/*" "$PWD/bad/PKGBUILD" "$PWD/bad/pkg/**" >rules

for lock in try off; do
    mkdir "makepkg-$lock" "ebuild-$lock"
    cat >"makepkg-$lock/PKGBUILD" <<END
pkgname=greet pkgver=1.0
source=($url)
sha256sums=($sum)
build() { cd greet-1.0 && make; }
check() { cd greet-1.0 && make check; }
# As root, make install of zlib and others makes the cache of libraries anew.
package() { cd greet-1.0 && make install DESTDIR="\$pkgdir" && { /sbin/ldconfig 2>/dev/null || true; }; }
END
    (cd "makepkg-$lock" && expect makepkg --lock="$lock") || exit 1
    members "makepkg-$lock/greet-1.0.tar" >makepkg.members
    same native.members makepkg.members
    echo "SRC_URI=$url" >"ebuild-$lock/greet-1.0.ebuild"
    (cd "ebuild-$lock" && expect ebuild greet-1.0.ebuild --lock="$lock") || exit 1
    members "ebuild-$lock/greet-1.0.tar" >ebuild.members
    same native.members ebuild.members
    tar xOf "ebuild-$lock/greet-1.0.tar" ./usr/bin/greet | cmp - native/usr/bin/greet || fail "another program"

    # refused WHAT FUNCTIONS [OPTION]...: the build fails with 2, says what was refused, and nothing came of it.
    refused() {
        rm -rf bad outside && mkdir bad && echo kept >outside
        printf '%s\n' "pkgname=bad pkgver=1 source=($url) sha256sums=($sum)" "connects() { : 3<>/dev/tcp/127.0.0.1/$port; }" "$2" >bad/PKGBUILD
        (cd bad && makepkg --lock="$lock" -p "$PWD/../rules" "${@:3}") >bad.log 2>&1
        status=$?
        [ $status = 2 ] || fail "status $status and not 2: $2: $(cat bad.log)"
        grep -q "coffer: refused: .*$1" bad.log || fail "not said: $1: $(cat bad.log)"
        [ "$(cat outside)" = kept ] && [ ! -e bad/bad-1.tar ] || fail "it had an effect: $2"
    }
    refused "cannot write $PWD/outside" 'build() { echo changed >../../outside || true; }'
    refused "cannot write $PWD/outside" 'build() { rm -f ../../outside || true; }'
    refused "cannot write $PWD/outside" 'check() { chmod 777 ../../outside || true; }'
    refused "cannot write $PWD/bad/pkg/early" 'build() { echo early >../pkg/early || true; }'
    refused "cannot write $PWD/bad/PKGBUILD" 'package() { echo "evil" >>../PKGBUILD || true; }'
    # Each phase has its own rules: no other writes where it was fetched to, or reaches the host; loopback is for tests.
    refused "cannot write $PWD/bad/.phases/distfiles/greet" 'prepare() { echo more >>greet-1.0.tar.gz || true; }'
    refused "cannot connect to 127.0.0.1:$port" 'build() { connects || true; }'
    refused "cannot connect to 127.0.0.1:$port" 'check() { connects; }; package() { connects || true; }'
    # None can change them; and from the last phase on nobody could, were it allowed to all before.
    add='for rule in "write direct $pkgdir/**" "connect allow 127.0.0.0/8:*"; do true >"/dev/coffer/add/$rule" || true; done'
    refused 'add/write direct .*: the policy is locked' "build() { $add; echo early >../pkg/early || true; }"
    refused 'add/connect allow .*: the policy is locked' "package() { $add; connects || true; }"
    refused 'add/connect allow .*: the policy is locked' "build() { $add; connects; }; package() { $add; connects || true; }" --control=open
    # What stands outside of the functions is executed before any of them, and has nowhere to write to.
    rm -rf bad && mkdir bad
    echo 'pkgname=bad pkgver=1; echo early >'"$PWD/early" >bad/PKGBUILD
    ! (cd bad && makepkg --lock="$lock" -p "$PWD/../rules") >bad.log 2>&1 || fail "a recipe that writes while it is read: $(cat bad.log)"
    [ ! -e early ] || fail "a recipe wrote while it was read"
done

# The one phase that reaches other hosts reaches those that were named.
mkdir moved
sed "s|127.0.0.1:$port/|&moved/|" makepkg-try/PKGBUILD >moved/PKGBUILD
! (cd moved && makepkg) >moved.log 2>&1 || fail "it is fetched from another host: $(cat moved.log)"
grep -q "cannot connect to 127.0.0.1:$other" moved.log || fail "it is not said why: $(cat moved.log)"
(cd moved && FETCH_HOSTS=http://127.0.0.1:$other expect makepkg) || exit 1
! (cd moved && sed -i 's|http:|file:|' PKGBUILD && makepkg) >moved.log 2>&1 || fail "it is fetched from nowhere"

# dpkg-buildpackage: beside the source, and from the loopback network on, one phase each.
mkdir -p deb/bin deb/source
printf '#!/bin/bash\ncase " $* " in *" -T "*) . ./build ;; *) . ./binary ;; esac\n' >deb/bin/dpkg-buildpackage
chmod +x deb/bin/dpkg-buildpackage
# phases STATUS BUILD BINARY [OPTION]...: the two, and how it ends.
phases() {
    rm -f deb/made
    echo "$2" >deb/source/build
    echo "$3" >deb/source/binary
    (cd deb/source && PATH=$PWD/../bin:$PATH deb "${@:4}") >deb.log 2>&1
    status=$?
    [ $status = "$1" ] || fail "status $status and not $1: $2; $3: $(cat deb.log)"
}
phases 0 "echo 1 >made && rmdir \$(mktemp -d /var/tmp/coffer.XXXXXX) && : 3<>/dev/tcp/127.0.0.1/$port" 'mv made ../made'
[ -e deb/made ] || fail "what is beside the source was not made"
phases 2 'true >../made || true' ':'
phases 2 ':' ": 3<>/dev/tcp/127.0.0.1/$port || true"
phases 3 'true >"/dev/coffer/add/write direct $above/**" || exit 3' ':'
phases 0 'true >"/dev/coffer/add/write direct $above/**" && true >../made' ':' --control=open
phases 3 ':' 'true >"/dev/coffer/add/connect allow 127.0.0.0/8:*" || exit 3' --control=open
phases 4 'exit 4' 'exit 5'

# A wrong sum ends it.
mkdir wrong
sed "s/$sum/${sum//[0-9]/0}/" "makepkg-try/PKGBUILD" >wrong/PKGBUILD
! (cd wrong && makepkg) >wrong.log 2>&1 || fail "another source than was meant is built"

# Debian packages: one that does not build natively is a failure, one that cannot be fetched was not tried.
mkdir -p debian/tests/programs debian/bin debian/cache
cp -r "$hooks" debian/tests/builds
: >debian/cache/try_1.dsc
printf '#!/bin/sh\n[ "$1" = try ] && echo "%s/try_1.orig.tar.gz" || { echo "no such source" >&2; exit 1; }\n' "$PWD/debian/cache" >debian/tests/programs/fetch-source
printf '#!/bin/sh\nfor last; do :; done\nmkdir "$last"\n' >debian/bin/dpkg-source
printf '#!/bin/sh\n' >debian/bin/dpkg-checkbuilddeps
printf '#!/bin/sh\necho "no rule to make it"\nexit 2\n' >debian/bin/dpkg-buildpackage
chmod +x debian/bin/* debian/tests/programs/fetch-source
PATH=$PWD/debian/bin:$PATH debian/tests/builds/run -1 try >debian.out 2>&1
[ $? = 1 ] || fail "a package that does not build natively: $(cat debian.out)"
grep -q 'no rule to make it' debian.out || fail "it is not said why: $(cat debian.out)"
PATH=$PWD/debian/bin:$PATH debian/tests/builds/run -1 none >debian.out 2>&1
[ $? = 77 ] || fail "a package that cannot be fetched: $(cat debian.out)"
grep -q '^skip .*no such source' debian.out || fail "it is not said why: $(cat debian.out)"
exit 0
