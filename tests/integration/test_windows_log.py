"""How the Windows agent reads the Application log, under Wine.

Wine only stubs the event log: it is always empty, and NotifyChangeEventLog never tells anything. So the
calls come from a table, and here they serve the records of a file as ReadEventLog does, with its ways
to fail; the reading is the agent's own. What Wine does have, the agent uses in test_windows.py.
"""

import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from lab.exchange_disk import event_log  # noqa: E402
from wine import PROGRAMS, Wine, on_windows  # noqa: E402

IDS = ["9298", "9321", "1", "9266"]  # nobody asks for 1
ASKED = ["9298", "9321", "9266"]
CHANGED = "ReadEventLog Application: "


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def call(folder):
    """The lines that event_log prints: call("read", ids of the log [, ids of a second one])."""
    machine = Wine(folder)

    def run(command, *logs):
        paths = []
        for number, ids in enumerate(logs):
            path = folder / f"{number}.evt"
            now = datetime.now(timezone.utc)
            path.write_bytes(event_log([(now, int(event), ("x",)) for event in ids], "EXCH1"))
            paths.append(on_windows(path))
        status, text, errors = machine.run(PROGRAMS / "event_log.exe", command, *paths)
        assert status == 0, errors
        return text.splitlines()
    yield run
    machine.close()


@pytest.mark.parametrize("command", ["read", "cramped", "cleared"])
def test_all_events_are_read_whatever_the_log_does_meanwhile(call, command):
    assert call(command, IDS) == ASKED


def test_an_empty_log_has_no_events(call):
    assert call("read", []) == []


@pytest.mark.parametrize("command, told", [
    ("denied", "OpenEventLog Application: Access"),
    ("always", "ReadEventLog Application: "),
])
def test_a_failure_is_told_with_its_call_and_its_windows_text(call, command, told):
    line, = call(command, IDS)
    assert line.startswith(told) and len(line) > len(told) + 5, line


def test_a_log_that_breaks_off_gives_what_was_read_and_why_no_more_was(call):
    event, line = call("broken", IDS)
    assert event == "9298" and line.startswith("ReadEventLog Application: "), line


@pytest.mark.parametrize("before, after, news", [
    (IDS, IDS, "-"),
    (IDS, [*IDS, "1"], "-"),
    (IDS, [*IDS, "9298"], "new"),
    (IDS, [*IDS, "9298", "1", "1"], "new"),
    ([], ["9298"], "new"),
    ([], ["1"], "-"),
    ([*IDS, "1", "1"], ["9298"], "new"),  # cleared meanwhile
    ([*IDS, "1", "1"], ["1"], "-"),
    (IDS, [], "-"),
])
def test_what_was_written_since_the_last_look_is_found_once(call, before, after, news):
    assert call("look", before, after) == ["-", "-", news, "-"]
