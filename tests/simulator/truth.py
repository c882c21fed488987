"""What a collector should have said of a scenario, and what it said: the two side by side.

The verdict that is true of a server follows from the wires (physics.py) and from what anybody can know: of a server
that is off, or that nobody but itself can reach, nothing shows whether an adapter reaches it."""

import bisect
import time
from collections import Counter
from dataclasses import dataclass, field

from .physics import FAULT_CAME, numbers
from .play import PEERS_DEALT
from .scenario import settles

HARMFUL = ("failing", "exposed", "at_risk")
WORST_FIRST = ("failing", "exposed", "at_risk", "unknown", "clear", "protected", "not_applicable")
FRESH_INTERVALS = 3


def is_fresh(stage, agent):
    return stage.now - agent.latest < FRESH_INTERVALS * stage.interval


def probed_addresses(stage):
    """Of each server: nobody else has them, and it has told of them, for who cannot report a new one is not probed there."""
    holders = Counter(address for machine in stage.machines.values() for address in set(machine.addresses))
    return {agent.host: [address for address in agent.machine.addresses
                         if holders[address] == 1 and agent.told and address in agent.told.addresses]
            for agent in stage.agents.values()}


def reaches(stage, machine, adapter, peer, probed_at):
    return any(stage.world.talks(machine, adapter, address) is peer for address in probed_at[peer.host])


def dealt(site, agents):
    """Pairs of names: who probes whom. In a site that is not large everybody is to probe everybody."""
    if len(site) <= PEERS_DEALT + 1:
        return {(prober.host, peer.host) for prober in site for peer in site}
    return {(prober.host, peer["name"]) for prober in site for peer in agents[prober.host].peers}


def speaks(stage, machine, agent):
    """It tells of itself, or a machine that runs from its disk does, in its name."""
    double = stage.doubles.get(machine.host)
    return (double is not None and is_fresh(stage, double)) or (
        machine.up and is_fresh(stage, agent) and stage.world.reaches_collector(machine) and not agent.cut_off)


def known_alive(stage, machine, probed_at):
    """The servers of its site that it probes, and of which anybody knows that they live."""
    agents = {agent.machine.host: agent for agent in stage.agents.values()}
    site = stage.world.site_of(machine)
    probed = dealt(site, agents)
    others = [other for other in site if other is not machine and (machine.host, other.host) in probed
              and probed_at[other.host]]
    proven = [peer for peer in others if peer.up and any(
        reaches(stage, prober, adapter, peer, probed_at) for prober in site if (prober.host, peer.host) in probed
        if prober is not peer and prober.up and is_fresh(stage, agents[prober.host]) for adapter in prober.active)]
    # Where nobody is proven, a server's word on itself is: as long as it can give it.
    return proven or [other for other in others if speaks(stage, other, agents[other.host])]


def falls_short(stage, machine, adapter, peer, probed_at):
    """It gets less far on a peer than that peer answers."""
    if not reaches(stage, machine, adapter, peer, probed_at):
        return True
    return peer.mta == "running" and adapter.filters.get(peer.host, "mta") != "mta"


def adapter_state(stage, machine, adapter, alive, probed_at):
    if not adapter.plugged:
        return "isolated"
    if not alive:
        return "unjudged"
    reached = [peer for peer in alive if reaches(stage, machine, adapter, peer, probed_at)]
    if not reached:
        return "isolated"
    if any(falls_short(stage, machine, adapter, peer, probed_at) for peer in alive):
        return "partial"
    if any(not stage.world.reaches_alone(machine, adapter, peer) for peer in alive):
        return "borrowed"
    return "good"


def true_verdict(stage, machine):
    if machine.failed:
        return "failing"
    if machine.readable and numbers(machine.build) < FAULT_CAME:
        return "not_applicable"
    if machine.readable and machine.has_hotfix and not machine.clustered:
        return "protected"
    if len(machine.active) < 2:
        return "clear"
    probed_at = probed_addresses(stage)
    alive = known_alive(stage, machine, probed_at)
    states = [adapter_state(stage, machine, adapter, alive, probed_at) for adapter in machine.active]
    verdict = "clear"
    if "unjudged" in states:
        verdict = "unknown"
    if "partial" in states or "borrowed" in states:
        verdict = "at_risk"
    if "isolated" in states:
        verdict = "exposed"
    is_certain = machine.readable or machine.clustered or verdict == "clear"
    return verdict if is_certain else "unknown"


@dataclass
class Course:
    """What is true of something over time: (ms, value) whenever it becomes another one."""

    steps: list = field(default_factory=list)

    def note(self, ms, value):
        if not self.steps or self.steps[-1][1] != value:
            self.steps.append((ms, value))

    def at(self, ms):
        place = bisect.bisect_right(self.steps, ms, key=lambda step: step[0])
        return self.steps[place - 1][1] if place else None

    def between(self, begin, end):
        """All values from one moment to another, both included."""
        return {value for when, value in self.steps if begin < when <= end} | {self.at(begin)}


class Watcher:
    """Looks on while a scenario is played."""

    def __init__(self):
        self.true = {}      # server: Course of verdicts; None while nobody can know
        self.shown = {}     # server: Course of (verdict, silent)
        self.unsettled = {} # server: [(from, to)] while a change may not be known yet
        self.reached = {}   # machine: did it reach the collector when something happened last
        self.dealt = {}     # server: Course of the names of those that it is dealt; None: it has not been told lately
        self.members = {}   # server: Course of the names of the others of its site
        self.looks = []     # ms
        self.end = 0

    def note_event(self, stage, event, places):
        """`places`: the sites that it was done in."""
        reaches = {name: stage.world.reaches_collector(machine) for name, machine in stage.machines.items()}
        intervals = max([settles(event), *(settles({"do": "uncut" if reaches[name] else "cut"}) for name in reaches
                                           if self.reached.get(name, True) != reaches[name])])
        self.reached = reaches
        until = stage.now + intervals * stage.interval
        for machine in stage.machines.values():
            if machine.place in places:
                self.unsettled.setdefault(machine.host, []).append((stage.now, until))
        self._note_true(stage)

    @staticmethod
    def _names_of_others(stage, machine):
        """Of its site, or there by their last report; of one that has reported under another name only, that one, too."""
        others = [agent.machine for agent in stage.agents.values() if agent.machine is not machine
                  and machine.place in (agent.machine.place, agent.told and agent.told.place)]
        return frozenset(name for other in others for name in (other.host, *stage.names_before(other)))

    def forget_lost(self, since, until):
        """What was shown out of a store that was lost."""
        def is_kept(ms):
            return not since <= ms <= until
        self.looks = [ms for ms in self.looks if is_kept(ms)]
        for course in self.shown.values():
            course.steps = [step for step in course.steps if is_kept(step[0])]

    @staticmethod
    def _settled_list(stage):
        """The list once it has the silences that it must have, or after a second. What time has brought is committed when
        the collector has nothing else to do for a moment, and the simulated clock does not wait for that."""
        late = {agent.host for agent in stage.agents.values()
                if agent.sent and not stage.is_full and stage.now - agent.latest >= (FRESH_INTERVALS + 1) * stage.interval}
        deadline = time.monotonic() + 1
        while True:
            servers = stage.pages("/v1/servers?limit=1000", "servers")
            if not any(server["server"] in late and not server["silent"] for server in servers) or time.monotonic() > deadline:
                return servers
            time.sleep(0.02)

    def _note_true(self, stage):
        for agent in stage.agents.values():
            verdict = true_verdict(stage, agent.machine) if is_fresh(stage, agent) else None
            self.true.setdefault(agent.host, Course()).note(stage.now, verdict)
        for name in stage.former:
            self.true.setdefault(name, Course()).note(stage.now, None)

    def look(self, stage):
        self._note_true(stage)
        if stage.is_away:
            return
        for server in self._settled_list(stage):
            self.shown.setdefault(server["server"], Course()).note(stage.now, (server["verdict"], server["silent"]))
        for agent in stage.agents.values():
            is_new = stage.now - agent.latest < stage.interval
            dealt = frozenset(peer["name"] for peer in agent.peers) if is_new else None
            self.dealt.setdefault(agent.host, Course()).note(stage.now, dealt)
            self.members.setdefault(agent.host, Course()).note(stage.now, self._names_of_others(stage, agent.machine))
        for name in stage.former:
            self.dealt.setdefault(name, Course()).note(stage.now, None)
        self.looks.append(stage.now)
        self.end = stage.now

