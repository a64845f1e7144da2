"""Counts, for one workload, the stops, the supervisor's own system calls and its instructions: numbers that do not
depend on how busy the machine is."""
import os
import re
import shutil
import string
import subprocess

from lib.measure import Failed, last_line, remove
from lib.workloads import GROUND

_TOTALS = re.compile(r"^coffer: (\d+) stops, .*?(\d+) exit stops$", re.MULTILINE)
_BY_CALL = re.compile(r"^coffer: stops: (.*)$", re.MULTILINE)
_LIMIT = 120  # seconds


def _one_cpu():
    """Everything on one CPU: events come in one order, and there is one tracer."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def copy_vdso(path):
    """The kernel's vdso, which valgrind hides, as a file."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        found = next(line.split()[0] for line in maps if line.rstrip().endswith("[vdso]"))
    begin, end = (int(part, 16) for part in found.split("-"))
    with open("/proc/self/mem", "rb") as memory, open(path, "wb") as copy:
        memory.seek(begin)
        copy.write(memory.read(end - begin))


def callgrind_words(programs, vdso, out):
    """What stands before coffer to count its instructions, and not those of the programs it runs."""
    return ["env", "LD_PRELOAD=" + os.path.join(programs, "callgrind_calls.so"), "COFFER_BENCH_VDSO=" + vdso,
            "valgrind", "-q", "--tool=callgrind", "--trace-children=no", "--callgrind-out-file=" + out]


def no_callgrind(programs):
    """Why instructions cannot be counted, or None."""
    if shutil.which("valgrind") is None:
        return "no valgrind here"
    if not os.path.exists(os.path.join(programs, "callgrind_calls.so")):
        return "built without valgrind.h"
    return None


def instructions_in(path):
    """The total of a callgrind file."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("summary:", "totals:")):
                return int(line.split()[1])
    raise Failed(f"{path}: no total")


class Counter:
    """Runs workloads in `place`, a scratch directory, under `coffer`."""

    def __init__(self, coffer, programs, place, bench_dir):
        self._coffer = coffer
        self._programs = programs
        self._work = os.path.join(place, "work")
        self._layer = os.path.join(place, "layer")
        self._out = os.path.join(place, "counted")
        self._vdso = os.path.join(place, "vdso")
        self._environment = {"PATH": "/usr/bin:/bin", "HOME": place, "LC_ALL": "C", "TMPDIR": os.path.join(self._work, "tmp"),
                             "CALLS": os.path.join(programs, "calls"), "BENCH_DIR": bench_dir}
        copy_vdso(self._vdso)

    def _run(self, words):
        try:
            done = subprocess.run(words, cwd=self._work, env=self._environment, preexec_fn=_one_cpu, timeout=_LIMIT,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{words}: not done after {_LIMIT} s") from late
        if done.returncode != 0:
            raise Failed(f"{words[-1]}: exit {done.returncode}: {last_line(done.stderr)}")
        return done.stderr.decode(errors="replace")

    def _words(self, workload):
        if not workload.exact:
            return ["sh", "-c", workload.command]
        return [string.Template(word).substitute(CALLS=self._environment["CALLS"], PWD=self._work)
                for word in workload.command.split()]

    def _view(self, option, recorded=False):
        if recorded:
            return [self._coffer, "record", option, "-o", os.path.join(self._work, "record"), "--"]
        return [self._coffer, "run", option, "--lock=try", "-l", self._layer, "--"]

    def _in_view(self, workload, before, option):
        """In a fresh directory and layer; what coffer said."""
        os.mkdir(self._work)
        try:
            self._run(["sh", "-ec", GROUND + workload.before])
            if workload.inside:
                self._run(self._view("-q") + ["sh", "-ec", workload.inside])
            return self._run(before + self._view(option, workload.recorded) + self._words(workload))
        finally:
            remove(self._work)
            remove(self._layer)

    def stops(self, workload):
        """{"stops", "exits", "by_call": {name: count}}"""
        said = self._in_view(workload, [], "-v")
        totals, calls = _TOTALS.search(said), _BY_CALL.search(said)
        if not totals:
            raise Failed(f"coffer run -v does not say how many stops there were: {last_line(said.encode())}")
        by_call = dict(pair.rsplit(" ", 1) for pair in calls.group(1).split(", ")) if calls else {}
        return {"stops": int(totals.group(1)), "exits": int(totals.group(2)),
                "by_call": {name: int(count) for name, count in by_call.items()}}

    def own_calls(self, workload):
        """{name: count} of all threads of the supervisor."""
        self._in_view(workload, [os.path.join(self._programs, "own_calls"), "-o", self._out], "-q")
        with open(self._out, encoding="utf-8") as counted:
            return {name: int(count) for count, name in map(str.split, counted)}

    def instructions(self, workload):
        self._in_view(workload, callgrind_words(self._programs, self._vdso, self._out), "-q")
        return instructions_in(self._out)
