"""What tests/crash/sweep cuts off: the tree, and the operations on it.

A row is a name, what is done in the view before (the state that an interrupted operation must leave or replace), and the
operation: words for tests/helpers/one, or for coffer itself.
"""
import os

BIG = 3 << 20  # more than what is copied without a worker


def make_host(host):
    """The host's tree. No time in it is of today."""
    os.makedirs(f"{host}/dir/sub/deep")
    os.makedirs(f"{host}/empty")
    os.makedirs(f"{host}/closed")
    os.makedirs(f"{host}/other")
    for name in ("file", "dir/one", "dir/sub/two", "dir/sub/deep/three", "closed/inside", "other/four", "target"):
        with open(f"{host}/{name}", "w", encoding="ascii") as file:
            file.write(f"the old {name}\n" * 50)
    with open(f"{host}/big", "wb") as file:
        file.write(bytes(range(256)) * (BIG // 256))
    os.symlink("file", f"{host}/link")
    os.mkfifo(f"{host}/fifo", 0o640)
    os.link(f"{host}/dir/one", f"{host}/dir/sub/also")
    os.chmod(f"{host}/file", 0o640)
    os.setxattr(f"{host}/file", "user.kept", b"kept")
    os.setxattr(f"{host}/dir", "user.kept", b"kept")
    os.chmod(f"{host}/closed", 0o555)
    for directory, _, files in os.walk(host, topdown=False):
        for name in files:
            os.utime(f"{directory}/{name}", ns=(10**18 + 7, 10**18 + 7), follow_symlinks=False)
        os.utime(directory, ns=(10**18 + 9, 10**18 + 9))


COPY_UP = [
    ("open-write", [], ["open-write", "file"]),
    ("append", [], ["append", "file"]),
    ("empty", [], ["empty", "file"]),
    ("truncate", [], ["truncate", "file"]),
    ("chmod", [], ["chmod", "file"]),
    ("fchmod", [], ["fchmod", "file"]),
    ("chown-link", [], ["chown", "link"]),
    ("fchown", [], ["fchown", "file"]),
    ("utimens", [], ["utimens", "file"]),
    ("futimens", [], ["futimens", "file"]),
    ("setxattr", [], ["setxattr", "file"]),
    ("fsetxattr", [], ["fsetxattr", "file"]),
    ("removexattr", [], ["removexattr", "file"]),
    ("chmod-deep", [], ["chmod", "dir/sub/deep/three"]),
    ("append-closed", [], ["append", "closed/inside"]),
    ("append-linked", [], ["append", "dir/one"]),
    ("append-big", [], ["append", "big"]),
    ("truncate-big", [], ["truncate", "big"]),
    ("utimens-link", [], ["utimens", "link"]),
    ("utimens-fifo", [], ["utimens", "fifo"]),
    ("chmod-directory", [], ["chmod", "dir"]),
    ("setxattr-directory", [], ["setxattr", "dir/sub"]),
    ("chmod-again", ["append file"], ["chmod", "file"]),
]

NAMES = [
    ("create", [], ["create", "new"]),
    ("create-deep", [], ["create", "dir/sub/new"]),
    ("create-over-whiteout", ["unlink file"], ["create", "file"]),
    ("mkdir", [], ["mkdir", "new"]),
    ("mkdir-over-whiteout", ["unlink file"], ["mkdir", "file"]),
    ("mkdir-over-removed", ["rmdir empty"], ["mkdir", "empty"]),
    ("unlink", [], ["unlink", "file"]),
    ("unlink-deep", [], ["unlink", "dir/sub/deep/three"]),
    ("unlink-copy", ["append file"], ["unlink", "file"]),
    ("unlink-new", ["create new"], ["unlink", "new"]),
    ("rmdir", [], ["rmdir", "empty"]),
    ("rmdir-merged", ["chmod other", "unlink other/four"], ["rmdir", "other"]),
    ("rmdir-new", ["mkdir new", "create new/x", "unlink new/x"], ["rmdir", "new"]),
    ("rmdir-opaque", ["rmdir empty", "mkdir empty"], ["rmdir", "empty"]),
    ("rename", [], ["rename", "file", "new"]),
    ("rename-over", [], ["rename", "file", "target"]),
    ("rename-over-whiteout", ["unlink target"], ["rename", "file", "target"]),
    ("rename-into", [], ["rename", "file", "dir/sub/new"]),
    ("rename-new-over", ["create new"], ["rename", "new", "target"]),
    ("rename-link", [], ["rename", "link", "new"]),
    ("rename-big", [], ["rename", "big", "new"]),
    ("rename-tree", [], ["rename", "dir", "new"]),
    ("rename-tree-over-empty", [], ["rename", "dir", "empty"]),
    ("rename-tree-over-whiteout", ["rmdir empty"], ["rename", "dir", "empty"]),
    ("rename-tree-over-merged", ["chmod other", "unlink other/four"], ["rename", "dir", "other"]),
    ("rename-tree-merged", ["append dir/one", "unlink dir/sub/two"], ["rename", "dir", "new"]),
    ("rename-back", ["rename dir new"], ["rename", "new", "dir"]),
    ("rename-new-directory", ["mkdir new"], ["rename", "new", "newer"]),
    ("exchange", [], ["exchange", "file", "target"]),
    ("exchange-trees", [], ["exchange", "dir", "other"]),
    ("exchange-mixed", [], ["exchange", "dir", "file"]),
    ("exchange-new", ["mkdir new", "create new/x"], ["exchange", "new", "other"]),
    ("noreplace", [], ["noreplace", "file", "new"]),
    ("noreplace-whiteout", ["unlink target"], ["noreplace", "file", "target"]),
    ("link", [], ["link", "file", "new"]),
    ("link-over-whiteout", ["unlink target"], ["link", "file", "target"]),
    ("symlink", [], ["symlink", "file", "new"]),
    ("symlink-over-whiteout", ["unlink target"], ["symlink", "file", "target"]),
    ("mkfifo", [], ["mkfifo", "new"]),
    ("mkfifo-over-whiteout", ["unlink target"], ["mkfifo", "target"]),
    ("mknod", [], ["mknod", "dir/new"]),
    ("bind", [], ["bind", "new"]),
    ("tmpfile", [], ["tmpfile", ".", "new"]),
    ("list", ["unlink dir/one", "create dir/new"], ["list", "dir"]),
    ("list-opaque", ["rename dir new", "mkdir dir"], ["list", "dir"]),
]

# Everything that a commit can have to do.
CHANGES = ["append file", "append dir/sub/two", "unlink target", "rename dir new", "mkdir empty/in", "create empty/in/x", "utimens link",
           "chmod other", "link big empty/big", "symlink file other/link", "mkfifo other/fifo", "unlink fifo"]
if os.geteuid() == 0:
    # An ordinary user cannot commit these: docs/fidelity.md.
    CHANGES += ["chmod closed", "create closed/new", "unlink closed/inside"]

COMMANDS = [
    ("commit", CHANGES, ["commit", "LAYER", "--force"]),
    ("commit-part", CHANGES, ["commit", "LAYER", "HOST/file", "HOST/new", "HOST/dir", "--force"]),
    ("commit-root", CHANGES, ["commit", "LAYER", "--root", "ROOT"]),
    ("discard-path", CHANGES, ["discard", "LAYER", "HOST/file"]),
    ("discard-deleted", CHANGES, ["discard", "LAYER", "HOST/target"]),
    ("discard-below-opaque", ["rename dir new", "mkdir dir", "create dir/one"], ["discard", "LAYER", "HOST/dir/one"]),
    ("discard-hidden", ["rename dir new", "mkdir dir", "create dir/x"], ["discard", "LAYER", "HOST/dir/sub"]),
    ("discard", CHANGES, ["discard", "LAYER"]),
    ("open-new", None, ["run", "-q", "-l", "LAYER", "--", "true"]),
    ("open-again", CHANGES, ["run", "-q", "-l", "LAYER", "--", "true"]),
    ("diff", CHANGES, ["diff", "LAYER"]),
]

# The quick sample of the test suite.
SAMPLE = ["append-big", "append-closed", "rename-tree-over-empty", "mkdir-over-whiteout"]
