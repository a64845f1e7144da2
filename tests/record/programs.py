"""The programs that are traced and recorded: what is made before, and what is run, by sh in a fresh directory."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    name: str
    about: str
    command: str
    before: str = ""
    needs: str = ""      # programs
    quick: bool = False  # in the test suite


_PROJECT = r"""
mkdir -p src/include
printf '#include "answer.h"\nint answer(void) { return ANSWER; }\n' >src/answer.c
printf '#define ANSWER 42\nint answer(void);\n' >src/include/answer.h
printf '#include <stdio.h>\n#include "answer.h"\nint main(void) { return printf("%%d\\n", answer()) < 0; }\n' >src/main.c
ln -s include src/headers
"""
_MAKEFILE = r"""
cat >src/Makefile <<'END'
CFLAGS = -O1 -Iheaders
answer: answer.o main.o
	$(CC) -o $@ $^
%.o: %.c headers/answer.h
	$(CC) $(CFLAGS) -c -o $@.new $<
	mv $@.new $@
END
"""
_HELLO = "mkdir source && tar xf \"$HELLO\" --strip-components=1 -C source\n"
_DEBIAN = r"""
mkdir source/debian && cd source/debian
printf 'hello-coffer (1-1) unstable; urgency=low\n\n  * A package.\n\n -- A Person <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n' >changelog
cat >control <<'END'
Source: hello-coffer
Maintainer: A Person <a@example.org>
Section: devel
Priority: optional
Standards-Version: 4.6.2

Package: hello-coffer
Architecture: any
Description: a package
 It greets.
END
cat >rules <<'END'
#!/usr/bin/make -f
clean:
	rm -rf debian/files debian/hello-coffer
build build-arch build-indep:
	./configure --prefix=/usr && $(MAKE)
binary-indep:
binary binary-arch: build
	$(MAKE) install DESTDIR=$(CURDIR)/debian/hello-coffer
	mkdir -p debian/hello-coffer/DEBIAN
	dpkg-gencontrol -Pdebian/hello-coffer
	dpkg --build debian/hello-coffer ..
END
chmod 755 rules
"""
_REPOSITORY = r"""
git init -q repository && cd repository && git config user.email a@example.org && git config user.name A
export GIT_AUTHOR_DATE='2026-01-01 00:00 +0000' GIT_COMMITTER_DATE='2026-01-01 00:00 +0000'
for i in 1 2 3 4 5 6; do seq $i 200 >file$i; git add . && git commit -qm "commit $i"; done
git tag first HEAD~3
touch -d 2026-01-02 file* && git update-index --refresh # else the index is as new as they, and they may be read
"""
_NPM = r"""
mkdir -p dependency project
printf '{ "name": "dependency", "version": "1.0.0", "main": "index.js", "bin": { "say": "say.js" } }\n' >dependency/package.json
echo 'module.exports = 42;' >dependency/index.js
printf '#!/usr/bin/env node\nconsole.log(require("./index.js"));\n' >dependency/say.js
printf '{ "name": "project", "version": "1.0.0" }\n' >project/package.json
"""
_GO = r"""
printf 'module example.org/hello\n\ngo 1.19\n' >go.mod
printf 'package main\n\nimport "os"\n\nfunc main() { os.WriteFile("made", []byte("x"), 0o644) }\n' >main.go
go env GOROOT >/dev/null
"""
_CMAKE = r"""
printf 'cmake_minimum_required(VERSION 3.18)\nproject(answer C)\nadd_executable(answer main.c answer.c)\n' >src/CMakeLists.txt
"""
_SPAWNS = """i=0
while [ $i -lt %d ]; do
    /bin/true
    /usr/bin/env echo $i >>out
    cp out copy$((i %% 7)) && mv copy$((i %% 7)) moved
    i=$((i + 2))
done"""
_STATIC = r"""
cat >one.c <<'END'
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void)
{
    struct stat st;
    int fd = open("made", O_RDWR | O_CREAT | O_EXCL, 0644);
    (void)stat("one.c", &st);
    (void)stat("absent/one.c", &st);
    (void)mkdir("d", 0777);
    (void)mkdir("d", 0777);
    (void)symlink("d", "link");
    (void)rename("made", "link/moved");
    (void)fchmod(fd, 0600);
    (void)linkat(AT_FDCWD, "link/../d/moved", AT_FDCWD, "again", 0);
    (void)unlink("again");
    return open("again", O_RDONLY) >= 0;
}
END
gcc -static -o one one.c
"""

PROGRAMS = (
    Program("gcc", "make of two files with gcc", "make -C src", _PROJECT + _MAKEFILE, "gcc make", True),
    Program("configure", "./configure of GNU hello", "cd source && ./configure", _HELLO, "gcc"),
    Program("package", "dpkg-buildpackage of GNU hello", "cd source && dpkg-buildpackage -b -us -uc -d",
            _HELLO + _DEBIAN, "gcc dpkg-buildpackage"),
    Program("git", "git status, gc and checkout", "cd repository && git status && git gc && git checkout -q first",
            _REPOSITORY, "git"),
    Program("python", "Python with some modules",
            "/usr/bin/python3 -c 'import json, email, sqlite3, tempfile, subprocess; tempfile.TemporaryFile()'", "", "", True),
    Program("npm", "npm install of a local package", "cd project && npm install --install-links=true ../dependency",
            _NPM, "npm node"),
    Program("static", "a static program that makes calls", "./one", _STATIC, "gcc", True),
    Program("go", "go build", "go build -p 1 -o hello . && ./hello", _GO, "go"),
    Program("cmake", "cmake of a small project", "cmake -S src -B build", _PROJECT + _CMAKE, "cmake gcc"),
    Program("spawns-50", "a shell script with 50 processes", _SPAWNS % 26, "", "", True),
    Program("spawns", "a shell script with 1,000 processes", _SPAWNS % 500),
)
