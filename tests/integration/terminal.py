"""The collector's commands, as somebody types them."""

import os
import subprocess

from running import PATIENCE, PROGRAM


def run(*arguments, **environment):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=6 * PATIENCE, env={**os.environ, **environment})


def succeeds(*arguments):
    """What it prints; it says nothing else."""
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout + ended.stderr
    return ended.stdout


def fails(*arguments, status=1):
    """Why, in its words."""
    ended = run(*arguments)
    assert ended.returncode == status, ended.stdout + ended.stderr
    return ended.stderr
