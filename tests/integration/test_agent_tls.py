"""The cases of tls_cases.py with the Linux build, and what takes an agent that runs on."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration")]

from agent_rig import AGENT, StandIn, running  # noqa: E402
from proxy import TINYPROXY, TinyProxy  # noqa: E402
from tls_cases import *  # noqa: E402, F403 - the tests themselves
from waiting import until  # noqa: E402


class Client:
    verifies_addresses = True

    def __init__(self, state):
        self.state = state
        self.runs = 0

    def path(self, file):
        return str(file)

    def once(self, *arguments):
        self.runs += 1
        done = subprocess.run([AGENT, "run", "--once", "--probe-limit", "1", "--state-dir",
                               self.state / str(self.runs), *arguments],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr


@pytest.fixture
def client(tmp_path):
    return Client(tmp_path / "state")


@pytest.mark.skipif(not TINYPROXY, reason="MTAWATCH_TINYPROXY names no tinyproxy")
@pytest.mark.parametrize("encrypted", [True, False], ids=["https", "http"])
def test_a_real_proxy_lets_in_who_has_the_password(client, authority, server, tmp_path, encrypted):
    with contextlib.ExitStack() as stack:
        there = stack.enter_context(collector(server) if encrypted else contextlib.closing(StandIn()))
        proxy = stack.enter_context(contextlib.closing(TinyProxy(tmp_path, USER, "right")))
        way = [*trusting(client, authority), "--proxy", proxy.url]
        if encrypted:  # else tinyproxy resets the connection when it has asked
            said = expect_kept(client, there, *way)
            assert f"the proxy {proxy.url} asks for a user and a password" in said
            said = expect_kept(client, there, *way, *logging_in(client, tmp_path, "wrong"))
            assert f"the proxy {proxy.url} does not accept the user {USER} with the password in " in said
        expect_taken(client, there, *way, *logging_in(client, tmp_path, "right"))


def test_a_new_password_counts_without_a_restart(authority, server, tmp_path):
    with collector(server) as there, contextlib.closing(Proxy(login=(USER, "new"))) as proxy:
        asking = logging_in(Client(tmp_path), tmp_path, "old")
        with running(tmp_path / "state", "--collector", there.url, "--proxy", proxy.url, *asking, "--ca-file",
                     authority.certificate, "--interval", "1", "--probe-limit", "1") as run:
            until(lambda: run.says("does not accept the user"))
            logging_in(Client(tmp_path), tmp_path, "new")
            until(lambda: run.says(f"reports go to {there.url} now"))
        assert there.reports


@pytest.mark.parametrize("option", ["--ca-file", "--client-cert", "--client-key"])
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero"])
def test_what_is_no_file_is_refused_and_not_waited_for(client, authority, server, tmp_path, option, kind):
    path = "/dev/zero" if kind == "/dev/zero" else tmp_path / "pipe"
    if kind == "pipe":
        os.mkfifo(path, 0o600)
    with collector(server) as there:
        files = {"--ca-file": authority.certificate, "--client-cert": server[0], "--client-key": server[1], option: path}
        said = expect_kept(client, there, *(str(word) for pair in files.items() for word in pair))
        assert f"{path}: it is no file, but a directory, a pipe or a device" in said
        doctor = subprocess.run([AGENT, "doctor", "--collector", there.url, "--state-dir", tmp_path / "state",
                                 *(str(word) for pair in files.items() for word in pair)],
                                capture_output=True, text=True, timeout=60)
        assert "it is no file, but a directory, a pipe or a device" in doctor.stdout, doctor
