"""The cases of https_cases.py with the Linux build."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from agent_rig import Agent  # noqa: E402
from https_cases import *  # noqa: E402, F403 - the tests themselves


@pytest.fixture
def agent(tmp_path):
    return Agent(tmp_path / "state")
