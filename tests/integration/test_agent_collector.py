"""The agent with the real collector: it enrols, reports, is released and enrols again; over HTTPS with
a pin. Everything stays on loopback.

MTAWATCH_BUILD names the build folder (default: build/sanitize).
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

import identity  # noqa: E402
from agent_rig import AGENT  # noqa: E402
from simulator.collector import Collector  # noqa: E402


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "collector") as running:
        yield running


class Machine:
    def __init__(self, folder, collector):
        self.state = folder / "state"
        self.secret = folder / "secret.txt"
        self.collector = collector

    def give_secret(self, text):
        self.secret.write_text(text + "\n")

    def call(self, command, *more):
        return subprocess.run([AGENT, command, "--collector", self.collector.url, "--state-dir",
                               self.state, "--probe-limit", "1", "--enroll-secret-file", self.secret,
                               *more], capture_output=True, text=True, timeout=60)

    def forget(self, *more):
        return subprocess.run([AGENT, "forget", "--collector", self.collector.url, "--state-dir",
                               self.state, *more], capture_output=True, text=True, timeout=60)

    def once(self, ok=0):
        done = self.call("run", "--once")
        assert done.returncode == ok, done.stderr
        return done.stderr

    def credentials(self):
        _, key, agent, host = (self.state / "key").read_text().split()
        return key, agent, host


@pytest.fixture
def machine(tmp_path, collector):
    machine = Machine(tmp_path, collector)
    machine.give_secret(collector.secret)
    return machine


def release(collector, agent, headers=None):
    request = urllib.request.Request(f"{collector.url}/v1/agents/{agent}", method="DELETE",
                                     headers=headers or identity.bearer(collector.token))
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status


def test_it_enrols_reports_is_released_and_enrols_again(machine, collector):
    assert "enrolled this server as agent" in machine.once()
    key, first, host = machine.credentials()
    assert not machine.secret.exists()
    assert host.upper() in {name.upper() for name in collector.servers()}
    machine.once()
    assert machine.credentials() == (key, first, host)

    assert release(collector, first) == 204
    assert "an operator has released or revoked this agent" in machine.once(2)
    machine.give_secret(collector.secret)
    machine.once()
    again, second, _ = machine.credentials()
    assert second != first and again == key
    assert list((machine.state / "spool").iterdir()) == []


def test_its_doctor_says_whether_the_key_is_accepted(machine, collector):
    def key_step():
        return json.loads(machine.call("doctor", "--json").stdout)["steps"][-1]
    before = key_step()
    assert (before["step"], before["result"]) == ("key", "ok")
    assert "the agent enrols with its next report" in before["text"]
    secret = machine.secret.read_text()
    machine.give_secret("mtw_e" + "0" * 64)
    assert key_step()["result"] == "fail" and "does not know the enrolment secret" in key_step()["text"]
    machine.secret.write_text(secret)
    machine.once()
    assert (key_step()["result"], collector.secret in key_step()["text"]) == ("ok", False)
    release(collector, machine.credentials()[1])
    assert (key_step()["result"], "HTTP status 401" in key_step()["text"]) == ("fail", True)


# What Notepad writes, as "UTF-8", "Unicode" and "Unicode big endian"; the first is a case from the field.
NOTEPAD = {"utf-8": b"\xef\xbb\xbfSECRET\r\n", "unicode": "\ufeffSECRET\r\n".encode("utf-16-le"),
           "big endian": "\ufeffSECRET".encode("utf-16-be")}
FIELD = Path(os.environ.get("MTAWATCH_TESTDATA", ROOT / "../shared/testdata")) / "field/22-secret-bom/enroll-secret"


@pytest.mark.parametrize("form", NOTEPAD)
def test_it_enrols_with_a_secret_that_notepad_saved(machine, collector, form):
    written = NOTEPAD[form]
    if form == "utf-8" and FIELD.exists():
        written = FIELD.read_bytes()
    code = {"unicode": "utf-16-le", "big endian": "utf-16-be"}.get(form, "utf-8")
    assert "SECRET".encode(code) in written
    machine.secret.write_bytes(written.replace("SECRET".encode(code), collector.secret.encode(code)))
    assert "enrolled this server as agent" in machine.once()
    assert machine.credentials()[2].upper() in {name.upper() for name in collector.servers()}
    assert not machine.secret.exists(), "it is used"


def test_a_secret_that_is_none_is_told(machine):
    machine.give_secret("mtw_e" + "0" * 64)
    assert "does not know the enrolment secret in" in machine.once(2)
    assert machine.secret.exists()


def test_a_name_that_another_key_holds_waits_for_an_operator(machine, collector):
    machine.once()
    agent = machine.credentials()[1]
    (machine.state / "key").unlink()
    machine.give_secret(collector.secret)
    assert "an operator has to release the name" in machine.once(2)
    release(collector, agent)
    machine.once()
    assert machine.credentials()[1] != agent


def test_one_that_forgets_itself_gives_its_name_back_and_leaves_nothing(machine, collector):
    machine.once()
    _, agent, _ = machine.credentials()
    done = machine.forget()
    assert (done.returncode, done.stderr) == (0, "")
    assert f"collector {collector.url}: this server's name is free" in done.stdout
    assert not machine.state.exists()
    machine.give_secret(collector.secret)
    machine.once()  # the name was free
    assert machine.credentials()[1] != agent


def test_one_that_forgets_itself_without_its_collector_says_who_has_to_release_it(machine,
                                                                                 collector):
    machine.once()
    collector.url = "http://127.0.0.1:1"
    done = machine.forget("--keep-state")
    assert done.returncode == 0
    assert "an operator has to release it there" in done.stderr
    assert sorted(path.name for path in machine.state.iterdir()) == ["rejected", "spool"]
