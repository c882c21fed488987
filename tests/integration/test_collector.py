"""The collector over real sockets: what it shows, unusual HTTP, a disk that takes no more, whom it tells."""

import contextlib
import json
import resource
import signal
import socket

import pytest
from running import JSON, PATIENCE, Collector, exposed_site, minimal, server, statuses
from waiting import until


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


# Queries

@pytest.mark.parametrize("query, names", [
    ("", ["EXCH1", "EXCH2", "EXCH3", "OTHER"]),
    ("?verdict=exposed", ["EXCH1"]),
    ("?verdict=exposed&verdict=clear", ["EXCH1", "EXCH2", "EXCH3", "OTHER"]),
    ("?verdict=failing", []),
    ("?site=hq", ["EXCH1", "EXCH2", "EXCH3"]),
    ("?site=HQ&site=B%26B+1", ["EXCH1", "EXCH2", "EXCH3", "OTHER"]),
    ("?silent=false&limit=2", ["EXCH1", "EXCH2"]),
    ("?silent=true", []),
    ("?q=xch3", ["EXCH3"]),
    ("?q=acme&q=b%26b", ["OTHER"]),
    ("?q=", ["EXCH1", "EXCH2", "EXCH3", "OTHER"]),
])
def test_a_query_narrows_the_list(collector, query, names):
    for report in [*exposed_site(), server("OTHER", "10.0.0.9", site="B&B 1")]:
        collector.post(report)
    shown = collector.get("/v1/servers" + query)
    assert [s["server"] for s in shown["servers"]] == names
    assert shown["counts"]["exposed"] == 1


@pytest.mark.parametrize("query", ["?colour=red", "?verdict=bad", "?silent=1", "?limit=0", "?limit=x",
                                   "?limit=10001", "?q=%zz", "?" + "q=a&" * 33])
def test_a_query_that_makes_no_sense_is_refused(collector, query):
    status, headers, body = collector.ask("/v1/servers" + query)
    assert (status, json.loads(body)["code"]) == (400, "invalid_query")
    assert headers["Content-Type"] == "application/problem+json"


def test_one_server_shows_its_report_and_its_adapters_as_judged(collector):
    for report in exposed_site():
        collector.post(report)
    shown = collector.get("/v1/servers/exch1")
    assert shown["verdict"] == "exposed"
    assert [(a["id"], a["state"]) for a in shown["adapters"]] == [("A", "good"), ("B", "isolated")]
    paths = shown["adapters"][1]["paths"]
    assert [(p["peer"], p["grade"], p["proven"], p["falls_short"], p["error"], p["for_s"])
            for p in paths] == [("EXCH2", "none", "mta", True, "timeout", 3600),
                                ("EXCH3", "none", "mta", True, "timeout", 3600)]
    sent = exposed_site()[0]
    assert shown["report"]["probes"] == sent["probes"]
    assert shown["report"]["age_s"] == 0 and shown["report"]["received_at"]


def test_a_server_is_found_by_its_encoded_name_without_case(collector):
    collector.post(minimal("Büro 1/a.example"))
    for path in ("B%C3%BCro%201%2Fa", "b%c3%bcRO%201%2Fa"):
        assert collector.get("/v1/servers/" + path)["server"] == "Büro 1/a"
    status, _, body = collector.ask("/v1/servers/nobody")
    assert (status, json.loads(body)["code"]) == (404, "unknown_server")
    assert collector.ask("/v1/servers/%zz")[0] == 400


def test_what_did_not_change_is_not_sent_again(collector):
    collector.post(minimal())
    for path in ("/v1/servers", "/v1/servers/EXCH1", "/"):
        _, headers, _ = collector.ask(path)
        known = {"If-None-Match": headers["ETag"]}
        status, headers, body = collector.ask(path, headers=known)
        assert (status, body, headers["ETag"]) == (304, b"", known["If-None-Match"])
    _, headers, _ = collector.ask("/v1/servers")
    collector.post(minimal(sequence=2))
    assert collector.ask("/v1/servers", headers={"If-None-Match": headers["ETag"]})[0] == 200


# HTTP that is unusual

def test_pipelined_requests_are_answered_in_order_each_seeing_what_came_before(collector):
    body, agent = collector.signed(minimal())
    viewer = f"Authorization: Bearer {collector.token}\r\n".encode()
    answer = collector.raw(
        b"POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n"
        b"%sContent-Length: %d\r\n\r\n%s" % (agent, len(body), body) +
        b"GET /v1/servers HTTP/1.1\r\nHost: c\r\n%s\r\n" % viewer +
        b"GET /v1/nothing HTTP/1.1\r\nHost: c\r\n\r\n"
        b"GET /livez HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n")
    assert statuses(answer) == [200, 200, 404, 200]
    assert b'"matched":1' in answer


def test_a_report_in_chunks_after_100_continue_is_taken(collector):
    body, agent = collector.signed(minimal())
    with socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE) as peer:
        peer.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n" +
                     agent + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        assert peer.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        for at in range(0, len(body), 7):
            part = body[at:at + 7]
            peer.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        peer.sendall(b"0\r\n\r\n")
        answer = b""
        while chunk := peer.recv(65536):
            answer += chunk
    assert statuses(answer) == [200]
    assert collector.get("/v1/servers/EXCH1")["server"] == "EXCH1"


# A disk that takes no more

@contextlib.contextmanager
def files_that_may_not_grow(process):
    """As on a full disk, but for this process only, and without a disk of its own."""
    before = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, before)


def test_while_nothing_can_be_stored_agents_are_asked_to_come_back_and_nothing_is_lost(tmp_path):
    running = Collector(tmp_path / "data")
    try:
        assert running.post(minimal("EXCH1"))[0] == 200
        running.agents.enrol("EXCH2")
        with files_that_may_not_grow(running.process):
            status, headers, body = running.ask("/v1/reports", "POST", json.dumps(minimal("EXCH2")), JSON)
            assert (status, json.loads(body)["code"]) == (503, "not_stored")
            assert int(headers["Retry-After"]) > 0
            assert running.ask("/readyz")[0] == 503 and running.ask("/livez")[0] == 200
            assert [s["server"] for s in running.get("/v1/servers")["servers"]] == ["EXCH1"]
        until(lambda: running.ask("/readyz")[0] == 200)
        assert running.post(minimal("EXCH2"))[0] == 200
        assert [s["server"] for s in running.get("/v1/servers")["servers"]] == ["EXCH1", "EXCH2"]
    finally:
        running.process.terminate()
        _, errors = running.process.communicate(timeout=PATIENCE)
    assert running.process.returncode == 0
    assert errors.count("not ready: ") == 1 and errors.count("ready again") == 1
    with Collector(tmp_path / "data") as again:
        assert [s["server"] for s in again.get("/v1/servers")["servers"]] == ["EXCH1", "EXCH2"]


# Who is told

def told(file):
    """What the hook has noted so far: a document a line, the last one perhaps half written."""
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.rpartition("\n")[0].splitlines() if line]


def test_the_hook_hears_of_a_server_that_becomes_exposed_and_recovers_also_over_a_restart(tmp_path):
    heard, program = tmp_path / "heard", tmp_path / "hook"
    program.write_text(f"#!/bin/sh\ncat >>{heard}\necho >>{heard}\n")
    program.chmod(0o755)
    cured = server("EXCH1", "10.0.0.1", exposed_site()[0]["probes"][:2])
    cured["sequence"] = 2
    config = tmp_path / "collector.conf"
    config.write_text(f"hook-command = {program}\n[alerts]\ngroup-interval = 0s\n")
    with Collector(tmp_path / "data", "--config", config) as running:
        for report in exposed_site():
            assert running.post(report)[0] == 200
        until(lambda: len(told(heard)) == 1)
        running.end(signal.SIGKILL)
    with Collector(tmp_path / "data", "--config", config) as running:
        assert running.post(cured)[1]["verdict"] == "clear"
        until(lambda: len({note["id"] for note in told(heard)}) == 2)
    notes = {note["id"]: note for note in told(heard)}  # at least once each
    assert [(note["status"], note["alerts"][0]["server"], note["alerts"][0]["condition"])
            for note in notes.values()] == [("firing", "EXCH1", "exposed"), ("resolved", "EXCH1", "exposed")]
