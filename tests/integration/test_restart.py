"""May a server be restarted? The collector, its commands and the agent answer alike."""

import pathlib
import subprocess
import sys
import tempfile

import pytest
from agent_rig import AGENT
from running import PATIENCE, PROGRAM, Collector, exposed_site, faulty, row
from test_clock import Clock, post
from waiting import until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from lab.exchange_disk import ExchangeDisk  # noqa: E402

YES, CANNOT_TELL, NO = 0, 3, 4


def failing(site):
    """The first server of the site with its MTA down, for 11004."""
    site[0]["mta"] = {"service": "stopped", "start_type": "auto", "last_start": {
        "at": "2026-11-22T19:31:00Z", "outcome": "failed", "events": [
            {"id": 9321, "at": "2026-11-22T19:31:00Z", "nt_error": 11004}, {"id": 9266, "at": "2026-11-22T19:31:00Z"}]}}
    return site


def mended(site):
    rows = [row(adapter, peer, origin, to) for adapter, origin in (("A", "10.0.0.1"), ("B", "10.9.0.1"))
            for peer, to in (("EXCH2", "10.0.0.2"), ("EXCH3", "10.0.0.3"))]
    for one in rows:
        one["via"] = one["adapter"]
    return [{**site[0], "probes": rows, "sequence": 2}, *({**one, "sequence": 2} for one in site[1:])]


def answer(collector, name):
    got = collector.get(f"/v1/servers/{name}/restart")
    assert got["restart"] == collector.get(f"/v1/servers/{name}").get("restart")
    return got["restart"], got["text"]


def reason(collector, name):
    return collector.get(f"/v1/servers/{name}")["reasons"][0]["text"]


def check(collector, *words):
    with tempfile.NamedTemporaryFile("w") as token:
        token.write(collector.token + "\n")
        token.flush()
        return subprocess.run([PROGRAM, "restart-check", *words, "--url", collector.url, "--token-file", token.name],
                              capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("restart") / "data") as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        yield running


def test_an_exposed_server_may_not_be_restarted_and_its_peers_may(collector):
    why = reason(collector, "EXCH1")
    assert answer(collector, "exch1") == ("no", f"No, its MTA would not start again. {why}")
    assert answer(collector, "EXCH2") == ("yes", f"Yes, it may be restarted. {reason(collector, 'EXCH2')}")
    listed = {one["server"]: one["restart"] for one in collector.get("/v1/servers")["servers"]}
    assert listed == {"EXCH1": "no", "EXCH2": "yes", "EXCH3": "yes"}


def test_the_command_tells_of_servers_and_of_sites(collector):
    shown = check(collector, "EXCH2", "EXCH1")
    assert (shown.returncode, shown.stderr) == (NO, "")
    assert [line.split(".")[0] for line in shown.stdout.splitlines()] == [
        "EXCH2: Yes, it may be restarted", "EXCH1: No, its MTA would not start again"]
    assert check(collector, "EXCH2", "EXCH3").returncode == YES
    shown = check(collector, "--site", "HQ")
    assert shown.returncode == NO
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[0] == ["RESTART", "SERVER", "SITE", "VERDICT", "REPORT", "REASON"]
    assert [line[:2] for line in lines[1:]] == [["no", "EXCH1"], ["yes", "EXCH2"], ["yes", "EXCH3"]]


def test_the_command_says_what_it_cannot_do(collector):
    assert check(collector).returncode == check(collector, "EXCH1", "--site", "HQ").returncode == 2
    unknown = check(collector, "EXCH2", "NOBODY")
    assert unknown.returncode == 1 and unknown.stdout.startswith("EXCH2: Yes") and "NOBODY" not in unknown.stdout
    assert "No server of this name has reported" in unknown.stderr


def test_a_server_that_should_be_there_cannot_be_told(tmp_path):
    with Collector(tmp_path / "data") as collector:
        status, _ = collector.ask("/v1/inventory", "PUT", b"server,organization,site\nEXCH9,ACME,HQ\n",
                                  {"Content-Type": "text/csv"})[:2]
        assert status == 200
        what, text = answer(collector, "EXCH9")
        assert what == "cannot_tell" and "has never reported" in text
        assert check(collector, "EXCH9").returncode == CANNOT_TELL


def test_a_failing_server_that_was_mended_has_to_be_started_first(tmp_path):
    with Collector(tmp_path / "data") as collector:
        for report in failing(exposed_site()):
            assert collector.post(report)[0] == 200
        assert answer(collector, "EXCH1")[0] == "no"
        for report in mended(failing(exposed_site())):
            assert collector.post(report)[0] == 200
        assert collector.get("/v1/servers/EXCH1")["verdict"] == "failing"
        what, text = answer(collector, "EXCH1")
        assert what == "cannot_tell" and "Start the MTA first, and see." in text


def test_nobody_can_tell_it_of_a_silent_server(tmp_path):
    clock = Clock(tmp_path)
    with faulty(tmp_path / "data", environment=clock.environment) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        assert answer(collector, "EXCH2")[0] == "yes"
        clock.set(3600)
        post(collector, exposed_site()[2:], 2)  # by which it notices
        until(lambda: collector.get("/v1/servers/EXCH2")["silent"])
        what, text = answer(collector, "EXCH2")
        assert what == "cannot_tell"
        assert text.startswith("Cannot tell whether its MTA would start again: no report has come since 20")
        assert f"It was clear then: {reason(collector, 'EXCH2')}" in text
        assert answer(collector, "EXCH1")[0] == "cannot_tell"


@pytest.mark.parametrize("state, status, begins", [
    ("failing", 1, "EXCH1: No, its MTA would not start again."), ("well", 3, "EXCH1: Cannot tell whether its MTA would")])
def test_the_agent_answers_for_its_own_server(tmp_path, state, status, begins):
    disk = ExchangeDisk(tmp_path / "disk", "EXCH1")
    if state == "failing":
        disk.failed_to_start()
        disk.service("stopped")
    done = subprocess.run([AGENT, "check", "--before-restart", "--windows-root", tmp_path / "disk", "--disk-only",
                           "--state-dir", tmp_path / "state"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == status, done
    assert " ".join(done.stdout.split()).startswith(begins)
