# shellcheck shell=bash
# A command that is recorded runs as it would without coffer: its output, its status, its signals, what it inherits.
. "$COFFER_TESTS/lib.sh"
need sqlite3

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
echo kept >before
for slip in nosuchcommand-at-all ./nosuch; do
    "$COFFER" record -q -o before -- "$slip" 2>/dev/null
    [ "$(cat before)" = kept ] || fail "$slip, which is not there, cost a file"
done
"$COFFER" record -q -o "$PWD/no/record" -- true 2>error
[ $? = 125 ] || fail "a record that cannot be made does not keep the command from running"
grep -q 'coffer: .*/no/record: No such file' error || fail "what is wrong: $(cat error)"
[ -z "$(find "$TMPDIR" -maxdepth 1 -name '.coffer-*')" ] || fail 'a layer was left behind'

# What comes out: a record, or what is made of one.
"$COFFER" record -o made.json -- sh -c 'echo new >out; cat out >/dev/null' 2>error || fail "a format by the ending: $(cat error)"
grep -q '"path":"'"$PWD"'/out"' made.json || fail "what is written is not in it: $(head -c 300 made.json)"
[ ! -s error ] || fail "more was said than was asked for: $(cat error)"
"$COFFER" record -q --format summary -- true >text || fail "a format on standard output"
grep -q '^Inputs: ' text || fail "no summary: $(head text)"
"$COFFER" record -q --format nosuch -- touch ran 2>error
[ $? = 125 ] && [ ! -e ran ] || fail "a format that is none"
"$COFFER" record -- touch ran 2>error || fail "the record by its own name"
grep -q "^coffer: 1 process recorded in coffer.record; see 'coffer report coffer.record'\$" error || fail "what is said: $(cat error)"
"$COFFER" report coffer.record --outputs | grep -qx "$PWD/ran" || fail "the output is not in the record"
echo precious >coffer.record
"$COFFER" record -- touch ran2 2>error
[ $? = 125 ] && [ ! -e ran2 ] && [ "$(cat coffer.record)" = precious ] || fail "a file that is no record was replaced"
rm coffer.record
"$COFFER" record -q -o no/made.html -- touch ran3 2>error
[ $? = 125 ] && [ ! -e ran3 ] && grep -q 'no/made.html: No such file' error || fail "a page that cannot be written is told of too late"
mkdir no
"$COFFER" record -q -o no/made.html -- sh -c 'rmdir no; touch ran3' 2>error
[ $? = 125 ] && [ -e ran3 ] || fail "a page that cannot be written any longer"
kept=$(sed -n 's/^coffer: \(.*\): the record is kept here.*/\1/p' error)
"$COFFER" report "$kept" --outputs | grep -qx "$PWD/ran3" || fail "the record is lost: $(cat error)"
rm "$kept"

# A summary in the place of its record would be all that is left; an empty path is no path.
"$COFFER" record -q -o only.rec -- true || fail "a record"
cp only.rec only.copy
ln -s only.rec only.link
for output in only.rec ./only.rec only.link; do
    "$COFFER" report only.rec -o "$output" 2>error
    [ $? = 2 ] && grep -q 'the record itself' error && cmp only.rec only.copy || fail "-o $output replaced the record: $(cat error)"
done
for wrong in -o --who-read --who-wrote; do
    "$COFFER" report only.rec "$wrong" '' >out 2>error
    [ $? = 2 ] && grep -q 'empty path' error || fail "$wrong with an empty path: $(cat out error)"
done

# A record is written in more than one place; a pipe takes a format.
mkfifo fifo
for output in /dev/full fifo; do
    "$COFFER" record -q -o $output -- touch ran4 2>error
    [ $? = 125 ] && [ ! -e ran4 ] && grep -q "$output: a record needs a regular file" error || fail "a record in $output: $(cat error)"
done
"$COFFER" record -q -o /dev/stdout -- touch ran4 2>error | cat >out
[ "${PIPESTATUS[0]}" = 125 ] && [ ! -s out ] && grep -q 'needs a regular file.*--format jsonl' error || fail "a record in a pipe: $(cat error)"
"$COFFER" record -q --format jsonl -o /dev/stdout -- true | grep -q '"event":"end"' || fail "JSON in a pipe"

# What the shell offers is what a command takes.
completion=$COFFER_TESTS/../../scripts/completion/coffer.bash
offered() {
    bash -c '. "$1"; coffer() { "$COFFER" "$@"; }; COMP_WORDS=(coffer "$2" --format ""); COMP_CWORD=3; _coffer; echo "${COMPREPLY[@]}"' bash "$completion" "$1"
}
if [ -e "$completion" ]; then
    [[ " $(offered record) " == *" record "*" jsonl "* ]] || fail "formats offered for record: $(offered record)"
    [[ " $(offered report) " == *" jsonl "* && " $(offered report) " != *" record "* ]] || fail "formats offered for report: $(offered report)"
else
    echo "not tried: completion, which is not beside the tests"
fi

# An environment is for nobody else.
for made in secret.record secret.json; do
    SECRET=hidden-in-here "$COFFER" record -q --environment -o "$made" -- true
    [ "$(stat -c %a "$made")" = 600 ] && grep -q hidden-in-here "$made" || fail "$made with an environment: $(ls -l "$made")"
done

# In a view: what lies in the layer is marked, what a rule refused is there.
"$COFFER" run -q -l "$PWD/layer" --record view.record -- sh -c 'echo x >made; rm text' || fail "run --record"
"$COFFER" report view.record --format sqlite -o view.sqlite || fail "a database of it"
COFFER_SQL() { sqlite3 view.sqlite "$1"; }
[ "$(COFFER_SQL "SELECT kind, flags & 1 FROM event JOIN path ON path.id = event.path WHERE name = '$PWD/made' AND error = 0 AND kind != 'look'")" = 'create|1' ] ||
    fail "what is made in a view: $(COFFER_SQL "SELECT kind, flags FROM event JOIN path ON path.id = event.path WHERE name LIKE '%made'")"
[ "$(COFFER_SQL "SELECT count(*) FROM event JOIN path ON path.id = event.path WHERE name = '$PWD/text' AND kind = 'delete'")" = 1 ] ||
    fail "what is deleted in a view"
echo host >text2
"$COFFER" run -q -l "$PWD/layer2" --record flags.record -- sh -c 'echo x >>text2; chmod 600 text2; mv text2 text3; test -e nothing; cat text' >/dev/null || fail "another recorded view"
"$COFFER" report flags.record --format sqlite -o flags.sqlite || fail "a database of it"
flags=$(sqlite3 flags.sqlite "SELECT DISTINCT kind, flags & 1 FROM event JOIN path ON path.id = event.path WHERE name LIKE '$PWD/t%' OR name LIKE '$PWD/nothing' ORDER BY event.id" | grep -v look | tr '\n' ' ')
[ "$flags" = 'write|1 metadata|1 rename|1 absent|0 read|0 ' ] || fail "what is in the layer: $flags"
[ -e text ] && [ ! -e made ] || fail "a recorded view reached the host"
diff=$("$COFFER" diff "$PWD/layer")
[[ $diff == *"A $PWD/made  by "*sh'['*']'* ]] && [[ $diff == *"D $PWD/text  by rm["*']'* ]] || fail "who made a change: $diff"
"$COFFER" diff --json "$PWD/layer" | grep -q '"by":\[{"program":"rm","pid":[0-9]*}\]' || fail "who, as JSON"
if strace -o /dev/null -- true 2>/dev/null; then
    strace -f -e trace=openat,open -o opens -- "$COFFER" diff "$PWD/layer" >/dev/null
    grep -q view.record opens || fail "a diff reads no record"
    strace -f -e trace=openat,open -o opens -- "$COFFER" diff --stat "$PWD/layer" >/dev/null
    ! grep view.record opens || fail "diff --stat reads a record that it has no use for"
else
    echo "not tried: which records a diff reads: strace cannot trace here"
fi
rm view.record
[ "$("$COFFER" diff "$PWD/layer")" = "A $PWD/made"$'\n'"D $PWD/text" ] || fail "without the record: $("$COFFER" diff "$PWD/layer")"
"$COFFER" run -q --discard --profile build --record rules.record -- sh -c ': >/etc/coffer-no' 2>/dev/null
# An ordinary user may not write there anyway: no rule is asked.
[ "$(id -u)" != 0 ] ||
    "$COFFER" report rules.record --format jsonl | grep -q '"/etc/coffer-no".*build:' ||
    fail "what a rule refused: $("$COFFER" report rules.record --format jsonl | grep violation)"
