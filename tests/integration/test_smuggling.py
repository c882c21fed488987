"""Requests within requests: what the collector reads as one request, a proxy before it must not read as another
number of them, nor the other way round.

Within each attack hides a request that makes a token. The proxies here refuse it (fronts.DENY): a token that is
made has come past one. Directly, where nobody stands before it, what is ambiguous is refused and ends the
connection, so that nothing behind it is done."""

import contextlib
import json
import socket

import pytest
from fronts import KINDS, Front, block, program
from running import PATIENCE, Collector

BEFORE = "POST /v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
END = "0\r\n\r\n"
LIVEZ = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"


def hidden(name, token):
    body = json.dumps({"name": name, "role": "admin"})
    return (f"POST /v1/tokens HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}")


def length(text):
    return f"Content-Length: {len(text)}\r\n"


def coded(field):
    """The length covers what hides behind the end of the chunks."""
    return lambda inner: BEFORE + length(END + inner) + field + "\r\n" + END + inner


def shorter(field):
    """The length ends within the chunk that it hides in."""
    return lambda inner: (BEFORE + "Content-Length: 4\r\n" + field + f"\r\n{len(inner):02x}\r\n" + inner + "\r\n" + END)


def two_lengths(first, second):
    return lambda inner: (BEFORE + first.format(n=len(inner)) + second.format(n=len(inner)) + "\r\n" + inner)


def chunk(line, after=""):
    """A chunk whose head some read as the last one's."""
    return lambda inner: BEFORE + CHUNKED + "\r\n" + line.format(n=len(inner)) + inner + after + "\r\n" + END


ATTACKS = {
    "length and chunks": coded(CHUNKED),
    "chunks and length": shorter(CHUNKED),
    **{f"coding {field!r}": coded(field) for field in (
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n", "Transfer-Encoding:\tchunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity, chunked\r\n", "Transfer-Encoding: \x0bchunked\r\n",
        " Transfer-Encoding: chunked\r\n", "X: x\nTransfer-Encoding: chunked\r\n", "X: x\rTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding\r\n : chunked\r\n", "Transfer-Encoding:\r\n chunked\r\n", "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: chunked;q=1\r\n", "Transfer_Encoding: chunked\r\n", "Transfer-Encoding: cHuNkEd\r\n",
        "X: \0\r\nTransfer-Encoding: chunked\r\n", "Connection: Content-Length\r\nTransfer-Encoding: chunked\r\n")},
    **{f"{first} and {second}": two_lengths(first, second) for first, second in (
        ("Content-Length: 0\r\n", "Content-Length: {n}\r\n"), ("Content-Length: {n}\r\n", "Content-Length: 0\r\n"),
        ("Content-Length: 0, {n}\r\n", ""), ("Content-Length: {n}, {n}\r\n", ""), ("Content-Length: +{n}\r\n", ""),
        ("Content-Length: {n:#x}\r\n", ""), ("Content-Length : {n}\r\n", ""), ("Content-Length:\r\n {n}\r\n", ""),
        ("Content-Length: {n} 0\r\n", ""), ("Content-Length: -1\r\n", ""), ("Content_Length: {n}\r\n", "Content-Length: 0 \x0b\r\n"),
        ("Content-Length: {n}\n", "\n"), ("Content-Length: 0\rX: {n}\r\n", ""))},
    **{f"chunk {line!r}": chunk(line) for line in (
        "0x{n:x}\r\n", "-{n:x}\r\n", "+{n:x}\r\n", " {n:x}\r\n", "{n:x} \r\n", "{n:x}\n", "{n:x}\r", "{n:x};\n0\r\n\r\n",
        "{n:x};a=\"\r\n0\r\n\r\n\"\r\n", "0000000000000000{n:x}\r\n", "1_0\r\n", "\r\n0\r\n\r\n", "{n:x}\r\n\n", "g\r\n",
        "ffffffffffffffff{n:x}\r\n")},
    "chunk that is longer than it says": chunk("3\r\n"),
    "trailer with a length": lambda inner: BEFORE + CHUNKED + f"\r\n0\r\n{length(inner)}X : y\r\n\r\n" + inner,
    "length of GET": lambda inner: f"GET /livez HTTP/1.1\r\nHost: localhost\r\n{length(inner)}\r\n{inner}",
    "length of HEAD": lambda inner: f"HEAD /livez HTTP/1.1\r\nHost: localhost\r\n{length(inner)}\r\n{inner}",
    "chunks of 1.0": lambda inner: BEFORE.replace("1.1", "1.0") + CHUNKED + length(END + inner) + "\r\n" + END + inner,
    "upgrade": lambda inner: "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c"
    f"\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n{length(inner)}\r\n{inner}",
    "websocket": lambda inner: "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    f"Sec-WebSocket-Version: 777\r\nSec-WebSocket-Key: bnVsbA==\r\n{length(inner)}\r\n{inner}",
    "expects to go on": lambda inner: BEFORE + f"Expect: 100-continue\r\n{length(inner)}\r\n{inner}",
    "bare line ends": lambda inner: (BEFORE + length(inner)).replace("\r\n", "\n") + "\n" + inner,
    "path with a line end": lambda inner: "GET /livez%0d%0a%0d%0a HTTP/1.1\r\nHost: localhost\r\n" + length(inner) + "\r\n" + inner,
    "path with another request": lambda inner: f"GET /livez HTTP/1.1\r\nX: y\r\n\r\n{inner}",
    "version after the version": lambda inner: f"GET /livez HTTP/1.1 HTTP/1.1\r\nHost: localhost\r\n{length(inner)}\r\n{inner}",
    **{f"another way to it: {path}": lambda inner, path=path: inner.replace("/v1/tokens", path) for path in (
        "//v1/tokens", "/v1//tokens", "/v1/./tokens", "/x/../v1/tokens", "/%76%31/tokens", "/v1%2ftokens", "/v1/tokens%00",
        "/v1/tokens/..;/tokens", "\\v1\\tokens", "/v1/tokens;x")},
}
WAYS = ["nobody", *(pytest.param(kind, marks=pytest.mark.skipif(not program(kind), reason=f"{KINDS[kind][0]} names no {kind}"))
                    for kind in KINDS)]


@pytest.fixture(scope="module", params=WAYS)
def way(request, tmp_path_factory):
    """(collector, how to reach it: a function that gives a connected socket, what stands before it)"""
    folder = tmp_path_factory.mktemp("way")
    (folder / "collector.conf").write_text(block("ini collector.conf").replace("listen = 127.0.0.1:8285\n", ""))
    with Collector(folder / "data", "--config", folder / "collector.conf") as collector:
        if request.param == "nobody":
            yield collector, lambda: socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE), request.param
        else:
            with Front(request.param, folder / "front", collector.port, denies=True) as front:
                yield collector, front.dial, request.param


def send(dial, text, quiet_s=0.4, wanted=None):
    """What comes back until the end, until nothing comes for a while, or until so many answers are there."""
    answer = b""
    with dial() as peer, contextlib.suppress(OSError):
        peer.settimeout(quiet_s)
        peer.sendall(text.encode("latin-1"))
        while answer.count(b"HTTP/1.1 ") != wanted and (got := peer.recv(65536)):
            answer += got
    return answer


def tokens(collector):
    return {token["name"] for token in collector.get("/v1/tokens")["tokens"]}


def test_what_hides_in_a_request_is_not_done(way):
    collector, dial, before = way
    names = {}
    for number, (what, attack) in enumerate(ATTACKS.items()):
        if before == "nobody" and what.startswith("another way"):
            continue  # nobody refuses the straight way
        names[f"hidden-{number}"] = what
        send(dial, attack(hidden(f"hidden-{number}", collector.token)))
        assert send(dial, LIVEZ.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"), PATIENCE).startswith(b"HTTP/1.1 200"), what
    made = tokens(collector) & set(names)
    assert not made, [names[name] for name in made]


def test_what_does_not_hide_is_done_unless_the_proxy_refuses_it(way):
    """So that the test above can fail: the same request behind a whole one."""
    collector, dial, before = way
    answer = send(dial, LIVEZ + hidden("open", collector.token), PATIENCE, wanted=2)
    assert answer.count(b"HTTP/1.1 ") == 2, answer
    assert ("open" in tokens(collector)) == (before == "nobody")
