#!/bin/bash
# What /proc tells in a view: of files in layers below, of programs that run as copies, to a process of another user,
# and to the programs that people read it with. Nothing of it is left behind.
set -u
. "$(dirname "$0")/lib.sh"
here=$(readlink -f .)
mkdir host && cd host || exit 1
chmod 755 .
cp /bin/cat lower
cp /bin/cat program

# A file of a layer below, copied in the one above, renamed there.
below=$PWD/../below
"$COFFER" run -q -l "$below" -- sh -c 'cp lower added; echo x >>lower; mkdir d; cp program d/program' || fail "the layer below"
cat >ask <<'END'
exec 5<added 6<lower 7<d/program
mv added moved
echo y >>lower
for i in 5 6 7; do readlink "/proc/self/fd/$i"; done
./moved /proc/self/maps | sed -n 's/.* \([^ ]*\/host\/.*\)/\1/p' | sort -u
d/program /proc/self/maps | sed -n 's/.* \([^ ]*\/host\/.*\)/\1/p' | sort -u
END
printf '%s\n' "$here/host/moved" "$here/host/lower" "$here/host/d/program" "$here/host/moved" "$here/host/d/program" >../wanted
"$COFFER" run -q -l "$LAYER" --over "$below" -- sh ./ask >../got || fail "a layer below: status $?"
same ../wanted ../got

# A program whose ELF interpreter the layer has runs as a copy; it is shown as what it is a copy of.
interpreter=$(readelf -l program 2>/dev/null | sed -n 's/.*interpreter: \(.*\)]/\1/p')
if [ -n "$interpreter" ] && [ -w "$interpreter" ]; then
    # shellcheck disable=SC2016 # $1 is the inner shell's
    run_view sh -c 'real=$(readlink -f "$1"); cp "$real" new && mv new "$real"; ./program /proc/self/maps; readlink /proc/self/exe >&2' sh "$interpreter" \
        >../maps 2>../exe || fail "with another interpreter: status $?"
    grep -q " $here/host/program\$" ../maps || fail "maps of a program that runs as a copy: $(cat ../maps)"
    ! grep -q "$LAYER" ../maps || fail "maps show the layer: $(grep "$LAYER" ../maps)"
fi

# Another user, who cannot come to the layer.
if [ "$(id -u)" = 0 ]; then
    LAYER=$PWD/../private
    run_view true && chmod 700 "$LAYER"
    # shellcheck disable=SC2016 # the inner shell's
    run_view setpriv --reuid 65534 --regid 65534 --clear-groups sh -c '
        grep TracerPid /proc/self/status
        exec 5</proc/self/status
        [ "$(readlink /proc/self/fd/5)" = "/proc/$$/status" ] || readlink /proc/self/fd/5
        head -c 1 <&5 >/dev/null || echo "not to be read"' >../other.out
    grep -q '^TracerPid:.0$' ../other.out || fail "status as another user: $(cat ../other.out)"
    [ "$(wc -l <../other.out)" = 1 ] || fail "as another user: $(cat ../other.out)"
fi
[ -z "$(ls "$LAYER/work")" ] || fail "left in the layer: $(ls "$LAYER/work")"

# The descriptor that coffer gives to processes.
run_view sh -c 'ls /proc/self/fd /proc/self/fdinfo | grep "^[0-9]" | sort -n | uniq -c | tr -d "\n "' >../view.out
echo "20212223" | tr -d '\n' >../wanted
same ../wanted ../view.out
exit 0
