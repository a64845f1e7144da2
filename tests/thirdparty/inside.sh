#!/bin/bash
# tests/thirdparty/inside.sh [NAME...]
#
# Programs of Debian that bring a sandbox, change their identity or build root file systems, natively and in a view.
# One line each: pass, FAIL (the difference stands below it) or skip with the reason. All of them, or those named:
# man sshd vsftpd tor mutool chromium bwrap firejail gdb debootstrap rootfs service fakechroot
#
# COFFER is the program to test (default: build/coffer). As root; what an ordinary user does as well is done as user
# $TEST_USER (default 1000) too. debootstrap needs a mirror (MIRROR, default what apt uses) and some 800 MB in TMPDIR.
set -u
here=$(cd "$(dirname "$0")" && pwd)
COFFER=$(readlink -f "${COFFER:-$here/../../build/coffer}")
user=${TEST_USER:-1000}
port=${PORT:-24000}
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
work=$(mktemp -d "${TMPDIR:-/tmp}/coffer-inside.XXXXXX") || exit 1
trap 'cd /; rm -rf --one-file-system "$work"' EXIT
chmod 755 "$work"
cd "$work" || exit 1
failed=0

need() { # PROGRAM...: whether all are there; says so if not
    for program in "$@"; do
        command -v "$program" >/dev/null || { echo "skip  $name: no $program here"; return 1; }
    done
}

# both [-u] SCRIPT: runs it natively and in a view (-u: both as $user), in a fresh directory each; the outputs must be
# the same. \$PORT is another one each time. What the script prints with "#" in front is shown and not compared.
both() {
    local as=() layer_owner=0
    if [ "$1" = -u ]; then
        as=(setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all --bounding-set=-all)
        layer_owner=$user
        shift
    fi
    for where in native view; do
        rm -rf scratch && mkdir -m 777 scratch && chown "$layer_owner" scratch
        port=$((port + 20))
        if [ $where = native ]; then
            (cd scratch && PORT=$port HOME=$PWD timeout -s KILL 300 "${as[@]}" bash -c "$1") </dev/null >"$name.$where" 2>&1
        else
            mkdir -p layers && chmod 777 layers
            (cd scratch && PORT=$port HOME=$PWD timeout -s KILL 300 "${as[@]}" "$COFFER" run --net allow -q --discard \
                -l "$work/layers/$name.$layer_owner" -- bash -c "$1") </dev/null >"$name.$where" 2>&1
        fi
        echo "status $?" >>"$name.$where"
    done
    if diff <(grep -v '^#' "$name.native") <(grep -v '^#' "$name.view") >"$name.diff"; then
        echo "pass  $name${as[*]:+ (user $user)}: $(grep -cv '^#' "$name.native") lines the same"
    else
        failed=1
        echo "FAIL  $name${as[*]:+ (user $user)}"
        sed 's/^/        /' "$name.diff" | head -n 40
    fi
}

# refused PATTERN COMMAND...: in a view it ends, with another status than 0, and coffer says why.
refused() {
    local pattern=$1
    shift
    rm -rf scratch && mkdir scratch
    (cd scratch && timeout -s KILL 60 "$COFFER" run --net allow --discard -l "$work/layers/$name" -- "$@") </dev/null >"$name.view" 2>&1
    local status=$?
    if [ $status != 0 ] && [ $status != 137 ] && grep -q "^coffer: refused: .*$pattern" "$name.view"; then
        echo "pass  $name: refused with a reason, status $status"
    else
        failed=1
        echo "FAIL  $name: status $status"
        sed 's/^/        /' "$name.view" | head -n 20
    fi
}

check_sshd() {
    need sshd ssh ssh-keygen sftp || return
    both '
        mkdir -p /run/sshd
        ssh-keygen -q -t ed25519 -N "" -f host_key; ssh-keygen -q -t ed25519 -N "" -f id
        cp id.pub authorized
        printf "%s\n" "Port $PORT" "ListenAddress 127.0.0.1" "HostKey $PWD/host_key" "PidFile $PWD/pid" \
            "AuthorizedKeysFile $PWD/authorized" "StrictModes no" "UsePAM no" "PermitRootLogin yes" \
            "Subsystem sftp internal-sftp" >config
        /usr/sbin/sshd -f "$PWD/config" -E "$PWD/log" || exit
        until [ -s pid ]; do sleep 0.1; done
        options="-F none -i $PWD/id -o StrictHostKeyChecking=no -o UserKnownHostsFile=$PWD/known -o LogLevel=ERROR -o BatchMode=yes"
        ssh $options -p $PORT root@127.0.0.1 "id; echo made >$PWD/made; cat $PWD/made"; echo "command $?"
        ssh $options -p $PORT nobody2@127.0.0.1 true 2>/dev/null; echo "unknown user $?"
        ssh $options -p $PORT -tt root@127.0.0.1 "tty >/dev/null && stat -c %a:%u \$(tty)"; echo "terminal $?"
        echo "put id.pub $PWD/copied" | sftp $options -P $PORT -b - root@127.0.0.1 >/dev/null; echo "sftp $?"
        cmp copied id.pub && kill $(cat pid)
        grep -iE "fatal|seccomp|violation" log'
}

check_vsftpd() {
    need vsftpd curl || return
    # Its own seccomp filter kills it on Debian 12 without any view: it does not know newfstatat. So without that.
    both '
        mkdir -p ftp/pub /run/vsftpd/empty && mkdir -m 777 ftp/in && echo hello >ftp/pub/file && echo up >up
        chmod 755 .
        printf "%s\n" listen=YES listen_address=127.0.0.1 listen_port=$PORT anonymous_enable=YES no_anon_password=YES \
            "anon_root=$PWD/ftp" anon_upload_enable=YES write_enable=YES background=NO seccomp_sandbox=NO \
            pasv_min_port=$((PORT + 1)) pasv_max_port=$((PORT + 9)) xferlog_enable=NO >config
        /usr/sbin/vsftpd "$PWD/config" & daemon=$!
        until curl -s --max-time 10 ftp://127.0.0.1:$PORT/ >/dev/null; do kill -0 $daemon || exit; sleep 0.1; done
        curl -sS --max-time 20 ftp://127.0.0.1:$PORT/pub/file; echo "get $?"
        curl -sS --max-time 20 -T up ftp://127.0.0.1:$PORT/in/; echo "put $?"; cat ftp/in/up; stat -c "%a %U" ftp/in/up
        curl -sS --max-time 20 -l ftp://127.0.0.1:$PORT/ | sort
        kill $daemon'
}

# Its helpers decompress and format behind seccomp filters.
check_man() {
    need man || return
    both -u "gzip -c '$here/../../docs/man/coffer.1' >coffer.1.gz; MANPAGER=cat man -l coffer.1.gz; echo \$?"
}

check_tor() {
    need tor || return
    both -u 'printf "%s\n" "DataDirectory $PWD/data" "SocksPort 0" "Sandbox 1" >config
        tor -f config --verify-config --hush 2>&1 | cut -d " " -f 4-; ls data'
}

check_mutool() {
    need mutool || return
    both -u 'printf "%%PDF-1.1\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj\ntrailer<</Root 1 0 R>>\n" >a.pdf
        mutool clean a.pdf b.pdf 2>/dev/null; mutool draw -o b.png b.pdf; mutool info b.pdf; file b.png'
}

chromium_script='
    echo "<p id=x>no</p><script>document.getElementById(\"x\").textContent = \"script \" + 6 * 7</script>" >page.html
    chromium --headless --disable-gpu $FLAGS --user-data-dir=$PWD/data --dump-dom file://$PWD/page.html 2>/dev/null | grep -o "script 42"
    ls data | grep -x Default'

check_chromium() {
    need chromium || return
    both "FLAGS=--no-sandbox; $chromium_script"
    both -u "FLAGS=--no-sandbox; $chromium_script"
    mkdir -p layers && chmod 777 layers
    rm -rf scratch && mkdir -m 777 scratch && cd scratch || return
    setpriv --reuid "$user" --regid "$user" --clear-groups env HOME="$PWD" timeout -s KILL 120 "$COFFER" run --net allow --discard \
        -l "$work/layers/own" -- bash -c "FLAGS=; ${chromium_script/2>\/dev\/null/}" </dev/null >../chromium.own 2>&1
    cd ..
    if grep -q 'No usable sandbox' chromium.own && grep -q 'refused: chromium.*no new name spaces' chromium.own; then
        echo "pass  chromium with its own sandbox: says that there is none, and coffer says why"
    else
        failed=1
        echo "FAIL  chromium with its own sandbox"
        head -n 20 chromium.own
    fi
}

check_bwrap() { need bwrap && refused 'no new name spaces' bwrap --ro-bind / / --unshare-all true; }
check_firejail() { need firejail && refused 'no new name spaces' firejail --noprofile true; }
check_gdb() {
    need gdb && refused 'ptrace: ' gdb -nx -batch -ex run -ex 'quit $_exitcode' true
    name=strace
    need strace && refused 'ptrace: ' strace -f true
}

# What a root file system holds: owners, modes, links, content; not the logs, nor what holds a time.
listing='cd "$1" && find . -xdev \( -type c -o -type b \) -printf "%p %y %m %U:%G\n" -o -type l -printf "%p l %U:%G %l\n" \
        -o -type d -printf "%p d %m %U:%G\n" -o -printf "%p %y %m %U:%G %n\n" | sort
    find . -xdev -type f ! -path "./var/log/*" ! -path "./var/cache/*" ! -path "./etc/*-" ! -name shadow -print0 | sort -z |
        xargs -0 sha256sum'

check_debootstrap() {
    need debootstrap || return
    mkdir -p cache
    # shellcheck disable=SC2086 # MIRROR may be empty
    debootstrap --cache-dir="$PWD/cache" --variant=minbase bookworm native ${MIRROR-} >native.log 2>&1 ||
        { echo "skip  $name: natively: $(tail -n 1 native.log)"; return; }
    cp -a cache cache.view
    # shellcheck disable=SC2086
    "$COFFER" run --net allow -q -l "$work/rootfs" -- debootstrap --cache-dir="$PWD/cache.view" --variant=minbase bookworm \
        "$PWD/view" ${MIRROR-} >view.log 2>&1 || { failed=1; echo "FAIL  $name"; tail -n 5 view.log; return; }
    bash -c "$listing" listing "$PWD/native" >debootstrap.native
    "$COFFER" run --net allow -q -l "$work/rootfs" -- bash -c "$listing" listing "$PWD/view" >debootstrap.view
    if diff debootstrap.native debootstrap.view >debootstrap.diff && [ ! -e view ]; then
        echo "pass  $name: $(wc -l <debootstrap.native) lines the same"
    else
        failed=1
        echo "FAIL  $name"
        head -n 20 debootstrap.diff
    fi
}

rootfs_script='
    cd "$1" && chroot . /bin/sh -c "
        id; pwd; ls /
        useradd -m -s /bin/bash tester; id tester
        echo tester:password | chpasswd; echo chpasswd \$?
        su tester -c \"id -un; cd; pwd; touch made; stat -c \\\"%a %U\\\" made\"
        dpkg -l | wc -l; dpkg --verify; dpkg --audit
        echo x >/dev/null; head -c 3 /dev/zero | od -c | head -n 1
        apt-get update >/dev/null 2>&1; echo update \$?
        apt-get install -qq -y --no-install-recommends hello cron >/dev/null 2>&1; echo install \$?
        hello; dpkg-query -W hello cron; getent group crontab; stat -c \"%a %U:%G\" /usr/bin/crontab
        apt-get purge -qq -y hello cron >/dev/null 2>&1; echo purge \$?
        userdel -r tester 2>/dev/null; echo userdel \$?
        perl -e \"print qq(perl\n)\"; getent passwd | wc -l"'

check_rootfs() {
    [ -d native ] || { echo "skip  $name: needs debootstrap before it"; return; }
    cp /etc/resolv.conf native/etc/ 2>/dev/null
    cp /etc/hosts native/etc/
    "$COFFER" run --net allow -q -l "$work/rootfs" -- sh -c 'cp /etc/resolv.conf /etc/hosts "$1/etc/"' copy "$PWD/view"
    bash -c "$rootfs_script" rootfs "$PWD/native" >rootfs.native 2>&1 </dev/null
    "$COFFER" run --net allow -q -l "$work/rootfs" -- bash -c "$rootfs_script" rootfs "$PWD/view" >rootfs.view 2>&1 </dev/null
    if diff rootfs.native rootfs.view >rootfs.diff; then
        echo "pass  $name: $(wc -l <rootfs.native) lines the same"
    else
        failed=1
        echo "FAIL  $name"
        sed 's/^/        /' rootfs.diff | head -n 40
    fi
}

# A package with maintainer scripts, a user of its own and a daemon, installed and run in a view alone.
check_service() {
    need apt-get curl || return
    if dpkg-query -W nginx-light >/dev/null 2>&1; then
        echo "skip  $name: nginx is installed here"
        return
    fi
    mkdir -p layers
    # shellcheck disable=SC2016 # for the inner shell
    "$COFFER" run --net allow -q -l "$work/layers/service" -- bash -c '
        apt-get install -qq -y --no-install-recommends nginx-light >install.log 2>&1 || { tail -n 5 install.log; exit 1; }
        printf "%s\n" "pid $PWD/pid;" "error_log $PWD/error;" "user www-data;" "events {}" \
            "http { access_log off; server { listen 127.0.0.1:$1; root /var/www/html; index index.nginx-debian.html; } }" >config
        nginx -c "$PWD/config" || exit 2
        curl -sS --max-time 20 http://127.0.0.1:$1/ | grep -o "<h1>.*</h1>"
        ps -o user= -C nginx | sort | uniq -c | tr -s " "
        kill $(cat pid)' service $((port + 15)) >service.view 2>&1 </dev/null
    if grep -q '<h1>' service.view && grep -q '1 root' service.view && grep -q 'www-data' service.view &&
        ! command -v nginx >/dev/null; then
        echo "pass  $name: $(tr '\n' ' ' <service.view)"
    else
        failed=1
        echo "FAIL  $name: $(cat service.view)"
    fi
}

# An ordinary user's root file system: owners by fakeroot, the root by fakechroot.
check_fakechroot() {
    need fakeroot fakechroot debootstrap || return
    [ -d cache ] || mkdir -p cache
    cp -a cache cache.user && chown -R "$user" cache.user && mkdir -p -m 777 user
    # shellcheck disable=SC2086
    (cd user && HOME=$PWD timeout -s KILL 560 setpriv --reuid "$user" --regid "$user" --clear-groups "$COFFER" run --net allow -q -l "$PWD/layer" -- \
        fakechroot fakeroot debootstrap --variant=fakechroot --cache-dir="$work/cache.user" bookworm "$PWD/tree" ${MIRROR-}) >fakechroot.log 2>&1 </dev/null
    if grep -q 'Base system installed successfully' fakechroot.log && [ ! -e user/tree ]; then
        echo "pass  $name (user $user)"
    else
        failed=1
        echo "FAIL  $name (user $user)"
        tail -n 5 fakechroot.log
    fi
}

[ "$(id -u)" = 0 ] || { echo "inside.sh needs root: it starts daemons, and changes to user $user"; exit 2; }
[ $# -gt 0 ] || set -- man sshd vsftpd tor mutool chromium bwrap firejail gdb debootstrap rootfs service fakechroot
for name in "$@"; do
    case $(type -t "check_$name") in
    function) "check_$name" ;;
    *) echo "inside.sh: no such check: $name" && exit 2 ;;
    esac
done
exit $failed
