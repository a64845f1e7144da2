#!/bin/bash
# What is wrong is said in one line, "coffer: what: why", with the documented exit status, and nothing is lost.
# shellcheck disable=SC2015,SC2016,SC2028,SC2030,SC2031,SC2094 # texts for inner shells; fail ends the test
set -u
. "$(dirname "$0")/lib.sh"
mkdir host && echo kept >host/file
failures=0

# refused STATUS PATTERN COMMAND...: the status, and exactly one line on standard error, of which PATTERN is a part.
refused() {
    local status=$1 pattern=$2 got
    shift 2
    "$@" >refused.out 2>refused.err </dev/null
    got=$?
    if [ $got != "$status" ] || [ "$(wc -l <refused.err)" != 1 ] || ! grep -qE '^coffer: .+: .+' refused.err ||
        ! grep -qE "$pattern" refused.err || [ -s refused.out ]; then
        echo "not as it should be: $*" >&2
        echo "  status $got, should be $status; should say '$pattern'; it said:" >&2
        sed 's/^/    /' refused.out refused.err >&2
        failures=$((failures + 1))
    fi
}

# ends STATUS COMMAND...: of the command that runs in a view.
ends() {
    local status=$1 got
    shift
    "$@" >ends.out 2>&1 </dev/null
    got=$?
    if [ $got != "$status" ]; then
        echo "not as it should be: $*: status $got, should be $status: $(tail -n 1 ends.out)" >&2
        failures=$((failures + 1))
    fi
}

run() { "$COFFER" run -q -l "$LAYER" "$@"; }

# The command line.
refused 2 'frobnicate' "$COFFER" frobnicate
refused 2 '' "$COFFER"
refused 125 'no-such-option' run --no-such-option true
refused 125 '' run
refused 125 '' run --
refused 125 'lock' run --lock=maybe true
refused 125 '' "$COFFER" run -l
refused 2 'no-such-option' "$COFFER" diff --no-such-option
refused 2 'no-such-option' "$COFFER" commit --no-such-option
refused 2 'no-such-option' "$COFFER" discard --no-such-option
refused 2 'no-such-option' "$COFFER" list --no-such-option
refused 2 'no-such-option' "$COFFER" doctor --no-such-option
refused 2 'exclude' run --commit --discard true
refused 2 'exclude' run --quiet --verbose true
[ ! -e "$LAYER" ] || { echo "a usage error made a layer" >&2; failures=$((failures + 1)); }
for command in run shell list diff commit discard doctor; do ends 0 "$COFFER" $command --help; done
ends 0 "$COFFER" --help
ends 0 "$COFFER" --version

# The command and how it ends.
refused 127 'no-such-command' run no-such-command
refused 127 'no/such/command' run ./no/such/command
refused 126 'host/file' run host/file
refused 126 'host' run ./host
ends 0 run true
ends 7 run sh -c 'exit 7'
ends 143 run sh -c 'kill -TERM $$'
ends 137 run sh -c 'kill -KILL $$'
ends 139 run sh -c 'ulimit -c 0; kill -SEGV $$'
run sh -c 'rm -r host && mkdir host'
printf '#!/bin/sh\nexit 5\n' >host/onhost && chmod +x host/onhost
refused 127 'onhost' run host/onhost

# A working directory that the view does not have.
mkdir gone
expect run rmdir gone
refused 125 'gone' sh -c 'cd gone && exec "$0" run -q -l "$1" true' "$COFFER" "$LAYER"
rmdir gone

# The layer: another's at the moment.
mkfifo ready finish
exec 5<>finish 6<>ready
"$COFFER" run -q -l "$LAYER" sh -c 'echo up; read -r line' <&5 >&6 &
read -r _ <&6 || fail "the first view did not start"
refused 125 'layer' run true
refused 2 'layer' "$COFFER" commit "$LAYER"
refused 2 'layer' "$COFFER" discard "$LAYER"
ends 0 "$COFFER" diff "$LAYER"
echo >&5
wait $!
ends 0 run true

# None (a directory that is no layer may also be a path in the newest one), another version's, half-written, damaged.
refused 2 'nowhere|no layer' "$COFFER" diff "$PWD/nowhere"
refused 2 'nowhere|no layer' "$COFFER" commit "$PWD/nowhere"
refused 2 'nowhere|no layer' "$COFFER" discard "$PWD/nowhere"
refused 2 'no-such-layer' "$COFFER" diff no-such-layer
refused 125 'host/file' "$COFFER" run -l "$PWD/host/file/layer" true
mkdir notalayer && echo precious >notalayer/file
refused 125 'notalayer' "$COFFER" run -l "$PWD/notalayer" true
refused 2 'notalayer|no layer' "$COFFER" discard "$PWD/notalayer"
[ "$(cat notalayer/file)" = precious ] || fail "a directory that is no layer was changed"
cp -a "$LAYER" damaged
damaged=$PWD/damaged
sed -i 's/\("\(version\|format\)" *: *\)[0-9]*/\19999/' damaged/layer.json
grep -q 9999 damaged/layer.json || fail "layer.json has no version: $(cat damaged/layer.json)"
refused 125 'version|format' "$COFFER" run -l "$damaged" true
refused 2 'version|format' "$COFFER" diff "$damaged"
refused 2 'version|format' "$COFFER" commit "$damaged"
head -c 20 "$LAYER/layer.json" >damaged/layer.json
refused 125 'layer.json|damaged' "$COFFER" run -l "$damaged" true
refused 2 'layer.json|damaged' "$COFFER" commit "$damaged"
: >damaged/layer.json
refused 125 'layer.json|damaged' "$COFFER" run -l "$damaged" true
printf '\377\000{{{' >damaged/layer.json
refused 125 'layer.json|damaged' "$COFFER" run -l "$damaged" true
cp "$LAYER/layer.json" damaged/layer.json
ends 0 "$COFFER" run -q -l "$damaged" true
[ "$(cat host/file 2>/dev/null)" = kept ] || fail "the host's file changed"

# File systems on which a layer cannot lie: only root may mount them.
if [ "$(id -u)" = 0 ]; then
    mkdir full
    unshare -m bash -c '
        mount -t tmpfs -o size=1m tmpfs full || exit 9
        "$COFFER" run -q -l "$PWD/full/layer" sh -c "
            echo before >host/before; dd if=/dev/zero of=host/big bs=64k count=64; echo \$?; rm host/big" >full.status 2>full.err
        head -c 2m /dev/zero >full/filler 2>/dev/null
        "$COFFER" run -q -l "$PWD/full/layer" true 2>>full.err
        echo "status $?" >>full.status
        rm full/filler
        "$COFFER" run -q -l "$PWD/full/layer" cat host/before >full.before 2>>full.err
        "$COFFER" run -q -l "$PWD/full/layer" sh -c "echo again >host/again" || echo "not usable" >>full.err
        mount -o remount,ro full || exit 9
        "$COFFER" run -q -l "$PWD/full/layer" true 2>readonly.err
        echo "status $?" >readonly.status
        "$COFFER" diff "$PWD/full/layer" >readonly.diff 2>>readonly.err || echo "no diff" >>readonly.err
        umount full
    ' || fail "the mounts for the test did not work"
    [ "$(head -n 1 full.status)" = 1 ] || fail "dd on a full disk: $(cat full.status full.err)"
    grep -q 'No space left' full.err || fail "the program was not told that the disk is full: $(cat full.err)"
    tail -n 1 full.status | grep -qE '^status (0|125)$' || fail "true on a full disk: $(cat full.status full.err)"
    [ "$(cat full.before)" = before ] || fail "a full disk lost a file of the layer: $(cat full.err)"
    ! grep -q 'not usable' full.err || fail "the layer is not usable after a full disk: $(cat full.err)"
    [ "$(cat readonly.status)" = "status 125" ] && [ "$(wc -l <readonly.err)" = 1 ] &&
        grep -qE '^coffer: .+: .+' readonly.err || fail "a read-only layer: $(cat readonly.status readonly.err)"
    [ -s readonly.diff ] || fail "a read-only layer has no diff"
    # ramfs has no user xattrs.
    mkdir plain
    unshare -m bash -c '
        mount -t ramfs ramfs plain || exit 9
        "$COFFER" run -q -l "$PWD/plain/layer" true 2>plain.err
        echo "status $?" >plain.status' || fail "the ramfs did not mount"
    [ "$(cat plain.status)" = "status 125" ] && [ "$(wc -l <plain.err)" = 1 ] &&
        grep -qE '^coffer: .+: .+' plain.err || fail "no user xattrs: $(cat plain.status plain.err)"
else
    cp -a "$LAYER" readonly
    chmod -R a-w readonly
    refused 125 'readonly' "$COFFER" run -l "$PWD/readonly" true
    ends 0 "$COFFER" diff "$PWD/readonly"
    mkdir unwritable && chmod 555 unwritable
    refused 125 'unwritable' "$COFFER" run -l "$PWD/unwritable/layer" true
fi

# /dev/full and a closed standard error must not change how the command ends.
run sh -c 'exit 3' 2>/dev/full
[ $? = 3 ] || fail "the exit status depends on standard error"
"$COFFER" run -l "$LAYER" sh -c 'exit 4' 2>&-
[ $? = 4 ] || fail "the exit status depends on an open standard error"
[ $failures = 0 ] || fail "$failures answers were not as they should be"
