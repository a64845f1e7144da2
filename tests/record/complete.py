#!/usr/bin/env python3
"""Programs under `strace -f` and under `coffer record --streams`: both must tell the same files and addresses.

Compared are the sets of (operation, errno, path, other path), paths resolved, over all processes. What differs and is
no fault stands in `accepted`, with the reason.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import recorded
import strace_log
from programs import PROGRAMS

HERE = os.path.dirname(os.path.abspath(__file__))
# Calls that name no file and that are many.
UNTRACED = """read write pread64 pwrite64 readv writev lseek mmap munmap mprotect mremap madvise brk rt_sigaction rt_sigprocmask
rt_sigreturn futex close poll ppoll select pselect6 epoll_wait epoll_pwait epoll_ctl clock_gettime clock_nanosleep nanosleep
getrandom gettid getpid getppid getuid geteuid getgid getegid arch_prctl set_tid_address set_robust_list rseq prlimit64
sched_yield sched_getaffinity fcntl dup dup2 dup3 pipe pipe2 wait4 waitid getdents64 sigaltstack getrusage uname sysinfo
fadvise64 ftruncate kill tgkill getpgrp getpgid setpgid setsid getsid getgroups prctl socket socketpair getsockopt setsockopt
getsockname getpeername listen recvmsg recvfrom recvmmsg shutdown eventfd2 epoll_create1 copy_file_range fallocate fsync
fdatasync sendfile flock close_range timer_create timer_settime timer_delete setitimer alarm capget
rt_sigtimedwait rt_sigsuspend restart_syscall setrlimit getrlimit sched_getparam sched_getscheduler getpriority membarrier
memfd_create mincore tgkill pause msync splice inotify_init1 inotify_rm_watch io_uring_setup sched_setaffinity
pkey_alloc pkey_free pkey_mprotect setuid setgid setresuid setresgid setreuid setregid setgroups""".split()


# What differs from run to run: names of temporary files, and numbers of processes.
VARYING = [(re.compile(pattern), by) for pattern, by in (
    (rb"^/proc/\d+", b"/proc/PID"), (rb"/task/\d+", b"/task/TID"), (rb"^WORK/tmp/[^/]+", b"WORK/tmp/TMP"),
    (rb"/conf(\d+|[0-9A-Za-z]{6}(?=/|$))", b"/confTMP"), (rb"/(cc|confinc|cmTC_|TryCompile-|go-build|tmp_\w+_|refs_|packs_|dpkg-deb\.)[0-9A-Za-z]{4,}", rb"/\1TMP"),
    (rb"/st[0-9A-Za-z]{6}$", b"/stTMP"), (rb"/tmp/[0-9a-f-]{36}", b"/tmp/UUID"), (rb"/[0-9TZ_-]+-debug-0\.log$", b"/LOG"),
    (rb"\.tmp-\d+-pack", b".tmp-PID-pack"), (rb"\.tmp[0-9a-f]{5}$", b".tmpTMP"), (rb":\[\d+\]$", b":[N]"))]


def normal(path, work):
    if path is None:
        return None
    path = path.replace(os.fsencode(work), b"WORK")
    for pattern, by in VARYING:
        path = pattern.sub(by, path)
    return path


class Accepted:
    """Lines of `accepted`: PROGRAM | strace or record | operation and errno | path | why; regular expressions."""

    def __init__(self, path):
        self.rules = []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                if line.strip() and not line.startswith("#"):
                    self.rules.append([re.compile(part.strip()) for part in line.split(" | ")[:4]])

    def has(self, program, side, event):
        what = " ".join(event[:2]).strip()
        paths = " ".join(os.fsdecode(path) for path in event[2:] if path is not None)
        return any(all(pattern.search(text) for pattern, text in zip(rule, (program, side, what, paths)))
                   for rule in self.rules)


class Run:
    def __init__(self, options, program, scratch):
        self.options, self.program, self.scratch = options, program, scratch
        self.work = os.path.join(scratch, "work")
        self.log, self.record = os.path.join(scratch, "log"), os.path.join(scratch, "record")
        # Not the caller's: it may say how to compile.
        self.environment = dict(PATH="/usr/local/bin:/usr/bin:/bin", USER="nobody", HOME=self.work + "/home", TMPDIR=self.work + "/tmp", LC_ALL="C",
                                HELLO=options.hello, GOCACHE=self.work + "/go-cache", GOFLAGS="-mod=mod", GOTELEMETRY="off",
                                npm_config_offline="true", npm_config_audit="false", npm_config_fund="false",
                                npm_config_update_notifier="false", npm_config_cache=self.work + "/npm-cache",
                                PYTHONDONTWRITEBYTECODE="1", DEB_BUILD_OPTIONS="nocheck")

    def prepare(self):
        shutil.rmtree(self.work, ignore_errors=True)
        for name in ("", "/home", "/tmp"):
            os.mkdir(self.work + name)
        self.call(["/bin/sh", "-ec", self.program.before])

    def call(self, command):
        done = subprocess.run(command, cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=self.options.seconds)
        if done.returncode != 0:
            raise RuntimeError(f"{command}: status {done.returncode}\n{done.stdout.decode(errors='replace')}")

    def play(self):
        """Both sets of events. They are read while what the run has made is there: links are resolved by it."""
        command = ["/bin/sh", "-ec", self.program.command]
        self.prepare()
        self.call(["strace", "-f", "-y", "-s", "4096", "--seccomp-bpf", "-e", "trace=!" +
                   ",".join("?" + call for call in UNTRACED), "-o", self.log, "--", *command])
        log = strace_log.Log(self.log, self.work)
        if log.unknown:
            raise RuntimeError(f"calls that strace_log.py does not know: {' '.join(sorted(log.unknown))}")
        self.prepare()
        self.call([self.options.coffer, "record", "-q", "--streams", "-o", self.record, "--", *command])
        lines = recorded.read([*self.options.lines, self.record])
        return ({(*event[:2], *(normal(path, self.work) for path in event[2:])) for event in found}
                for found in (log.events, recorded.events(lines)))

    def compare(self, accepted):
        """Prints what differs; how much that was."""
        traced, recorded_set = self.play()
        differences = 0
        for side, events in (("strace", traced - recorded_set), ("record", recorded_set - traced)):
            events = [event for event in sorted(events, key=repr) if not accepted.has(self.program.name, side, event)]
            differences += len(events)
            for event in events[:self.options.most]:
                paths = " -> ".join(repr(os.fsdecode(path))[1:-1] for path in event[2:] if path is not None)
                print(f"{self.program.name}: only in {side}: {event[0]} {event[1]} {paths}".replace("  ", " "))
        return differences, len(traced)


def missing(program, options):
    if "$HELLO" in program.before and not options.hello:
        return "the source of GNU hello"
    return next((need for need in ["strace", *program.needs.split()] if shutil.which(need) is None), None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--coffer", required=True)
    parser.add_argument("--lines", default="", help="what prints a record as JSON lines, instead of coffer report")
    parser.add_argument("--hello", default="", help="the tarball of GNU hello")
    parser.add_argument("--quick", action="store_true", help="only those of the test suite")
    parser.add_argument("--seconds", type=int, default=600, help="for one command")
    parser.add_argument("--most", type=int, default=40, help="differences of a program that are printed")
    parser.add_argument("--keep", help="a directory that is used and left")
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    options = parser.parse_args()
    options.coffer = os.path.abspath(options.coffer)
    options.lines = options.lines.split() or [options.coffer, "report", "--format", "jsonl"]
    accepted, status = Accepted(os.path.join(HERE, "accepted")), 0
    for program in PROGRAMS:
        if options.programs and program.name not in options.programs or options.quick and not program.quick:
            continue
        lack = missing(program, options)
        if lack:
            print(f"{program.name}: not tried: no {lack}")
            continue
        scratch, begin = options.keep or tempfile.mkdtemp(prefix="record."), time.monotonic()
        try:
            differences, count = Run(options, program, scratch).compare(accepted)
            print(f"{program.name}: {program.about}: {count} facts, {differences} differences,"
                  f" {time.monotonic() - begin:.1f} s", flush=True)
            status = status or int(differences > 0)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            print(f"{program.name}: {error}", flush=True)
            status = 1
        finally:
            if not options.keep:
                shutil.rmtree(scratch, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
