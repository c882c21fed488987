"""How long nobody judges a fleet of 100,000 servers, when the judge is killed and when it hands over; what it needs."""

import contextlib
import http.client
import os
import re
import shutil
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

import load
from identity import Agents
from ports import free_port
from running import PROGRAM, Collector, set_up
from waiting import until

MAX_KILLED_S, MAX_ORDERLY_S, MAX_OF_START, MAX_MEMORY_PER_SERVER = 5, 1.5, 1.5, 6.8 * 1024
LOOK_S = 0.01


class Member(Collector):
    """A collector of several on one database, whose port stays its own."""

    def __init__(self, data, store, arguments, tls):
        self.data, self.store, self.arguments, self.tls = data, store, arguments, tls
        self.node, self.port = data.name, free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.token, self.secret = set_up(PROGRAM, data, "--store", store)
        self.agents = Agents(self._connect_from, self.secret)
        self.log = open(data.with_name(data.name + ".log"), "a")

    def start(self):
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.data, "--store", self.store, "--node",
             self.node, "--external-url", self.url, *self.arguments], stdout=self.log, stderr=self.log)
        return self

    def is_told(self, path):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask(path, headers={"Authorization": ""})[0] == 200
        return False

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(60)


class Watch:
    """The longest that a collector did not answer /livez, while it lasts."""

    def __init__(self, member):
        self.member, self.longest_s, self.ended = member, 0, False
        self.thread = threading.Thread(target=self._look)

    def _look(self):
        while not self.ended:
            began = time.monotonic()
            if self.member.is_told("/livez"):
                self.longest_s = max(self.longest_s, time.monotonic() - began)
            time.sleep(LOOK_S)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()


def fill(program, data, servers, per_site, store=None):
    """The file with the fleet."""
    environment = {**os.environ, **({"MTAWATCH_TEST_STORE": store} if store else {})}
    file = data.with_name(data.name + ".fleet")
    with file.open("wb") as out:
        subprocess.run([program, data, str(servers), str(per_site)], stdout=out, check=True, env=environment)
    return file


def start_alone(data, program=PROGRAM):
    """(seconds, CPU seconds) until a collector with the embedded store is ready."""
    began = time.monotonic()
    with Collector(data, program=program) as collector:
        assert collector.ask("/readyz")[0] == 200
        return time.monotonic() - began, load.cpu_us(collector.process.pid) / 1e6


def starts(folder, build, before, servers, per_site, rounds, tell):
    """Seconds of a start with the embedded store; the same of an earlier build, in turn."""
    builds = {"embedded": build, **({"embedded, before": before} if before else {})}
    found = {name: [] for name in builds}
    for name, of in builds.items():
        program = Path(of) / "collector/mtawatch-collector"
        set_up(program, folder / name)
        fill(Path(of) / "tests/bench/fill_store", folder / name, servers, per_site)
    for _ in range(rounds):
        for name, of in builds.items():
            found[name].append(start_alone(folder / name, Path(of) / "collector/mtawatch-collector"))
    for name, times in found.items():
        tell(f"a start with {servers:,} servers, {name}", statistics.median(wall for wall, _ in times), "s",
             note=f"{statistics.median(cpu for _, cpu in times):.2f} s of processor time")
        shutil.rmtree(folder / name)
    if before:
        ratios = [now[1] / earlier[1] for now, earlier in zip(found["embedded"], found["embedded, before"])]
        tell("processor time of a start, embedded / before", statistics.median(ratios), at_most=1.03,
             note=f"({min(ratios):.2f} to {max(ratios):.2f})")
    return statistics.median(wall for wall, _ in found["embedded"])


def longest_turn(collector):
    """(the bound, in seconds, of the longest that the loop was held; how often)."""
    _, _, body = collector.ask("/metrics")
    found = [(float(bound), float(n)) for bound, n in
             re.findall(rb'^mtawatch_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$', body, re.M)]
    last = max(n for _, n in found)
    return next(bound for bound, n in found if n == last)


def take_over(judge, other, end):
    """(seconds until `other` judges, the longest that it did not answer, its longest turn)."""
    with Watch(other) as watch:
        began = time.monotonic()
        end(judge)
        until(lambda: other.is_told("/readyz?judge"), "another judge", 300)
        took = time.monotonic() - began
    return took, watch.longest_s, longest_turn(other)


def measure(folder, server, servers, per_site, start_s, rounds, arguments, tls, steady, tell):
    """`start_s`: a start with the embedded store; `steady(judge, fleet)` has the fleet report for a while."""
    store = server.make_database()
    first = Member(folder / "c1", store, arguments, tls)
    fleet = fill(Path(os.environ["MTAWATCH_BUILD"]) / "tests/bench/fill_store", first.data, servers, per_site, store)
    shutil.copytree(first.data, folder / "c2")
    for name in ("admin-token", "enroll-secret"):
        shutil.copy(folder / f"c1.{name}", folder / f"c2.{name}")
    (folder / "c2/node").unlink(missing_ok=True)
    members = [first, Member(folder / "c2", store, arguments, tls)]
    began = time.monotonic()
    first.start()
    try:
        until(lambda: first.is_told("/readyz?judge"), "a judge", 300)
        tell(f"a start with {servers:,} servers, PostgreSQL", time.monotonic() - began, "s",
             note=f"{load.cpu_us(first.process.pid) / 1e6:.2f} s of processor time")
        members[1].start()
        nothing = None
        for what, end, allowed_s in (("killed (-9)", lambda m: m.stop(signal.SIGKILL), MAX_KILLED_S),
                                     ("ended in order", lambda m: m.stop(), MAX_ORDERLY_S)):
            found = []
            for _ in range(rounds):
                judge, other = members
                until(lambda: other.is_told("/readyz"), "a standby", 60)
                time.sleep(2)
                nothing = load.own_memory(other.process.pid)
                found.append(take_over(judge, other, end))
                judge.start()
                members.reverse()
            tell(f"until another judges {servers:,} servers, the judge {what}",
                 statistics.median(took for took, _, _ in found), "s", at_most=allowed_s + MAX_OF_START * start_s,
                 note=f"({min(f[0] for f in found):.2f} to {max(f[0] for f in found):.2f})")
            tell(f"the longest that /livez was not answered meanwhile, the judge {what}",
                 1000 * max(longest for _, longest, _ in found), "ms",
                 note=f"longest turn of the loop below {max(turn for _, _, turn in found):g} s")
        steady(members[0], fleet)
        tell("memory for each server, PostgreSQL, after that",
             (load.own_memory(members[0].process.pid) - nothing) / servers, "bytes", at_most=MAX_MEMORY_PER_SERVER)
    finally:
        for member in members:
            if getattr(member, "process", None) and member.process.poll() is None:
                member.stop()
            member.log.close()
