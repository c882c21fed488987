"""`init` sets a collector up in one command: whole or not at all, for the right user, with its configuration."""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from running import PATIENCE, PROGRAM

NOBODY = 65534
MADE = {"agent-secret", "ca.crt", "ca.key", "collector.conf", "digest-until", "enroll-secret", "mtawatch.db", "mtawatch.lock",
        "server.crt", "server.key"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


def init(data, *arguments, **more):
    return subprocess.run([PROGRAM, "init", "--data", data, "--host", "localhost", *arguments], capture_output=True,
                          text=True, timeout=PATIENCE, **more)


def open_to_others(folder):
    """Other users reach what lies in it."""
    for part in (folder, *folder.parents[:3]):
        part.chmod(part.stat().st_mode | 0o055)


def names(directory):
    return {file.name for file in directory.iterdir()}


def serves(data):
    """Does a collector start with the configuration that is there, over HTTPS?"""
    with subprocess.Popen([PROGRAM, "serve", "--config", data / "collector.conf", "--listen", "127.0.0.1:0"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.terminate()
    return line.startswith("listening on https://127.0.0.1:") and process.returncode == 0


def test_the_configuration_that_it_writes_is_all_that_serve_needs(tmp_path):
    data = tmp_path / "with blanks" / "data"
    data.parent.mkdir()
    made = init("with blanks/data", "--listen", "0.0.0.0:9285", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "") and names(data) == MADE and names(data.parent) == {"data"}
    assert f"mtawatch-collector serve --config {data}/collector.conf\n" in made.stdout
    assert made.stdout.endswith("Then open https://localhost:9285/ and log in with the token.\n")
    said = [line for line in (data / "collector.conf").read_text().splitlines() if line and line[0] != "#"]
    assert said == ["listen = 0.0.0.0:9285", f"cert = {data}/server.crt", f"key = {data}/server.key", f"data = {data}",
                    "external-url = https://localhost:9285/"]
    assert serves(data)


def test_again_it_says_what_is_there_and_what_it_would_write(tmp_path):
    data = tmp_path / "data"
    assert init(data).returncode == 0
    config = data / "collector.conf"
    config.write_text(config.read_text().replace("\nlisten = ", "\n#listen = "))
    before = config.read_bytes()
    again = init(data, "--external-url", "https://mtawatch.example/")
    assert again.returncode == 0 and config.read_bytes() == before
    assert f"{config}  (was there already)\nIt stays as it is. A new one would also have:\n" \
        "  listen = 0.0.0.0:8285\n  external-url = https://mtawatch.example/\n" in again.stdout
    assert again.stdout.count("was there already") == 7 and "mtw_" not in again.stdout
    config.write_text("listn = 1\n")
    broken = init(data)
    assert broken.returncode == 2 and 'line 1: there is no key "listn"' in broken.stderr


@pytest.mark.parametrize("arguments, status, complaint", [
    (["--host", "no name!"], 1, "no name!"),
    (["--listen", "everywhere"], 2, 'listen "everywhere"'),
    (["--external-url", "mtawatch"], 2, 'external-url "mtawatch"'),
    (["--no-certificate", "--listen", "0.0.0.0:8285"], 2, "plain HTTP lets everybody"),
    (["--user", "no-such-user"], 2, "there is no user 'no-such-user'")])
def test_what_fails_leaves_nothing(tmp_path, arguments, status, complaint):
    failed = init(tmp_path / "data", *arguments)
    assert (failed.returncode, failed.stdout) == (status, "") and complaint in failed.stderr
    assert names(tmp_path) == set()
    (tmp_path / "data").mkdir()
    assert init(tmp_path / "data", *arguments).returncode == status
    assert names(tmp_path) == {"data"} and names(tmp_path / "data") == set()


def test_killed_at_any_moment_it_leaves_a_whole_directory_or_none(tmp_path):
    data = tmp_path / "data"
    begun = time.monotonic()
    assert init(tmp_path / "try").returncode == 0
    lasts = time.monotonic() - begun
    for part in range(12):
        process = subprocess.Popen([PROGRAM, "init", "--data", data, "--host", "localhost"], stdout=subprocess.DEVNULL)
        time.sleep(lasts * part / 10)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if data.exists():
            assert names(data) == MADE
            shutil.rmtree(data)
    assert init(data).returncode == 0 and names(tmp_path) == {"data", "try"} and serves(data)


def test_two_at_a_time_do_not_meet(tmp_path):
    parent = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(parent, fcntl.LOCK_EX)
    second = init(tmp_path / "data")
    assert second.returncode == 1 and f"another `mtawatch-collector init` is at work in {tmp_path}" in second.stderr
    os.close(parent)
    assert init(tmp_path / "data").returncode == 0


@as_root
def test_root_makes_it_for_the_user_of_the_service(tmp_path):
    open_to_others(tmp_path)
    data = tmp_path / "data"
    config = tmp_path / "etc/mtawatch.conf"
    token = tmp_path / "token"
    made = init(data, "--user", "nobody", "--config", config, "--token-file", token)
    assert (made.returncode, made.stderr) == (0, ""), made
    assert {(file.stat().st_uid, stat.S_IMODE(file.stat().st_mode) & 0o077) for file in
            [data, *(file for file in data.iterdir() if file.suffix != ".crt")]} == {(NOBODY, 0)}
    assert (config.stat().st_uid, stat.S_IMODE(config.stat().st_mode)) == (0, 0o644)
    assert (token.stat().st_uid, stat.S_IMODE(token.stat().st_mode)) == (0, 0o600)
    (data / "agent-secret").unlink()
    assert init(data, "--config", config).returncode == 0  # a directory stays its owner's
    assert (data / "agent-secret").stat().st_uid == NOBODY


@as_root
def test_a_directory_that_root_made_before_there_was_a_user_is_given_to_him(tmp_path):
    open_to_others(tmp_path)
    data = tmp_path / "data"
    assert init(data).returncode == 0 and data.stat().st_uid == 0
    assert init(data, "--user", "nobody").returncode == 0
    assert {file.stat().st_uid for file in [data, *data.iterdir()]} == {NOBODY}


@as_root
def test_without_rights_above_it_works_in_an_empty_directory(tmp_path):
    open_to_others(tmp_path)
    data = tmp_path / "data"
    data.mkdir(0o700)
    os.chown(data, NOBODY, NOBODY)
    nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    failed = init(data, "--host", "no name!", **nobody)
    assert failed.returncode == 1 and names(data) == set()
    assert init(data, **nobody).returncode == 0 and names(data) == MADE
    refused = init(tmp_path / "other", **nobody)
    assert refused.returncode == 1 and "run it as root, or name a directory of your own" in refused.stderr
    refused = init(data, "--config", tmp_path / "etc.conf", **nobody)
    assert refused.returncode == 1 and "run it as root, or name another file" in refused.stderr


def test_a_place_that_cannot_be_exchanged_is_filled_where_it_is(tmp_path):
    (tmp_path / "disk").mkdir()
    data = tmp_path / "data"
    data.symlink_to(tmp_path / "disk")
    assert init(data).returncode == 0 and data.is_symlink() and names(Path(tmp_path / "disk")) == MADE
