"""Machines, adapters and wires as they are, and what follows: who talks RPC to whom, and which MTA starts.

Nothing here knows the product's rule. An MTA fails to start by the article's words: on a multihomed server one of the
active adapters cannot communicate over RPC with the other servers of the site, and the hotfix is not there, or does not
help, as on a cluster. Times are milliseconds since the world began.
"""

import functools
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface

FAULT_CAME = (5, 5, 2651, 75)  # Q303156
HOTFIX = (5, 5, 2654, 54)      # Q285350
MTA_FAILED = 11004


@functools.cache
def is_within(address, network):
    return ip_address(address) in ip_interface(network).network


def numbers(build):
    return tuple(int(part) for part in build.split("."))


@dataclass
class Wire:
    """What adapters are plugged into. Wires of one zone are joined by a router, which leads to the collector, too."""

    name: str
    subnet: str
    zone: str = ""  # none: nothing leads away from it

    def carries(self, address):
        return is_within(address, self.subnet)


@dataclass
class Adapter:
    id: str
    wire: str  # the name of the one that its cable leads to
    address: str  # with the length of its network
    gateway: bool = False
    enabled: bool = True
    plugged: bool = True
    filters: dict = field(default_factory=dict)  # name of a server: the best grade that gets by

    @property
    def ip(self):
        return self.address.split("/")[0]

    def is_in_net(self, address):
        return is_within(address, self.address)

    @property
    def works(self):
        return self.enabled and self.plugged


@dataclass
class Machine:
    host: str
    site: str
    adapters: list
    number: int  # of its network cards
    build: str = "5.5.2653.23"
    readable: bool = True  # its Emsmta.exe
    clustered: bool = False
    up: bool = True
    organization: str = "TRUTH"
    mta: str = "running"
    starts: list = field(default_factory=list)  # (ms, NT error or 0), the latest last
    booted: int = 0

    @property
    def place(self):
        return self.organization, self.site

    @property
    def active(self):
        return [adapter for adapter in self.adapters if adapter.enabled]

    @property
    def addresses(self):
        return [adapter.ip for adapter in self.active]

    @property
    def has_hotfix(self):
        return numbers(self.build) >= HOTFIX

    @property
    def has_fault(self):
        """The code that fails is in."""
        return numbers(self.build) >= FAULT_CAME and (self.clustered or not self.has_hotfix)

    @property
    def failed(self):
        return self.mta != "running" and bool(self.starts) and self.starts[-1][1] == MTA_FAILED

    def adapter(self, name):
        return next((adapter for adapter in self.adapters if adapter.id == name), None)


class World:
    def __init__(self, wires, machines):
        self.wires = {wire.name: wire for wire in wires}
        self.machines = {machine.host: machine for machine in machines}

    def site_of(self, machine):
        """Its site's machines, itself among them."""
        return [other for other in self.machines.values() if other.place == machine.place]

    # The way of a packet

    def way_out(self, machine, address):
        """The adapter that its route table names; a weak host sends through it from whatever address."""
        near = [a for a in machine.adapters if a.works and a.is_in_net(address)]
        far = [a for a in machine.adapters if a.works and a.gateway]
        return (near or far or [None])[0]

    def delivered_to(self, machine, address):
        """The machine that gets what this one sends to an address; None: nobody does."""
        out = self.way_out(machine, address)
        if out is None:
            return None
        if out.is_in_net(address):
            return self._on_wire(out.wire, address)
        here = self.wires[out.wire]
        if not here.zone or not here.carries(out.ip):
            return None
        return next((found for wire in self.wires.values() if wire.zone == here.zone and wire.carries(address)
                     if (found := self._on_wire(wire.name, address))), None)

    def _on_wire(self, wire, address):
        return next((machine for machine in self.machines.values() for adapter in machine.adapters
                     if adapter.works and adapter.wire == wire and adapter.ip == address), None)

    def talks(self, machine, adapter, address):
        """The machine that an exchange from that adapter's address to that one comes to; None: there is none. It does
        not matter whether that machine is on: this is about wires."""
        peer = self.delivered_to(machine, address)
        if peer is None or peer is machine or not adapter.enabled:
            return None
        return peer if self.delivered_to(peer, adapter.ip) is machine else None

    def grade(self, machine, adapter, address, name):
        """How far a probe gets that means the server of that name."""
        peer = self.talks(machine, adapter, address)
        if peer is None or not peer.up:
            return "none"
        if peer.mta != "running":
            return "epm"
        return adapter.filters.get(name, "mta")

    def reaches(self, machine, adapter, peer):
        return any(self.talks(machine, adapter, address) is peer for address in peer.addresses)

    def reaches_alone(self, machine, adapter, peer):
        """On its own wire, not through an adapter of another network."""
        for address in peer.addresses:
            if self.talks(machine, adapter, address) is peer:
                out = self.way_out(machine, address)
                if out is adapter or adapter.is_in_net(out.ip):
                    return True
        return False

    def reaches_collector(self, machine):
        return machine.up and any(a.works and a.gateway and self.wires[a.wire].zone and self.wires[a.wire].carries(a.ip)
                                  for a in machine.adapters)

    # The MTA

    def meets_the_article(self, machine):
        others = [other for other in self.site_of(machine) if other is not machine]
        if len(machine.active) < 2 or not others:
            return False
        return any(not any(self.reaches(machine, adapter, other) for other in others) for adapter in machine.active)

    def start_mta(self, machine, now):
        """Returns whether it started."""
        fails = machine.has_fault and self.meets_the_article(machine)
        machine.starts.append((now, MTA_FAILED if fails else 0))
        machine.mta = "stopped" if fails else "running"
        return not fails

    def stop_mta(self, machine):
        machine.mta = "stopped"
