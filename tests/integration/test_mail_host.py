"""Alert mail that would go through an MTA that mtawatch watches: told before it is needed."""

import subprocess

import pytest
from running import PROGRAM, Collector, exposed_site

GOOD = "the settings are good\n"


def write(tmp_path, host, port=25):
    config = tmp_path / "collector.conf"
    config.write_text(f"data = {tmp_path / 'data'}\n[hook mail]\ntype = email\nsmtp = smtp://{host}:{port}\n"
                      "from = a@example.com\nto = b@example.com\nstarttls = never\n")
    return config


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60)


def check(config):
    return run("serve", "--config", config, "--check-config")


@pytest.fixture
def fleet(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    with Collector(str(tmp_path / "data")) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        assert collector.ask("/v1/inventory", "PUT", "EXCH8\n", {"Content-Type": "text/csv"})[0] == 200
        yield tmp_path


@pytest.mark.parametrize("host", ["exch1", "Exch1.acme.example", "EXCH8.acme.example"])
def test_a_mail_server_that_is_watched_is_warned_of(fleet, host):
    checked = check(write(fleet, host))
    assert checked.returncode == 0 and checked.stdout != GOOD
    assert f"warning: [hook mail]: {host} is a server that mtawatch watches" in checked.stderr


@pytest.mark.parametrize("host", ["mail.acme.example", "exch10", "127.0.0.1", "[::1]"])
def test_any_other_is_not(fleet, host):
    checked = check(write(fleet, host))
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, GOOD, "")


def test_a_store_that_is_not_there_or_none_stays_so(tmp_path):
    config = write(tmp_path, "exch1")
    assert check(config).stdout == GOOD and not (tmp_path / "data").exists()
    (tmp_path / "data").mkdir(mode=0o700)
    assert check(config).stdout == GOOD and list((tmp_path / "data").iterdir()) == []


def test_a_try_says_so_too(fleet):
    tried = run("hook", "test", "mail", "--config", write(fleet, "exch1.invalid", 9))
    assert "Mail about an MTA that is down must not go through that MTA" in tried.stdout
    assert "warning: [hook mail]: exch1.invalid is a server that mtawatch watches" in tried.stdout
