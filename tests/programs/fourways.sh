#!/bin/bash
# The same changes, seen from inside in a later run, by `coffer diff`, by a kernel overlayfs mount of the layer and by
# `commit --root` into a copy, are the same tree.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
here=$(readlink -f .)

mkdir -p host/{keep,mode,gone,rename,other,again,tofile,opaque}/sub host/links host/empty
for directory in host/{keep,mode,gone,rename,other,again,tofile,opaque}; do
    echo "one of $directory" >"$directory/one"
    echo "two of $directory" >"$directory/sub/two"
done
for file in append modify private.file touch delete movefile replaced todir tolink shrink same; do echo "old $file" >"host/$file"; done
ln -s append host/links/old
ln -s keep host/links/directory
echo 'odd' >$'host/new\nline'
find host -exec touch -h -d '2010-10-10 10:10:10.123456789' {} +
cp -a host copy
snapshot host >before

changes='
    set -e
    echo created >created
    mkdir -p made/deep && echo in >made/deep/file
    echo more >>append
    echo new >modify
    chmod 600 private.file
    chmod 750 mode
    touch -d "2020-02-02 02:02:02.5" touch
    rm delete
    mv movefile renamed.file
    mv rename renamed
    mv other moved
    echo inside >moved/sub/added
    rm moved/one
    rm replaced && mv same replaced
    rm todir && mkdir todir && echo x >todir/inside
    rm -r tofile && echo "now a file" >tofile
    rm tolink && ln -s created tolink
    rm links/old && ln -s ../modify links/old
    ln -s nowhere links/dangling
    ln created links/hard1 && ln created links/hard2
    rm -r gone
    rm -r again && mkdir again && echo only >again/fresh
    rm -r opaque && mkdir opaque
    rmdir empty
    truncate -s 2 shrink
    mkfifo pipe
    mkdir -m 700 private && echo p >private/p && chmod 400 private/p
    rm "new
line"
    echo swapped >keep/sub/three && mv keep/sub/three keep/sub/two
    find . -newermt 2011-01-01 -exec touch -h -d "2015-05-05 05:05:05.25" {} +
'
expect run_view bash -c "cd host && $changes"
snapshot host >after
same before after

# With times: everything that changed was given a fixed one.
tree() (
    export LC_ALL=C
    cd "$1" || exit 1
    find . -mindepth 1 \( -type d -printf '%p d %m %U:%G %T@\0' \) -o -printf '%p %y %m %U:%G %T@ %s %l\0' | sort -z | tr '\n\0' '?\n'
    find . -type f -print0 | sort -z | xargs -0 -r sha256sum
    find . ! -type d -links +1 -printf '%p %n\n' | sort
)
export -f tree
run_view bash -c 'tree host' >inside.tree || fail "the tree cannot be listed in the view"

# What it should be: the same script natively, in the copy.
expect bash -c "cd copy && $changes"
rm -rf expected && mv copy expected
tree expected >expected.tree
same expected.tree inside.tree

# commit --root into another copy of the host's tree.
mkdir -p "root$here"
cp -a host "root$here/host"
cp -a "$LAYER" layer.kept
expect "$COFFER" commit "$LAYER" --root root
tree "root$here/host" >commit.tree
same inside.tree commit.tree
snapshot host >after
same before after
rm -rf "$LAYER"
mv layer.kept "$LAYER"

# coffer diff: the letters that two plain listings give. A directory whose entries alone changed is not a change.
plain() (
    export LC_ALL=C
    cd "$1" || exit 1
    find . -mindepth 1 -printf '%P\t%y\n' | sort
)
plain host >host.plain
run_view bash -c 'cd host && find . -mindepth 1 -printf "%P\t%y\n" | LC_ALL=C sort' >view.plain
join -t "$(printf '\t')" -a 1 -a 2 -e - -o 0,1.2,2.2 <(grep -v '^new$\|^line' host.plain | LC_ALL=C sort) view.plain |
    awk -F'\t' '$2 == "-" { print "A " $1 } $3 == "-" { print "D " $1 } $2 != "-" && $3 != "-" && $2 != $3 { print "T " $1 }' |
    LC_ALL=C sort >diff.expected
"$COFFER" diff "$LAYER" >diff.out || fail "coffer diff: status $?"
sed -n "s,^\([ADT]\) $here/host/,\1 ,p" diff.out | grep -v 'new.*line' >diff.adt
# Below a directory that is deleted or now a file, diff may say the directory alone.
covered() {
    awk 'NR == FNR { if ($1 == "D" || $1 == "T") deleted[$2] = 1; next }
         { path = $2; sub(/\/[^\/]*$/, "", path); hidden = 0
           while ($1 == "D" && path != $2) { if (path in deleted) hidden = 1; if (path !~ /\//) break; sub(/\/[^\/]*$/, "", path) }
           if (!hidden) print }' "$1" "$1" | LC_ALL=C sort
}
covered diff.expected >diff.expected.top
covered diff.adt >diff.adt.top
same diff.expected.top diff.adt.top
for line in "M append" "M modify" "M shrink" "m touch" "m private.file" "m mode" "M replaced" "M keep/sub/two" "M links/old"; do
    grep -qxF "${line%% *} $here/host/${line#* }" diff.out || fail "coffer diff does not say: $line
$(cat diff.out)"
done
grep -q "^D $here/host/new\\\\nline" diff.out || fail "coffer diff does not escape a newline: $(grep 'D.*new' diff.out)"
cut -c 3- diff.out | grep "^$here/host/" >paths
LC_ALL=C sort -c paths 2>/dev/null || fail "coffer diff is not sorted"
! grep -vq '^[ADMTm] /' diff.out || fail "coffer diff prints another line: $(grep -v '^[ADMTm] /' diff.out | head -n 1)"

# The kernel's own overlayfs, the layer's subtree over the host's.
[ "$(id -u)" = 0 ] || exit 0
mkdir mounted
unshare -m bash -c '
    mount -t overlay overlay -o "ro,userxattr,lowerdir=$1/fs$2/host:$2/host" mounted || exit 9
    tree mounted' sh "$LAYER" "$here" >kernel.tree 2>kernel.err
case $? in
0) same inside.tree kernel.tree ;;
9) grep -q overlay /proc/filesystems && fail "the kernel does not mount the layer: $(cat kernel.err)" ;;
*) fail "the kernel's view cannot be listed: $(cat kernel.err)" ;;
esac
exit 0
