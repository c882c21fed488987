"""What the Windows agent does as a process and to its files, put to the test by programs that play the rest
of a busy server, under Wine: somebody who holds a file, a console, a log-off.
"""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from wine import PROGRAMS, Wine, on_windows  # noqa: E402

C, BREAK, CLOSE, LOGOFF, SHUTDOWN = "0", "1", "2", "5", "6"  # wincon.h


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


@pytest.mark.parametrize("call", CALLS)
def test_one_that_may_only_be_read_is_none_the_less_ours(machine, call):
    assert hold(machine, call, "read-only")[1:] == ("no error", CALLS[call])


def send(machine, event, log):
    """Exit status, what is said of the agent, and its messages."""
    status, text, _ = machine.run(PROGRAMS / "console_event.exe", event, on_windows(log))
    return status, text.strip(), log.read_text() if log.exists() else ""


@pytest.mark.parametrize("event", [C, BREAK, CLOSE, SHUTDOWN])
def test_each_request_to_end_ends_it(machine, tmp_path, event):
    status, text, messages = send(machine, event, tmp_path / "log")
    assert (status, text) == (2, "ends")
    assert ("stopped: the system shuts down" in messages) == (event == SHUTDOWN)


def test_a_log_off_ends_no_service(machine, tmp_path):
    """It is passed on: the handler of the system ends programs, and of services none (Q149901)."""
    assert send(machine, LOGOFF, tmp_path / "log") == (0, "goes on, passed on", "")


def test_no_box_waits_for_an_answer_and_what_computes_steps_back(machine):
    status, text, _ = machine.run(PROGRAMS / "process_state.exe")
    assert status == 0
    assert text.splitlines() == ["boxes 0x8003", "computes at -1", "goes on at 0"]


def test_a_mistake_of_ours_ends_it_without_a_box(machine):
    """Of a service nobody would see that box, nor close it."""
    status, text, errors = machine.run(PROGRAMS / "process_state.exe", "wrong")
    assert (status, text) == (3, "")
    assert "argc == 1" in errors and "process_state.c" in errors


@pytest.mark.parametrize("page", [850, 437, 1252])
def test_both_streams_of_a_console_get_its_code_page_and_a_file_gets_utf_8(machine, tmp_path, page):
    out, errors = tmp_path / "out", tmp_path / "errors"
    assert machine.run(PROGRAMS / "console.exe", str(page), on_windows(out), on_windows(errors))[0] == 0
    of_console = "K\u00f6ln: 1\nK\u00f6ln\nK\u00f6ln".encode(f"cp{page}")
    assert out.read_bytes() == of_console + "K\u00f6ln".encode()
    assert errors.read_bytes().partition(b" error: ")[2] == "K\u00f6ln\n".encode(f"cp{page}")
