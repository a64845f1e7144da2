"""The programs written in C that the bench uses, and coffer itself."""
import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def find_coffer():
    for path in (os.environ.get("COFFER"), os.path.join(ROOT, "build", "coffer")):
        if path and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return None


def build_directory(coffer):
    """Where this coffer was built, or None: an installed one has none."""
    directory = os.path.dirname(os.path.realpath(coffer))
    return directory if os.path.exists(os.path.join(directory, "CMakeCache.txt")) else None


def build_type(coffer):
    """CMAKE_BUILD_TYPE of this coffer, "" where it is not known."""
    directory = build_directory(coffer)
    if directory is None:
        return ""
    with open(os.path.join(directory, "CMakeCache.txt"), encoding="utf-8") as cache:
        return next((line.split("=", 1)[1].strip() for line in cache if line.startswith("CMAKE_BUILD_TYPE:")), "")


def built_programs(coffer):
    """The directory of the programs beside this coffer, or None where they are not built."""
    beside = os.path.join(os.path.dirname(os.path.realpath(coffer)), "bench")
    there = all(os.access(os.path.join(beside, name), os.X_OK) for name in ("bare", "calls", "own_calls"))
    return beside if there else None


def build_programs(coffer, scratch):
    """The directory of the programs: built, or made current, beside this coffer; else in scratch/programs."""
    directory = build_directory(coffer)
    if directory is None or not os.access(directory, os.W_OK):
        there = built_programs(coffer)
        if there:
            return there
        directory = os.path.join(scratch, "programs")
        _run(["cmake", "-S", ROOT, "-B", directory, "-DCMAKE_BUILD_TYPE=Release", "-DCOFFER_TESTS=OFF"])
    _run(["cmake", "--build", directory, "--target", "bench_programs"])
    return os.path.join(directory, "bench")


def _run(words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench: {' '.join(words)}:\n{done.stdout}")
