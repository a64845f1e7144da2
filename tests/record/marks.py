#!/usr/bin/env python3
"""marks.py COFFER RECORD DIRECTORY: what a record says between looks for /mark/NAME, for people and for tests.

    [NAME]
    KIND ERROR path -> other path "as it was said" flags

DIRECTORY is @ in paths, ports are PORT; what another process did than the one that set the mark begins with "other".
"""
import json
import os
import re
import sys

import recorded

FLAGS = ("directory", "exchanged", "read_also", "unresolved", "thread_like")


def plain(value, directory):
    text = repr(os.fsdecode(value))[1:-1].replace(directory, "@")
    text = re.sub(r"(?<=[\d\]]):\d{3,}$", ":PORT", text)
    return re.sub(r"^/proc/\d+|pipe:\[\d+|#\d+", lambda found: re.sub(r"\d+", "N", found[0]), text)


def words(line, directory):
    paths = [plain(value, directory) for value in (recorded.bytes_of(line, key) for key in ("path", "address", "path2"))
             if value is not None]
    said = [json.dumps(plain(value, directory))
            for value in (recorded.bytes_of(line, key) for key in ("said", "said2")) if value is not None]
    return " ".join([line["event"], *([line["error"]] if "error" in line else []), " -> ".join(paths), *said,
                     *(flag for flag in FLAGS if line.get(flag))]).rstrip()


def main():
    coffer, record, directory = sys.argv[1:]
    marked = None
    for line in recorded.read([coffer, "report", "--format", "jsonl", record]):
        if line.get("path", "").startswith("/mark/"):
            marked = None if line["path"] == "/mark/end" else line["process"]
            if marked is not None:
                print(f"[{line['path'][6:]}]")
        elif marked is not None and line["event"] not in ("exit", "end"):
            print(("other " if line.get("process") != marked else "") + words(line, directory))


if __name__ == "__main__":
    main()
