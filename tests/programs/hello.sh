#!/bin/bash
# GNU hello from source in a view: unpacked, configured, made and installed in one run, run in the next; what
# `commit --root` writes is what `make install DESTDIR=` gives natively.
set -u
umask 022
. "$(dirname "$0")/lib.sh"
need gcc make tar
[ -z "${COFFER_SANITIZED-}" ] || [ "$(id -u)" = 0 ] || skip "sanitized, coffer is slow: configure and make are tried as root alone"
tarball=$("$COFFER_TESTS/fetch-source" hello 2>fetch.err) || skip "$(tail -n 1 fetch.err)"

# An ordinary user may not write /usr/local, in a view no more than outside.
if [ "$(id -u)" = 0 ]; then
    prefix=/usr/local
else
    prefix=$HOME/opt
    mkdir "$prefix"
fi
[ ! -e "$prefix/bin/hello" ] || skip "$prefix/bin/hello exists here"

# The mode of a directory that the host has is the host's, not that of `make install`.
installed() (
    export LC_ALL=C
    cd "$1" || exit 1
    find . -type d | sort | while read -r directory; do
        if [ -d "$prefix/$directory" ]; then echo "$directory"; else stat -c '%n %a %U:%G' "$directory"; fi
    done
    find . ! -type d -printf '%p %y %m %U:%G %s %l\n' | sort
    find . -type f -print0 | sort -z | xargs -0 -r sha256sum
)

# Sanitized, coffer is slow: then the second run of configure knows what the first has found out.
cache=
if [ -n "${COFFER_SANITIZED-}" ]; then
    cache="--cache-file='$PWD/config.cache'"
    echo "not tried: the tests of configure in a view, where coffer is sanitized: what a native run found out is known"
fi

# The same build directory for both: it is in the debugging information of the program.
build="rm -rf source && mkdir source && cd source && tar xf '$tarball' --strip-components=1 &&
    ./configure $cache --prefix='$prefix' && make -j2"

expect sh -c "$build && make install DESTDIR='$PWD/native'"
rm -rf source
snapshot "$prefix" >before
expect run_view sh -c "$build && make install"
[ ! -e source ] || fail "the build directory came to be on the host"
[ "$(run_view "$prefix/bin/hello")" = "Hello, world!" ] || fail "hello does not run in a second run"
# shellcheck disable=SC2016 # for the inner shell
[ "$(PATH="$prefix/bin:$PATH" run_view sh -c 'command -v hello')" = "$prefix/bin/hello" ] || fail "hello is not in PATH"
mkdir root
expect "$COFFER" commit "$LAYER" "$prefix" --root root
installed "native$prefix" >native.list
installed "root$prefix" >root.list
same native.list root.list
snapshot "$prefix" >after
same before after
