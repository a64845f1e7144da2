#!/usr/bin/env python3
"""Random scripts of file-system operations, played natively and in a view: both must give the same.

Each script is played on its tree natively; the tree is made again, and the script is played in a view. Compared are
  view      what every operation gave, and the tree as the script itself sees it at its end
  host      the tree on the host, which nobody may have touched
  later     the tree as a later run in the same layer sees it
  overlay   the tree as the kernel's overlayfs shows it, as root
  commit    the tree after `coffer commit --root`, as root, which must be what the native run has left
With --record each is played natively twice, the second time under `coffer record`: all must be the same.
A script that gives a difference is made smaller as long as the difference remains, and kept.
"""
import argparse
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 120
OVERLAY = ('mkdir -p "$1" && mount -t overlay overlay -o "ro,userxattr,lowerdir=$2:$3" "$1" && shift 3 && exec "$@"')
LIVE_OVERLAY = ('mount -t overlay overlay -o "userxattr,lowerdir=$1,upperdir=$2,workdir=$3" "$4" && shift 4 && exec "$@"')
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro / ; cd "$1"; shift; exec "$@"'


def kept_capabilities():
    """What root's programs have in a view, for setpriv."""
    with open(os.path.join(HERE, os.pardir, "programs", "capabilities"), encoding="utf-8") as file:
        return ["+" + line.strip() for line in file if not line.startswith("#")]


class Difference:
    """Where two plays of one script part: phase, line of the script (or of the tree), both outputs."""

    def __init__(self, phase, operation, expected, got):
        self.phase, self.operation, self.expected, self.got = phase, operation, expected, got

    def key(self):
        """Equal for differences that are likely to have one cause."""
        def shape(line):
            line = re.sub(r"^ *\S+", "", line) if self.phase != "view" or self.operation.startswith("tree") else line
            return re.sub(r"[0-9]+|#[0-9a-f]{8}", "N", line)
        name = self.operation.split()[1] if self.phase == "view" and not self.operation.startswith("tree") else "tree"
        if name == "tree":
            names = [name for name, value, other in fields(self.expected, self.got) if value != other]
            return f"{self.phase} tree {' '.join(names)}"
        return f"{self.phase} {name} {shape(self.expected)} / {shape(self.got)}"

    def __str__(self):
        return (f"{self.phase}: {self.operation}\n    expected  {self.expected}\n    got       {self.got}")


def fields(expected, got):
    """The words of two lines of a tree, by the letter that they begin with: (name, one, other)."""
    one, other = expected.split(), got.split()
    if len(one) < 4 or len(other) < 4:
        return [("line", expected, got)]
    def named(words):
        return {(word[0] if not word.startswith("user.") else "xattr") if at else "name": word
                for at, word in enumerate(words)}
    one, other = named(one), named(other)
    return [(name, one.get(name), other.get(name)) for name in sorted(set(one) | set(other))]


class Accepted:
    """Differences that are known: see the file `accepted`. A kept script may not need those that are not yet right."""

    def __init__(self, paths, all_known):
        self.rules, self.used = [], {}
        for path in paths:
            self.read(path, all_known)

    def read(self, path, all_known):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("# Not yet") and not all_known:
                    break
                if line.strip() and not line.startswith("#"):
                    parts = [part.strip() for part in line.rstrip("\n").split(" | ")]
                    self.rules.append([parts[0]] + [re.compile(part) for part in parts[1:4]] + [line.rstrip("\n")])
                    self.used[line.rstrip("\n")] = 0

    def rule(self, phase, operation, expected, got):
        for what, *patterns, line in self.rules:
            phases, _, effect = what.partition(":")
            if phase in phases.split(",") and all(
                    pattern.search(text) for pattern, text in zip(patterns, (operation, expected, got))):
                self.used[line] += 1
                return effect, line
        return None


# What a script has, for the rules in `accepted`.
MARKS = (
    ("hardlinks", r"^\+ hardlink "), ("fifos", r"^\+ fifo "), ("sockets", r"^\+ socket |bind|S_IFSOCK"),
    ("deep", r" deep "), ("links", r" link(at)? "), ("exec", r" exec "), ("sweep", r" sweep "), ("accessed", r"[0-9]:omit"), ("transfer", r" (copy_file_range|sendfile) "), ("lseek", r" lseek "),
    ("truncate", r" truncate "), ("dots", r"symlink (\S+ )?\S*[^/.\s]/\.\.?(/| |$)"),
    ("unreadable", r"^\+ (dir|file|script) \S+ (0000|0200|0111|0311|0444) "),
    ("closed", r" (mkdir\S*|f?chmod\S*) .*0(000|222|070|007|444|600|644)( |$)|umask 0?[1-9]"),
    ("renamed", r"(?s) O_RDONLY.* rename.* (fchmod|fchown|fsetxattr|fremovexattr|futimens) f"),
    ("exchange", r"RENAME_EXCHANGE"), ("forked", r" fork "), ("become", r" become$"), ("user", r"^script user"),
    ("moves", r" (rename\w*|rmdir|sweep) | AT_REMOVEDIR"),
)
SOCKET_TIME = re.compile(r"(~s fstat: .*) m(\d+\.\d+|now)")  # the kernel leaves them as the memory has them
IDENTITY = re.compile(r" c([01]) i(\d+)")


def private(directory):
    """Whether an ordinary user cannot search his way to a directory."""
    while directory != "/":
        if not os.stat(directory).st_mode & 0o001:
            return True
        directory = os.path.dirname(directory)
    return False


class Comparison:
    """Compares the lines of two plays of one script."""

    def __init__(self, accepted, phase):
        self.accepted, self.phase, self.numbers = accepted, phase, {}
        self.in_tree = self.ended = False

    def same(self, expected, got):
        if self.phase == "record":
            return expected == got or re.sub(SOCKET_TIME, r"\1", expected) == re.sub(SOCKET_TIME, r"\1", got)
        if self.phase == "host":
            pattern = r" a(\d+\.\d+|now)| c[01]"
            return re.sub(pattern, "", expected) == re.sub(pattern, "", got)
        if self.phase != "view":
            pattern = r" [aci](\d+(\.\d+)?|now)" if self.phase != "overlay" else r" ([aci](\d+(\.\d+)?|now)|n\d+)"
            return re.sub(pattern, "", expected) == re.sub(pattern, "", got)
        one, other = IDENTITY.search(expected), IDENTITY.search(got)
        if not one or not other:
            if expected == "tree":
                self.numbers, self.in_tree = {}, True
            return expected == got
        # A copy is new: that a time of change is later than natively is not told from a change.
        return (self.same_object(one[2], other[2]) and one[1] <= other[1] and
                IDENTITY.sub("", expected) == IDENTITY.sub("", got))

    def same_object(self, one, other):
        """Whether the object that natively has one number may have the other in the view.

        In the tree at the end, two names are one object here if they are there. Over the script a number may change
        once, when the object is copied into the layer.
        """
        known = self.numbers.setdefault(one, [other])
        if self.in_tree:
            return known == [other] and list(self.numbers.values()).count([other]) == 1
        if other not in known:
            known.append(other)
        return known[-1] == other and len(known) <= 2

    def first(self, expected, got, operation_of):
        """The first difference that is not accepted, or None."""
        for at in range(max(len(expected), len(got))):
            one = expected[at] if at < len(expected) else "(nothing)"
            other = got[at] if at < len(got) else "(nothing)"
            if self.same(one, other):
                continue
            rule = self.accepted.rule(self.phase, operation_of(at), one, other)
            if rule is None:
                return Difference(self.phase, operation_of(at), one, other)
            if rule[0] == "end":
                self.ended = True
                return None
        return None


class Script:
    """The text of a script: its title, its tree and its operations."""

    def __init__(self, text):
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        self.title = lines[0]
        self.tree = [line for line in lines[1:] if line.startswith("+")]
        self.operations = [line for line in lines[1:] if not line.startswith("+")]

    def text(self):
        return "\n".join([self.title] + self.tree + self.operations) + "\n"

    def lines(self):
        return self.tree + self.operations

    def marked(self, name):
        return re.search(dict(MARKS)[name], self.text(), re.M) is not None

    def with_lines(self, lines):
        return Script("\n".join([self.title] + lines))


def read_scripts(text):
    return [Script("script" + part) for part in re.split(r"^script", text, flags=re.M)[1:]]


class Stage:
    """A scratch directory in which batches of scripts are played."""

    def __init__(self, options, number):
        self.options = options
        self.directory = os.path.join(options.scratch, str(number))
        os.makedirs(self.directory)
        self.trees = os.path.join(self.directory, "t")
        self.layer = os.path.join(self.directory, "layer")
        if options.user:
            os.chown(self.directory, options.user, options.user)
        self.environment = dict(os.environ, HOME=self.directory, XDG_STATE_HOME=os.path.join(self.directory, "state"))

    def call(self, command, root=False, check=True):
        identity = {}
        if self.options.user and not root:
            identity = {"user": self.options.user, "group": self.options.user, "extra_groups": []}
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              timeout=PATIENCE, env=self.environment, cwd=self.directory, check=False, **identity)
        errors = done.stderr.decode(errors="backslashreplace")
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n{errors}")
        return done.stdout.decode(errors="backslashreplace")

    def actor(self, command, *arguments, around=(), **more):
        text = self.call([*around, self.options.actor, command, *arguments], **more)
        parts = re.split(r"^script \d+\n", text, flags=re.M)
        return [part.splitlines() for part in parts[1:]]

    def fresh(self, bundle, place=None):
        place = place or self.trees
        self.remove(place)
        os.makedirs(place)
        if self.options.user:
            os.chown(place, self.options.user, self.options.user)
        self.actor("make", bundle, place, self.trees)

    def remove(self, directory):
        if os.path.lexists(directory):
            self.call([self.options.actor, "remove", directory], root=True)

    def clear(self):
        self.remove(self.trees)
        self.remove(os.path.join(self.directory, "root"))
        self.remove(self.layer)

    def write(self, name, scripts):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join(script.text() for script in scripts))
        return path

    def in_view(self):
        rules = []
        if self.options.direct:
            rules = ["-p", os.path.join(self.directory, "rules")]
            with open(rules[1], "w", encoding="utf-8") as file:
                file.write(f"write direct {self.trees}/**\n")
        return [self.options.coffer, "run", "-q", *rules, "-l", self.layer, "--"]

    def identity(self):
        """The program by which root's own process becomes the user, or root as a view has him."""
        if not self.options.user:
            return ["setpriv", "--inh-caps=-all", "--bounding-set=" + ",".join(["-all", *kept_capabilities()])]
        return ["setpriv", f"--reuid={self.options.user}", f"--regid={self.options.user}", "--clear-groups"]

    def wall(self):
        """As root a second wall beside the actor's own check: everything but the scratch directory is read-only."""
        if os.geteuid() != 0 or not self.options.walled:
            return []
        return ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", self.directory]

    def identity_here(self):
        """identity(), where it is not that of whoever starts it; who records takes no capability away."""
        if self.options.record and not self.options.user:
            return []
        return self.identity() if self.wall() or (os.geteuid() == 0 and not self.options.user) else []

    def play_natively(self, bundle):
        around = [*self.wall(), *self.identity_here()]
        return self.actor("native", bundle, self.trees, around=around, root=bool(self.wall()))

    def play_in_view(self, bundle):
        return self.actor("play", bundle, self.trees, around=self.in_view())

    def play_recorded(self, bundle):
        """Natively once more, and `coffer record` looks on; the tree afterwards is that of the native play."""
        around = ["env", f"TMPDIR={self.directory}", *self.identity_here(), self.options.coffer, "record", "-q",
                  "-o", os.path.join(self.directory, "record"), "--"]
        return self.actor("native", bundle, self.trees, around=[*self.wall(), *around], root=bool(self.wall()))

    def play_in_overlay(self, bundle):
        """The same where the tree is the lower layer of an overlayfs that is mounted over it; as root."""
        upper, work = (os.path.join(self.directory, name) for name in ("upper", "work"))
        for path in (upper, work):
            self.remove(path)
            os.mkdir(path)
            os.chown(path, self.options.user, self.options.user)
        around = ["unshare", "-m", "sh", "-c", LIVE_OVERLAY, "sh", self.trees, upper, work, self.trees, *self.identity()]
        return self.actor("native", bundle, self.trees, around=around, root=True)

    def overlay(self, bundle):
        upper = os.path.join(self.layer, "fs") + self.trees
        if os.geteuid() != 0 or not self.options.overlay or not os.path.isdir(upper):
            return None
        mounted = os.path.join(self.directory, "mounted")
        around = ["unshare", "-m", "sh", "-c", OVERLAY, "sh", mounted, upper, self.trees]
        return self.actor("walk", bundle, mounted, self.trees, around=around, root=True)

    def commit(self, bundle):
        root = os.path.join(self.directory, "root")
        place = root + self.trees
        self.fresh(bundle, place)
        for at, byte in enumerate(self.trees if self.options.user else ""):
            if byte == "/":
                os.chown(root + self.trees[:at], self.options.user, self.options.user)
        self.call([self.options.coffer, "commit", "-q", "--force", "--root", root, self.layer], check=False)
        return self.actor("walk", bundle, place, self.trees)

    def play(self, scripts):
        """Plays all, and gives for each a Difference or None."""
        self.clear()
        bundle = self.write("bundle", scripts)
        self.fresh(bundle)
        native = self.play_natively(bundle)
        if self.options.record:
            return self.compare_recorded(scripts, bundle, native)
        refused = [[line.split()[0] for line in lines if line.endswith(" refused")] for lines in native]
        played = [skip(script, numbers) for script, numbers in zip(scripts, refused)]
        seen_bundle = self.write("bundle.view", played)
        self.fresh(bundle)
        if self.options.overlayfs:
            parts = list(zip(scripts, native, self.play_in_overlay(seen_bundle)))
            return [self.judge(script, one, other, *[None] * 5) for script, one, other in parts]
        if self.options.direct:
            parts = zip(scripts, native, self.play_in_view(seen_bundle), self.actor("walk", bundle, self.trees))
            return [self.judge(script, one, other, None, None, walked, None, None) for script, one, other, walked in parts]
        before = self.actor("exact", bundle, self.trees, root=True)
        view = self.play_in_view(seen_bundle)
        after = self.actor("exact", bundle, self.trees, root=True)
        later = self.actor("walk", bundle, self.trees, around=self.in_view())
        overlay = self.overlay(bundle)
        commit = self.commit(bundle) if self.options.commit else None
        return [self.judge(script, *(part[at] if part and at < len(part) else None
                                     for part in (native, view, before, after, later, overlay, commit)))
                for at, script in enumerate(scripts)]

    def compare_recorded(self, scripts, bundle, native):
        tree = self.actor("walk", bundle, self.trees, root=True)
        self.fresh(bundle)
        parts = zip(scripts, native, self.play_recorded(bundle), tree,
                    self.actor("walk", bundle, self.trees, root=True))
        return [self.judge_recorded(*part) for part in parts]

    def judge_recorded(self, script, native, recorded, tree, recorded_tree):
        """Who looks on changes nothing: all that was printed is the same, and nothing is accepted."""
        def operation_of(at):
            number = native[at].split()[0] if at < len(native) else "?"
            return script.operations[int(number)] if number.isdigit() else "tree"
        comparison = Comparison(Accepted([], True), "record")
        return (comparison.first(native, recorded, operation_of) or
                comparison.first(tree, recorded_tree, lambda at: "tree"))

    def judge(self, script, native, view, before, after, later, overlay, commit):
        if native is None or view is None:
            return Difference("view", "tree", "a result" if native is None else str(native[-1:]), "no result")
        operations, tree = split_play(native)
        seen_operations, seen_tree = split_play(view)

        marks_of_all = "".join(f" ~{name}" for name, _ in MARKS if script.marked(name))
        marks_of_all += " ~private" if self.options.private else ""

        def tree_of(_):
            return "tree" + marks_of_all

        def operation_of(at):
            if at >= len(operations) or not operations[at].split()[0].isdigit():
                return tree_of(at)
            marks = "".join(" " + mark for mark in re.findall(r"~.", operations[at].partition(":")[0]))
            return script.operations[int(operations[at].split()[0])] + marks + marks_of_all

        checks = [("view", operations + tree, seen_operations + seen_tree, operation_of)]
        if self.options.direct:
            # Numbers of files count from the first that was looked at, which differs.
            checks.append(("host", *([re.sub(r" i[0-9]+", "", line) for line in tree] for tree in (seen_tree[1:], later)), tree_of))
        elif not self.options.overlayfs:
            checks = [("host", before, after, tree_of), *checks, ("later", seen_tree[1:], later, tree_of)]
        if overlay is not None and not self.options.ordinary:
            checks.append(("overlay", seen_tree[1:], overlay, tree_of))
        # A commit is one transaction: as an ordinary user one unreadable object holds up the whole batch.
        if commit is not None and not self.options.ordinary:
            checks.append(("commit", tree[1:], commit, tree_of))
        for phase, expected, got, name in checks:
            comparison = Comparison(self.options.accepted, phase)
            difference = comparison.first(expected, got, name)
            if difference or comparison.ended:
                return difference
        return None


def skip(script, numbers):
    """Natively these operations were refused: in the view they are left out."""
    operations = list(script.operations)
    for number in numbers:
        operations[int(number)] = operations[int(number)].split()[0] + " skip"
    return script.with_lines(script.tree + operations)


def split_play(lines):
    """The lines of the operations and those of the tree, without what one side has not done."""
    at = lines.index("tree") if "tree" in lines else len(lines)
    return ([line for line in lines[:at] if not line.endswith(" refused") and " skip:" not in line], lines[at:])


def shrink(stage, script, difference):
    """Leaves out lines as long as the same kind of difference remains. All candidates of a round are played at once."""
    key = difference.key()

    def failing(candidates):
        found = []
        for at in range(0, len(candidates), 50):
            results = stage.play(candidates[at:at + 50])
            found += [result is not None and result.key() == key for result in results]
        return found

    if not failing([script])[0]:
        return script, False
    size = max(1, len(script.lines()) // 4)
    while True:
        lines = script.lines()
        starts = list(range(0, len(lines), size))
        candidates = [script.with_lines(lines[:at] + lines[at + size:]) for at in starts]
        good = [at for at, bad in zip(starts, failing(candidates)) if bad]
        while len(good) > 1:
            # Together, if they do not need each other; else fewer.
            kept = [line for at, line in enumerate(lines) if at // size * size not in good]
            if failing([script.with_lines(kept)])[0]:
                break
            good = good[:len(good) // 2]
        if good:
            script = script.with_lines([line for at, line in enumerate(lines) if at // size * size not in good])
        elif size == 1:
            return script, True
        else:
            size = max(1, size // 2)


class Session:
    """A series of batches by several jobs."""

    def __init__(self, options):
        self.options, self.lock = options, threading.Lock()
        self.next, self.done, self.seen, self.together, self.stop = options.first, 0, {}, 0, False
        self.deadline = time.monotonic() + options.seconds if options.seconds else None

    def take(self):
        with self.lock:
            count = min(self.options.batch, self.options.first + self.options.count - self.next)
            if self.stop or count <= 0 or (self.deadline and time.monotonic() > self.deadline):
                return None
            self.next += count
            return self.next - count, count

    def job(self, number):
        stage = Stage(self.options, number)
        # Program and supervisor on one processor: waking another one costs more than all the rest.
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[number % len(processors)]})
        while (part := self.take()) is not None:
            text = stage.call([self.options.actor, "generate", str(self.options.seed), str(part[0]), str(part[1]),
                               "user" if self.options.ordinary else "root"])
            try:
                self.batch(stage, read_scripts(text))
            except (RuntimeError, subprocess.TimeoutExpired, OSError) as error:
                self.failed_batch(part, error)
        stage.clear()

    def failed_batch(self, part, error):
        with self.lock:
            self.seen[f"batch {part[0]}"] = 1
            print(f"scripts {part[0]} to {part[0] + part[1] - 1} of seed {self.options.seed}: {error}", flush=True)

    def batch(self, stage, scripts):
        results = stage.play(scripts)
        with self.lock:
            self.done += len(scripts)
        for script, difference in zip(scripts, results):
            if difference is None:
                continue
            # In the view a script goes its own way after a known difference, and may leave its tree for that of others.
            if len(scripts) > 1 and stage.play([script])[0] is None:
                with self.lock:
                    self.together += 1
                    print(f"only together with others: {script.title}\n{difference}", flush=True)
                continue
            with self.lock:
                times = self.seen[difference.key()] = self.seen.get(difference.key(), 0) + 1
            if times == 1:
                self.report(stage, script, difference)

    def report(self, stage, script, difference):
        alone = True
        if self.options.shrink:
            small, alone = shrink(stage, script, difference)
            if alone:
                result = stage.play([small])[0]
                script, difference = small, result or difference
        with self.lock:
            number = len(self.seen)
            path = os.path.join(self.options.keep, f"{self.options.seed}-{self.options.first}-{number}.script")
            with open(path, "w", encoding="utf-8") as file:
                file.write("".join(f"# {line}\n" for line in str(difference).splitlines()) + script.text())
            print(f"{path}{'' if alone else ' (only together with others)'}\n{difference}\n{script.text()}", flush=True)

    def run(self):
        started = time.monotonic()
        threads = [threading.Thread(target=self.job, args=(number,)) for number in range(self.options.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - started
        for key, times in sorted(self.seen.items(), key=lambda item: -item[1]):
            print(f"{times:6} x {key}")
        print(f"{self.done} random scripts of seed {self.options.seed}, from number {self.options.first}, in"
              f" {seconds:.1f} s ({self.done / seconds:.0f} a second): {len(self.seen)} kinds of differences,"
              f" {self.together} that are none alone")
        return 1 if self.seen else 0


def replay(options):
    """Scripts from files; those whose title says another kind of user are left out."""
    stage, status, played = Stage(options, 0), 0, 0
    for path in options.files:
        with open(path, encoding="utf-8") as file:
            scripts = read_scripts("".join(line for line in file if not line.startswith("#")))
        wanted = "user" if options.ordinary else "root"
        scripts = [script for script in scripts if script.title.split()[1] in (wanted, "any")]
        if not scripts:
            continue
        played += len(scripts)
        for difference in stage.play(scripts):
            if difference is not None:
                print(f"{path}\n{difference}")
                status = 1
    stage.clear()
    print(f"{played} kept scripts played")
    return status


def options_of(arguments):
    """The options, and what else the command line has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coffer", required=True)
    parser.add_argument("--actor", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first script")
    parser.add_argument("--count", type=int, default=1 << 60)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--batch", type=int, default=40, help="scripts that are played in one run of coffer")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", default=".", help="where scripts that give a difference are written to")
    parser.add_argument("--user", type=int, default=0, help="as root: play as this ordinary user")
    parser.add_argument("--accepted", default=[os.path.join(HERE, "accepted")], action="append",
                        help="a further file of accepted differences")
    parser.add_argument("--overlayfs", action="store_true",
                        help="as root: not in a view but in the kernel's overlayfs, with the differences in `overlayfs`")
    parser.add_argument("--direct", action="store_true",
                        help="in a view that writes directly to the tree: what it sees is on the host afterwards")
    parser.add_argument("--record", action="store_true",
                        help="not in a view but under coffer record, which changes nothing: all must be the same")
    parser.add_argument("--replay", action="store_true", help="play the scripts of FILE...")
    parser.add_argument("files", nargs="*", metavar="FILE")
    parser.add_argument("--rules", action="store_true", help="print how often each accepted difference was met")
    for name in ("shrink", "overlay", "commit", "walled"):
        parser.add_argument(f"--no-{name}", dest=name, action="store_false")
    options = parser.parse_args(arguments)
    options.coffer, options.actor = os.path.abspath(options.coffer), os.path.abspath(options.actor)
    options.ordinary = os.geteuid() != 0 or options.user != 0
    if options.overlayfs:
        options.accepted[0] = os.path.join(HERE, "overlayfs")
    options.accepted = Accepted(options.accepted, not options.replay)
    return options


@contextlib.contextmanager
def scratch(options):
    """A directory to play in, which is gone afterwards."""
    options.scratch = tempfile.mkdtemp(prefix="differential.")
    os.chmod(options.scratch, 0o755)
    options.private = os.geteuid() == 0 and private(options.scratch)
    try:
        yield
    finally:
        subprocess.run([options.actor, "remove", options.scratch], check=False)


def main():
    options = options_of(sys.argv[1:])
    with scratch(options):
        status = replay(options) if options.replay else Session(options).run()
    for rule, times in options.accepted.used.items() if options.rules else ():
        print(f"{times:6} x {rule}")
    return status


if __name__ == "__main__":
    sys.exit(main())
