"""The agent as a Windows service, from `install` to `uninstall`, under Wine.

What Wine does not show: it has administrators only, so that nobody is refused; it does not notice the death of
a service and carries out no recovery actions, so that a crash is followed by a restart of Windows
here; its event log keeps nothing (test_windows_events.py).
"""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/integration")]

from agent_rig import ENDS_WITHIN, expect_within  # noqa: E402
from busy_collector import busy_collector  # noqa: E402
from documents import blocks  # noqa: E402
from wine import AGENT, EVENTS_DLL, PROGRAMS, Wine, events_name, network_of_its_own, on_windows  # noqa: E402
from version import VERSION  # noqa: E402
from waiting import until  # noqa: E402

SERVICE = r"HKLM\SYSTEM\CurrentControlSet\Services\mtawatch-agent"
SOURCE = r"HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\mtawatch"
SETTINGS = r"HKLM\Software\mtawatch"
PROGRAM = r"C:\Program Files\mtawatch\mtawatch-agent.exe"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    with network_of_its_own(wire=True), Wine(tmp_path_factory.mktemp("service")).session() as machine:
        yield machine


@pytest.fixture(scope="module")
def collector(machine):
    with busy_collector() as url:
        yield url


@pytest.fixture
def state(machine):
    """A state directory of its own."""
    machine.states = getattr(machine, "states", 0) + 1
    return machine.folder / f"state{machine.states}"


@pytest.fixture
def install(machine, state):
    """Installs with a state directory of its own, and removes afterwards what is left."""

    def call(*options, program=AGENT):
        status, text, errors = machine.run(program, "install", "--state-dir", on_windows(state),
                                           *options)
        assert status == 0, errors
        return text, errors

    yield call
    machine.run(AGENT, "uninstall")


def installed_file(machine):
    return machine.folder / "prefix/drive_c/Program Files/mtawatch/mtawatch-agent.exe"


def written_by_others(path):
    """Wine keeps access lists of files as modes: Administrators are the group; Users it does not
    know there, but in lists of registry keys."""
    return path.stat().st_mode & 0o002


def log_of(state):
    path = state / "mtawatch-agent.log"
    return path.read_text() if path.exists() else ""


def stop(machine):
    """Stops the service; how long that took, in seconds."""
    began = time.monotonic()
    machine.run("net", "stop", "mtawatch-agent")
    until(lambda: machine.service_state() == "STOPPED")
    return time.monotonic() - began


def expect_stop_in_time(machine):
    def start():
        """What Wine takes for a program that has nothing to do."""
        began = time.monotonic()
        machine.run("net", "start")
        return time.monotonic() - began
    expect_within(ENDS_WITHIN, lambda: stop(machine), start)


def test_install_makes_a_service_that_runs(machine, collector, install, state):
    text, errors = install("--collector", collector, "--interval", "3600", "--proxy-user", "exch1",
                           "--peer", "EXCH2=10.255.0.2", "--peer", "EXCH3=10.255.0.3,10.255.1.3")
    assert errors == ""
    for line in (rf"program   {PROGRAM} (copied)", "service   mtawatch-agent created",
                 "service   mtawatch-agent runs", f"setting   CollectorUrl = {collector}"):
        assert line in text.splitlines()
    service = machine.reg(SERVICE)
    assert service["ImagePath"] == f'"{PROGRAM}" service'
    assert service["Start"] == "0x2" and service["ObjectName"] == "LocalSystem"
    assert service["DisplayName"] == "mtawatch agent" and "Q285350" in service["Description"]
    assert machine.reg(SOURCE) == {"EventMessageFile": rf"C:\Program Files\mtawatch\{events_name()}",
                                   "TypesSupported": "0x7"}
    assert machine.reg(SETTINGS) == {
        "CollectorUrl": collector, "IntervalSec": "0xe10", "StateDir": on_windows(state), "ProxyUser": "exch1",
        "Peers": "EXCH2=10.255.0.2;EXCH3=10.255.0.3,10.255.1.3"}
    assert machine.service_state() == "RUNNING"
    assert f"event 100: mtawatch-agent {VERSION} has started. It reports to {collector}." in log_of(state)
    _, text, _ = machine.run(PROGRAM, "config")
    assert f"collector            {collector} (installer, " in text
    assert "EXCH2=10.255.0.2;EXCH3=10.255.0.3,10.255.1.3 (installer, " in text


def test_what_the_service_runs_is_changed_by_administrators_alone(machine, install):
    """On Windows NT 4.0 everybody may change what lies in Program Files and in HKLM\\Software."""
    folder = installed_file(machine).parent
    until(folder.parent.exists)
    folder.mkdir()
    folder.chmod(0o777)
    installed_file(machine).write_bytes(b"a program of somebody else")
    installed_file(machine).chmod(0o777)
    planted = folder / "mtawatch-agent.exe.new"  # a copy over it would leave it its owner and its list
    planted.write_bytes(b"a program of somebody else")
    planted.chmod(0o777)
    install()
    assert not planted.exists()
    assert installed_file(machine).read_bytes() == AGENT.read_bytes()
    assert not written_by_others(folder) and not written_by_others(installed_file(machine))
    _, text, errors = machine.run(PROGRAMS / "key_list.exe", r"MACHINE\Software\mtawatch")
    assert text.split() == ["S-1-5-18", "F", "S-1-5-32-544", "F", "S-1-5-32-545", "R"], errors


def test_the_service_closes_what_was_opened_since(machine, install):
    """As after a package, which sets no owners: each start of the service sees to it."""
    install()
    folder = installed_file(machine).parent
    for path in (folder, installed_file(machine)):
        path.chmod(0o777)
    stop(machine)
    machine.run("net", "start", "mtawatch-agent")
    until(lambda: not written_by_others(folder) and not written_by_others(installed_file(machine)))


def sockets(table, remote, state):
    """Is there a socket to that remote end, as /proc/net tells it?"""
    return any(line.split()[2:4] == [remote, state]
               for line in Path(f"/proc/thread-self/net/{table}").read_text().splitlines()[1:])


SYN_SENT, TIME_WAIT = "02", "06"  # include/net/tcp_states.h of Linux


def is_probing():
    return sockets("tcp", "0200FF0A:0087", SYN_SENT)  # 10.255.0.2, port 135


def is_looking_up():
    return any(line.split()[2].endswith(":0035")
               for line in Path("/proc/thread-self/net/udp").read_text().splitlines()[1:])


def test_a_probe_resets_its_connections_and_leaves_no_port_behind(machine, state):
    with socket.create_server(("", 135)) as mapper:  # a mapper that takes calls and never speaks
        status, text, errors = machine.run(AGENT, "report", "--probe-limit", "1", "--state-dir", on_windows(state))
        assert status == 0, errors
        assert [row["grade"] for row in json.loads(text)["self_probes"]] == ["tcp"]
        mapper.setblocking(False)
        connections = []
        with contextlib.suppress(BlockingIOError):
            while True:
                connections.append(mapper.accept()[0])
    for connection in connections:
        with connection, pytest.raises(ConnectionResetError):
            while connection.recv(1000):
                pass
    assert connections and not sockets("tcp", "0100FF0A:0087", TIME_WAIT)


def test_it_stops_in_time_while_a_probe_hangs(machine, collector, install, state):
    install("--collector", collector, "--peer", "EXCH2=10.255.0.2", "--probe-limit", "60")
    until(is_probing)
    expect_stop_in_time(machine)
    assert "event 101: " in log_of(state)


def test_it_stops_in_time_while_a_send_hangs(machine, install, state):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        install("--collector", f"http://127.0.0.1:{silent.getsockname()[1]}")
        silent.settimeout(30)
        connection, _ = silent.accept()
        assert connection.recv(10)
        expect_stop_in_time(machine)
        connection.close()
    assert "event 101: " in log_of(state)


def test_it_stops_in_time_while_a_name_lookup_hangs(machine, install, state):
    install("--collector", "http://collector.example")
    until(is_looking_up)
    expect_stop_in_time(machine)
    assert "event 101: " in log_of(state)


def test_without_a_collector_it_runs_and_judges_its_server_alone(machine, install, state):
    install()
    until(lambda: "event 202: " in log_of(state))
    assert "No collector is set: until one is, it judges this server alone." in log_of(state)
    assert "It is this server's own; no collector is set." in log_of(state)
    assert machine.service_state() == "RUNNING"


def test_after_a_crash_and_a_restart_it_is_the_same_agent(machine, collector, install, state):
    install("--collector", collector)
    until(lambda: (state / "sequence").exists())
    identity = (state / "identity").read_text()
    assert machine.run("taskkill", "/f", "/im", "mtawatch-agent.exe")[0] == 0
    assert "event 101: " not in log_of(state)
    machine.stop()
    machine.start()
    until(lambda: log_of(state).count("event 100: ") == 2)
    assert machine.service_state() == "RUNNING"
    assert (state / "identity").read_text() == identity


def test_a_service_that_cannot_run_says_why(machine, collector, install, state):
    install("--collector", collector)
    stop(machine)
    shutil.rmtree(state)
    state.write_text("a file where the directory has to be")
    status, text, errors = machine.run(AGENT, "install")
    assert status == 2
    assert "exit status 2" in errors and "mtawatch-agent ended right after its start" in errors
    assert machine.service_state() == "STOPPED"
    state.unlink()


def test_install_again_replaces_a_running_program_and_keeps_the_rest(machine, collector, install,
                                                                       state, tmp_path):
    install("--collector", collector, "--interval", "600")
    until(lambda: (state / "sequence").exists())
    identity = (state / "identity").read_text()
    newer = tmp_path / "mtawatch-agent.exe"
    newer.write_bytes(AGENT.read_bytes() + b"newer")
    text, _ = install("--interval", "900", program=newer)
    assert "service   mtawatch-agent was there, and is stopped" in text
    assert installed_file(machine).read_bytes() == newer.read_bytes()
    settings = machine.reg(SETTINGS)
    assert (settings["CollectorUrl"], settings["IntervalSec"]) == (collector, "0x384")
    assert machine.service_state() == "RUNNING"
    assert (state / "identity").read_text() == identity


def test_the_words_of_the_events_are_written_again_only_where_they_differ(machine, install):
    install()
    words = installed_file(machine).with_name(events_name())
    before = words.stat()
    older = words.with_name("mtawatch-events-000000000000.dll")
    older.write_bytes(b"words of before")
    install()
    after = words.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns) and not older.exists()
    words.write_bytes(b"damaged")
    words.chmod(0o444)
    install()
    assert words.read_bytes() == EVENTS_DLL.read_bytes() and not written_by_others(words)
    assert sorted(path.name for path in words.parent.iterdir()) == ["mtawatch-agent.exe", words.name]


def test_a_program_that_somebody_runs_or_may_only_read_is_replaced_and_removed(machine, install, state,
                                                                               tmp_path):
    """As one that came from a CD, while a command of it runs."""
    install()
    folder = installed_file(machine).parent
    newer = tmp_path / "mtawatch-agent.exe"
    newer.write_bytes(AGENT.read_bytes() + b"newer")
    for path in (installed_file(machine), newer):
        path.chmod(0o444)
    with (tmp_path / "run").open("wb") as out:
        runs = subprocess.Popen([*machine.command, "--", PROGRAM, "run", "--collector", "http://127.0.0.1:9",
                                 "--state-dir", on_windows(tmp_path / "state")],
                                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    until(lambda: (tmp_path / "state/sequence").exists())
    install(program=newer)
    assert machine.service_state() == "RUNNING"
    assert installed_file(machine).read_bytes() == newer.read_bytes()
    aside = folder / "mtawatch-agent.exe.old0"
    assert aside.read_bytes() == AGENT.read_bytes()
    assert runs.poll() is None
    runs.terminate()
    runs.wait(timeout=30)
    aside.unlink()  # what Windows does when it starts
    installed_file(machine).chmod(0o444)
    status, _, errors = machine.run(AGENT, "uninstall")
    assert (status, errors) == (0, "")
    until(lambda: not folder.exists())


def test_uninstall_leaves_nothing(machine, collector, install, state):
    install("--collector", collector)
    until(lambda: list((state / "spool").glob("*.report")))
    status, text, errors = machine.run(AGENT, "uninstall")
    assert (status, errors) == (0, "")
    assert "service   mtawatch-agent removed" in text
    assert machine.service_state() is None
    assert machine.reg(SETTINGS) is None and machine.reg(SOURCE) is None
    assert machine.reg(SERVICE) is None
    assert not installed_file(machine).parent.exists() and not state.exists()


def test_uninstall_leaves_the_spool_where_that_is_asked(machine, collector, install, state):
    install("--collector", collector)
    reports = until(lambda: list((state / "spool").glob("*.report")))
    status, _, errors = machine.run(AGENT, "uninstall", "--keep-state")
    assert (status, errors) == (0, "")
    assert sorted(path.name for path in state.iterdir()) == ["rejected", "spool"]
    assert set(reports) <= set((state / "spool").iterdir())


def test_install_warns_of_what_cannot_work(machine, install):
    _, errors = install("--collector", "https://127.0.0.1:1", "--ca-file", r"C:\no\such.pem")
    assert re.search(r"warning: https://127\.0\.0\.1:1 names an address", errors)
    assert re.search(r"warning: the certificates of C:\\no\\such\.pem cannot be read", errors)
    _, errors = install("--collector", "https://127.0.0.1:1",
                        "--pin", "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    assert errors == ""


def test_install_leaves_a_package_alone(machine):
    machine.run("reg", "add", SETTINGS, "/v", "Package", "/d", "{1}", "/f")
    for command in ("install", "uninstall"):
        status, text, errors = machine.run(AGENT, command)
        assert (status, text) == (2, "")
        assert "this machine has the agent's package ({1})" in errors
    machine.run("reg", "delete", SETTINGS, "/f")


def test_the_service_command_is_for_the_service_manager_alone(machine):
    status, text, errors = machine.run(AGENT, "service")
    assert (status, text) == (2, "")
    assert "this command is for the service manager alone" in errors


@pytest.mark.parametrize("page", ["docs/agents.md", "agent/deploy/GROUP-POLICY.md"])
def test_the_line_of_a_page_is_taken_word_for_word(machine, install, page):
    command = blocks(page, "run by test_windows_service.py")[-1]
    words = re.search(r"mtawatch-agent(?:\.exe)? install (.*)", command.text)[1].split()
    assert words[::2] == ["--collector", "--ca-file", "--enroll-secret-file"]
    text, _ = install(*words)
    assert "service   mtawatch-agent runs" in text
    found = machine.reg(SETTINGS)
    assert [found["CollectorUrl"], found["CaFile"], found["EnrollSecretFile"]] == words[1::2]


def test_the_shutdown_script_of_the_guide_writes_its_line(machine, install, tmp_path):
    command = blocks("agent/deploy/GROUP-POLICY.md", "run by test_windows_service.py")[0]
    install("--collector", "https://collector.example:8285")
    script = tmp_path / "shutdown.bat"
    script.write_text(command.text.replace("\n", "\r\n"))
    machine.run("cmd", "/c", on_windows(script))
    assert (machine.folder / "prefix/drive_c/windows/mtawatch-restart.log").read_text().strip()
