"""Everybody at once: agents that come back together after kill -9, clients that take every file that a collector
may open, strangers that try secrets. Honest agents are served, nothing that was acknowledged is lost.

MTAWATCH_HOSTILE=long: ten times as many, for ten times as long."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time

import pytest
from certificates import Authority, arguments, client_of
from running import JSON, PATIENCE, Collector, ask, bearer, faulty, minimal, samples
from waiting import until

TIMES = 10 if os.environ.get("MTAWATCH_HOSTILE") == "long" else 1
AGENTS = 100 * TIMES
FEW_FILES = ["sh", "-c", 'ulimit -n 96 && exec "$@"', "sh"]


def at_once(n, act):
    """Runs act(0) ... act(n - 1) together; what they raised."""
    raised, start = [], threading.Barrier(n)

    def run(number):
        try:
            start.wait()
            act(number)
        except Exception as error:  # noqa: BLE001 (told by the caller)
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def insist(collector, report):
    """As an agent does, until it is taken."""
    until = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            status, _ = collector.post(report)
            if status == 200:
                return
            assert status in (429, 503), status
        time.sleep(0.2)
    raise AssertionError("the report was not taken")


@pytest.mark.parametrize("kills", [2 * TIMES])
def test_agents_that_all_come_back_after_kill_9_lose_nothing(tmp_path, kills):
    authority = Authority(tmp_path / "ca")
    settings = arguments(authority.sign_server())
    for life in range(1, kills + 1):
        collector = Collector(tmp_path / "data", *settings, tls=client_of(authority))
        assert at_once(AGENTS, lambda n: insist(collector, minimal(f"S{n}", life))) == []
        collector.end(signal.SIGKILL)
    with Collector(tmp_path / "data", *settings, tls=client_of(authority)) as collector:
        shown = collector.get("/v1/servers?limit=1000")["servers"]
        assert len(shown) == min(AGENTS, 1000)
        for number in range(0, AGENTS, 7):
            assert collector.get(f"/v1/servers/S{number}")["report"]["sequence"] == kills


def test_who_takes_every_file_is_turned_away_and_reports_go_on_afterwards(tmp_path):
    """Under ulimit -n 96 the collector keeps files for its store; what it cannot accept waits or is refused."""
    with faulty(tmp_path / "data", wrapper=FEW_FILES) as collector:
        insist(collector, minimal("EXCH1", 1))
        with contextlib.ExitStack() as held:
            for _ in range(300):
                peer = held.enter_context(socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE))
                peer.sendall(b"GET /livez HTTP/1.1\r\nHost: c\r\nX: ")
            time.sleep(1)
            assert len(os.listdir(f"/proc/{collector.process.pid}/fd")) <= 96
        insist(collector, minimal("EXCH1", 2))
        until(lambda: collector.ask("/readyz")[0] == 200, "it did not become ready again")
        until(lambda: re.search(rb"^mtawatch_connections_turned_away_total\S* [1-9]", collector.ask("/metrics")[2], re.M),
             "nobody was turned away")
    assert "out of memory" not in collector.log and "could not store" not in collector.log


def test_strangers_that_try_secrets_and_tokens_find_none_and_keep_nobody_away(tmp_path):
    """From one address; the honest agent has another one."""
    began = time.monotonic()
    with faulty(tmp_path / "data") as collector, contextlib.closing(collector._connect_from("127.0.0.9")) as stranger:
        insist(collector, minimal("EXCH1", 1))
        seen = {}
        for number in range(400 * TIMES):
            path, body, fields = [
                ("/v1/enroll", {"secret": "mtw_e" + f"{number:064x}", "host": f"H{number}", "key": "0" * 64}, {}),
                ("/v1/session", {"token": "mtw_a" + f"{number:064x}"}, {}),
                ("/v1/reports", minimal("EXCH1", number), bearer(f"id-EXCH1.{number:064x}")),
                ("/v1/servers", None, bearer(f"mtw_a{number:064x}"))][number % 4]
            status, _, _ = ask(stranger, path, "GET" if body is None else "POST", body and json.dumps(body),
                               {**JSON, **fields})
            seen.setdefault(path, set()).add(status)
        assert set.union(*seen.values()) <= {401, 403, 429}, seen
        assert 429 in seen["/v1/session"] and 429 in seen["/v1/enroll"]
        insist(collector, minimal("EXCH1", 2))
        assert sum(samples(collector, "mtawatch_refused_identities_total").values()) >= 200 * TIMES
    assert len(collector.log.splitlines()) < 100 + 60 * (time.monotonic() - began) / 60
