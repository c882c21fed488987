#!/usr/bin/python3
"""Thousands of hostile clients against a collector of its own: what it takes, and how honest agents fare.

    MTAWATCH_BUILD=build/bench tests/integration/siege.py [--clients N] [--kinds KIND,KIND] [--seconds S]

A client that is thrown out comes back. Prints memory and latencies; fails past --most-mb.
"""

import argparse
import contextlib
import json
import multiprocessing
import resource
import select
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import hostile  # noqa: E402
from certificates import Authority, arguments, client_of  # noqa: E402
from running import JSON, Collector, ask, minimal, samples  # noqa: E402

KINDS = hostile.KINDS + hostile.KINDS_WITH_A_KEY
WORKERS = 16
SOURCES = 60  # 1,024 connections each
AGENTS = 8
PAUSE_S = 0.1  # of an agent between two reports
AT_ONCE = 20  # of a worker's members come before it looks at the others
PATIENCE_S = 5  # of a member who comes


class Worker:
    """Some of the members of the crowd, on a process of their own."""

    def __init__(self, members):
        self.lost, self.there, self.poll = members, {}, select.poll()

    def come(self, n):
        """Of those who are not there, so many try."""
        trying, self.lost = self.lost[:n], self.lost[n:]
        for member in trying:
            try:
                member.come()
            except OSError:
                member.peer.close()
                self.lost.append(member)
            else:
                self.poll.register(member.peer, select.POLLRDHUP)
                self.there[member.peer.fileno()] = member

    def let_go(self):
        """Who has been thrown out comes back in their turn."""
        for descriptor, _ in self.poll.poll(1 if self.lost else 250):
            self.poll.unregister(descriptor)
            member = self.there.pop(descriptor)
            member.peer.close()
            self.lost.append(member)

    def nudge(self):
        for member in self.there.values():
            with contextlib.suppress(OSError):
                member.nudge()


def besiege(numbers, kinds, port, context, report, complete, ending):
    worker = Worker([hostile.Hostile(kinds[n % len(kinds)], f"127.0.1.{1 + n % SOURCES}", port, context, PATIENCE_S,
                                     report) for n in numbers])
    left, nudged_at = len(worker.lost), 0
    while not ending.is_set():
        worker.come(AT_ONCE)
        left -= AT_ONCE
        if left <= 0:
            complete.set()
        worker.let_go()
        if time.monotonic() - nudged_at > hostile.TICK_S:
            nudged_at = time.monotonic()
            worker.nudge()


def honest(collector, number, ending, kept, new):
    """Reports on a connection that is kept, and in turn on new ones."""
    sequence = 0
    with contextlib.closing(collector.connect()) as connection:
        while not ending.is_set():
            sequence += 1
            body = json.dumps(minimal(f"S{number}", sequence))
            started = time.monotonic()
            if sequence % 2:
                status = ask(connection, "/v1/reports", "POST", body, JSON)[0]
            else:
                status = collector.ask("/v1/reports", "POST", body, JSON)[0]
            (kept if sequence % 2 else new).append((status, time.monotonic() - started))
            time.sleep(PAUSE_S)


def memory_mb(process):
    """(now, at most so far)"""
    told = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
    return tuple(int(told[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))


def tell(what, times):
    failed = sum(status != 200 for status, _ in times)
    cuts = statistics.quantiles([took for _, took in times], n=100)
    print(f"{what}: {len(times)} reports, {failed} failed, p50 {cuts[49] * 1000:.1f} ms, "
          f"p99 {cuts[98] * 1000:.1f} ms, most {max(took for _, took in times) * 1000:.0f} ms", flush=True)
    return failed


def stolen_report(collector):
    """A request that one agent may send, and whoever has its key."""
    body, key = collector.signed(minimal("STOLEN", 1))
    return hostile.HEAD + key + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


@contextlib.contextmanager
def crowd(n, kinds, collector):
    """As many clients are at it inside the block; the event says that all have tried to come once."""
    ending, report = multiprocessing.Event(), stolen_report(collector)
    complete = [multiprocessing.Event() for _ in range(WORKERS)]
    workers = [multiprocessing.Process(target=besiege, args=(range(i, n, WORKERS), kinds, collector.port,
                                                             collector.tls, report, complete[i], ending))
               for i in range(WORKERS)]
    for worker in workers:
        worker.start()
    try:
        yield complete
    finally:
        ending.set()
        for worker in workers:
            worker.join()


def agents(collector, seconds):
    """Runs them so long; (kept, new): [(status, seconds)]"""
    ending, kept, new = threading.Event(), [], []
    threads = [threading.Thread(target=honest, args=(collector, n, ending, kept, new)) for n in range(AGENTS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    ending.set()
    for thread in threads:
        thread.join()
    return kept, new


def measure(collector, n, kinds, seconds):
    """Prints what it took. (most memory in MB, reports that failed)"""
    before = memory_mb(collector.process)[0]
    agents(collector, 1)  # enrol, before it gets crowded
    tell("in peace, on kept connections", agents(collector, 5)[0])
    with crowd(n, kinds, collector) as complete:
        for event in complete:
            event.wait(300)
        kept, new = agents(collector, seconds)
        open_then = samples(collector, "mtawatch_connections")[""]
        cut = samples(collector, "mtawatch_connections_cut_total")
        waiting = samples(collector, "mtawatch_waiting_bytes")[""]
        resident, most = memory_mb(collector.process)
    print(f"{n} clients ({', '.join(kinds)}), {open_then:.0f} open: memory {before:.0f} MB before, {resident:.0f} MB "
          f"then, {most:.0f} MB at most; {waiting / 2**20:.1f} MB waited; cut so far: {cut}")
    failed = tell("on kept connections", kept)
    return most, failed + tell("on new connections", new)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--clients", type=int, default=16256, help="128 fewer than there may be connections")
    options.add_argument("--kinds", default=",".join(KINDS), help="of: " + ", ".join(KINDS))
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--most-mb", type=float, default=256)
    chosen = options.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder) / "ca")
        with Collector(Path(folder) / "data", *arguments(authority.sign_server()),
                       tls=client_of(authority)) as collector:
            most, failed = measure(collector, chosen.clients, chosen.kinds.split(","), chosen.seconds)
    return 0 if most < chosen.most_mb and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
