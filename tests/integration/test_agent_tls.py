"""The cases of tls_cases.py with the Linux build, and what takes an agent that runs on."""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/integration")]

from agent_rig import AGENT, StandIn, running, wait_until  # noqa: E402
from tls_cases import *  # noqa: E402, F403 - the tests themselves


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


def test_reports_go_back_to_the_first_collector_when_it_answers_again(tmp_path):
    with contextlib.closing(StandIn()) as second:
        first = StandIn()
        first.close()
        with running(tmp_path / "state", "--collector", first.url, "--collector-fallback", second.url,
                     "--interval", "1", "--probe-limit", "1") as run:
            wait_until(lambda: len(second.reports) >= 3)
            assert run.says("could not send reports to the collector " + first.url) == 1
            with contextlib.closing(StandIn(first.port)) as back:
                wait_until(lambda: len(back.reports) >= 3)
                seen = len(second.reports)
                wait_until(lambda: len(back.reports) >= 6)
                assert len(second.reports) == seen
                assert run.says(f"the collector {first.url} can be reached again") == 1
