"""A cast of servers that report again and again, each with its own sequence."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from . import facts

PEERS_DEALT = 16  # a collector never deals an agent more


@dataclass
class Part:
    server: object
    peers: list
    epoch: str
    sequence: int = 0


class Play:
    """All `servers` from the moment `born` on, as agents that report every `interval` seconds."""

    def __init__(self, servers, interval, born=None):
        self.born = born or facts.beginning()
        self.interval = interval
        self.parts = [Part(server, peers, uuid.uuid4().hex)
                      for server, peers in zip(servers, deal(servers))]

    def part(self, host):
        return next(part for part in self.parts if part.server.host == host)

    def report(self, part, now):
        """(report, age in seconds): a dead server's last report is as old as its death."""
        age = 0
        if part.server.dead_for:
            age = int(part.server.dead_for + (now - self.born).total_seconds())
        part.sequence += 1
        server, peers = part.server, part.peers
        body = facts.report(server, peers, born=self.born, now=now - timedelta(seconds=age),
                            epoch=part.epoch, sequence=part.sequence, interval=self.interval)
        return body, age


def deal(servers):
    """Per server its peers: the next PEERS_DEALT others of its site, in a ring."""
    sites = {}
    for server in servers:
        sites.setdefault((server.organization, server.site), []).append(server)
    peers = {}
    for ring in sites.values():
        others = min(PEERS_DEALT, len(ring) - 1)
        for place, server in enumerate(ring):
            next_ones = (ring[(place + step) % len(ring)] for step in range(1, others + 1))
            peers[id(server)] = [peer for peer in next_ones if peer.name != server.name]
    return [peers[id(server)] for server in servers]
