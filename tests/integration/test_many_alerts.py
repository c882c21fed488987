"""Acknowledged and silenced many at once, by ids and by what they have in common; silences say what they match."""

import json
import re
import subprocess
import threading
import time

import pytest
from running import JSON, PROGRAM, Collector, minimal
from waiting import until

LATER = "2100-01-01T00:00:00Z"
N = 1000


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    """A thousand alerts that fire: of 990 servers of ACME/HQ, and of ten of ACME/LAB."""
    folder = tmp_path_factory.mktemp("many")
    config = folder / "collector.conf"
    config.write_text("[alerts]\nhold-unknown = 0s\n")
    with Collector(folder / "data", "--config", config) as collector:
        for i in range(N):
            site = "LAB" if i % 100 == 0 else "HQ"
            assert collector.post(minimal(f"S{i:03}", exchange={"organization": "ACME", "site": site}))[0] == 200
        until(lambda: len(firing(collector)) == N)
        yield collector


def firing(collector, query=""):
    return collector.get(f"/v1/alerts?state=firing&limit=1000{query}")["alerts"]


def call(collector, path, body, status=200):
    got, _, answer = collector.ask(path, "POST", json.dumps(body), JSON)
    assert got == status, answer
    return json.loads(answer)


def last_line(collector):
    return collector.get("/v1/audit?limit=1")["lines"][0]["id"]


def let_go(collector):
    for alert in firing(collector, "&acknowledged=true"):
        assert collector.ask(f"/v1/alerts/{alert['id']}/acknowledge", "DELETE")[0] == 204


def run(collector, folder, *arguments, status=0):
    token = folder / "token"
    token.write_text(collector.token)
    done = subprocess.run([PROGRAM, *arguments, "--url", collector.url, "--token-file", token],
                          capture_output=True, text=True)
    assert done.returncode == status, done
    return done


class Pulse:
    """Asks whether the collector is there, again and again, meanwhile; `longest`: how long it was not, in seconds."""

    def __init__(self, collector):
        self.collector, self.longest, self.ended = collector, 0.0, threading.Event()
        self.thread = threading.Thread(target=self.beat)

    def beat(self):
        while not self.ended.is_set():
            before = time.monotonic()
            assert self.collector.ask("/livez")[0] == 200
            self.longest = max(self.longest, time.monotonic() - before)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()


def test_a_thousand_are_acknowledged_at_once_each_with_its_line(collector):
    before = last_line(collector)
    ids = [a["id"] for a in firing(collector)] + ["7", "x"]
    with Pulse(collector) as pulse:
        done = call(collector, "/v1/alerts/acknowledge", {"ids": ids, "comment": "Kim"})
    assert done["matched"] == N + 2 and len(done["done"]) == N
    assert done["failed"] == [{"id": "7", "code": "unknown_alert"}, {"id": "x", "code": "unknown_alert"}]
    assert len(firing(collector, "&acknowledged=true")) == N and last_line(collector) == before + N
    print(f"longest answer meanwhile: {pulse.longest * 1000:.0f} ms")
    assert pulse.longest < 1  # a release took 51 ms on a machine with four times the work it can do; this one is sanitized
    let_go(collector)


def test_by_what_they_have_in_common(collector):
    done = call(collector, "/v1/alerts/acknowledge", {"filter": {"site": "lab", "condition": "unknown"}, "until": LATER})
    found = firing(collector, "&acknowledged=true")
    assert sorted(done["done"]) == sorted(a["id"] for a in found) and len(found) == 10
    assert {(a["site"], a["acknowledged"]["comment"], a["acknowledged"]["until"]) for a in found} == {("LAB", "", LATER)}
    assert {a["id"] for a in firing(collector, "&site=LAB")} == set(done["done"])
    cause = found[0]["cause"]
    assert len(firing(collector, f"&cause={cause}&organization=ACME")) == N and not firing(collector, "&organization=NO")
    let_go(collector)


def test_a_silence_for_each_of_some(collector):
    ids = [a["id"] for a in firing(collector)][:3]
    done = call(collector, "/v1/alerts/silence", {"ids": ids, "ends_at": LATER})
    assert done == {"matched": 3, "done": ids, "failed": []}
    assert {a["id"] for a in firing(collector) if a["silenced_by"]} == set(ids)
    for silence in collector.get("/v1/silences")["silences"]:
        assert silence["matchers"]["condition"] == "unknown"
        assert collector.ask(f"/v1/silences/{silence['id']}", "DELETE")[0] == 204


@pytest.mark.parametrize("body, pointer", [
    ({}, "/ids"), ({"ids": ["1"], "filter": {"site": "HQ"}}, "/ids"), ({"filter": {}}, "/filter"),
    ({"filter": {"condition": "bad"}}, "/filter/condition"), ({"ids": ["1"], "until": "2000-01-01T00:00:00Z"}, "/until"),
    ({"ids": ["1", "2", "01"]}, "/ids"), ({"ids": ["1"] * 10001}, "/ids"), ({"ids": ["1\0"]}, ""),
    ({"ids": [["1"]]}, "/ids/0"), ({"filter": {"site": "x" * 70000}}, "/filter/site"),
])
def test_what_cannot_be_meant_is_refused(collector, body, pointer):
    assert call(collector, "/v1/alerts/acknowledge", body, 422)["errors"][0]["pointer"] == pointer


def begin(collector, ids):
    """A connection on which all of them are being acknowledged."""
    peer, body = collector.dial(), json.dumps({"ids": ids}).encode()
    peer.sendall(b"POST /v1/alerts/acknowledge HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n"
                 + f"Authorization: Bearer {collector.token}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return peer


@pytest.fixture
def four_hundred(tmp_path):
    """A collector with as many alerts that fire, for a test that leaves it in disorder."""
    config = tmp_path / "collector.conf"
    config.write_text("[alerts]\nhold-unknown = 0s\n")
    with Collector(tmp_path / "data", "--config", config) as collector:
        for i in range(400):
            collector.post(minimal(f"S{i:03}", exchange={"organization": "ACME", "site": "HQ"}))
        until(lambda: len(firing(collector)) == 400)
        yield collector


def test_four_calls_for_many_at_once_are_enough(four_hundred):
    ids = [a["id"] for a in firing(four_hundred)]
    held = [begin(four_hundred, ids) for _ in range(40)]
    told = [peer.recv(12) for peer in held]
    assert 4 <= told.count(b"HTTP/1.1 200") == len(held) - told.count(b"HTTP/1.1 429") < len(held)
    assert call(four_hundred, "/v1/alerts/acknowledge", {"ids": ids[:1]})["done"] == ids[:1]
    for peer in held:
        peer.close()


def test_it_ends_well_while_many_are_changed(four_hundred):
    ids = [a["id"] for a in firing(four_hundred)]
    held = [begin(four_hundred, ids) for _ in range(4)]
    until(lambda: firing(four_hundred, "&acknowledged=true"))
    four_hundred.end()
    for peer in held:
        peer.close()


def test_a_silence_says_what_it_would_match_and_is_not_made(collector):
    body = {"matchers": {"sites": "acme/L*"}, "ends_at": LATER, "dry_run": True}
    found = call(collector, "/v1/silences", body)
    assert (found["servers"]["count"], found["alerts"]["count"], found["collector"]) == (10, 10, False)
    assert "S000" in found["servers"]["names"] and found["alerts"]["first"][0]["condition"] == "unknown"
    body["matchers"] = {"condition": "disk"}
    found = call(collector, "/v1/silences", body)
    assert (found["servers"]["count"], found["alerts"]["count"], found["collector"]) == (0, 0, True)
    assert collector.get("/v1/silences")["silences"] == []


def test_a_silence_of_nothing_is_refused_unless_that_is_meant(collector):
    for matchers in ({"sites": "NO/HQ"}, {"server": "S0000"}, {"sites": "ACME/HQ", "server": "T*"}):
        body = {"matchers": matchers, "ends_at": LATER}
        assert call(collector, "/v1/silences", body, 409)["code"] == "matches_nothing"
    made = call(collector, "/v1/silences", {**body, "allow_empty": True}, 201)
    assert made["matchers"] == {"sites": "ACME/HQ", "organization": "ACME", "site": "HQ", "server": "T*"}
    assert collector.ask(f"/v1/silences/{made['id']}", "DELETE")[0] == 204
    for sites in ("HQ", "/HQ", "ACME/", ""):
        call(collector, "/v1/silences", {"matchers": {"sites": sites}, "ends_at": LATER}, 422)


def test_the_terminal_acknowledges_and_says_what_failed(collector, tmp_path):
    assert run(collector, tmp_path, "acknowledge", "--site", "LAB", "--for", "8h").stdout == "10 alerts acknowledged\n"
    ids = [a["id"] for a in firing(collector, "&site=LAB")][:1]
    done = run(collector, tmp_path, "acknowledge", *ids, "7", "--comment", "Kim", status=1)
    assert done.stdout == "1 alert acknowledged\n" and "alert 7 was not acknowledged: unknown_alert" in done.stderr
    run(collector, tmp_path, "acknowledge", status=2)
    let_go(collector)


def test_the_terminal_silences_as_routes_are_written(collector, tmp_path):
    shown = run(collector, tmp_path, "silence", "ACME/L*", "--for", "8h", "--dry-run").stdout
    assert shown.startswith("it matches 10 servers: ") and shown.endswith(", and 10 open alerts\n")
    assert run(collector, tmp_path, "silence", "--list").stdout.splitlines()[1:] == []
    done = run(collector, tmp_path, "silence", "ACME/NO", "--for", "8h", status=1)
    assert "--yes" in done.stderr and collector.get("/v1/silences")["silences"] == []
    run(collector, tmp_path, "silence", "ACME/NO", "--for", "8h", "--yes", "--comment", "new site")
    shown, = run(collector, tmp_path, "silence", "--list").stdout.splitlines()[1:]
    assert "ACME/NO" in shown and "new site" in shown
    run(collector, tmp_path, "silence", "--end", re.match(r"\d+", shown.strip())[0])
    assert collector.get("/v1/silences")["silences"] == []
    run(collector, tmp_path, "silence", "HQ", "--for", "8h", status=1)
    run(collector, tmp_path, "silence", "ACME/HQ", status=2)


def test_what_was_well_when_it_fell_silent_counts_as_silent_alone(tmp_path):
    with Collector(tmp_path / "data") as collector:
        assert collector.post({**minimal("OLD"), "interval_s": 1, "exchange": {"installed": False}})[0] == 200
        assert collector.post({**minimal("NEW"), "exchange": {"installed": False}})[0] == 200
        until(lambda: collector.get("/v1/servers")["counts"]["silent"] == 1)
        counts = collector.get("/v1/servers")["counts"]
        assert (counts["not_applicable"], counts["silent"], counts["total"]) == (1, 1, 2)
        site, = collector.get("/v1/sites")
        assert site["counts"] == counts
