"""The programs of 0.1.0, to try an upgrade with: built once from this repository's history, kept in the cache."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from running import ROOT

VERSION = "0.1.0"
# The last commit before the tree got a folder for every subsystem: agent, collector, dashboard and hooks were whole.
COMMIT = "823d751fd7761c1b7a7e67903f6a64ae386bde06"
PROGRAMS = ("collector/mtawatch-collector", "agent/mtawatch-agent")


def cache():
    """As scripts/lib.sh has it."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("MTAWATCH_CACHE") or Path(home) / "mtawatch")


def git(*words):
    return ["git", "-C", ROOT, "-c", "safe.directory=*", *words]


def is_in_history():
    return subprocess.run(git("cat-file", "-e", f"{COMMIT}^{{commit}}"), capture_output=True).returncode == 0


def build(folder):
    """Without optimization, which would take most of the time."""
    with tempfile.TemporaryDirectory(prefix="mtawatch-old-") as source:
        with subprocess.Popen(git("archive", COMMIT), stdout=subprocess.PIPE) as archive:
            subprocess.run(["tar", "-x", "-C", source], stdin=archive.stdout, check=True)
        for words in (["-G", "Ninja", "-B", "build", "-DCMAKE_BUILD_TYPE=Debug"],
                      ["--build", "build", "--target", *(Path(name).name for name in PROGRAMS)]):
            made = subprocess.run(["cmake", *words], cwd=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            assert made.returncode == 0, f"could not build {VERSION} (commit {COMMIT}):\n{made.stdout[-4000:]}"
        new = Path(tempfile.mkdtemp(dir=folder.parent))
        for name in PROGRAMS:
            shutil.copy2(Path(source) / "build" / name, new)
        new.rename(folder)


def programs():
    """The folder with both; None: this clone's history does not reach back that far."""
    folder = cache() / f"mtawatch-{VERSION}-{COMMIT[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            if not is_in_history():
                return None
            build(folder)
    return folder
