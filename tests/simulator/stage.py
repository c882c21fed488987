"""A collector under a clock that the simulation moves, and the scenario that is played to it.

The real program, over TLS, with agents that enrol. Its clocks stand while nobody moves them
(tests/integration/moved_clock.c), so hours pass in seconds and every run of a scenario is the same."""

import contextlib
import http.client
import json
import mmap
import os
import signal
import ssl
import subprocess
import tempfile
import time
from pathlib import Path

import identity
from ports import free_port
from waiting import until

from .agents import Agent, stamp
from .collector import BUILD, PROGRAM
from .physics import Adapter

CLOCK = BUILD / "tests/integration/libmoved_clock.so"
CONFIG = "[alerts]\nflap-changes = 0\ndigest-until = no\n"
PATIENCE = 60
DAY_S = 86400


class Clock:
    def __init__(self, file, ms):
        file.write_bytes(bytes(8))
        with open(file, "r+b") as opened:
            self._mapped = mmap.mmap(opened.fileno(), 8)
        self.file = file
        self.set(ms)

    def set(self, ms):
        self._mapped[:] = (ms * 1_000_000).to_bytes(8, "little")


@contextlib.contextmanager
def prepare():
    """Has the certificates made that all scenarios share; processes that begin within have them."""
    with tempfile.TemporaryDirectory(prefix="mtawatch-truth-") as folder:
        identity.set_up(PROGRAM, Path(folder) / "data", host="127.0.0.1")
        yield


class Stage:
    def __init__(self, folder, scenario):
        self.scenario = scenario
        self.folder = folder
        self.interval = scenario.interval_s * 1000
        self.born = (int(time.time()) // DAY_S + 1) * DAY_S * 1000  # the same hours in every run
        self.now = 0
        self.world = scenario.world()
        self.machines = dict(self.world.machines)  # by the names that they have at first
        self.agents = {}
        for facts in scenario.machines:
            machine = self.machines[facts["host"]]
            self.agents[facts["host"]] = Agent(machine, int(facts.get("phase", 0) * self.interval),
                                               facts.get("clock_off_s", 0) * 1000)
            if facts.get("bad_start"):
                self.world.start_mta(machine, -60000)
            else:
                machine.starts.append((-86400_000, 0))
            machine.booted = -86400_000
        self.clock = Clock(folder / "clock", self.born)
        self.port = free_port()
        self.token, self.secret = identity.set_up(PROGRAM, folder / "data", host="127.0.0.1")
        self.tls = ssl.create_default_context(cafile=folder / "data/ca.crt")
        (folder / "collector.conf").write_text(CONFIG)
        self.process = None
        self._connection = None
        self.kills = []  # ms
        self.former = {}  # name that nobody has any more: what was sent under it
        self.starts = []  # what became of each start of an MTA: (ms, host, verdict, began)

    def stamp(self, ms):
        return stamp(self.born, ms)

    # --- the collector

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.process:
            self.end(signal.SIGTERM)

    def start(self):
        environment = {**os.environ, "LD_PRELOAD": str(CLOCK), "MOVED_CLOCK": str(self.clock.file),
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        data = self.folder / "data"
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", data, "--cert", data / "server.crt",
                 "--key", data / "server.key", "--config", self.folder / "collector.conf"],
                stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        line = self.process.stdout.readline()
        assert line.startswith("listening on https://"), line + self.log()
        until(lambda: self.call("GET", "/readyz")[0] == 200, self.log)

    def end(self, number):
        process, self.process = self.process, None
        self.close()
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

    def close(self):
        if self._connection:
            self._connection.close()
            self._connection = None

    def call(self, method, path, body=None, bearer=None, **fields):
        """(status, text); as the admin, unless somebody else is named. One connection for everybody, which the
        collector closes when the clock has gone on too far."""
        headers = {"Authorization": f"Bearer {bearer or self.token}", "Content-Type": "application/json"} | fields
        try:
            return self._ask(method, path, body, headers)
        except (http.client.HTTPException, OSError):
            self.close()
            return self._ask(method, path, body, headers)

    def _ask(self, method, path, body, headers):
        if not self._connection:
            self._connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=self.tls)
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")

    def get(self, path):
        status, text = self.call("GET", path)
        assert status == 200, f"GET {path}: {status} {text}"
        return json.loads(text)

    def pages(self, path, name):
        """All of a list."""
        found = self.get(path)
        assert len(found[name]) < 1000, path
        return found[name]

    def enrol(self, host, key):
        body = json.dumps({"secret": self.secret, "host": host, "key": key})
        status, text = self.call("POST", "/v1/enroll", body)
        assert status == 200, f"{host} could not enrol: {status} {text}"
        return json.loads(text)["id"]

    def post_report(self, report, age, bearer):
        """A collector whose clock went on is not ready until it has judged the fleet again."""
        body, age = json.dumps(report, separators=(",", ":")), {"Mtawatch-Report-Age": str(age)}
        deadline = time.monotonic() + PATIENCE
        while (answer := self.call("POST", "/v1/reports", body, bearer, **age))[0] == 503:
            assert time.monotonic() < deadline, answer
            time.sleep(0.01)
        return answer

    # --- time

    def go_to(self, ms):
        """Moves the clock there, and lets the collector's timers see it."""
        assert ms >= self.now
        self.now = ms
        self.clock.set(self.born + ms)
        for _ in range(2):  # the first one wakes the loop, and its timers come after it
            self.call("GET", "/livez")

    # --- what is done

    def do(self, event):
        machine = self.machines.get(event.get("host"))
        if machine is None and event["do"] not in ("part", "join", "kill_collector"):
            return
        getattr(self, f"do_{event['do']}")(machine, event)

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

    def do_kill_collector(self, *_):
        self.kill()

    def cycle(self, agent):
        """What an agent does when its time has come."""
        if not (agent.machine.up and agent.running):
            return False
        reachable = self.world.reaches_collector(agent.machine) and not agent.cut_off
        if reachable:
            agent.enrol(self)
        if not agent.identity:
            return False
        agent.collect(self, self.now)
        if reachable:
            agent.deliver(self)
        return reachable

    def timetable(self):
        """(ms, what) in the order of time: events before reports of the same moment."""
        table = [(int(event["at"] * self.interval), 0, number, event)
                 for number, event in enumerate(self.scenario.events)]
        for place, agent in enumerate(self.agents.values()):
            table += [(agent.phase + turn * self.interval, 1, place, agent)
                      for turn in range(self.scenario.intervals)]
        return [(ms, what) for ms, _, _, what in sorted(table, key=lambda row: row[:3])]

    def play(self, watcher):
        for ms, what in self.timetable():
            self.go_to(ms)
            if isinstance(what, Agent):
                self.cycle(what)
                watcher.look(self)
            else:
                self.do(what)
                watcher.note_event(self, what)
        with contextlib.suppress(AssertionError):
            until(lambda: not self.get("/v1/deliveries?state=waiting")["deliveries"], seconds=5)
