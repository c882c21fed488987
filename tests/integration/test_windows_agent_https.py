"""The cases of https_cases.py with the Windows build, under Wine."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from https_cases import *  # noqa: E402, F403 - the tests themselves
from wine import Agent, Wine  # noqa: E402


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Wine(tmp_path_factory.mktemp("wine"))
    yield machine
    machine.close()


@pytest.fixture
def agent(machine, tmp_path):
    return Agent(machine, tmp_path / "state")
