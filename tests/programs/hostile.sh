#!/bin/bash
# Known ways round a sandbox of this kind: each is tried natively first, to see that it is one, and then in a view,
# with the lock and without. Nothing of it may reach the host.
set -u
. "$(dirname "$0")/lib.sh"
hostile=$COFFER_HELPERS/hostile
[ -x "$hostile" ] || skip "no helper hostile"

fresh() {
    chmod -R u+rwX "$1" 2>/dev/null
    rm -rf "$1"
    mkdir "$1"
    echo content >"$1/file"
    chmod 644 "$1/file"
}

# natively works|tried ATTACK [ARGUMENT...]: `works`, unless this machine has no such thing.
natively() {
    local expected=$1 status
    shift
    (cd native && exec "$hostile" "$@") >native.out 2>&1
    status=$?
    echo "natively: $*: status $status $(tr '\n' ' ' <native.out)"
    [ "$expected" = tried ] || [ $status = 0 ] || [ $status = 77 ] || fail "natively, $1 does not work: $(cat native.out)"
    fresh native
}

# in_view refused|contained|works ATTACK [ARGUMENT...]: contained is what does no harm outside, whatever it says.
in_view() {
    local expected=$1 status
    shift
    chmod -R u+rwX "$LAYER.$lock" 2>/dev/null
    rm -rf "$LAYER.$lock"
    (cd host && exec "$COFFER" run -q "--lock=$lock" -l "$LAYER.$lock" -- "$hostile" "$@") >view.out 2>&1
    status=$?
    echo "--lock=$lock: $*: status $status $(head -n 1 view.out)"
    snapshot host >after
    if ! diff -u before after >&2; then
        echo "--lock=$lock: $* reached the host" >&2
        wrong=1
        fresh_host
    fi
    case $expected.$status in
    refused.10 | works.0 | contained.* | *.77) ;;
    *)
        echo "--lock=$lock: $* was to be $expected, but its status is $status: $(cat view.out)" >&2
        wrong=1
        ;;
    esac
}

fresh native
natively tried listener
natively tried int80 new
natively tried marked new
natively tried int80-chmod file
natively tried int80-io_uring
natively tried int80-type-ahead
natively tried x32 new
natively tried io_uring
natively works untraced file
natively works untraced3 file
natively tried type-ahead
natively works read-only file
natively works proc-fd file
sleep 1000 &
sleeping=$!
trap 'kill $sleeping 2>/dev/null' EXIT
natively tried seize $sleeping
natively tried read-other $sleeping
natively tried fd-of-other $sleeping
natively tried mem-of-other $sleeping
natively works root-of-other $sleeping "$PWD/native/file"
natively works undumpable file

fresh_host() {
    fresh host
    mkdir host/empty host/many
    for i in {0..199}; do echo content >host/many/$i; done
    snapshot host >before
}
fresh_host
handle=$("$hostile" handle-of host/file) || handle="1 00"
wrong=0
for lock in try off; do
    in_view refused listener
    in_view contained int80 new
    in_view refused marked new
    in_view contained int80-chmod file
    in_view refused int80-io_uring
    in_view refused int80-type-ahead
    in_view refused x32 new
    in_view refused io_uring
    in_view refused untraced file
    in_view contained untraced3 file
    # shellcheck disable=SC2086 # type and bytes
    in_view refused by-handle $handle .
    in_view refused mount .
    for other in '' $sleeping; do
        # shellcheck disable=SC2086 # none: the supervisor
        for attack in seize attach read-other fd-of-other mem-of-other; do
            in_view refused $attack $other
        done
    done
    in_view contained fds-of-other # they name what the view has at the same path
    in_view contained root-of-other $sleeping "$PWD/host/file"
    in_view contained kill-parent file
    in_view refused whiteout new
    in_view refused opaque .
    in_view contained read-only file
    in_view contained proc-fd file
    in_view refused type-ahead
    # A name that is let through, or that is not there, becomes one of the host.
    in_view contained race-name /dev/null "$PWD/host/file" open
    for call in open openat2 chmod chown truncate unlink utimens setxattr rename link; do
        in_view contained race-name file2 ./file $call
    done
    for call in mkdir mknod symlink; do
        in_view contained race-name file ./new $call
    done
    in_view contained race-name file ./empty rmdir
    in_view contained race-flags many/
    in_view contained race-descriptor own file
    in_view contained race-link /dev/null file link
    in_view contained race-link own file link
    in_view works undumpable file

    # The layer by its own name, and by the ways of the processes that hold it.
    raw=$LAYER.$lock
    for path in "$raw" "$raw/fs" "$raw/fs$PWD/host/file" "/proc/self/root$raw/fs"; do
        (cd host && "$COFFER" run -q "--lock=$lock" -l "$raw" -- sh -c '[ ! -e "$1" ] && ! ls "$1" && ! echo x >"$1/new"' \
            sh "$path") >/dev/null 2>&1 || { echo "--lock=$lock: the layer is seen at $path" >&2; wrong=1; }
    done
    kill -0 $sleeping || fail "a process outside was killed"
done

# The same by a 32-bit program, where the lock cannot help.
hostile=${COFFER_HELPERS}32/hostile
lock=off
if [ -x "$hostile" ]; then
    in_view refused listener
    in_view contained int80 new
    in_view contained int80-chmod file
    in_view refused int80-io_uring
    in_view refused int80-type-ahead
    in_view refused untraced file
    in_view contained untraced3 file
    # shellcheck disable=SC2086 # type and bytes
    in_view refused by-handle $handle .
    in_view refused mount .
    in_view refused seize
    in_view refused mem-of-other $sleeping
    in_view contained read-only file
    in_view contained proc-fd file
    in_view refused type-ahead
    for call in open openat2 chmod truncate rename; do
        in_view contained race-name file2 ./file $call
    done
    in_view contained race-flags many/
    in_view contained race-descriptor own file
    in_view works undumpable file
else
    echo "no 32-bit programs: gcc-multilib is not installed"
fi
[ $wrong = 0 ] || fail "see above"
