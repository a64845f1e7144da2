"""The fixed set of small workloads whose stops are counted. Each does the same calls every time."""
from dataclasses import dataclass

DEEP = "/".join(f"d{number}" for number in range(20))


@dataclass(frozen=True)
class Workload:
    """
    command is run in a directory that GROUND has prepared; before is done natively, first, and then inside by a run of
    its own in the same layer, which is not counted. exact: the calls are our own, the same on every machine; such a
    command has no shell, and $CALLS and $PWD alone.
    """
    name: str
    command: str
    about: str
    before: str = ""
    inside: str = ""
    needs: str = ""    # programs
    exact: bool = False
    recorded: bool = False  # not in a view, but by coffer record


# What every workload finds in its directory.
GROUND = f"mkdir -p {DEEP} tmp && echo x >file && echo x >{DEEP}/file && ln -s {DEEP}/file link\n"

_ONE_C = "echo 'int answer(void) { return 42; }' >one.c"
_TREE = """awk 'BEGIN { for (d = 0; d < 20; d++) { dir = sprintf("tree/a%d/b%d", d % 4, d); system("mkdir -p " dir)
    for (f = 0; f < 50; f++) { name = dir "/f" f; print name > name; close(name) } } }'"""
_REPOSITORY = "$BENCH_DIR/make-repository repository 300"


def _loops():
    for call in ("stat", "open", "access", "readlink"):
        yield Workload(f"{call}-file", f"$CALLS {call} 1000 file", f"{call} of a file, 1,000 times", exact=True)
        yield Workload(f"{call}-deep", f"$CALLS {call} 1000 $PWD/{DEEP}/file", "of a file below 20 directories", exact=True)
    yield Workload("fstat-new", "$CALLS fstat 1000 file", "fstat of an open file, 1,000 times, the layer being empty", exact=True)
    yield Workload("fstat-file", "$CALLS fstat 1000 file", "when it has something", inside="echo >made", exact=True)
    yield Workload("fstat-dir", "$CALLS fstat 1000 .", "of an open directory that it has, too", inside="echo >made", exact=True)
    yield Workload("stat-absent", "$CALLS absent 1000 no-such-file", "stat of a missing file", exact=True)
    yield Workload("stat-absent-deep", f"$CALLS absent 1000 $PWD/{DEEP}/no-such-file", "below 20 directories", exact=True)
    yield Workload("stat-link", "$CALLS stat 1000 link", "stat of a symbolic link to that file", exact=True)
    yield Workload("write", "$CALLS write 1000 pages", "write to an open file: one stop, of its open", exact=True)


WORKLOADS = (
    *_loops(),
    Workload("record-stat", "$CALLS stat 1000 file", "stat of a file, recorded: no exit stop", exact=True, recorded=True),
    Workload("record-open", "$CALLS open 1000 file", "open of it for reading", exact=True, recorded=True),
    Workload("gcc", "gcc -c -o one.o one.c", "gcc -c of one line", before=_ONE_C, needs="gcc"),
    Workload("spawn-20", "i=0; while [ $i -lt 20 ]; do /bin/true; i=$((i + 1)); done", "20 processes"),
    Workload("find", "find tree", "find over 1,000 files", before=_TREE),
    Workload("tar-x", "mkdir new && tar x --no-same-owner -C new -f tree.tar", "tar x of them", before=_TREE + " && tar cf tree.tar tree", needs="tar"),
    Workload("rm-r", "rm -rf tree", "rm -r of them", before=_TREE),
    Workload("git-status", "git -C repository status", "git status of 300 files", before=_REPOSITORY, needs="git"),
)

# What coffer does without any call of a program: subtracted from what it does itself.
NOTHING = Workload("nothing", "$CALLS getpid 0", "a program that makes no call with a path", exact=True)
