"""Where browsers find the collector: `init` is told it, or asks; without it a collector with hooks says what is missing."""

import os
import pty
import subprocess

import pytest
from running import PROGRAM, Collector, exposed_site, faulty
from waiting import until

URL = "https://mtawatch.example/watch/"


def init(data, *arguments, status=0):
    done = subprocess.run([PROGRAM, "init", "--data", data, "--no-certificate", *arguments], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == status, done
    return done


def on_a_terminal(data, answer, *arguments):
    """(exit status, what is shown) of an init whose question gets that answer."""
    master, slave = pty.openpty()
    with subprocess.Popen([PROGRAM, "init", "--data", data, *arguments], stdin=slave, stdout=slave, stderr=slave) as done:
        os.close(slave)
        shown = b""
        while b"> " not in shown:
            shown += os.read(master, 4096)
        os.write(master, answer.encode() + b"\n")
        try:
            while part := os.read(master, 4096):
                shown += part
        except OSError:
            pass  # it has ended
    os.close(master)
    return done.returncode, shown.decode()


def test_init_keeps_the_address_and_alerts_link_to_it(tmp_path):
    data = tmp_path / "data"
    with Collector(data):
        pass  # set up by an init that was not told
    assert URL in init(data, "--external-url", URL).stdout
    assert (data / "external-url").read_text() == URL + "\n"
    assert "was there already" in init(data).stdout  # nobody is asked again
    shown = subprocess.run([PROGRAM, "serve", "--data", data, "--print-config"], capture_output=True, text=True)
    assert f"external-url = {URL}" in shown.stdout and str(data / "external-url") in shown.stdout
    with Collector(data) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        alert, = until(lambda: collector.get("/v1/alerts?condition=exposed")["alerts"])
        assert alert["url"] == URL + "?server=EXCH1"


def test_the_settings_go_before_what_init_was_told(tmp_path):
    data = tmp_path / "data"
    init(data, "--external-url", URL)
    shown = subprocess.run([PROGRAM, "serve", "--data", data, "--external-url", "https://other.example/", "--print-config"],
                           capture_output=True, text=True)
    assert "external-url = https://other.example/" in shown.stdout and URL not in shown.stdout


@pytest.mark.parametrize("url", ["mtawatch.example", "https://mtawatch.example/?x", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_made(tmp_path, url):
    assert "external-url" in init(tmp_path / "data", "--external-url", url, status=2).stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("answer, kept", [
    ("", "https://mail.example:8285/\n"), (URL, URL + "\n"), ("-", None),
])
def test_init_asks_for_it_at_a_terminal(tmp_path, answer, kept):
    status, shown = on_a_terminal(tmp_path / "data", answer, "--host", "mail.example")
    assert status == 0, shown
    file = tmp_path / "data" / "external-url"
    assert (file.read_text() if file.exists() else None) == kept


def test_a_collector_with_hooks_says_what_its_alerts_lack(tmp_path):
    config = tmp_path / "collector.conf"
    config.write_text("[hook ops]\ntype = command\ncommand = /bin/true\n")
    with faulty(tmp_path / "data", "--config", config) as collector:
        pass
    assert "external-url" in collector.log
    with faulty(tmp_path / "other", "--config", config, "--external-url", URL) as collector:
        pass
    assert "external-url" not in collector.log
    with faulty(tmp_path / "none") as collector:
        pass
    assert "external-url" not in collector.log
