"""GET /v1/events at the running collector: what is told, who goes on where, who is to ask again."""

import contextlib
import json
import resource
import subprocess
import time

import pytest
from certificates import Authority, arguments, client_of
from running import JSON, PATIENCE, PROGRAM, Collector, bearer, exposed_site, minimal, server
from test_access import session_of


class Follower:
    """A stream of events; ends with the block."""

    def __init__(self, collector, last=None, headers=None):
        self.connection = collector.connect(identified=headers is None)
        more = {} if last is None else {"Last-Event-ID": str(last)}
        self.connection.request("GET", "/v1/events", headers={**(headers or {}), **more})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        self.last = None
        assert self._block()["retry"].isdigit() and self.last.isdigit()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def _block(self):
        """The fields up to an empty line; comments do not count."""
        fields = {}
        while line := self.answer.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            if name:
                fields[name] = value
        self.last = fields.get("id", self.last)
        return fields

    def next(self):
        while True:
            fields = self._block()
            if "event" in fields:
                return fields["event"], json.loads(fields["data"])

    def until(self, kind, **members):
        """The next event of that kind with these members; and those before it."""
        before = []
        while True:
            got, data = self.next()
            if got == kind and members.items() <= data.items():
                return data, before
            before.append((got, data))

    def ended(self):
        return self.answer.read() == b""


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data") as running:
        yield running


def test_every_change_is_told_once_and_in_order(collector):
    with Follower(collector) as follower:
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        shown, _ = follower.until("server", server="EXCH1", verdict="exposed")
        listed = collector.get("/v1/servers/EXCH1")
        assert all(listed[name] == shown[name] for name in shown if name != "age_s")
        counts, _ = follower.until("site", site="HQ")
        while counts["counts"]["clear"] != 2:
            counts, _ = follower.until("site", site="HQ")
        assert counts in collector.get("/v1/sites") and counts["organization"] == "ACME"
        before = int(follower.last)
        report = exposed_site()[0]
        assert collector.post({**report, "sequence": 2})[0] == 200
        seen, others = follower.until("seen", server="EXCH1")
        assert others == [] and set(seen) == {"server", "reported_at"} and int(follower.last) == before + 1
        assert collector.ask("/v1/servers/EXCH1", "DELETE")[0] == 204
        follower.until("removed", server="EXCH1")
        gone, _ = follower.until("site", site="HQ")
        assert gone["counts"]["exposed"] == 0
        assert collector.ask("/v1/inventory", "PUT", "NEW1\n")[0] == 200
        follower.until("reset")


def test_who_was_away_goes_on_where_they_were(collector):
    with Follower(collector) as follower:
        assert collector.post(minimal("EXCH1"))[0] == 200
        follower.until("site")
        last = follower.last
    for number in range(2, 30):
        assert collector.post(minimal("EXCH1", number))[0] == 200
    with Follower(collector, last) as again:
        assert again.last == last
        for number in range(28):
            assert again.next()[0] == "seen"
            assert int(again.last) == int(last) + 1 + number


@pytest.mark.parametrize("last", ["1", "0", "", "x", "-1", "9" * 18, "9" * 30, "99999999999999999999"])
def test_who_cannot_go_on_is_told_to_ask_again(collector, last):
    assert collector.post(minimal("EXCH1"))[0] == 200
    with Follower(collector, last) as follower:
        assert follower.next() == ("reset", {})
        assert collector.post(minimal("EXCH2"))[0] == 200
        follower.until("server", server="EXCH2")


def test_after_a_restart_everything_is_to_be_asked_again(tmp_path):
    with Collector(tmp_path / "data") as collector, Follower(collector) as follower:
        assert collector.post(minimal("EXCH1"))[0] == 200
        follower.until("server")
        last = follower.last
        begin = time.monotonic()
        collector.end()
        assert time.monotonic() - begin < 4  # the server gives answers that have an end 5 s
        while follower.answer.readline():
            pass
    with Collector(tmp_path / "data") as collector, Follower(collector, last) as follower:
        assert follower.next() == ("reset", {})


def test_many_follow_at_once_and_all_are_told(collector):
    with contextlib.ExitStack() as stack:
        followers = [stack.enter_context(Follower(collector)) for _ in range(200)]
        for report in exposed_site():
            assert collector.post(report)[0] == 200
        for follower in followers:
            follower.until("server", server="EXCH1", verdict="exposed")
        assert collector.get("/v1/servers")["matched"] == 3


MAX_FOLLOWERS = 2048  # EVENT_STREAM_MAX_FOLLOWERS
MAX_OF_ONE = 256  # EVENT_STREAM_MAX_OF_ONE


def token_of(collector, name, role="viewer"):
    status, _, body = collector.ask("/v1/tokens", "POST", json.dumps({"name": name, "role": role}), JSON)
    assert status == 201, body
    return json.loads(body)["token"]


def follow_by_many(collector, n, stack):
    """`n` sockets on which events are asked for, by as many tokens as that takes."""
    peers = []
    for begin in range(0, n, MAX_OF_ONE):
        head = f"GET /v1/events HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {token_of(collector, f'f{begin}')}\r\n\r\n"
        for _ in range(min(MAX_OF_ONE, n - begin)):
            peers.append(stack.enter_context(collector.dial()))
            peers[-1].sendall(head.encode())
    return peers


def test_as_many_follow_as_may_and_one_more_is_told_to_come_later(tmp_path):
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    with Collector(tmp_path / "data", "--max-connections-per-address", "4096") as collector, contextlib.ExitStack() as all_:
        peers = follow_by_many(collector, MAX_FOLLOWERS, all_)
        for peer in peers:
            assert peer.recv(4096).startswith(b"HTTP/1.1 200 ")
        status, headers, body = collector.ask("/v1/events")
        assert (status, headers["Retry-After"]) == (503, "30") and json.loads(body)["code"] == "too_many_streams"
        assert collector.post(minimal("EXCH1"))[0] == 200
        for peer in peers:
            got = b""
            while b"event: server\n" not in got:
                got += peer.recv(65536)
        peers.pop().close()
        deadline = time.monotonic() + PATIENCE
        sequence = 1
        while collector.ask("/v1/events")[0] != 200:  # who has gone is noticed when they are written to
            assert time.monotonic() < deadline
            sequence += 1
            assert collector.post(minimal("EXCH1", sequence))[0] == 200
            time.sleep(0.05)


def test_a_session_and_a_token_follow_and_a_head_does_not(collector):
    for who in (session_of(collector), bearer(collector.token)):
        with Follower(collector, headers=who) as follower:
            assert collector.post(minimal(f"E{len(who)}{next(iter(who))[0]}"))[0] == 200
            follower.until("server")
    status, headers, body = collector.ask("/v1/events", "HEAD")
    assert (status, headers["Content-Type"], body) == (200, "text/event-stream", b"")
    assert collector.ask("/v1/events?from=1")[0] == 400


def test_one_token_and_its_sessions_do_not_take_all_streams(collector):
    token = token_of(collector, "greedy")
    session = session_of(collector, token)["Cookie"]
    fields = [f"Authorization: Bearer {token}", f"Cookie: {session}"]
    with contextlib.ExitStack() as stack:
        answers = []
        for number in range(MAX_OF_ONE + 4):
            peer = stack.enter_context(collector.dial())
            peer.sendall(f"GET /v1/events HTTP/1.1\r\nHost: c\r\n{fields[number % 2]}\r\n\r\n".encode())
            answers.append(peer.recv(4096))
        assert [a[9:12] for a in answers] == MAX_OF_ONE * [b"200"] + 4 * [b"429"]
        assert b"Retry-After: 30\r\n" in answers[-1] and b"too_many_streams_of_one" in answers[-1]
        with Follower(collector):  # another identity does follow
            pass


def revoke_by_api(collector, name):
    assert collector.ask(f"/v1/tokens/{name}", "DELETE")[0] == 204


def revoke_at_the_terminal(collector, name):
    data = collector.process.args[collector.process.args.index("--data") + 1]
    subprocess.run([PROGRAM, "token", "revoke", name, "--data", data], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("revoke", [revoke_by_api, revoke_at_the_terminal])
@pytest.mark.parametrize("by_session", [False, True])
def test_a_token_that_is_revoked_ends_its_streams_within_a_second(collector, revoke, by_session):
    token = token_of(collector, "gone")
    fields = session_of(collector, token) if by_session else bearer(token)
    with Follower(collector, headers=fields) as revoked, Follower(collector) as other:
        revoke(collector, "gone")
        begin = time.monotonic()
        while revoked.answer.readline():  # comments, up to the end
            pass
        assert time.monotonic() - begin < 1
        assert collector.post(minimal("EXCH1"))[0] == 200
        other.until("server", server="EXCH1")


def test_a_token_that_expires_ends_its_streams_within_a_second(collector):
    end = time.time() + 2
    expires_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end + 1))
    body = json.dumps({"name": "short", "role": "viewer", "expires_at": expires_at})
    token = json.loads(collector.ask("/v1/tokens", "POST", body, JSON)[2])["token"]
    with Follower(collector, headers=bearer(token)) as revoked:
        while revoked.answer.readline():
            pass
        assert end - 1 < time.time() < end + 2.2


def test_events_come_over_tls(tmp_path):
    authority = Authority(tmp_path)
    with Collector(tmp_path / "data", *arguments(authority.sign_server()), tls=client_of(authority)) as collector:
        with Follower(collector) as follower, Follower(collector, headers=session_of(collector)) as browser:
            assert collector.post(minimal("EXCH1"))[0] == 200
            assert follower.until("server", server="EXCH1")[0] == browser.until("server", server="EXCH1")[0]


def test_hostile_values_cannot_make_events_of_their_own(collector):
    value = "a\n\nevent: reset\ndata: {}\n\n\r\rid: 7\u2028\u202e<b>"
    with Follower(collector) as follower:
        assert collector.post(server("EVIL", "10.0.0.1", site=value))[0] == 200
        shown, before = follower.until("server", server="EVIL")
        assert shown["site"] == value and before == []
        assert follower.until("site")[0]["site"] == value


def test_http_1_0_gets_the_stream_without_chunks(collector):
    head = f"GET /v1/events HTTP/1.0\r\nAuthorization: Bearer {collector.token}\r\n\r\n"
    with collector.dial() as peer:
        peer.settimeout(PATIENCE)
        peer.sendall(head.encode())
        assert collector.post(minimal("EXCH1"))[0] == 200
        got = b""
        while b"event: server\n" not in got:
            got += peer.recv(65536)
        assert b"Transfer-Encoding" not in got and b"Connection: close" in got


