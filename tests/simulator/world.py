"""A small physical world from which reports follow.

Servers have adapters, adapters hang on networks, and networks are routed to each other or not.
What a probe sees is worked out from that, never written down, so the reports of a site agree with
each other. The servers are weak hosts, like Windows NT 4.0 and 2000: a packet from adapter B's
address leaves through the adapter that the route table names.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network

GRADES = ["none", "tcp", "epm", "mapped", "mta"]
DAY = 86400


@dataclass(frozen=True)
class Lan:
    """A network. Networks of one `zone` are routed to each other, others are not."""

    subnet: str
    zone: str

    def holds(self, address):
        return ip_address(address) in ip_network(self.subnet)

    @property
    def router(self):
        return str(next(ip_network(self.subnet).hosts()))

    @property
    def bits(self):
        return ip_network(self.subnet).prefixlen


@dataclass
class Adapter:
    id: str
    description: str
    mac: str
    lan: Lan
    addresses: list
    gateway: bool = False
    link: str = "up"
    changed_ago: int = 30 * DAY  # seconds, at the world's start, that it has been as it is
    reverse_error: int = 0  # of looking up its addresses
    blocked: dict = field(default_factory=dict)  # peer's Exchange name: the best grade it lets by


@dataclass
class Server:
    host: str
    adapters: list
    organization: str = "DEMO"
    site: str = "HQ"
    name: str = ""  # the Exchange server name, where it is not the host's
    os: str = "Windows NT 4.0 Service Pack 6"
    service_pack: int = 4
    build: str = "5.5.2653.23"  # in the registry
    files: list = field(default_factory=list)
    clustered: bool = False
    booted_ago: int = 41 * DAY
    mta: dict = field(default_factory=dict)  # see facts.mta_running() and facts.mta_failed()
    mta_changed_ago: int = 40 * DAY
    problems: list = field(default_factory=list)
    dead_for: int = 0  # seconds, at the world's start, since it and its agent went away
    before: list = field(default_factory=list)  # (ago, {what was different until then}), the latest first

    def __post_init__(self):
        self.name = self.name or self.host

    @property
    def mta_answers(self):
        return self.mta["service"] == "running"

    def route(self, address):
        """The adapter through which it sends to an address, or None."""
        for adapter in self.adapters:
            if adapter.link == "up" and adapter.lan.holds(address):
                return adapter
        return next((a for a in self.adapters if a.gateway and a.link == "up"), None)

    def owner(self, address):
        return next(a for a in self.adapters if address in a.addresses)


def travels(sender, address, receiver):
    """Does a packet of server `sender` get to an address of server `receiver`?"""
    way_out, way_in = sender.route(address), receiver.owner(address)
    if way_out is None or way_in.link != "up":
        return False
    return way_out.lan.zone == way_in.lan.zone


def outcome(server, adapter, source, peer, target):
    """(grade, error) of a probe of `server` from `source` of `adapter` to `target` of `peer`."""
    if peer.dead_for:
        same = adapter.lan.holds(target) and adapter.link == "up"
        return ("none", "host_unreachable" if same else "timeout")
    if not (travels(server, target, peer) and travels(peer, source, server)):
        return ("none", "timeout")
    if not peer.mta_answers:
        return ("epm", "not_registered")
    limit = adapter.blocked.get(peer.name, "mta")
    return (limit, None if limit == "mta" else "timeout")


def probe_rows(server, peers, elapsed):
    """The rows that `server` reports of `peers`, `elapsed` seconds after the world's start."""
    rows = []
    for peer in peers:
        settled = min(server.booted_ago, peer.mta_changed_ago, peer.dead_for or peer.booted_ago)
        for target_adapter in peer.adapters:
            for target in target_adapter.addresses:
                for adapter in server.adapters:
                    stood = min(settled, adapter.changed_ago, target_adapter.changed_ago)
                    rows.append(_row(server, adapter, peer, target, stood + elapsed))
    return rows


def _row(server, adapter, peer, target, for_s):
    source = adapter.addresses[0]  # all of an adapter's addresses are of one subnet here
    grade, error = outcome(server, adapter, source, peer, target)
    row = {"adapter": adapter.id, "peer": peer.name, "from": source, "to": target,
           "grade": grade, "for_s": int(for_s)}
    via = server.route(target)
    if via is not None:
        row["via"] = via.id
    if error:
        row["error"] = error
    fast = 1 + (ip_address(target).packed[-1] + ip_address(source).packed[-1]) % 4
    slow = {"timeout": (10000, 3), "host_unreachable": (9214, 3)}
    row["ms"], row["attempts"] = slow.get(error, (fast, 1))
    return row


def self_rows(server, elapsed):
    """What the server sees of itself: own address, own port 135."""
    stood = int(min(server.mta_changed_ago, server.booted_ago) + elapsed)
    rows = []
    for adapter in server.adapters:
        for address in adapter.addresses:
            row = {"adapter": adapter.id, "to": address, "grade": "mta", "for_s": stood, "ms": 1}
            if not server.mta_answers:
                row.update(grade="epm", error="not_registered")
            rows.append(row)
    return rows
