"""What the benchmarks of the collector share: fleets of enrolled agents, wrk, processor time, memory."""

import collections
import contextlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

TICK_US = 1_000_000 / os.sysconf("SC_CLK_TCK")
SITES = (4, 4, 4, 8, 8, 12, 20, 50)  # servers of each, over and over

Result = collections.namedtuple("Result", "requests errors duration_us p50_us p99_us max_us body_size")


def ticks(pid):
    """Of a process; of its own and of the children that it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])


def cpu_us(pid):
    """Processor time of a process with all its threads, in microseconds, 10 ms fine."""
    return ticks(pid)[0] * TICK_US


def database_cpu_us(server):
    """The same of a PostgreSQL with all its processes, those that have ended included."""
    used = sum(ticks(server.process.pid))
    for pid in server.pids()[1:]:
        with contextlib.suppress(FileNotFoundError):
            used += ticks(pid)[0]
    return used * TICK_US


def own_memory(pid):
    """Bytes that are its own, shared libraries left out."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell memory")


def servers(n):
    """(name, site, place in it, size of it) of n servers or some more: whole sites."""
    made, site = [], 0
    while len(made) < n:
        size = SITES[site % len(SITES)]
        made += [(f"S{site:03}-{place:02}", f"SITE{site:03}", place, size) for place in range(size)]
        site += 1
    return made


def enrol(collector, file, n=400):
    """The fleet of report.lua: n servers or some more, each enrolled at the collector."""
    lines = []
    for name, site, place, size in servers(n):
        agent, key = collector.agents.enrol(name)
        lines.append(f"{name} {agent} {key.partition('.')[2]} {site} {place} {size}\n")
    file.write_text("".join(lines))
    return file


def wrk(url, script, *words, seconds, connections=64):
    """One run with one thread."""
    ended = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", HERE / script, url, "--",
         *map(str, words)], check=True, capture_output=True, text=True)
    line = next(line for line in ended.stdout.splitlines() if line.startswith("RESULT "))
    return Result(*map(int, line.split()[1:]))
