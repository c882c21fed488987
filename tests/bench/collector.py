"""What the collector costs, beside other servers that take the same reports.

    scripts/bench collector [--only PART[,PART]] [--seconds N] [--rounds N]

Parts, each in a run of its own against a collector of its own:

  reports      processor time per report on 64 kept connections, plain and TLS, of the collector, of
               nginx that reads and forgets them, of Node.js with better-sqlite3, of a pushgateway;
               and how long an answer takes at half of what the collector can do
  connections  memory of 5,000 connections that wait, plain and TLS; then each is asked again
  fleet        100,000 servers: start, memory, processor time at a report of each a minute over 2,000
               TLS connections, lists
  plans        what-if and plan at a site of 500 servers

Everything runs on this machine, in turn, the load (wrk, one thread) beside it: the ratios are the
figures. tests/bench/report.lua says what the reports look like. Exit status 1: a goal is missed.
MTAWATCH_BUILD names the build (default build/bench); scripts/bench names the other servers.
"""

import argparse
import contextlib
import os
import re
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
os.environ.setdefault("MTAWATCH_BUILD", str(HERE.parents[1] / "build/bench"))
sys.path.insert(0, str(HERE.parent / "integration"))
sys.path.insert(0, str(HERE))
import connections  # noqa: E402
import load  # noqa: E402
import peers  # noqa: E402
import plans  # noqa: E402
from certificates import Authority, arguments, client_of  # noqa: E402
from running import PROGRAM, Collector, bearer, set_up  # noqa: E402

# The goals: processor time per report as multiples of another's, milliseconds, bytes, seconds.
MAX_OF_NGINX, MAX_OF_NODE, MAX_OF_PUSHGATEWAY, MAX_OF_PLAIN = 8, 1 / 4, 1 / 8, 1.4
MAX_P99_MS = 25
MAX_PLAIN, MAX_TLS = 1024, 16 * 1024
DRIVE = 1.05
SERVERS, SERVERS_PER_SITE, TLS_CONNECTIONS = 100_000, 20, 2000
MAX_CORES, MAX_MEMORY_PER_SERVER, MAX_START_S, MAX_LIST_MS, MAX_TREND_MS = 0.5, 6 * 1024, 8, 10, 20

missed = []


def row(what, value, goal="", met=True):
    print(f"  {what:<64} {value:>16}  {goal}{'' if met else '  MISSED'}", flush=True)
    if not met:
        missed.append(what)


def measure(server, seconds, *words, script="report.lua", n=64):
    """(CPU us a request, wrk's result) of one run against a server."""
    before = load.cpu_us(server.process.pid)
    result = load.wrk(server.url, script, *words, seconds=seconds, connections=n)
    used = load.cpu_us(server.process.pid) - before
    if result.errors:
        raise RuntimeError(f"{server.url}: {result.errors} of {result.requests} requests failed")
    return used / result.requests, result


class Reports:
    """The servers side by side, and what each of them has cost in each round."""

    def __init__(self, folder, stack, seconds):
        folder.mkdir()
        self.folder, self.seconds, self.runs = folder, seconds, 0
        authority = Authority(folder / "authority")
        files = authority.sign_server()
        self.plain = stack.enter_context(Collector(folder / "plain"))
        tls = stack.enter_context(Collector(folder / "tls", *arguments(files), tls=client_of(authority)))
        changing = stack.enter_context(Collector(folder / "changing"))
        self.fleet = load.enrol(self.plain, folder / "plain.fleet")
        others = {what: stack.enter_context(make(folder / what)) for what, make in
                  (("nginx", peers.nginx), ("Node.js", peers.node), ("pushgateway", peers.pushgateway))}
        self.rows = {"nginx": (others["nginx"], self.fleet, "life"),
                     "collector": (self.plain, self.fleet, "life"),
                     "collector, every verdict changes": (changing, load.enrol(changing, folder / "changing.fleet"),
                                                          "changes"),
                     "collector, TLS": (tls, load.enrol(tls, folder / "tls.fleet"), "life"),
                     "Node.js": (others["Node.js"], self.fleet, "life"),
                     "pushgateway": (others["pushgateway"], self.fleet, "metrics")}
        self.found = {what: [] for what in self.rows}

    def run(self, what, seconds, *words, n=64):
        server, fleet, kind = self.rows[what]
        self.runs += 1
        return measure(server, seconds, fleet, self.runs, kind, *words, n=n)

    def round(self):
        for what, found in self.found.items():
            found.append(self.run(what, self.seconds))

    def cost(self, what):
        return statistics.median(cpu for cpu, _ in self.found[what])

    def rate(self, what):
        return statistics.median(r.requests / r.duration_us * 1e6 for _, r in self.found[what])

    def ratio(self, what, to):
        """The median over the rounds, and a text with the least and the largest."""
        ratios = [a / b for (a, _), (b, _) in zip(self.found[what], self.found[to])]
        return statistics.median(ratios), f"({min(ratios):.2f} to {max(ratios):.2f})"


def compare_costs(reports):
    for what, found in reports.found.items():
        p99 = statistics.median(r.p99_us for _, r in found) / 1000
        row(f"{what}: processor time per request", f"{reports.cost(what):.1f} us",
            f"{reports.rate(what):,.0f}/s, p99 {p99:.1f} ms, {found[0][1].body_size} bytes")
    for what, to, goal in (("collector", "nginx", MAX_OF_NGINX), ("collector", "Node.js", MAX_OF_NODE),
                           ("collector", "pushgateway", MAX_OF_PUSHGATEWAY),
                           ("collector, TLS", "collector", MAX_OF_PLAIN)):
        ratio, spread = reports.ratio(what, to)
        row(f"{what} / {to} {spread}", f"{ratio:.3g}", f"<= {goal:.3g}", ratio <= goal)
    ratio, spread = reports.ratio("collector, every verdict changes", "nginx")
    row(f"collector, every verdict changes / nginx {spread}", f"{ratio:.3g}")


def answer_in_time(reports):
    rate = reports.rate("collector") / 2
    _, result = reports.run("collector", 5 * reports.seconds, f"{rate:.0f}", 256, n=256)
    came = result.requests / result.duration_us * 1e6
    row(f"at {came:,.0f} reports/s, half of that: p50 {result.p50_us / 1000:.1f} ms, "
        f"longest {result.max_us / 1000:.1f} ms; p99", f"{result.p99_us / 1000:.1f} ms", f"< {MAX_P99_MS} ms",
        result.p99_us < MAX_P99_MS * 1000)


def reports_part(folder, options):
    print(f"Reports: {options.rounds} rounds of {options.seconds} s each, medians")
    with contextlib.ExitStack() as stack:
        reports = Reports(folder, stack, options.seconds)
        for what in reports.rows:
            reports.run(what, 1)  # servers are known and tables grown from now on
        for _ in range(options.rounds):
            reports.round()
        compare_costs(reports)
        answer_in_time(reports)


def connections_part(folder, options):
    n = options.connections
    print(f"{n:,} connections that wait, then are asked again")
    with connections.collectors(folder) as running:
        for (what, collector), goal in zip(running.items(), (MAX_PLAIN, MAX_TLS)):
            size = connections.measure_memory(collector, n)
            row(f"a connection that waits, {what}", f"{size:,.0f} bytes", f"< {goal:,} bytes", size < goal)


def fill(folder):
    """Returns the file with the fleet."""
    set_up(PROGRAM, folder / "data")
    file = folder / "fleet"
    program = Path(os.environ["MTAWATCH_BUILD"]) / "tests/bench/fill_store"
    began = time.monotonic()
    with file.open("wb") as out:
        subprocess.run([program, folder / "data", str(SERVERS), str(SERVERS_PER_SITE)], stdout=out, check=True)
    size = sum(path.stat().st_size for path in (folder / "data").iterdir())
    row(f"{SERVERS:,} servers stored in {time.monotonic() - began:.0f} s: a server with its first report",
        f"{size / SERVERS:,.0f} bytes")
    return file, size


def fill_trend(data):
    """A year of rows, as a collector keeps them: by the hour for 60 days, by the day before that."""
    now, hour = int(time.time() * 1000), 3_600_000
    moments = [now - n * hour for n in range(1, 60 * 24)] + [now - n * 24 * hour for n in range(60, 365)]
    with contextlib.closing(sqlite3.connect(data / "mtawatch.db")) as db:
        db.executemany("INSERT INTO trend VALUES ('', ?, 1, 20, 300, 40, 50000, 49639, 0, 100000, 0, 7)",
                       [(at,) for at in moments])
        db.commit()


# First pages, the worst among them: a search that finds nobody, or everybody, and orders that end
# with what comes first.
LISTS = ("limit=100", "verdict=exposed&limit=100", "site=SITE0007", "q=mx0100-00012", "q=nowhere", "q=0&limit=100",
         "&".join(f"q={word}" for word in ("m", "x", "0", "mx", "x0", "-0", "00", "0-")) + "&limit=100",
         *(f"sort=-{key}&limit=100" for key in ("verdict", "server", "site", "since", "reported_at", "build")),
         "sort=-server&adapter=good&silent=false&q=0&limit=100", "limit=1000", "sort=-server&q=0&limit=1000")


def ask_often(collector, path, n=50):
    """(ms of an answer, ms of processor time) by a client that keeps its connection."""
    times = []
    with contextlib.closing(collector.connect()) as connection:
        before = load.cpu_us(collector.process.pid)
        for _ in range(n):
            began = time.monotonic()
            connection.request("GET", path, headers=bearer(collector.token))
            answer = connection.getresponse()
            body = answer.read()
            times.append((time.monotonic() - began) * 1000)
            assert answer.status == 200, body
        return statistics.median(times), (load.cpu_us(collector.process.pid) - before) / n / 1000


def lists(collector):
    """The first page of a selection, and the sites."""
    for path in (*(f"/v1/servers?{query}" for query in LISTS), "/v1/sites"):
        took_ms, cpu_ms = ask_often(collector, path)
        is_first_page = path.startswith("/v1/servers") and "limit=1000" not in path
        row(f"GET {path}: {took_ms:.1f} ms with client and TLS; processor time", f"{cpu_ms:.1f} ms",
            f"< {MAX_LIST_MS} ms" if is_first_page else "", not is_first_page or cpu_ms < MAX_LIST_MS)


def trend(collector):
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 365 * 86400))
    took_ms, cpu_ms = ask_often(collector, f"/v1/trend?since={since}")
    row(f"GET /v1/trend over a year: {took_ms:.1f} ms with client and TLS; processor time", f"{cpu_ms:.1f} ms",
        f"< {MAX_TREND_MS} ms", cpu_ms < MAX_TREND_MS)


def reports_taken(collector):
    _, _, body = collector.ask("/metrics")
    return sum(float(n) for n in re.findall(rb"^mtawatch_reports_total{[^}]*} (\S+)$", body, re.M))


def steady(collector, fleet, seconds):
    """Each server reports once a minute; cores in use once all connections are open. wrk waits for
    answers between its pauses and comes behind what it is told, so it is told a little more."""
    rate, found = SERVERS / 60, []

    def drive():
        found.append(load.wrk(collector.url, "report.lua", fleet, 0, "life", f"{DRIVE * rate:.0f}",
                              TLS_CONNECTIONS, seconds=seconds + 8, connections=TLS_CONNECTIONS))

    driver = threading.Thread(target=drive)
    driver.start()
    time.sleep(6)
    n, cpu, began = reports_taken(collector), load.cpu_us(collector.process.pid), time.monotonic()
    time.sleep(seconds)
    n, cpu, took = (reports_taken(collector) - n, load.cpu_us(collector.process.pid) - cpu,
                    time.monotonic() - began)
    driver.join()
    result, = found
    assert result.errors == 0, result
    row(f"{n / took:,.0f} reports/s over {TLS_CONNECTIONS:,} TLS connections, p50 {result.p50_us / 1000:.1f} ms",
        f"{n / took / rate:.2f}", f">= 1 of {rate:,.0f}/s", n / took >= rate)
    row("in them", f"{cpu / 1e6 / took:.2f} cores", f"< {MAX_CORES}", cpu / 1e6 / took < MAX_CORES)
    return result.requests


def fleet_part(folder, options):
    print(f"A fleet of {SERVERS:,} servers in sites of {SERVERS_PER_SITE}")
    folder.mkdir()
    with Collector(folder / "empty") as empty:
        nothing = load.own_memory(empty.process.pid)
    fleet, size = fill(folder)
    fill_trend(folder / "data")
    authority = Authority(folder / "authority")
    began = time.monotonic()
    with Collector(folder / "data", *arguments(authority.sign_server()), "--max-connections-per-address",
                   str(2 * TLS_CONNECTIONS), tls=client_of(authority)) as collector:
        assert collector.ask("/readyz")[0] == 200
        took = time.monotonic() - began
        row("from its start until it is ready", f"{took:.1f} s", f"< {MAX_START_S} s", took < MAX_START_S)
        lists(collector)
        trend(collector)
        n = steady(collector, fleet, 3 * options.seconds)
        memory = (load.own_memory(collector.process.pid) - nothing) / SERVERS
        row("memory for each server, after that", f"{memory:,.0f} bytes", f"< {MAX_MEMORY_PER_SERVER:,} bytes",
            memory < MAX_MEMORY_PER_SERVER)
    grown = sum(path.stat().st_size for path in (folder / "data").iterdir()) - size
    row(f"disk for each of the {n:,} later reports", f"{grown / n:,.0f} bytes")


def plans_part(folder, options):
    print("What-if and plan at one site")
    folder.mkdir()
    plans.measure(folder, row)


PARTS = {"reports": reports_part, "connections": connections_part, "fleet": fleet_part, "plans": plans_part}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART[,PART]")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=5000)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    # On a disk: what is in memory only would be durable for nothing.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        for part in options.only.split(","):
            PARTS[part](Path(folder) / part, options)
    print("missed: " + ", ".join(missed) if missed else "all goals are met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
