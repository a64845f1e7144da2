"""Runs commands and takes their time: a sample is one command in one column, a row is all of its samples."""
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from lib import machine
from lib.rows import COLUMNS, ROWS

_STOPS = re.compile(rb"^coffer: (\d+) stops?\b", re.MULTILINE)
_NANOSECONDS = re.compile(rb"^([\d.]+) ns a call$", re.MULTILINE)
_LIMIT = 1800  # seconds: a command that takes longer hangs


class Failed(Exception):
    """A command of the bench did not end with 0."""


def last_line(output):
    """What was said last; coffer's own summary comes after what went wrong."""
    lines = output.decode(errors="replace").strip().splitlines()
    others = [line for line in lines if not line.startswith("coffer: ")]
    return (others or lines or ["it said nothing"])[-1]


def _is_mounted_below(directory):
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        return any((line.split()[4] + "/").startswith(directory + "/") for line in mounts)


def remove(directory):
    """rm -rf, also of what a layer may hold: directories without the owner's bits. Never of what is mounted there."""
    if os.path.lexists(directory):
        if _is_mounted_below(os.path.realpath(directory)):
            raise SystemExit(f"bench: {directory}: something is mounted there; it is left as it is")
        subprocess.run(["chmod", "-R", "u+rwX", directory], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(directory)


class Bench:
    """A scratch directory, and how commands are run in it."""

    def __init__(self, place, coffer, programs, environment):
        self.place = place
        self.environment = environment
        self.work = os.path.join(place, "work")
        self.layer = os.path.join(place, "layer")
        self._words = {"coffer": coffer, "programs": programs, "place": place, "layer": self.layer,
                       "bench": environment["BENCH_DIR"]}
        self._done = set()

    def prefix(self, column):
        return [word.format(**self._words) for word in COLUMNS[column].words.split()]

    def prepare(self, command, directory):
        """An untimed preparation."""
        done = subprocess.run(["sh", "-ec", command], cwd=directory, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Failed(f"preparing: {command.strip()}: exit {done.returncode}: {last_line(done.stderr)}")

    def once(self, command):
        if command and command not in self._done:
            self.prepare(command, self.place)
            self._done.add(command)

    def timed(self, words):
        """{"seconds", "others", "steal"}, what was printed on both outputs."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            watch = machine.Watch()
            start = time.perf_counter()
            with subprocess.Popen(words, cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
                                  stdout=out, stderr=errors, start_new_session=True) as child:
                try:
                    status = child.wait(_LIMIT)
                except BaseException:
                    os.killpg(child.pid, signal.SIGKILL)
                    raise
            seconds = time.perf_counter() - start
            seen = watch.stop()
            out.seek(max(0, out.tell() - 4096))
            errors.seek(0)
            printed, said = out.read(), errors.read()
        if status != 0:
            raise Failed(f"exit {status}: {last_line(said)}")
        return {"seconds": seconds, "others": seen["others"], "steal": seen["steal"]}, printed, said

    def sample(self, column, row):
        """One repetition of one cell; "value" is what is compared: seconds, or nanoseconds a call."""
        os.mkdir(self.work)
        try:
            if row.before:
                self.prepare(row.before, self.work)
            os.sync()
            try:
                sample, printed, said = self.timed(self.prefix(column) + ["sh", "-c", row.command])
            except subprocess.TimeoutExpired as late:
                raise Failed(f"it was not done after {_LIMIT} s") from late
            sample["value"] = sample["seconds"]
            if row.prints_time:
                printed_time = _NANOSECONDS.search(printed)
                if not printed_time:
                    raise Failed(f"it printed no time: {last_line(printed)}")
                sample["value"] = float(printed_time.group(1))
            stops = _STOPS.search(said)
            if stops and column.startswith("coffer"):
                sample["stops"] = int(stops.group(1))
            return sample
        finally:
            remove(self.work)
            remove(self.layer)

    def try_column(self, column):
        """None where a command can be run so, else why not."""
        words = self.prefix(column)
        if words and shutil.which(words[0]) is None:
            return f"no {os.path.basename(words[0])} here"
        os.mkdir(self.work)
        try:
            self.timed(words + ["true"])
        except Failed as failure:
            return str(failure)
        finally:
            remove(self.work)
            remove(self.layer)
        return None


def _missing(row):
    """Why a row cannot be measured here, or None."""
    missing = [program for program in row.needs.split() if shutil.which(program) is None]
    if missing:
        return "no " + ", ".join(missing) + " here"
    if row.of_root and os.geteuid() != 0:
        return "for root alone"
    return None


def measure_row(name, columns, bench, repetitions, warm_up):
    """All repetitions, interleaved: (samples by column, failures by column, why the row was left out or None)."""
    row = ROWS[name]
    missing = _missing(row)
    if missing:
        return {}, {}, missing
    samples = {column: [] for column in columns if row.suits(COLUMNS[column])}
    failures = {}
    try:
        bench.once(row.once)
    except Failed as failure:
        return {}, {"row": str(failure)}, None
    for repetition in range(warm_up + repetitions):
        for column in list(samples):
            try:
                sample = bench.sample(column, row)
            except Failed as failure:
                failures[column] = str(failure)
                del samples[column]
                print(f"bench: {name}: {column}: {row.command}: {failure}", file=sys.stderr)
                continue
            if repetition >= warm_up:
                samples[column].append(sample)
    return samples, failures, None


def summarize(samples):
    """Of the samples of one cell."""
    values = [sample["value"] for sample in samples]
    seconds = sum(sample["seconds"] for sample in samples)
    result = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    stops = [sample["stops"] for sample in samples if "stops" in sample]
    if stops:
        result["stops"] = round(statistics.median(stops))
        result["stops_per_second"] = round(sum(stops) / seconds)
    disturbed = machine.disturbance({"elapsed": seconds, "others": sum(sample["others"] for sample in samples),
                                     "steal": sum(sample["steal"] for sample in samples)})
    if disturbed:
        result["disturbed"] = disturbed
    return result
