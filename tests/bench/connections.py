#!/usr/bin/python3
"""What a connection costs the collector: memory while it waits, CPU while it reports, plain and TLS.

    MTAWATCH_BUILD=build/release tests/bench/connections.py [--connections N] [--seconds S] [--rounds N]

Needs wrk for the reports. Both kinds run in turn, on one machine in one run: the ratio is the figure,
the rest moves with the machine.
"""

import argparse
import contextlib
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from certificates import Authority, arguments, client_of  # noqa: E402
from running import Collector, minimal  # noqa: E402

ASK = b"GET /livez HTTP/1.1\r\nHost: c\r\n\r\n"
AGENTS = 64
WARM = 256  # connections that are open before memory is measured
TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")


def resident(process):
    """Bytes that are its own, shared libraries left out."""
    for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell memory")


def cpu_us(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_US


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
        before = resident(collector.process)
        hold(collector, held, n)
        after = resident(collector.process)
        for peer in held.peers:
            ask(peer)
        return (after - before) / n


def enrol(collector, file):
    """Agents, for report.lua."""
    rows = []
    for i in range(AGENTS):
        name = f"W{i:02}"
        body, headers = collector.agents.sign(json.dumps(minimal(name)))
        rows.append(f'{{"{name}", "{json.loads(body)["agent"]["id"]}", "{headers["Authorization"]}"}}')
    file.write_text("return {" + ",\n".join(rows) + "}\n")
    return file


def measure_cpu(collector, seconds, script, *words):
    """(CPU us a request, requests/s, p50 us, p99 us) of 64 connections that are kept."""
    before = cpu_us(collector.process)
    ended = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "-s", HERE / script, collector.url, "--",
                            *map(str, words)], check=True, capture_output=True, text=True)
    used = cpu_us(collector.process) - before
    line = next(line for line in ended.stdout.splitlines() if line.startswith("RESULT "))
    n, errors, duration_us, p50, p99 = map(int, line.split()[1:])
    assert errors == 0, ended.stdout
    return used / n, n / duration_us * 1e6, p50, p99


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
    """`measure` takes a collector, its name and the number of the round."""
    with collectors(folder) as running:
        results = {name: [] for name in running}
        for i in range(rounds):
            for name, collector in running.items():
                results[name].append(measure(collector, name, i))
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

    def report(collector, name, i):
        file = Path(folder) / f"{name}.lua"
        agents = file if file.exists() else enrol(collector, file)
        return measure_cpu(collector, options.seconds, "report.lua", i, agents)

    with tempfile.TemporaryDirectory() as folder:
        compare_memory(Path(folder) / "memory", options.connections)
        compare_cpu(Path(folder) / "reports", "report", options.rounds, report)
        compare_cpu(Path(folder) / "refused", "refused 4 KB", options.rounds,
                    lambda collector, name, i: measure_cpu(collector, options.seconds, "refused.lua"))


if __name__ == "__main__":
    main()
