"""The collector under its administrator: settings, signals, the service manager, the log."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import identity  # noqa: E402
from waiting import until  # noqa: E402

PROGRAM = Path(os.environ.get("MTAWATCH_BUILD", ROOT / "build/sanitize")) / "collector/mtawatch-collector"
PATIENCE_S = 30


def run(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True,
                          timeout=PATIENCE_S)


@contextmanager
def serving(tmp_path, *arguments, log="log", **environment):
    """A collector that serves; its log is the file tmp_path/LOG."""
    identity.set_up(PROGRAM, tmp_path / "data")
    with open(tmp_path / log, "ab") as out:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data", *map(str, arguments)],
            stdout=subprocess.PIPE, stderr=out, text=True, env=os.environ | environment)
    try:
        assert process.stdout.readline().startswith("listening on ")
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


def wait_for(text, file):
    """The log once it holds a text."""
    return until(lambda: text in (log := file.read_text()) and log, lambda: f"no '{text}' in: {file.read_text()}")


@pytest.fixture
def config(tmp_path):
    return tmp_path / "collector.conf"


def test_check_config_names_every_fault_with_its_line(config):
    config.write_text("# ours\nlisten = 127.0.0.1:0\n\nlog-levle = info\nallow-plain = maybe\n")
    checked = run("serve", "--config", config, "--check-config")
    assert checked.returncode == 2 and checked.stdout == ""
    assert checked.stderr.splitlines() == [
        f'mtawatch-collector: {config}, line 4: there is no key "log-levle"; did you mean "log-level"?',
        f'mtawatch-collector: {config}, line 5: allow-plain "maybe": expected yes or no']


def test_check_config_of_a_good_file_opens_nothing(config, tmp_path):
    config.write_text(f"data = {tmp_path / 'data'}\n")
    checked = run("serve", "--config", config, "--check-config")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "the settings are good\n", "")
    assert not (tmp_path / "data").exists()


def test_print_config_tells_where_each_setting_comes_from(config):
    config.write_text("log-level = debug\n[hook pager]\ntype = command\ncommand = /bin/true\n")
    printed = run("serve", "--config", config, "--print-config", "--data", "/srv/m").stdout
    assert f"# ({config}, line 1)\nlog-level = debug\n" in printed
    assert "# (command line)\ndata = /srv/m\n" in printed
    assert "\n#listen = 127.0.0.1:8285\n" in printed
    assert printed.endswith(f"# ({config}, line 2)\n[hook pager]\ntype = command\ncommand = /bin/true\n\n")


def test_a_hangup_takes_over_what_can_change_and_says_what_cannot(config, tmp_path):
    config.write_text("log-level = info\n")
    with serving(tmp_path, "--config", config) as process:
        config.write_text("log-level = debug\nhook-command = /bin/true\n")
        process.send_signal(signal.SIGHUP)
        log = wait_for("log-level is debug", tmp_path / "log")
        assert "hook-command is /bin/true" in log
        process.send_signal(signal.SIGHUP)
        wait_for("the settings were read again: nothing changed", tmp_path / "log")
        assert process.poll() is None


def test_a_hangup_with_a_broken_file_changes_nothing(config, tmp_path):
    config.write_text("log-format = json\n")
    with serving(tmp_path, "--config", config) as process:
        config.write_text("log-format = text\nlog-level = loud\n")
        process.send_signal(signal.SIGHUP)
        log = wait_for("the settings stay as they were", tmp_path / "log")
        line = json.loads(log.splitlines()[-1])
        assert line["level"] == "error" and f"{config}, line 2: log-level" in line["message"]
        assert process.poll() is None


@pytest.mark.parametrize("abstract", [False, True])
def test_the_service_manager_is_told_of_every_turn(abstract, config, tmp_path):
    config.write_text("")
    name = f"mtawatch-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name if abstract else name)
        manager.settimeout(PATIENCE_S)
        told = lambda: manager.recv(4096).decode()  # noqa: E731
        with serving(tmp_path, "--config", config, NOTIFY_SOCKET="@" + name if abstract else name,
                     WATCHDOG_USEC="400000") as process:
            first = told()
            assert first.startswith("READY=1\nSTATUS=listening on 127.0.0.1:")
            assert [told(), told()] == ["WATCHDOG=1", "WATCHDOG=1"]
            process.send_signal(signal.SIGHUP)
            while (reloading := told()) == "WATCHDOG=1":
                pass
            assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
            assert told() == first
            process.terminate()
            while (last := told()) == "WATCHDOG=1":
                pass
            assert last == "STOPPING=1\nSTATUS=ending"
            assert process.wait(PATIENCE_S) == 0


def test_somebody_elses_watchdog_is_not_fed(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_S)
        with serving(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="1000",
                     WATCHDOG_PID="1"):
            assert manager.recv(4096).startswith(b"READY=1")
        assert manager.recv(4096).startswith(b"STOPPING=1")


def with_files_that_are_there(line, folder):
    key, _, value = line.partition(" = ")
    if not value.startswith("/etc/") and not value.startswith("/usr/"):
        return line
    there = folder / key
    there.write_text(("" if key == "routing-key-file" else "whsec_") + "A" * 32)
    there.chmod(0o700)
    return f"{key} = {there}"


def test_the_example_configuration_is_accepted_with_every_line_in_force(tmp_path):
    example = (PROGRAM.parent / "collector.conf").read_text()
    settings = [line[1:] for line in example.splitlines() if line.startswith("#") and line[1] != " "]
    assert len(settings) > 5
    config = tmp_path / "all.conf"
    config.write_text("\n".join(with_files_that_are_there(s, tmp_path) for s in settings if s[-2:] != "= ") + "\n")
    checked = run("serve", "--config", config, "--check-config")
    assert checked.returncode == 0, checked.stderr
    printed = run("serve", "--config", config, "--print-config").stdout
    for heading in ["[alerts]", "[maintenance patches]", "[hook alive]"]:
        assert heading in printed


def test_the_unit_is_valid_and_gives_little_away(tmp_path):
    """systemd itself reads it; `analyze security` counts exposure in tenths, 100 is everything."""
    unit = tmp_path / "mtawatch-collector.service"
    text = (PROGRAM.parent / unit.name).read_text()
    unit.write_text(text.replace("/usr/local/bin/mtawatch-collector", str(PROGRAM)))
    for check in (["verify", "--man=no"], ["security", "--offline=true", "--threshold=20", "--no-pager"]):
        checked = subprocess.run(["systemd-analyze", *check, unit], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not any(line for line in checked.stderr.splitlines() if unit.name in line), checked.stderr
