"""The collector behind nginx and HAProxy, set up as docs/reverse-proxy.md has it: its blocks are what runs here."""

import contextlib
import json
import time

import pytest
from fronts import KINDS, Front, block, program
from running import JSON, Collector, bearer, minimal

pytestmark = pytest.mark.parametrize("kind", [
    pytest.param(kind, marks=pytest.mark.skipif(not program(kind), reason=f"{KINDS[kind][0]} names no {kind}"))
    for kind in KINDS])


@contextlib.contextmanager
def site(tmp_path, kind, configuration):
    (tmp_path / "collector.conf").write_text(configuration)
    with Collector(tmp_path / "data", "--config", tmp_path / "collector.conf") as collector, \
            Front(kind, tmp_path / "front", collector.port) as front:
        yield collector, front


DOCUMENTED = block("ini collector.conf").replace("listen = 127.0.0.1:8285\n", "")


def log_in(front, token, **fields):
    return front.ask("/v1/session", "POST", json.dumps({"token": token}),
                     {**JSON, "Origin": f"https://localhost:{front.port}", **fields})


def test_a_login_comes_about_and_its_cookie_is_for_https(tmp_path, kind):
    with site(tmp_path, kind, DOCUMENTED) as (collector, front):
        status, headers, body = log_in(front, collector.token)
        assert status == 200, body
        assert "; Secure" in headers["Set-Cookie"]


@pytest.mark.parametrize("line", ["trusted-proxies = 127.0.0.1", "external-url = https://localhost/"])
def test_either_setting_makes_the_cookie_one_for_https(tmp_path, kind, line):
    with site(tmp_path, kind, line + "\n") as (collector, front):
        assert "; Secure" in log_in(front, collector.token)[1]["Set-Cookie"]


def test_without_them_the_word_of_a_proxy_does_not_count(tmp_path, kind):
    """What says that its page came by HTTPS is taken for another one, unless the browser vouches for it."""
    with site(tmp_path, kind, "") as (collector, front):
        status, _, body = log_in(front, collector.token)
        assert (status, json.loads(body)["code"]) == (403, "cross_site")
        assert "external-url" in json.loads(body)["detail"]
        status, headers, body = log_in(front, collector.token, **{"Sec-Fetch-Site": "same-origin"})
        assert status == 200, body
        assert "; Secure" not in headers["Set-Cookie"]


def origins(collector):
    return [line["from"] for line in collector.get("/v1/audit")["lines"]]


def test_the_audit_log_has_the_address_of_the_client_whatever_he_says_of_himself(tmp_path, kind):
    with site(tmp_path, kind, DOCUMENTED) as (collector, front):
        status, _, body = front.ask(
            "/v1/tokens", "POST", json.dumps({"name": "new", "role": "viewer"}),
            {**JSON, "Authorization": f"Bearer {collector.token}", "X-Forwarded-For": "192.0.2.1"})
        assert status == 201, body
        assert origins(collector)[0] == "127.0.0.2"


def test_events_arrive_at_once(tmp_path, kind):
    with site(tmp_path, kind, DOCUMENTED) as (collector, front), \
            contextlib.closing(front.connect()) as connection:
        connection.request("GET", "/v1/events", headers={"Authorization": f"Bearer {collector.token}"})
        answer = connection.getresponse()  # times out where nginx gathers
        assert answer.status == 200
        assert (answer.headers["X-Accel-Buffering"] is None) == (kind == "nginx")  # its own, it goes no further
        assert answer.fp.readline() and answer.fp.readline()


def test_limits_go_by_the_client_and_not_by_the_proxy(tmp_path, kind):
    with site(tmp_path, kind, DOCUMENTED) as (collector, front):
        statuses = {log_in(front, "wrong")[0] for _ in range(100)}
        assert 429 in statuses
        with contextlib.closing(front.connect("127.0.0.3")) as other:
            other.request("POST", "/v1/session", json.dumps({"token": collector.token}),
                          {**JSON, "Origin": f"https://localhost:{front.port}"})
            assert other.getresponse().status == 200


def enrol(front, collector, host):
    status, _, body = front.ask("/v1/enroll", "POST",
                                json.dumps({"secret": collector.secret, "host": host, "key": "1" * 64}), JSON)
    assert status == 200, body
    identity = json.loads(body)["id"]
    return identity, {**JSON, **bearer(f"{identity}.{'1' * 64}")}


def report_of(identity, sequence, size=0):
    report = minimal("EXCH1", sequence)
    report["agent"] = {**report["agent"], "id": identity}
    return json.dumps(report) + " " * size


def test_agents_enrol_and_report_and_the_page_comes(tmp_path, kind):
    with site(tmp_path, kind, DOCUMENTED) as (collector, front):
        identity, fields = enrol(front, collector, "EXCH1")
        for sequence in range(1, 4):
            assert front.ask("/v1/reports", "POST", report_of(identity, sequence), fields)[0] == 200
        assert collector.get("/v1/servers/EXCH1")["report"]["sequence"] == 3
        cookie = log_in(front, collector.token)[1]["Set-Cookie"].split(";")[0]
        for path in ("/", "/app.js", "/style.css"):
            status, _, body = front.ask(path, headers={"Cookie": cookie})
            assert status == 200 and body, path
        assert front.ask("/")[0] in (302, 303)


def test_a_body_has_the_collectors_limit_and_then_the_proxys(tmp_path, kind):
    with site(tmp_path, kind, DOCUMENTED) as (collector, front):
        identity, fields = enrol(front, collector, "EXCH1")
        assert front.ask("/v1/reports", "POST", report_of(identity, 1, 1000000), fields)[0] == 200
        status, _, body = front.ask("/v1/reports", "POST", report_of(identity, 2, 2**20), fields)
        assert (status, json.loads(body)["code"]) == (413, "body_too_large")
        with contextlib.closing(front.connect()) as connection:
            connection.putrequest("POST", "/v1/reports")
            for name, value in {**fields, "Content-Length": str(9 * 2**20)}.items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            assert answer.status == 413 and answer.headers["Content-Type"] != "application/problem+json"


def test_who_is_no_proxy_of_ours_says_nothing_about_a_client(tmp_path, kind):
    """From another address than the trusted one."""
    with site(tmp_path, kind, DOCUMENTED) as (collector, _), \
            contextlib.closing(collector._connect_from("127.0.0.5")) as connection:
        connection.request("POST", "/v1/tokens", json.dumps({"name": "new", "role": "viewer"}),
                           {**JSON, **bearer(collector.token), "X-Forwarded-For": "192.0.2.1",
                            "X-Forwarded-Proto": "https", "Forwarded": "for=192.0.2.1;proto=https"})
        assert connection.getresponse().status == 201
        assert origins(collector)[0] == "127.0.0.5"


def test_slow_clients_of_a_proxy_keep_nobody_from_reporting(tmp_path, kind):
    with site(tmp_path, kind, DOCUMENTED) as (collector, front), contextlib.ExitStack() as held:
        identity, fields = enrol(front, collector, "EXCH1")
        for number in range(100):
            peer = held.enter_context(front.dial())
            peer.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: c\r\n" if number % 2 else
                         b"POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Length: 1000\r\n\r\n{")
        began = time.monotonic()
        assert front.ask("/v1/reports", "POST", report_of(identity, 1), fields)[0] == 200
        assert time.monotonic() - began < 10
