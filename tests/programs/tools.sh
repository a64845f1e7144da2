#!/bin/bash
# Everyday tools do in a view what they do natively: cp, mv, ln, tar, rsync, sed -i, sort -o, patch by rename, pipelines.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
need rsync tar

mkdir -p host/tree/{a,b,c}/{x,y,z} host/other
for file in host/tree/*/*; do
    seq 1 40 >"$file/numbers"
    echo "line of $file" | sed 's,host/,,' >"$file/text"
    ln -s ../../a/x/text "$file/link"
done
# Of two hard links on the host, a change copies up the one that is named (as overlayfs does): these move together.
for file in host/tree/b/*; do ln "$file/text" "$file/hard"; done
mkfifo host/tree/a/fifo
chmod 750 host/tree/b
chmod 600 host/tree/c/x/text
echo dangling >host/other/target && ln -s missing host/other/dangling
touch -d '2001-02-03 04:05:06.789' host/tree/a/x/numbers

same_as_native '
    set -e
    cp -a tree copy
    cp -al tree/a linked
    diff -r --no-dereference --exclude=fifo tree copy
    stat -c "%n %Y %a" copy/a/x/numbers
    find copy -type f -newermt 2001-01-01 ! -newermt 2002-01-01 | sort
    mv copy/a copy/moved
    mv tree/b tree/renamed
    ls -R tree copy
    tar cf archive.tar --sort=name --exclude=fifo tree
    mkdir unpacked && tar xpf archive.tar -C unpacked
    tar df archive.tar -C unpacked
    rm archive.tar
    rsync -aH --exclude=fifo tree/ synced/
    echo more >>tree/a/y/numbers
    rsync -aHi --checksum --delete --exclude=fifo tree/ synced/ | cut -c 1-3 | sort -u
    sed -i s/line/LINE/ tree/a/x/text tree/c/z/text
    sed -i.bak 5d tree/a/x/numbers
    sort -rn -o tree/a/z/numbers tree/a/z/numbers
    rm tree/c/y/text && ln -s numbers tree/c/y/text
    rm -r copy/c
    cp --remove-destination other/target other/dangling
    install -m 755 -D other/target deep/er/est/program
    truncate -s 3 tree/c/x/numbers
    find unpacked copy -name hard -delete
    chmod -R go-rwx unpacked
    du -s --apparent-size unpacked/tree/a/x/numbers
'

# Fifty stages, at the end of which every byte must come out.
same_as_native '
    set -e
    stage() { if [ "$1" = 0 ]; then cat; else stage $(($1 - 1)) | cat; fi; }
    seq 1 20000 | stage 50 >piped
    md5sum <piped
    yes | head -n 3
    for i in 1 2 3 4 5; do cat <(seq $i) >>appended & wait $!; done
    cat appended
'
