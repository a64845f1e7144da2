"""What a record says, in the same words as strace_log.py: (operation, error, path, other path)."""
import json
import os
import subprocess

OPENS = ("open", "openat", "openat2", "creat")
SKIPPED = ("begin", "end", "start", "executed", "exit", "map", "repeat", "hash", "violation", "damaged")


def bytes_of(line, key):
    """A name; one that is no UTF-8 has its bytes in hexadecimal beside it."""
    if key + "_hex" in line:
        return bytes.fromhex(line[key + "_hex"])
    return os.fsencode(line[key]) if key in line else None


def read(command):
    """The events of the JSON lines that a command prints; RuntimeError when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{command}: status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def kind_of(line):
    """With what strace tells: whether an open for writing made the file it does not."""
    kind = line["event"]
    if line.get("error") in ("ENOENT", "ENOTDIR") and kind in ("read", "list", "look", "exec", "metadata", "delete"):
        return "absent"
    return "write" if kind == "create" and line.get("call") in OPENS else kind


def resolve_words(path):
    prefix = b"unix:" if path.startswith(b"unix:/") else b""
    return prefix + os.path.realpath(path[len(prefix):]) if path[len(prefix):].startswith(b"/") else path


def events(lines):
    """All of them, as a set."""
    found = set()
    for line in lines:
        if line["event"] in SKIPPED or line["event"] == "create" and line.get("call") == "bind":
            continue
        path, other = bytes_of(line, "path") or bytes_of(line, "address"), bytes_of(line, "path2")
        if line.get("unresolved") or line["event"] == "absent":
            path = resolve_words(path)
        if path is not None:
            path = path.removesuffix(b" (deleted)") if kind_of(line) == "write" else path
        kind = kind_of(line)
        if kind == "list" and not os.path.lexists(path):
            kind = "read" # as strace_log.py has it
        found.add((kind, line.get("error", ""), path, other))
    return found
