"""Keys, tokens and databases lie in directories that nobody else may change; what others have planted
there is neither written through nor followed. Run by root."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from agent_rig import AGENT, Roll, StandIn  # noqa: E402
from running import PROGRAM, Collector, minimal, set_up  # noqa: E402

EVE = 54321  # another user
SECRET = "mtw_e" + "0123456789abcdef" * 4

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


@pytest.fixture
def collector():
    stand_in = StandIn(roll=Roll(SECRET))
    yield stand_in
    stand_in.close()


def agent(*arguments):
    return subprocess.run([AGENT, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def enrol(folder, collector):
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    return agent("run", "--once", "--state-dir", folder / "state", "--probe-limit", "1", "--collector",
                 collector.url, "--enroll-secret-file", secret)


def command(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("planted", ["a file", "a link", "a pipe"])
def test_what_is_planted_in_the_way_of_a_key_is_not_written_through(tmp_path, collector, planted):
    state = tmp_path / "state"
    state.mkdir(0o700)
    target = tmp_path / "target"
    target.write_text("")
    temporary = state / "key.tmp"
    if planted == "a file":
        os.link(target, temporary)
    elif planted == "a link":
        temporary.symlink_to(target)
    else:
        os.mkfifo(temporary)
    os.chown(temporary, EVE, EVE, follow_symlinks=False)
    done = enrol(tmp_path, collector)
    assert done.returncode == 0, done.stderr
    facts = (state / "key").lstat()
    assert (facts.st_uid, stat.S_IMODE(facts.st_mode), stat.S_ISREG(facts.st_mode)) == (0, 0o600, True)
    assert target.read_text() == ""


@pytest.mark.parametrize("mode,owner,words", [
    (0o700, EVE, f"belongs to the user without a name ({EVE})"),
    (0o777, 0, "everybody could replace what is kept in the directory"),
    (0o770, 0, "every user of its group could replace"),
])
def test_a_state_directory_that_others_may_change_is_refused(tmp_path, collector, mode, owner, words):
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    os.chown(state, owner, owner)
    done = enrol(tmp_path, collector)
    assert done.returncode == 2 and words in done.stderr and str(state) in done.stderr
    assert list(state.iterdir()) == [] and collector.enrolments == []
    assert words in agent("doctor", "--state-dir", state, "--collector", collector.url).stdout
    (state / "key").write_text("not ours")
    done = agent("forget", "--state-dir", state)
    assert done.returncode == 2 and words in done.stderr and (state / "key").exists()


def test_a_link_of_anothers_leads_to_no_state_directory(tmp_path, collector):
    real = tmp_path / "real"
    real.mkdir(0o700)
    state = tmp_path / "state"
    state.symlink_to(real)
    os.chown(state, EVE, EVE, follow_symlinks=False)
    assert enrol(tmp_path, collector).returncode == 2 and list(real.iterdir()) == []
    os.chown(state, 0, 0, follow_symlinks=False)
    assert enrol(tmp_path, collector).returncode == 0


def test_a_data_directory_that_others_may_change_is_refused(tmp_path):
    data = tmp_path / "data"
    set_up(PROGRAM, data)
    data.chmod(0o777)
    for words in (["serve", "--listen", "127.0.0.1:0"], ["backup", tmp_path / "copy.db"], ["check"],
                  ["init", "--no-certificate"], ["token", "list"]):
        done = command(words[0], *words[1:], "--data", data)
        assert done.returncode == 1, done.stdout
        assert f"everybody could replace what is kept in the directory {data}" in done.stderr
        assert f"chmod go-w {data}" in done.stderr
    data.chmod(0o755)
    assert command("check", "--data", data).returncode == 0


def as_eve(*arguments):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          user=EVE, group=EVE, extra_groups=[])


def test_a_user_works_in_no_directory_of_another_user(tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o055)
    data = tmp_path / "data"
    set_up(PROGRAM, data)
    data.chmod(0o755)
    os.chown(data, EVE + 1, EVE + 1)
    done = as_eve("check", "--data", data)
    assert done.returncode == 1 and f"belongs to the user without a name ({EVE + 1})" in done.stderr


@pytest.mark.parametrize("name", ["mtawatch.lock", "mtawatch.db"])
def test_root_works_for_a_services_user_and_follows_none_of_its_links(tmp_path, name):
    data = tmp_path / "data"
    set_up(PROGRAM, data)
    for path in (data, *data.iterdir()):
        os.chown(path, EVE, EVE)
    away = tmp_path / "link"
    away.symlink_to(data)  # root's own
    assert command("check", "--data", away).returncode == 0
    assert command("backup", tmp_path / "copy.db", "--data", data).returncode == 0
    with Collector(data) as running:
        assert running.get("/v1/servers")["servers"] == []
    target = tmp_path / "target"
    (data / name).rename(target)
    os.chown(target, 0, 0)
    (data / name).symlink_to(target)
    before = target.read_bytes() or b"text"
    target.write_bytes(before)
    done = command("serve", "--listen", "127.0.0.1:0", "--data", data)
    assert done.returncode == 1 and name in done.stderr
    assert target.read_bytes() == before
    if name == "mtawatch.db":
        assert command("check", "--data", data).returncode == 1
        assert command("token", "list", "--data", data).returncode == 1


def test_an_export_writes_through_no_link(tmp_path):
    data, folder, target = (tmp_path / name for name in ("data", "out", "target"))
    with Collector(data) as running:
        assert running.post(minimal())[0] == 200
    assert command("export", "--data", data, "--directory", folder).returncode == 0
    exported, = folder.iterdir()
    target.write_text("text")
    exported.unlink()
    exported.symlink_to(target)
    done = command("export", "--data", data, "--directory", folder)
    assert done.returncode == 1 and exported.name in done.stderr and target.read_text() == "text"
