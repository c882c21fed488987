"""The Windows agent's settings under Wine: the real registry, a policy that comes and goes while the
agent runs, arguments and paths in any script. A policy is written as Windows writes it when a Group
Policy applies: values below Software\\Policies; Group Policy itself cannot be had here.
"""

import contextlib
import json
import re
import shutil
import subprocess

import pytest
from test_agent import StandIn
from wine import AGENT, PROGRAMS, Wine, on_windows
from waiting import until

POLICY = r"HKLM\Software\Policies\mtawatch"
INSTALLER = r"HKLM\Software\mtawatch"
FOLDER = "Bücher Ελλάδα 日本"


class Machine(Wine):
    """A Windows machine with a registry to set."""

    def reg(self, *arguments):
        status, text, errors = self.run("reg", *arguments)
        assert status == 0, text + errors

    def set(self, key, name, value):
        kind = "REG_DWORD" if isinstance(value, int) else "REG_SZ"
        self.reg("add", key, "/v", name, "/t", kind, "/d", str(value), "/f")

    def clear(self, key):
        self.reg("delete", key, "/f")

    def config(self, *arguments):
        """Exit status and settings, by name."""
        status, text, errors = self.run(AGENT, "config", "--json", *arguments)
        assert status in (0, 1), errors
        return status, {setting["name"]: setting for setting in json.loads(text)["settings"]}


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    machine = Machine(tmp_path_factory.mktemp("windows"))
    yield machine
    machine.close()


@pytest.fixture
def registry(machine):
    """The machine, whose keys are empty before and after."""
    machine.set(INSTALLER, "IntervalSec", 1)
    machine.set(POLICY, "IntervalSec", 1)
    machine.clear(INSTALLER)
    machine.clear(POLICY)
    yield machine
    for key in (INSTALLER, POLICY):
        machine.run("reg", "delete", key, "/f")


def test_each_setting_is_told_with_its_origin(registry, tmp_path):
    file = tmp_path / "agent.conf"
    file.write_text("collector = http://file\nca-file = file.pem\nlog-level = error\n")
    registry.set(INSTALLER, "CollectorUrl", "http://installer")
    registry.set(INSTALLER, "CaFile", r"C:\Schlüssel\ca.pem")
    registry.set(INSTALLER, "ProbeLimitSec", 61)
    registry.set(INSTALLER + r"\Peers", "Peer1", "EXCH2=10.0.0.6;EXCH3=10.0.0.7")
    registry.set(POLICY, "CollectorUrl", "https://policy")
    status, settings = registry.config("--config", on_windows(file), "--interval", "60")
    origins = {name: (setting["origin"], setting["value"]) for name, setting in settings.items()}
    assert status == 1  # the probe limit does not count
    assert origins["collector"] == ("policy", "https://policy")
    assert origins["ca-file"] == ("installer", r"C:\Schlüssel\ca.pem")
    assert origins["log-level"] == ("file", "error")
    assert origins["interval"] == ("command line", "60")
    assert origins["probe-limit"] == ("default", "10")
    assert origins["peer"] == ("installer", "EXCH2=10.0.0.6;EXCH3=10.0.0.7")
    assert settings["collector"]["where"] == POLICY + r"\CollectorUrl"
    assert [one["origin"] for one in settings["collector"]["overrides"]] == ["file", "installer"]
    assert settings["probe-limit"]["invalid"][0]["value"] == "61"


def test_the_file_beside_the_program_is_read_without_being_named(registry, tmp_path):
    program = tmp_path / AGENT.name
    program.write_bytes(AGENT.read_bytes())
    (tmp_path / "mtawatch-agent.conf").write_text("interval = 77\n")
    status, text, errors = registry.run(program, "config", "--json")
    told = json.loads(text)
    assert status == 0 and told["file_found"], errors
    assert told["file"].endswith("\\mtawatch-agent.conf")
    (interval,) = [one for one in told["settings"] if one["name"] == "interval"]
    assert (interval["value"], interval["origin"]) == ("77", "file")


def test_the_state_directory_of_nt_4_stays_after_an_upgrade_to_windows_2000(registry):
    """There it lies in the system's folder; %ALLUSERSPROFILE% comes with Windows 2000."""
    former = registry.folder / "prefix/drive_c/windows/system32/mtawatch-agent"

    def state_dir():
        return registry.config()[1]["state-dir"]["value"].lower()
    usual = state_dir()
    assert usual.endswith(r"\mtawatch-agent") and "system32" not in usual
    former.mkdir()
    try:
        assert state_dir() == usual
        (former / "identity").write_text("x")
        assert state_dir() == r"c:\windows\system32\mtawatch-agent"
    finally:
        shutil.rmtree(former)


@contextlib.contextmanager
def running(machine, *arguments):
    """The agent in the background, in Wine. Ended by ending its program, for Wine has no Ctrl-C."""
    command = [*machine.command, "--timeout", "0", "--", AGENT, "run", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def test_a_policy_counts_while_it_is_there_and_the_log_tells_it(registry, tmp_path):
    """Under a path that no code page has all of: as an argument, as state, as log file."""
    folder = tmp_path / FOLDER
    folder.mkdir()
    log = folder / "Protokoll.log"
    full = "x" * 65500 + "\n"
    log.write_text(full)
    with contextlib.closing(StandIn()) as first, contextlib.closing(StandIn()) as second:
        first.interval_s = second.interval_s = 1
        registry.set(INSTALLER, "CollectorUrl", first.url)
        with running(registry, "--state-dir", on_windows(folder / "state"), "--log-file",
                     on_windows(log), "--log-max-kb", "64", "--interval", "1"):
            until(lambda: first.reports)
            assert second.reports == []
            registry.set(POLICY, "CollectorUrl", second.url)
            until(lambda: second.reports)
            registry.set(POLICY, "CollectorUrl", "ftp://nonsense")
            before = len(second.reports)
            until(lambda: len(second.reports) > before + 1)  # it stays as it was
            count = len(first.reports)
            registry.clear(POLICY)
            until(lambda: len(first.reports) > count)
    text = log.read_text("utf-8")
    assert (folder / "Protokoll.log.old").read_text() == full
    assert (folder / "state/identity").exists()
    assert f"collector is now: {second.url} (policy); before: {first.url} (installer)" in text
    assert f"collector is now: {first.url} (installer); before: {second.url} (policy)" in text
    assert text.count("CollectorUrl = ftp://nonsense does not count") == 1
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (info|warning|error): ", line)
               for line in text.splitlines())


@pytest.mark.parametrize("path", [f"C:\\{FOLDER}\\", 'say "so" \\\\"', "\\", "a  b\tc"])
def test_arguments_arrive_as_they_were_typed(machine, path):
    _, settings = machine.config("--ca-file", path)
    assert settings["ca-file"]["value"] == path


@pytest.mark.parametrize("page, text, wanted", [
    (1252, "K\u00f6ln \u20ac", "K\u00f6ln \u20ac".encode("cp1252")),
    (932, "\u90f5\u4fbf EXCH1 \uff71", "\u90f5\u4fbf EXCH1 \uff71".encode("cp932")),
    (850, "K\u00f6ln", "K\u00f6ln".encode("cp850")),
    (437, "Adapter \u90f5 is cut off", b"Adapter ? is cut off"),
    (1252, "\u90f5" * 1000, b"?" * 1000),
    (99999, "EXCH1", None)])
def test_a_console_gets_its_code_page(machine, tmp_path, page, text, wanted):
    """A text that is written to a file or a pipe stays UTF-8: what a console is, Wine without a screen has not."""
    (tmp_path / "from").write_text(text, encoding="utf-8")
    status, _, errors = machine.run(PROGRAMS / "code_page.exe", str(page), on_windows(tmp_path / "from"),
                                         on_windows(tmp_path / "to"))
    assert (status, errors) == (0 if wanted else 1, "")
    assert wanted is None or (tmp_path / "to").read_bytes() == wanted
