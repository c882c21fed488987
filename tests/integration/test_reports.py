"""Reports over real sockets: what is refused and in which words, and what becomes of the others."""

import contextlib
import datetime
import json
import sqlite3
import threading

import pytest
from running import JSON, PATIENCE, Collector, ask, exposed_site, minimal, statuses

VERDICTS = ["failing", "exposed", "at_risk", "unknown", "clear", "protected", "not_applicable"]


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


# Reports that are refused

def without(*path):
    report = minimal()
    inner = report
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return report


BAD_REPORTS = [
    ("nothing", b"", 400, "malformed_json", ""),
    ("no JSON", b"hello", 400, "malformed_json", None),
    ("cut", json.dumps(minimal()).encode()[:-1], 400, "malformed_json", None),
    ("two documents", json.dumps(minimal()).encode() * 2, 400, "malformed_json", None),
    ("not UTF-8", json.dumps(minimal()).encode().replace(b"EXCH1", b"\xff"), 400, "malformed_json", None),
    ("array", b"[]", 422, None, ""),
    ("other schema", {**minimal(), "schema": "mtawatch.report/2"}, 422, "unsupported_schema", "/schema"),
    ("no schema", without("schema"), 422, None, "/schema"),
    ("no host", without("host", "name"), 422, "invalid_report", "/host/name"),
    ("text for a number", {**minimal(), "sequence": "1"}, 422, "invalid_report", "/sequence"),
    ("number for a text", {**minimal(), "host": {"name": 7}}, 422, "invalid_report", "/host/name"),
    ("wrong type deep inside", minimal(adapters=[{"id": "A"}, {"id": "B", "addresses": [1]}]), 422,
     "invalid_report", "/adapters/1/addresses/0"),
    ("unknown value", minimal(mta={"service": "resting"}), 422, "invalid_report", "/mta/service"),
    ("no time", {**minimal(), "collected_at": "yesterday"}, 422, "invalid_report", "/collected_at"),
    ("long text", {**minimal(), "host": {"name": "x" * 1025}}, 422, "limit_exceeded", "/host/name"),
    ("many adapters", minimal(adapters=[{"id": str(i)} for i in range(65)]), 422, "limit_exceeded",
     "/adapters"),
    ("many probes", minimal(probes=[{"adapter": "A"}] * 4097), 422, "limit_exceeded", "/probes"),
    ("large", b"x" * (1024 * 1024 + 1), 413, "body_too_large", None),
]


@pytest.mark.parametrize("what, body, status, code, pointer", BAD_REPORTS,
                         ids=[case[0] for case in BAD_REPORTS])
def test_a_bad_report_is_refused_in_words_and_nothing_is_stored(collector, what, body, status, code,
                                                                pointer):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    with contextlib.closing(collector.connect()) as connection:
        got, headers, answer = ask(connection, "/v1/reports", "POST", body, JSON)
        problem = json.loads(answer)
        assert (got, problem["status"], problem["type"]) == (status, status, "about:blank"), problem
        assert headers["Content-Type"] == "application/problem+json"
        assert problem["title"] and problem["detail"]
        if code:
            assert problem["code"] == code
        if pointer is not None:
            assert problem["errors"][0]["pointer"] == pointer
            assert problem["errors"][0]["detail"]
        kept = connection.sock
        assert kept is not None
        assert json.loads(ask(connection, "/v1/servers")[2])["servers"] == []
        got, _, answer = ask(connection, "/v1/reports", "POST", json.dumps(minimal()), JSON)
        assert (got, json.loads(answer)["accepted"]) == (200, 1)
        assert connection.sock is kept


def test_a_body_of_exactly_the_limit_is_read(collector):
    report, _ = collector.signed(minimal())
    padded = report + b" " * (1024 * 1024 - len(report))
    assert collector.ask("/v1/reports", "POST", padded, JSON)[0] == 200


@pytest.mark.parametrize("headers, status, code", [
    ({}, 415, "unsupported_media_type"),
    ({"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
    ({"Content-Type": "application/json5"}, 415, "unsupported_media_type"),
    ({**JSON, "Mtawatch-Report-Age": "-1"}, 400, "malformed_age"),
    ({**JSON, "Mtawatch-Report-Age": ""}, 400, "malformed_age"),
    ({**JSON, "Mtawatch-Report-Age": "1.5"}, 400, "malformed_age"),
    ({**JSON, "Mtawatch-Report-Age": "9" * 30}, 400, "malformed_age"),
])
def test_headers_of_a_report_are_checked(collector, headers, status, code):
    got, _, body = collector.ask("/v1/reports", "POST", json.dumps(minimal()), headers)
    assert (got, json.loads(body)["code"]) == (status, code)
    assert collector.get("/v1/servers")["servers"] == []


def test_parameters_of_the_content_type_do_not_matter(collector):
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert collector.ask("/v1/reports", "POST", json.dumps(minimal()), headers)[0] == 200


# Reports that are taken

def test_a_report_is_answered_with_verdict_peers_and_interval(collector):
    for report in exposed_site():
        status, answer = collector.post(report)
        assert status == 200
    assert answer == {"accepted": 1, "verdict": "clear", "interval_s": 300,
                      "peers": answer["peers"]}
    assert sorted((peer["name"], tuple(peer["addresses"])) for peer in answer["peers"]) == [
        ("EXCH1", ("10.0.0.1", "10.9.0.1")), ("EXCH2", ("10.0.0.2",))]


def test_the_answer_to_a_report_does_not_repeat_the_interval_that_a_setting_of_the_server_made(collector):
    """The agent would keep it when the setting is gone."""
    status, answer = collector.post({**minimal("EXCH9"), "interval_s": 3600})
    assert (status, answer["interval_s"]) == (200, 300)


def test_the_exposed_server_comes_first_with_reason_and_remedy(collector):
    for report in exposed_site():
        collector.post(report)
    shown = collector.get("/v1/servers")
    assert [(s["server"], s["verdict"]) for s in shown["servers"]] == [
        ("EXCH1", "exposed"), ("EXCH2", "clear"), ("EXCH3", "clear")]
    assert shown["counts"] == {**dict.fromkeys(VERDICTS, 0), "exposed": 1, "clear": 2, "silent": 0, "not_monitored": 0, "total": 3}
    first = shown["servers"][0]
    assert first["reasons"][0]["code"] == "adapter_isolated"
    assert first["reasons"][0]["evidence"]["adapter"] == "B"
    assert first["remedy"]["options"][0]["steps"][0]["action"] == "disable_adapter"
    assert (first["organization"], first["site"], first["exchange_server"]) == ("ACME", "HQ", "EXCH1")
    assert (first["os"], first["build"], first["mta"]) == (
        "Windows NT 4.0 Service Pack 6", "5.5.2653.23", "running")
    assert (first["silent"], first["interval_s"]) == (False, 300)
    assert 0 <= first["age_s"] <= PATIENCE


def test_a_repeated_report_is_answered_as_before_and_another_body_is_refused(collector):
    first = collector.post(minimal())
    assert collector.post(minimal()) == first
    changed = minimal()
    changed["host"]["os"] = "another"
    status, problem = collector.post(changed)
    assert (status, problem["code"]) == (409, "conflicting_report")
    assert collector.get("/v1/servers/EXCH1")["os"] == minimal()["host"]["os"]
    assert collector.post(minimal(sequence=2))[0] == 200


def test_the_age_of_a_report_sets_its_time_and_an_old_one_makes_silent(collector):
    collector.post(minimal(), **{"Mtawatch-Report-Age": "899"})
    collector.post(minimal("EXCH2"), **{"Mtawatch-Report-Age": "901"})
    young, old = (collector.get("/v1/servers/" + name) for name in ("EXCH1", "EXCH2"))
    assert 899 <= young["age_s"] <= 899 + PATIENCE
    assert old["silent"] is True
    assert collector.get("/v1/servers")["counts"]["silent"] >= 1
    now = datetime.datetime.now(datetime.timezone.utc)
    reported = datetime.datetime.fromisoformat(old["reported_at"].replace("Z", "+00:00"))
    assert abs((now - reported).total_seconds() - 901) <= PATIENCE


def test_an_older_report_never_replaces_a_newer_one(collector):
    newer = minimal(sequence=2)
    newer["host"]["os"] = "newer"
    collector.post(newer)
    status, answer = collector.post(minimal(), **{"Mtawatch-Report-Age": "60"})
    assert (status, answer["accepted"]) == (200, 1)
    assert collector.get("/v1/servers/EXCH1")["os"] == "newer"


def test_many_agents_at_once_are_all_answered_and_all_shown(collector):
    answers = []

    def report(number):
        with contextlib.closing(collector.connect()) as connection:
            for sequence in range(5):
                body = json.dumps(minimal(f"S{number:02}", sequence))
                answers.append(ask(connection, "/v1/reports", "POST", body, JSON)[0])

    agents = [threading.Thread(target=report, args=(n,)) for n in range(32)]
    for agent in agents:
        agent.start()
    for agent in agents:
        agent.join()
    assert answers == [200] * 160
    assert [s["server"] for s in collector.get("/v1/servers")["servers"]] == [
        f"S{n:02}" for n in range(32)]


def request(path, body, authorization):
    return (f"POST {path} HTTP/1.1\r\nHost: c\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n").encode() + authorization + b"\r\n" + body


@pytest.mark.parametrize("before", [[], [(9, 0)]], ids=["of a new server", "out of a spool"])
def test_copies_that_come_at_once_are_stored_once_and_other_bodies_refused(tmp_path, before):
    data = tmp_path / "data"
    with Collector(data) as collector:
        for sequence, duration in before:
            assert collector.post(minimal(sequence=sequence, duration_ms=duration))[0] == 200
        own = [collector.signed(minimal(sequence=5, duration_ms=duration)) for duration in (1, 2)]
        admin = f"Authorization: Bearer {collector.token}\r\n".encode()
        requests = []
        for _ in range(8):
            requests += [request("/v1/reports", body, authorization) for body, authorization in own]
            requests += [request("/v1/reports/import", body, admin) for body, _ in own]
        peers = [collector.dial() for _ in requests]
        for peer, bytes_ in zip(peers, requests):
            peer.sendall(bytes_)
        got = [statuses(peer.makefile("rb").read()) for peer in peers]
        for peer in peers:
            peer.close()
    first = [{got[at][0] for at in range(len(got)) if at % 2 == which} for which in (0, 1)]
    assert sorted(map(sorted, first)) == [[200], [409]], got
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as store:
        stored = store.execute("SELECT count(*), count(DISTINCT sequence) FROM report").fetchone()
    assert stored == (1 + len(before), 1 + len(before))
