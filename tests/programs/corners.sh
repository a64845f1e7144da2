#!/bin/bash
# The corners of calls on names, natively and in a view, as in differential.sh: what ops_open, ops_watch... do.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
here=$(readlink -f .)

prepare_ops_open() {
    mkdir -p dir/sub
    for file in file gone dir/a dir/sub/deep; do echo "content of $file" >$file; done
    ln -s file link
    ln -s nothing dangling
    ln -s dir dirlink
    mkfifo fifo
    mkdir made
    ln -s ../file dir/uplink
    ln -s "$here/host/file" dir/abslink
    ln -s sub/deep dir/inlink
    ln -s . dir/dirlink
    ln -s /a dir/rootlink
    ln -s /proc/self/cwd dir/proclink
    ln -s loop dir/loop
    ln -s new2 dir/newlink
}

prepare_ops_watch() {
    mkdir -p dir/sub dir2/sub emptied tree
    for file in {dir,dir2}/{old,other,gone,sub/deep} file replaced removed emptied/one tree/inside plain closed; do
        echo "content of $file" >$file
    done
    chmod 000 closed
    ln -s plain link
    touch dir2/mine
}

prepare_ops_address() {
    mkdir dir
}

prepare_ops_deep() {
    :
}

prepare_ops_chains() {
    mkdir dir
    echo text >file
    echo text >gone
    echo text >dir/in
    for chain in h:file hd:dir hn:made; do
        last=${chain#*:}
        for ((i = 1; i <= 42; i++)); do
            ln -s "$last" "${chain%:*}$i"
            last=${chain%:*}$i
        done
    done
}

prepare_ops_handed() {
    echo "content of old" >old
    "$COFFER_HELPERS/ops_handed" make
}

prepare_ops_data() {
    mkdir dir
    for file in host other locked leased mapped; do echo "content of $file" >$file; done
    for file in large large2 large3; do head -c 8000 /dev/urandom >$file; done
    cp large large-too
    ln -s host link
}

# COFFER_OPS: only some of them.
# shellcheck disable=SC2086 # a list
ops_as_natively ${COFFER_OPS:-open watch address deep handed data chains}

# A limit on the length of files that coffer itself is under: the command has it, a copy-up does not end for it.
mkdir limit && head -c 20000 /dev/zero >limit/large
limited='ulimit -S -f 4; chmod 600 large; stat -c "%a %s" large; ulimit -S -f; head -c 9000 /dev/zero >new; echo $?; stat -c %s new'
(cd limit && bash -c "$limited") >native.out 2>native.err
chmod 644 limit/large && rm limit/new
(cd limit && ulimit -S -f 4 && run_view bash -c "$limited") >view.out 2>view.err
same native.out view.out
