"""scripts/run --cluster: what it starts, what it says of how to kill a part, and that it ends all of it."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import urllib.request
from pathlib import Path

import pytest
from fronts import program
from ports import free_ports
from postgres import programs
from running import PATIENCE, PROGRAM, ROOT
from waiting import until

pytestmark = [
    pytest.mark.skipif(not programs(), reason="there is no PostgreSQL (Debian: postgresql)"),
    pytest.mark.skipif(not program("haproxy"), reason="MTAWATCH_HAPROXY names no haproxy"),
]

PORTS = 6  # that it takes, one after another


class Cluster:
    def __init__(self, state, port):
        self.state = state
        self.url = f"http://127.0.0.1:{port}"
        self.printed = state / "printed"
        environment = {**os.environ, "MTAWATCH_BUILD": str(PROGRAM.parents[1]), "XDG_STATE_HOME": str(state),
                       "TMPDIR": str(state)}
        with open(self.printed, "w") as printed:
            self.process = subprocess.Popen([ROOT / "scripts/run", "--cluster", "--port", str(port)], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT)

    def says(self):
        assert self.process.poll() is None, self.printed.read_text()
        return self.printed.read_text()

    def page_answers(self):
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                return "<title>" in answer.read().decode()
        return False

    def judges(self):
        """(name, process id) of each collector that was said to judge, in turn."""
        return [(name, int(pid)) for name, pid in re.findall(r"(collector\d) \((\d+)\) judges", self.says())]

    def is_ready(self):
        return "Ctrl-C, and scripts/run" in self.says() and self.judges() and self.page_answers()

    def end(self):
        self.process.terminate()  # SIGINT may be ignored where the tests run in the background
        return self.process.wait(PATIENCE)

    def processes(self):
        """Every process that has the state directory in its command or its environment."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if str(self.state).encode() in (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found


@pytest.fixture
def folder():
    """Where another user, the databases', gets to its own."""
    with tempfile.TemporaryDirectory(prefix="mtawatch-run.") as name:
        os.chmod(name, 0o711)
        yield Path(name)


def test_another_collector_judges_after_the_first_is_killed_as_it_was_printed(folder):
    cluster = Cluster(folder, free_ports(PORTS))
    try:
        until(cluster.is_ready, cluster.says)
        name, pid = cluster.judges()[-1]
        assert f"kill -9 {pid}   # {name}\n" in cluster.says()
        os.kill(pid, signal.SIGKILL)
        until(lambda: f"{name} ({pid}) has ended" in cluster.says(), cluster.says)
        until(lambda: cluster.judges()[-1][0] != name and cluster.page_answers(), cluster.says)
        assert len(cluster.processes()) > 6, cluster.processes()
    finally:
        status = cluster.end()
    assert status == 0, cluster.printed.read_text()
    assert "did not end within" not in cluster.printed.read_text()
    assert cluster.processes() == []
    assert not list(folder.glob("mtawatch-cluster.*"))
