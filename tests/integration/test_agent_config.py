"""The agent follows its settings while it runs, on Linux: a directory's registry exports stand for the
registry (agent/host/image/root.h), a real file is the configuration file. MTAWATCH_BUILD names the build
folder (default: build/sanitize).
"""

import contextlib
import json
import os
import subprocess

import pytest
from test_agent import AGENT, StandIn, namespace, running  # noqa: F401 - a fixture
from waiting import until

POLICY = r"Software\Policies\mtawatch"
INSTALLER = r"Software\mtawatch"


@pytest.fixture
def registry(tmp_path):
    """Sets what is in the registry: registry({KEY: {NAME: VALUE}})."""
    folder = tmp_path / "root"
    folder.mkdir()

    def write(keys):
        lines = ["REGEDIT4", ""]
        for key, values in keys.items():
            lines.append(f"[HKEY_LOCAL_MACHINE\\{key}]")
            lines += [f'"{name}"="{value}"' for name, value in values.items()]
        (folder / "new").write_text("\r\n".join(lines) + "\r\n")
        os.replace(folder / "new", folder / "registry.reg")
    write({"SYSTEM": {"none": "yet"}})
    write.folder = folder
    return write


@pytest.fixture
def two_collectors():
    with contextlib.closing(StandIn()) as first, contextlib.closing(StandIn()) as second:
        yield first, second


def test_a_policy_takes_effect_with_the_next_cycle_and_ends_with_it(registry, two_collectors,
                                                                    tmp_path):
    first, second = two_collectors
    installer = {"CollectorUrl": first.url, "IntervalSec": "1", "ProbeLimitSec": "1"}
    registry({INSTALLER: installer})
    with running(tmp_path / "state", "--windows-root", str(registry.folder)) as run:
        until(lambda: first.reports)
        registry({INSTALLER: installer, POLICY: {"CollectorUrl": second.url},
                  POLICY + r"\Peers": {"Peer1": "EXCH9=192.0.2.2"}})
        until(lambda: any(report.get("probes") for report in second.reports))
        count = len(first.reports)
        registry({INSTALLER: installer})
        until(lambda: len(first.reports) > count)
        assert run.says(f"collector is now: {second.url} (policy); before: {first.url}") == 1
        assert run.says("the setting peer is now: not set (default)") == 1


def test_without_a_collector_it_waits_for_one_to_be_set(registry, two_collectors, tmp_path):
    """The policy that names the collector may be lifted, and come again later."""
    first, _ = two_collectors
    registry({POLICY: {"CollectorUrl": first.url, "IntervalSec": "1"}})
    with running(tmp_path / "state", "--windows-root", str(registry.folder)) as run:
        until(lambda: first.reports)
        registry({POLICY: {"IntervalSec": "1"}})
        until(lambda: run.says("no collector is set: "))
        run.stop_in_time()


def test_a_file_is_followed_and_a_mistake_in_it_changes_nothing(two_collectors, tmp_path):
    first, _ = two_collectors
    file = tmp_path / "agent.conf"
    log = tmp_path / "agent.log"

    def write(interval):
        (tmp_path / "new").write_text(
            f"collector = {first.url}\ninterval = {interval}\nlog-file = {log}\n")
        os.replace(tmp_path / "new", file)
    write("1")
    with running(tmp_path / "state", "--config", str(file)) as run:
        until(lambda: first.reports)
        write("often")
        until(lambda: run.says("interval = often: expected a whole number from 1 to 86400; "
                                    "what was read there before goes on to count"))
        count = len(first.reports)
        until(lambda: len(first.reports) > count)
        write("2")
        until(lambda: run.says("the setting interval is now: 2 (file); before: 1 (file)"))
        until(lambda: first.reports[-1]["interval_s"] == 2)
    assert log.read_text() == "".join(run.messages)


def test_secrets_are_neither_accepted_nor_shown(registry):
    registry({POLICY: {"Proxy": "http://user:hunter2@proxy:3128"}})
    for form in ((), ("--json",)):
        done = subprocess.run([AGENT, "config", "--windows-root", registry.folder, *form],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert "expected http://HOST:PORT, without user and password" in done.stdout + done.stderr
        assert "hunter2" not in done.stdout + done.stderr
    done = subprocess.run([AGENT, "run", "--collector", "https://user:hunter2@c.example"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "hunter2" not in done.stderr


def test_people_read_what_programs_read(registry):
    registry({POLICY: {"IntervalSec": "60"}, INSTALLER: {"IntervalSec": "70", "LogLevel": "loud"}})
    command = [AGENT, "config", "--windows-root", registry.folder]
    text = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert "interval             60 (policy, HKLM\\Software\\Policies\\mtawatch\\IntervalSec)\n" \
           "    goes over 70 (installer, HKLM\\Software\\mtawatch\\IntervalSec)\n" in text
    assert "    does not count: loud (installer, HKLM\\Software\\mtawatch\\LogLevel): " \
           "expected error, warning or info\n" in text
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True,
                                     timeout=60).stdout)
    assert all(f"{setting['name']} " in text for setting in told["settings"])
