#!/bin/bash
# What a record says of calls that are made in many ways, by helpers/ops_record.c: as it stands in record_ops.expected.
# Both by 64-bit and by 32-bit programs.
set -u
umask 022
. "$(dirname "$0")/lib.sh"
need python3
shell=$(readlink -f /bin/sh)

# ground: what the calls are made on, in a fresh directory that is gone to.
ground() {
    rm -rf tree
    mkdir -p tree/dir && cd tree || exit 1
    echo x >file
    echo x >dir/inside
    ln -s file link
    ln -s made dangling
    ln -s loop loop
    ln -s dir dirlink
    mkfifo fifo
    cp /bin/true program
    printf '#!./script\n' >script-of-script
    printf '#!/bin/sh\n:\n' >script
    printf '#!/no/such\n' >no-interpreter
    chmod 755 script script-of-script no-interpreter
}

# recorded HELPER PART: what the record says. What programs load is the machine's affair.
recorded() (
    ground
    expect "$COFFER" record -q --streams -o ../record -- "$1" "$2"
    python3 "$COFFER_TESTS/../record/marks.py" "$COFFER" ../record "$PWD" |
        sed -e '/ \/\(usr\/\)\?lib/d; / \/etc/d' -e "s:$shell:SHELL:"
)

# part NAME: the lines of that part in the file.
part() {
    sed -n "/^== $1\$/,/^== /{/^== /d; p}" "$COFFER_TESTS/record_ops.expected"
}

check() {
    local name
    for name in $(sed -n 's/^== //p' "$COFFER_TESTS/record_ops.expected"); do
        [ "$name" != chroot ] || [ "$(id -u)" = 0 ] || continue
        part "$name" >expected
        recorded "$1/ops_record" "$name" >said || exit 1
        [ -s said ] || fail "nothing is said of $name"
        same expected said
    done
}

cat /proc/sys/net/ipv6/conf/lo/disable_ipv6 >no-ipv6 2>/dev/null || echo 1 >no-ipv6
[ "$(cat no-ipv6)" = 0 ] || skip "no IPv6 here"
check "$COFFER_HELPERS"
if [ -x "${COFFER_HELPERS}32/ops_record" ]; then check "${COFFER_HELPERS}32"; fi
