"""An agent's life at the real collector over HTTPS, with the certificates that its `init` makes: the
cases, for the Linux build (test_agent_https.py) and the Windows build (test_windows_agent_https.py),
which bring the fixture `agent`. Everything stays on loopback.

`agent(COMMAND, ARGUMENT...)` runs a command of the agent with a state directory of its own, `agent.state`,
and gives (exit status, output, messages); `agent.path()` is a file as the agent names it.
"""

import contextlib
import json
import re
import signal
import ssl
import subprocess

import pytest

from running import PROGRAM, Collector, set_up
from waiting import until


class Https:
    """A collector set up as docs/install.md says. `pin` is the one that `init` prints."""

    def __init__(self, folder):
        folder.mkdir()
        self.data = folder / "data"
        self.running = None

    def init(self):
        done = subprocess.run([PROGRAM, "init", "--data", self.data, "--host", "localhost", "--host",
                               "127.0.0.1"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.pin, = re.findall(r"--pin (\S+)", done.stdout)

    @contextlib.contextmanager
    def serve(self):
        set_up(PROGRAM, self.data)
        self.init()
        context = ssl.create_default_context(cafile=self.data / "ca.crt")
        with Collector(self.data, "--cert", self.data / "server.crt", "--key",
                       self.data / "server.key", tls=context) as self.running:
            yield self

    @property
    def url(self):
        return f"https://localhost:{self.running.port}"

    def serial(self):
        with contextlib.closing(self.running.dial()) as peer:
            return peer.getpeercert()["serialNumber"]

    def renew(self, *files):
        """Makes these files anew and uses them, with SIGHUP as docs/install.md says."""
        before = self.serial()
        for name in files:
            (self.data / name).unlink()
        self.init()
        self.running.process.send_signal(signal.SIGHUP)
        until(lambda: self.serial() != before)

    def secret(self, folder):
        """A file for one agent to enrol with."""
        file = folder / "secret.txt"
        file.write_text(self.running.secret + "\n")
        return file

    def agents(self):
        return self.running.get("/v1/agents")["agents"]


@pytest.fixture
def collector(tmp_path):
    with Https(tmp_path / "collector").serve() as collector:
        yield collector


def trust(agent, collector):
    return ["--ca-file", agent.path(collector.data / "ca.crt")]


def once(agent, collector, *how):
    status, _, said = agent("run", "--once", "--probe-limit", "1", "--collector", collector.url, *how)
    return status, said


def expect_sent(agent, collector, *how):
    status, said = once(agent, collector, *how)
    assert status == 0 and "error" not in said and "warning" not in said, said


def credentials(agent):
    _, key, number, host = (agent.state / "key").read_text().split()
    return key, number, host


def test_it_enrols_reports_hears_its_verdict_and_gives_its_name_back(agent, collector, tmp_path):
    trusting = trust(agent, collector)
    secret = collector.secret(tmp_path)
    status, said = once(agent, collector, *trusting, "--enroll-secret-file", agent.path(secret))
    assert status == 0 and "enrolled this server as agent" in said, said
    assert not secret.exists()
    key, number, host = credentials(agent)
    assert number in json.dumps(collector.agents())
    assert key not in said and collector.running.secret not in said
    (server,) = collector.running.get("/v1/servers")["servers"]
    assert server["server"].lower() == host.lower()
    answer = json.loads((agent.state / "answer.json").read_text())
    assert answer["verdict"] == server["verdict"] == "not_applicable"  # no Exchange here
    expect_sent(agent, collector, *trusting)
    _, text, _ = agent("doctor", "--json", "--collector", collector.url, *trusting)
    steps = {step["step"]: step["result"] for step in json.loads(text)["steps"]}
    assert [steps[step] for step in ("name", "port", "tls", "collector", "clock", "key")] == ["ok"] * 6

    status, text, said = agent("forget", "--collector", collector.url, *trusting)
    assert (status, said) == (0, ""), said
    assert "this server's name is free" in text and not agent.state.exists()
    assert number not in json.dumps(collector.agents())
    secret = collector.secret(tmp_path)  # the name is free: another key may have it
    expect_sent(agent, collector, *trusting, "--enroll-secret-file", agent.path(secret))
    assert credentials(agent)[0] != key


def test_one_that_an_operator_releases_says_so_until_it_has_a_secret(agent, collector, tmp_path):
    trusting = trust(agent, collector)
    how = [*trusting, "--enroll-secret-file", agent.path(collector.secret(tmp_path))]
    expect_sent(agent, collector, *how)
    number = credentials(agent)[1]
    assert collector.running.ask(f"/v1/agents/{number}", "DELETE")[0] == 204
    status, said = once(agent, collector, *how)
    assert status == 2 and "an operator has released or revoked this agent" in said
    collector.secret(tmp_path)
    status, said = once(agent, collector, *how)
    assert status == 0 and f"does not know agent {number} any more: it enrols again" in said
    assert credentials(agent)[1] != number


def test_a_renewed_certificate_keeps_the_pin_and_a_new_key_needs_the_second_one(agent, collector,
                                                                                tmp_path):
    first = collector.pin
    how = ["--enroll-secret-file", agent.path(collector.secret(tmp_path))]
    expect_sent(agent, collector, "--pin", first, *how)
    collector.renew("server.crt")  # the same key
    assert collector.pin == first
    expect_sent(agent, collector, "--pin", first)
    expect_sent(agent, collector, *trust(agent, collector))
    collector.renew("server.crt", "server.key")
    assert collector.pin != first
    status, said = once(agent, collector, "--pin", first)
    assert status == 2 and f"public key is {collector.pin}, but {first} is expected" in said
    expect_sent(agent, collector, "--pin", f"{first},{collector.pin}")
    expect_sent(agent, collector, *trust(agent, collector))  # the authority is the same
