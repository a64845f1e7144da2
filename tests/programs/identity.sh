#!/bin/bash
# Programs that tell files apart by their inode numbers find the same files after they were changed: tar, cp, rsync,
# find, mv, tail, git; hard links stay one file, in later runs as well; what diff, commit and discard make of them.
# shellcheck disable=SC2016,SC2030,SC2031 # texts for inner shells
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
need rsync git tar

links_tree() {
    rm -rf host && mkdir -p host/d/sub host/other
    (
        cd host || exit 1
        for file in single log d/one d/two sorted swapped; do echo "content of $file" >$file; done
        ln d/one d/sub/three
        ln d/one other/four
        ln d/two other/five
    )
}

# Numbers that a run sees are compared within it: by their order of coming.
number='
    which() { stat -c "%d:%i %n %h" "$@" | awk "{ if (!(\$1 in seen)) seen[\$1] = ++count; print seen[\$1], \$2, \$3 }"; }
    order() { ls -Uai "$@" | awk "{ print \$1 }" | sort -u | wc -l; }
'
links_tree
(same_as_native "$number"'
    which single log d/* d/sub/* other/*
    echo more >>d/one
    echo less >other/five
    chmod 600 single
    which single log d/* d/sub/* other/*
    cat d/sub/three other/four d/two
    order d d/sub other
    find . -samefile d/one | sort
    find . -links +1 -type f | sort
    tar cf links.tar d other && tar tvf links.tar | grep -c "link to"
    tar c --hard-dereference d other | tar tv | grep -c "link to"
    cp -a d other copied 2>/dev/null || mkdir copied && cp -a d other copied
    which copied/d/* copied/d/sub/* copied/other/*
    rsync -aH d other synced && which synced/d/* synced/d/sub/* synced/other/*
    du -s --apparent-size d/sub | cut -f 2
    sort -r -o sorted sorted sorted && cat sorted
    cat log >>log; echo "status $?"
    sed -i s/content/new/ swapped d/two && which swapped d/two other/five
    mv d/sub/three other/four && ls d/sub other
    mv -f other/four other/five && which d/one d/two other/*
    rm -r d/sub && rm -rf copied synced links.tar && ls
    cmp d/one other/five && echo equal
') || fail "hard links"

links_tree
(cd host && git init -q . && git config user.email a@example.org && git config user.name a && git add . && git commit -qm one) ||
    fail "git"
(same_as_native '
    chmod 600 single && echo x >>log && git status --short && git diff --stat | tail -n 1
    git checkout -q log && git gc -q && git fsck 2>&1 && git status --short && git stash list
' d) || fail "git in a view"

# tail follows by name what another process writes to.
links_tree
(same_as_native '
    mkfifo said && exec 3<>said
    tail -n 1 -s 0.05 ---disable-inotify -F log >said 2>&1 &
    read -r line <&3 && echo "$line"
    echo second >>log && read -r line <&3 && echo "$line"
    echo third >new && mv new log && read -r line <&3 && echo "${line##*/}" && read -r line <&3 && echo "$line"
    kill $! && rm said
') || fail "tail -F"

# A later run sees the same numbers, and those of the host.
links_tree
rm -rf "$LAYER"
(cd host && find . -printf '%D %i %p\n' | sort) >host.numbers
expect run_view sh -c 'cd host && echo x >>d/one && chmod 700 d/sub && echo y >single'
(cd host && run_view find . -printf '%D %i %p\n' | sort) >later.numbers
same host.numbers later.numbers
expect run_view sh -c 'cd host && mv d e && mv e d'
(cd host && run_view find . -printf '%D %i %p\n' | sort) >later.numbers
same host.numbers later.numbers

# All names were looked at: they are committed as one file, as they were natively.
expect "$COFFER" commit "$LAYER"
[ "$(stat -c %i host/d/one host/d/sub/three host/other/four | sort -u | wc -l)" = 1 ] || fail "the commit broke a hard link"
[ "$(cat host/other/four)" = "$(printf 'content of d/one\nx')" ] || fail "host/other/four: $(cat host/other/four)"

# Not all: the user is told, and the others keep what they were.
links_tree
expect run_view sh -c 'cd host && echo x >>d/one && cat d/sub/three'
"$COFFER" diff "$LAYER" | sed "s,$PWD/,," >changes
printf 'M host/d/one\nM host/d/sub/three\n' | same - changes
expect "$COFFER" commit "$LAYER"
grep -q '1 other hard link of files that changed was not looked at, and keeps the old content' expect.out ||
    fail "commit does not tell of hard links: $(cat expect.out)"
[ "$(cat host/other/four)" = "content of d/one" ] || fail "host/other/four was changed"
[ host/d/one -ef host/d/sub/three ] || fail "the commit broke a hard link"

# One name is discarded: it shows the host's file again, the other that the layer has stays changed.
links_tree
expect run_view sh -c 'cd host && echo x >>d/one && cat d/sub/three'
expect "$COFFER" discard "$LAYER" "$PWD/host/d/one"
run_view sh -c 'cd host && wc -l <d/one && wc -l <d/sub/three && wc -l <other/four' >lines
printf '1\n2\n1\n' | same - lines
exit 0
