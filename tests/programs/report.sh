# shellcheck shell=bash
# What a policy refuses is told: at once and once each, with the rule; counted; in the exit status; in a report; with the
# place in the program. And the options that a policy is made from.
. "$COFFER_TESTS/lib.sh"
need python3 strip

helper=$COFFER_HELPERS/report
mkdir host host/open host/secret
echo key >host/secret/key
cat >rules <<END
write deny $PWD/host/**
write direct $PWD/host/open/**
END
# The line of a rule of ours, as patterns see it.
denied="rules:1: write deny $PWD/host/\*\*"

view() { "$COFFER" run -l "$LAYER" "$@" 2>err; }
# status STATUS COMMAND...
status() {
    local wanted=$1 got=0
    shift
    "$@" || got=$?
    [ $got = "$wanted" ] || fail "status $got and not $wanted: $*: $(cat err)"
}
# lines COUNT PATTERN: so many lines of standard error match.
lines() {
    [ "$(grep -c -- "$2" err)" = "$1" ] || fail "not $1 lines say '$2': $(cat err)"
}

for lock in try off; do
    # One line at once, with the rule; the host is as it was.
    [ "$(view --lock=$lock -p rules -- "$helper" nested host/new)" = EACCES ] || fail "not refused: $(cat err)"
    lines 1 "^coffer: refused: report\[[0-9]*\]: mkdir: cannot write $PWD/host/new: $denied; -w $PWD/host allows it$"
    lines 1 '1 call refused'
    lines 1 '^coffer: who made these calls, and where: --report FILE, --backtrace$'
    [ ! -e host/new ] || fail "made in spite of the rule"

    # Ten thousand equal ones are one line and a count.
    [ "$(view --lock=$lock -p rules -- "$helper" repeat 10000 host/new)" = EACCES ] || fail "repeat: $(cat err)"
    lines 1 '^coffer: refused: '
    lines 1 "^coffer: refused 10000 times: report: mkdir: cannot write $PWD/host/new: $denied$"
    lines 1 '10000 calls refused'

    # It goes by the place that a path leads to.
    ln -sfn "$PWD/host" link
    [ "$(view --lock=$lock -p rules -- "$helper" nested link/other)" = EACCES ] || fail "by a link: $(cat err)"
    lines 1 "cannot write $PWD/host/other: $denied"
done

# Very many different ones do not fill the screen, and names do not steer the terminal.
view -p rules -- "$helper" names 300 "host/$(printf 'a\033[1m\nb')" >/dev/null || fail "names: $(cat err)"
[ "$(grep -c '^coffer: refused: ' err)" = 100 ] || fail "$(wc -l <err) lines"
lines 1 '^coffer: more was refused'
lines 1 '300 calls refused'
! grep -q "$(printf '\033')" err || fail "an escape goes to the terminal"
lines 100 'host/a\\033\[1m\\nb'

# Nothing is said with -q, nor of quiet rules, which count as nothing.
view -q -p rules -- "$helper" nested host/new >/dev/null
[ ! -s err ] || fail "-q: $(cat err)"
{ cat rules && echo "quiet write $PWD/host/silent*"; } >quiet
[ "$(view -p quiet --fail-on-violation -- "$helper" nested host/silent)" = EACCES ] || fail "quiet: $(cat err)"
! grep -q refused err || fail "a quiet rule is reported: $(cat err)"
# ... also where all others in the directory are refused as well. And it is the name's own rule that is told.
printf 'write deny %s\n' "$PWD/host/**" "$PWD/host/known" >all
echo "quiet write $PWD/host/silent" >>all
[ "$(view -p all --fail-on-violation -- "$helper" nested host/silent)" = EACCES ] || fail "quiet: $(cat err)"
! grep -q refused err || fail "a quiet rule is reported: $(cat err)"
status 2 view -p all --fail-on-violation -- "$helper" nested host/known >/dev/null
lines 1 "cannot write $PWD/host/known: all:2: write deny $PWD/host/known;"

# The exit status.
status 0 view -p rules -- "$helper" nested host/new >/dev/null
status 2 view -p rules --fail-on-violation -- "$helper" nested host/new >/dev/null
status 0 view -p rules --fail-on-violation -- "$helper" nested host/open/new >/dev/null
status 3 view -p rules --fail-on-violation -- sh -c '"$0" nested host/new; exit 3' "$helper" >/dev/null
# ... for which nothing is committed.
status 2 view -p rules --fail-on-violation --commit -- sh -c '"$0" nested host/new; echo more >more' "$helper" >/dev/null
[ ! -e more ] || fail "committed in spite of a violation"

# What a refused call gets.
[ "$({ cat rules && echo on-violation errno EROFS; } >other && view -p other -- "$helper" nested host/new)" = EROFS ] ||
    fail "errno: $(cat err)"
{ cat rules && echo on-violation kill; } >killing
status 137 view -p killing -- "$helper" nested host/new
lines 1 "cannot write $PWD/host/new: .*; the process is killed$"
status 137 view -p rules --on-violation kill -- "$helper" thread host/new
status 0 view -p killing --on-violation errno -- "$helper" nested host/new >/dev/null

# The user is asked once for each action on a place, and others run on meanwhile; without a terminal it fails.
{ cat rules && echo on-violation ask; } >asking
[ "$(view -p asking -- "$helper" nested host/new </dev/null)" = EACCES ] || fail "ask without a terminal: $(cat err)"
lines 1 'ask: there is no terminal to ask on'
cat >ask.py <<'END'
import os, pty, re, sys
# ask.py ANSWERS COMMAND...: on a terminal of its own; each question gets the next answer ("yes" once another
# program is done), and what is seen is printed.
answers = sys.argv[1].split(",")
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
seen, told = b"", 0
while True:
    try:
        seen += os.read(terminal, 4096)
    except OSError:
        break
    while seen.count(b"the process: ") > told and not (answers[0] == "yes" and b"done" not in seen):
        told += 1
        answer = answers.pop(0)
        os.write(terminal, b"\x03" if answer == "interrupt" else answer.encode() + b"\n")
print(re.sub(r"\[[0-9]+\]", "[PID]", seen.decode()).replace("\r", ""), end="")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print("status", status)
END
# asked ANSWERS COMMAND...
asked() {
    local answers=$1
    shift
    timeout -s KILL 60 python3 ask.py "$answers" "$COFFER" run -l "$LAYER" -p asking -- "$@" >seen ||
        fail "ask.py: $(cat seen)"
}
# seen COUNT PATTERN
seen() { [ "$(grep -cE -- "$2" seen)" = "$1" ] || fail "not $1 lines with '$2': $(cat seen)"; }
seen_all() { printf '%s\n' "$@" | diff - <(sed -E '/^coffer: (ref|[0-9]|nothing|who)/d' seen) || fail "seen: $(cat seen)"; }
question="coffer: report[PID]: mkdir: cannot write $PWD/host/asked: asking:1: write deny $PWD/host/**"
allow='coffer: allow it? [y]es, [n]o, [k]ill the process: '
rm -rf "$LAYER"
asked n "$helper" repeat 3 host/asked
seen_all "$question" "${allow}n" EACCES 'status 0'
seen 1 'refused 3 times'
asked 'what,y' "$helper" repeat 2 host/asked
seen_all "$question" "${allow}what" "${allow}y" "done" EEXIST 'status 0'
seen 0 refused
[ -d "$LAYER/fs$PWD/host/asked" ] || fail "what the user allowed is not in the layer"
rm -rf "$LAYER"
asked k "$helper" nested host/asked
seen_all "$question" "${allow}k" 'status 137'
asked interrupt "$helper" nested host/asked
seen 1 'status 130'
asked yes sh -c '"$0" nested host/asked & "$0" nested host/open/meanwhile; wait' "$helper"
[ "$(grep -c 'done$' seen)" = 2 ] || fail "others wait for the user: $(cat seen)"
# A program that reads the terminal as well may take the answer; then another one, or Ctrl-C, is waited for.
cat >taken.py <<'END'
import os, pty, select, signal, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
seen, end = b"", time.monotonic() + 30
os.write(terminal, b"first\n")
typed = ended = False
while True:
    if time.monotonic() > end:
        os.kill(pid, signal.SIGKILL)
        sys.exit(f"it hangs: {seen!r}")
    if select.select([terminal], [], [], 0.02)[0]:
        try:
            seen += os.read(terminal, 4096)
        except OSError:
            break
    if not typed and b"the process: " in seen:
        os.write(terminal, b"n\n")
        typed = True
    elif typed and not ended and b"EACCES" in seen:
        os.write(terminal, b"n\n") # for the other one
        ended = True
    elif typed and not ended and b"\nn\n" in open("host/open/taken", "rb").read():
        os.write(terminal, b"\x03")
        ended = True
os.waitpid(pid, 0)
END
for ((try = 0; try < 5; try++)); do
    rm -f host/open/taken
    # shellcheck disable=SC2016 # for the inner shell
    timeout -s KILL 60 python3 taken.py "$COFFER" run -q -l "$LAYER" -p asking -- sh -c '
        dd bs=64 count=2 status=none </dev/tty >host/open/taken &
        until [ -s host/open/taken ]; do :; done
        "$0" nested host/untaken; wait' "$helper" >seen 2>&1 || fail "the answer is taken by another: $(cat seen)"
done

# The options: -w and --hide are rules behind the others, whatever bytes are in their paths.
odd="host/a b*[x]\\#~"
mkdir "$odd" "${odd}not"
[ "$(view -p rules -w "$odd" -- "$helper" nested "$odd/new")" = "done" ] || fail "-w: $(cat err)"
[ -d "$odd/new" ] || fail "-w does not write to the host"
[ "$(view -p rules -w "$odd" -- "$helper" nested "${odd}not/new")" = EACCES ] || fail "-w opens what it does not name"
mkdir host/later
(cd host/open && view -p ../../rules -w ../../host/./later -- "$helper" nested ../later/new) >/dev/null
[ -d host/later/new ] || fail "-w .. does not write to the host"
view --hide host/secret -w host -- sh -c 'ls host; cat host/secret/key' >out
! grep -q 'secret\|key' out || fail "--hide hides nothing: $(cat out)"
grep -q open out || fail "--hide: $(cat out err)"

# Profiles: secrets are hidden unless another one is asked for; the file comes behind the profile.
mkdir "$HOME/.ssh" && echo key >"$HOME/.ssh/id"
[ -z "$(view -- sh -c 'cat ~/.ssh/id')" ] || fail "untrusted shows a key"
[ "$(view --profile trace -- sh -c 'cat ~/.ssh/id')" = key ] || fail "trace hides a key: $(cat err)"
echo 'read allow ~/.ssh/**' >keys
[ "$(view --profile untrusted -p keys -- sh -c 'cat ~/.ssh/id')" = key ] || fail "-p is not behind --profile: $(cat err)"

# A layer that the policy does not use is neither kept nor mentioned.
"$COFFER" run --profile trace -- "$helper" nested host/open/traced >out 2>err || fail "trace: $(cat err)"
[ ! -s err ] || fail "trace: $(cat err)"
[ -d host/open/traced ] || fail "trace does not write to the host: $(cat out)"

# ... nor does it need a place in the store.
mkdir closed && chmod 500 closed
if [ "$(id -u)" = 0 ]; then closed=/proc; else closed=$PWD/closed; fi
[ "$(XDG_STATE_HOME=$closed "$COFFER" run --profile trace -- "$helper" nested host/open/homeless 2>err)" = "done" ] ||
    fail "without a store: $(cat err)"
[ ! -s err ] || fail "without a store: $(cat err)"
[ -d host/open/homeless ] || fail "without a store nothing is written"
! XDG_STATE_HOME=$closed "$COFFER" run true 2>err || fail "a layer without a store"

# What is wrong is said before anything runs.
# wrong STATUS PATTERN OPTION...
wrong() {
    local wanted=$1 pattern=$2
    shift 2
    status "$wanted" view "$@" -- touch started
    lines 1 .
    lines 1 "^coffer: $pattern"
}
printf 'read allow /**\nread sometimes /x\n' >bad
rm -rf "$LAYER"
wrong 2 'bad:2:6: .sometimes. found' -p bad
wrong 2 'nowhere: No such file' -p nowhere
wrong 2 'nonesuch: no profile of this name; there are build, ' --profile nonesuch
wrong 2 'run: --profile is given twice' --profile build --profile strict
wrong 2 'run: --policy is given twice' -p rules -p bad
wrong 2 'host/../nowhere/../x: No such file' -w host/../nowhere/../x
wrong 125 'run: --on-violation is' --on-violation perhaps
wrong 125 'run: --net is' --net some
wrong 125 'run: --hide has an empty path' --hide ''
wrong 125 "$PWD/host/none/report: No such file" --report "$PWD/host/none/report"
[ ! -e "$LAYER" ] || fail "a layer was made"

# The report: an object a line, which says all.
view --report report.json --backtrace -p rules -- sh -c '
    cd link && "$0" repeat 7 ./new && "$0" thread other; mkdir "$(printf "\377\"")"; true' "$helper" >/dev/null
lines 1 '^coffer: report.json: tells what was refused, and to whom$'
grep -q 'report_outer+0x' err || fail "no backtrace: $(cat err)"
cat >check.py <<'END'
import json, os, sys
lines = [json.loads(line) for line in open("report.json")]
here = os.getcwd()
assert [(l["process"], l["call"], l["count"]) for l in lines] == [("report", "mkdir", 7), ("report", "mkdir", 1), ("mkdir", "mkdir", 1)], lines
first, second, third = lines
assert first["said"] == "./new" and first["path"] == here + "/host/new", first
assert first["cwd"] == here + "/host", first
assert first["command"] == [sys.argv[1], "repeat", "7", "./new"], first
assert [p["process"] for p in first["parents"]] == ["sh"] and first["parents"][0]["pid"] == first["ppid"], first
assert (first["file"], first["line"], first["rule"]) == ("rules", 1, "write deny " + here + "/host/**"), first
assert (first["action"], first["answer"], first["errno"], first["uid"]) == ("write", "errno", "EACCES", os.getuid()), first
assert first["pid"] == first["tid"] and second["pid"] != second["tid"], lines
for line in first, second:
    trace = line["backtrace"]
    assert any("report_inner+0x" in frame for frame in trace[:3]), trace
assert any("report_outer+0x" in frame for frame in second["backtrace"]), second
assert third["path"] == here + '/host/\ufffd"' and third["path_hex"].endswith("ff22"), third
END
python3 check.py "$helper" || fail "the report: $(cat report.json)"

# Of a stripped program the exported names are left, and the addresses.
strip -o stripped "$helper" || fail "strip"
view --backtrace -p rules -- ./stripped nested host/new >/dev/null
lines 1 '#0 0x[0-9a-f]* mkdir+0x[0-9a-f]* ('
grep -q '#1 0x[0-9a-f]* (.*/stripped)' err || fail "stripped: $(cat err)"

# The program may write to the file, if it is one of its own: what it wrote is gone, and that it removed it is said.
{ echo "write direct $PWD/**" && cat rules; } >here
view --report report.json -p here -- sh -c 'echo "{} {} {}" >report.json; "$0" nested host/new' "$helper" >/dev/null
[ "$(wc -l <report.json)" = 1 ] || fail "the program writes to the report: $(cat report.json)"
status 125 view --report report.json -p here -- rm report.json
lines 1 'report.json: the report was removed'
status 125 view --report /dev/full -p rules -- "$helper" nested host/new >/dev/null
lines 1 '/dev/full: the report could not be written'

# Where nobody reads what coffer says, the status, the report and the end of the layer are as they are.
rm -rf "$LAYER" report.json && mkfifo unread closed-now
"$COFFER" run -l "$LAYER" --discard --report report.json -p rules -- sh -c '
    echo x >changed; read -r line <closed-now; exec 2>/dev/null; "$0" nested host/new; exit 7' "$helper" >/dev/null 2>unread &
supervisor=$!
exec 8<unread 8<&-
echo >closed-now
wait $supervisor
got=$?
[ $got = 7 ] || fail "status $got where nobody reads"
[ "$(wc -l <report.json)" = 1 ] || fail "no report where nobody reads"
[ ! -e "$LAYER" ] || fail "a layer is left where nobody reads"

# It does not grow for ever.
view --report report.json -p rules -- "$helper" names 10020 host/new >/dev/null
[ "$(wc -l <report.json)" = 10001 ] || fail "$(wc -l <report.json) lines in the report"
[ "$(tail -n 1 report.json)" = '{"unlisted":20}' ] || fail "last line of the report: $(tail -n 1 report.json)"
lines 1 '10020 calls refused'

# Calls that a view does not give are in it as well, without a rule.
if view --report report.json --fail-on-violation -- "$COFFER_HELPERS/ops_inside" refused >/dev/null; then
    python3 -c '
import json
lines = [json.loads(line) for line in open("report.json")]
assert lines and all(l["process"] == "ops_inside" and "rule" not in l and l["text"] for l in lines), lines' ||
        fail "notices: $(cat report.json)"
else
    fail "a call that no rule is about is taken for a violation: $(cat err)"
fi
exit 0
