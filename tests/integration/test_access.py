"""Who may do what: every route of the real collector, asked by everybody.

The table here is written by hand, from the documentation; the routes are read from the collector's
own table, so that a route that is added there has to be added here."""

import contextlib
import json
import re

import pytest
from running import JSON, ROOT, Collector, ask, bearer, samples

PEOPLE = ["viewer", "operator", "admin"]
EVERYBODY = ["nobody", "wrong token", "wrong agent", "wrong session", "agent", *PEOPLE]
VIEWER, OPERATOR, ADMIN = PEOPLE, PEOPLE[1:], PEOPLE[2:]

MAY = {
    "POST /v1/reports": ["agent"],
    "POST /v1/reports/import": OPERATOR,
    "GET /v1/servers": VIEWER,
    "GET /v1/servers.csv": VIEWER,
    "GET /v1/servers/{name}": VIEWER,
    "DELETE /v1/servers/{name}": OPERATOR,
    "PUT /v1/servers/{name}/remark": OPERATOR,
    "GET /v1/servers/{name}/history": VIEWER,
    "GET /v1/servers/{name}/report": VIEWER,
    "GET /v1/servers/{name}/restart": VIEWER,
    "GET /v1/owners": VIEWER,
    "GET /v1/bookmarks": VIEWER,
    "PUT /v1/bookmarks/{name}": VIEWER,
    "DELETE /v1/bookmarks/{name}": VIEWER,
    "GET /v1/sites": VIEWER,
    "PUT /v1/sites/{org}/{site}/remark": OPERATOR,
    "GET /v1/sites/{org}/{site}/matrix": VIEWER,
    "GET /v1/sites/{org}/{site}/trend": VIEWER,
    "GET /v1/trend": VIEWER,
    "GET /v1/sites/{org}/{site}/plan": VIEWER,
    "GET /v1/sites/{org}/{site}/report": VIEWER,
    "POST /v1/sites/{org}/{site}/what-if": VIEWER,
    "GET /v1/events": VIEWER,
    "GET /v1/inventory": VIEWER,
    "PUT /v1/inventory": OPERATOR,
    "POST /v1/inventory/former/restore": OPERATOR,
    "DELETE /v1/inventory/{name}": OPERATOR,
    "POST /v1/enroll": EVERYBODY,
    "GET /v1/agents": VIEWER,
    "DELETE /v1/agents/{id}": ["agent", *OPERATOR],
    "GET /v1/tokens": ADMIN,
    "POST /v1/tokens": ADMIN,
    "DELETE /v1/tokens/{name}": ADMIN,
    "GET /v1/secrets": ADMIN,
    "POST /v1/secrets": ADMIN,
    "DELETE /v1/secrets/{name}": ADMIN,
    "POST /v1/session": EVERYBODY,
    "GET /v1/session": VIEWER,
    "DELETE /v1/session": VIEWER,
    "GET /v1/audit": OPERATOR,
    "GET /v1/collectors": VIEWER,
    "POST /v1/collectors/{node}/handover": ADMIN,
    "DELETE /v1/collectors/{node}": ADMIN,
    "GET /v1/alerts": VIEWER,
    "POST /v1/alerts/acknowledge": OPERATOR,
    "POST /v1/alerts/silence": OPERATOR,
    "POST /v1/alerts/{id}/acknowledge": OPERATOR,
    "DELETE /v1/alerts/{id}/acknowledge": OPERATOR,
    "GET /v1/silences": VIEWER,
    "POST /v1/silences": OPERATOR,
    "DELETE /v1/silences/{id}": OPERATOR,
    "GET /v1/deliveries": VIEWER,
    "POST /v1/deliveries/{id}/retry": OPERATOR,
    "GET /metrics": VIEWER,
    "GET /livez": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /healthz": EVERYBODY,
    "GET /openapi.json": VIEWER,
    "GET /": EVERYBODY,  # strangers are sent to the login
    "GET /login": EVERYBODY,
    "GET /login.js": EVERYBODY,
    "GET /api.js": EVERYBODY,
    "GET /html.js": EVERYBODY,
    "GET /preact.js": EVERYBODY,
    "GET /style.css": EVERYBODY,
    "GET /{file}": VIEWER,
}

# How those are refused who may not; in words of the problem's code.
STRANGERS = {"nobody": "unauthenticated", "wrong token": "unknown_token", "wrong agent": "unknown_agent",
             "wrong session": "session_expired"}


def routes():
    text = (ROOT / "collector/api/api.c").read_text()
    table = text[text.index("api_routes[] = {"):text.index("};")]
    return [f"{method} {path}" for method, path in re.findall(r'HTTP_METHOD_(\w+),[\s\w|]*,\s*"([^"]+)"', table)]


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("access") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def identities(collector):
    """Header fields by who sends them."""
    agent, key = collector.agents.enrol("EXCH1")
    known = {"nobody": {}, "wrong token": bearer("mtw_a" + "0" * 64),
             "wrong agent": bearer(f"{agent}.{'0' * 64}"),
             "wrong session": {"Cookie": "mtawatch_session=" + "0" * 64}, "agent": bearer(key),
             "admin": bearer(collector.token)}
    for role in ("viewer", "operator"):
        status, _, body = collector.ask("/v1/tokens", "POST", json.dumps({"name": role, "role": role}), JSON)
        assert status == 201
        known[role] = bearer(json.loads(body)["token"])
    return known


def send(collector, route, headers):
    """(status, code of the problem or None)"""
    method, pattern = route.split(" ")
    path = re.sub(r"\{\w+\}", "00000000-0000-4000-8000-000000000000", pattern)
    with contextlib.closing(collector.connect(identified=False)) as connection:
        body = "{}" if method == "POST" else None
        status, answer_headers, text = ask(connection, path, method, body, JSON | headers)
    problem = answer_headers["Content-Type"] == "application/problem+json"
    return status, json.loads(text)["code"] if problem else None, answer_headers


def test_every_route_has_a_row_here():
    assert len(routes()) > 20
    assert sorted(routes()) == sorted(MAY)


@pytest.mark.parametrize("route", routes())
def test_a_route_serves_those_who_may_and_refuses_all_others(collector, identities, route):
    for who in EVERYBODY:
        status, code, headers = send(collector, route, identities[who])
        if who in MAY[route]:
            assert status not in (401,) and code != "forbidden", (who, status, code)
        elif who in STRANGERS:
            assert (status, code) == (401, STRANGERS[who]), who
            assert headers["WWW-Authenticate"].startswith('Bearer realm="mtawatch"')
        else:
            assert (status, code) == (403, "forbidden"), who


def test_a_path_that_is_none_tells_nobody_more(collector, identities):
    for who in EVERYBODY:
        assert send(collector, "GET /v1/nothing", identities[who])[:2] == (404, "not_found")


@pytest.mark.parametrize("field", ["Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer ", "Bearer  .", "Bearer ..",
                                   "bearer a.b", "Bearer " + "a" * 5000 + ".b", "Bearer 1.2.3", "x"])
def test_an_authorization_that_is_none_is_refused(collector, field):
    status, code, _ = send(collector, "GET /v1/servers", {"Authorization": field})
    assert status == 401 and code in ("unknown_token", "unknown_agent")


def test_an_authorization_counts_before_a_cookie(collector, identities):
    cookie = session_of(collector)
    assert send(collector, "GET /v1/servers", cookie)[0] == 200
    assert send(collector, "GET /v1/servers", cookie | identities["wrong token"])[0] == 401


def test_a_stranger_is_sent_to_the_login_with_what_they_asked_for(collector, identities):
    for who in ("nobody", "wrong session", "agent"):
        _, _, headers = send(collector, "GET /?verdict=exposed", identities[who])
        assert headers["Location"] == "login?verdict=exposed"
    status, _, headers = send(collector, "GET /login?verdict=exposed", {})
    assert status == 200 and "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_a_strangers_body_is_not_even_read(collector):
    """Nothing is kept of it, and who waits for permission to send it does not get that."""
    with collector.dial() as peer:
        peer.sendall(b"POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n"
                     b"Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n")
        assert peer.recv(65536).startswith(b"HTTP/1.1 401 ")


# Sessions of browsers

def session_of(collector, token=None):
    """The cookie of a new session, as a header field."""
    with contextlib.closing(collector.connect(identified=False)) as connection:
        status, headers, body = ask(connection, "/v1/session", "POST",
                                    json.dumps({"token": token or collector.token}), JSON)
    assert status == 200, body
    return {"Cookie": "theme=dark; " + headers["Set-Cookie"].split(";")[0]}


@pytest.mark.parametrize("fields, status", [
    ({}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 404),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "none"}, 403),
    ({"Origin": "http://HOST"}, 404),
    ({"Origin": "http://HOST.evil.example"}, 403),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "https://HOST"}, 403),
    ({"Origin": "ftp://HOST"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://HOST"}, 403)])
def test_with_a_cookie_only_a_page_of_ours_changes_anything(collector, fields, status):
    cookie = session_of(collector)
    named = {name: value.replace("HOST", f"127.0.0.1:{collector.port}") for name, value in fields.items()}
    got, code, _ = send(collector, "DELETE /v1/tokens/{name}", cookie | named)
    assert (got, code) == (status, "cross_site" if status == 403 else "unknown_name")
    assert send(collector, "GET /v1/servers", cookie | named)[0] == 200  # reading changes nothing


def test_a_page_of_another_site_logs_nobody_in(collector):
    assert send(collector, "POST /v1/session", {"Sec-Fetch-Site": "cross-site"})[1] == "cross_site"
    assert send(collector, "POST /v1/session", {"Origin": "https://evil.example"})[1] == "cross_site"


def test_who_tries_tokens_is_logged_a_little_and_counted_whole(tmp_path):
    with Collector(tmp_path / "data") as there:
        for n in range(20):
            wrong = {"Authorization": f"Bearer mtw_v{n:064x}"}
            assert there.ask("/v1/servers", headers=wrong)[0] == 401
            assert there.ask("/v1/session", "POST", json.dumps({"token": f"mtw_a{n:064x}"}), JSON)[0] == 403
            agent = {"Authorization": f"Bearer 0b96477c-0000-4000-8000-000000000000.{n:064x}"}
            assert there.ask("/v1/reports", "POST", "{}", JSON | agent)[0] == 401
        counted = samples(there, "mtawatch_refused_identities_total")
    assert counted == {'kind="login"': 20, 'kind="token"': 20, 'kind="agent"': 20}
    lines = [line for line in there.errors.splitlines() if "refused a" in line]
    assert 1 <= len(lines) <= 4 and all(line.endswith(", from 127.0.0.1") for line in lines), lines
    assert "mtw_" not in there.errors and "0" * 32 not in there.errors


def test_a_session_has_the_role_of_its_token(collector, identities):
    viewer = session_of(collector, identities["viewer"]["Authorization"].split()[1])
    assert send(collector, "GET /v1/servers", viewer)[0] == 200
    assert send(collector, "GET /v1/audit", viewer)[:2] == (403, "forbidden")
