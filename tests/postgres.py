#!/usr/bin/python3
"""A PostgreSQL of the tests' own: in a temporary directory, over a unix socket only, never a service.

    tests/postgres.py COMMAND...    runs COMMAND with MTAWATCH_TEST_STORE, the address of an empty database

Where PostgreSQL is not installed COMMAND runs without that, and this says so.
"""

import ctypes
import os
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

VARIABLE = "MTAWATCH_TEST_STORE"
START_S = 60
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# A commit of ours says for itself that it is to be waited for; fsync has to be on, or the store is refused.
FAST = {"synchronous_commit": "off"}
MEMORY = Path("/dev/shm")  # where fsync costs nothing, if there is room
ROOM = 2 << 30


def _folder():
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


def programs():
    """The folder of the newest server programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


def _user():
    """Whom the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is neither a user 'postgres' nor 'nobody' for the database to run as")


def _stop_with_parent():
    """Whoever started the server may be killed; it must not stay behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


class Postgres:
    """A server; as a context it is stopped and its files are removed at the end."""

    def __init__(self, durable=False, **settings):
        self.bin = programs()
        self._as = _user()
        self.directory = Path(tempfile.mkdtemp(prefix="mtawatch-pg.", dir=_folder()))
        self.data = self.directory / "data"
        self.settings = {} if durable else dict(FAST)
        self.settings.update(settings)
        self.process = None
        if self._as:
            os.chown(self.directory, self._as.pw_uid, self._as.pw_gid)
        try:
            self._run("initdb", "--pgdata", self.data, "--auth", "trust", "--username", "mtawatch",
                      "--encoding", "UTF8", "--locale", "C", "--no-sync")
            self.start()
            self.execute("CREATE DATABASE mtawatch", "postgres")
        except BaseException:
            self.remove()
            raise

    def own(self, path):
        """Makes a file the server's own, and nobody else's."""
        os.chmod(path, 0o600)
        if self._as:
            os.chown(path, self._as.pw_uid, self._as.pw_gid)

    def _credentials(self):
        return {"user": self._as.pw_uid, "group": self._as.pw_gid, "extra_groups": []} if self._as else {}

    def _run(self, program, *arguments):
        done = subprocess.run([self.bin / program, *map(str, arguments)], cwd=self.directory, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              **self._credentials())
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout}{self.log()}")
        return done.stdout

    def log(self):
        path = self.directory / "log"
        return path.read_text() if path.exists() else ""

    def start(self):
        options = {"listen_addresses": "", "unix_socket_directories": self.directory, **self.settings}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([self.bin / "postgres", "-D", self.data, *words], cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            preexec_fn=_stop_with_parent, **self._credentials())
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the database did not start: {self.log()}")
            time.sleep(0.02)

    def _answers(self):
        asked = subprocess.run([self.bin / "pg_isready", "--quiet", "--host", self.directory])
        return asked.returncode == 0

    @property
    def url(self):
        return self.address("mtawatch")

    def address(self, database):
        return f"postgresql:///{database}?host={self.directory}&user=mtawatch"

    def make_database(self):
        """The address of an empty one."""
        name = f"d{random.getrandbits(40)}"
        self.execute(f"CREATE DATABASE {name}", "postgres")
        return self.address(name)

    def execute(self, sql, database="mtawatch"):
        """What psql prints of it: a line a row, its columns parted by '|'."""
        return self._run("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set",
                         "ON_ERROR_STOP=1", "--dbname", self.address(database), "--command", sql).strip()

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT is PostgreSQL's immediate shutdown, SIGINT its fast one."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()
        self.process = None

    def signal_all(self, number):
        """To the server and all its processes: SIGSTOP, SIGCONT."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in (self.process.pid, *map(int, children)):
            os.kill(pid, number)

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def main(command):
    if not programs():
        print("POSTGRESQL IS NOT TESTED: there are no server programs below /usr/lib/postgresql "
              "(Debian: postgresql)", file=sys.stderr, flush=True)
        return subprocess.run(command).returncode
    with Postgres() as server:
        return subprocess.run(command, env={**os.environ, VARIABLE: server.url}).returncode


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server is stopped
    sys.exit(main(sys.argv[1:]))
