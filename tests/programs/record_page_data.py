#!/usr/bin/env python3
"""record_page_data.py build|large|shared|hostile|empty SCHEMA DATABASE: a record as a database, for record_html.sh.

build    make with 400 compilers and a link: 10,000 events; the same each time
large    the same with 4,000 compilers: 100,000 events
shared   a lock that 3,000 processes open to read and write, and a log that they write
hostile  names of any bytes, and parents, times and commands that make no sense
empty    nothing but the tables
"""
import json
import sqlite3
import sys

HEADERS = 3000
MS = 1_000_000


class Record:
    def __init__(self, schema, database):
        self.db = sqlite3.connect(database)
        self.db.executescript(open(schema).read())
        self.paths = {}
        self.roles = {}
        self.events = []

    def path(self, name):
        if name not in self.paths:
            self.paths[name] = len(self.paths) + 1
            self.db.execute("INSERT INTO path VALUES (?, ?)", (self.paths[name], name))
        return self.paths[name]

    def meta(self, **values):
        self.db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def process(self, number, parent, start, end, command, code=0, signal=None, cpu=0.8):
        program = command[0]
        self.db.execute(
            "INSERT INTO process VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                30000 + number,
                parent,
                start,
                end,
                code,
                signal,
                int((end - start) * cpu / 1000) if end else 0,
                900,
                48000,
                program,
                json.dumps(command),
            ),
        )
        self.db.execute(
            "INSERT INTO exec (process, time, program, command, cwd) VALUES (?, ?, ?, ?, ?)",
            (number, start + 1000, self.path(program), json.dumps(command), "/src/project"),
        )

    def event(self, time, process, kind, name, call="openat", error=0, count=1, other=None, said=None, flags=0):
        self.events.append(
            (
                time,
                process,
                kind,
                call,
                self.path(name),
                self.path(other) if other is not None else None,
                said,
                error,
                flags,
                count,
            )
        )

    def file(self, name, size=None, **roles):
        roles = dict.fromkeys(roles, 1) | ({"size": size} if size is not None else {})
        columns = ["path", *roles]
        self.db.execute(
            "INSERT INTO file (%s) VALUES (%s)" % (", ".join(columns), ", ".join("?" * len(columns))),
            (self.path(name), *roles.values()),
        )

    def close(self):
        self.events.sort(key=lambda event: event[0])
        self.db.executemany(
            "INSERT INTO event (time, process, kind, call, path, path2, said, error, flags, count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self.events,
        )
        self.db.commit()
        self.db.close()


def compilation(record, at, headers):
    """gcc, cc1 and as: three processes, and their files."""
    name, first, start = f"src/part{at % 40:02}/unit{at}", 3 + 3 * at, (40 + 25 * (at // 4)) * MS + (at % 4) * MS
    source, made, assembly = f"/src/project/{name}.c", f"/src/project/build/{name}.o", f"/tmp/cc{at:05x}.s"
    record.process(
        first,
        2,
        start,
        start + 24 * MS,
        ["/usr/bin/gcc", "-O2", "-Iinclude", "-c", f"{name}.c", "-o", f"build/{name}.o"],
    )
    record.process(
        first + 1,
        first,
        start + MS,
        start + 18 * MS,
        ["/usr/lib/gcc/cc1", "-quiet", "-Iinclude", f"{name}.c", "-O2", "-o", assembly],
    )
    record.process(
        first + 2, first, start + 18 * MS, start + 23 * MS, ["/usr/bin/as", "-o", f"build/{name}.o", assembly]
    )
    record.event(start + MS, first + 1, "read", source)
    for i in range(14):
        header = headers[(at * 7 + i * i * 13) % len(headers)]
        if i < 4:
            record.event(
                start + (2 + i) * MS,
                first + 1,
                "absent",
                header.replace("/usr/include", "/src/project/include"),
                error=2,
            )
        record.event(start + (2 + i) * MS, first + 1, "read", header)
    record.event(start + 2 * MS, first + 1, "create", assembly, flags=16)
    record.event(start + 18 * MS, first + 2, "read", assembly)
    record.event(start + 19 * MS, first + 2, "create", made)
    record.event(start + 24 * MS, first, "delete", assembly, call="unlink")
    record.event(start + MS // 2, first, "look", source, call="newfstatat", count=3)
    record.file(source, 3000 + at, input=1)
    record.file(made, 9000 + 7 * at, output=1)
    record.file(assembly, temporary=1)
    return made


def build(record, compilations=400):
    headers = [f"/usr/include/lib{i % 60:02}/header{i}.h" for i in range(HEADERS)]
    end = (60 + 25 * (compilations // 4) + 1000) * MS
    record.meta(
        format=1,
        version="1.0",
        command=json.dumps(["make", "-j4", "all"]),
        cwd="/src/project",
        host="example",
        user="builder",
        start=1_790_000_000 * 10**9,
        view=0,
        status=0,
        complete=1,
        lost=0,
        damaged=0,
    )
    record.process(1, None, 0, end, ["/usr/bin/make", "-j4", "all"], cpu=0.01)
    record.process(2, 1, 2 * MS, end - 5 * MS, ["/bin/sh", "-c", "make -C src"], cpu=0.001)
    made = [compilation(record, at, headers) for at in range(compilations)]
    linker = 3 + 3 * compilations
    record.process(linker, 2, end - 900 * MS, end - 10 * MS, ["/usr/bin/ld", "-o", "/src/project/build/program"])
    for at, name in enumerate(made):
        record.event(end - 900 * MS + at * 1000, linker, "read", name)
    record.event(end - 100 * MS, linker, "create", "/src/project/build/program.tmp")
    record.event(
        end - 50 * MS,
        linker,
        "rename",
        "/src/project/build/program.tmp",
        call="rename",
        other="/src/project/build/program",
    )
    record.process(linker + 1, 1, end - 9 * MS, end - 6 * MS, ["/usr/bin/strip", "build/program"], code=1)
    record.event(end - 8 * MS, linker + 1, "read", "/src/project/build/program")
    record.file("/src/project/build/program", 51_234_567, output=1)
    record.file("/src/project/build/program.tmp", temporary=1)
    record.db.executemany(
        "INSERT INTO hash VALUES (?, ?, ?, ?, ?)",
        [(record.path("/src/project/build/program"), "after", "sha256", "ab" * 32, 51_234_567)],
    )
    for header in headers:
        record.file(header, 1200, input=1)
        record.file(header.replace("/usr/include", "/src/project/include"), absent=1)
    record.db.execute(
        "INSERT INTO connection VALUES (1, ?, 1, 'connect', 'connect', '10.0.0.1:3632', 111, 2)", (3 * MS,)
    )
    record.db.execute(
        "INSERT INTO violation VALUES (1, ?, ?, 'openat', '/etc/shadow', 'policy:3 deny read /etc/shadow', 'cannot read /etc/shadow')",
        (4 * MS, linker),
    )


def shared(record):
    record.meta(command=json.dumps(["make"]), cwd="/src", start=0, status=0, complete=1)
    record.process(1, None, 0, 9000 * MS, ["/usr/bin/make"])
    for at in range(2, 3002):
        record.process(at, 1, at * MS, (at + 1) * MS, ["/usr/bin/worker"])
        record.event(at * MS, at, "write", "/src/lock", flags=16)
        record.event(at * MS + 1000, at, "write", "/src/log")
    record.event(8000 * MS, 1, "read", "/src/log")
    for name in ("/src/lock", "/src/log"):
        record.file(name, 1, output=1)


HOSTILE = [
    b"/x/</script><img src=x onerror=document.title=1>",
    b"/x/<!--<script>",
    b"/x/\xff\xfe bytes \x80",
    "/x/\u202eevil\u2066.txt".encode(),
    b"/x/line\nbreak\ttab\r\x01\x7f",
    b"/x/" + b"long" * 1023,
    b"/x/\xe2\x80\xa8separator",
    b"/x/quote\"'&amp;\\back",
    b"/x/ leading",
    b"",
    b"/x/__proto__",
    b"/x/constructor",
    b"relative",
    b"//",
    b"/",
    "/x/\U0001f600 \u05d0\u05d1\u05d2".encode(),
    b"/x/@DATA@",
    b"/x/javascript:alert(1)",
]


def text_or_blob(name):
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name


def hostile(record):
    record.meta(
        command=json.dumps(["sh", "-c", "</script><script>document.title='broken'</script>\n\u202e"]),
        cwd="/x/<b>",
        host="<i>",
        user="&lt;",
        start=-5,
        view=1,
        status=139,
        complete=0,
        lost=7,
        damaged=2,
        version="</title>",
    )
    names = [text_or_blob(name) for name in HOSTILE]
    record.process(1, None, 0, None, ["</script><b>program", "\u202e"], code=None)
    record.process(2, 1, 5 * MS, 1 * MS, ["/x/line\nbreak", "a\x01b"], code=None, signal=11)
    record.process(3, 4, 1 * MS, 2 * MS, ["__proto__", "'quoted'"])
    record.process(4, 3, 1 * MS, 2 * MS, ["constructor"])
    record.process(5, 999, 1 * MS, 10**18, [""])
    record.process(6, 6, 1 * MS, 2 * MS, ["self"])
    record.db.execute("UPDATE process SET command = '{broken' WHERE id = 6")
    record.db.execute("UPDATE exec SET command = '[1, {}, \"x\"]', environment = '7' WHERE process = 4")
    for at, name in enumerate(names):
        record.event(at * MS, 1, "create", name, flags=127, said=b"../\xff" if at % 2 else None)
        record.event(at * MS + 1, 2, "read", name, error=at * 7)
        record.event(at * MS + 2, 77, "list", name)
        record.event(at * MS + 3, 3, "rename", name, other=names[(at + 1) % len(names)], call="renameat2", flags=4)
        record.file(name, 10 ** (at % 19), input=1, output=1, absent=1, temporary=1)
    record.events.append((9, 1, "nonsense", None, None, None, None, -1, -1, 0))
    record.events.append((10, None, "read", "call", 424242, 424242, None, 0, 0, 1))
    for at, name in enumerate(names):
        record.db.execute("INSERT INTO connection VALUES (?, ?, 1, 'connect', 'connect', ?, 111, 2)", (at, at, name))
        record.db.execute("INSERT INTO violation VALUES (?, ?, ?, 'openat', ?, ?, ?)", (at, at, at, name, name, name))
        record.db.execute("INSERT INTO hash VALUES (?, 'before', ?, ?, 5)", (record.path(name), name, name))


def main():
    what, schema, database = sys.argv[1:]
    record = Record(schema, database)
    {"build": build, "large": lambda record: build(record, 4000), "shared": shared, "hostile": hostile, "empty": lambda record: None}[
        what
    ](record)
    record.close()


main()
