"""What can be broken in the laboratory of two sites, what is seen of it, and how it is mended again."""

from collections.abc import Callable
from dataclasses import dataclass

from .fleet import INTERVAL_S

# How the servers stand where nothing is broken; the others are clear.
STANDS = {"N2": "at_risk", "N3": "at_risk", "N5": "at_risk", "N6": "at_risk"}

INTERVAL = "Time between two reports"  # the policy
MINUTE_S = 60


@dataclass
class Breakage:
    what: str
    seen: str
    make: Callable
    mend: Callable
    verdicts: dict  # of the servers that stand otherwise then


def breakages(fleet):
    hosts, disk = fleet.site.hosts, fleet.disks["N2"]
    router, n1, n3, n6, s1, s2 = (hosts[name] for name in ("ROUTER", "N1", "N3", "N6", "S1", "S2"))

    def fail_while_cut_off():
        router.unplug("eth2")
        disk.failed_to_start()

    def start_when_connected():
        router.plug("eth2")
        disk.started()

    def enable(host, adapter):
        host.add_address(adapter)
        host.enable(adapter)

    def cut():
        s1.drop_tcp(135, source=s2.address("eth0"))
        s2.drop_tcp(135, source=s1.address("eth0"))

    def join():
        s1.drop_nothing()
        s2.drop_nothing()

    def set_interval(seconds):
        fleet.govern("N4", fleet.usual_policies("N4") | {INTERVAL: seconds})

    return [
        Breakage("the router loses the LAN of N2's second adapter",
                 "N2 exposed: that adapter reaches nobody",
                 lambda: router.unplug("eth2"), lambda: router.plug("eth2"), {"N2": "exposed"}),
        Breakage("the same, and then N2's MTA is restarted",
                 "N2 failing, as the article tells; mended, it starts again",
                 fail_while_cut_off, start_when_connected, {"N2": "failing"}),
        Breakage("N3's second adapter is disabled, as its page advises",
                 "N3 clear",
                 lambda: n3.disable("eth1"), lambda: enable(n3, "eth1"), {"N3": "clear"}),
        Breakage("N6's adapter of the heartbeat is disabled",
                 "N6 clear, but N5 exposed: its heartbeat reaches nobody",
                 lambda: n6.disable("eth1"), lambda: enable(n6, "eth1"), {"N5": "exposed", "N6": "clear"}),
        Breakage("S1 and S2 cannot reach each other over RPC",
                 "no verdict changes: each has one adapter; the network page shows the cut",
                 cut, join, {}),
        Breakage("N1's firewall drops RPC from everybody",
                 "no verdict changes: what nobody reaches proves nothing about who asks",
                 lambda: n1.drop_tcp(135), n1.drop_nothing, {}),
        Breakage(f"a policy has N4 report every {MINUTE_S} s",
                 "N4 obeys some seconds later",
                 lambda: set_interval(MINUTE_S), lambda: set_interval(INTERVAL_S), {}),
        Breakage("S2's agent hangs",
                 "S2 silent after three intervals; its last verdict stays",
                 lambda: fleet.hang("S2"), lambda: fleet.go_on("S2"), {}),
    ]
