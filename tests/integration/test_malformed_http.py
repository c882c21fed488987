"""HTTP that is none: every shape that other servers take for a request, over plain HTTP and HTTPS."""

import csv
import os
from pathlib import Path

import pytest
from certificates import Authority, arguments, client_of
from running import ROOT, Collector, statuses

TESTDATA = Path(os.environ.get("MTAWATCH_TESTDATA", ROOT / "../shared/testdata"))

HEAD = b"POST /v1/reports HTTP/1.1\r\nHost: c\r\n"
MALFORMED = [
    ("TE and CL", HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    ("two equal CL", HEAD + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400),
    ("two different CL", HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    ("bare LF", b"GET /livez HTTP/1.1\nHost: c\n\n", 400),
    ("signed CL", HEAD + b"Content-Length: +2\r\n\r\nab", 400),
    ("space before colon", b"GET /livez HTTP/1.1\r\nHost : c\r\n\r\n", 400),
    ("no Host", b"GET /livez HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    ("chunk size overflow", HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nx", 400),
    ("unknown TE and CL", HEAD + b"Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc", 400),
    ("folded field", b"GET /livez HTTP/1.1\r\nHost: c\r\nX: a\r\n b\r\n\r\n", 400),
    ("CL of 20 digits", HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", 400),
    ("1 MB of header", b"GET /livez HTTP/1.1\r\nHost: c\r\nX: " + b"x" * 1048576 + b"\r\n\r\n", 431),
    ("65 fields", b"GET /livez HTTP/1.1\r\nHost: c\r\n" + b"X: y\r\n" * 64 + b"\r\n", 431),
    ("NUL in a field", b"GET /livez HTTP/1.1\r\nHost: c\r\nX: a\0b\r\n\r\n", 400),
    ("bare CR in a field", b"GET /livez HTTP/1.1\r\nHost: c\r\nX: a\rb\r\n\r\n", 400),
    ("HTTP/2.0", b"GET /livez HTTP/2.0\r\nHost: c\r\n\r\n", 505),
    ("HTTP/0.9", b"GET /livez\r\n\r\n", 505),
    ("TLS", bytes.fromhex("16030100c8010000c40303"), 400),
]


@pytest.fixture(scope="module", params=["http", "https"])
def collector(request, tmp_path_factory):
    """One for all: what is refused must leave it as it was."""
    folder = tmp_path_factory.mktemp(request.param)
    authority = Authority(folder) if request.param == "https" else None
    more = arguments(authority.sign_server()) if authority else []
    with Collector(folder / "data", *more, tls=authority and client_of(authority)) as running:
        yield running


@pytest.mark.parametrize("what, data, status", MALFORMED, ids=[case[0] for case in MALFORMED])
def test_malformed_http_is_refused_and_the_connection_ends(collector, what, data, status):
    answer = collector.raw(data + b"GET /livez HTTP/1.1\r\nHost: c\r\n\r\n")
    assert statuses(answer) == [status]
    assert b"application/problem+json" in answer and b"Connection: close" in answer
    assert collector.ask("/livez")[0] == 200


def recorded_requests():
    folder = TESTDATA / "http"
    if not folder.is_dir():
        return []
    with open(folder / "expected.tsv", newline="") as table:
        return list(csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.skipif(not recorded_requests(), reason=f"no recorded requests in {TESTDATA / 'http'}")
def test_what_the_reference_parser_refuses_is_refused_here(collector):
    head, *rows = recorded_requests()
    refused = [row for row in rows if row[head.index("llhttp_error_code")] not in ("0", "22")]
    assert len(refused) > 20
    for row in refused:
        data = (TESTDATA / "http" / row[0]).read_bytes()
        got = statuses(collector.raw(data + b"\r\n\r\n"))
        assert got and got[-1] in (400, 501, 505), row
    assert collector.ask("/livez")[0] == 200
