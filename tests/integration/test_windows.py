"""The Windows agent, the real 32-bit executable, under Wine: it says of a server's disk what the Linux
build says of it, and of its machine what Windows tells.

MTAWATCH_BUILD names the build folder of the Linux agent (default: build/sanitize).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from lab.exchange_disk import ExchangeDisk  # noqa: E402
from test_selftest import trials  # noqa: E402
from wine import AGENT as WINDOWS_AGENT  # noqa: E402
from wine import Wine, on_windows  # noqa: E402

LINUX_AGENT = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize")) / "agent/mtawatch-agent"
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((ROOT / "proto/report/report.schema.json").read_text()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("windows")


@pytest.fixture(scope="module")
def disk(folder):
    disk = ExchangeDisk(folder / "disk", "EXCH1", build="5.5.2654.50")
    disk.failed_to_start()
    return disk


@pytest.fixture(scope="module")
def windows(folder):
    """Runs the Windows agent, and gives what came back."""
    machine = Wine(folder)
    yield lambda *arguments: machine.run(WINDOWS_AGENT, *arguments)
    machine.close()


@pytest.fixture(scope="module")
def reports(folder, disk, windows):
    """The report of the Windows build and that of the Linux build on the same disk."""
    state = folder / "state"
    status, text, errors = windows("report", "--windows-root", on_windows(disk.folder),
                                   "--state-dir", on_windows(state / "windows"))
    assert status == 0, errors
    linux = subprocess.run([LINUX_AGENT, "report", "--windows-root", disk.folder, "--state-dir",
                            state / "linux"], capture_output=True, text=True, timeout=60)
    assert linux.returncode == 0, linux.stderr
    return json.loads(text), json.loads(linux.stdout)


def test_its_report_keeps_to_the_schema(reports):
    windows, _ = reports
    SCHEMA.validate(windows)
    assert windows["agent"]["platform"] == "windows-x86"
    assert windows["host"]["os"].startswith("Windows")


def test_both_builds_say_the_same_of_a_disk(reports):
    windows, linux = reports
    assert windows["mta"]["log"].pop("path") == on_windows(linux["mta"]["log"].pop("path"))
    assert windows["exchange"] == linux["exchange"]
    assert windows["mta"] == linux["mta"]
    assert windows["files"] == linux["files"]


def test_a_path_is_told_with_backslashes_however_it_was_typed(disk, folder, windows):
    typed = f"Z:{disk.folder.parent}\\{disk.folder.name}/"
    status, text, errors = windows("report", "--windows-root", typed, "--disk-only",
                                   "--state-dir", on_windows(folder / "state" / "typed"))
    assert status == 0, errors
    log = json.loads(text)["mta"]["log"]["path"]
    assert log.startswith(on_windows(disk.folder)) and "/" not in log and "\\\\" not in log


def test_adapters_come_from_windows(reports):
    windows, linux = reports
    addresses = {address for adapter in windows["adapters"]
                 for address in adapter.get("addresses", [])} - {"0.0.0.0/32"}  # waits for DHCP, says Wine
    assert addresses == {address for adapter in linux["adapters"] if adapter["enabled"]
                         for address in adapter.get("addresses", [])}
    assert all(adapter["id"] and adapter["mac"] for adapter in windows["adapters"])


def test_check_tells_the_verdict_and_says_it_with_its_exit_status(disk, folder, windows):
    status, text, errors = windows("check", "--json", "--windows-root", on_windows(disk.folder),
                                   "--state-dir", on_windows(folder / "state" / "check"))
    assert status == 1, errors
    verdict = json.loads(text)
    assert verdict["verdict"] == "failing"
    assert "mta_11004" in [reason["code"] for reason in verdict["reasons"]]


def test_without_exchange_it_says_so(folder, windows):
    status, text, errors = windows("check", "--json", "--state-dir",
                                   on_windows(folder / "state" / "bare"))
    assert status == 0, errors
    assert json.loads(text)["verdict"] == "not_applicable"


def test_a_wrong_command_line_is_refused_with_a_hint(windows):
    status, text, errors = windows("report", "--no-such-option")
    assert (status, text) == (2, "")
    assert "--no-such-option" in errors and "--help" in errors


def test_its_selftest_has_an_answer_of_windows_to_each_thing(folder, windows):
    out = folder / "selftest.txt"
    status, text, errors = windows("selftest", "--output", on_windows(out))
    head, *lines = text.splitlines()
    assert head.endswith(" on windows-x86")
    assert [line.split()[0] for line in lines] == trials()
    failed = [line for line in lines if line.split()[1] == "failed"]
    assert not failed and (status, errors) == (0, "")
    assert out.read_bytes().decode() == "".join(line + "\r\n" for line in text.splitlines())
