"""The cases of doctor_cases.py with the Linux build, and what it looks like for people."""

import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration")]

from agent_rig import AGENT, expect_within, start_of_an_agent  # noqa: E402
from doctor_cases import *  # noqa: E402, F403 - the tests themselves
from wine import network_of_its_own  # noqa: E402


class Doctor:
    def __init__(self, state):
        self.state = state

    def path(self, file):
        return str(file)

    def run(self, *arguments):
        return subprocess.run([AGENT, "doctor", "--state-dir", self.state, *arguments],
                              capture_output=True, text=True, timeout=60)

    def __call__(self, *arguments):
        done = self.run("--json", *arguments)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout)


@pytest.fixture
def doctor(tmp_path):
    return Doctor(tmp_path / "state")


def test_people_get_a_line_a_step_and_what_to_do_next(doctor):
    done = doctor.run("--collector", "https://no-such-name.invalid")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("[ok]      settings   the collector is https://no-such-name.invalid")
    failed = next(i for i, line in enumerate(lines) if line.startswith("[fail]    name "))
    assert lines[failed + 1].lstrip().startswith("> check the spelling")
    assert "[skipped] port       because the step 'name' failed" in lines
    assert lines[-1] == "Begin with the first step that failed."
    assert not doctor.state.exists(), "it changes nothing"


def test_reports_that_wait_are_counted(doctor):
    subprocess.run([AGENT, "run", "--once", "--collector", "http://127.0.0.1:9", "--state-dir",
                    doctor.state, "--probe-limit", "1"], capture_output=True, timeout=60)
    assert "1 report(s) wait to be sent, 0 were refused" in doctor.run().stdout


def test_a_key_that_may_not_be_read_or_is_damaged_is_told(doctor):
    doctor.state.mkdir()
    (doctor.state / "key").write_text("nonsense")
    with contextlib.closing(StandIn()) as there:
        done = doctor.run("--json", "--collector", there.url)
    key = json.loads(done.stdout)["steps"][-1]
    assert (key["step"], key["result"]) == ("key", "fail")
    assert "could not read the agent's key" in key["text"]


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace takes root")
def test_name_servers_that_do_not_answer_are_given_up_after_a_while(doctor, tmp_path):
    """The resolver itself would take four minutes."""
    servers = tmp_path / "resolv.conf"
    servers.write_text("nameserver 10.255.9.9\noptions timeout:30 attempts:5\n")
    command = ["unshare", "--mount", "sh", "-c",
               f'mount --bind {servers} /etc/resolv.conf && exec "$@"', "sh", AGENT, "doctor", "--json",
               "--state-dir", doctor.state, "--collector", "https://collector.example"]
    done = None

    def run():
        nonlocal done
        begun = time.monotonic()
        with network_of_its_own(wire=True):
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return time.monotonic() - begun
    expect_within(12, run, start_of_an_agent)
    steps = {step["step"]: step for step in json.loads(done.stdout)["steps"]}
    assert "collector.example: no answer within 10 seconds" in steps["name"]["text"]
    assert steps["port"]["result"] == "skipped"
    assert done.returncode == 1


def test_a_state_directory_that_cannot_be_made_fails_as_it_does_in_a_run(tmp_path):
    (tmp_path / "file").write_text("")
    doctor = Doctor(tmp_path / "file/state")
    done = doctor.run("--json", "--collector", "http://127.0.0.1:1")
    state = json.loads(done.stdout)["steps"][1]
    assert (state["step"], state["result"]) == ("state", "fail")
    assert "nothing can be kept in the state directory" in state["text"] and state["todo"]


@pytest.mark.skipif(os.geteuid() != 0, reason="another user takes root")
def test_a_state_directory_of_somebody_elses_fails(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "ro").mkdir(mode=0o555)
    for name in ("ro/x", "ro"):
        done = subprocess.run(["setpriv", "--reuid", "65534", "--clear-groups", AGENT, "doctor", "--json",
                               "--state-dir", tmp_path / name, "--collector", "http://127.0.0.1:1"],
                              capture_output=True, text=True, timeout=60)
        state = json.loads(done.stdout)["steps"][1]
        assert state["result"] == "fail", name


def test_a_collector_on_ipv6_is_reached_as_in_a_run(doctor, authority):
    server = authority.sign("server6", "subjectAltName=IP:::1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*server)
    with contextlib.closing(StandIn(tls=context, host="::1")) as there:
        there.refuse(422, "schema: missing")
        done = doctor.run("--json", "--collector", there.url, "--ca-file", authority.certificate)
    steps = {step["step"]: step for step in json.loads(done.stdout)["steps"]}
    assert "is an IPv6 address" in steps["name"]["text"]
    assert [steps[name]["result"] for name in ("port", "tls", "collector", "key")] == ["ok"] * 4


def test_an_authority_in_der_is_told_as_what_it_is(doctor, authority, server, tmp_path):
    der = tmp_path / "ca.crt"
    subprocess.run(["openssl", "x509", "-in", authority.certificate, "-outform", "der", "-out", der], check=True)
    with collector(server) as there:
        done = doctor.run("--json", "--collector", there.url, "--ca-file", der)
    tls = next(step for step in json.loads(done.stdout)["steps"] if step["step"] == "tls")
    assert tls["result"] == "fail" and f"the CA file {der} is DER, and PEM is needed" in tls["text"]
