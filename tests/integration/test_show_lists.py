"""The commands that show lists of a running collector: page after page, and `alerts` in each state."""

import json
import os
import re
import subprocess
from urllib.parse import quote

import pytest
from receiver import Receiver
from running import JSON, PROGRAM, Collector, bearer, exposed_site, minimal, row, samples, server
from test_show import CONCERN, EXPOSED, FAILED, USAGE, on_a_terminal, show
from waiting import until

N = 2500
WELL = {"EXCH1": server("EXCH1", "10.0.0.1", [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"),
                                              row("A", "EXCH3", "10.0.0.1", "10.0.0.3")])}


def start(folder, *arguments):
    collector = Collector(folder / "data", *arguments)
    collector.token_file = folder / "token"
    collector.token_file.write_text(collector.token)
    return collector


def expect(collector, n):
    text = "".join(f"S{number:05}\n" for number in range(n))
    assert collector.ask("/v1/inventory", "PUT", text)[0] == 200


# Pages

@pytest.fixture(scope="module")
def many(tmp_path_factory):
    with start(tmp_path_factory.mktemp("lists")) as running:
        expect(running, N)
        for report in exposed_site():
            assert running.post(report)[0] == 200
        yield running


def named(shown):
    return [line.split()[2 if line.startswith("not monitored") else 1] for line in shown.stdout.splitlines()[1:]]


def test_a_list_is_shown_whole_page_after_page(many):
    shown = show(many, "servers")
    wanted = ["EXCH1", *(f"S{number:05}" for number in range(N)), "EXCH2", "EXCH3"]
    assert (shown.returncode, shown.stderr) == (EXPOSED, "") and named(shown) == wanted
    assert shown.stdout.count("VERDICT") == 1
    turned = show(many, "servers", "--sort", "-server")
    assert named(turned) == sorted(wanted, reverse=True)


def test_json_of_all_pages_is_one_answer(many):
    shown = show(many, "servers", "--json", "--sort", "server")
    whole, first = json.loads(shown.stdout), many.get("/v1/servers?sort=server")
    assert set(whole) == set(first) and whole["counts"] == first["counts"]
    assert whole["matched"] == len(whole["servers"]) == N + 3
    assert [s["server"] for s in whole["servers"]] == sorted(s["server"] for s in whole["servers"])
    one = show(many, "servers", "--json", "EXCH1")
    assert len(json.loads(one.stdout)["servers"]) == 1
    none = show(many, "servers", "--json", "nobody")
    assert json.loads(none.stdout)["servers"] == [] and none.returncode == 0


@pytest.mark.parametrize("limit", [1, 999, 1000, 1001, 2000, N + 2, N + 3, N + 4, 999999])
def test_a_limit_is_that_of_all_pages(many, limit):
    n = min(limit, N + 3)
    assert len(json.loads(show(many, "servers", "--json", "--limit", str(limit)).stdout)["servers"]) == n
    lines = show(many, "servers", "--limit", str(limit)).stdout.splitlines()
    more = [line for line in lines if line.startswith("... and")]
    assert len(lines) - len(more) == n + 1
    assert more == ([f"... and {N + 3 - n} more; see --limit"] if n < N + 3 else [])


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1x", "9999999999"])
def test_what_is_no_limit_is_refused(many, limit):
    shown = show(many, "servers", "--limit", limit)
    assert shown.returncode == USAGE and "--help" in shown.stderr


def peak_memory(collector, *words):
    """(bytes that are printed, kilobytes of memory) of a command."""
    process = subprocess.Popen([PROGRAM, *words, "--url", collector.url, "--token-file", collector.token_file],
                               stdout=subprocess.PIPE, env={**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1"})
    with process.stdout:
        size = sum(map(len, iter(lambda: process.stdout.read(1 << 16), b"")))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == CONCERN
    return size, usage.ru_maxrss


@pytest.mark.parametrize("words", [["servers"], ["servers", "--json"]])
def test_thirty_pages_take_no_more_memory_than_three(tmp_path, words):
    with start(tmp_path) as collector:
        expect(collector, 3000)
        small, little = peak_memory(collector, *words)
        expect(collector, 30_000)
        large, most = peak_memory(collector, *words)
        assert large > 9 * small
        assert most < 1.5 * little, (little, most)


def test_a_collector_that_dies_between_two_pages_is_told(tmp_path):
    """JSON that was cut off is none, and the status says so."""
    with start(tmp_path) as collector:
        expect(collector, 20_000)
        process = subprocess.Popen(
            [PROGRAM, "servers", "--json", "--url", collector.url, "--token-file", collector.token_file],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        begin = process.stdout.read(1000)
        collector.end()
        rest, errors = process.communicate()
        assert process.returncode == FAILED and "could not reach the collector" in errors
        with pytest.raises(json.JSONDecodeError):
            json.loads(begin + rest)


class Stranger(Receiver):
    """A server that is no collector; answers everything with `body`."""

    def __init__(self, folder, body, headers=()):
        super().__init__(headers=headers, body=body)
        self.url = self.origin
        self.token_file = folder / "token"
        self.token_file.write_text("mtw_v" + "0" * 64)


ROW = b'{"server": "A]}\\"", "verdict": "clear", "silent": false, "reasons": []}'


@pytest.mark.parametrize("body, status", [
    (b'{"matched": 1, "x": {"servers": [1]}, "servers" : [ ' + ROW + b' ] , "more": ["servers"]}', 0),
    (b'{"matched":0,"servers":[]}', 0), (b"{}", FAILED), (b'{"servers":{}}', FAILED), (b'{"servers":[1]}', FAILED),
    (b"[]", FAILED), (b"", FAILED), (b'{"servers":[', FAILED), (b'{"\\u0073ervers":[]}', FAILED), (b"\xff", FAILED)])
def test_answers_of_strangers_are_read_or_refused(tmp_path, body, status):
    with Stranger(tmp_path, body) as stranger:
        shown = show(stranger, "servers", "--json")
        assert (shown.returncode, bool(shown.stderr)) == (status, status == FAILED)
        assert shown.stdout.encode() == (body if status == 0 else b"")
        if status == 0:
            assert show(stranger, "servers").returncode == 0


@pytest.mark.parametrize("link", ["<http://127.0.0.1:1/>; rel=\"next\"", "</v1/servers>; rel=\"prev\"", "nonsense", "<", "</"])
def test_only_a_path_is_followed(tmp_path, link):
    with Stranger(tmp_path, b'{"matched":1,"servers":[' + ROW + b"]}", {"Link": link}) as stranger:
        assert len(show(stranger, "servers").stdout.splitlines()) == 2


def test_what_cannot_be_printed_is_told(many):
    for words in (["servers"], ["servers", "--json"], ["sites"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, *words, "--url", many.url, "--token-file", many.token_file], stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        assert done.returncode == FAILED and "No space left on device" in done.stderr, words


# Alerts

@pytest.fixture
def alarmed(tmp_path):
    """EXCH1 is exposed, and so is EXCH4, which comes from elsewhere."""
    config = tmp_path / "collector.conf"
    config.write_text("[alerts]\nhold-exposed = 1s\nhold-unknown = 1h\n")
    with start(tmp_path, "--config", str(config)) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        assert show(collector, "alerts").returncode in (0, EXPOSED)  # it may still be pending
        until(lambda: collector.get("/v1/alerts?state=firing")["alerts"], "nothing fires")
        yield collector


def lines(shown):
    return [re.split("  +", line.strip()) for line in shown.stdout.splitlines()]


def test_alerts_that_fire_are_shown_with_their_status(alarmed):
    shown = show(alarmed, "alerts")
    alert, = alarmed.get("/v1/alerts?state=firing")["alerts"]
    head, line = lines(shown)
    assert (shown.returncode, shown.stderr) == (EXPOSED, "")
    assert head == ["STATE", "CONDITION", "SERVER", "SITE", "SINCE", "ACKNOWLEDGED", "TEXT"]
    assert line[:4] == ["firing", "exposed", "EXCH1", "HQ"] and line[5:] == ["-", alert["text"]]
    status, text = on_a_terminal(alarmed, "alerts", columns=100)
    assert status == EXPOSED and "\x1b[1;31mfiring\x1b[0m" in text
    assert max(len(re.sub("\x1b[^m]*m", "", line)) for line in text.splitlines()) <= 100


def test_what_was_done_about_an_alert_is_shown_and_it_still_counts(alarmed):
    alert, = alarmed.get("/v1/alerts?state=firing")["alerts"]
    body = json.dumps({"comment": "on\n\u202eit", "until": "2100-01-01T00:00:00Z"})
    assert alarmed.ask(f"/v1/alerts/{alert['id']}/acknowledge", "POST", body, JSON)[0] == 200
    shown = show(alarmed, "alerts")
    assert shown.returncode == EXPOSED
    assert re.fullmatch(r"token \S+ until 2100-01-01T00:00:00Z: on\?+it", lines(shown)[1][5])
    silence = {"matchers": {"server": "EXCH1"}, "comment": "moving", "ends_at": "2100-01-01T00:00:00Z"}
    assert alarmed.ask("/v1/silences", "POST", json.dumps(silence), JSON)[0] == 201
    shown = show(alarmed, "alerts")
    assert shown.returncode == EXPOSED and lines(shown)[1][0] == "firing, silenced"
    got = json.loads(show(alarmed, "alerts", "--json").stdout)
    assert got == alarmed.get("/v1/alerts?state=firing&state=pending&limit=1000")
    assert got["alerts"][0]["acknowledged"]["comment"] == "on\n\u202eit" and got["alerts"][0]["silenced_by"]


def test_alerts_that_are_over_are_shown_when_asked_for_and_count_no_more(alarmed):
    assert alarmed.post({**WELL["EXCH1"], "sequence": 2})[0] == 200
    until(lambda: not alarmed.get("/v1/alerts?state=firing")["alerts"], "it fires still")
    shown = show(alarmed, "alerts")
    assert (shown.returncode, len(lines(shown))) == (0, 1)
    shown = show(alarmed, "alerts", "--all")
    assert shown.returncode == 0 and lines(shown)[1][:3] == ["resolved", "exposed", "EXCH1"]
    shown = show(alarmed, "alerts", "--all", "--json")
    assert shown.returncode == 0 and json.loads(shown.stdout)["alerts"][0]["state"] == "resolved"


def test_a_pending_alert_is_shown_and_does_not_count_yet(tmp_path):
    config = tmp_path / "collector.conf"
    config.write_text("[alerts]\nhold-exposed = 1h\n")
    with start(tmp_path, "--config", str(config)) as collector:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        until(lambda: collector.get("/v1/alerts?state=pending&condition=exposed")["alerts"], "nothing is pending")
        shown = show(collector, "alerts")
        assert shown.returncode == 0 and ["pending", "exposed", "EXCH1"] in [line[:3] for line in lines(shown)]


def test_alerts_come_in_pages_too(tmp_path):
    config = tmp_path / "collector.conf"
    config.write_text("[alerts]\nhold-unknown = 1s\n")
    n = 1100
    with start(tmp_path, "--config", str(config)) as collector:
        for number in range(n):
            assert collector.post(minimal(f"S{number:04}"))[0] == 200
        until(lambda: samples(collector, "mtawatch_alerts_firing")['condition="unknown"'] == n, "some do not fire")
        assert [line[:2] for line in lines(show(collector, "alerts"))[1:]] == [["firing", "cannot tell"]] * n
        shown = show(collector, "alerts", "--json")
        alerts = json.loads(shown.stdout)["alerts"]
        assert shown.returncode == CONCERN and {alert["server"] for alert in alerts} == \
            {f"S{number:04}" for number in range(n)} and len(alerts) == n


@pytest.mark.parametrize("evil", [
    "x\x1b]0;owned\x07\r\n\u202eabc\u2028\u061c\u200b", "<script>\"',&", "=1+1", "w" * 1024])
def test_hostile_values_are_text_in_alerts(tmp_path, evil):
    config = tmp_path / "collector.conf"
    config.write_text("[alerts]\nhold-exposed = 1s\nhold-unknown = 1h\n")
    with start(tmp_path, "--config", str(config)) as collector:
        for report in exposed_site():
            report["exchange"]["site"] = report["host"]["os"] = evil
            for adapter in report["adapters"]:
                adapter["description"] = evil
                adapter["id"] = {"A": "A", "B": evil}[adapter["id"]]
            for probe in report["probes"]:
                probe["adapter"] = {"A": "A", "B": evil}[probe["adapter"]]
            assert collector.post(report)[0] == 200
        alert, = until(lambda: collector.get("/v1/alerts?state=firing")["alerts"], "nothing fires")
        assert (alert["server"], alert["site"]) == ("EXCH1", evil) and evil in alert["text"] + alert["remedy"]
        assert collector.get("/v1/alerts?site=" + quote(evil, safe=""))["alerts"][0]["id"] == alert["id"]
        shown = show(collector, "alerts")
        assert shown.returncode == EXPOSED and len(shown.stdout.splitlines()) == 2
        assert not re.search("[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069]", shown.stdout)
        assert json.loads(show(collector, "alerts", "--json").stdout)["alerts"] == [alert]


STATUSES = [  # of a fleet whose worst server is like that
    ("clear", 0, None), ("clear, silent", 3, {"Mtawatch-Report-Age": "5000"}), ("unknown", 3, None), ("exposed", 4, None),
    ("failing", 5, None)]


@pytest.mark.parametrize("what, status, headers", STATUSES)
def test_the_exit_status_is_that_of_the_worst_that_is_shown(tmp_path, what, status, headers):
    reports = exposed_site()
    if "clear" in what:
        reports[0] = WELL["EXCH1"]
    if what == "failing":
        reports[0]["mta"] = {"service": "stopped", "start_type": "auto", "last_start": {
            "at": "2026-11-22T10:00:00Z", "outcome": "failed",
            "events": [{"id": 9321, "at": "2026-11-22T10:00:00Z", "nt_error": 11004}]}}
    if what == "unknown":
        reports = [WELL["EXCH1"], minimal("DARK"), *reports[1:]]
    with start(tmp_path) as collector:
        for report in reports:
            assert collector.post(report, **(headers or {}))[0] == 200
        shown = show(collector, "servers")
        word = {"unknown": "cannot tell"}.get(what, what)
        assert shown.stdout.splitlines()[1].startswith(word) and shown.returncode == status
        worst = shown.stdout.splitlines()[1].removeprefix(word).split()[0]
        for words in (["server", worst], ["sites"], ["servers", "--json"], ["servers", "--json", "--limit", "1"]):
            assert show(collector, *words).returncode == status, words
        assert show(collector, "servers", "nobody").returncode == 0
        if what == "exposed":
            assert show(collector, "server", "EXCH2").returncode == 0
            assert show(collector, "matrix", "ACME/HQ").returncode == status


def test_a_viewer_may_ask_and_nobody_else(alarmed, tmp_path):
    body = json.dumps({"name": "eye", "role": "viewer"})
    token = json.loads(alarmed.ask("/v1/tokens", "POST", body, JSON)[2])["token"]
    (tmp_path / "eye").write_text(token)
    shown = subprocess.run([PROGRAM, "alerts", "--url", alarmed.url, "--token-file", tmp_path / "eye"],
                           capture_output=True, text=True)
    assert shown.returncode == EXPOSED
    assert alarmed.ask("/v1/tokens/eye", "DELETE", headers=bearer(alarmed.token))[0] == 204
    shown = subprocess.run([PROGRAM, "alerts", "--url", alarmed.url, "--token-file", tmp_path / "eye"],
                           capture_output=True, text=True)
    assert (shown.returncode, shown.stdout) == (FAILED, "") and "token" in shown.stderr
