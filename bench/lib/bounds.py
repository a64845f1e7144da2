"""What the counts of bench/stops may be: a file with lines "WORKLOAD MEASURE OPERATOR NUMBER"."""
import math

# How much more than was counted when the bounds were written: where the calls are ours, and where they are those of a
# program of the distribution, whose versions differ, as what an ordinary user and root are asked differs.
_SLACK_OWN = {"stops": None, "exits": None, "own_calls_per_stop": 1.03, "instructions_per_stop": 1.05}
_SLACK = {"stops": 1.05, "exits": 1.05, "own_calls_per_stop": 1.15, "instructions_per_stop": 1.10}
_HEAD = """# What bench/stops may count. "=": as many; "<=": at most. Written by bench/stops --update; see bench/README.md.
# stops: wake-ups of the supervisor; exits: those at the end of a call; own_calls_per_stop: system calls of the supervisor;
# instructions_per_stop: in user space, of a release build alone.
"""


class Malformed(Exception):
    """A line of the file is no bound."""


def read(path):
    """[(workload, measure, operator, number)]"""
    bounds = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if len(words) != 4 or words[1] not in _SLACK or words[2] not in ("=", "<="):
                raise Malformed(f"{path}:{number}: not WORKLOAD MEASURE OPERATOR NUMBER")
            bounds.append((words[0], words[1], words[2], float(words[3])))
    return bounds


def check(bounds, counts):
    """What does not hold, one line each."""
    said = []
    for workload, measure, operator, bound in bounds:
        value = counts.get(workload, {}).get(measure)
        if value is None:
            continue
        if value > bound:
            said.append(f"{workload}: {measure} grew to {value:g}, {'it was' if operator == '=' else 'at most'} {bound:g}")
        elif operator == "=" and value != bound:
            said.append(f"{workload}: {measure} fell to {value:g}, it was {bound:g}: no longer stopped? if so on purpose, "
                        "bench/stops --update")
    return said


def _bound(measure, value, exact):
    """OPERATOR and NUMBER as the file has them."""
    slack = (_SLACK_OWN if exact else _SLACK)[measure]
    if slack is None:
        return f"= {value}"
    digits = 1 if isinstance(value, int) else 100
    return f"<= {math.ceil(value * slack * digits) / digits:g}"


def write(path, counts, exact, old):
    """Bounds for these counts; the old ones stay of workloads and measures that were not counted this time."""
    bounds = {(bound[0], bound[1]): f"{bound[2]} {bound[3]:g}" for bound in old}
    for workload, own in counts.items():
        for measure in _SLACK:
            if own.get(measure) is not None:
                bounds[workload, measure] = _bound(measure, own[measure], workload in exact)
    with open(path, "w", encoding="utf-8") as file:
        file.write(_HEAD + "".join(f"{workload} {measure} {bound}\n" for (workload, measure), bound in bounds.items()))
