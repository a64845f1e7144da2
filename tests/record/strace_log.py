"""What a log of `strace -f -y -s 4096` says of files and addresses, as (operation, error, path, other path)."""
import os
import re

CALL = re.compile(rb"^(\d+) +(\w+)\((.*)\) += (.*)$", re.S)
UNFINISHED = re.compile(rb"^(\d+) +(\w+)\((.*?),? *<unfinished \.\.\.>$", re.S)
RESUMED = re.compile(rb"^(\d+) +<\.\.\. (\w+) resumed>,? ?(.*)$", re.S)
ESCAPES = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"f": b"\f", b"v": b"\v", b"e": b"\x1b", b"a": b"\a", b"b": b"\b"}
ABSENT = ("ENOENT", "ENOTDIR")

# Calls by what their arguments are: number of the directory's argument (-1: none), of the path's, of the flags'.
LOOKS = {
    "stat": (-1, 0, True), "lstat": (-1, 0, False), "newfstatat": (0, 1, 3), "statx": (0, 1, 2), "access": (-1, 0, True),
    "faccessat": (0, 1, True), "faccessat2": (0, 1, 3), "readlink": (-1, 0, False), "readlinkat": (0, 1, False),
    "statfs": (-1, 0, True), "chdir": (-1, 0, True), "inotify_add_watch": (-1, 1, True), "getxattr": (-1, 0, True),
    "lgetxattr": (-1, 0, False), "listxattr": (-1, 0, True), "llistxattr": (-1, 0, False), "chroot": (-1, 0, True),
    "stat64": (-1, 0, True), "lstat64": (-1, 0, False), "fstatat64": (0, 1, 3), "statfs64": (-1, 0, True),
    "oldstat": (-1, 0, True), "oldlstat": (-1, 0, False),
}
CHANGES = {
    "mkdir": ("create", -1, 0, False), "mkdirat": ("create", 0, 1, False), "mknod": ("create", -1, 0, False),
    "mknodat": ("create", 0, 1, False), "symlink": ("create", -1, 1, False), "symlinkat": ("create", 1, 2, False),
    "unlink": ("delete", -1, 0, False), "rmdir": ("delete", -1, 0, False), "unlinkat": ("delete", 0, 1, False),
    "truncate": ("write", -1, 0, True), "chmod": ("metadata", -1, 0, True), "fchmodat": ("metadata", 0, 1, True),
    "fchmodat2": ("metadata", 0, 1, 3), "chown": ("metadata", -1, 0, True), "lchown": ("metadata", -1, 0, False),
    "fchownat": ("metadata", 0, 1, 4), "utime": ("metadata", -1, 0, True), "utimes": ("metadata", -1, 0, True),
    "futimesat": ("metadata", 0, 1, True), "utimensat": ("metadata", 0, 1, 3), "setxattr": ("metadata", -1, 0, True),
    "lsetxattr": ("metadata", -1, 0, False), "removexattr": ("metadata", -1, 0, True),
    "lremovexattr": ("metadata", -1, 0, False), "execve": ("exec", -1, 0, True), "execveat": ("exec", 0, 1, 4),
    "truncate64": ("write", -1, 0, True), "chown32": ("metadata", -1, 0, True), "lchown32": ("metadata", -1, 0, False),
    "utimensat_time64": ("metadata", 0, 1, 3),
}
PAIRS = {"rename": (-1, 0, -1, 1), "renameat": (0, 1, 2, 3), "renameat2": (0, 1, 2, 3), "link": (-1, 0, -1, 1),
         "linkat": (0, 1, 2, 3)}
OPENS = {"open": (-1, 0, 1), "openat": (0, 1, 2), "openat2": (0, 1, 2), "creat": (-1, 0, None)}
BY_DESCRIPTOR = {"fchmod", "fchown", "fsetxattr", "fremovexattr", "fchown32"}
ADDRESSES = {"connect": ("connect", 1), "bind": ("bind", 1), "sendto": ("connect", 4), "accept": ("accept", 1),
             "accept4": ("accept", 1)}
CHILDREN = {"clone", "clone3", "fork", "vfork"}
# The rest that is in the log: it names nothing, or by a descriptor that is only asked.
QUIET = {"getcwd", "fstat", "fstatfs", "exit_group", "exit", "sendmsg", "sendmmsg", "fgetxattr", "flistxattr",
         "umask", "name_to_handle_at", "unshare", "ioctl"}


def unescape(text):
    def one(found):
        what = found[1]
        return bytes([int(what, 8)]) if what[:1].isdigit() else ESCAPES.get(what, what)
    return re.sub(rb"\\([0-7]{1,3}|.)", one, text, flags=re.S)


def split(text):
    """The arguments of a call: cut at commas that are in no string, bracket or <>."""
    parts, depth, at, begin = [], 0, 0, 0
    while at < len(text):
        byte = text[at:at + 1]
        if byte == b'"':
            at += 1
            while at < len(text) and text[at:at + 1] != b'"':
                at += 2 if text[at:at + 1] == b"\\" else 1
        elif byte == b"/" and text[at:at + 2] == b"/*":
            at = text.index(b"*/", at) + 1
        elif byte in (b"(", b"[", b"{"):
            depth += 1
        elif byte in (b")", b"]", b"}"):
            depth -= 1
        elif byte == b"<":
            while at < len(text) and text[at:at + 1] != b">":
                at += 2 if text[at:at + 1] == b"\\" else 1
        elif byte == b"," and depth == 0:
            parts.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    return parts + [text[begin:].strip()]


def string_of(argument):
    """The bytes of a quoted string; None: NULL, or no string."""
    found = re.match(rb'"((?:[^"\\]|\\.)*)"', argument, re.S)
    return unescape(found[1]) if found else None


def descriptor_path(argument):
    """What -y says behind a descriptor, or None; ends with (deleted) as /proc has it."""
    found = re.match(rb"(?:AT_FDCWD|-?\d+)<((?:[^>\\]|\\.)*)>(\(deleted\))?", argument, re.S)
    if not found:
        return None
    return unescape(found[1]) + (b" (deleted)" if found[2] else b"")


def address_of(argument):
    """As a record words it; None: none."""
    def get(name, pattern=rb'"((?:[^"\\]|\\.)*)"'):
        found = re.search(name + pattern, argument, re.S)
        return found[1] if found else b""
    if b"sa_family=AF_UNIX" in argument:
        abstract = b"sun_path=@" in argument
        path = unescape(get(rb"sun_path=@?"))
        return b"unix:" + (b"@" if abstract else b"") + path
    port = get(rb"port=htons\(", rb"(\d+)\)")
    if b"sa_family=AF_INET6" in argument:
        return b"[" + get(rb"inet_pton\(AF_INET6, ") + b"]:" + port
    if b"sa_family=AF_INET" in argument:
        return get(rb"sin_addr=inet_addr\(") + b":" + port
    return None


def joined_lines(path):
    """Whole calls, in the order in which they ended: (pid, name, arguments, result); a child is told first."""
    open_calls = {}
    with open(path, "rb") as log:
        for line in log.read().split(b"\n"):
            unfinished = UNFINISHED.match(line)
            if unfinished:
                open_calls[unfinished[1]] = line[:line.rindex(b" <unfinished")].rstrip().removesuffix(b",")
                if unfinished[2].decode() in CHILDREN:
                    yield unfinished[1], unfinished[2].decode(), None, None
                continue
            resumed = RESUMED.match(line)
            if resumed and resumed[1] in open_calls:
                begun = open_calls.pop(resumed[1])
                rest = resumed[3]
                line = begun + (b"" if rest.startswith(b")") else b"" if begun.endswith(b"(") else b", ") + rest
            call = CALL.match(line)
            if call:
                yield call[1], call[2].decode(), call[3], call[4]


def resolve(path, follow):
    """What a path leads to now: links that have gone meanwhile are not followed."""
    if follow and not path.endswith(b"/."):
        return os.path.realpath(path)
    name = os.path.basename(path.rstrip(b"/"))
    if name in (b"", b".", b".."):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(os.path.dirname(path.rstrip(b"/"))), name)


class Log:
    """Goes through a log once; `events` is a set of (operation, error, path, other path)."""

    def __init__(self, path, cwd):
        self.events, self.unknown, self.cwds, self.start = set(), set(), {}, os.fsencode(cwd)
        lines = list(joined_lines(path))
        self.parents = {re.match(rb"\d+", result)[0]: (pid, b"CLONE_FS" in arguments)
                        for pid, name, arguments, result in lines
                        if name in CHILDREN and result and re.match(rb"\d+", result)}
        for pid, name, arguments, result in lines:
            if arguments is not None:
                self.one(pid, name, split(arguments), result)
            else:
                self.place(pid)

    def place(self, pid):
        """Where a process stands: a list of one, which those share that were cloned so."""
        if pid not in self.cwds:
            parent, shared = self.parents.get(pid, (None, False))
            place = self.place(parent) if parent else [self.start]
            self.cwds[pid] = place if shared else list(place)
        return self.cwds[pid]

    def add(self, kind, error, path, other=None):
        path = os.path.realpath(path) if kind == "absent" else path
        self.events.add((kind, error, path, other))

    def named(self, pid, arguments, directory, path):
        """The path that an argument says, from the root on; None: it says none."""
        said = string_of(arguments[path])
        start = self.place(pid)[0]
        if directory >= 0:
            start = descriptor_path(arguments[directory]) or start
            if arguments[directory].startswith(b"AT_FDCWD<"):
                self.place(pid)[0] = start
        if not said:
            return None
        return os.path.join(start, said)

    def one(self, pid, name, arguments, result):
        error = re.match(rb"-1 (E[A-Z0-9]+)", result)
        error = error[1].decode() if error else ""
        if result.startswith(b"?") and name not in ("execve", "exit", "exit_group"):
            return
        if name in LOOKS:
            self.look(pid, name, arguments, error)
        elif name in CHANGES:
            self.change(pid, name, arguments, error)
        elif name in PAIRS:
            self.pair(pid, name, arguments, error)
        elif name in OPENS:
            self.open(pid, name, arguments, error, result)
        elif name in BY_DESCRIPTOR:
            path = descriptor_path(arguments[0])
            if path and path.startswith(b"/"):
                self.add("metadata", error, path)
        elif name == "fchdir":
            if not error:
                self.place(pid)[0] = descriptor_path(arguments[0]) or self.place(pid)[0]
        elif name in ADDRESSES:
            kind, at = ADDRESSES[name]
            words = address_of(arguments[at]) if at < len(arguments) else None
            if words and words.startswith(b"unix:") and words[5:6] not in (b"", b"@"):
                words = b"unix:" + resolve(os.path.join(self.place(pid)[0], words[5:]), name != "bind")
            if words and not (name.startswith("accept") and error):
                self.add(kind, "" if error == "EINPROGRESS" else error, words)
        elif name not in QUIET and name not in CHILDREN:
            self.unknown.add(name)

    @staticmethod
    def follows(arguments, rule):
        if isinstance(rule, bool):
            return rule
        return rule >= len(arguments) or b"NOFOLLOW" not in arguments[rule]

    def look(self, pid, name, arguments, error):
        directory, path, rule = LOOKS[name]
        said = self.named(pid, arguments, directory, path)
        if said is None and string_of(arguments[path]) == b"" and error == "ENOENT":
            return # an empty path: nothing is named
        if said is None:
            return # by a descriptor
        resolved = resolve(said, self.follows(arguments, rule))
        if name == "chdir" and not error:
            self.place(pid)[0] = resolved
        self.add("absent" if error in ABSENT else "look", error, resolved)

    def change(self, pid, name, arguments, error):
        kind, directory, path, rule = CHANGES[name]
        said = self.named(pid, arguments, directory, path)
        if said is None:
            said = descriptor_path(arguments[directory]) if directory >= 0 else None
            resolved = said
        else:
            resolved = resolve(said, self.follows(arguments, rule))
        if resolved is not None and resolved.startswith(b"/"):
            self.add("absent" if error in ABSENT and kind != "create" else kind, error, resolved)

    def pair(self, pid, name, arguments, error):
        paths = []
        for directory, path in (PAIRS[name][:2], PAIRS[name][2:]):
            said = self.named(pid, arguments, directory, path)
            follow = name == "linkat" and b"AT_SYMLINK_FOLLOW" in arguments[4] and path == 1
            if said is not None:
                paths.append(resolve(said, follow))
            else:
                paths.append(descriptor_path(arguments[directory]) if directory >= 0 else None)
        self.add("rename" if name.startswith("rename") else "link", error, *paths)

    def open(self, pid, name, arguments, error, result):
        directory, path, flags_at = OPENS[name]
        flags = arguments[flags_at] if flags_at is not None else b"O_WRONLY|O_CREAT|O_TRUNC"
        flags = re.sub(rb"^\{flags=|,.*|\}", b"", flags, flags=re.S).split(b"|")
        said = self.named(pid, arguments, directory, path)
        if said is None:
            return
        exclusive = b"O_CREAT" in flags and b"O_EXCL" in flags
        resolved = resolve(said, b"O_NOFOLLOW" not in flags and not exclusive)
        if not error and b"O_TMPFILE" not in flags:
            resolved = (descriptor_path(result) or resolved).removesuffix(b" (deleted)")
        writes = b"O_RDONLY" not in flags or b"O_TRUNC" in flags
        kind = "read"
        if b"O_PATH" in flags or b"O_TMPFILE" in flags:
            kind = "look"
        elif writes or b"O_CREAT" in flags:
            kind = "write" # or create: strace does not tell
        elif b"O_DIRECTORY" in flags or os.path.isdir(resolved):
            kind = "list"
        if error in ABSENT and b"O_CREAT" not in flags:
            kind = "absent"
        if kind == "list" and not os.path.lexists(resolved):
            kind = "read" # of what has gone the log does not tell whether it was a directory
        self.add(kind, error, resolved)
