"""The cases of https_cases.py with the Linux build."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from agent_rig import AGENT  # noqa: E402
from https_cases import *  # noqa: E402, F403 - the tests themselves


class Agent:
    def __init__(self, state):
        self.state = state

    def path(self, file):
        return str(file)

    def __call__(self, command, *arguments):
        done = subprocess.run([AGENT, command, "--state-dir", self.state, *arguments],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture
def agent(tmp_path):
    return Agent(tmp_path / "state")
