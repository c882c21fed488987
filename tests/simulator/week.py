"""`week`: days of a large fleet's life in minutes. Each site is held against its truth; the collector must not grow.

The clock goes on by steps, and all that is due in a step is done together. A site has a world, a stage and a watcher of
its own (stage.py, truth.py); several processes live them, and meet before and after each step."""

import argparse
import bisect
import contextlib
import json
import multiprocessing
import os
import signal
import sqlite3
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import identity
from ports import free_port
from waiting import until

from . import fleet, gauges
from .agents import Agent
from .collector import BUILD, PROGRAM
from .line import Line
from .physics import World
from .scenario import RESTS
from .stage import CLOCK, Clock, Stage
from .trial import Figures
from .truth import Course, Watcher, is_fresh
from .verify import Fault, Verification

DAY_S = 86400
STEPS = 30       # of an interval
MOMENTS = 5      # of these in which agents of one site report
SAMPLE_S = 3600  # of simulated time from one look at the collector to the next
PATIENCE = 300
KEPT_REPORTS = 110  # somewhat more than a day has
CONFIG = "[alerts]\nflap-changes = 0\nstorm-after = 0\ndigest-until = no\n"


class Theatre:
    """The collector and its clock."""

    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.born = (int(time.time()) // DAY_S + 1) * DAY_S * 1000
        self.clock = Clock(folder / "clock", self.born)
        self.token, self.secret = identity.set_up(program, folder / "data", host="127.0.0.1")
        self.port, self.process = free_port(), None
        self.line = self.connect()
        (folder / "collector.conf").write_text(CONFIG)

    def connect(self, source="127.0.0.1"):
        tls = ssl.create_default_context(cafile=self.folder / "data/ca.crt")
        return Line(self.port, tls, self.token, PATIENCE, source)

    def start(self):
        environment = {
            **os.environ, "LD_PRELOAD": f"{CLOCK}:{BUILD / 'tests/integration/libheap_gauge.so'}",
            "MOVED_CLOCK": str(self.clock.file), "HEAP_GAUGE": str(self.folder / "heap"),
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:quarantine_size_mb=16"}
        data = self.folder / "data"
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", data, "--cert",
                 data / "server.crt", "--key", data / "server.key", "--config", self.folder / "collector.conf",
                 "--keep-reports", str(KEPT_REPORTS)], stdout=log, stderr=log, env=environment)
        until(self._is_ready, (self.folder / "log").read_text)

    def _is_ready(self):
        with contextlib.suppress(OSError):
            return self.line.call("GET", "/readyz")[0] == 200
        return False

    def end(self, number):
        self.line.close()
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        assert number == signal.SIGKILL or status == 0, f"the collector ended with {status}"

    def go_to(self, ms):
        self.clock.set(self.born + ms)
        for _ in range(2):  # the first one wakes the loop, and its timers come after it
            self.line.call("GET", "/livez")

    def look(self, ms):
        metrics = self.line.call("GET", "/metrics")[1]
        process = gauges.Process(self.process.pid, self.folder / "data", self.folder / "heap").look()
        connections = int(gauges.metric(metrics, "mtawatch_connections"))
        return {"s": ms // 1000, **process, "files": process["open_files"] - connections}


class StillWorld(World):
    """Remembers what follows from its wires, until something is done."""

    def __init__(self, world):
        super().__init__(world.wires.values(), world.machines.values())
        self.forget()

    def forget(self):
        self.version = getattr(self, "version", 0) + 1
        self._talks, self._out = {}, {}

    def talks(self, machine, adapter, address):
        return self._once(self._talks, (id(machine), adapter.id, address), super().talks, machine, adapter, address)

    def way_out(self, machine, address):
        return self._once(self._out, (id(machine), address), super().way_out, machine, address)

    @staticmethod
    def _once(known, key, find, *of):
        if key not in known:
            known[key] = find(*of)
        return known[key]


class Site(Stage):
    """One site of the fleet, on a stage of its own in front of everybody's collector."""

    def __init__(self, theatre, number, scenario):
        self.name = scenario.machines[0]["site"]
        self.scenario, self.interval = scenario, scenario.interval_s * 1000
        self.step = self.interval // STEPS
        self.born, self.now, self.secret, self.folder = theatre.born, 0, theatre.secret, theatre.folder
        self.line = theatre.connect(f"127.1.0.{number + 1}")  # enrolments of one address are limited
        self.world = StillWorld(scenario.world())
        self.machines = dict(self.world.machines)
        self.agents, self.kills, self.restored, self.former, self.starts = {}, [], [], {}, []
        for place, (facts, machine) in enumerate(zip(scenario.machines, self.machines.values())):
            moment = number % (STEPS // MOMENTS) + place % MOMENTS * (STEPS // MOMENTS)
            self.agents[machine.host] = Agent(machine, moment * self.step, facts.get("clock_off_s", 0) * 1000)
            machine.number += number * fleet.MOST_OF_A_SITE
            machine.booted = -DAY_S * 1000
            if facts.get("bad_start"):
                self.world.start_mta(machine, -60000)
            else:
                machine.starts.append((-DAY_S * 1000, 0))
        self.begin_without()
        self.every_agent = list(self.agents.values())
        self.events = [(int(event["at"] * self.interval), event) for event in scenario.events][::-1]
        self.watcher = SiteWatcher()
        self.known, self.looked_at, self.lost = {}, {}, []

    def get(self, path):
        """What there is of this site."""
        path = path.replace("/v1/servers?", f"/v1/servers?site={self.name}&")
        return super().get(path.replace("/v1/trend", f"/v1/sites/TRUTH/{self.name}/trend"))

    def cycle(self, agent):
        is_there = super().cycle(agent)
        for sent in agent.sent[::-1]:
            if "probes" not in sent.body:
                break
            sent.body = self._needed(sent.body)
        del agent.machine.starts[:-9]
        return is_there

    def _needed(self, body):
        """What is held against the history; all reports in which it is the same share it."""
        needed = {"exchange": {"site": body["exchange"]["site"]}, "mta": {"service": body["mta"]["service"]},
                  "adapters": body["adapters"], "files": body["files"]}
        return self.known.setdefault(json.dumps(needed), needed)

    def look_for_reports(self, stored):
        """All that came since the last look, and are among those that are kept."""
        for agent in self.agents.values():
            for sent in agent.sent[self.looked_at.get(agent.host, 0):][-KEPT_REPORTS:]:
                if (sent.epoch, sent.sequence) not in stored:
                    self.lost.append(Fault("missed", "report", agent.host, sent.taken,
                                           "a report that was taken is not stored"))
            self.looked_at[agent.host] = len(agent.sent)

    def live(self, ms, is_killed):
        """What is due at a moment."""
        self.now = ms
        if is_killed:
            self.kills.append(ms)
            self.watcher.note_event(self, {"do": "kill_collector"}, {("TRUTH", self.name)})
        while self.events and self.events[-1][0] <= ms:
            _, event = self.events.pop()
            places = self.do(event)
            self.world.forget()
            self.watcher.note_event(self, event, places)
        due = [agent for agent in self.agents.values() if (ms - agent.phase) % self.interval == 0]
        for agent in due:
            self.cycle(agent)
        if due:
            self.watcher.look(self)
        return len(due)


class SiteWatcher(Watcher):
    """Of a site whose members stay the same, and to whom a look at all of them costs too much."""

    def __init__(self):
        super().__init__()
        self.state = None

    def look(self, stage):
        self._note_true(stage)
        for server in self._settled_list(stage):
            self.shown.setdefault(server["server"], Course()).note(stage.now, (server["verdict"], server["silent"]))
        self.looks.append(stage.now)
        self.end = stage.now

    def _note_true(self, stage):
        """Nothing else is true while nothing was done, nobody fell silent or returned, and all probe as before."""
        state = stage.world.version, [(is_fresh(stage, agent), agent.told and agent.told.addresses,
                                       [peer["name"] for peer in agent.peers])
                                      for agent in stage.agents.values()]
        if state != self.state:
            self.state = state
            super()._note_true(stage)


class SiteVerification(Verification):
    def __init__(self, stage, watcher):
        super().__init__(stage, watcher)
        self.settled = {}  # what was asked before: all servers of the site settle together

    def _settled_since(self, name, ms):
        if ms not in self.settled:
            self.settled[ms] = super()._settled_since(name, ms)
        return self.settled[ms]

    def _last_settled(self, name, ms):
        place = bisect.bisect_right(self.watcher.looks, ms)
        return next((when for when in reversed(self.watcher.looks[:place])
                     if self._settled_since(name, when) is not None), 0)

    def _told(self):
        """No hook is told anything."""

    def _certificate(self):
        """It stays as it is."""

    def _still_report(self):
        """Something may happen until the end."""

    def _reports(self):
        """Looked at day after day, for they are not kept for long."""
        self.result.faults += self.stage.lost


class Company:
    """A process that lives some of the sites."""

    def __init__(self, theatre, sites, meeting):
        self.theatre, self.meeting = theatre, meeting
        self.sites = [Site(theatre, number, scenario) for number, scenario in sites]

    def live(self, timetable, results):
        try:
            for ms, is_killed in timetable:
                self.meeting.wait()
                sent = sum(site.live(ms, is_killed) for site in self.sites)
                with self.meeting.sent.get_lock():
                    self.meeting.sent.value += sent
                if ms and ms % (DAY_S * 1000) == 0:
                    self.look_for_reports()
                self.meeting.wait()
            self.look_for_reports()
            for site in self.sites:
                results.put((site.name, SiteVerification(site, site.watcher).run()))
        except BaseException:
            self.meeting.abort()
            raise

    def look_for_reports(self):
        with contextlib.closing(sqlite3.connect(self.theatre.folder / "data/mtawatch.db")) as database:
            stored = set(database.execute("""SELECT stream.epoch, report.sequence FROM report
                JOIN stream ON stream.id = report.stream_id"""))
        for site in self.sites:
            site.look_for_reports(stored)


class Meeting:
    """Where the processes wait for each other. It ends for all if one of them fails."""

    def __init__(self, processes):
        self.barrier = multiprocessing.Barrier(processes)
        self.sent = multiprocessing.Value("q", 0)

    def wait(self):
        self.barrier.wait(PATIENCE)

    def abort(self):
        self.barrier.abort()


def timetable(options):
    """(ms, is the collector killed then) of each step. It is killed on each day of the first half, and lives on for the
    second one, so that what it takes can be compared."""
    step = options.interval * 1000 // STEPS
    kills = {int((day + 0.4) * DAY_S * 1000) // step for day in range(int(options.days / 2))}
    return [(n * step, n in kills) for n in range(int(options.days * DAY_S * 1000) // step)]


def play(theatre, options, scenarios, tell):
    """(the results of the sites, samples of the collector, reports that were taken)"""
    steps = timetable(options)
    meeting, results = Meeting(options.jobs + 1), multiprocessing.Queue()
    parts = [Company(theatre, list(enumerate(scenarios))[n::options.jobs], meeting) for n in range(options.jobs)]
    processes = [multiprocessing.Process(target=part.live, args=(steps, results), daemon=True) for part in parts]
    for process in processes:
        process.start()
    samples, began = [], time.monotonic()
    for ms, is_killed in steps:
        if is_killed:
            theatre.end(signal.SIGKILL)
            theatre.clock.set(theatre.born + ms)
            theatre.start()
        theatre.go_to(ms)
        meeting.wait()
        meeting.wait()
        if ms % (SAMPLE_S * 1000) == 0:
            samples.append(theatre.look(ms))
        if ms and ms % (options.tell * 3600_000) == 0:
            took = time.monotonic() - began
            tell(f"after {ms / 3600_000:.0f} h in {took:.0f} s: {meeting.sent.value:,} turns of agents, "
                 f"{meeting.sent.value / took:.0f} a second")
    return dict(results.get(timeout=PATIENCE * 10) for _ in scenarios), samples, meeting.sent.value


def tell_of_growth(samples, tell):
    """Returns whether there is none."""
    good = gauges.tell_of_growths(samples, tell, DAY_S, "a day")
    for line in gauges.table(samples, DAY_S):
        tell(line)
    return good


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="simulator week", description="Days of a large fleet's life in minutes: what happens is mended, and "
        "happens again, and each site is held against its truth.")
    parser.add_argument("--servers", metavar="N", type=int, default=1000, help="how many (%(default)s)")
    parser.add_argument("--sites", metavar="N", type=int, help="in so many sites (one for 20 servers)")
    parser.add_argument("--days", metavar="D", type=float, default=7, help="for how long (%(default)s)")
    parser.add_argument("--interval", metavar="S", type=int, default=900,
                        help="seconds between two reports of a server (%(default)s)")
    parser.add_argument("--event-every", metavar="N", type=float, default=24,
                        help="intervals between two things that happen in a site, on average (%(default)s)")
    parser.add_argument("--seed", metavar="S", type=int, default=1, help="of what happens (%(default)s)")
    parser.add_argument("--jobs", metavar="N", type=int, default=2, help="processes that live the sites (%(default)s)")
    parser.add_argument("--tell", metavar="H", type=int, default=12,
                        help="tell how far it is every so many hours of the fleet (%(default)s)")
    parser.add_argument("--program", metavar="FILE", type=Path, default=PROGRAM, help="the collector (%(default)s)")
    parser.add_argument("--folder", metavar="DIRECTORY", default="build/week",
                        help="for result.json, and the scenarios of sites that failed (%(default)s)")
    options = parser.parse_args(arguments)
    options.sites = options.sites or max(options.servers // 20, 1)
    return options


def main(arguments=None):
    options = parse(arguments)
    lines, folder, began = [], Path(options.folder), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)

    def tell(line):
        lines.append(line)
        print(line, flush=True)
    intervals = int(options.days * DAY_S / options.interval)
    scenarios = fleet.draw(options.seed, options.servers, options.sites, options.interval, intervals - RESTS,
                           options.event_every)
    for one in scenarios:
        one.intervals = intervals
    with tempfile.TemporaryDirectory(prefix="mtawatch-week-") as place:
        theatre = Theatre(Path(place), options.program)
        theatre.start()
        results, samples, turns = play(theatre, options, scenarios, tell)
        theatre.end(signal.SIGTERM)
    figures = Figures()
    for one in scenarios:
        name = one.machines[0]["site"]
        figures.add(results[name])
        if results[name].faults:
            (folder / f"{name}.json").write_text(one.text())
            for fault in results[name].faults[:5]:
                tell(f"{name}: {fault.line(options.interval * 1000)}")
    tell(f"{options.days:g} days of {options.servers} servers in {time.monotonic() - began:.0f} s, "
         f"{turns:,} turns of agents")
    for line in figures.lines():
        tell(line.replace("scenarios", "sites"))
    is_steady = tell_of_growth(samples, tell)
    (folder / "result.json").write_text(json.dumps({"lines": lines, "samples": samples}, indent=1) + "\n")
    return 0 if is_steady and not figures.faults else 1
