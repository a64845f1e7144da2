"""What machine this is, and how much of it somebody else uses meanwhile."""
import os
import platform
import resource
import time

# Somebody else may use this share of all CPUs, and the hypervisor take this one, before ratios mean nothing.
OTHERS_MAX = 0.05
STEAL_MAX = 0.02
# Of one sample: the kernel counts in ticks.
TICKS = 5

_TICK = 1 / os.sysconf("SC_CLK_TCK")


def _lines(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []


def _cpu_model():
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def file_system(directory):
    """The type of the file system that a directory lies on."""
    directory = os.path.realpath(directory)
    best, kind = "", "unknown"
    for line in _lines("/proc/self/mountinfo"):
        before, after = line.split(" - ", 1)
        point = before.split()[4].replace("\\040", " ")
        inside = directory == point or directory.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind


def facts(directory):
    memory = next((line.split()[1] for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), "0")
    virtual = any(line.startswith("flags") and " hypervisor" in line for line in _lines("/proc/cpuinfo"))
    return {"cpu": _cpu_model(), "cpus": len(os.sched_getaffinity(0)), "virtual": virtual,
            "memory_gib": round(int(memory) / 2**20), "kernel": platform.release(),
            "file_system": file_system(directory), "load": os.getloadavg()[0]}


def describe(about):
    kind = "virtual CPUs" if about["virtual"] else "CPUs"
    return (f"{about['cpus']} {kind} ({about['cpu']}), {about['memory_gib']} GiB, "
            f"Linux {about['kernel']}, {about['file_system']}")


def _busy_and_stolen():
    """CPU seconds since the start of the machine, all CPUs together."""
    user, nice, system, _idle, _wait, irq, softirq, stolen = map(int, _lines("/proc/stat")[0].split()[1:9])
    return (user + nice + system + irq + softirq) * _TICK, stolen * _TICK


def _own():
    """CPU seconds of this process and of the children that were waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _kernel_threads():
    """CPU seconds of each: what they do is mostly done for us (writing back what we wrote)."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        line = _lines(f"/proc/{name}/stat")
        fields = line[0].rpartition(")")[2].split() if line else []
        if len(fields) > 12 and fields[1] == "2":
            found[name] = (int(fields[11]) + int(fields[12])) * _TICK
    return found


class Watch:
    """From its making to stop(): what the machine did that was not ours."""

    def __init__(self):
        self._threads = _kernel_threads()
        self._own = _own()
        self._busy, self._stolen = _busy_and_stolen()
        self._begin = time.monotonic()

    def stop(self):
        """{"elapsed", "others", "steal"}: seconds, and CPU seconds."""
        elapsed = time.monotonic() - self._begin
        busy, stolen = _busy_and_stolen()
        own = _own() - self._own
        threads = sum(value - self._threads.get(name, value) for name, value in _kernel_threads().items())
        others = max(0.0, busy - self._busy - own - threads)
        return {"elapsed": elapsed, "others": others, "steal": max(0.0, stolen - self._stolen)}


def disturbance(seen, slack=TICKS * _TICK):
    """One sentence, or None where the machine was ours."""
    whole = seen["elapsed"] * (os.cpu_count() or 1)
    said = []
    if seen["others"] > OTHERS_MAX * whole + slack:
        said.append(f"other processes used {seen['others'] / whole:.0%} of the CPUs")
    if seen["steal"] > STEAL_MAX * whole + slack:
        said.append(f"the hypervisor took {seen['steal'] / whole:.0%}")
    return " and ".join(said) or None


def quiet(seconds=2.0):
    """Looks at the machine for a while. None, or why it is not quiet."""
    watch = Watch()
    waiting = []
    for _ in range(10):
        time.sleep(seconds / 10)
        waiting += [int(line.split()[1]) - 1 for line in _lines("/proc/stat") if line.startswith("procs_running")]
    said = disturbance(watch.stop(), 0)
    runnable = sum(waiting) / len(waiting)
    if runnable > 0.5:
        said = (said + "; " if said else "") + f"{runnable:.1f} other processes were running or waiting for a CPU"
    return said
