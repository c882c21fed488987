"""Scenarios: a fleet, and what is done to it. A scenario is a file of JSON; random ones follow from a seed.

{"seed": 7, "interval_s": 300, "intervals": 30,
 "wires": [{"name": "HQ office", "subnet": "10.0.0.0/24", "zone": "wan"}, ...],
 "machines": [{"host": "HQ1", "site": "HQ", "phase": 0.2, "build": "5.5.2653.23", "adapters": [
     {"id": "A", "wire": "HQ office", "address": "10.0.0.11/24", "gateway": true}, ...]}, ...],
 "events": [{"at": 6.4, "do": "unplug", "host": "HQ1", "adapter": "B"}, ...]}

Times are intervals since the beginning. A machine may have "spool", the number of reports that its agent has room for;
a scenario "collectors", how many there are on one database (cluster.py). An event that cannot happen, as of a machine
that is gone, does not, so that any of them can be left out.
"""

import json
import random
from dataclasses import dataclass, field

from .physics import Adapter, Machine, Wire, World

BEGINS = 5  # intervals that a fleet is left alone at first,
RESTS = 8   # and at last

# What an event may change is known to the collector after so many intervals. By itself: the next report but one.
SETTLES = 2
SETTLES_LATER = {
    # addresses that come or go are dealt to the others when a report told of them, and probed in the cycle after that
    "renumber": 4, "remove": 4, "disable": 4, "add": 4, "enable": 4, "appear": 4, "rename": 9,
    # what a server has proven is true until it is silent; then it has to be learnt anew
    "power_off": 5, "stop_agent": 5, "cut": 5, "part": 5, "uncut": 4, "power_on": 4, "start_agent": 4, "reboot": 4,
    "put_back": 3, "join": 3, "kill_collector": 3,
    "move_site": 4, "clone": 4, "backup": 0,
    # of a collector that takes nothing; when it does again what silent servers prove is learnt anew
    "fill_disk": 6, "expire": 6, "stop_collector": 6, "free_disk": 4, "renew": 4, "start_elsewhere": 5, "set_clock": 5,
    "double": 5, "namesake": 0, "freeze_judge": 4, "hand_over": 4, "lose_database": 6, "start_database": 4,
}


@dataclass
class Scenario:
    seed: int
    interval_s: int
    intervals: int
    wires: list
    machines: list
    events: list = field(default_factory=list)
    collectors: int = 1  # more than one: on one database

    def world(self):
        wires = [Wire(**wire) for wire in self.wires]
        machines = []
        for number, facts in enumerate(self.machines):
            facts = {key: value for key, value in facts.items() if key not in ("phase", "clock_off_s", "bad_start", "spool")}
            adapters = [Adapter(**{**adapter, "filters": dict(adapter.get("filters", {}))})
                        for adapter in facts.pop("adapters")]
            machines.append(Machine(adapters=adapters, number=number + 1, **facts))
        return World(wires, machines)

    def text(self):
        return json.dumps(self.__dict__, indent=1) + "\n"

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            return Scenario(**json.load(file))


def settles(event):
    return SETTLES_LATER.get(event["do"], SETTLES)


class Drawing:
    def __init__(self, seed, collectors=1):
        self.rng = random.Random(seed)
        self.seed, self.collectors = seed, collectors
        self.kinds = KINDS if collectors == 1 else KINDS_OF_SEVERAL
        self.wires = []
        self.machines = []
        self.drawn = set()

    def scenario(self):
        sites = ["HQ", "BRANCH"][:self.rng.choice([1, 1, 2])]
        for number, site in enumerate(sites):
            self.draw_site(number, site)
        events = self.draw_events(self.rng.randint(3, 9))
        last = max([event["at"] + settles(event) for event in events], default=0)
        return Scenario(self.seed, 300, int(max(last, BEGINS)) + 1 + RESTS, self.wires, self.machines, events,
                        self.collectors)

    # --- the fleet

    def draw_site(self, number, site):
        chance = self.rng.random
        office, second = f"{site} office", f"{site} second"
        self.wires += [{"name": office, "subnet": f"10.{number}.0.0/24", "zone": "wan"},
                       {"name": second, "subnet": f"10.{number}.1.0/24", "zone": "wan"},
                       {"name": f"{site} backup", "subnet": f"192.168.{number}.0/24", "zone": ""}]
        has_backup = chance() < 0.4
        for place in range(1, self.rng.choice([2, 3, 3, 4, 5, 6]) + 1):
            self.machines.append(self.draw_machine(number, site, place, has_backup))

    def draw_machine(self, number, site, place, has_backup):
        rng = self.rng
        machine = {"host": f"{site}{place}", "site": site, "phase": round(rng.random(), 3),
                   "build": rng.choice(["5.5.2653.23"] * 7 + ["5.5.2654.54", "5.5.2654.89", "5.5.2650.24"]),
                   "adapters": [self.office(number, site, "A", place + 10, gateway=True)]}
        if rng.random() < 0.1:
            machine["clustered"] = True
        if rng.random() < 0.06:
            machine["readable"] = False
        if rng.random() < 0.15:
            machine["clock_off_s"] = rng.choice([-86400, -3600, 400, 7200, 30 * 86400])
        if rng.random() < 0.2:
            machine["bad_start"] = True
        if rng.random() < 0.2:
            machine["spool"] = rng.choice([1, 2, 4])
        if has_backup and rng.random() < 0.8:
            machine["adapters"].append(self.adapter("B", f"{site} backup", f"192.168.{number}.{place + 10}"))
        elif rng.random() < 0.7:
            machine["adapters"].append(self.second(number, site, "B", place))
        return machine

    @staticmethod
    def adapter(name, wire, address, **more):
        return {"id": name, "wire": wire, "address": f"{address}/24"} | more

    def office(self, number, site, name, host, **more):
        return self.adapter(name, f"{site} office", f"10.{number}.0.{host}", **more)

    def second(self, number, site, name, place):
        kind = self.rng.random()
        if kind < 0.35:
            return self.office(number, site, name, place + 50)
        if kind < 0.5:
            return self.adapter(name, f"{site} second", f"10.{number}.1.{place + 10}")
        wire = f"{site} tape {place}"
        self.wires.append({"name": wire, "subnet": f"172.16.{place}.0/24"})
        if kind < 0.6:
            return self.adapter(name, wire, "10.10.10.1")  # heartbeats that are numbered alike
        return self.adapter(name, wire, f"172.16.{place}.1")

    # --- what happens

    def draw_events(self, n):
        events, at = [], BEGINS + self.rng.random()
        for _ in range(n):
            kind = self._apart(self.rng.choice(self.kinds))
            machine = self.rng.choice(self.machines)
            drawn = getattr(self, f"draw_{kind}", lambda machine: [{}])(machine)
            for place, event in enumerate(drawn):
                more = event.pop("after", 0)
                events.append({"at": round(at + more, 3), "do": event.pop("do", kind), "host": machine["host"]} | event)
                at += more if place else 0
            at += self.rng.choice([0.3, 1, 2.5, 4, 6]) * (0.5 + self.rng.random())
        return sorted(events, key=lambda event: event["at"])

    def _apart(self, kind):
        """In a store of an earlier time, under a clock that was set since, times do not tell what came first."""
        self.drawn.add(kind)
        return "kill_collector" if kind in ("restore", "set_clock") and {"restore", "set_clock"} <= self.drawn else kind

    def some_adapter(self, machine):
        return self.rng.choice(machine["adapters"][1:] or machine["adapters"])["id"]

    def draw_unplug(self, machine):
        return [{"adapter": self.some_adapter(machine)}]

    draw_plug = draw_disable = draw_enable = draw_remove = draw_unplug

    def draw_flap(self, machine):
        adapter = self.some_adapter(machine)
        return [{"do": "unplug", "adapter": adapter}, {"do": "plug", "adapter": adapter, "after": self.rng.choice([0.2, 1.5, 3])}]

    def draw_move(self, machine):
        """The cable leads to another wire from now on."""
        near = [wire["name"] for wire in self.wires if wire["name"].startswith(machine["site"] + " ")]
        return [{"adapter": self.some_adapter(machine), "wire": self.rng.choice(near)}]

    def draw_renumber(self, machine):
        adapter = self.rng.choice(machine["adapters"])
        first, _, _ = adapter["address"].split("/")[0].rpartition(".")
        host = 100 + self.machines.index(machine) * 10 + self.rng.randrange(10)
        return [{"adapter": adapter["id"], "address": f"{first}.{host}/24"}]

    def draw_add(self, machine):
        number = ["HQ", "BRANCH"].index(machine["site"])
        adapter = self.second(number, machine["site"], "C", 20 + self.machines.index(machine))
        return [{"new": adapter}]

    def draw_filter(self, machine):
        others = [other["host"] for other in self.machines if other["site"] == machine["site"] and other is not machine]
        return [{"adapter": self.some_adapter(machine), "peer": self.rng.choice(others), "grade": "mapped"}]

    def draw_patch(self, _):
        return [{"build": self.rng.choice(["5.5.2654.54", "5.5.2654.89", "5.5.2653.23"])}]

    def draw_stop_mta(self, _):
        return [{"do": "stop_mta"}, {"do": "start_mta", "after": self.rng.choice([0.5, 2.2, 4])}]

    def draw_reboot(self, _):
        return [{"do": "reboot"}]

    def draw_power_off(self, _):
        off = [{"do": "power_off"}]
        return off + [{"do": "power_on", "after": self.rng.choice([1.5, 4, 7])}] * (self.rng.random() < 0.6)

    def draw_stop_agent(self, _):
        off = [{"do": "stop_agent"}]
        return off + [{"do": "start_agent", "after": self.rng.choice([1.5, 4, 7])}] * (self.rng.random() < 0.6)

    def draw_cut(self, _):
        """It spools meanwhile."""
        return [{"do": "cut"}, {"do": "uncut", "after": self.rng.choice([1.3, 2.6, 5, 8])}]

    def draw_part(self, machine):
        """The router of a wire is gone, and back."""
        wire = f"{machine['site']} {self.rng.choice(['second', 'office'])}"
        return [{"wire": wire}, {"do": "join", "wire": wire, "after": self.rng.choice([1, 3.3, 6])}]

    def draw_clock(self, _):
        return [{"off_s": self.rng.choice([-7200, -60, 0, 90, 86400])}]

    def draw_rename(self, machine):
        return [{"to": machine["host"] + "N"}]

    def draw_move_site(self, machine):
        """Somebody makes it a member of another site, or of another organization; half of the time it is carried there."""
        sites = sorted({other["site"] for other in self.machines} - {machine["site"]}) + ["POLE"]
        site = self.rng.choice(sites)
        moved = [{"do": "move_site", "site": site} | ({"organization": "OTHER"} if self.rng.random() < 0.2 else {})]
        if site != "POLE" and self.rng.random() < 0.5:
            host = 200 + self.machines.index(machine)
            office = self.office(["HQ", "BRANCH"].index(site), site, "A", host)
            moved += [{"do": "move", "adapter": "A", "wire": office["wire"]},
                      {"do": "renumber", "adapter": "A", "address": office["address"]}]
        return moved

    def draw_clone(self, machine):
        def address(adapter, number):
            net, _, _ = adapter["address"].split("/")[0].rpartition(".")
            return f"{net}.{230 + number}/24"
        return [{"copies": [{"host": f"{machine['host']}C{number}", "addresses": {
            adapter["id"]: address(adapter, 2 * self.machines.index(machine) + number) for adapter in machine["adapters"]}}
            for number in (1, 2)]}]

    def draw_fill_disk(self, _):
        return [{"do": "fill_disk"}, {"do": "free_disk", "after": self.rng.choice([0.3, 1.2, 2.6, 5])}]

    def draw_expire(self, _):
        return [{"do": "expire"}, {"do": "renew", "after": self.rng.choice([0.3, 1.2, 2.6, 5])}]

    def draw_move_collector(self, _):
        return [{"do": "stop_collector"}, {"do": "start_elsewhere", "after": self.rng.choice([0.05, 1.2, 2.6, 5])}]

    def draw_set_clock(self, _):
        """It is wrong from now on; or until somebody sets it right."""
        wrong = [{"off_s": self.rng.choice([-86400, -600, -20, 20, 600, 1200, 86400])}]
        return wrong + [{"off_s": 0, "after": self.rng.choice([0.5, 2, 5])}] * (self.rng.random() < 0.7)

    def draw_lose_database(self, _):
        return [{"do": "lose_database"}, {"do": "start_database", "after": self.rng.choice([0.3, 1.2, 2.6, 5])}]

    def draw_double(self, _):
        return [{"do": "double"}, {"do": "end_double", "after": self.rng.choice([1.2, 2.6, 5])}]

    def draw_restore(self, _):
        return [{"do": "backup"}, {"do": "restore", "after": self.rng.choice([0.6, 2, 4.5, 9])}]


KINDS = ["unplug"] * 4 + ["plug"] * 2 + ["flap"] * 2 + ["move"] * 2 + ["disable"] * 2 + ["enable", "remove", "renumber", "add"] + [
    "filter", "patch", "patch"] + ["restart_mta"] * 5 + ["stop_mta"] * 2 + ["reboot"] * 2 + ["power_off", "stop_agent", "cut",
    "part", "clock", "put_back", "rename", "kill_collector", "move_site", "move_site", "clone", "restore",
    "fill_disk", "expire", "move_collector", "set_clock", "double", "namesake"]
KINDS_OF_SEVERAL = [kind for kind in KINDS if kind not in ("restore", "fill_disk", "expire", "move_collector", "set_clock")] + [
    "kill_collector", "freeze_judge", "hand_over", "lose_database"] * 3


def draw(seed, collectors=1):
    return Drawing(seed, collectors).scenario()
