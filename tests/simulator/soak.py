"""`soak`: a fleet that reports, changes and is looked at for hours, and a collector of which nothing may grow."""

import argparse
import concurrent.futures
import contextlib
import csv
import http.client
import json
import os
import re
import shutil
import signal
import sqlite3
import ssl
import statistics
import subprocess
import threading
import time
from pathlib import Path

import identity
from ports import free_port
from waiting import until

from . import fleet, gauges
from .collector import BUILD, PROGRAM
from .living import Place, Receiver, Viewer, Worker

SAMPLE_S, ROTATE_S, RELOAD_S, TABLE_S = 10, 300, 600, 900
OF_SOAK = {"lag_p99_ms": "loop lag p99, ms", "report_p50_ms": "a report, ms", "query_p50_ms": "a query, ms"}
WORKERS, VIEWERS = 16, 3
LOOKS, LOOKERS = 64, 8  # by which each of the store's connections has read all that there is
WARM_INTERVALS = 2.5
COUNTED = ("reports", "refused", "late", "errors", "changes", "events", "resets", "webhooks")
TIMED = ("report", "query")
EVENT_S = 300  # seconds from one thing that happens in a site to the next, on average
PATIENCE = 60
KEPT_ALERTS = 20000  # STORE_MAX_ALERTS
KEEP = ("--keep-reports", "20", "--keep-changes", "3")
BAD = re.compile(r"ERROR: \w+Sanitizer|runtime error:|\berror: |assert")
CONFIG = """[alerts]
digest-until = no

[hook pager]
type = webhook
url = {url}/pager

[hook board]
type = alertmanager
url = {url}/board

[hook alive]
type = heartbeat
url = {url}/alive
interval = 10s

[hook program]
type = command
command = /bin/true
conditions = failing
"""


class Soak:
    """A collector with its fleet, receivers and viewers. `folder` keeps what it leaves: samples, log, data."""

    def __init__(self, folder, options):
        self.folder, self.options = Path(folder), options
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program = self._own(options.program, "collector")
        self.is_sanitized = b"__asan_init" in self.program.read_bytes()
        self.preloaded = self._own(BUILD / "tests/integration/libheap_gauge.so", "heap_gauge.so")
        self.data, self.log = self.folder / "data", self.folder / "log"
        self.token, self.secret = identity.set_up(self.program, self.data, host="127.0.0.1")
        self.tls = ssl.create_default_context(cafile=self.data / "ca.crt")
        self.port = free_port()
        self.process = None
        self.ended, self.paused = threading.Event(), threading.Event()
        self.counts = Counts()
        self.receiver = Receiver(self)
        self.config = self.folder / "collector.conf"
        self.config.write_text(CONFIG.format(url=self.receiver.url))
        self.problems = []

    def _own(self, program, name):
        """A copy: what it was copied from may be built anew while it runs."""
        return Path(shutil.copy2(program, self.folder / name))

    # --- the collector

    def start(self):
        environment = {**os.environ, "LD_PRELOAD": str(self.preloaded), "HEAP_GAUGE": str(self.folder / "heap"),
                       "ASAN_OPTIONS": "verify_asan_link_order=0:quarantine_size_mb=16:detect_leaks=1",
                       "UBSAN_OPTIONS": "print_stacktrace=1"}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*(["chrt", "-r", "1"] if self.options.real_time else []), self.program, "serve", "--listen",
                 f"127.0.0.1:{self.port}", "--data", self.data, "--cert", self.data / "server.crt", "--key",
                 self.data / "server.key", "--config", self.config, *KEEP],
                stdout=log, stderr=log, env=environment)
        until(self._is_ready, lambda: self.log.read_text(errors="replace"), 120)

    def _is_ready(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.call("GET", "/readyz")[0] == 200
        return False

    def stop(self):
        """It must end well, with nothing leaked."""
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(5 * PATIENCE) != 0:
            self.problems.append(f"the collector ended with {self.process.returncode}")

    def fill_alerts(self):
        """As many alerts that are over as are ever kept: a store that has been at work for long."""
        with contextlib.closing(sqlite3.connect(self.data / "mtawatch.db")) as database, database:
            columns = [row[1] for row in database.execute("PRAGMA table_info(alert)")]
            now = int(time.time() * 1000)
            over = {"id": "last + n", "state": "3", "notified": "0", "resolved_ms": str(now), "gone_ms": str(now)}
            database.execute(f"""
                WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {KEPT_ALERTS})
                INSERT INTO alert ({", ".join(columns)}) SELECT {", ".join(over.get(name, name) for name in columns)}
                FROM counted, (SELECT * FROM alert WHERE state = 2 LIMIT 1), (SELECT max(id) AS last FROM alert)""")

    def fill_caches(self):
        """Which have room for as much as a database of that size has, one for each connection."""
        def look(_):
            assert self.call("GET", "/v1/alerts?sort=site&limit=1000")[0] == 200
        with concurrent.futures.ThreadPoolExecutor(LOOKERS) as pool:
            list(pool.map(look, range(LOOKS)))

    def is_running(self):
        if self.process.poll() is not None:
            self.problems.append(f"the collector ended by itself with {self.process.returncode}")
        return self.process.poll() is None

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def rotate(self):
        """As logrotate does with copytruncate. What must not be in it is a problem of the run."""
        text = self.log.read_text(errors="replace")
        (self.folder / "log.1").write_text(text)
        os.truncate(self.log, 0)
        self.problems += [f"in the log: {line}" for line in text.splitlines() if BAD.search(line)][:10]

    # --- what is asked

    def connect(self, source="127.0.0.1"):
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=self.tls,
                                           source_address=(source, 0))

    def call(self, method, path, body=None, source="127.0.0.1", **fields):
        """(status, fields, text) of a call on a connection of its own; as the admin, unless the fields say who."""
        if "Cookie" not in fields:
            fields = {"Authorization": f"Bearer {self.token}"} | fields
        with contextlib.closing(self.connect(source)) as connection:
            connection.request(method, path, body, {"Content-Type": "application/json"} | fields)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode("utf-8", "replace")

    def timed(self, kind, method, path, body=None, **more):
        began = time.monotonic()
        answer = self.call(method, path, body, **more)
        self.counts.took(kind, time.monotonic() - began)
        return answer

    # --- its threads

    def run(self, what):
        """Again and again in a thread of its own, until the end."""
        threading.Thread(target=self._run, args=(what,), daemon=True).start()

    def _run(self, what):
        while not self.ended.is_set():
            try:
                what()
            except Exception as error:  # noqa: BLE001
                if not (self.paused.is_set() or self.ended.is_set()):
                    self.counts.add("errors")
                    self.problems.append(f"{what.__qualname__}: {error!r}")
                self.ended.wait(1)


class Counts:
    """What was counted and timed since somebody looked."""

    def __init__(self):
        self.lock = threading.Lock()
        self.n, self.times = {}, {}

    def add(self, name, n=1):
        with self.lock:
            self.n[name] = self.n.get(name, 0) + n

    def took(self, kind, seconds):
        with self.lock:
            self.times.setdefault(kind, []).append(seconds * 1000)

    def look(self):
        with self.lock:
            n, times, self.times = dict(self.n), self.times, {}
        row = {name: n.get(name, 0) for name in COUNTED}
        for kind in TIMED:
            values = sorted(times.get(kind, [0]))
            row |= {f"{kind}_p50_ms": round(statistics.median(values), 1), f"{kind}_p99_ms": round(
                values[int(0.99 * (len(values) - 1))], 1), f"{kind}_max_ms": round(values[-1], 1)}
        return row


class Measurement:
    """Samples of a collector, taken again and again and written to samples.csv; chores are done."""

    def __init__(self, soak, seconds):
        self.soak, self.seconds = soak, seconds
        self.every = min(SAMPLE_S, seconds / 10)
        self.process = gauges.Process(soak.process.pid, soak.data, soak.folder / "heap")
        self.samples, self.lags = [], []
        self.began = time.monotonic()

    def run(self):
        chores = {self.soak.rotate: ROTATE_S, self.soak.reload: RELOAD_S}
        due = {chore: every for chore, every in chores.items()}
        with open(self.soak.folder / "samples.csv", "w", newline="", encoding="utf-8") as file:
            while (now := time.monotonic() - self.began) < self.seconds + self.every / 2:
                try:
                    self._keep(file, self._sample(now))
                except (OSError, http.client.HTTPException):
                    time.sleep(1)  # one that was killed may have ended its connections first
                    if self.soak.is_running():
                        raise
                    return
                for chore in [chore for chore, at in due.items() if at <= now]:
                    due[chore] += chores[chore]
                    chore()
                time.sleep(max(0, self.began + len(self.samples) * self.every - time.monotonic()))

    def _keep(self, file, row):
        self.samples.append(row)
        writer = csv.DictWriter(file, row)
        if len(self.samples) == 1:
            writer.writeheader()
        writer.writerow(row)
        file.flush()

    def _sample(self, now):
        metrics = self.soak.call("GET", "/metrics")[2]
        self.lags.append(gauges.Lag(metrics))
        turns = self.lags[-1].since(self.lags[-2] if len(self.lags) > 1 else self.lags[-1])
        row = {"s": round(now, 1)} | self.process.look() | self.soak.counts.look()
        connections = int(gauges.metric(metrics, "mtawatch_connections"))
        return row | {"connections": connections, "files": row["open_files"] - connections,
                      "waiting_kb": int(gauges.metric(metrics, "mtawatch_waiting_bytes")) // 1024,
                      "queue": int(gauges.metric(metrics, "mtawatch_hook_queue_length")),
                      "lag_p99_ms": round(gauges.percentile_ms(turns, 0.99), 2), "turns": max(turns.values()),
                      "turns_over": max(turns.values()) - turns[gauges.LAG_MS]}

    def turns(self):
        return self.lags[-1].since(self.lags[0])


def judge(soak, measured, tell):
    """Tells the figures. Returns whether all of them are as they should be."""
    # What a sanitizer's allocator and its records need is in what is resident.
    unjudged = {"rss_kb": "not judged, for a sanitizer is in it"} if soak.is_sanitized else {}
    good = gauges.tell_of_growths(measured.samples, tell, unjudged=unjudged)
    turns = measured.turns()
    p99, over = gauges.percentile_ms(turns, 0.99), gauges.longer_than(turns, gauges.LAG_MS)
    good = good and p99 < gauges.LAG_MS
    tell(f"loop lag: p99 {p99:.2f} ms of {max(turns.values()):,} turns, {100 * over:.3f} % over {gauges.LAG_MS} ms, "
         f"p99 below {gauges.LAG_MS} ms: {'ok' if p99 < gauges.LAG_MS else 'TOO LONG'}")
    tell_of_work(measured.samples, tell)
    for line in gauges.table(measured.samples, TABLE_S, OF_SOAK):
        tell(line)
    for problem in soak.problems:
        tell(f"PROBLEM: {problem}")
    return good and not soak.problems


def tell_of_work(samples, tell):
    first, last = samples[0], samples[-1]
    done = {name: last[name] - first[name] for name in last}
    spent = max(done["s"], 1) * 1000
    tell(f"the loop's thread ran {100 * done['loop_ran_ms'] / spent:.1f} % of the time, and waited "
         f"{100 * done['loop_waited_ms'] / spent:.1f} % of it for a processor")
    tell(", ".join(f"{done[name]:,} {name}" for name in COUNTED))
    for kind in TIMED:
        tell(f"{kind}: {statistics.median(row[f'{kind}_p50_ms'] for row in samples):.1f} ms (median), "
             f"{statistics.median(row[f'{kind}_p99_ms'] for row in samples):.1f} ms (p99), "
             f"{max(row[f'{kind}_max_ms'] for row in samples):.0f} ms (at most)")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="simulator soak", description="A fleet reports to a collector of its own, changes, falls silent and "
        "returns, for hours; viewers look on, hooks are told. Samples the collector's memory, files, threads, database "
        "and loop lag.")
    parser.add_argument("--hours", metavar="H", type=float, default=2, help="for how long it is measured (%(default)s)")
    parser.add_argument("--servers", metavar="N", type=int, default=2000, help="how many (%(default)s)")
    parser.add_argument("--sites", metavar="N", type=int, help="in so many sites (one for 20 servers)")
    parser.add_argument("--interval", metavar="S", type=int, default=60,
                        help="seconds between two reports of a server (%(default)s)")
    parser.add_argument("--event-every", metavar="S", type=float, default=EVENT_S,
                        help="seconds between two things that happen in a site, on average (%(default)s)")
    parser.add_argument("--real-time", action="store_true",
                        help="the collector has a processor whenever it wants one, as on a machine of its own; for "
                        "root, where others work on the machine")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="of what happens (%(default)s)")
    parser.add_argument("--folder", metavar="DIRECTORY", default="build/soak",
                        help="for data, log, samples.csv, result.json (%(default)s)")
    parser.add_argument("--program", metavar="FILE", type=Path, default=PROGRAM, help="the collector (%(default)s)")
    parser.add_argument("--table", metavar="FILE", help="only print a table of a samples.csv")
    options = parser.parse_args(arguments)
    options.sites = options.sites or max(options.servers // 20, 1)
    return options


def begin(soak, options):
    """The fleet reports for the first time; then the collector is started on a store that has been at work for long."""
    warm = WARM_INTERVALS * options.interval
    scenarios = fleet.draw(options.seed, options.servers, options.sites, options.interval,
                           (options.hours * 3600 + 3 * warm) / options.interval, options.event_every / options.interval)
    soak.start()
    places = [Place(soak, number, scenario, number * fleet.MOST_OF_A_SITE) for number, scenario in enumerate(scenarios)]
    for n in range(min(WORKERS, len(places))):
        soak.run(Worker(soak, places[n::WORKERS]).turn)
    for number in range(VIEWERS):
        viewer = Viewer(soak, number, places)
        soak.run(viewer.look)
        soak.run(viewer.follow)
    time.sleep(warm)
    soak.paused.set()
    soak.stop()
    soak.fill_alerts()
    soak.start()
    soak.paused.clear()
    soak.fill_caches()
    time.sleep(warm)


def main(arguments=None):
    options = parse(arguments)
    if options.table:
        with open(options.table, encoding="utf-8") as file:
            samples = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
        print(*gauges.table(samples, TABLE_S, OF_SOAK), sep="\n")
        return 0
    shutil.rmtree(options.folder, ignore_errors=True)
    lines = []

    def tell(line):
        lines.append(line)
        print(line, flush=True)
    soak = Soak(options.folder, options)
    begin(soak, options)
    print(f"soak: {options.servers} servers in {options.sites} sites, measured from now on for {options.hours} h; "
          f"samples in {soak.folder}/samples.csv", flush=True)
    measured = Measurement(soak, options.hours * 3600)
    try:
        measured.run()
    finally:
        soak.ended.set()
        soak.stop()
        soak.rotate()
    good = judge(soak, measured, tell)
    (soak.folder / "result.json").write_text(json.dumps({
        "servers": options.servers, "sites": options.sites, "hours": options.hours, "good": good,
        "problems": soak.problems, "lines": lines,
        "turns": {str(bound): n for bound, n in measured.turns().items()}}, indent=1) + "\n")
    print("soak: all is well" if good else "soak: NOT WELL", flush=True)
    return 0 if good else 1
