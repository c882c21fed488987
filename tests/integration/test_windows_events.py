"""The agent's own events: what Windows says of them, out of the DLL beside the program.

Wine's event log is a stub that takes every event and keeps none, so that nothing can be read back.
What the agent writes is proven at the seam (tests/unit/agent/host/test_announce.c, a host that records); here
stands that the numbers it writes have their texts.
"""

import re
import struct
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from wine import AGENT, EVENTS_DLL, PROGRAMS, Wine, on_windows  # noqa: E402

SEVERITIES = {"INFORMATION": 0x40000000, "WARNING": 0x80000000, "ERROR": 0xC0000000}
EVENTS = [(int(number), severity, text) for number, severity, text in
          re.findall(r'^X\(\w+, (\d+), (\w+), "(.*)"\)$',
                     (ROOT / "agent/host/announce_events.def").read_text(), re.MULTILINE)]


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    machine = Wine(tmp_path_factory.mktemp("events"))
    status, text, errors = machine.run(PROGRAMS / "message_texts.exe", on_windows(EVENTS_DLL))
    machine.close()
    assert status == 0, errors
    return [line.split("\t") for line in text.splitlines()]


def test_windows_finds_the_text_of_each_event(texts):
    filled = [text.replace("%1", "<one>").replace("%2", "<two>") for _, _, text in EVENTS]
    assert len(EVENTS) > 10
    assert [(int(number), int(full, 16)) for number, full, _, _ in texts] == [
        (number, SEVERITIES[severity] | number) for number, severity, _ in EVENTS]
    assert [windows for _, _, windows, _ in texts] == filled
    assert [ours for _, _, _, ours in texts] == filled


def test_the_program_carries_that_file_for_its_installer():
    assert EVENTS_DLL.read_bytes() in AGENT.read_bytes()


def test_it_is_a_dll_that_is_read_and_never_run():
    """One resource, no code; without relocations a loader that maps it as a program would need its address."""
    image = EVENTS_DLL.read_bytes()
    at, = struct.unpack_from("<I", image, 0x3C)
    machine, sections, _, _, _, _, characteristics = struct.unpack_from("<HHIIIHH", image, at + 4)
    entry, = struct.unpack_from("<I", image, at + 40)
    system, subsystem = struct.unpack_from("<H", image, at + 64)[0], struct.unpack_from("<H", image, at + 72)[0]
    directories = struct.unpack_from("<32I", image, at + 120)[::2]
    dll, relocations_stripped = 0x2000, 0x0001
    assert (machine, sections, entry, system, subsystem) == (0x14C, 2, 0, 4, 4)
    assert characteristics & dll and not characteristics & relocations_stripped
    assert [i for i, address in enumerate(directories) if address] == [2, 5]  # resources, relocations
    assert len(image) < 8 * 1024


def test_the_documents_name_each_event_with_its_severity():
    rows = re.findall(r"^\| (\d+) \| (\w+) \| ", (ROOT / "docs/agents.md").read_text(), re.MULTILINE)
    assert [(int(number), severity.upper()) for number, severity in rows
            if int(number) < 400] == [(number, severity) for number, severity, _ in EVENTS]
