#!/bin/bash
# coffer report: a record that a description was made into, as a summary, as a database, by questions; damaged ones.
. "$COFFER_TESTS/lib.sh"
need sqlite3

# make_record FILE: of the description on standard input.
make_record() {
    "$COFFER_HELPERS/make_record" "$1" || fail "make_record $1"
}

# report ARG...: its output in out, what it said in err.
report() {
    TZ=UTC "$COFFER" report "$@" >out 2>err
}

# expect_out: the output is what stands on standard input, with a tab for each |.
expect_out() {
    tr '|' '\t' >expected
    same expected out
}

# exits STATUS ARG...
exits() {
    exits_wanted=$1
    shift
    report "$@"
    exits_got=$?
    [ "$exits_got" = "$exits_wanted" ] || fail "coffer report $*: $exits_got and not $exits_wanted: $(cat out err)"
}

make_record build.rec <<'END'
0 0 begin cwd=/nowhere/w host=h user=u version=0.1 epoch=1700000000000000000 -- make -j2 a\sb
1 1 start pid=100
2 1 executed /nowhere/make cwd=/nowhere/w -- make -j2 a\sb
3 1 exec /nowhere/make call=execve
3 1 map /nowhere/ld.so
4 1 read /nowhere/w/Makefile call=openat said=Makefile
4 1 list /nowhere/w call=openat said=.
4 1 absent /nowhere/w/GNUmakefile call=openat error=2
5 2 start parent=1 pid=101 threads=1
5 2 exec /nowhere/cc call=execve error=13
6 2 executed /nowhere/gcc cwd=/nowhere/w -- gcc -c a.c -o a.o
7 2 read /nowhere/w/a.c call=openat
7 2 create /nowhere/tmp/x.s call=openat
8 2 read /nowhere/tmp/x.s
8 2 delete /nowhere/tmp/x.s
9 2 create /nowhere/w/a.o.tmp flags=both
10 2 rename /nowhere/w/a.o.tmp /nowhere/w/a.o
10 2 write /nowhere/w/log
11 2 repeat read /nowhere/w/a.c call=openat count=3
11 2 connect path=unix:/nowhere/x error=111
11 2 repeat connect path=unix:/nowhere/x error=111 count=2
12 2 exit status=0 user=100 system=20 resident=1000
13 1 delete /nowhere/w/old
14 1 look /nowhere/w/foo\sbar
14 1 metadata /nowhere/w/\xff\n\x1b
15 1 rename /nowhere/w/dir /nowhere/w/dir2 flags=directory
16 1 read /nowhere/w/dir2/x
20 1 exit status=256
21 0 hash /nowhere/w/a.o state=after algorithm=sha256 digest=00ff size=7700
21 0 hash /nowhere/w/a.c state=before algorithm=git digest=aa size=10
21 1 violation /nowhere/shadow rule=p:1 text=denied\syou
22 0 end status=256
END

# For a person.
exits 0 build.rec
expect_out <<'END'
make -j2 a\ b
in /nowhere/w
2023-11-14 22:13:20, 0.000 s, exit status 1
2 processes: make, gcc

Outputs: 3 files, 8K, and 1 directory
      8K  a.o
       -  dir2/x
       -  log

Deleted: 2 files, and 1 directory
       -  dir/x
       -  old

Inputs: 5 files, 10B, and 1 directory
     10B  a.c
       -  /nowhere/ld.so
       -  /nowhere/make
       -  Makefile
       -  dir/x

Temporary: 2 files
  /nowhere/tmp/x.s
  a.o.tmp

Mode, owner or attributes changed: 1 file
  \377\n\033

Looked for and not there: 1 file
  GNUmakefile

Connections:
       3  connect  unix:/nowhere/x  (3 failed)

Violations:
       1  denied you
END

# Questions.
exits 0 build.rec --who-wrote /nowhere/w/a.o
expect_out <<'END'
0.000009|101|/nowhere/gcc|create|ok|1|/nowhere/w/a.o.tmp
0.000010|101|/nowhere/gcc|rename|ok|1|/nowhere/w/a.o.tmp|/nowhere/w/a.o
END
exits 0 build.rec --who-wrote=/nowhere/w/dir2/x
expect_out <<'END'
0.000015|100|/nowhere/make|rename|ok|1|/nowhere/w/dir|/nowhere/w/dir2
END
exits 0 build.rec --who-read /nowhere/w/a.c
expect_out <<'END'
0.000007|101|/nowhere/gcc|read|ok|4|/nowhere/w/a.c
END
exits 0 build.rec --inputs
printf '/nowhere/%s\n' ld.so make w/ w/Makefile w/a.c w/dir/x | expect_out
exits 0 build.rec --outputs
printf '/nowhere/w/%s\n' a.o dir2/ dir2/x log | expect_out
exits 0 build.rec --absent
echo /nowhere/w/GNUmakefile | expect_out
exits 0 build.rec --exec
expect_out <<'END'
0.000002|100|/nowhere/make|executed|ok|1|/nowhere/make|make -j2 a\ b
0.000005|101|/nowhere/make|exec|EACCES|1|/nowhere/cc
0.000006|101|/nowhere/gcc|executed|ok|1|/nowhere/gcc|gcc -c a.c -o a.o
END
exits 0 build.rec --net
echo '0.000011|101|/nowhere/gcc|connect|ECONNREFUSED|3|unix:/nowhere/x' | expect_out
exits 0 build.rec --process 101
expect_out <<'END'
0.000005|101|-|start|ok|1|-|100
0.000005|101|/nowhere/make|exec|EACCES|1|/nowhere/cc
0.000006|101|/nowhere/gcc|executed|ok|1|/nowhere/gcc|gcc -c a.c -o a.o
0.000007|101|/nowhere/gcc|read|ok|4|/nowhere/w/a.c
0.000007|101|/nowhere/gcc|create|ok|1|/nowhere/tmp/x.s
0.000008|101|/nowhere/gcc|read|ok|1|/nowhere/tmp/x.s
0.000008|101|/nowhere/gcc|delete|ok|1|/nowhere/tmp/x.s
0.000009|101|/nowhere/gcc|create|ok|1|/nowhere/w/a.o.tmp
0.000010|101|/nowhere/gcc|rename|ok|1|/nowhere/w/a.o.tmp|/nowhere/w/a.o
0.000010|101|/nowhere/gcc|write|ok|1|/nowhere/w/log
0.000011|101|/nowhere/gcc|connect|ECONNREFUSED|3|unix:/nowhere/x
0.000012|101|-|exit|ok|1|-|status=0
END

# What is not there is no error, but is said.
for question in '--who-read /nowhere/else' '--process 7'; do
    # shellcheck disable=SC2086 # two words
    exits 0 build.rec $question
    [ ! -s out ] && grep -q 'says nothing' err || fail "$question: $(cat out err)"
done

# A path from the current directory, through a symbolic link.
mkdir real && ln -s real link && touch real/f
make_record here.rec <<END
0 0 begin cwd=$PWD -- true
1 1 start pid=100
2 1 read $(pwd -P)/real/f
3 1 exit status=0
4 0 end status=0
END
exits 0 here.rec --who-read link/f
grep -q 'read.*/real/f$' out || fail "a path through a link: $(cat out err)"
exits 0 here.rec --who-read real/f
grep -q 'read.*/real/f$' out || fail "a path from here: $(cat out err)"

# One that is gone since, in other words.
rm real/f
for name in real/f ./real/f real/../real/f "$(pwd -P)//real/./f"; do
    exits 0 here.rec --who-read "$name"
    grep -q 'read.*/real/f$' out || fail "$name, which is gone: $(cat out err)"
done

# The database, in a file, and through a pipe; what its name says.
exits 0 build.rec -o build.sqlite
[ "$(sqlite3 build.sqlite 'PRAGMA integrity_check; PRAGMA user_version; SELECT value FROM meta WHERE key = "status";
    SELECT count FROM event JOIN path ON path.id = path WHERE name LIKE "%/a.c"; SELECT digest, size FROM hash ORDER BY 2;
    SELECT program, exit_code FROM process ORDER BY id; SELECT command FROM exec ORDER BY id' | tr '\n' ' ')" = \
    'ok 1 1 4 aa|10 00ff|7700 /nowhere/make|1 /nowhere/gcc|0 ["make","-j2","a b"] ["gcc","-c","a.c","-o","a.o"] ' ] ||
    fail "the database is another"
"$COFFER" report build.rec --format sqlite | cat >piped.sqlite
same <(sqlite3 build.sqlite .dump) <(sqlite3 piped.sqlite .dump)
[ -z "$(find . -name '.coffer-*')" ] || fail "something was left behind"

# A damaged record: what can be read is shown, the rest is named.
head -c $(($(stat -c %s build.rec) - 20)) build.rec >cut.rec
exits 1 cut.rec --inputs
grep -q /nowhere/w/a.c out || fail "nothing of a record that was cut off"
grep -q 'cut.rec: damaged .*byte [0-9]' err || fail "no place of the damage: $(cat err)"
exits 1 cut.rec
grep -q 'cut off' out || fail "the summary does not say that it was cut off"
exits 1 cut.rec -o cut.sqlite
[ "$(sqlite3 cut.sqlite 'SELECT value FROM meta WHERE key = "complete"')" = 0 ] || fail "the database says that it is complete"

# What is no record, what cannot be read or written, wrong usage.
echo nothing >none
for arguments in none missing . 'build.rec --format nothing' 'build.rec --inputs --outputs' '--inputs' 'build.rec build.rec' \
    'build.rec --process x' 'build.rec --process 0' 'build.rec --inputs --format summary' 'build.rec --target x' \
    'build.rec -o missing/file' 'build.rec -o /dev/full' 'build.rec --inputs -o /dev/full'; do
    # shellcheck disable=SC2086 # words
    exits 2 $arguments
    [ ! -s out ] && [ "$(wc -l <err)" = 1 ] || fail "report $arguments: $(cat out err)"
done
"$COFFER" report build.rec >/dev/full 2>err
[ $? = 2 ] && [ -s err ] || fail "a full disk was not noticed"
echo before >kept
(ulimit -f 8 && trap '' XFSZ && ! "$COFFER" report build.rec --format sqlite -o kept 2>err) || fail "a limit was not noticed"
[ "$(cat kept)" = before ] || fail "what could not be written replaced what was there"

exits 0 --format help
grep -q '^sqlite ' out || fail "--format help: $(cat out)"
