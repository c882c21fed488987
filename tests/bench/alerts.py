#!/usr/bin/python3
"""How long a change takes from the report that shows it to the receiver of a webhook, at rest and while
reports of other servers come in; or, with --silent, what it costs when so many servers fall silent at once:
messages, the longest that anybody waits for an answer meanwhile, and memory.

    MTAWATCH_BUILD=build/bench tests/bench/alerts.py [--rate N] [--changes N] [--pause S]
    MTAWATCH_BUILD=build/bench tests/bench/alerts.py --silent 10000

Needs wrk. The receiver is a web server of this program; the clock begins before the report is sent. Servers
fall silent because the collector's clock is set on (libwrong_clock.so).
"""

import argparse
import http.server
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))
from running import PROGRAM, Collector, exposed_site, faulty, row, server, set_up  # noqa: E402
from test_clock import Clock  # noqa: E402

import load  # noqa: E402

CONNECTIONS = 64
SETTLING_S = 15
SILENT_S = 2 * 3600
STEP_S = 50  # a longer one is a time in which nobody could be heard, and so nobody was silent (collector/base/clock.h)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as in tests/receiver.py
    came = {}  # by server and status
    bodies = []
    news = threading.Condition()

    def do_POST(self):
        at = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        with self.news:
            self.bodies.append(body)
            for alert in body["alerts"]:
                self.came.setdefault((alert["labels"].get("server"), alert["status"]), at)
            self.news.notify_all()

    def log_message(self, *_):
        pass


def report(exposed, sequence):
    rows = [row("A", "EXCH2", "10.0.0.1", "10.0.0.2"), row("A", "EXCH3", "10.0.0.1", "10.0.0.3")]
    return {**(exposed_site()[0] if exposed else server("EXCH1", "10.0.0.1", rows)), "sequence": sequence}


def measure(collector, changes, pause, first):
    """Milliseconds from a report to its webhook."""
    taken = []
    for i in range(changes):
        exposed = i % 2 == 0
        key = ("EXCH1", "firing" if exposed else "resolved")
        Receiver.came.pop(key, None)
        began = time.monotonic()
        assert collector.post(report(exposed, first + i))[0] == 200
        with Receiver.news:
            assert Receiver.news.wait_for(lambda: key in Receiver.came, 20), "the webhook did not come"
        taken.append((Receiver.came[key] - began) * 1000)
        time.sleep(pause)
    return taken


def tell(what, taken):
    taken = sorted(taken)
    print(f"{what}: {len(taken)} changes, median {statistics.median(taken):.0f} ms, "
          f"p99 {taken[int(len(taken) * 0.99)]:.0f} ms, longest {taken[-1]:.0f} ms", flush=True)


def resident_mb(collector):
    status = Path(f"/proc/{collector.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


class Prober(threading.Thread):
    """Asks for an answer that costs nothing, over and over; `waits` are the milliseconds that each took."""

    def __init__(self, collector):
        super().__init__(daemon=True)
        self.connection = collector.connect(identified=False)
        self.waits = []
        self.is_over = False

    def run(self):
        while not self.is_over:
            began = time.monotonic()
            self.connection.request("GET", "/healthz")
            self.connection.getresponse().read()
            self.waits.append((time.monotonic() - began) * 1000)
            time.sleep(0.001)


def fire(collector, condition):
    status, _, body = collector.ask("/metrics")
    name = f'mtawatch_alerts_firing{{condition="{condition}"}} '
    text = body.decode()
    return int(text.split(name)[1].split()[0]) if status == 200 and name in text else 0


def outline(body):
    return f"{body['reason']} {body['alerts'][0]['labels']['condition']}"


def measure_silence(folder, config, servers):
    clock = Clock(folder)
    clock.environment["LD_PRELOAD"] = str(PROGRAM.parents[1] / "tests/bench/libwrong_clock.so")
    data = folder / "data"
    set_up(PROGRAM, data)
    with open(folder / "fleet", "wb") as fleet:
        subprocess.run([PROGRAM.parents[1] / "tests/bench/fill_store", data, str(servers), "50"], stdout=fleet,
                       check=True)
    with faulty(data, "--config", str(config), environment=clock.environment) as collector:
        time.sleep(2)
        before = resident_mb(collector)
        prober = Prober(collector)
        prober.start()
        for _ in range(4):
            time.sleep(0.5)
            fire(collector, "silent")  # its answer takes the loop's time, too
        at_rest = max(prober.waits)
        for seconds in range(0, SILENT_S, STEP_S):
            clock.set(seconds)
            fire(collector, "silent")  # a collector that sleeps notices that its clock was set
        while fire(collector, "silent") < servers:
            time.sleep(0.5)
        time.sleep(SETTLING_S)
        prober.is_over = True
        prober.join()
        print(f"{servers} servers silent at once: {len(Receiver.bodies)} messages "
              f"({', '.join(map(outline, Receiver.bodies))}), longest wait {max(prober.waits):.0f} ms "
              f"(at rest {at_rest:.0f}), memory {before:.0f} to {resident_mb(collector):.0f} MB", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rate", type=int, default=1000)
    arguments.add_argument("--changes", type=int, default=200)
    arguments.add_argument("--pause", type=float, default=0.05)
    arguments.add_argument("--silent", type=int, metavar="N")
    options = arguments.parse_args()
    receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        config = folder / "collector.conf"
        url = f"http://127.0.0.1:{receiver.server_address[1]}/"
        if options.silent:
            config.write_text(f"[hook ops]\ntype = webhook\nurl = {url}\nconditions = silent\n")
            measure_silence(folder, config, options.silent)
            return
        config.write_text("[alerts]\ngroup-interval = 0s\nflap-changes = 0\nstorm-after = 0\n[hook ops]\n"
                          f"type = webhook\nurl = {url}\nsites = ACME/HQ\n")
        with Collector(folder / "data", "--config", str(config)) as collector:
            fleet = load.enrol(collector, folder / "fleet")
            tell("at rest", measure(collector, options.changes, options.pause, 1))
            crowd = subprocess.Popen(
                ["wrk", "-t1", f"-c{CONNECTIONS}", "-d600s", "--timeout", "20s", "-s", HERE / "report.lua",
                 f"{collector.url}/v1/reports", "--", fleet, "1", "life", str(options.rate), str(CONNECTIONS)],
                stdout=subprocess.PIPE, text=True)
            try:
                time.sleep(3)
                before, began = collector.ask("/metrics")[2].decode(), time.monotonic()
                taken = measure(collector, options.changes, options.pause, options.changes + 1)
                after, ended = collector.ask("/metrics")[2].decode(), time.monotonic()
            finally:
                crowd.terminate()
                crowd.wait()
            name = 'mtawatch_reports_total{result="accepted"} '
            n = [int(text.split(name)[1].split()[0]) for text in (before, after)]
            tell(f"beside {(n[1] - n[0]) / (ended - began):.0f} reports a second", taken)


if __name__ == "__main__":
    main()
