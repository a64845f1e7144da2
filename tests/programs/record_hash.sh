#!/bin/bash
# coffer record --hash: digests are those that other programs compute, of what was there before and of what is left.
. "$COFFER_TESTS/lib.sh"
need sqlite3 git python3

# load RECORD: its digests in r.sqlite, and its events in r.jsonl.
load() {
    rm -f r.sqlite
    "$COFFER" report "$1" --format sqlite -o r.sqlite || fail "no database of $1"
    "$COFFER" report "$1" --format jsonl >r.jsonl || fail "no events of $1"
}

# digest STATE ALGORITHM PATH
digest() {
    sqlite3 r.sqlite "SELECT digest FROM hash, path WHERE path.id = path AND state = '$1' AND algorithm = '$2'
        AND name = '$3'"
}

# is STATE PATH FILE: what is recorded of PATH is the digest of FILE, by each algorithm.
is() {
    [ "$(digest "$1" sha256 "$2")" = "$(sha256sum <"$3" | cut -d' ' -f1)" ] || fail "sha256 of $2 $1 is not that of $3"
    [ "$(digest "$1" blake2b "$2")" = "$(b2sum <"$3" | cut -d' ' -f1)" ] || fail "blake2b of $2 $1 is not that of $3"
    [ "$(digest "$1" git "$2")" = "$(git hash-object --stdin <"$3")" ] || fail "git's of $2 $1 is not that of $3"
}

# none STATE PATH
none() {
    [ -z "$(digest "$1" sha256 "$2")" ] || fail "$2 has a digest '$1'"
}

W=$PWD/w
mkdir w w/dir before
for name in read over trunc append replaced new deleted source linked; do
    echo "content of $name" >w/$name
done
: >w/empty
head -c 300000 /dev/urandom >w/large
head -c 300000 /dev/urandom >w/dir/large
printf '#!/bin/sh\nexit 0\n' >w/script
chmod +x w/script
cp -r w/. before

cat >commands <<'END'
set -e
cat read empty dir/large >/dev/null
./script
printf X 1<>over
printf Y 1<>large
: >trunc
echo more >>append
cat new >temporary
echo other >>temporary
mv temporary replaced
cat replaced >/dev/null
cat deleted >/dev/null
chmod 600 deleted
rm deleted
mv source moved
ln linked another
echo made >made
cat made >/dev/null
mkdir sub
echo in >sub/file
mv sub tree
cat tree/file >/dev/null
echo gone >gone
cat gone >/dev/null
rm gone
END

# judged STATE-OF-RECORD: $1 is where the files lie now.
judge() {
    for name in read empty dir/large script over large trunc append replaced new deleted source; do
        is before "$W/$name" "before/$name"
    done
    is before "$(readlink -f /bin/sh)" /bin/sh
    for name in over large trunc append replaced made tree/file moved another; do
        is after "$W/$name" "$1/$name"
    done
    for name in made gone temporary sub/file tree/file moved; do
        none before "$W/$name"
    done
    for name in read empty script new deleted gone temporary sub/file source linked; do
        none after "$W/$name"
    done
}

cd w || exit
expect "$COFFER" record -q -o ../r --hash sha256,blake2b,git -- sh ../commands
cd ..
load r
judge w
[ "$(sqlite3 r.sqlite "SELECT size FROM hash, path WHERE path.id = path AND name = '$W/append' AND state = 'after'
    AND algorithm = 'git'")" = "$(stat -c %s w/append)" ] || fail 'the size that a digest is of'

# In a view: the originals on the host, and what the layer holds at the end.
rm -r w
mkdir w
cp -r before/. w
cd w || exit
expect "$COFFER" run -q -l "$LAYER" --record ../r --hash sha256,blake2b,git -- sh ../commands
cd ..
load r
judge "$LAYER/fs$W"
# What an earlier run left in the layer is what was there before.
cp "$LAYER/fs$W/over" over
cd w || exit
expect "$COFFER" run -q -l "$LAYER" --record ../r --hash sha256,blake2b,git -- sh -c 'cat made >/dev/null; printf Z 1<>over'
cd ..
load r
is before "$W/made" "$LAYER/fs$W/made"
is before "$W/over" over
is after "$W/over" "$LAYER/fs$W/over"
none after "$W/made"

# What cannot or must not be read: no digest, and nothing waits.
mkfifo w/fifo
echo secret >w/closed
chmod 0 w/closed
"$COFFER" record -q -o r --hash sha256 -- sh -c 'cat w/closed; dd if=/dev/null of=w/fifo oflag=nonblock' >out 2>&1
grep -q 'w/fifo.*No such device or address' out || fail "the FIFO had a reader: $(cat out)"
load r
[ "$(id -u)" = 0 ] || none before "$W/closed"
none before "$W/fifo"
none before /proc/self/status

# A large file of before is about to be written to: who does so waits for it, and nobody else. How long it takes to hash
# depends on the machine: the file is made larger until others have had the time. If they waited, no size would do.
cat >commands <<'END'
(echo go >w/go; printf X 1<>w/huge; : >w/written) &
read -r go <w/go
i=0
while [ ! -e w/written ] && [ $i -lt 500 ]; do
    i=$((i + 1))
    : >w/meanwhile/$i
done
wait
END
mkfifo w/go
for size in 100M 400M 1600M; do
    mkdir w/meanwhile
    rm -f w/huge w/written
    truncate -s $size w/huge
    truncate -s $size was
    expect "$COFFER" record -q -o r --hash sha256,git -- sh commands
    load r
    [ "$(digest before sha256 "$W/huge")" = "$(sha256sum <was | cut -d' ' -f1)" ] || fail "the large file as it was, $size"
    [ "$(digest after sha256 "$W/huge")" = "$(sha256sum <w/huge | cut -d' ' -f1)" ] || fail "the large file at the end, $size"
    meanwhile=$(sed '/"event":"write".*w\/huge"/q' r.jsonl | grep -c '"event":"create".*/meanwhile/')
    rm -r w/meanwhile
    [ "$meanwhile" -lt 20 ] || break
done
[ "$meanwhile" -ge 20 ] || fail "only $meanwhile files were made while one of $size was hashed"
rm w/huge was

# Modes and times are changed while a large file is read, by path and by descriptor; files that had no name.
for name in chmod touch descriptor truncate; do
    truncate -s 30M w/$name
done
cat >commands.py <<'END'
import ctypes, os
kept = [os.open("w/" + name, os.O_RDONLY) for name in ("chmod", "touch", "descriptor", "truncate")]
os.chmod("w/chmod", 0o600)
os.utime("w/touch", (1, 1))
os.fchmod(kept[2], 0o600)
os.utime(kept[2], (1, 1))
os.truncate("w/truncate", 5)
unnamed = os.open("w", os.O_TMPFILE | os.O_RDWR, 0o600)
os.write(unnamed, b"unnamed")
assert ctypes.CDLL(None).linkat(-100, b"/proc/self/fd/%d" % unnamed, -100, b"w/named", 0x400) == 0
os.mknod("w/node", 0o100600)
os.open("w/named", os.O_RDONLY)
os.open("w/node", os.O_RDONLY)
END
truncate -s 30M was
expect "$COFFER" record -q -o r --hash sha256,blake2b,git -- python3 commands.py
load r
for name in chmod touch descriptor truncate; do
    is before "$W/$name" was
done
for name in named node; do
    none before "$W/$name"
    is after "$W/$name" w/$name
done
rm was w/chmod w/touch w/descriptor

# More files than descriptors.
mkdir w/many
for ((i = 0; i < 2000; i++)); do
    echo $i >w/many/$i
done
(
    ulimit -n 64
    # shellcheck disable=SC2016 # the inner shell's
    expect "$COFFER" record -q -o r --hash sha256 -- sh -c 'cd w/many; cat * >/dev/null; for i in 1 2 3; do cat $i & done; wait'
) || exit
load r
sqlite3 -separator '  ' r.sqlite "SELECT digest, name FROM hash, path WHERE path.id = path AND state = 'before'
    AND name LIKE '$W/many/%' ORDER BY name" >recorded
sha256sum "$W"/many/* | LC_ALL=C sort -k2 >computed
same computed recorded

"$COFFER" record -o r --hash md5 -- true 2>err
[ $? = 125 ] || fail 'the status of an algorithm that there is not'
grep -q 'sha256, blake2b and git' err || fail "which algorithms there are: $(cat err)"
"$COFFER" run --hash sha256 -- true 2>err
[ $? = 125 ] || fail '--hash without --record'
