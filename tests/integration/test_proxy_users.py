"""Users whom an authenticating proxy names: nginx as docs/reverse-proxy.md sets it up, before a stand-in for Authelia
and oauth2-proxy, which are not in Debian; and what is said to the collector without such a proxy."""

import contextlib
import http.server
import json
import re
import threading

import pytest
from fronts import Front, block, program
from running import JSON, ROOT, Collector, bearer
from terminal import fails
from test_reverse_proxy import enrol, report_of

PEOPLE = {"alice": "staff, exchange-team", "bob": "staff", "root": "exchange-admins", "eve": "visitors"}
CONFIGURATION = block("ini collector.conf with users").replace("listen = 127.0.0.1:8285\n", "")
OURS = {"Sec-Fetch-Site": "same-origin"}
FIELDS = {"authelia": ("/api/authz/auth-request", "Remote-User", "Remote-Groups"),
          "oauth2-proxy": ("/oauth2/auth", "X-Auth-Request-Preferred-Username", "X-Auth-Request-Groups")}


class Login(http.server.BaseHTTPRequestHandler):
    """Answers what nginx asks as the product does that its server is named after: who has the cookie of a login."""

    def do_GET(self):
        path, user_field, groups_field = FIELDS[self.server.product]
        user = re.search(r"login=(\w+)", self.headers.get("Cookie", ""))
        if self.path != path or not user:
            self.send_response(401 if self.path == path else 404)
            self.send_header("Location", "https://login.example/?rd=" + self.headers.get("X-Original-URL", ""))
        else:
            self.send_response(200)
            self.send_header(user_field, user[1])
            self.send_header(groups_field, PEOPLE[user[1]])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def login(product):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Login) as server:
        server.product = product
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def front_text(product, port):
    """The documented block, with the documented changes for another product."""
    text = block("nginx with users")
    page = (ROOT / "docs/reverse-proxy.md").read_text().partition("With oauth2-proxy")[2]
    changes = re.findall(r"^\| `(\S+)` \| `(\S+)` \|$", page, re.MULTILINE)
    assert len(changes) == 4
    for documented, other in changes if product == "oauth2-proxy" else []:
        assert documented in text
        text = text.replace(documented, other)
    return re.sub(r"127\.0\.0\.1:(9091|4180)", f"127.0.0.1:{port}", text)


@pytest.fixture(scope="module", params=FIELDS)
def site(request, tmp_path_factory):
    if not program("nginx"):
        pytest.skip("MTAWATCH_NGINX names no nginx")
    folder = tmp_path_factory.mktemp("users")
    (folder / "collector.conf").write_text(CONFIGURATION)
    with Collector(folder / "data", "--config", folder / "collector.conf") as collector, \
            login(request.param) as port, \
            Front("nginx", folder / "front", collector.port, text=front_text(request.param, port)) as front:
        yield collector, front


def cookie(user):
    return {"Cookie": f"login={user}"}


def asked(front, path, user=None, method="GET", body=None, **fields):
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    status, headers, text = front.ask(path, method, body, {**JSON, **(cookie(user) if user else {}), **named})
    return status, headers, json.loads(text) if "json" in (headers["Content-Type"] or "") else text


@pytest.mark.parametrize("user, role", [("bob", "viewer"), ("alice", "operator"), ("root", "admin")])
def test_who_is_logged_in_at_the_proxy_is_logged_in_here(site, user, role):
    _, front = site
    assert asked(front, "/v1/session", user)[2] == {"name": user, "role": role, "expires_at": None, "by": "proxy"}
    status, _, page = asked(front, "/", user)
    assert status == 200 and b"app.js" in page


def test_who_is_not_is_sent_there_and_a_page_is_told(site):
    _, front = site
    status, headers, _ = asked(front, "/?verdict=exposed")
    assert status == 302 and headers["Location"].startswith("https://")
    assert "rd=" in headers["Location"] and "/?verdict=exposed" in headers["Location"]
    assert asked(front, "/v1/servers")[0] == 401


def test_a_user_may_what_their_role_may_and_the_audit_log_has_their_name(site):
    collector, front = site
    silence = json.dumps({"matchers": {"site": "HQ"}, "reason": "r", "ends_at": "2100-01-01T00:00:00Z",
                          "allow_empty": True})
    assert asked(front, "/v1/silences", "bob", "POST", silence, **OURS)[0] == 403
    status, _, body = asked(front, "/v1/silences", "alice", "POST", silence, **OURS)
    assert status == 201, body
    line = collector.get("/v1/audit?limit=1")["lines"][0]
    assert (line["who"], line["from"], line["action"]) == ("user alice", "127.0.0.2", "silence.add")
    assert asked(front, "/v1/tokens", "alice")[0] == 403
    assert asked(front, "/v1/tokens", "root")[0] == 200


def test_a_user_without_a_role_is_told_so_and_may_log_in_with_a_token(site):
    collector, front = site
    status, _, body = asked(front, "/v1/servers", "eve")
    assert (status, body["code"]) == (403, "no_role")
    status, headers, _ = asked(front, "/v1/session", "eve", "POST", json.dumps({"token": collector.token}), **OURS)
    assert status == 200
    both = f"login=eve; {headers['Set-Cookie'].split(';')[0]}"
    who = asked(front, "/v1/session", Cookie=both)[2]
    assert (who["role"], who["by"]) == ("admin", "token")


def test_nobody_names_himself_past_the_proxy(site):
    collector, front = site
    claimed = {"Remote_User": "root", "Remote_Groups": "exchange-admins"}
    assert asked(front, "/v1/session", **claimed)[0] == 401
    assert asked(front, "/v1/session", "bob", **claimed)[2]["role"] == "viewer"
    assert asked(front, "/v1/enroll", None, "POST", "{}", **claimed)[0] == 422
    assert asked(front, "/v1/session", Authorization="Bearer x", **claimed)[2]["code"] == "unknown_token"
    status, _, body = front.ask("/v1/session", headers={
        "Remote_User": "root", "Remote_Groups": "exchange-admins", **cookie("bob")})
    assert status == 200 and json.loads(body)["name"] == "bob"
    who = asked(front, "/v1/session", Authorization=f"Bearer {collector.token}", **claimed)[2]
    assert (who["role"], who["by"]) == ("admin", "token")


def test_agents_and_programs_need_no_login_at_the_proxy(site):
    collector, front = site
    identity, fields = enrol(front, collector, "EXCH1")
    assert front.ask("/v1/reports", "POST", report_of(identity, 1), fields)[0] == 200
    assert front.ask("/v1/servers/EXCH1", headers=bearer(collector.token))[0] == 200


@pytest.mark.parametrize("fields, status", [
    ({}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Origin": "https://other.example"}, 403), (OURS, 404)])
def test_a_page_of_another_site_changes_nothing_as_a_user(site, fields, status):
    _, front = site
    answer = asked(front, "/v1/servers/NONE", "root", "DELETE", **fields)
    assert answer[0] == status and (status == 404 or answer[2]["code"] == "cross_site")


@pytest.mark.parametrize("site_of_page, mode, status", [
    ("cross-site", "no-cors", 403), ("cross-site", "cors", 403), ("same-site", "no-cors", 403),
    ("cross-site", None, 403), ("cross-site", "navigate", 200), ("same-origin", "cors", 200), ("none", "navigate", 200), (None, None, 200)])
def test_a_page_of_another_site_loads_nothing_as_a_user_and_may_lead_here(site, site_of_page, mode, status):
    _, front = site
    fields = {"Sec_Fetch_Site": site_of_page, "Sec_Fetch_Mode": mode}
    answer = asked(front, "/v1/servers", "bob", **{name: value for name, value in fields.items() if value})
    assert answer[0] == status and (status == 200 or answer[2]["code"] == "cross_site")


def test_the_origin_of_the_page_of_a_user_does_as_well(site):
    _, front = site
    assert asked(front, "/v1/servers/NONE", "root", "DELETE", Origin=f"https://localhost:{front.port}")[0] == 404


# Without nginx: the test is the trusted proxy at 127.0.0.1, or somebody at 127.0.0.5.

@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Collector(tmp_path_factory.mktemp("collector") / "data", "--trusted-proxies", "127.0.0.1",
                   "--viewer-groups", "staff", "--admin-groups", "admins") as running:
        yield running


def said(collector, *lines, source="127.0.0.1"):
    """Status and body of GET /v1/session with these lines of a head, as they are."""
    with contextlib.closing(collector.dial(source)) as peer:
        peer.sendall(b"GET /v1/session HTTP/1.1\r\nHost: c\r\nConnection: close\r\n" +
                     b"".join(line + b"\r\n" for line in lines) + b"\r\n")
        head, _, body = peer.makefile("rb").read().partition(b"\r\n\r\n")
    answer = json.loads(body)
    return int(head.split()[1]), answer.get("code") or answer["name"]


ROOT_OF_PROXY = (b"Remote-User: root", b"Remote-Groups: admins")


def test_fields_count_from_a_trusted_proxy_alone(collector):
    assert said(collector, *ROOT_OF_PROXY) == (200, "root")
    assert said(collector, *ROOT_OF_PROXY, source="127.0.0.5") == (401, "unauthenticated")
    forwarded = (*ROOT_OF_PROXY, b"X-Forwarded-For: 127.0.0.1")
    assert said(collector, *forwarded, source="127.0.0.5") == (401, "unauthenticated")


@pytest.mark.parametrize("lines, answer", [
    ([b"Remote-User: a", b"Remote-User: root", b"Remote-Groups: admins"], (403, "ambiguous_user")),
    ([*ROOT_OF_PROXY, b"Remote-Groups: staff"], (403, "ambiguous_user")),
    ([*ROOT_OF_PROXY, b"remote-user:"], (403, "ambiguous_user")),
    ([b"Remote_User: root", b"Remote_Groups: admins"], (401, "unauthenticated")),
    ([b"Remote-User: a", b"Remote_Groups: admins"], (403, "no_role")),
    ([b"Remote-User: " + b"a" * 63, b"Remote-Groups: staff"], (200, "a" * 63)),
    ([b"Remote-User: " + b"a" * 64, b"Remote-Groups: staff"], (403, "ambiguous_user")),
    ([b"Remote-User: a\tb", b"Remote-Groups: staff"], (403, "ambiguous_user")),
    ([b"Remote-User: a\x1b[2J", b"Remote-Groups: staff"], None),
    ([b"Remote-User: a\x00b", b"Remote-Groups: staff"], (400, "malformed_request")),
    ([b"Remote-User: a", b" b", b"Remote-Groups: staff"], (400, "malformed_request")),
    ([b"Remote-User: J\xf6rg", b"Remote-Groups: staff"], (403, "ambiguous_user")),
    ([b"Remote-User: alice", b"Remote-Groups: x, staff ,y"], (200, "alice")),
    ([b"Remote-User: alice", b"Remote-Groups: xstaff,staffy,st aff"], (403, "no_role")),
    ([b"Remote-User: alice", b"Remote-Groups: " + b"x," * 1000 + b"staff"], (200, "alice")),
    ([b"Remote-Groups: admins"], (401, "unauthenticated")),
    ([b"Remote-User:", b"Remote-Groups: admins"], (401, "unauthenticated")),
    ([b"Authorization: Basic YTpi", *ROOT_OF_PROXY], (200, "root")),
    ([b"Authorization: Basic YTpi"], (401, "unknown_token")),
    ([b"Authorization: Bearer mtw_a0", *ROOT_OF_PROXY], (401, "unknown_token")),
])
def test_hostile_fields_make_nobody_else_of_anybody(collector, lines, answer):
    got = said(collector, *lines)
    assert got == answer if answer else got in ((400, "malformed_request"), (403, "ambiguous_user"))


def test_without_groups_that_have_a_role_a_trusted_proxy_names_nobody(tmp_path):
    with Collector(tmp_path / "data", "--trusted-proxies", "127.0.0.1") as collector:
        assert said(collector, *ROOT_OF_PROXY) == (401, "unauthenticated")
        assert said(collector, b"Remote-User: a", b"Remote-User: b") == (401, "unauthenticated")


@pytest.mark.parametrize("options, says", [
    (["--viewer-groups", "staff"], "viewer-groups \"staff\": only a proxy of trusted-proxies can say"),
    (["--viewer-groups", " , ", "--trusted-proxies", "::1"], "names of groups, several with commas"),
])
def test_a_mapping_that_cannot_be_meant_is_refused(tmp_path, options, says):
    assert says in fails("serve", "--data", tmp_path, "--check-config", *options, status=2)


MAX_STREAMS_OF_ONE = 256


def test_the_streams_of_a_user_are_not_those_of_a_token_of_that_name(collector):
    status, _, body = collector.ask("/v1/tokens", "POST", json.dumps({"name": "root", "role": "viewer"}), JSON)
    assert status == 201
    with contextlib.ExitStack() as held:

        def follow(fields):
            connection = held.enter_context(contextlib.closing(collector.connect(identified=False)))
            connection.request("GET", "/v1/events", headers=fields)
            return connection.getresponse().status

        user = {"Remote-User": "root", "Remote-Groups": "admins"}
        assert {follow(user) for _ in range(MAX_STREAMS_OF_ONE)} == {200}
        assert follow(user) == 429
        assert follow(bearer(json.loads(body)["token"])) == 200
