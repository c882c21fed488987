"""CSV of a large fleet to readers that are slow, and to those who still read when the collector ends."""

import csv
import http.client
import io
import json
import socket
import threading
import time

import pytest
from running import JSON, PATIENCE, Collector

N = 20_000
LARGE_PART = 4_000_000  # bytes of some 5.6 million
STALL = 20  # seconds that the collector waits for a reader (CLIENT_STALL_MS)
NAMES = [f"S{number:05}" for number in range(N)]
CONNECTION = 1024 * 1024  # bytes that a reader who is slow may cost: a queue, a piece, some slack
ENVIRONMENT = {"ASAN_OPTIONS": "quarantine_size_mb=1"}  # else AddressSanitizer keeps what was freed


@pytest.fixture
def collector(tmp_path):
    with Collector(tmp_path / "data", environment=ENVIRONMENT) as running:
        text = "".join(f"{name},ORGANIZATION,{'SITE' * 30}\n" for name in NAMES)
        assert running.ask("/v1/inventory", "PUT", text)[0] == 200
        yield running


class Reader:
    """An export that nobody has read of yet, with next to no room in the kernel."""

    def __init__(self, collector, version="1.1", token=None):
        self.peer = socket.socket()
        self.peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.peer.settimeout(PATIENCE)
        self.peer.connect(("127.0.0.1", collector.port))
        head = f"GET /v1/servers.csv HTTP/{version}\r\nHost: c\r\nAuthorization: Bearer {token or collector.token}\r\n\r\n"
        self.peer.sendall(head.encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.peer.close()

    def begin(self):
        """The answer, its head read and some of its body."""
        answer = http.client.HTTPResponse(self.peer)
        answer.begin()
        assert answer.status == 200
        assert len(answer.read(10_000)) == 10_000
        return answer


def names(text):
    return [row["server"] for row in csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""))]


def memory(collector):
    """Bytes, what is kept in the process itself."""
    with open(f"/proc/{collector.process.pid}/status") as status:
        return int(next(line for line in status if line.startswith("RssAnon:")).split()[1]) * 1024


def settled(what):
    """Waits until it stays the same for a while."""
    deadline = time.monotonic() + PATIENCE
    before, since = what(), time.monotonic()
    while time.monotonic() < since + 0.5:
        now = what()
        if now != before:
            before, since = now, time.monotonic()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return before


def test_readers_who_never_read_cost_little_and_hold_up_nobody(collector):
    n = 12
    assert len(names(collector.ask("/v1/servers.csv")[2])) == N  # memory has grown as it has to
    before = settled(lambda: memory(collector))
    readers, begun = [Reader(collector) for _ in range(n)], time.monotonic()
    try:
        after = settled(lambda: memory(collector))
        assert after - before < n * CONNECTION, (before, after)
        assert collector.get("/v1/servers?limit=1")["matched"] == N
        if time.monotonic() < begun + STALL - 5:  # else it is cut off by now, as it should be
            answer = http.client.HTTPResponse(readers[0].peer)
            answer.begin()
            assert names(answer.read()) == NAMES
    finally:
        for reader in readers:
            reader.peer.close()
    assert collector.get("/v1/servers?limit=1")["matched"] == N


def test_a_reader_who_takes_byte_by_byte_gets_all_of_it(collector):
    with Reader(collector) as reader:
        answer = http.client.HTTPResponse(reader.peer)
        answer.begin()
        begin = b"".join(answer.read(1) for _ in range(20_000))
        assert collector.get("/v1/servers?limit=1")["matched"] == N
        assert names(begin + answer.read()) == NAMES


def test_an_export_that_is_read_goes_on_to_its_end_when_the_collector_ends(collector):
    with Reader(collector) as reader:
        answer = reader.begin()
        first = answer.read(LARGE_PART)  # what is left fits into the 5 s that the end gives, on a busy machine, too
        ending = threading.Thread(target=collector.end)
        ending.start()
        while collector.process.poll() is None:  # it listens no more
            try:
                collector.dial().close()
            except ConnectionError:  # refused, or reset while it waited to be accepted
                break
        rest = first + answer.read()
        assert answer.isclosed() and names(b"server,\n" + rest)[-1] == NAMES[-1]
        assert len(rest.splitlines()) > N * 0.9
        began = time.monotonic()
        assert reader.peer.recv(1) == b""
        assert time.monotonic() - began < 3  # what is open still would be given 5 s
        ending.join()
    assert collector.process.returncode == 0


def test_an_export_that_is_cut_off_does_not_look_like_a_whole_one(collector):
    """The collector waits some seconds for a reader who does not read, then it ends in good order."""
    with Reader(collector) as chunked, Reader(collector, "1.0") as old:
        answers = [chunked.begin(), old.begin()]
        ending = threading.Thread(target=collector.end)
        ending.start()
        ending.join()  # it is given PATIENCE
        assert collector.process.returncode == 0
        for answer in answers:
            with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
                answer.read()


def test_an_export_of_a_token_that_is_revoked_is_cut_off_within_a_second(collector):
    body = json.dumps({"name": "gone", "role": "viewer"})
    token = json.loads(collector.ask("/v1/tokens", "POST", body, JSON)[2])["token"]
    with Reader(collector, token=token) as reader, Reader(collector) as other:
        answers = [reader.begin(), other.begin()]
        assert collector.ask("/v1/tokens/gone", "DELETE")[0] == 204
        time.sleep(0.9)
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            answers[0].read()
        assert answers[1].read().count(b"\r\n") > N // 2


def test_an_export_that_is_left_is_forgotten(collector):
    for _ in range(50):
        with Reader(collector):
            pass
    with Reader(collector) as reader:
        reader.begin()
    assert names(collector.ask("/v1/servers.csv")[2]) == NAMES
