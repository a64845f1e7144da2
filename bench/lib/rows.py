"""What is measured: the columns (how a command is run) and the rows (which command). Each is one line."""
from dataclasses import dataclass

MODULES = ("argparse ast asyncio bisect calendar cgi cmd code codecs collections concurrent.futures configparser csv "
           "ctypes datetime decimal difflib dis email.message fileinput fractions getpass gettext glob gzip hashlib "
           "html.parser http.client imaplib inspect json logging lzma mailbox mimetypes multiprocessing optparse os "
           "pathlib pdb pickle platform plistlib poplib pprint profile pydoc queue random re sched secrets selectors "
           "shelve shlex shutil smtplib socketserver sqlite3 ssl statistics string subprocess tarfile tempfile "
           "textwrap threading timeit trace typing unittest urllib.request uuid venv wave xml.dom.minidom zipfile")


@dataclass(frozen=True)
class Column:
    """words stand before the command; {place} is the bench's directory, {layer} a layer of this repetition alone."""
    name: str
    words: str
    about: str
    keeps_host: bool = False  # what the command does to the system stays in the view
    option: str = ""          # of `coffer run`, without which there is no such column
    in_libc: bool = False     # it sees only what goes through the C library


@dataclass(frozen=True)
class Row:
    """once is done in the bench's directory ($BENCH), before untimed in a new directory, command is what is timed."""
    name: str
    command: str
    about: str
    once: str = ""
    before: str = ""
    needs: str = ""           # programs
    of_root: bool = False
    keeps_host: bool = True   # the command changes nothing outside of its directory
    # It makes calls past the C library, and prints "T ns a call", which is measured then in place of its seconds.
    prints_time: bool = False

    def suits(self, column):
        """Whether it may run in this column, and tells something there."""
        return (self.keeps_host or column.keeps_host) and not (self.prints_time and column.in_libc)


COFFER = "{coffer} run -v --lock=try -l {layer}"

_COLUMNS = (
    Column("native", "", "nothing in between"),
    Column("coffer", COFFER + " --", "a view on a new layer", keeps_host=True),
    Column("coffer-free", COFFER + " --cpu=free --", "the same, placed on CPUs by the kernel alone", keeps_host=True, option="--cpu"),
    Column("bare", "{programs}/bare --", "the same stops, continued at once: one thread, anywhere"),
    Column("bare-1cpu", "{programs}/bare --cpu=0 --", "the same, everything on one CPU"),
    Column("proot", "proot", "PRoot"),
    Column("record", "{coffer} record -q -o {place}/record --", "a record of the files, and no view", option="--record"),
    Column("strace", "strace -f --seccomp-bpf -e trace=%file -o {place}/strace", "strace of the calls with a path"),
    Column("fakechroot", "{bench}/in-fakechroot {place}/root", "a preloaded library that rewrites paths", in_libc=True),
    Column("overlay", "{bench}/in-overlay {layer}", "kernel overlayfs in a mount namespace", keeps_host=True),
    Column("build", "{coffer} run -v --lock=try --profile build --discard --", "rules of a package build: all is read and the bench's directory written to directly", option="--profile"),
)

_TAR = "tar cf $BENCH/include.tar -C /usr include"
_REPOSITORY = "$BENCH_DIR/make-repository $BENCH/repository 9000"
_LUA = "tar xf $($FETCH lua5.4) --strip-components=1"
_GCC = "for i in 1 2 3 4 5 6 7 8 9 10; do gcc -O1 -c -o {o}$i.o src/lvm.c; done"
_DEB = "apt-get install -qq -y --no-install-recommends -o Dir::Cache=$BENCH/apt "
_SQL = """awk 'BEGIN { print "pragma journal_mode=wal; create table t (a, b);"
               for (i = 0; i < 1000; i++) print "insert into t values (" i ", hex(randomblob(50)));" }'"""

_ROWS = (
    Row("one-stop", "$CALLS stat 100000 /etc/passwd", "one stat of an existing file, again and again", prints_time=True),
    Row("configure", "./configure", "./configure of GNU hello", before="tar xf $($FETCH hello) --strip-components=1", needs="gcc make"),
    Row("make-j1", "make -j1 linux", "make of lua", before=_LUA, needs="gcc make"),
    Row("make-j2", "make -j2 linux", "the same, two jobs", before=_LUA, needs="gcc make"),
    Row("make-j8", "make -j8 linux", "the same, eight jobs", before=_LUA, needs="gcc make"),
    Row("gcc-10", _GCC.format(o="a"), "one C file of 1,800 lines, ten times", before=_LUA, needs="gcc"),
    Row("gcc-10-twice", f"({_GCC.format(o='a')}) & {_GCC.format(o='b')}; wait $!", "two of that at once", before=_LUA, needs="gcc"),
    Row("find", "find /usr", "find /usr"),
    Row("du", "du -s /usr", "du -s /usr"),
    Row("tar-x", "tar xf $BENCH/include.tar", "tar x of /usr/include", once=_TAR),
    Row("cp-a", "cp -a include copy", "cp -a of it", once=_TAR, before="tar xf $BENCH/include.tar"),
    Row("rm-r", "rm -r include", "rm -r of it", once=_TAR, before="tar xf $BENCH/include.tar"),
    Row("git-status", "git -C $BENCH/repository status", "git status, 9,000 files", once=_REPOSITORY, needs="git"),
    Row("git-clone", "git clone -q --no-hardlinks $BENCH/repository clone", "git clone of that repository", once=_REPOSITORY, needs="git"),
    Row("python", f"for i in 1 2 3; do python3 -I -B -c 'import {', '.join(MODULES.split())}'; done", "import of 80 modules, three times", needs="python3"),
    Row("npm", "cd project && npm install --install-links=true ../dependency*", "npm install of 30 local packages", before="$BENCH_DIR/make-npm-packages 30", needs="npm"),
    Row("apt", f"{_DEB} --no-download hello", "apt-get install of one small package", once=f"mkdir -p $BENCH/apt/archives/partial && {_DEB} --download-only -o APT::Sandbox::User= hello", needs="apt-get", of_root=True, keeps_host=False),
    Row("deb-build", "cd hello-*/ && DEB_BUILD_OPTIONS=nocheck dpkg-buildpackage -b -us -uc -d", "dpkg-buildpackage of hello, without its tests", before="dpkg-source --no-check -x $(dirname $($FETCH hello))/hello_*.dsc", needs="dpkg-buildpackage dh makeinfo gcc make"),
    Row("spawn-1000", "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i + 1)); done", "1,000 processes, one after the other"),
    Row("pipe-50", "head -c 20000000 /dev/zero | " + "cat | " * 48 + "wc -c", "a pipeline of 50 processes"),
    Row("sqlite", "sqlite3 base <$BENCH/wal.sql", "1,000 transactions, write-ahead log", once=_SQL + " >$BENCH/wal.sql", needs="sqlite3"),
    Row("stat-1", "$CALLS stat 50000 /etc/passwd 1", "50,000 stats in one thread", prints_time=True),
    Row("stat-2", "$CALLS stat 50000 /etc/passwd 2", "as many in two threads", prints_time=True),
    Row("stat-4", "$CALLS stat 50000 /etc/passwd 4", "as many in four", prints_time=True),
    Row("stat-8", "$CALLS stat 50000 /etc/passwd 8", "as many in eight", prints_time=True),
    Row("read", "$CALLS read 400000 $BENCH/64M", "read of 4 KB, an open file", once="head -c 67108864 /dev/zero >$BENCH/64M", prints_time=True),
    Row("write", "$CALLS write 100000 file", "write of 4 KB, an open file", prints_time=True),
)

COLUMNS = {column.name: column for column in _COLUMNS}
ROWS = {row.name: row for row in _ROWS}
