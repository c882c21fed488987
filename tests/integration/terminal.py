"""The collector's commands, as somebody types them."""

import fcntl
import os
import pty
import struct
import subprocess
import termios

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


def at_a_terminal(command, columns=80, **environment):
    """(status, what is printed on a terminal of that width)"""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(command, stdout=follower, stdin=subprocess.DEVNULL,
                               env={**os.environ, "TERM": "xterm", **environment})
    os.close(follower)
    text = b""
    while True:
        try:
            text += os.read(leader, 65536)
        except OSError:  # the other end has gone
            break
    os.close(leader)
    return process.wait(timeout=PATIENCE), text.decode().replace("\r\n", "\n")
