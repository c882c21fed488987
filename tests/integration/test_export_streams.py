"""Large exports and streams of events to readers that never read, among those who do."""

import contextlib
import socket
import time

from running import PATIENCE, minimal, samples
from test_events import Follower
from test_export import CONNECTION, NAMES, Reader, collector, memory, names, settled  # noqa: F401 - a fixture

EXPORTS, STREAMS, SERVERS = 20, 60, 20


def follow(collector):
    """A stream of events that nobody reads."""
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.settimeout(PATIENCE)
    peer.connect(("127.0.0.1", collector.port))
    peer.sendall(f"GET /v1/events HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer {collector.token}\r\n\r\n".encode())
    return peer


def report_all(collector, sequence):
    """What it told that waits. Each server is a change, and so an event."""
    for name in NAMES[:SERVERS]:
        assert collector.post(minimal(name, sequence))[0] == 200
    return samples(collector, "mtawatch_waiting_bytes")[""]


def test_exports_and_streams_that_nobody_reads_cost_little_and_hold_up_nobody(collector):  # noqa: F811
    """Agents, who listens to events and who reads an export go on meanwhile."""
    assert names(collector.ask("/v1/servers.csv")[2]) == NAMES  # memory has grown as it has to
    report_all(collector, 1)
    before = settled(lambda: memory(collector))
    with contextlib.ExitStack() as held:
        listener = held.enter_context(Follower(collector))
        held.callback(lambda: [peer.close() for peer in unread])
        unread = [Reader(collector).peer for _ in range(EXPORTS)] + [follow(collector) for _ in range(STREAMS)]
        waiting, sequence, deadline = [0], 1, time.monotonic() + PATIENCE
        while max(waiting) < EXPORTS * 32 * 1024:  # the kernel is full, and each export waits (CONN_MAX_QUEUED)
            assert time.monotonic() < deadline, waiting
            waiting.append(report_all(collector, sequence := sequence + 1))
        assert memory(collector) - before < (EXPORTS + STREAMS) * CONNECTION / 2
        assert listener.next()
        assert sorted(names(collector.ask("/v1/servers.csv")[2])) == sorted(NAMES)
