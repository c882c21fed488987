"""Programs of the Windows build, run under Wine on one Windows machine (a prefix).

MTAWATCH_WINDOWS_BUILD names the build folder (default: build/windows).
"""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MTAWATCH_WINDOWS_BUILD", ROOT / "build/windows"))
AGENT = BUILD / "agent/mtawatch-agent.exe"
PROGRAMS = BUILD / "tests/windows_programs"


def on_windows(path):
    return f"Z:{path}".replace("/", "\\")


class Wine:
    """One machine; its prefix lies in `folder`."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.command = [ROOT / "scripts/wine", "--prefix", self.folder / "prefix"]

    def run(self, program, *arguments):
        """Exit status, output and errors of a program. They go through files, for Wine's own
        services hold a pipe open for some seconds."""
        output, errors = self.folder / "output", self.folder / "errors"
        with output.open("wb") as out, errors.open("wb") as err:
            done = subprocess.run([*self.command, "--", program, *arguments],
                                  stdin=subprocess.DEVNULL, stdout=out, stderr=err, timeout=180)
        return done.returncode, output.read_text("utf-8"), errors.read_text("utf-8")

    def close(self):
        subprocess.run([*self.command, "--kill"], timeout=60)
