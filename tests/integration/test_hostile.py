"""Honest agents among clients that mean no good, and the limits that let them through."""

import contextlib
import json
import os
import resource
import socket
import statistics
import threading
import time

import pytest
from certificates import Authority, arguments, client_of
from hostile import Crowd, Hostile
from running import JSON, PATIENCE, Collector, ask, minimal, samples, statuses

HOSTILE = 1000
AGENTS = 8
REPORTS = 25  # of each agent on a kept connection, and as many on new ones


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def files_of(process):
    """How many it has open; all but a few of them are connections."""
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def report(collector, number, latencies, failures):
    """Reports on a connection that is kept, and between them on new ones."""
    with contextlib.closing(collector.connect()) as kept:
        for sequence in range(2 * REPORTS):
            started = time.monotonic()
            body = json.dumps(minimal(f"S{number}", sequence))
            if sequence % 2 == 0:
                status = ask(kept, "/v1/reports", "POST", body, JSON)[0]
            else:
                status = collector.ask("/v1/reports", "POST", body, JSON)[0]
            latencies[sequence % 2].append(time.monotonic() - started)
            if status != 200:
                failures.append(status)


def test_honest_agents_are_served_among_a_thousand_hostile_clients(tmp_path, authority, capsys):
    files_before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files_before[1], files_before[1]))
    with Collector(tmp_path / "data", *arguments(authority.sign_server()), tls=client_of(authority)) as running:
        latencies, failures, open_then = ([], []), [], []
        with Crowd(HOSTILE, running.port, running.tls):
            open_then.append(files_of(running.process))
            agents = [threading.Thread(target=report, args=(running, n, latencies, failures))
                      for n in range(AGENTS)]
            for agent in agents:
                agent.start()
            for agent in agents:
                agent.join()
            open_then.append(files_of(running.process))
        assert failures == [] and [len(part) for part in latencies] == [AGENTS * REPORTS] * 2
        assert min(open_then) > HOSTILE / 2, open_then  # on a busy machine those thrown out take a while to come back
        with capsys.disabled():
            for what, part in zip(("kept", "new"), latencies):
                cuts = statistics.quantiles(part, n=100)
                print(f"\n{what} connections among {min(open_then)} hostile ones: "
                      f"p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms", end="")
        assert max(latencies[0] + latencies[1]) < PATIENCE


def test_large_bodies_take_no_more_memory_than_they_may_and_the_rest_is_told_to_wait(tmp_path):
    """Sixteen clients send all but the last byte of the largest report."""
    largest, most_mb = 1024 * 1024, 16
    with Collector(tmp_path / "data", "--max-body-mb", str(most_mb)) as running, contextlib.ExitStack() as held:
        _, key = running.signed(minimal("EXCH1"))
        head = b"POST /v1/reports HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n"
        slow = [held.enter_context(running.dial()) for _ in range(most_mb)]
        for peer in slow:
            peer.sendall(head + key + b"Content-Length: %d\r\n\r\n" % largest + b" " * (largest - 1))
        metric = "mtawatch_request_body_bytes"
        deadline = time.monotonic() + PATIENCE
        while samples(running, metric) != {"": most_mb * (largest - 1)}:
            assert time.monotonic() < deadline
        with contextlib.closing(running.connect()) as honest:
            status, headers, body = ask(honest, "/v1/reports", "POST", json.dumps(minimal("EXCH1")), JSON)
            assert (status, json.loads(body)["code"]) == (503, "no_room_for_body")
            assert int(headers["Retry-After"]) > 0
            assert samples(running, "mtawatch_request_bodies_refused_total") == {"": 1}
            for peer in slow:
                peer.sendall(b" ")
                assert peer.recv(65536).startswith(b"HTTP/1.1 400 ")
            assert ask(honest, "/v1/reports", "POST", json.dumps(minimal("EXCH1")), JSON)[0] == 200
        assert samples(running, metric) == {"": 0}


READERS = 120  # who ask for more than the kernel takes for them
MODEM_BYTES_PER_S = 2900


def read_as_by_modem(running, answers):
    """The largest file of the page, by a client whose line is slow."""
    with running.dial() as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.sendall(b"GET /style.css HTTP/1.1\r\nHost: c\r\n\r\n" * 4 +
                     b"GET /style.css HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n")
        answer = b""
        while chunk := peer.recv(MODEM_BYTES_PER_S // 4):
            answer += chunk
            time.sleep(0.25 * len(chunk) / (MODEM_BYTES_PER_S // 4))
        answers.append(answer)


def test_answers_take_no_more_memory_than_they_may_and_the_slowest_readers_go_first(tmp_path, authority):
    """A quarter of 16 MB is for strangers, who read a byte each nine seconds; one of them has a modem."""
    with Collector(tmp_path / "data", "--max-answer-mb", "16", *arguments(authority.sign_server()),
                   tls=client_of(authority)) as running, contextlib.ExitStack() as held:
        answers, waiting = [], []
        modem = threading.Thread(target=read_as_by_modem, args=(running, answers))
        modem.start()
        deadline = time.monotonic() + PATIENCE
        while samples(running, "mtawatch_connections_cut_total")['reason="crowded"'] == 0:
            assert time.monotonic() < deadline
            for n in range(READERS):
                member = Hostile("asks on without reading", f"127.0.0.{2 + n % 10}", running.port, running.tls)
                with contextlib.suppress(OSError):
                    member.come()
                held.callback(member.peer.close)
            waiting.append(samples(running, "mtawatch_waiting_bytes")[""])
        assert 2 * 2**20 < max(waiting) <= 4 * 2**20
        assert running.post(minimal("EXCH1"))[0] == 200
        modem.join()
        assert statuses(answers[0]) == [200] * 5 and answers[0].count(b"Connection: close") == 1


def test_who_is_known_and_only_waits_gives_way(tmp_path):
    """And not to who is known and waits, too: the one that waited longest goes."""
    with Collector(tmp_path / "data", "--max-connections", "32") as running, contextlib.ExitStack() as held:
        kept = []
        for n in range(1, 41):
            kept.append(held.enter_context(contextlib.closing(running.connect())))
            assert ask(kept[-1], "/v1/reports", "POST", json.dumps(minimal("EXCH1", n)), JSON)[0] == 200
        open_then = samples(running, "mtawatch_connections")[""]
        assert open_then <= 31  # with the one that asks
        assert samples(running, "mtawatch_connections_cut_total")['reason="displaced"'] >= 9
        assert kept[0].sock.recv(1) == b""
        assert ask(kept[-1], "/v1/reports", "POST", json.dumps(minimal("EXCH1", 50)), JSON)[0] == 200


def test_strangers_leave_a_part_of_the_connections_to_those_who_are_known(tmp_path):
    with Collector(tmp_path / "data", "--max-connections", "16") as running, contextlib.ExitStack() as held:
        with contextlib.closing(running.connect()) as known:
            assert ask(known, "/v1/reports", "POST", json.dumps(minimal("EXCH1")), JSON)[0] == 200
            strangers = [held.enter_context(running.dial(f"127.0.0.{2 + n % 4}")) for n in range(40)]
            for n in range(2, 5):
                assert running.post(minimal("EXCH1", n))[0] == 200  # on a new connection
            assert strangers[0].recv(1) == b""
            assert samples(running, "mtawatch_connections_cut_total")['reason="displaced"'] > 0
            assert ask(known, "/v1/reports", "POST", json.dumps(minimal("EXCH1", 9)), JSON)[0] == 200
