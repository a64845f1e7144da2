# shellcheck shell=bash
# shellcheck disable=SC2015,SC2016 # texts for inner programs; fail ends the test
# Sourced by the program tests after tree.bash: the trees that helpers/ops_NAME work on, prepare_ops_NAME for each.
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
