"""`mtawatch-agent selftest`: what the agent relies on, asked once. On Linux a directory stands for the registry,
the service, the log and the files; test_windows.py has the same under Wine."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from agent_rig import AGENT  # noqa: E402
from lab.exchange_disk import ExchangeDisk, executable  # noqa: E402

SYSTEM = r"""REGEDIT4

[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion]
"CurrentVersion"="4.0"
"SystemRoot"="C:\\WINNT"
"""


@pytest.fixture
def disk(tmp_path):
    disk = ExchangeDisk(tmp_path / "disk", "EXCH1")
    disk.put("system.reg", SYSTEM.replace("\n", "\r\n").encode())
    disk.put("C/WINNT/system32/kernel32.dll", executable("4.0.1381.7099"))
    return disk


@pytest.fixture
def selftest(tmp_path, disk):
    folder = tmp_path / "here"
    folder.mkdir()

    def call(*options):
        done = subprocess.run([AGENT, "selftest", "--windows-root", disk.folder, *options], cwd=folder,
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.splitlines(), done.stderr
    call.folder = folder
    return call


def results(lines):
    """{name: (word, code, text)} of the lines below the head."""
    assert re.fullmatch(r"mtawatch-agent \S+ on linux-x86_64", lines[0])
    rows = [re.fullmatch(r"(\w+) +(ok|none|failed) +code +(-?\d+) +\d+ ms  (.+)", line) for line in lines[1:]]
    assert all(rows), lines
    return {row[1]: (row[2], int(row[3]), row[4]) for row in rows}


def trials():
    """The names in the program's own table."""
    table = re.search(r"\} trials\[\] = \{(.*?)\n\};", (ROOT / "agent/commands/selftest.c").read_text(), re.DOTALL)[1]
    return re.findall(r'\{ "(\w+)",', table)


def test_each_thing_answers_with_its_result_code_and_time(selftest):
    status, lines, errors = selftest()
    found = results(lines)
    assert list(found) == trials() and (status, errors) == (0, "")
    assert {word for word, _, _ in found.values()} <= {"ok", "none"}
    assert found["registry"][2] == "Windows 4.0"
    assert found["versions"][2].endswith(r"C:\WINNT\system32\kernel32.dll: 1024 bytes, version 4.0.1381.7099")
    assert found["service"][2] == "MSExchangeMTA is running"
    assert found["events"][2] == "1 records, 0 damaged, 1 of MSExchangeMTA"
    assert found["sockets"][2] == "127.0.0.1 port 1: refused"
    assert not list(selftest.folder.iterdir())  # what it wrote is gone


def test_the_lines_go_into_a_file_too_which_notepad_shows(selftest, tmp_path):
    out = tmp_path / "out.txt"
    out.write_text("of before")
    status, lines, _ = selftest("--output", out)
    assert status == 0 and out.read_bytes().decode() == "".join(line + "\r\n" for line in lines)
    status, lines, errors = selftest("--output", tmp_path / "no/such/out.txt")
    assert status == 2 and "could not write" in errors


def test_what_does_not_answer_is_told_with_its_code_and_all_else_is_asked(selftest, disk):
    (disk.folder / "C/WINNT/system32/kernel32.dll").unlink()
    (disk.folder / "AppEvent.evt").write_bytes(b"no log")
    status, lines, _ = selftest()
    found = results(lines)
    assert status == 1 and list(found) == trials()
    assert {name for name, (word, _, _) in found.items() if word == "failed"} == {"events", "news", "versions"}
    assert "kernel32.dll" in found["versions"][2] and "AppEvent.evt" in found["events"][2]


def test_a_folder_that_takes_no_file_is_named_with_what_was_tried(selftest):
    (selftest.folder / "mtawatch-selftest.tmp").mkdir()
    status, lines, _ = selftest()
    assert status == 1 and results(lines)["files"][2].startswith("write mtawatch-selftest.tmp: ")
