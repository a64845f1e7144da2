#!/bin/bash
# coffer report --format depfile: real make and ninja take the rules, and build again what is old, and only that.
. "$COFFER_TESTS/lib.sh"
need make gcc

# record FILE COMMAND...
record() {
    record_file=$1
    shift
    "$COFFER" record -q -o "$record_file" -- "$@" >record.out 2>&1 || fail "record $*: $(cat record.out)"
}

# A file that is newer than all that was built.
make_newer() {
    touch -d '1 minute' "$1"
}

make_older() {
    touch -d 2001-01-01 "$@"
}

# stale TARGET: whether make would build it.
stale() {
    make -q "$1" >/dev/null 2>&1
    stale_status=$?
    [ $stale_status -le 1 ] || fail "make -q $1: $(make -q "$1" 2>&1)"
    [ $stale_status = 1 ]
}

# A command that writes two files of names that both programs can read.
mkdir -p 'src/d x' && cd src || exit 1
names=('plain' 'a b' 'c#d' 'e$f' 'g:h' 'i\j' 'k=l' 'd x/m' 'n%o' "p'q" 'r[s]' 't(u).v' 'w\ x')
for name in "${names[@]}"; do echo "$name" >"$name"; done
echo other >other
cat >build.sh <<'END'
#!/bin/sh
cat plain 'a b' 'c#d' 'e$f' 'g:h' 'i\j' 'k=l' 'd x/m' 'n%o' "p'q" 'r[s]' 't(u).v' 'w\ x' >out.tmp
mv out.tmp 'out 1'
cp 'out 1' out2
END
chmod +x build.sh
record ../names.rec ./build.sh
expect "$COFFER" report ../names.rec --format depfile -o names.mk
# Rules for each; and one rule, for another name.
expect "$COFFER" report ../names.rec --format depfile --target one -o one.mk
touch one
cat >Makefile <<'END'
include names.mk
include one.mk
out\ 1 out2 one: ; ./build.sh
END
[ "$(make -s -n -p 2>/dev/null | grep -c '^out2:')" -ge 1 ] || fail "make does not have the rule: $(cat names.mk)"
make_older "${names[@]}" build.sh other
for target in 'out 1' out2 one; do
    ! stale "$target" || fail "make builds $target though nothing has changed: $(cat names.mk)"
    for name in "${names[@]}" build.sh; do
        make_newer "$name"
        stale "$target" || fail "make does not build $target though $name is newer: $(cat names.mk)"
        make_older "$name"
    done
    make_newer other
    ! stale "$target" || fail "make builds $target though another file alone has changed"
    make_older other
done
# A file that is deleted is no error, and a reason to build.
mv plain away && stale out2 || fail "make does not build after an input was deleted"
mv away plain

# Names that no rule can have are told of, and left out: nothing of them becomes a rule or a directive.
mkdir ../hostile && cd ../hostile || exit 1
cat >build.sh <<'END'
cat "a
b: c" 'x*y' 'z;touch pwned' '~root' >"include evil.mk"
cp build.sh '.PHONY'
cp build.sh 'a%b'
cp build.sh 'v=w'
cp build.sh good
END
echo x | tee "a
b: c" 'x*y' 'z;touch pwned' '~root' >/dev/null
echo 'include evil.mk' >evil.mk
record ../hostile.rec sh build.sh
"$COFFER" report ../hostile.rec --format depfile -o deps.mk 2>err || fail "depfile: $(cat err)"
[ "$(grep -c 'left out' err)" = 8 ] || fail "names that cannot stand: $(cat err)"
{
    echo include deps.mk
    echo 'good: ; false'
} >Makefile
! stale good || fail "make builds good though nothing has changed"
[ ! -e pwned ] || fail "a name was executed"
make -s -n -p 2>/dev/null >database
! grep -q 'pwned\|^v =' database || fail "a name became more than a name: $(grep 'pwned\|^v =' database)"
"$COFFER" report ../hostile.rec --format depfile --target 'a%b' 2>err && fail "a target that cannot be"
"$COFFER" record -q -o ../none.rec -- true && "$COFFER" report ../none.rec --format depfile >out 2>err &&
    fail "rules for a command that made nothing"
grep -q -e --target err || fail "no word of what to do: $(cat err)"

# Patterns to make: names that would find other files are left out, as inputs and as outputs.
mkdir '../patterns [x]' && cd '../patterns [x]' || exit 1
names=('b[a]d' 'w?y' 'r[s]' 'o?e' 'u[n')
for name in "${names[@]}"; do echo "$name" >"$name"; done
echo other | tee bad wxy >out
cat >build.sh <<'END'
cat 'b[a]d' 'w?y' 'r[s]' 'o?e' 'u[n' >good
cp good 'o[u]t'
cp good 'p?t'
END
record ../patterns.rec sh build.sh
"$COFFER" report ../patterns.rec --format depfile -o deps.mk 2>err || fail "depfile: $(cat err)"
[ "$(grep -c 'left out' err)" = 3 ] || fail "patterns that find others: $(cat err)"
"$COFFER" report ../patterns.rec --format depfile --target 'o[u]t' 2>err && fail "a target that is another to make"
{
    echo 'good p?t out: ; false'
    echo include deps.mk
} >Makefile
make_older ./*
touch good 'p?t'
for target in good 'p?t'; do
    ! stale "$target" || fail "make builds $target though nothing has changed: $(cat deps.mk)"
    for name in bad wxy; do
        make_newer "$name"
        ! stale "$target" || fail "make builds $target though $name alone has changed: $(cat deps.mk)"
        make_older "$name"
    done
    for name in 'r[s]' 'o?e' 'u[n'; do
        make_newer "$name"
        stale "$target" || fail "make does not build $target though $name is newer: $(cat deps.mk)"
        make_older "$name"
    done
done
make_older out
make_newer good
! stale out || fail "make has a rule for another file: $(cat deps.mk)"

# What make started is kept apart: each file has what went into it, and no more.
mkdir ../made && cd ../made || exit 1
printf '#include "a.h"\nint main(void) { return A + b(); }\n' >a.c
printf '#define A 1\nint b(void);\n' >a.h
printf '#include "generated.h"\nint b(void) { return B; }\n' >b.c
echo 2 >number
cat >Makefile <<'END'
prog: a.o b.o ; gcc -pipe -o $@ a.o b.o
a.o: a.c ; gcc -pipe -c a.c
b.o: b.c generated.h ; gcc -c b.c
generated.h: number ; echo "#define B $$(cat number)" >$@.tmp; cat $@.tmp >$@; rm $@.tmp
END
record ../made.rec make -j2
expect "$COFFER" report ../made.rec --format depfile -o deps.mk
# right TARGET: what of this directory its rule has.
right() {
    sed -n "/^$1:/,/^\$/p" deps.mk | sed -n 's/^  \([^/][^ ]*\).*/\1/p' | LC_ALL=C sort | tr '\n' ' '
}
for expected in 'a.o:Makefile a.c a.h ' 'b.o:Makefile b.c number ' 'generated.h:Makefile number ' \
    'prog:Makefile a.c a.h b.c number '; do
    [ "$(right "${expected%%:*}")" = "${expected#*:}" ] ||
        fail "${expected%%:*}: $(right "${expected%%:*}")and not ${expected#*:}"
done
grep -q '^  /.*/cc1 \\$' deps.mk || fail "the compiler is no input"
! grep -q '^  /dev/null\|^  /proc\|^  generated' deps.mk || fail "devices or outputs are inputs: $(cat deps.mk)"

# ninja, with the command recorded as it is built.
command -v ninja >/dev/null 2>&1 || skip "make is right; no ninja here"
mkdir ../ninja && cd ../ninja || exit 1
cp ../made/a.c ../made/a.h . && echo 'int b(void) { return 0; }' >b.c && echo >'odd #$:name'
cat >build.ninja <<END
rule build
  command = $COFFER record -q -o prog.rec -- sh -c 'gcc -c a.c && gcc -c b.c && cat odd* >/dev/null && gcc -o prog a.o b.o && rm a.o b.o' && $COFFER report prog.rec --format depfile \$options -o prog.d
  depfile = prog.d
build prog: build
  options = --target prog
END
would_build() {
    ninja -n >ninja.out 2>&1 || fail "ninja: $(cat ninja.out)"
    ! grep -q 'no work to do' ninja.out
}
for options in '--target prog' ''; do
    sed -i "s/^  options =.*/  options = $options/" build.ninja
    make_older a.c a.h b.c odd*
    expect ninja
    ! would_build || fail "ninja builds though nothing has changed: $(ninja -n -d explain 2>&1 | head -5)"
    for name in a.c a.h b.c 'odd #$:name'; do
        make_newer "$name"
        would_build || fail "ninja does not build though $name is newer: $(cat prog.d)"
        make_older "$name"
    done
    make_newer build.sh
    ! would_build || fail "ninja builds though another file alone has changed"
done
