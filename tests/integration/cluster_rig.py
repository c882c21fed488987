"""Several collectors on one database, and servers that report to them, for tests."""

import contextlib
import hashlib
import http.client
import json
import shutil
import signal
import subprocess
import threading
import time

import identity
from leaks import searched_for_leaks
from ports import free_port
from running import JSON, PATIENCE, PROGRAM, Collector, minimal, set_up
from terminal import succeeds
from waiting import until
from wire import Wire

TAKEOVER_S = 3


class Member(Collector):
    """One of several collectors, on a port that stays its own when it begins anew. It may complain."""

    def __init__(self, directory, node, store, *arguments):
        self.node, self.directory, self.store = node, directory / node, store
        self.port = free_port()
        self.arguments = arguments
        self.environment = {}
        self.process = None
        self.tls = None
        self.url = f"http://127.0.0.1:{self.port}"

    def prepare(self, first=None):
        if first:
            shutil.copytree(first.directory, self.directory)
            for name in ("admin-token", "enroll-secret"):  # what the test knows of the identities
                shutil.copy(first.directory.parent / f"{first.node}.{name}", self.directory.parent / f"{self.node}.{name}")
        self.token, self.secret = set_up(PROGRAM, self.directory, "--store", self.store)
        self.agents = first.agents if first else identity.Agents(self._connect_from, self.secret)

    def start(self):
        self.log_file = open(self.directory.parent / f"{self.node}.log", "a+")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", self.directory, "--store", self.store,
             "--node", self.node, "--takeover-after", str(TAKEOVER_S), "--external-url", self.url, *self.arguments],
            stdout=self.log_file, stderr=self.log_file, text=True,
            env=searched_for_leaks(self.environment))
        until(self.is_alive, self.log)
        return self

    def log(self):
        self.log_file.seek(0)
        return self.log_file.read()

    def is_alive(self):
        assert self.process.poll() is None, self.log()
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("/livez", headers={"Authorization": ""})[0] == 200
        return False

    def readiness(self, query=""):
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, _, body = self.ask("/readyz" + query, headers={"Authorization": ""})
            return status, body.decode()
        return None, "no answer"

    def judges(self):
        status, text = self.readiness("?judge")
        return status == 200 and "judges" in text

    def stands_by(self):
        status, text = self.readiness()
        return status == 200 and "stands by" in text

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class Wired(Member):
    """A collector whose ways to the databases are wires of its own."""

    def __init__(self, directory, node, servers, *arguments, database="mtawatch"):
        self.wires = {server: Wire(server.directory / ".s.PGSQL.5432") for server in servers}
        hosts = ",".join("127.0.0.1" for _ in servers)
        ports = ",".join(str(wire.port) for wire in self.wires.values())
        super().__init__(directory, node, f"postgresql://mtawatch@/{database}?host={hosts}&port={ports}"
                         "&sslmode=disable&gssencmode=disable", *arguments)

    def each_wire(self, what):
        for wire in self.wires.values():
            what(wire)


@contextlib.contextmanager
def cluster(directory, store, *nodes, arguments=(), make=Member):
    members = [make(directory, node, store, *arguments) for node in nodes]
    for member in members:
        member.prepare(members[0] if member is not members[0] else None)
    try:
        yield members
    finally:
        for member in members:
            if member.process and member.process.poll() is None:
                member.process.send_signal(signal.SIGCONT)
                member.process.send_signal(signal.SIGTERM)
        for member in members:
            if member.process:
                assert member.process.wait(PATIENCE) in (0, -signal.SIGKILL), member.log()
                print(f"--- {member.node}\n{member.log()}")


def states(judge):
    """What each has said of itself, as the others see it a second later."""
    return {row["node"]: row["state"] for row in judge.get("/v1/collectors")["collectors"]}


class Load:
    """Servers that report as fast as they can, as agents do: where they are not taken they try the next collector.

    `report_of` makes what a server reports under a number; that goes out until it is acknowledged. Who has no patience
    of its own waits for a second. `taken` keeps a mark of each, `late_s` how long the longest answer took."""

    def __init__(self, members, servers=4, pause_s=0, report_of=minimal, patience_s=None):
        self.members = members
        self.pause_s, self.report_of, self.patience_s = pause_s, report_of, patience_s or {}
        self.agents = members[0].agents
        self.taken = {f"EXCH{number + 1}": {} for number in range(servers)}
        self.answers = set()
        self.late_s = 0
        self.stopping = False
        self.threads = [threading.Thread(target=self._report, args=(name,)) for name in self.taken]

    def _post(self, member, report):
        body, headers = self.agents.sign(json.dumps(report))
        patience_s = self.patience_s.get(report["host"]["name"], 1)
        connection = http.client.HTTPConnection("127.0.0.1", member.port, timeout=patience_s)
        begin = time.monotonic()
        try:
            connection.request("POST", "/v1/reports", body, {**JSON, **headers})
            answer = connection.getresponse()
            code = json.loads(answer.read()).get("code", "")
            self.answers.add((answer.status, code))
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            self.late_s = max(self.late_s, time.monotonic() - begin)
            connection.close()

    def _report(self, name):
        sequence, at = 1, 0
        report = self.report_of(name, sequence)
        while not self.stopping:
            if self._post(self.members[at], report) == 200:
                self.taken[name][sequence] = mark(report)
                sequence += 1
                report = self.report_of(name, sequence)
                time.sleep(self.pause_s)
            else:
                at = (at + 1) % len(self.members)
                time.sleep(0.05)

    def __enter__(self):
        for name in self.taken:
            self.agents.enrol(name)
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def n_taken(self):
        return sum(map(len, self.taken.values()))

    def wait_for_more(self):
        goal = {name: len(taken) + 3 for name, taken in self.taken.items()}
        until(lambda: all(len(self.taken[name]) >= n for name, n in goal.items()), lambda: self.answers)

    def lost_and_twice(self, store):
        """Of what was acknowledged: how much is not there or is something else, and how much is there twice."""
        stored, twice = {name: {} for name in self.taken}, 0
        for report in exported(store):
            of_host = stored[report["host"]["name"]]
            twice += report["sequence"] in of_host
            of_host[report["sequence"]] = mark(report)
        return sum(stored[name].get(sequence) != kept
                   for name, taken in self.taken.items() for sequence, kept in taken.items()), twice

    def assert_nothing_lost(self, store):
        """Nothing that was acknowledged, and nothing stored twice."""
        assert self.lost_and_twice(store) == (0, 0)
        succeeds("check", "--store", store)


def mark(report):
    """Of what it says, whoever the agent is and whenever it came."""
    said = {**report, "agent": {**report["agent"], "id": ""}}
    said.pop("received_at", None)
    said.pop("age_s", None)
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()


def exported(store):
    """Every report that is stored."""
    with subprocess.Popen([PROGRAM, "export", "--store", store], stdout=subprocess.PIPE, text=True) as export:
        yield from map(json.loads, export.stdout)
    assert export.returncode == 0


def seconds_until(what, hint=lambda: None):
    begin = time.monotonic()
    until(what, hint)
    return time.monotonic() - begin


@contextlib.contextmanager
def stopped(member):
    member.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        member.process.send_signal(signal.SIGCONT)


def hooked(directory, receiver):
    file = directory / "hooks.conf"
    file.write_text(f"[alerts]\ngroup-interval = 0s\n[hook ops]\ntype = webhook\nurl = {receiver.url}\n")
    return "--config", file
