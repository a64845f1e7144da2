#!/bin/bash
# /dev/coffer: a program adds rules to its policy, as far as the ceilings let it, and locks it.
set -u
. "$(dirname "$0")/lib.sh"
here=$(pwd -P)
export here LC_ALL=C
mkdir work && cd work || exit 1

command=(sh ./script)
# told STATUS OPTION...: runs the command; what it prints on both streams must be what stands on standard input.
told() {
    local wanted=$1 got
    shift
    cat >../wanted
    "$COFFER" run --lock="$lock" --discard -l "$LAYER" "$@" -- "${command[@]}" >../said 2>&1
    got=$?
    # Nothing that can be typed allows what a rule of run time refuses.
    sed -i -e 's/\[[0-9]*\]/[PID]/' -e '/: \/dev\/coffer:/!s/; .* allows it$//' -e '/^coffer: [0-9]* calls* refused/d' \
        -e '/^coffer: .* no changes/d' -e '/^coffer: refused [0-9]* times/d' -e '/^coffer: who made/d' -e '/^coffer: discarded/d' \
        -e "s|$here|HERE|g" ../said
    same ../wanted ../said
    [ $got = "$wanted" ] || fail "status $got, not $wanted"
}

cat >../rules <<END
control open
read allow /**
read hide /nowhere
write deny /**
write direct /dev/null
ceiling write layer $here/**
ceiling write direct $here/work/**
END

for lock in try off; do
    # By looking, by asking for a right, by opening to read or to write. It is there, it is empty, nobody lists it.
    rm -rf ./* && mkdir secret && echo word >secret/word
    cat >script <<'END'
ls /dev | grep coffer
[ -e /dev/coffer ] && [ -r /dev/coffer/ ] && [ ! -e /dev/coffer/locked ] && echo open
[ -e "/dev/coffer/add/read hide $here/work/secret/**" ] && [ ! -e secret ] && ls
true >"/dev/coffer/add/read allow $here/work/secret/**" && cat secret/word
cat "/dev/coffer/add/read deny $here/work/secret/*" && cat secret/word
[ -r "/dev/coffer/add/quiet exec /**/id" ] && id
(cd /dev && [ ! -e coffer ]) && ls -l /dev/coffer/locked /dev/coffer/add 2>/dev/null
mv /dev/coffer gone
mkdir /dev/coffer
END
    told 1 --control=open <<END
open
script
word
coffer: refused: cat[PID]: openat: cannot read HERE/work/secret/word: /dev/coffer:1: read deny HERE/work/secret/*
cat: secret/word: Permission denied
./script: 6: id: Permission denied
coffer: refused: ls[PID]: /dev/coffer/add: no command; add/RULE, lock, lock/exec or locked expected
mv: cannot move '/dev/coffer' to 'gone': Operation not permitted
mkdir: cannot create directory '/dev/coffer': Operation not permitted
END

    # Closed where nobody opens it: there is no such file, and no notice.
    echo '[ -e /dev/coffer ] || [ -e /dev/coffer/lock ] || echo none' >script
    told 0 --control=closed -p ../rules <<<none
    told 0 <<<none

    # Up to the ceiling: here the host itself, above it the layer, elsewhere nothing.
    cat >script <<'END'
touch before
[ -e "/dev/coffer/add/write direct $here/work/**" ] && touch after && echo direct
[ -e "/dev/coffer/add/write direct $here/**" ] || echo "no more than the layer"
[ -e "/dev/coffer/add/write layer $here/**" ] && touch "$here/layered" && echo layered
[ -e "/dev/coffer/add/write layer /**" ] || echo nowhere else
[ -e "/dev/coffer/add/ceiling write direct /**" ] || echo no ceilings
[ -e "/dev/coffer/add/include trace" ] || echo no files
[ -e "/dev/coffer/add/control open" ] || echo no control
[ -e "/dev/coffer/add/write" ] || echo no half
[ -e "/dev/coffer/add/" ] || echo nothing
[ -e "/dev/coffer/lock/" ] || echo not quite
[ -e "/dev/coffer/../null" ] || echo "not by dots"
[ -e /dev/coffer/lock ] && [ -e /dev/coffer/locked ] && [ ! -e /dev/coffer ] && echo locked
[ -e /dev/coffer/lock ] && echo still
(true >"/dev/coffer/add/read hide /etc/**"); [ -e /etc/passwd ] && echo refused
END
    told 0 -p ../rules <<END
coffer: refused: touch[PID]: openat: cannot write HERE/work/before: ../rules:4: write deny /**
touch: cannot touch 'before': Permission denied
direct
coffer: refused: sh[PID]: /dev/coffer/add/write direct HERE/**: no ceiling lets this be loosened
no more than the layer
layered
coffer: refused: sh[PID]: /dev/coffer/add/write layer /**: no ceiling lets this be loosened
nowhere else
coffer: refused: sh[PID]: /dev/coffer/add/ceiling write direct /**: 'ceiling' found, a rule, as far as rules may be added at run time, expected
no ceilings
coffer: refused: sh[PID]: /dev/coffer/add/include trace: 'include' found, a rule, as far as rules may be added at run time, expected
no files
coffer: refused: sh[PID]: /dev/coffer/add/control open: 'control' found, a rule, as far as rules may be added at run time, expected
no control
coffer: refused: sh[PID]: /dev/coffer/add/write: end of line found, layer, direct, deny or ignore expected
no half
coffer: refused: sh[PID]: /dev/coffer/add/: no rule found, one expected
nothing
coffer: refused: sh[PID]: /dev/coffer/lock/: no command; add/RULE, lock, lock/exec or locked expected
not quite
coffer: refused: sh[PID]: /dev/coffer/../null: no command; add/RULE, lock, lock/exec or locked expected
not by dots
locked
still
coffer: refused: sh[PID]: /dev/coffer/add/read hide /etc/**: the policy is locked
./script: 15: cannot create /dev/coffer/add/read hide /etc/**: Operation not permitted
refused
END
    { [ -e after ] && [ ! -e before ] && [ ! -e ../layered ]; } || fail "what was written where"
    rm after

    # The command alone: not what it executes, be that the same program; a subshell is a part of it.
    cat >script <<'END'
sh -c '[ -e /dev/coffer ]' || echo closed to others
sh -c '[ -e "/dev/coffer/add/write direct $here/work/**" ]' || touch x || echo refused
([ -e "/dev/coffer/add/write direct $here/work/**" ]) && touch x && echo added
sh -c '[ -e /dev/coffer/lock ]'; [ -e /dev/coffer ] && echo still open
exec sh -c '[ -e /dev/coffer ] || [ ! -e /dev/coffer/locked ] || echo closed by exec'
END
    told 0 --control=exec -p ../rules <<END
closed to others
coffer: refused: sh[PID]: /dev/coffer/add/write direct HERE/work/**: the policy is locked
coffer: refused: touch[PID]: openat: cannot write HERE/work/x: ../rules:4: write deny /**
touch: cannot touch 'x': Permission denied
refused
added
coffer: refused: sh[PID]: /dev/coffer/lock: the policy is locked
still open
closed by exec
END
    rm x
    cat >script <<'END'
sh -c '[ -e /dev/coffer/lock/exec ] && [ -e /dev/coffer ] && echo mine'
[ -e /dev/coffer ] || echo no longer
END
    told 0 -p ../rules <<END
mine
no longer
END

    # Nor does what it executes write to its memory, though this profile refuses nothing.
    command=("$COFFER_HELPERS/control_memory")
    told 0 --control=open --profile=trace <<END
fork: process_vm_writev: done
fork: mem: done
target: c
another: process_vm_writev: done
another: mem: done
target: c
END
    told 0 --control=exec --profile=trace <<END
fork: process_vm_writev: done
fork: mem: done
target: c
another: process_vm_writev: Operation not permitted
another: mem: Permission denied
target: a
END
    command=(sh ./script)

    # A build: nobody looks at its reads, so a right is asked for, or it is written.
    cat >script <<'END'
[ -r /dev/coffer ] && mkdir out && echo 1 >out/a
[ -r "/dev/coffer/add/write deny $here/work/out/**" ] && (echo 2 >out/a); cat out/a
true >"/dev/coffer/add/write direct $here/work/out/**" && echo 3 >out/a; cat out/a
[ -r "/dev/coffer/add/read hide /etc/**" ] || echo not watched
[ -w /dev/coffer/lock ] && [ -r /dev/coffer/locked ] && [ ! -r /dev/coffer ] && echo locked
END
    told 0 --profile=build --control=open <<END
coffer: refused: sh[PID]: openat: cannot write HERE/work/out/a: /dev/coffer:1: write deny HERE/work/out/**
./script: 2: cannot create out/a: Permission denied
1
3
coffer: refused: sh[PID]: /dev/coffer/add/read hide /etc/**: under this policy all may be read, and nobody looks at reads
not watched
locked
END
    rm -r out

    # What shows of a directory that somebody knows already.
    cat >script <<'END'
mkdir sub; echo 1 >sub/a; cd sub; ls; cat a
[ -e "/dev/coffer/add/read hide $here/work/sub/a" ]; ls; cat a
[ -e "/dev/coffer/add/read allow $here/work/sub/a" ]; ls; cat a
END
    echo 'control open' >../rules2
    told 0 -p ../rules2 <<END
a
1
a
1
a
1
END
done
