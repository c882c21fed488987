"""What lives around a collector in a soak (soak.py): sites whose time is the world's, people at dashboards, and those
whom hooks tell."""

import contextlib
import heapq
import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .agents import Agent
from .stage import Stage

PAUSE_S = 0.2  # between two looks whether the collector is there again


class Place(Stage):
    """A site whose time is everybody's, and that has a world of its own. The stage knows how things are done to it."""

    def __init__(self, soak, number, scenario, first):
        self.soak, self.scenario = soak, scenario
        self.interval, self.secret = scenario.interval_s * 1000, soak.secret
        self.born = int(time.time() * 1000)
        self.world = scenario.world()
        self.machines = dict(self.world.machines)
        self.source = f"127.1.{number // 250}.{number % 250 + 1}"  # enrolments of one address are limited
        self.begin_without()
        self.agents = {}
        for facts, machine in zip(scenario.machines, self.machines.values()):
            machine.number += first
            machine.booted = -86400_000
            machine.starts.append((-86400_000, 0))
            self.agents[machine.host] = Agent(machine, int(facts["phase"] * self.interval),
                                              facts.get("clock_off_s", 0) * 1000)

    @property
    def now(self):
        return int(time.time() * 1000) - self.born

    def _start_mta(self, machine):
        self.world.start_mta(machine, self.now)
        del machine.starts[:-5]

    def enrol(self, host, key):
        body = json.dumps({"secret": self.secret, "host": host, "key": key})
        status, _, text = self.soak.call("POST", "/v1/enroll", body, self.source)
        if status != 200:
            raise OSError(f"{host} could not enrol: {status} {text}")
        return json.loads(text)["id"]

    def post_report(self, report, age, bearer):
        """Each on a connection of its own, as agents do."""
        fields = {"Authorization": f"Bearer {bearer}", "Mtawatch-Report-Age": str(age)}
        status, _, text = self.soak.timed("report", "POST", "/v1/reports", json.dumps(report, separators=(",", ":")),
                                          source=self.source, **fields)
        self.soak.counts.add("reports" if status in (200, 409) else "refused")
        return status, text

    def report(self, agent):
        self.cycle(agent)
        agent.sent.clear()
        agent.refused.clear()
        agent.stood = {what: stood for what, stood in agent.stood.items() if stood.cycle >= agent.cycle - 1}


class Worker:
    """Lives some of the sites: each report and each event when it is due."""

    def __init__(self, soak, places):
        self.soak = soak
        self.due = []
        began = time.monotonic()
        for place in places:
            for agent in place.agents.values():
                self._put(began + agent.phase / 1000, place, agent)
            for event in place.scenario.events:
                self._put(began + event["at"] * place.interval / 1000, place, event)

    def _put(self, at, place, what):
        heapq.heappush(self.due, (at, id(what), place, what))

    def turn(self):
        """The next one."""
        at, _, place, what = heapq.heappop(self.due)
        if isinstance(what, Agent):
            self._put(at + place.interval / 1000, place, what)
        self.soak.ended.wait(max(0, at - time.monotonic()))
        if self.soak.ended.is_set() or self.soak.paused.is_set():
            return
        if isinstance(what, Agent):
            if time.monotonic() - at > 1:
                self.soak.counts.add("late")
            place.report(what)
        else:
            place.do(what)
            self.soak.counts.add("changes")


class Viewer:
    """Somebody at a dashboard: the pages one after another, over a session; and the stream of events."""

    def __init__(self, soak, number, places):
        self.soak, self.places = soak, places
        self.rng = random.Random(number)
        self.cookie, self.last, self.until = None, None, 0

    def look(self):
        if self.soak.paused.is_set():
            self.soak.ended.wait(PAUSE_S)
            return
        if self.cookie is None or self.rng.random() < 0.02:
            self._log_in()
        for path in self._page():
            status, _, text = self.soak.timed("query", "GET", path, Cookie=self.cookie)
            if status == 401:
                self.cookie = None
                return
            # Who has never reported is not known, nor is a site of which nobody has.
            assert status in (200, 404), f"GET {path}: {status} {text}"
        self.soak.ended.wait(self.rng.uniform(1, 9))

    def _log_in(self):
        if self.cookie:
            self.soak.call("DELETE", "/v1/session", Cookie=self.cookie, **{"Sec-Fetch-Site": "same-origin"})
        status, headers, text = self.soak.call("POST", "/v1/session", json.dumps({"token": self.soak.token}))
        assert status == 200, text
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def _page(self):
        place = self.rng.choice(self.places)
        machine = self.rng.choice(list(place.machines.values()))
        site, server = f"/v1/sites/TRUTH/{machine.site}", f"/v1/servers/{machine.host}"
        since = "since=2000-01-01T00:00:00Z"
        return self.rng.choice([
            ["/v1/servers?limit=100", "/v1/sites", "/v1/alerts?state=firing&limit=100"],
            [f"/v1/servers?q={machine.host[:4]}&limit=100", "/v1/servers?verdict=exposed&sort=site&limit=100"],
            [server, f"{server}/history?limit=1000", f"{server}/restart", f"{server}/report"],
            [f"{site}/matrix", f"{site}/trend?{since}", f"{site}/plan", f"/v1/alerts?site={machine.site}"],
            ["/v1/deliveries?limit=100", "/v1/agents?limit=100", "/v1/audit?limit=100", f"/v1/trend?{since}"],
            ["/v1/alerts?state=resolved&limit=100", "/v1/servers.csv?silent=true", f"{site}/report"],
        ])

    def follow(self):
        """A stream for some minutes; the next one goes on where it ended."""
        if self.soak.paused.is_set():
            self.soak.ended.wait(PAUSE_S)
            return
        end = time.monotonic() + self.rng.uniform(20, 240)
        fields = {"Authorization": f"Bearer {self.soak.token}"} | ({"Last-Event-ID": self.last} if self.last else {})
        with contextlib.closing(self.soak.connect()) as connection:
            connection.request("GET", "/v1/events", headers=fields)
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            while time.monotonic() < end and not self.soak.ended.is_set():
                line = answer.readline().decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last = value
                elif name == "event":
                    self.soak.counts.add("resets" if value == "reset" else "events")
                elif not line and answer.isclosed():
                    return


class Receiver:
    """What hooks tell; now and then it is out of order for a minute."""

    def __init__(self, soak):
        began = time.monotonic()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                out_of_order = self.path == "/pager" and (time.monotonic() - began) % 600 > 540
                soak.counts.add("webhooks")
                with contextlib.suppress(OSError):
                    self.send_response(503 if out_of_order else 200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
