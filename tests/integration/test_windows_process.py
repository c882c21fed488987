"""What the Windows agent does to its files, put to the test by a program that plays the rest of a busy server,
under Wine: somebody who holds a file.
"""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from wine import PROGRAMS, Wine  # noqa: E402


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with Wine(tmp_path_factory.mktemp("process")).session() as machine:
        yield machine


def hold(machine, call, ms):
    """Milliseconds that it took, how it ended, and what is in the file then."""
    status, text, errors = machine.run(PROGRAMS / "held_file.exe", call, r"C:\held.txt", ms)
    assert (status, errors) == (0, "")
    took, told, left = re.fullmatch(r"(\d+) ms, (.*): (.*)", text.strip()).groups()
    return int(took), told, left


CALLS = {"replace": "new", "private": "new", "move": "new", "remove": "gone", "erase": "gone"}


@pytest.mark.parametrize("call", CALLS)
def test_a_file_that_somebody_holds_for_a_moment_is_waited_for(machine, call):
    took, told, left = hold(machine, call, "250")
    assert (told, left) == ("no error", CALLS[call])
    assert took >= 200


@pytest.mark.parametrize("call", CALLS)
def test_one_that_nobody_lets_go_is_left_as_it_was(machine, call):
    took, told, left = hold(machine, call, "60000")
    assert (told, left) == ("access is denied", "old")
    assert took >= 500
