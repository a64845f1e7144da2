"""terminal.py PREFIX: types at an interactive bash on a pseudo-terminal, each command after PREFIX (empty: natively).

A %d in PREFIX becomes a number that no command had before: each gets a layer of its own.

Exit status 0 if everything came out as expected; else 1, with what was on the screen.
"""
import fcntl
import itertools
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

NUMBERS = itertools.count()
TIMEOUT = 30


def prefix():
    return sys.argv[1].replace("%d", str(next(NUMBERS)))


class Terminal:
    """An interactive shell on a pseudo-terminal that does not echo what is typed."""

    def __init__(self):
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "TERM": "dumb", "PS1": "READY> ",
                           "SHELL": "/bin/bash", "LC_ALL": "C", "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
            os.execve("/bin/bash", ["bash", "--noprofile", "--norc", "--noediting", "-i"], environment)
        self.screen = ""
        self.resize(24, 80)
        self.wait_for("READY> ")
        self.type("stty -echo")

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, pattern):
        """Reads until the pattern is on the screen; what comes up to its end is taken off the screen."""
        end = time.monotonic() + TIMEOUT
        while True:
            found = re.search(pattern, self.screen)
            if found:
                self.screen = self.screen[found.end():]
                return found
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError(f"'{pattern}' did not come; the screen: {self.screen!r}")
            try:
                got = os.read(self.master, 4096)
            except OSError:
                got = b""
            if not got:
                raise AssertionError(f"the shell ended before '{pattern}'; the screen: {self.screen!r}")
            self.screen += got.decode(errors="replace")

    def type(self, line):
        """Types a line and waits for the next prompt."""
        self.send(line + "\n")
        self.wait_for("READY> ")

    def send(self, text):
        os.write(self.master, text.encode())

    def foreground(self, command):
        """Types `fg`; waits until the job has the terminal, which is a moment after its command is shown."""
        shell = os.tcgetpgrp(self.master)
        self.send("fg\n")
        self.wait_for(command)
        end = time.monotonic() + TIMEOUT
        while os.tcgetpgrp(self.master) == shell:
            if time.monotonic() > end:
                raise AssertionError(f"fg did not give the terminal to {command}")
            time.sleep(0.002)

    def status(self, expected):
        self.send("echo status=$?=\n")
        got = self.wait_for(r"status=(\d+)=").group(1)
        self.wait_for("READY> ")
        if int(got) != expected:
            raise AssertionError(f"status {got}, should be {expected}")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.master)
        os.waitpid(self.pid, 0)


def start(terminal, script):
    """Starts a script in the foreground; it must say `started`. Not bash: that one ignores the quit key."""
    terminal.send(f"{prefix()}sh -c '{script}'\n")
    terminal.wait_for("started\r\n")


def interrupt(terminal):
    start(terminal, "echo started; exec sleep 1000")
    terminal.send("\x03")
    terminal.wait_for("READY> ")
    terminal.status(130)


def interrupt_is_handled(terminal):
    start(terminal, 'trap "echo got int; exit 9" INT; echo started; while :; do sleep 0.05; done')
    terminal.send("\x03")
    terminal.wait_for("got int")
    terminal.wait_for("READY> ")
    terminal.status(9)


def interrupt_of_a_child(terminal):
    start(terminal, 'trap "echo child ended" INT; sh -c "echo started; exec sleep 1000"; exit 6')
    terminal.send("\x03")
    terminal.wait_for("child ended")
    terminal.wait_for("READY> ")
    terminal.status(6)


def quit_key(terminal):
    start(terminal, "ulimit -c 0; echo started; exec sleep 1000")
    terminal.send("\x1c")
    terminal.wait_for("READY> ")
    terminal.status(131)


def stop_and_foreground(terminal):
    for _ in range(2):
        start(terminal, "echo started; read line; echo read: $line; exit 4")
        terminal.send("\x1a")
        terminal.wait_for("Stopped")
        terminal.wait_for("READY> ")
        terminal.status(148)
        terminal.send("jobs\n")
        terminal.wait_for("Stopped")
        terminal.wait_for("READY> ")
        terminal.foreground("sh -c")
        terminal.send("a line\n")
        terminal.wait_for("read: a line")
        terminal.wait_for("READY> ")
        terminal.status(4)


def stop_and_background(terminal):
    start(terminal, "echo started; exec sleep 1000")
    terminal.send("\x1a")
    terminal.wait_for("Stopped")
    terminal.wait_for("READY> ")
    terminal.type("bg")
    terminal.send("jobs\n")
    terminal.wait_for("Running")
    terminal.wait_for("READY> ")
    terminal.foreground("sh -c")
    terminal.send("\x03")
    terminal.wait_for("READY> ")
    terminal.status(130)


def stops_itself(terminal):
    terminal.send(f"{prefix()}sh -c 'kill -STOP $$; echo went on; exit 2'\n")
    terminal.wait_for("Stopped")
    terminal.wait_for("READY> ")
    terminal.send("fg\n")
    terminal.wait_for("went on")
    terminal.wait_for("READY> ")
    terminal.status(2)


def background_read(terminal):
    terminal.type(f"{prefix()}cat &")
    for _ in range(100):
        terminal.send("jobs; echo end of jobs\n")
        if "Stopped" in terminal.wait_for(r"(?s)(.*)end of jobs").group(1):
            break
        time.sleep(0.05)
    else:
        raise AssertionError("a background job that reads the terminal is not stopped")
    terminal.wait_for("READY> ")
    terminal.foreground("cat")
    terminal.send("typed\n")
    terminal.wait_for("typed")
    terminal.send("\x04")
    terminal.wait_for("READY> ")
    terminal.status(0)


def window_size(terminal):
    terminal.resize(33, 77)
    terminal.send(f"{prefix()}stty size\n")
    terminal.wait_for("33 77")
    terminal.wait_for("READY> ")
    start(terminal, 'trap "stty size" WINCH; echo started; while :; do sleep 0.05; done')
    terminal.resize(44, 88)
    terminal.wait_for("44 88")
    terminal.send("\x03")
    terminal.wait_for("READY> ")


def is_a_terminal(terminal):
    terminal.type(f"{prefix()}sh -c 'test -t 0 && test -t 1 && test -t 2 && : </dev/tty'")
    terminal.status(0)
    terminal.type(f'test "$(tty)" = "$({prefix()}tty)"')
    terminal.status(0)


def ends_by_signal(terminal):
    terminal.type(f"{prefix()}sh -c 'kill -TERM $$'")
    terminal.status(143)
    terminal.type(f"{prefix()}sh -c 'kill -KILL $$'")
    terminal.status(137)


def pipes(terminal):
    terminal.send(f"yes | {prefix()}head -n 1 | {prefix()}cat; echo pipe=${{PIPESTATUS[*]}}=\n")
    terminal.wait_for("pipe=141 0 0=")
    terminal.wait_for("READY> ")
    terminal.send(f"echo through | {prefix()}cat\n")
    terminal.wait_for("through")
    terminal.wait_for("READY> ")


def shell(terminal):
    """coffer shell; natively and recorded a second bash."""
    command = prefix()
    if " run " in command:
        command = command.replace(" run ", " shell ", 1).replace(" -- ", "")
    else:
        command += "bash --norc --noprofile -i"
    terminal.send(f"{command}\n")
    terminal.send("PS1='INSIDE> '; set +o history; echo in=$((40 + 2))=\n")
    terminal.wait_for("in=42=")
    terminal.wait_for("INSIDE> ")
    terminal.send("sh -c 'echo started; exec sleep 1000'\n")
    terminal.wait_for("started\r\n")
    terminal.send("\x1a")
    terminal.wait_for("Stopped")
    terminal.wait_for("INSIDE> ")
    terminal.foreground("sleep 1000")
    terminal.send("\x03")
    terminal.wait_for("INSIDE> ")
    terminal.send("echo written >host/by-shell; cat host/by-shell; rm host/by-shell\n")
    terminal.wait_for("written")
    terminal.send("exit 5\n")
    terminal.wait_for("READY> ")
    terminal.status(5)


def main():
    failed = 0
    for scenario in (interrupt, interrupt_is_handled, interrupt_of_a_child, quit_key, stop_and_foreground,
                     stop_and_background, stops_itself, background_read, window_size, is_a_terminal, ends_by_signal,
                     pipes, shell):
        terminal = Terminal()
        try:
            scenario(terminal)
            print(f"  {scenario.__name__}: as expected", flush=True)
        except AssertionError as failure:
            failed += 1
            print(f"  {scenario.__name__}: {failure}", flush=True)
        finally:
            terminal.close()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
