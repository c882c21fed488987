"""Two Exchange sites of one organization, eight servers, and what second adapters hang on:

    north 10.77.1.0/24: N1 .11 to N6 .16, ROUTER .1, COLLECTOR .5
    south 10.77.2.0/24: S1 .11, S2 .12, ROUTER .1
    second 10.77.3.0/24: the other adapter of N2, .12, ROUTER .1
    far 10.99.3.0/24: the other adapter of N3, .13, and nobody else
    heartbeat 10.99.9.0/24: N5 .15 and N6 .16, a pair that watches each other there

Windows and Linux send by their routes, whatever address a packet has (the weak host model): what the other
adapters of N2 and N3 reach, they reach through the first. The answers find back, by ROUTER.
"""

from .mapper import Mapper
from .network import run
from .site import DOMAIN, MTA_PORT, Listener, Site

NORTH, SOUTH, SECOND = "10.77.1.{}", "10.77.2.{}", "10.77.3.{}"
FAR, HEARTBEAT = "10.99.3.{}", "10.99.9.{}"


class TwoSites(Site):
    EXCHANGE = ("N1", "N2", "N3", "N4", "N5", "N6", "S1", "S2")
    SITES = {name: "NORTH" if name.startswith("N") else "SOUTH" for name in EXCHANGE}

    def build(self):
        for lan in ("north", "south", "second", "far", "heartbeat"):
            self.add_lan(lan)
        router = self.add_host("ROUTER")
        run(["ip", "netns", "exec", router.ns, "sysctl", "-qw", "net.ipv4.ip_forward=1"])
        for adapter, lan, addresses in (("eth0", "north", NORTH), ("eth1", "south", SOUTH), ("eth2", "second", SECOND)):
            router.attach(adapter, lan, addresses.format(1) + "/24")
        for name in self.EXCHANGE:
            self.add_server(name)
        collector = self.add_host("COLLECTOR")
        self.join(collector, "north", NORTH, 5)
        self.name_address(collector.address("eth0"), f"collector.{DOMAIN}", "collector")
        self.add_second_adapters(router)

    def join(self, host, lan, addresses, number):
        host.attach("eth0", lan, addresses.format(number) + "/24")
        host.ip("route", "add", "default", "via", addresses.format(1))

    def add_server(self, name):
        host = self.add_host(name)
        lan, addresses = ("north", NORTH) if name.startswith("N") else ("south", SOUTH)
        self.join(host, lan, addresses, 10 + int(name[1:]))
        self.name_address(host.address("eth0"), f"{name.lower()}.{DOMAIN}", name.lower())
        folder = self.folder / name.lower()
        self.mappers[name] = Mapper(host, folder, MTA_PORT)
        self.listeners[name] = Listener(host, folder)

    def add_second_adapters(self, router):
        routed, borrowing = self.hosts["N2"], self.hosts["N3"]
        routed.attach("eth1", "second", SECOND.format(12) + "/24")
        borrowing.attach("eth1", "far", FAR.format(13) + "/24")
        router.ip("route", "add", FAR.format(0) + "/24", "via", NORTH.format(13))
        for name in ("N5", "N6"):
            self.hosts[name].attach("eth1", "heartbeat", HEARTBEAT.format(10 + int(name[1:])) + "/24")
