"""What the collector costs, beside other servers that take the same reports.

    scripts/bench collector [--only PART[,PART]] [--seconds N] [--rounds N] [--store postgresql]
                            [--before REVISION] [--json FILE] [--compare FILE]

Parts, each in a run of its own against a collector of its own:

  store        storing reports, without network and fleet (bench_store)

  reports      processor time per report on 64 kept connections, plain and TLS, of the collector, of
               nginx that reads and forgets them, of Node.js with better-sqlite3, of a pushgateway;
               and how long an answer takes at half of what the collector can do
  connections  memory of 5,000 connections that wait, plain and TLS; then each is asked again
  fleet        100,000 servers: start, memory, processor time at a report of each a minute over 2,000
               TLS connections, and of a report of 400 servers beside; lists
  takeover     a start with 100,000 servers; with --store, how long nobody judges when the judge is killed or ends,
               and the memory of the one that took over
  plans        what-if and plan at a site of 500 servers

With `--store postgresql` store, reports and takeover measure a store in a PostgreSQL of their own beside the embedded
one, and are all that is run; with `--before` they measure the collector of an earlier revision beside. `--json` keeps
what was found beside the machine's description (figures.py writes the tables of docs/performance.md from that), and
`--compare` shows it beside that of an earlier run.

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
import figures  # noqa: E402
import load  # noqa: E402
import peers  # noqa: E402
import plans  # noqa: E402
import stores  # noqa: E402
import takeover  # noqa: E402
from certificates import Authority, arguments, client_of  # noqa: E402
from postgres import Postgres  # noqa: E402
from running import PROGRAM, Collector, bearer, set_up  # noqa: E402

# The goals: processor time per report as multiples of another's, milliseconds, bytes, seconds.
MAX_OF_NGINX, MAX_CHANGED_OF_NGINX, MAX_OF_NODE, MAX_OF_PUSHGATEWAY, MAX_OF_PLAIN = 5, 8, 1 / 5, 1 / 8, 1.4
MAX_P99_MS = 15
MAX_PLAIN, MAX_TLS = 1024, 16 * 1024
DRIVE = 1.05
SERVERS, FEW_SERVERS, SERVERS_PER_SITE, TLS_CONNECTIONS = 100_000, 400, 20, 2000
MAX_CORES, MAX_OF_FEW, MAX_MEMORY_PER_SERVER, MAX_START_S, MAX_LIST_MS, MAX_TREND_MS = 0.35, 1.8, 6 * 1024, 8, 10, 20
MAX_SEARCH_MS = 5  # of eight words
WHERE = "/var/tmp"  # on a disk: what is in memory only would be durable for nothing
WITH_STORE = ("store", "reports", "takeover")

run = figures.Figures()
tell = run.tell


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

    def __init__(self, folder, stack, options):
        seconds = options.seconds
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
        if options.server:
            self.add("collector, PostgreSQL", stack, "--store", options.server.make_database())
        if options.before:
            self.add("collector, before", stack, program=Path(options.before) / "collector/mtawatch-collector")
        self.found = {what: [] for what in self.rows}

    def add(self, what, stack, *arguments, program=PROGRAM):
        data = self.folder / what
        set_up(program, data, *arguments)
        collector = stack.enter_context(Collector(data, *arguments, program=program))
        self.rows[what] = collector, load.enrol(collector, self.folder / f"{what}.fleet"), "life"

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


def ratio_of(reports, what, to, at_most=None):
    ratio, spread = reports.ratio(what, to)
    tell(f"{what} / {to}", ratio, at_most=at_most, note=spread)


def compare_costs(reports):
    for what, found in reports.found.items():
        p99 = statistics.median(r.p99_us for _, r in found) / 1000
        tell(f"{what}: processor time of a request", reports.cost(what), "us",
             note=f"{reports.rate(what):,.0f}/s, p99 {p99:.1f} ms, {found[0][1].body_size} bytes")
    ratio_of(reports, "collector", "nginx", MAX_OF_NGINX)
    ratio_of(reports, "collector", "Node.js", MAX_OF_NODE)
    ratio_of(reports, "collector", "pushgateway", MAX_OF_PUSHGATEWAY)
    ratio_of(reports, "collector, TLS", "collector", MAX_OF_PLAIN)
    ratio_of(reports, "collector, every verdict changes", "nginx", MAX_CHANGED_OF_NGINX)
    if "collector, PostgreSQL" in reports.rows:
        ratio_of(reports, "collector, PostgreSQL", "nginx", MAX_OF_NGINX)
        ratio_of(reports, "collector, PostgreSQL", "collector")
    if "collector, before" in reports.rows:
        ratio_of(reports, "collector", "collector, before", stores.MAX_OF_BEFORE)


def answer_in_time(reports):
    rate = reports.rate("collector") / 2
    _, result = reports.run("collector", 5 * reports.seconds, f"{rate:.0f}", 256, n=256)
    came = result.requests / result.duration_us * 1e6
    tell("99 of 100 answers at half of the rate that saturates it within", result.p99_us / 1000, "ms", at_most=MAX_P99_MS,
         note=f"{came:,.0f} reports/s, p50 {result.p50_us / 1000:.1f} ms, longest {result.max_us / 1000:.1f} ms")


def store_part(folder, options):
    run.begin("store", f"Storing {stores.REPORTS:,} reports a round, {stores.WAITING} waiting")
    folder.mkdir()
    stores.measure(folder, options.server, options.before, options.rounds, tell)


def reports_part(folder, options):
    run.begin("reports", f"Reports: {options.rounds} rounds of {options.seconds} s each, medians")
    with contextlib.ExitStack() as stack:
        reports = Reports(folder, stack, options)
        for what in reports.rows:
            reports.run(what, 1)  # servers are known and tables grown from now on
        for _ in range(options.rounds):
            reports.round()
        compare_costs(reports)
        answer_in_time(reports)


def connections_part(folder, options):
    n = options.connections
    run.begin("connections", f"{n:,} connections that wait, then are asked again")
    with connections.collectors(folder) as running:
        for (what, collector), goal in zip(running.items(), (MAX_PLAIN, MAX_TLS)):
            tell(f"a connection that waits, {what}", connections.measure_memory(collector, n), "bytes", at_most=goal)


def fill(data, servers):
    """Returns the file with the fleet."""
    set_up(PROGRAM, data)
    program = Path(os.environ["MTAWATCH_BUILD"]) / "tests/bench/fill_store"
    return takeover.fill(program, data, servers, SERVERS_PER_SITE)


def fill_fleet(folder):
    """(the file with the fleet, bytes of its store)"""
    file = fill(folder / "data", SERVERS)
    size = sum(path.stat().st_size for path in (folder / "data").iterdir())
    tell("disk for a server with its first report", size / SERVERS, "bytes")
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
        goal_ms = MAX_SEARCH_MS if path.count("q=") == 8 else MAX_LIST_MS if is_first_page else None
        tell(f"processor time of GET {path}", cpu_ms, "ms", at_most=goal_ms,
             note=f"{took_ms:.1f} ms with client and TLS")


def trend(collector):
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 365 * 86400))
    took_ms, cpu_ms = ask_often(collector, f"/v1/trend?since={since}")
    tell("processor time of GET /v1/trend over a year", cpu_ms, "ms", at_most=MAX_TREND_MS,
         note=f"{took_ms:.1f} ms with client and TLS")


def reports_taken(collector):
    _, _, body = collector.ask("/metrics")
    return sum(float(n) for n in re.findall(rb"^mtawatch_reports_total{[^}]*} (\S+)$", body, re.M))


def report_all(collector, fleet, servers):
    """Each reports once at least, as fast as it goes. Returns how many reports may have been sent."""
    sent, connections = 0, 64
    while sent < servers:
        result = load.wrk(collector.url, "report.lua", fleet, 0, "life", 0, connections, sent, seconds=3,
                          connections=connections)
        assert result.errors == 0, result
        sent += result.requests + connections
    return sent


def drive(collector, fleet, seconds, sent):
    """(reports taken, CPU us, seconds, wrk's result) at the rate of a report of each of 100,000 servers a minute,
    once all connections are open. wrk waits for answers between its pauses and comes behind what it is told, so it is
    told a little more."""
    found = []

    def run_wrk():
        found.append(load.wrk(collector.url, "report.lua", fleet, 0, "life", f"{DRIVE * SERVERS / 60:.0f}",
                              TLS_CONNECTIONS, sent, seconds=seconds + 8, connections=TLS_CONNECTIONS))

    driver = threading.Thread(target=run_wrk)
    driver.start()
    time.sleep(6)
    n, cpu, began = reports_taken(collector), load.cpu_us(collector.process.pid), time.monotonic()
    time.sleep(seconds)
    n, cpu, took = (reports_taken(collector) - n, load.cpu_us(collector.process.pid) - cpu,
                    time.monotonic() - began)
    driver.join()
    result, = found
    assert result.errors == 0, result
    return n, cpu, took, result


def steady(collector, fleet, seconds, store="", sent=0):
    """Each server reports once a minute. Returns (CPU us of a report, reports)."""
    n, cpu, took, result = drive(collector, fleet, seconds, sent)
    over = f"{SERVERS:,} servers over {TLS_CONNECTIONS:,} TLS connections{store}"
    tell(f"reports of {over}, of one a minute each", n / took / (SERVERS / 60), at_least=1,
         note=f"{n / took:,.0f}/s, p50 {result.p50_us / 1000:.1f} ms")
    tell(f"cores for {over}, a report a minute each", cpu / 1e6 / took, at_most=MAX_CORES)
    tell(f"processor time of a report of them{store}", cpu / n, "us")
    return cpu / n, result.requests


def costs_of_few(folder, authority, seconds):
    """CPU us of a report of few servers with as many peers: as fast as it goes, plain, and at the rate and over the
    connections of the large fleet."""
    fleet = fill(folder, FEW_SERVERS)
    with Collector(folder) as collector:
        sent = report_all(collector, fleet, FEW_SERVERS)
        fast, result = measure(collector, seconds, fleet, 0, "life", 0, 64, sent)
    with Collector(folder, *many_connections(authority), tls=client_of(authority)) as collector:
        n, cpu, _, _ = drive(collector, fleet, seconds, sent + result.requests + 64)
    return fast, cpu / n


def many_connections(authority):
    return [*arguments(authority.sign_server()), "--max-connections-per-address", str(2 * TLS_CONNECTIONS)]


def fleet_part(folder, options):
    run.begin("fleet", f"A fleet of {SERVERS:,} servers in sites of {SERVERS_PER_SITE}")
    folder.mkdir()
    with Collector(folder / "empty") as empty:
        nothing = load.own_memory(empty.process.pid)
    fleet, size = fill_fleet(folder)
    fill_trend(folder / "data")
    authority = Authority(folder / "authority")
    began = time.monotonic()
    with Collector(folder / "data", *many_connections(authority), tls=client_of(authority)) as collector:
        assert collector.ask("/readyz")[0] == 200
        tell("from its start until it is ready", time.monotonic() - began, "s", at_most=MAX_START_S)
        lists(collector)
        trend(collector)
        sent = report_all(collector, fleet, SERVERS)
        cost, n = steady(collector, fleet, 3 * options.seconds, sent=sent)
        memory = (load.own_memory(collector.process.pid) - nothing) / SERVERS
        tell("memory for each server, after that", memory, "bytes", at_most=MAX_MEMORY_PER_SERVER)
    grown = sum(path.stat().st_size for path in (folder / "data").iterdir()) - size
    tell("disk for each later report", grown / (sent + n), "bytes", note=f"{sent + n:,} of them")
    fast, alike = costs_of_few(folder / "few", authority, options.seconds)
    few = f"a report of {SERVERS:,} / of {FEW_SERVERS} servers"
    tell(f"processor time of {few}, at the same rate and connections", cost / alike, note=f"{alike:.0f} us")
    tell(f"processor time of {few}, these as fast as it goes, plain", cost / fast, at_most=MAX_OF_FEW, note=f"{fast:.0f} us")


def takeover_part(folder, options):
    run.begin("takeover", f"{SERVERS:,} servers start, and change their judge")
    folder.mkdir()
    start_s = takeover.starts(folder, os.environ["MTAWATCH_BUILD"], options.before, SERVERS, SERVERS_PER_SITE,
                              options.rounds, tell)
    if options.server:
        authority = Authority(folder / "authority")
        takeover.measure(folder, options.server, SERVERS, SERVERS_PER_SITE, start_s, options.rounds,
                         many_connections(authority), client_of(authority),
                         lambda judge, fleet: steady(judge, fleet, 3 * options.seconds, ", PostgreSQL"), tell)


def plans_part(folder, options):
    run.begin("plans", "What-if and plan at one site")
    folder.mkdir()
    plans.measure(folder, tell)


PARTS = {"store": store_part, "reports": reports_part, "connections": connections_part, "fleet": fleet_part,
         "takeover": takeover_part, "plans": plans_part}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PART[,PART]")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--store", choices=["postgresql"])
    parser.add_argument("--before", metavar="BUILD", help="of an earlier revision (scripts/bench builds it)")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--compare", metavar="FILE")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    parts = options.only.split(",") if options.only else WITH_STORE if options.store else PARTS
    machine = figures.machine(WHERE)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=WHERE)))
        options.server = stack.enter_context(Postgres(durable=True, folder=WHERE, **stores.SETTINGS)) if options.store else None
        for part in parts:
            PARTS[part](folder / part, options)
    if options.json:
        run.save(options.json, machine, sys.argv[1:])
    if options.compare:
        figures.compare(figures.read(options.compare), {"machine": machine, "figures": run.found})
    missed = run.missed()
    print("missed: " + "; ".join(missed) if missed else "all goals are met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
