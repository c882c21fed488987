"""An agent that is killed, whatever it does: nothing that it has is lost, nothing is twice, and it goes on as it was.

A preloaded library (killed_at.c) kills it before each call by which it changes something outside of itself: a file, a
connection, what is sent. The collector is the real one; what goes to it passes a proxy that keeps a record. Runs in a
network namespace of its own (root), where 192.0.2.9 can be probed and is not there.

MTAWATCH_BUILD names the build folder (default: build/sanitize).
"""

import contextlib
import http.client
import http.server
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

import identity  # noqa: E402
from agent_rig import AGENT, BUILD, network_of_its_own, running  # noqa: E402
from lab.exchange_disk import ExchangeDisk  # noqa: E402
from simulator.collector import Collector  # noqa: E402
from waiting import until  # noqa: E402

PEER = "EXCH9=192.0.2.9"


@pytest.fixture(scope="module", autouse=True)
def namespace():
    with network_of_its_own("link set lo up", "link add v0 type veth peer name v1", "addr add 192.0.2.1/24 dev v0",
                            "link set v0 up", "link set v1 up", "route add unreachable 192.0.2.9/32"):
        yield


class Recorder:
    """Hands on to the collector what comes, and keeps what it was and how it was answered. While `holds` is set an
    answer goes no further."""

    def __init__(self, collector):
        self.reports = []  # (status, report)
        self.holds = threading.Event()
        self.held = threading.Event()
        self.goes_on = threading.Event()
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                connection = http.client.HTTPConnection("127.0.0.1", collector.port, timeout=60)
                connection.request("POST", self.path, body, dict(self.headers))
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                if self.path == "/v1/reports":
                    recorder.reports.append((answer.status, json.loads(body)))
                    if recorder.holds.is_set():
                        recorder.held.set()
                        recorder.goes_on.wait(60)
                with contextlib.suppress(OSError):
                    self.send_response(answer.status)
                    self.send_header("Content-Type", answer.headers["Content-Type"])
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # who asked was killed

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self):
        self.goes_on.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "collector") as running_one:
        yield running_one


@pytest.fixture
def recorder(collector):
    with contextlib.closing(Recorder(collector)) as proxy:
        yield proxy


class Machine:
    """A server whose MTA does not start, and its agent."""

    def __init__(self, folder, name, collector, recorder):
        self.name = name
        self.state, self.log = folder / f"{name}.state", folder / f"{name}.log"
        self.named = ["unshare", "--uts", "sh", "-c", f'hostname {name} && exec "$@"', "sh"]
        self.recorder = recorder
        self.secret = identity.hand_out(collector.secret, folder / f"{name}.secret")
        disk = ExchangeDisk(folder / name, name)
        disk.failed_to_start()
        disk.service("stopped")
        self.arguments = ["--collector", recorder.url, "--windows-root", folder / name, "--peer", PEER,
                          "--probe-limit", "1", "--enroll-secret-file", self.secret]

    def _run(self, *within):
        return subprocess.run([*self.named, *within, AGENT, "run", "--once", "--state-dir", self.state, *self.arguments],
                              capture_output=True, text=True, timeout=60)

    def once(self):
        """A cycle that nothing disturbs."""
        done = self._run()
        assert done.returncode == 0, done.stderr

    def killed_at(self, number):
        """One that is killed at the step of that number, 0: at none. All steps; the last one was only to begin."""
        self.log.unlink(missing_ok=True)
        done = self._run("env", f"LD_PRELOAD={BUILD / 'tests/integration/libkilled_at.so'}", f"KILLED_AT={number}",
                         f"KILLED_LOG={self.log}",
                         f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0")
        assert done.returncode == (-signal.SIGKILL if number else 0), done.stderr
        text = self.log.read_text().replace(f"{self.state}/", "").replace(f"{self.secret}", "secret")
        return text.replace(self.recorder.url.rpartition(":")[2], "collector").splitlines()

    def spooled(self):
        return {number_of(json.loads(file.read_text().split("\n", 1)[1])) for file in (self.state / "spool").glob("*.report")}


def number_of(report):
    return report["agent"]["epoch"], report["sequence"]


def stored(collector):
    """{(epoch, sequence): how often}, once the collector has ended."""
    collector.stop()
    with contextlib.closing(sqlite3.connect(collector.folder / "data/mtawatch.db")) as database:
        return {(epoch, sequence): count for epoch, sequence, count in database.execute(
            "SELECT stream.epoch, report.sequence, count(*) FROM report JOIN stream ON stream.id = report.stream_id"
            " GROUP BY 1, 2")}


def expect_nothing_lost_and_nothing_twice(collector, recorder, kept):
    """Every report that was on a disk, or acknowledged, is there once, and never went out as another one."""
    assert {status for status, _ in recorder.reports} == {200}
    bodies = {}
    for _, report in recorder.reports:
        assert bodies.setdefault((report["agent"]["id"], *number_of(report)), report) == report
    there = stored(collector)
    taken = {number_of(report) for _, report in recorder.reports}
    assert kept <= taken and taken == set(there) and set(there.values()) == {1}


def incidents(collector):
    alerts = json.loads(collector.get("/v1/alerts?limit=1000")[2])["alerts"]
    return [(alert["server"], alert["condition"], alert["state"]) for alert in alerts]


PHASES = ["connect 135", "rename history", "rename sequence", "rename spool/", "connect collector", "send ", "recv ",
          "unlink spool/", "rename answer.json"]
PHASES_OF_ENROLMENT = ["rename key", "send ", "recv ", "rename key", "unlink secret", "send ", "recv ", "unlink spool/",
                       "rename identity"]


def expect_phases(steps, wanted):
    """These are among them, in that order."""
    left = iter(steps)
    assert all(any(step.startswith(phase) for step in left) for phase in wanted), steps


def test_an_agent_that_is_killed_in_any_phase_of_its_cycle_goes_on_as_it_was(tmp_path, collector, recorder):
    machine = Machine(tmp_path, "EXCH1", collector, recorder)
    machine.once()
    steps, kept = machine.killed_at(0), set()
    epoch = recorder.reports[-1][1]["agent"]["epoch"]
    expect_phases(steps, PHASES)
    for number in range(1, len(steps) + 1):
        phase = machine.killed_at(number)[-1]
        kept |= machine.spooled()
        machine.once()
        assert machine.spooled() == set(), phase
        assert recorder.reports[-1][1]["agent"]["epoch"] == epoch, phase
        assert collector.servers()["EXCH1"]["verdict"] == "failing", phase
    assert incidents(collector) == [("EXCH1", "failing", "firing")]
    expect_nothing_lost_and_nothing_twice(collector, recorder, kept)


def test_an_agent_that_is_killed_in_any_phase_of_its_enrolment_is_locked_out_by_none(tmp_path, collector, recorder):
    """It needs no other secret: that is gone only when the key that it gave stands on the disk with its id."""
    steps, kept = Machine(tmp_path, "EXCH0", collector, recorder).killed_at(0), set()
    begins = steps.index("rename key") + 1
    expect_phases(steps[begins - 1:], PHASES_OF_ENROLMENT)
    for number in range(begins, len(steps) + 1):
        machine = Machine(tmp_path, f"EXCH{number}", collector, recorder)
        phase = machine.killed_at(number)[-1]
        kept |= machine.spooled()
        machine.once()
        assert machine.spooled() == set(), phase
        assert not machine.secret.exists() or collector.secret not in machine.secret.read_text(), phase
    names = [agent["host"] for agent in json.loads(collector.get("/v1/agents?limit=1000")[2])["agents"]]
    assert len(names) == len(set(names)) == len(steps) - begins + 2
    expect_nothing_lost_and_nothing_twice(collector, recorder, kept)


@pytest.mark.parametrize("what", ["probing", "sending"])
def test_a_running_agent_that_is_killed_while_others_do_not_answer_goes_on_as_it_was(tmp_path, collector, recorder, what):
    """By a peer that swallows what is sent, or when the collector has the report and its answer is on its way."""
    machine = Machine(tmp_path, "EXCH1", collector, recorder)
    machine.once()
    swallowed = ["--peer", "EXCH8=192.0.2.8", "--probe-limit", "60"] if what == "probing" else []
    if what == "sending":
        recorder.holds.set()
    with running(machine.state, *map(str, machine.arguments), *swallowed, within=machine.named) as agent:
        if what == "sending":
            assert recorder.held.wait(60)
        else:
            until(lambda: b":0087" in Path(f"/proc/{agent.process.pid}/net/tcp").read_bytes())
        kept = machine.spooled()
        agent.process.kill()
        agent.process.wait()
    assert len(kept) == (what == "sending")
    recorder.holds.clear()
    recorder.goes_on.set()
    machine.once()
    assert machine.spooled() == set() and incidents(collector) == [("EXCH1", "failing", "firing")]
    expect_nothing_lost_and_nothing_twice(collector, recorder, kept)
