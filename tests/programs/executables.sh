#!/bin/bash
# Programs of every kind run in a view, from the host and from the layer: static, PIE, non-PIE, Go, scripts, a copied
# loader; and see themselves under their paths in the view.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
need gcc
mkdir -p host/bin
cat >host/self.c <<'END'
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    char exe[4096];
    ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[length > 0 ? length : 0] = 0;
    printf("argc %d argv[0] %s exe %s AT_EXECFN %s\n", argc, argv[0], exe, (char *)getauxval(AT_EXECFN));
    return 7;
}
END
if command -v go >/dev/null; then
    cat >host/self.go <<'END'
package main

import (
	"fmt"
	"os"
)

func main() {
	done := make(chan error)
	for i := 0; i < 20; i++ {
		go func(i int) { done <- os.WriteFile(fmt.Sprintf("go-%d", i), []byte("written by go\n"), 0o644) }(i)
	}
	for i := 0; i < 20; i++ {
		if err := <-done; err != nil {
			fmt.Println(err)
		}
	}
	exe, _ := os.Executable()
	fmt.Println(exe)
}
END
    (cd host && GO111MODULE=off GOCACHE="$PWD/../gocache" GOFLAGS=-trimpath go build -o bin/go self.go) || rm -f host/bin/go
fi
expect gcc -o host/bin/pie host/self.c
expect gcc -no-pie -fno-pie -o host/bin/nopie host/self.c
gcc -static -o host/bin/static host/self.c 2>static.err || echo "no static libc here: $(tail -n 1 static.err)"
gcc -static-pie -o host/bin/staticpie host/self.c 2>static.err || rm -f host/bin/staticpie
printf '#!/bin/sh\necho "script $0 $*"\nexit 3\n' >host/bin/script
printf '#!%s/host/bin/script with-argument\n' "$(readlink -f .)" >host/bin/nested
printf 'echo no interpreter line\n' >host/bin/plain
printf '#!/nonexistent/interpreter\n' >host/bin/badscript
printf '\177ELFbroken' >host/bin/broken
chmod +x host/bin/*
printf 'not executable\n' >host/bin/noexec
cp /bin/true host/bin/true
ln -s true host/bin/truelink

# First from the host, then as copies that lie in the layer.
same_as_native '
    try() { "$@" 2>&1 | sed "s/^bash: line [0-9]*: //"; echo "$*: ${PIPESTATUS[0]}"; }
    cp -r bin layer
    for place in bin layer; do
        for program in pie nopie static staticpie go script nested plain badscript broken noexec true truelink missing; do
            try "$place/$program" one two
            try "$PWD/$place/../$place/$program"
        done
        (cd $place && PATH=. && pie)
        cd $place && try ./pie; cd ..
    done
    printf "#!%s/layer/pie\n" "$PWD" >layer/byours && chmod +x layer/byours && try layer/byours
    cp /lib64/ld-linux-x86-64.so.2 layer/ld.so && try layer/ld.so layer/true
    mkdir lib && cp /lib/x86_64-linux-gnu/libc.so.6 lib/ && LD_LIBRARY_PATH=$PWD/lib try layer/pie
    rm layer/pie && try layer/pie
    bash -c "exec -a other bin/nopie"
    cat bin/true >layer/over && chmod 755 layer/over && layer/over && echo overwritten runs
    echo x >bin/true; bin/true; echo $?
'
