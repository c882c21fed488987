#!/usr/bin/python3
"""A PostgreSQL of the tests' own: in a temporary directory, over a unix socket only, never a service.

    tests/postgres.py COMMAND...    runs COMMAND with MTAWATCH_TEST_STORE, the address of an empty database

Where PostgreSQL is not installed COMMAND runs without that, and this says so.
"""

import contextlib
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
DROP_S = 60
PR_SET_PDEATHSIG = 1  # linux/prctl.h

# A commit of ours says for itself that it is to be waited for; fsync has to be on, or the store is refused.
FAST = {"synchronous_commit": "off"}
MEMORY = Path("/dev/shm")  # where fsync costs nothing, if there is room
ROOM = 2 << 30

# In its own folder, which goes with it: what a killed server has in /dev/shm stays there.
SHARED_MEMORY = {"dynamic_shared_memory_type": "mmap"}
STANDBY = "standby"  # whichever of a pair is that has this name


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


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _stop_with_parent():
    """Whoever started the server may be killed; it must not stay behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


class Postgres:
    """A server; as a context it is stopped and its files are removed at the end. With `copy_of` it is its standby."""

    def __init__(self, durable=False, copy_of=None, initdb=(), folder=None, **settings):
        self.bin = programs()
        self._as = _user()
        self.directory = Path(tempfile.mkdtemp(prefix="mtawatch-pg.", dir=folder or _folder()))
        self.data = self.directory / "data"
        self.settings = {} if durable else dict(FAST)
        self.settings.update(settings)
        self.environment = {}
        self.process = None
        if self._as:
            os.chown(self.directory, self._as.pw_uid, self._as.pw_gid)
        try:
            if copy_of:
                self.copy(copy_of)
                self.start()
            else:
                self._run("initdb", "--pgdata", self.data, "--auth", "trust", "--username", "mtawatch",
                          "--encoding", "UTF8", "--locale", "C", "--no-sync", *initdb)
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
        options = {"listen_addresses": "", "unix_socket_directories": self.directory, **SHARED_MEMORY,
                   **self.settings}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen([self.bin / "postgres", "-D", self.data, *words], cwd=self.directory,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**os.environ, **self.environment}, preexec_fn=_stop_with_parent,
                                            **self._credentials())
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

    def drop_store(self, database="mtawatch"):
        """Also from under collectors that use it: the database ends one of two that wait for each other."""
        deadline = time.monotonic() + DROP_S
        while True:
            try:
                return self.execute("DROP SCHEMA mtawatch CASCADE", database)
            except RuntimeError as error:
                if "deadlock detected" not in str(error) or time.monotonic() > deadline:
                    raise

    @contextlib.contextmanager
    def holding(self, sql, database="mtawatch"):
        """A transaction that has done this and is not over."""
        psql = [self.bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname",
                self.address(database)]
        with subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=self.directory,
                              **self._credentials()) as session:
            session.stdin.write(f"BEGIN; {sql}; SELECT 'held';\n")
            session.stdin.flush()
            if session.stdout.readline() != "held\n":
                raise RuntimeError(f"could not hold {sql}: {self.log()}")
            yield
            session.stdin.write("COMMIT;\n")

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT is PostgreSQL's immediate shutdown, SIGINT its fast one."""
        if not self.process or self.process.poll() is not None:
            self.process = None
        elif how == signal.SIGKILL:
            self.kill()
        else:
            self.process.send_signal(how)
            self.process.wait()
            self.process = None

    def _children(self):
        return [int(pid) for pid in
                Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()]

    def pids(self):
        """The server's and all its processes'."""
        return [self.process.pid, *self._children()]

    def signal_all(self, number):
        """To the server and all its processes: SIGSTOP, SIGCONT."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self):
        """As its machine's death would: all of it at once. What stays behind keeps it from being started again."""
        children = self._children()
        self.signal_all(signal.SIGKILL)
        self.process.wait()
        self.process = None
        deadline = time.monotonic() + START_S
        while any(map(_runs, children)):
            if time.monotonic() > deadline:
                raise RuntimeError("the database's processes do not die")
            time.sleep(0.01)

    def copy(self, primary):
        """Becomes its standby, from nothing. It has to be started."""
        shutil.rmtree(self.data, ignore_errors=True)
        self._run("pg_basebackup", "--pgdata", self.data, "--host", primary.directory, "--username", "mtawatch",
                  "--checkpoint", "fast", "--no-sync")
        self._follow(primary)

    def rewind(self, primary):
        """Becomes its standby, from what it had as a primary. It has to be started."""
        primary.execute("CHECKPOINT", "postgres")  # else pg_rewind takes it for what it was before its promotion
        self._run("pg_rewind", "--target-pgdata", self.data, "--no-sync", "--source-server",
                  f"host={primary.directory} user=mtawatch dbname=postgres")
        self._follow(primary)

    def _follow(self, primary):
        """Whoever copies under the name of the standby is waited for as one."""
        (self.data / "standby.signal").touch()
        self.own(self.data / "standby.signal")
        self.settings["primary_conninfo"] = f"host={primary.directory} user=mtawatch application_name={STANDBY}"

    def promote(self):
        if self.execute("SELECT pg_promote()", "postgres") != "t":
            raise RuntimeError(f"the standby could not be promoted: {self.log()}")

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


class Pair:
    """A primary and its synchronous standby; they take turns. A commit waits for the other, always."""

    def __init__(self, synchronous=True):
        settings = {"wal_retrieve_retry_interval": "100ms", "shared_buffers": "32MB"}
        self.primary = Postgres(durable=True, initdb=["--data-checksums"], **settings)  # pg_rewind insists on them
        try:
            self.primary.execute("ALTER SYSTEM SET wal_keep_size = '1GB'", "postgres")
            if synchronous:
                self.primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'", "postgres")
            self.standby = Postgres(durable=True, copy_of=self.primary, **settings)
        except BaseException:
            self.primary.remove()
            raise
        self.primary.execute("SELECT pg_reload_conf()", "postgres")

    @property
    def servers(self):
        """Always in one order."""
        return sorted((self.primary, self.standby), key=lambda server: str(server.directory))

    def fail_over(self):
        """The primary is gone; its standby takes its place."""
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in (self.primary, self.standby):
            server.remove()


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
