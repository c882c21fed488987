"""Agents of the machines of a world: they probe whom the collector deals them, remember how long a grade has stood,
spool what no collector takes, and are restarted, put back, and renamed as real ones are."""

import functools
import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from version import VERSION

from .facts import files

NEVER = -10**12
SPOOL_ROOM = 288  # agent/uplink/spool.h
GAP_INTERVALS = 1.5  # between two cycles; after a longer one nothing is known to have stood
EVENTS = {0: [(0, 9298)], 11004: [(-4, 9321), (0, 9266)]}


@dataclass
class Sent:
    """A report that the collector has taken."""

    at: int  # when it was collected
    taken: int
    epoch: str
    sequence: int
    body: dict

    @functools.cached_property
    def addresses(self):
        return {address.split("/")[0] for adapter in self.body["adapters"] if adapter["enabled"]
                for address in adapter["addresses"]}

    @property
    def place(self):
        return self.body["exchange"]["organization"], self.body["exchange"]["site"]


@dataclass
class Stood:
    grade: str
    since: int
    cycle: int


@dataclass
class Agent:
    machine: object
    phase: int  # ms within the interval
    clock_off: int = 0  # ms
    running: bool = True
    cut_off: bool = False  # from the collector, by whatever lies between
    room: int = SPOOL_ROOM  # for so many reports; beyond them the oldest go
    dropped: int = 0
    knows: tuple = None  # the address at which it looks for the collector; None: wherever it is
    is_to_look: bool = False  # whether the collector can be reached there, and be trusted
    identity: tuple = ()  # (id, bearer)
    epoch: str = field(default_factory=lambda: uuid.uuid4().hex)
    sequence: int = 0
    cycle: int = 0
    collected: int = 0  # when, the last time
    stood: dict = field(default_factory=dict)
    peers: list = field(default_factory=list)
    spool: list = field(default_factory=list)  # (collected, sequence, body)
    sent: list = field(default_factory=list)
    told: Sent = None  # the last that was collected of those
    refused: list = field(default_factory=list)

    @property
    def host(self):
        return self.machine.host

    @property
    def latest(self):
        """When what it told last was collected."""
        return self.told.at if self.told else NEVER

    def forget_what_it_saw(self):
        """Its machine was started: that one's clock began anew. A restart of the agent alone costs nothing."""
        self.stood = {}

    def put_back(self):
        """The machine's disk is that of an earlier day."""
        self.sequence = max(self.sequence - 3, 0)
        self.spool = []
        self.forget_what_it_saw()

    def forget_lost(self, since, until):
        """The collector's store is that of an earlier moment."""
        self.sent = [sent for sent in self.sent if not since <= sent.taken <= until]
        self.told = max(self.sent, key=lambda sent: sent.at, default=None)

    def of_image(self, machine, phase):
        """The one of a machine that was put from this one's disk: it knows what this one knew, and enrols by its own name."""
        return Agent(machine, phase, room=self.room, epoch=self.epoch, sequence=self.sequence, peers=list(self.peers))

    def begin_anew(self):
        """Another name is another agent."""
        self.identity, self.sequence, self.peers, self.spool, self.sent = (), 0, [], [], []
        self.epoch, self.told = uuid.uuid4().hex, None
        self.forget_what_it_saw()

    def collect(self, stage, now):
        if now - self.collected > GAP_INTERVALS * stage.interval:
            self.forget_what_it_saw()
        self.collected = now
        self.cycle += 1
        self.sequence += 1
        self.spool.append((now, self.sequence, self._report(stage, now)))
        self.dropped += max(len(self.spool) - self.room, 0)
        del self.spool[:-self.room]

    def _report(self, stage, now):
        machine, world = self.machine, stage.world
        return {
            "schema": "mtawatch.report/1",
            "agent": {"id": self.identity[0], "epoch": self.epoch, "version": VERSION, "platform": "windows-x86"},
            "sequence": self.sequence, "collected_at": stage.stamp(now + self.clock_off),
            "interval_s": stage.interval // 1000, "duration_ms": 80,
            "host": {"name": machine.host, "os": "Windows 2000 Service Pack 4", "booted_at": stage.stamp(machine.booted)},
            "exchange": {"installed": True, "version": "5.5", "service_pack": 4 if machine.build > "5.5.2651" else 3,
                         "build": machine.build, "organization": machine.organization, "site": machine.site,
                         "server": machine.host, "clustered": machine.clustered},
            "adapters": [describe_adapter(machine, adapter) for adapter in machine.adapters],
            "probes": [row for peer in self.peers for address in peer["addresses"] for adapter in machine.active
                       if (row := self._row(world, adapter, peer["name"], address, now))],
            "self_probes": [self._stand(("self", adapter.id, adapter.ip), self._self_grade(), now) | {
                "adapter": adapter.id, "to": adapter.ip} for adapter in machine.active],
            "mta": self._mta(stage), "files": self._files(), "problems": self._problems()}

    def _row(self, world, adapter, name, address, now):
        grade = world.grade(self.machine, adapter, address, name)
        row = {"adapter": adapter.id, "peer": name, "from": adapter.ip, "to": address}
        row |= self._stand((adapter.id, adapter.ip, name, address), grade, now)
        out = world.way_out(self.machine, address)
        if out:
            row["via"] = out.id
        return row

    def _self_grade(self):
        return "mta" if self.machine.mta == "running" else "epm"

    def _stand(self, what, grade, now):
        """For how long this grade has stood in every cycle; a missed one begins anew."""
        before = self.stood.get(what)
        is_same = before and before.grade == grade and before.cycle == self.cycle - 1
        self.stood[what] = Stood(grade, before.since if is_same else now, self.cycle)
        row = {"grade": grade, "for_s": (now - self.stood[what].since) // 1000}
        return row if grade == "mta" else row | {"error": "timeout" if grade == "none" else "not_registered"}

    def _mta(self, stage):
        mta = {"service": self.machine.mta, "start_type": "auto"}
        starts = [_start(stage, at, error) for at, error in self.machine.starts]
        if starts:
            mta["last_start"] = starts[-1]
        failures = [start for start in starts if start["outcome"] == "failed"]
        if failures:
            mta["last_failure"] = {key: failures[-1][key] for key in ("at", "events")}
        return mta

    def _files(self):
        return files(self.machine.build, **({} if self.machine.readable else {"emsmta": "unreadable"}))

    def _problems(self):
        return [] if self.machine.readable else [
            {"fact": "files/Emsmta.exe", "code": 5, "message": "Opening Emsmta.exe: Access is denied."}]

    def deliver(self, stage):
        """Sends what is spooled, the newest first."""
        while self.spool:
            collected, sequence, body = self.spool[-1]
            body["agent"]["id"] = self.identity[0]
            status, answer = stage.post_report(body, (stage.now - collected) // 1000, self.identity[1])
            if status == 401:  # it enrolled when the collector's store was another one
                self.identity = ()
                self.enrol(stage)
                if not self.identity:
                    return
                body["agent"]["id"] = self.identity[0]
                status, answer = stage.post_report(body, (stage.now - collected) // 1000, self.identity[1])
            if status == 409:  # somebody has used this number, as after a disk was put back
                self.epoch = uuid.uuid4().hex
                for place, (_, _, later) in enumerate(self.spool):
                    later["agent"]["epoch"], later["sequence"] = self.epoch, place + 1
                self.spool = [(at, place + 1, later) for place, (at, _, later) in enumerate(self.spool)]
                self.sequence = len(self.spool)
                self.refused.append((stage.now, status))
                continue
            if status != 200:
                self.refused.append((stage.now, status, answer))
                return
            self.spool.pop()
            self.sent.append(Sent(collected, stage.now, body["agent"]["epoch"], sequence, body))
            if collected >= self.latest:
                self.told = self.sent[-1]
            self.peers = json.loads(answer)["peers"]

    def enrol(self, stage):
        if self.identity:
            return
        key = hashlib.sha256(f"{stage.secret} {self.host}".encode()).hexdigest()
        agent = stage.enrol(self.host, key)
        self.identity = (agent, f"{agent}.{key}") if agent else ()


def stamp(born, ms):
    return (datetime.fromtimestamp(born / 1000, timezone.utc) + timedelta(milliseconds=ms)).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ")[:-4] + "Z"


def _start(stage, at, error):
    return {"at": stage.stamp(at), "outcome": "failed" if error else "started",
            "events": [{"id": number, "at": stage.stamp(at + 1000 * offset)} | (
                {"nt_error": error} if number == 9321 else {}) for offset, number in EVENTS[error]]}


def describe_adapter(machine, adapter):
    return {"id": adapter.id, "description": "3Com EtherLink XL 10/100 PCI",
            "mac": f"00-50-04-{machine.number >> 8:02x}-{machine.number & 255:02x}-{ord(adapter.id):02x}", "enabled": adapter.enabled,
            "link": "up" if adapter.plugged else "down", "addresses": [adapter.address], "gateways": []}
