#!/usr/bin/python3
"""What a connection costs the collector: memory while it waits, CPU of 4 KB that are refused, plain and TLS.

    MTAWATCH_BUILD=build/bench tests/bench/connections.py [--connections N] [--seconds S] [--rounds N]

Needs wrk. Both kinds run in turn, on one machine in one run: the ratio is the figure,
the rest moves with the machine.
"""

import argparse
import contextlib
import resource
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from certificates import Authority, arguments, client_of  # noqa: E402
from running import Collector  # noqa: E402

import load  # noqa: E402

ASK = b"GET /livez HTTP/1.1\r\nHost: c\r\n\r\n"
WARM = 256  # connections that are open before memory is measured


def ask(peer):
    peer.sendall(ASK)
    answer = peer.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\r\n\r\nok\n"), answer


def hold(collector, held, n):
    """Opens n more connections, from several addresses, and asks once on each."""
    for i in range(n):
        peer = collector.dial(f"127.0.0.{2 + i % 100}")
        ask(peer)
        held.enter_context(contextlib.closing(peer))
        held.peers.append(peer)


def measure_memory(collector, n):
    """Bytes a connection that waits; then each is asked again."""
    with contextlib.ExitStack() as held:
        held.peers = []
        hold(collector, held, WARM)
        before = load.own_memory(collector.process.pid)
        hold(collector, held, n)
        after = load.own_memory(collector.process.pid)
        for peer in held.peers:
            ask(peer)
        return (after - before) / n


def measure_cpu(collector, seconds, script, *words):
    """(CPU us a request, requests/s, p50 us, p99 us) of 64 connections that are kept."""
    before = load.cpu_us(collector.process.pid)
    result = load.wrk(collector.url, script, *words, seconds=seconds)
    used = load.cpu_us(collector.process.pid) - before
    return (used / result.requests, result.requests / result.duration_us * 1e6, result.p50_us,
            result.p99_us)


@contextlib.contextmanager
def collectors(folder):
    authority = Authority(folder / "authority")
    files = authority.sign_server()
    with Collector(folder / "plain") as plain, \
            Collector(folder / "tls", *arguments(files), tls=client_of(authority)) as tls:
        yield {"plain": plain, "TLS": tls}


def compare_memory(folder, n):
    with collectors(folder) as running:
        for name, collector in running.items():
            start = time.monotonic()
            cost = measure_memory(collector, n)
            print(f"{name}: {cost:.0f} bytes per waiting connection; {n} held, then all answered "
                  f"({time.monotonic() - start:.0f} s)", flush=True)


def compare_cpu(folder, what, rounds, measure):
    with collectors(folder) as running:
        results = {name: [] for name in running}
        for _ in range(rounds):
            for name, collector in running.items():
                results[name].append(measure(collector))
    for name, measured in results.items():
        cpu, rate, p50, p99 = map(statistics.median, zip(*measured))
        print(f"{name}: {cpu:.1f} us CPU per {what}, {rate:.0f}/s, p50 {p50 / 1000:.1f} ms, "
              f"p99 {p99 / 1000:.1f} ms")
    ratios = [tls[0] / plain[0] for plain, tls in zip(results["plain"], results["TLS"])]
    print(f"TLS / plain: {statistics.median(ratios):.2f} per {what} (rounds: "
          f"{', '.join(f'{ratio:.2f}' for ratio in ratios)})", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)

    with tempfile.TemporaryDirectory() as folder:
        compare_memory(Path(folder) / "memory", options.connections)
        compare_cpu(Path(folder) / "refused", "refused 4 KB", options.rounds,
                    lambda collector: measure_cpu(collector, options.seconds, "refused.lua"))


if __name__ == "__main__":
    main()
