"""Where browsers find the collector: `init` writes it, and what alerts link to follows; without it a collector with hooks
says what is missing."""

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


def test_init_writes_the_address_and_alerts_link_to_it(tmp_path):
    data = tmp_path / "data"
    with Collector(data):
        pass  # set up by an init that was not told
    (data / "collector.conf").unlink()
    assert URL in init(data, "--external-url", URL).stdout
    with Collector(data, "--config", data / "collector.conf") as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        alert, = until(lambda: collector.get("/v1/alerts?condition=exposed")["alerts"])
        assert alert["url"] == URL + "?server=EXCH1"


@pytest.mark.parametrize("words, url", [
    (["--host", "mail.example"], "http://mail.example:8285/"), (["--host", "::1"], "http://[::1]:8285/"),
    (["--host", "mail.example", "--listen", "127.0.0.1:443"], "http://mail.example:443/"), ([], None)])
def test_by_itself_it_is_the_first_name_and_the_port(tmp_path, words, url):
    shown = init(tmp_path / "data", *words).stdout
    lines = (tmp_path / "data/collector.conf").read_text().splitlines()
    assert (f"external-url = {url}" if url else "#external-url = ") in lines
    assert (url or "alerts will have no links") in shown


@pytest.mark.parametrize("url", ["mtawatch.example", "https://mtawatch.example/?x", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_made(tmp_path, url):
    assert "external-url" in init(tmp_path / "data", "--external-url", url, status=2).stderr
    assert not (tmp_path / "data").exists()


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
