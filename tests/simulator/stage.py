"""A collector under a clock that the simulation moves, and the scenario that is played to it.

The real program, over TLS, with agents that enrol. Its clocks stand while nobody moves them
(tests/integration/moved_clock.c), so hours pass in seconds and every run of a scenario is the same."""

import bisect
import contextlib
import heapq
import json
import mmap
import os
import signal
import sqlite3
import ssl
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import identity
from receiver import Receiver
from waiting import until

from .agents import SPOOL_ROOM, Agent, stamp
from .collector import BUILD, PROGRAM
from .line import Line
from .physics import Adapter
from .troubles import Troubles

CLOCK = BUILD / "tests/integration/libmoved_clock.so"
DISK = BUILD / "tests/integration/libfailing_disk.so"
CONFIG = """[alerts]
flap-changes = 0
storm-after = 0
digest-until = no
hold-collector = no

[hook watcher]
type = webhook
url = {url}
"""
OF_ALL = ("part", "join", "kill_collector", "backup", "restore", "fill_disk", "free_disk", "expire", "renew",
          "stop_collector", "start_elsewhere", "set_clock", "freeze_judge", "hand_over", "lose_database",
          "start_database")  # events that are of no machine
NOT_PRELOADED = "cannot be preloaded"  # the loader goes on without, by the clock of the system
PATIENCE = 60
DAY_S = 86400
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME: OpenSSL's, of which Python has no name


class Clock:
    """Of a collector: it stands until it is set. `set_off` says by how much the system's is off, which somebody sets."""

    def __init__(self, file, ms):
        file.write_bytes(bytes(16))
        with open(file, "r+b") as opened:
            self._mapped = mmap.mmap(opened.fileno(), 16)
        self.file = file
        self.set(ms)

    def set(self, ms):
        self._mapped[:8] = (ms * 1_000_000).to_bytes(8, "little")

    def set_off(self, ms):
        self._mapped[8:] = (ms * 1_000_000).to_bytes(8, "little", signed=True)


@contextlib.contextmanager
def prepare():
    """Has the certificates made that all scenarios share; processes that begin within have them."""
    with tempfile.TemporaryDirectory(prefix="mtawatch-truth-") as folder:
        identity.set_up(PROGRAM, Path(folder) / "data", host="127.0.0.1")
        yield


class Stage(Troubles):
    def __init__(self, folder, scenario):
        self.scenario = scenario
        self.folder = folder
        self.interval = scenario.interval_s * 1000
        self.born = (int(time.time()) // DAY_S + 1) * DAY_S * 1000  # the same hours in every run
        self.now = 0
        self.world = scenario.world()
        self.machines = dict(self.world.machines)  # by the names that they have at first
        self.agents = {}
        self.begin_without()
        for facts in scenario.machines:
            machine = self.machines[facts["host"]]
            self.agents[facts["host"]] = Agent(machine, int(facts.get("phase", 0) * self.interval),
                                               facts.get("clock_off_s", 0) * 1000, room=facts.get("spool", SPOOL_ROOM))
            if facts.get("bad_start"):
                self.world.start_mta(machine, -60000)
            else:
                machine.starts.append((-86400_000, 0))
            machine.booted = -86400_000
        self.clock = Clock(folder / "clock", self.born)
        self.token, self.secret = identity.set_up(PROGRAM, folder / "data", *self.set_up_options(), host=Line.NAME)
        self.data = folder / "data"
        self.trust = ssl.create_default_context(cafile=self.data / "ca.crt")
        tls = ssl.create_default_context(cafile=self.data / "ca.crt")
        tls.verify_flags |= NO_CHECK_TIME  # who looks goes on looking when agents do not trust it any more
        self.line = Line(0, tls, self.token, PATIENCE)  # of the port that is free at each start
        self.receiver = Receiver()  # of all that is told
        self.came = []  # (how many requests had come, when time went on)
        (folder / "collector.conf").write_text(CONFIG.format(url=self.receiver.url))
        self.process = None
        self.kills = []  # ms
        self.backup = None  # when the last one was made,
        self.told_before = 0  # and how much had been told then
        self.restored = []  # (when the backup was made, when it took the store's place)
        self.lost_requests = set()  # the numbers of those that a store told which is no more
        self.after_restore = lambda since, until: None
        self.former = {}  # name that nobody has any more: what was sent under it
        self.renamed = {}  # and whose it was
        self.starts = []  # what became of each start of an MTA: (ms, host, verdict, began)

    def stamp(self, ms):
        return stamp(self.born, ms)

    # --- the collector

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        try:
            if self.process:
                self.end(signal.SIGTERM)
        finally:
            self.receiver.close()

    def _environment(self, **more):
        return {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
                "TMPDIR": str(self.folder), **more}

    def run_program(self, *arguments, **environment):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=PATIENCE,
                              env=self._environment(**environment))
        assert done.returncode == 0, done.stdout + done.stderr

    def set_up_options(self):
        return ()

    def serve(self, line, data, *more):
        """A collector's process. It listens where the line leads; where that is nowhere yet, it does from now on."""
        environment = self._environment(LD_PRELOAD=f"{CLOCK}:{DISK}", MOVED_CLOCK=str(self.clock.file),
                                        FAILING_DISK=str(self.folder / "full"), FAILING_FILES=str(data))
        with open(self.folder / "log", "ab") as log:
            process = subprocess.Popen(
                [PROGRAM, "serve", "--listen", f"{line.address}:{line.port}", "--data", data, "--cert", data / "server.crt",
                 "--key", data / "server.key", "--config", self.folder / "collector.conf", *more],
                stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        said = process.stdout.readline()
        assert said.startswith("listening on https://") and NOT_PRELOADED not in self.log(), said + self.log()
        line.port = int(said.rsplit(":", 1)[1])
        return process

    def start(self):
        self.line.port = 0  # whichever is free
        self.process = self.serve(self.line, self.data)
        until(lambda: self.call("GET", "/readyz")[0] == 200, self.log)

    def end(self, number):
        process, self.process = self.process, None
        self.line.close()
        process.send_signal(number)
        process.communicate(timeout=PATIENCE)
        if number == signal.SIGTERM:
            assert process.returncode == 0, f"the collector ended with {process.returncode}:\n{self.log()}"

    def kill(self):
        self.kills.append(self.now)
        self.end(signal.SIGKILL)
        self.start()

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def call(self, *arguments, **more):
        return self.line.call(*arguments, **more)

    def get(self, path):
        status, text = self.call("GET", path)
        assert status == 200, f"GET {path}: {status} {text}"
        return json.loads(text)

    def pages(self, path, name):
        """All of a list."""
        found = self.get(path)
        assert len(found[name]) < 1000, path
        return found[name]

    def send(self, *arguments, **more):
        """What an agent is answered. A collector whose clock went on is not ready until it has judged the fleet again."""
        deadline = time.monotonic() + PATIENCE
        while (answer := self.call(*arguments, **more))[0] == 503 and not self.is_full:
            assert time.monotonic() < deadline, answer
            self.wait_a_moment()
        return answer

    def wait_a_moment(self):
        time.sleep(0.01)

    def enrol(self, host, key):
        """None: not now."""
        status, text = self.send("POST", "/v1/enroll", json.dumps({"secret": self.secret, "host": host, "key": key}))
        if status == 503:
            return None
        assert status == 200, f"{host} could not enrol: {status} {text}"
        return json.loads(text)["id"]

    def post_report(self, report, age, bearer):
        body = json.dumps(report, separators=(",", ":"))
        return self.send("POST", "/v1/reports", body, bearer, **{"Mtawatch-Report-Age": str(age)})

    # --- time

    def go_to(self, ms):
        """Moves the clock there, and lets the collector's timers see it. What took its time may have moved it on already."""
        self.wait_for_deliveries()
        self._pass_to(max(ms, self.now))

    def _pass_to(self, ms):
        self.came.append((len(self.receiver.requests), self.now))
        self.now = ms
        self.clock.set(self.born + self.now)
        self.turn_over()
        if self.times.seen and not self.is_away:
            self.note_time()

    def came_at(self, number):
        """When the receiver was sent the request of that number, ms: whatever the collector's clock or the system's said."""
        place = bisect.bisect_right(self.came, number, key=lambda one: one[0])
        return self.came[place][1] if place < len(self.came) else self.now

    def turn_over(self):
        if not self.is_away:
            for _ in range(2):  # the first one wakes the loop, and its timers come after it
                self.call("GET", "/livez")

    def pass_until(self, what, seconds, step_s=0.02):
        """Lets time go on, a second after the other, each once other threads had as long as `step_s` of the world."""
        end = self.now + seconds * 1000
        while not self._comes_true(what, step_s):
            assert self.now < end, self.log()
            self._pass_to(self.now + 1000)

    @staticmethod
    def _comes_true(what, seconds):
        deadline = time.monotonic() + seconds
        while not (found := what()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return found

    def wait_for_deliveries(self):
        """An attempt that is on its way would be out of time with the next step of the clock. One that is made again later
        needs that step, and others wait for their turn behind it. A collector that can store nothing tells nobody anything."""
        if not self.is_away and not self.is_full:
            until(self._all_is_told, self.log)

    def _all_is_told(self):
        times = [delivery["next_at"] for delivery in self.get("/v1/deliveries?state=waiting")["deliveries"]]
        return not times or any(at and at > self.stamp(self.times.shown_at(self.now)) for at in times)

    # --- what is done

    def do(self, event):
        """Returns the sites that it was done in; none: it cannot be done."""
        of_all = event["do"] in OF_ALL
        machine = None if of_all else self.machines.get(event["host"])
        if (machine is None and not of_all) or not self.can_happen(event, machine):
            return set()
        before = {machine.place} if machine else {other.place for other in self.machines.values()}
        getattr(self, f"do_{event['do']}")(machine, event)
        return before | ({machine.place} if machine else set())

    def _adapter(self, machine, event):
        return machine.adapter(event["adapter"]) or Adapter("none", "", "0.0.0.0/0")  # nobody's

    def do_unplug(self, machine, event):
        self._adapter(machine, event).plugged = False

    def do_plug(self, machine, event):
        self._adapter(machine, event).plugged = True

    def do_disable(self, machine, event):
        self._adapter(machine, event).enabled = False

    def do_enable(self, machine, event):
        self._adapter(machine, event).enabled = True

    def do_remove(self, machine, event):
        machine.adapters = [adapter for adapter in machine.adapters if adapter.id != event["adapter"]] or machine.adapters

    def do_move(self, machine, event):
        if event["wire"] in self.world.wires:
            self._adapter(machine, event).wire = event["wire"]

    def do_renumber(self, machine, event):
        self._adapter(machine, event).address = event["address"]

    def do_add(self, machine, event):
        new = event["new"]
        if machine.adapter(new["id"]) is None and new["wire"] in self.world.wires:
            machine.adapters.append(Adapter(**new))

    def do_filter(self, machine, event):
        self._adapter(machine, event).filters[event["peer"]] = event["grade"]

    def do_patch(self, machine, event):
        machine.build = event["build"]

    def do_start_mta(self, machine, _):
        if machine.up and machine.mta != "running":
            self._start_mta(machine)

    def do_restart_mta(self, machine, _):
        if machine.up:
            self._start_mta(machine)

    def _start_mta(self, machine):
        if self.is_away:  # nobody can look
            self.world.start_mta(machine, self.now)
            return
        shown = {server["server"]: server["verdict"] for server in self.get("/v1/servers?limit=1000")["servers"]}
        began = self.world.start_mta(machine, self.now)
        self.starts.append((self.now, machine.host, shown.get(machine.host), began))

    def do_stop_mta(self, machine, _):
        if machine.up and machine.mta == "running":
            self.world.stop_mta(machine)

    def do_power_off(self, machine, _):
        machine.up = False

    def do_power_on(self, machine, _):
        if not machine.up:
            machine.up, machine.booted = True, self.now
            self._start_mta(machine)
            self.agent_of(machine).forget_what_it_saw()

    def do_reboot(self, machine, event):
        if machine.up:
            self.do_power_off(machine, event)
            self.do_power_on(machine, event)

    def agent_of(self, machine):
        return next(agent for agent in self.agents.values() if agent.machine is machine)

    def do_stop_agent(self, machine, _):
        self.agent_of(machine).running = False

    def do_start_agent(self, machine, _):
        self.agent_of(machine).running = True

    def do_put_back(self, machine, _):
        self.agent_of(machine).put_back()

    def do_cut(self, machine, _):
        self.agent_of(machine).cut_off = True

    def do_uncut(self, machine, _):
        self.agent_of(machine).cut_off = False

    def do_clock(self, machine, event):
        self.agent_of(machine).clock_off = event["off_s"] * 1000

    def do_rename(self, machine, event):
        agent = self.agent_of(machine)
        if event["to"] in self.world.machines:
            return
        self.former[machine.host] = agent.sent
        self.renamed[machine.host] = agent
        del self.world.machines[machine.host]
        machine.host = event["to"]
        self.world.machines[machine.host] = machine
        agent.begin_anew()

    def do_part(self, _, event):
        if event["wire"] in self.world.wires:
            self.world.wires[event["wire"]].zone = ""

    def do_join(self, _, event):
        if event["wire"] in self.world.wires:
            self.world.wires[event["wire"]].zone = "wan"

    def names_before(self, machine):
        """Under which it is still known, for it has not reported under the one that it has now."""
        return [name for name, agent in self.renamed.items() if agent.machine is machine and not agent.sent]

    def do_move_site(self, machine, event):
        """Of a server whose agent tells nobody where it is there is no knowing."""
        if self.agent_of(machine).running and self.can_report(machine) and self.is_listening():
            machine.organization, machine.site = event.get("organization", machine.organization), event["site"]

    def do_clone(self, machine, event):
        """Machines are put from an image of this one, all at once; each gets a name and addresses of its own."""
        for number, copy in enumerate(event["copies"]):
            if copy["host"] in self.world.machines or copy["host"] in self.former or not set(copy["addresses"]) >= {
                    adapter.id for adapter in machine.adapters}:
                continue
            adapters = [replace(adapter, address=copy["addresses"][adapter.id], filters=dict(adapter.filters))
                        for adapter in machine.adapters]
            new = replace(machine, host=copy["host"], adapters=adapters, number=len(self.machines) + 1, up=True, starts=[],
                          booted=self.now)
            self.world.machines[new.host] = self.machines[new.host] = new
            self._start_mta(new)
            self.agents[new.host] = self.agent_of(machine).of_image(new, self.now + 1000 * (1 + number))
            self.every_agent.append(self.agents[new.host])
            self._schedule(self.agents[new.host])

    def do_kill_collector(self, *_):
        self.kill()

    def do_backup(self, *_):
        """Between two notifications."""
        is_between = False
        while not is_between:
            self.wait_for_deliveries()
            self.told_before = len(self.receiver.requests)
            self.run_program("backup", "--data", self.data, "--replace", self.folder / "backup.db")
            is_between = len(self.receiver.requests) == self.told_before
        self.backup = self.now

    def do_restore(self, *_):
        """The disk of the collector is lost, and a new one gets what the last backup has."""
        if self.backup is None:
            return
        self.end(signal.SIGKILL)
        for file in self.data.glob("mtawatch.db*"):
            file.unlink()
        self.run_program("restore", "--data", self.data, self.folder / "backup.db")
        self.lost_requests |= set(range(self.told_before, len(self.receiver.requests)))
        lost = self.backup, self.now
        self.restored.append(lost)
        self.kills.append(self.now)
        for agent in self.every_agent:
            agent.forget_lost(*lost)
        self.former = {name: [sent for sent in all_sent if not lost[0] <= sent.taken <= lost[1]]
                       for name, all_sent in self.former.items()}
        self.after_restore(*lost)
        self.start()

    def stored_reports(self):
        """Pairs of epoch and sequence."""
        with contextlib.closing(sqlite3.connect(self.data / "mtawatch.db")) as database:
            return set(database.execute("""SELECT stream.epoch, report.sequence FROM report
                JOIN stream ON stream.id = report.stream_id"""))

    def can_report(self, machine):
        return self.world.reaches_collector(machine) and not self.agent_of(machine).cut_off

    def is_listening(self):
        return not (self.is_away or self.is_full or self.is_over)

    def cycle(self, agent):
        """What an agent does when its time has come."""
        if not (agent.machine.up and agent.running):
            return False
        reachable = (agent in self.doubles.values() or self.can_report(agent.machine)) and self.finds_collector(agent)
        if reachable:
            agent.enrol(self)
        if not agent.identity:
            return False
        agent.collect(self, self.now)
        if reachable:
            agent.deliver(self)
        return reachable

    def _schedule(self, agent):
        place = self.every_agent.index(agent)
        for ms in range(agent.phase, self.scenario.intervals * self.interval, self.interval):
            heapq.heappush(self.timetable, (ms, 1, place, agent))

    def play(self, watcher):
        """All in the order of time, events before reports of the same moment."""
        self.after_restore = watcher.forget_lost
        self.timetable = [(int(event["at"] * self.interval), 0, number, event)
                          for number, event in enumerate(self.scenario.events)]
        heapq.heapify(self.timetable)
        self.every_agent = list(self.agents.values())
        for agent in self.every_agent:
            self._schedule(agent)
        while self.timetable:
            ms, _, _, what = heapq.heappop(self.timetable)
            self.go_to(ms)
            if isinstance(what, Agent):
                self.cycle(what)
                watcher.look(self)
            else:
                watcher.note_event(self, what, self.do(what))
        self.mend()
        self.wait_for_deliveries()
