# shellcheck shell=bash
# A command that is recorded runs as it would without coffer: its output, its status, its signals, what it inherits.
. "$COFFER_TESTS/lib.sh"

# same WORDS...: the same output and status natively and recorded.
same() {
    local native status
    native=$("$@" 2>&1 7<<<inherited)
    status=$?
    local recorded
    recorded=$("$COFFER" record -q -o "$PWD/record" -- "$@" 2>&1 7<<<inherited)
    local recorded_status=$?
    [ "$native" = "$recorded" ] || fail "$*: '$native' natively, '$recorded' recorded"
    [ "$status" = "$recorded_status" ] || fail "$*: exit status $status natively, $recorded_status recorded"
    [ -s record ] || fail "$*: no record"
}

same true
same false
same sh -c 'exit 7'
same sh -c 'cat <&7'
same sh -c 'kill -TERM $$'
same sh -c 'umask 027; mkdir d; : >d/f; stat -c "%a %n" d d/f; rm -r d'
same sh -c 'ulimit -c; ulimit -n; cat /proc/self/comm; grep -c . /proc/self/maps >/dev/null; readlink /proc/self/cwd'
same sh -c 'mkdir a; cd a; mv ../a ../b; /bin/pwd; mkdir c; ls .; cd -P ..; /bin/pwd; rm -r b'
same sh -c 'mkdir e; cd e; rmdir ../e; ls . 2>&1; /bin/pwd 2>&1; cat ../nothing 2>&1'
same sh -c 'ln -s nowhere l; cat l; rm l; mkdir x; ln -s x l; : >l/f; rm l; mkdir l; ls l x; rm -r l x'
"$COFFER" record -q -o record -- nosuchcommand-at-all 2>/dev/null
[ $? = 127 ] || fail "the status of a command that is nowhere"
"$COFFER" record -q -o record -- ./nosuch 2>/dev/null
[ $? = 127 ] || fail "the status of a command that is not there"
"$COFFER" record -q -o record -- "$PWD" 2>/dev/null
[ $? = 126 ] || fail "the status of what cannot be executed"
"$COFFER" record -q -o "$PWD/no/record" -- true 2>error
[ $? = 125 ] || fail "a record that cannot be made does not keep the command from running"
grep -q 'coffer: .*/no/record: No such file' error || fail "what is wrong: $(cat error)"
[ -z "$(find /tmp -maxdepth 1 -name '.coffer-*' -newer error 2>/dev/null)" ] || fail 'a layer was left behind'
