"""The cases of doctor_cases.py with the Windows build, under Wine."""

import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from doctor_cases import *  # noqa: E402, F403 - the tests themselves
from wine import AGENT, Wine, on_windows  # noqa: E402


class Doctor:
    def __init__(self, machine):
        self.machine = machine

    def path(self, file):
        return on_windows(file)

    def __call__(self, *arguments):
        state = on_windows(self.machine.folder / "state")
        status, text, _ = self.machine.run(AGENT, "doctor", "--json", "--state-dir", state, *arguments)
        return status, json.loads(text)


@pytest.fixture(scope="module")
def doctor(tmp_path_factory):
    machine = Wine(tmp_path_factory.mktemp("wine"))
    yield Doctor(machine)
    machine.close()
