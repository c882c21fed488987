"""Fleets of any size that live on for any time: sites in which something happens again and again, and is mended.

Each site is a scenario of its own (scenario.py); no wire leads from one to another."""

from .scenario import BEGINS, Drawing, Scenario

MOST_SITES = 250  # of which each has networks of its own
MOST_OF_A_SITE = 40  # addresses of three adapters, and others to give them, fit into a network


class Site(Drawing):
    """Site `number` of a fleet, with so many servers."""

    def __init__(self, seed, number, servers):
        super().__init__(f"{seed} {number}")
        self.number, self.name = number, f"S{number:03d}"
        self.servers = servers

    def draw(self, interval_s, intervals, every):
        """Something begins every so many intervals, on average; the last of it is mended before the end."""
        self.draw_wires()
        for place in range(1, self.servers + 1):
            self.machines.append(self.draw_machine(self.number, self.name, place, has_backup=True))
        return Scenario(self.seed, interval_s, intervals, self.wires, self.machines, self.draw_life(intervals, every))

    def draw_wires(self):
        for kind, net, zone in (("office", "0", "wan"), ("second", "1", "wan"), ("backup", "2", "")):
            self.wires.append({"name": f"{self.name} {kind}", "subnet": f"10.{self.number}.{net}.0/24", "zone": zone})

    def draw_machine(self, number, site, place, has_backup):
        machine = super().draw_machine(number, site, place, has_backup)
        machine["host"] = f"{site}X{place:02d}"
        for adapter in machine["adapters"]:  # the backup network of this site
            if adapter["wire"].endswith("backup"):
                adapter["address"] = f"10.{number}.2.{place + 10}/24"
        return machine

    def second(self, number, site, name, place):
        kind = self.rng.random()
        if kind < 0.5:
            return self.office(number, site, name, place + 100)
        if kind < 0.8:
            return self.adapter(name, f"{site} second", f"10.{number}.1.{place + 10}")
        wire, net = f"{site} tape {place}", f"10.{number}.{100 + place}"
        if not any(known["name"] == wire for known in self.wires):
            self.wires.append({"name": wire, "subnet": f"{net}.0/24"})
        return self.adapter(name, wire, f"{net}.1")

    # --- what happens, and is mended

    def draw_life(self, intervals, every):
        events, at = [], BEGINS + self.rng.expovariate(1 / every)
        while at < intervals:
            machine = self.rng.choice(self.machines)
            kind = self.rng.choice(KINDS)
            end = at
            for event in getattr(self, f"live_{kind}")(machine):
                end += event.pop("after", 0)
                events.append({"at": round(end, 3), "host": machine["host"]} | event)
            at += self.rng.expovariate(1 / every)
        return sorted((event for event in events if event["at"] < intervals), key=lambda event: event["at"])

    def later(self):
        return self.rng.choice([1.2, 2.5, 4, 7, 12]) * (0.5 + self.rng.random())

    def one_adapter(self, machine):
        return self.rng.choice(machine["adapters"][1:] or machine["adapters"])

    def both(self, do, mend, **facts):
        return [{"do": do, **facts}, {"do": mend, "after": self.later(), **facts}]

    def live_unplug(self, machine):
        return self.both("unplug", "plug", adapter=self.some_adapter(machine))

    def live_disable(self, machine):
        return self.both("disable", "enable", adapter=self.some_adapter(machine))

    def live_remove(self, machine):
        adapter = self.one_adapter(machine)
        return [{"do": "remove", "adapter": adapter["id"]}, {"do": "add", "new": adapter, "after": self.later()}]

    def live_add(self, machine):
        place = self.machines.index(machine) + 1
        return [{"do": "add", "new": self.second(self.number, self.name, "C", place + 2 * MOST_OF_A_SITE)},
                {"do": "remove", "adapter": "C", "after": self.later()}]

    def live_move(self, machine):
        adapter = self.one_adapter(machine)
        return [{"do": "move", "adapter": adapter["id"], "wire": self.rng.choice(self.wires)["name"]},
                {"do": "move", "adapter": adapter["id"], "wire": adapter["wire"], "after": self.later()}]

    def live_renumber(self, machine):
        adapter = self.one_adapter(machine)
        net, _, host = adapter["address"].split("/")[0].rpartition(".")
        other = f"{net}.{int(host) + MOST_OF_A_SITE}/24"
        return [{"do": "renumber", "adapter": adapter["id"], "address": other},
                {"do": "renumber", "adapter": adapter["id"], "address": adapter["address"], "after": self.later()}]

    def live_filter(self, machine):
        facts = {"do": "filter", "adapter": self.some_adapter(machine), "peer": self.rng.choice(self.machines)["host"]}
        return [facts | {"grade": "mapped"}, facts | {"grade": "mta", "after": self.later()}]

    def live_patch(self, machine):
        return [{"do": "patch", "build": self.rng.choice(["5.5.2654.54", "5.5.2654.89"])},
                {"do": "patch", "build": machine.get("build", "5.5.2653.23"), "after": 3 * self.later()}]

    def live_restart_mta(self, machine):
        """Where it did not start somebody disables the adapter, and it does."""
        adapter = self.some_adapter(machine)
        return [{"do": "restart_mta"}, {"do": "disable", "adapter": adapter, "after": self.later()},
                {"do": "start_mta", "after": 0.5}, {"do": "enable", "adapter": adapter, "after": self.later()}]

    def live_stop_mta(self, _):
        return self.both("stop_mta", "start_mta")

    def live_reboot(self, _):
        return [{"do": "reboot"}]

    def live_power_off(self, _):
        return self.both("power_off", "power_on")

    def live_stop_agent(self, _):
        return self.both("stop_agent", "start_agent")

    def live_cut(self, _):
        return self.both("cut", "uncut")

    def live_part(self, _):
        return self.both("part", "join", wire=f"{self.name} {self.rng.choice(['second', 'office'])}")

    def live_clock(self, machine):
        return [{"do": "clock", "off_s": self.rng.choice([-7200, -60, 90, 86400])},
                {"do": "clock", "off_s": machine.get("clock_off_s", 0), "after": self.later()}]

    def live_put_back(self, _):
        return [{"do": "put_back"}]


KINDS = ["unplug"] * 4 + ["restart_mta"] * 3 + ["disable", "stop_mta", "power_off"] * 2 + [
    "stop_agent", "cut", "move", "renumber", "remove", "add", "filter", "patch", "reboot", "put_back", "clock", "part"]


def draw(seed, servers, sites, interval_s, intervals, every):
    """The scenarios of all sites; they differ by one server at most in size."""
    if not 1 <= sites <= min(MOST_SITES, servers):
        raise ValueError(f"{servers} servers in {sites} sites: there may be 1 to {min(MOST_SITES, servers)}")
    if servers > sites * MOST_OF_A_SITE:
        raise ValueError(f"{servers} servers in {sites} sites: a site has at most {MOST_OF_A_SITE}")
    return [Site(seed, number, servers // sites + (number < servers % sites)).draw(interval_s, intervals, every)
            for number in range(sites)]
