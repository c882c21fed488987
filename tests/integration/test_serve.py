"""How `serve` begins and ends, what is wrong with its options, and the help of every command."""

import copy
import signal
import socket
import subprocess

import pytest
from running import PATIENCE, PROGRAM, Collector, ask, exposed_site, set_up


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


# Beginning and ending

def without_age(listed):
    shown = copy.deepcopy(listed["servers"])
    for entry in shown:
        del entry["age_s"]
    return shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_restart_keeps_the_fleet(tmp_path, number):
    with Collector(tmp_path / "data") as first:
        for report in exposed_site():
            assert first.post(report)[0] == 200
        before = first.get("/v1/servers")
        etag = first.ask("/v1/servers")[1]["ETag"]
        first.end(number)
    with Collector(tmp_path / "data") as second:
        assert without_age(second.get("/v1/servers")) == without_age(before)
        assert second.ask("/v1/servers", headers={"If-None-Match": etag})[0] == 200
        assert second.post(exposed_site()[0])[1]["verdict"] == "exposed"


def test_the_end_does_not_wait_for_idle_or_half_asked_connections(tmp_path):
    with Collector(tmp_path / "data") as running:
        idle = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)
        half = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)
        half.sendall(b"GET /livez HT")
        kept = running.connect()
        assert ask(kept, "/livez")[0] == 200
        running.end()
        assert idle.recv(1) == b""
        for peer in (idle, half, kept):
            peer.close()


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE)


def test_a_second_collector_on_the_same_data_is_refused(collector, tmp_path):
    ended = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data")
    assert ended.returncode == 1 and ended.stdout == ""
    assert str(tmp_path / "data") in ended.stderr


def test_a_port_that_is_taken_is_named(collector, tmp_path):
    set_up(PROGRAM, tmp_path / "other")
    ended = run("serve", "--listen", f"127.0.0.1:{collector.port}", "--data", tmp_path / "other")
    assert ended.returncode == 1
    assert f"could not listen on 127.0.0.1:{collector.port}: address already in use" in ended.stderr


def test_plain_http_for_other_machines_has_to_be_allowed_by_name(tmp_path):
    ended = run("serve", "--listen", "0.0.0.0:0", "--data", tmp_path / "data")
    assert ended.returncode == 2
    assert 'listen "0.0.0.0:0": it can be reached from other machines' in ended.stderr
    assert "--allow-plain" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_allowed_by_name_it_listens_everywhere(tmp_path):
    set_up(PROGRAM, tmp_path / "data")
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "0.0.0.0:0", "--allow-plain", "--data",
                                tmp_path / "data"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("listening on http://0.0.0.0:")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


@pytest.mark.parametrize("arguments, words", [
    (["--lisen", "x"], 'there is no option "lisen"; did you mean "listen"?'),
    (["--listen"], "--listen needs a value: --listen ADDRESS:PORT"),
    (["--listen", "8285"], 'listen "8285": expected ADDRESS:PORT'),
    (["--allow-plain=maybe"], 'allow-plain "maybe": expected yes or no'),
    (["now"], '"now" is no option'),
    (["--data="], 'data "": expected a directory'),
    (["--config", "/nonexistent"], "could not open /nonexistent: No such file or directory"),
])
def test_a_wrong_option_is_named(arguments, words):
    ended = run("serve", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr


@pytest.mark.parametrize("text, words", [
    ("# comment\n\nlisten 127.0.0.1:0\n", 'line 3: expected "key = value"'),
    ("listen = 127.0.0.1:0\ncolour = red\n", 'line 2: there is no key "colour"'),
    ("config = other\n", 'line 1: there is no key "config"'),
])
def test_a_wrong_line_of_the_file_is_named(tmp_path, text, words):
    file = tmp_path / "collector.conf"
    file.write_text(text)
    ended = run("serve", "--config", file)
    assert ended.returncode == 2
    assert f"{file}, {words}" in ended.stderr


def test_the_command_line_comes_before_the_file(tmp_path):
    file = tmp_path / "collector.conf"
    file.write_text(f"# where to\n  listen = 10.0.0.1:1 \ndata={tmp_path}/from-file\n")
    with Collector(tmp_path / "data", "--config", file):
        pass
    assert not (tmp_path / "from-file").exists()
    set_up(PROGRAM, tmp_path / "from-file")
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--config", file],
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("listening on ")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stdout.close()
    assert (tmp_path / "from-file/mtawatch.lock").exists()


def test_a_data_directory_that_is_not_set_up_is_told_how(tmp_path):
    ended = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"first run: mtawatch-collector init --data {tmp_path}/data --host NAME" in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["assess", "-h"]])
def test_help_begins_with_examples(arguments):
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.index("Examples:") < ended.stdout.index("Options")


def test_without_a_command_the_usage_goes_to_standard_error():
    ended = run()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Commands:" in ended.stderr and "expected a command" in ended.stderr


def test_an_unknown_command_is_told_with_what_was_probably_meant():
    ended = run("sevre", "--data", "x")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "mtawatch-collector: there is no command 'sevre'; did you mean 'serve'?\n"
    ended = run("frobnicate")
    assert ended.returncode == 2
    assert ended.stderr.endswith("no command 'frobnicate'; see mtawatch-collector --help\n")


def test_every_command_has_help_of_its_own():
    listed = run("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [line.split()[0] for line in listed.splitlines()]
    assert {"serve", "assess"} <= set(names)
    for name in names:
        ended = run(name, "--help")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith(f"mtawatch-collector {name}: ")
        assert f" mtawatch-collector {name}" in ended.stdout.partition("\nExamples:\n")[2]


def test_the_version_is_told():
    ended = run("--version")
    assert ended.returncode == 0
    assert ended.stdout.startswith("mtawatch-collector ")
