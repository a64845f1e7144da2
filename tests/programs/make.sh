#!/bin/bash
# make -j8 of a project of 60 C files, natively and in a view: the same objects, the same program; nothing to do then.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
need gcc make ar
mkdir -p host/source
{
    echo '#include <stdio.h>'
    for i in {1..60}; do echo "int f$i(void);"; done
    echo 'int main(void) { int sum = 0;'
    for i in {1..60}; do echo "sum += f$i();"; done
    echo 'printf("%d\n", sum); return 0; }'
} >host/source/main.c
for i in {1..60}; do
    printf '#include "common.h"\nint f%d(void);\nint f%d(void) { return COMMON * %d; }\n' "$i" "$i" "$i" >"host/source/f$i.c"
done
echo '#define COMMON 2' >host/source/common.h
cat >host/Makefile <<'END'
objects := $(patsubst source/%.c,build/%.o,$(sort $(filter-out source/main.c,$(wildcard source/*.c))))
program: build/main.o build/library.a
	gcc -o $@ $^
build/library.a: $(objects)
	rm -f $@ && ar rcD $@ $^
build/%.o: source/%.c
	@mkdir -p build
	gcc -MMD -c -o $@ $<
-include $(wildcard build/*.d)
END
same_as_native '
    set -e
    make -j8 >log 2>&1 || { cat log; exit 1; }
    sort log && rm log
    ./program
    make -j8
    echo "#define COMMON 3" >source/common.h
    make -j8 | wc -l
    ./program
'
[ "$(run_view make -C host -s -q program; echo $?)" = 0 ] || fail "make in a second run finds something to do"
