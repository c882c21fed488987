"""The collector over real sockets: what it takes, what it refuses, what it shows, how it ends."""

import contextlib
import copy
import datetime
import gzip
import json
import resource
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
from running import (JSON, PATIENCE, PROGRAM, ROOT, Collector, ask, exposed_site, minimal, server,
                     set_up, statuses)

BUILD = PROGRAM.parents[1]
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


def test_the_exposed_server_comes_first_with_reason_and_remedy(collector):
    for report in exposed_site():
        collector.post(report)
    shown = collector.get("/v1/servers")
    assert [(s["server"], s["verdict"]) for s in shown["servers"]] == [
        ("EXCH1", "exposed"), ("EXCH2", "clear"), ("EXCH3", "clear")]
    assert shown["counts"] == {**dict.fromkeys(VERDICTS, 0), "exposed": 1, "clear": 2, "silent": 0, "not_monitored": 0}
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


# The page and what surrounds it

def test_the_page_may_load_from_here_only(collector):
    status, headers, body = collector.ask("/")
    assert status == 200 and b"<!doctype html>" in body.lower()
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


PAGE_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


def page_files():
    """Name: bytes of every file that the dashboard consists of, those of others included."""
    files = [f for f in (ROOT / "dashboard").iterdir() if f.suffix in PAGE_TYPES]
    files += [f for f in (BUILD / "generated").iterdir() if f.suffix == ".js"]
    assert len(files) > 2
    return {file.name: file.read_bytes() for file in files}


def test_every_file_of_the_dashboard_is_served_as_it_is(collector):
    for name, content in page_files().items():
        status, headers, body = collector.ask("/" + name)
        assert (status, body) == (200, content)
        assert headers["Content-Type"] == PAGE_TYPES[Path(name).suffix] + "; charset=utf-8"
        assert "Content-Encoding" not in headers and headers["Vary"] == "Accept-Encoding"
        status, headers, body = collector.ask("/" + name, "HEAD")
        assert (status, body, int(headers["Content-Length"])) == (200, b"", len(content))
    assert collector.ask("/nothing.js")[0] == 404
    assert collector.ask("/package.json")[0] == 404


def test_the_whole_page_is_small_and_comes_packed(collector):
    total = 0
    for name, content in page_files().items():
        status, headers, body = collector.ask("/" + name, headers={"Accept-Encoding": "br, gzip, deflate"})
        assert (status, headers["Content-Encoding"]) == (200, "gzip")
        assert gzip.decompress(body) == content
        total += 0 if name.startswith("login.") else len(body)  # which is a page of its own
        known = {"Accept-Encoding": "gzip", "If-None-Match": headers["ETag"]}
        assert collector.ask("/" + name, headers=known)[0] == 304
        assert collector.ask("/" + name, headers={"If-None-Match": headers["ETag"]})[0] == 200
    assert total < 60_000


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "deflate, gzip;q=0.0", "xgzip", "gzipx, br", ""])
def test_who_takes_no_gzip_gets_none(collector, accepted):
    status, headers, body = collector.ask("/style.css", headers={"Accept-Encoding": accepted})
    assert (status, body) == (200, (ROOT / "dashboard/style.css").read_bytes())
    assert "Content-Encoding" not in headers


def test_health_is_told(collector):
    for path in ("/livez", "/readyz", "/healthz"):
        assert collector.ask(path)[0] == 200


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/v1/reports", "POST"), ("DELETE", "/v1/servers", "GET, HEAD"),
    ("POST", "/v1/servers/x", "GET, HEAD, DELETE"), ("PROPFIND", "/livez", "GET, HEAD")])
def test_a_method_that_a_path_does_not_have_is_answered_with_those_it_has(collector, method, path,
                                                                         allow):
    status, headers, body = collector.ask(path, method)
    assert (status, headers["Allow"]) == (405, allow)
    assert json.loads(body)["code"] == "method_not_allowed"


def test_a_path_that_is_nothing_is_404(collector):
    status, _, body = collector.ask("/v1/nothing")
    assert (status, json.loads(body)["code"]) == (404, "not_found")


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


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


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
        wait_until(lambda: running.ask("/readyz")[0] == 200)
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
        wait_until(lambda: len(told(heard)) == 1)
        running.end(signal.SIGKILL)
    with Collector(tmp_path / "data", "--config", config) as running:
        assert running.post(cured)[1]["verdict"] == "clear"
        wait_until(lambda: len({note["id"] for note in told(heard)}) == 2)
    notes = {note["id"]: note for note in told(heard)}  # at least once each
    assert [(note["status"], note["alerts"][0]["server"], note["alerts"][0]["condition"])
            for note in notes.values()] == [("firing", "EXCH1", "exposed"), ("resolved", "EXCH1", "exposed")]


# Beginning and ending

def without_age(listed):
    shown = copy.deepcopy(listed["servers"])
    for entry in shown:
        del entry["age_s"]
    return shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_restart_keeps_the_fleet(tmp_path, number):
    with Collector(tmp_path / "data") as first:
        for report in exposed_site():
            assert first.post(report)[0] == 200
        before = first.get("/v1/servers")
        etag = first.ask("/v1/servers")[1]["ETag"]
        first.end(number)
    with Collector(tmp_path / "data") as second:
        assert without_age(second.get("/v1/servers")) == without_age(before)
        assert second.ask("/v1/servers", headers={"If-None-Match": etag})[0] == 200
        assert second.post(exposed_site()[0])[1]["verdict"] == "exposed"


def test_the_end_does_not_wait_for_idle_or_half_asked_connections(tmp_path):
    with Collector(tmp_path / "data") as running:
        idle = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)
        half = socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)
        half.sendall(b"GET /livez HT")
        kept = running.connect()
        assert ask(kept, "/livez")[0] == 200
        running.end()
        assert idle.recv(1) == b""
        for peer in (idle, half, kept):
            peer.close()


def run(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE)


def test_a_second_collector_on_the_same_data_is_refused(collector, tmp_path):
    ended = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data")
    assert ended.returncode == 1 and ended.stdout == ""
    assert str(tmp_path / "data") in ended.stderr


def test_a_port_that_is_taken_is_named(collector, tmp_path):
    set_up(PROGRAM, tmp_path / "other")
    ended = run("serve", "--listen", f"127.0.0.1:{collector.port}", "--data", tmp_path / "other")
    assert ended.returncode == 1
    assert f"could not listen on 127.0.0.1:{collector.port}: address already in use" in ended.stderr


def test_plain_http_for_other_machines_has_to_be_allowed_by_name(tmp_path):
    ended = run("serve", "--listen", "0.0.0.0:0", "--data", tmp_path / "data")
    assert ended.returncode == 2
    assert 'listen "0.0.0.0:0": it can be reached from other machines' in ended.stderr
    assert "--allow-plain" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_allowed_by_name_it_listens_everywhere(tmp_path):
    set_up(PROGRAM, tmp_path / "data")
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "0.0.0.0:0", "--allow-plain", "--data",
                                tmp_path / "data"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("listening on http://0.0.0.0:")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


@pytest.mark.parametrize("arguments, words", [
    (["--lisen", "x"], 'there is no option "lisen"; did you mean "listen"?'),
    (["--listen"], "--listen needs a value: --listen ADDRESS:PORT"),
    (["--listen", "8285"], 'listen "8285": expected ADDRESS:PORT'),
    (["--allow-plain=maybe"], 'allow-plain "maybe": expected yes or no'),
    (["now"], '"now" is no option'),
    (["--data="], 'data "": expected a directory'),
    (["--config", "/nonexistent"], "could not open /nonexistent: No such file or directory"),
])
def test_a_wrong_option_is_named(arguments, words):
    ended = run("serve", *arguments)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr


@pytest.mark.parametrize("text, words", [
    ("# comment\n\nlisten 127.0.0.1:0\n", 'line 3: expected "key = value"'),
    ("listen = 127.0.0.1:0\ncolour = red\n", 'line 2: there is no key "colour"'),
    ("config = other\n", 'line 1: there is no key "config"'),
])
def test_a_wrong_line_of_the_file_is_named(tmp_path, text, words):
    file = tmp_path / "collector.conf"
    file.write_text(text)
    ended = run("serve", "--config", file)
    assert ended.returncode == 2
    assert f"{file}, {words}" in ended.stderr


def test_the_command_line_comes_before_the_file(tmp_path):
    file = tmp_path / "collector.conf"
    file.write_text(f"# where to\n  listen = 10.0.0.1:1 \ndata={tmp_path}/from-file\n")
    with Collector(tmp_path / "data", "--config", file):
        pass
    assert not (tmp_path / "from-file").exists()
    set_up(PROGRAM, tmp_path / "from-file")
    process = subprocess.Popen([PROGRAM, "serve", "--listen", "127.0.0.1:0", "--config", file],
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().startswith("listening on ")
    process.terminate()
    assert process.wait(PATIENCE) == 0
    process.stdout.close()
    assert (tmp_path / "from-file/mtawatch.lock").exists()


def test_a_data_directory_that_is_not_set_up_is_told_how(tmp_path):
    ended = run("serve", "--listen", "127.0.0.1:0", "--data", tmp_path / "data")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"first run: mtawatch-collector init --data {tmp_path}/data --host NAME" in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["assess", "-h"]])
def test_help_begins_with_examples(arguments):
    ended = run(*arguments)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.index("Examples:") < ended.stdout.index("Options")


def test_without_a_command_the_usage_goes_to_standard_error():
    ended = run()
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Commands:" in ended.stderr and "expected a command" in ended.stderr


def test_an_unknown_command_is_told_with_what_was_probably_meant():
    ended = run("sevre", "--data", "x")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "mtawatch-collector: there is no command 'sevre'; did you mean 'serve'?\n"
    ended = run("frobnicate")
    assert ended.returncode == 2
    assert ended.stderr.endswith("no command 'frobnicate'; see mtawatch-collector --help\n")


def test_every_command_has_help_of_its_own():
    listed = run("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [line.split()[0] for line in listed.splitlines()]
    assert {"serve", "assess"} <= set(names)
    for name in names:
        ended = run(name, "--help")
        assert (ended.returncode, ended.stderr) == (0, "")
        assert ended.stdout.startswith(f"mtawatch-collector {name}: ")
        assert f" mtawatch-collector {name}" in ended.stdout.partition("\nExamples:\n")[2]


def test_the_version_is_told():
    ended = run("--version")
    assert ended.returncode == 0
    assert ended.stdout.startswith("mtawatch-collector ")
