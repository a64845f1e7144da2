#!/bin/bash
# Every path call of x86-64, natively and in a view: the programs helpers/ops_*.c print each call and what came of it;
# both outputs and both trees afterwards must be the same.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
umask 022
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tree.bash"
here=$(readlink -f .)

# What ops_look and ops_change work on, once for each form in which they give a path.
form_tree() {
    (
        mkdir "$1" && cd "$1" || exit 1
        mkdir -p empty dir/sub secretdir d1/sub d2/sub d3 demp x1 x2 g2 ed
        for file in file secretdir/x dir/a dir/sub/deep readonly secret hard1 w{1..7} l1 r{1..5} u{1..3} m{1..6} t{1..7} \
            a{1..3} g1 e{1,2} {d1,d2,x1,x2,g2,ed}/inside {d1,d2}/sub/deeper d3/full; do
            echo "content of $file" >"$file"
        done
        printf '#!/bin/sh\nexit 3\n' >script && chmod 755 script
        ln hard1 hard2
        ln -s file link
        ln -s nowhere dangling
        ln -s missing/below dangling2
        ln -s nothing dangling3
        ln -s loop loop
        ln -s dir dirlink
        ln -s dirlink/../link chain
        ln -s "$here/host/$1/file" abslink
        ln -s w6 wlink
        ln -s m1 mlink
        ln -s t1 tlink
        ln -s a1 alink
        mkfifo fifo
        setfattr -n user.one -v 1 file 2>/dev/null
        setfattr -n user.one -v 1 a1 2>/dev/null
        chmod 444 readonly
        chmod 000 secret
        chmod 700 secretdir
    )
}

prepare_forms() {
    for name in relative absolute dirfd procfd; do form_tree $name || fail "the tree for $name"; done
}
prepare_ops_look() { prepare_forms; }
prepare_ops_change() { prepare_forms; }

prepare_ops_list() {
    mkdir -p small/{dir,tofile} empty emptied many many2 moved/sub
    touch small/{file,todir,tofile/x} moved/{a,b} moved/sub/{c,d} many/{own,go}{1..300} many2/f{1..700}
    mkfifo small/fifo
    ln -s file small/link
}

prepare_ops_socket() {
    for name in relative absolute dirfd procfd; do
        mkdir -p $name/dir
        echo x >$name/file
        ln -s socket $name/socketlink
    done
}

prepare_ops_proc() {
    mkdir -p dir/sub
    for file in file dir/a dir/sub/deep gone gone2; do echo "content of $file" >$file; done
    printf '#!/bin/sh\ntest "$1" = argument || exit 1\nexit 33\n' >script && chmod 755 script
    ln -s script scriptlink
}

prepare_ops_links() {
    mkdir -p dir/sub away jail/in removed kept/below
    for file in plain copied renamed replaced other removed.file twice dir/a dir/sub/deep jail/in/file; do
        echo "content of $file" >$file
    done
    ln twice twice2
    cp "$COFFER_HELPERS/ops_links" program
    cp program program2
    cp program program3
}

prepare_ops_maps() {
    mkdir -p dir jail/proc
    for file in plain copied later renamed removed dir/moved 'with space' $'new\nline' replaced other; do
        head -c 5000 /dev/zero >"$file"
    done
}

prepare_ops_identity() {
    mkdir -p dir/sub many/sub links d e/old
    for file in append chmod times trunc renamed linked truncopen dir/inside dir/sub/deep many/1 pair1 links/x \
        d/{file,gone,other} e/old/inside e/f; do
        echo "content of $file" >$file
    done
    touch -d 2001-01-01 d/* e/*
    ln many/1 many/2 && ln many/1 many/sub/3
    ln pair1 pair2
    echo three >three1 && ln three1 three2 && ln three1 three3
    ln links/x links/y
    ln e/f e/g
    ln -s append symlink
    mkfifo fifo
}

prepare_ops_process() {
    echo filtered >filtered
    touch todelete copied shared vm both thread late
}

prepare_ops_ia32() {
    mkdir -p dir many mixed
    touch large many/{gone,f{1..300}} mixed/{gone,f{1..40}}
    for file in file a{1..3} t{1..3} w1; do echo "content of $file" >$file; done
    ln -s file link
}

# COFFER_OPS: only some of them.
# shellcheck disable=SC2086 # a list
ops_as_natively ${COFFER_OPS:-look change list socket proc process links maps identity ia32}
