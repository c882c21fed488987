"""Random fleets of report documents, rich in what the exposure rule tells apart.

A fleet is a list of reports of one organisation with one or two sites. Moments are few multiples
of a minute, so that stretches often touch exactly and reports are often exactly three intervals
old. Machine names carry the fleet's number: many fleets can be judged by one call.
"""

import datetime

NOW = datetime.datetime(2026, 11, 22, 10, 0, 0, tzinfo=datetime.timezone.utc)

EMSMTA = ["5.5.2650.24", "5.5.2651.74", "5.5.2651.75", "5.5.2651.96", "5.5.2653.23",
          "5.5.2653.23", "5.5.2653.23", "5.5.2653.23", "5.5.2654.5", "5.5.2654.53",
          "5.5.2654.54", "5.5.2654.89", "5.5.2655.10", "6.0.2653.23", "6.0.2656.20",
          "6.0.4417.0", "5.0.1457.3"]
REGISTRY = ["5.5.2650.24", "5.5.2653.23", "5.5.2653.23", "5.5.2653.23"]
GRADES = ["none", "tcp", "epm", "mapped", "mta"]
LENGTHS = [0, 0, 60, 300, 600, 900, 3600]
AGES = [0, 0, 0, 60, 300, 300, 600, 840, 899, 900, 901, 1200, 1800, 3600]


def stamp(age):
    return (NOW - datetime.timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%SZ")


def maybe_case(rng, name):
    return name.swapcase() if rng.random() < 0.05 else name


def grade(rng, usual):
    """Mostly what is usual between these two."""
    return usual if rng.random() < 0.7 else rng.choice(GRADES)


class Fleet:
    def __init__(self, rng, number):
        self.rng = rng
        self.prefix = f"F{number}"
        self.number = number
        self.sites = rng.choice([["HQ"], ["HQ"], ["HQ", "Branch"]])
        self.quiet = rng.random() < 0.5  # facts are mostly known and reports fresh
        self.usual = {}
        self.machines = [self.machine(i) for i in range(rng.randint(1, 6))]
        for machine in self.machines:
            machine["adapters"] = self.adapters(machine)
        self.reports = [r for m in self.machines for r in self.reports_of(m)]
        rng.shuffle(self.reports)

    def chance(self, of):
        return self.rng.random() < (of / 4 if self.quiet else of)

    # --- machines and their adapters

    def machine(self, index):
        name = f"{self.prefix}M{index}"
        server = name
        if index and self.rng.random() < 0.2:
            server = f"{self.prefix}M{index - 1}"  # nodes of a cluster
        card = index if self.rng.random() < 0.5 else None
        if index and self.rng.random() < 0.2:
            card = index - 1  # the same machine before it was renamed
        return {"index": index, "name": name, "server": server, "card": card,
                "site": self.rng.choice(self.sites)}

    def name(self, name):
        """Now and then in other case or with a domain."""
        return maybe_case(self.rng, name) + (".acme.example" if self.rng.random() < 0.03 else "")

    def address(self, machine, subnet):
        host = machine["index"] + 1
        if self.rng.random() < 0.06:
            host = 99  # numbered alike
        if self.rng.random() < 0.05:
            host = self.rng.randint(1, 6)
        return f"10.{subnet}.0.{host}/{24 if self.rng.random() < 0.95 else 8}"

    def adapters(self, machine):
        count = self.rng.choice([0, 1, 2, 2, 2, 2, 3, 3, 4])
        return [self.adapter(machine, i) for i in range(count)]

    def adapter(self, machine, index):
        rng = self.rng
        subnet = index if rng.random() < 0.8 else rng.randint(0, 3)
        addresses = [self.address(machine, subnet)]
        while rng.random() < 0.2:
            addresses.append(self.address(machine, rng.randint(0, 4)))
        if rng.random() < 0.08:
            addresses = rng.choice([[], ["0.0.0.0/0"], ["127.0.0.1/8"], ["0.0.0.0/24"],
                                    ["fe80::1/64"], ["0.0.0.0/0"] + addresses,
                                    ["127.0.0.1/8"] + addresses])
        adapter = {"id": "ABCD"[index], "addresses": addresses}
        if machine["card"] is not None:
            adapter["mac"] = f"00-50-{self.number >> 8 & 255:02x}-{self.number & 255:02x}" \
                             f"-{machine['card']:02x}-{index:02x}"
        if rng.random() < 0.98:
            adapter["enabled"] = rng.random() > 0.07
        link = rng.choice(["up"] * 8 + ["down", "unknown", None])
        if link:
            adapter["link"] = link
        return adapter

    # --- reports

    def reports_of(self, machine):
        rng = self.rng
        interval = 300 if rng.random() < 0.9 else rng.choice([200, 420])
        ages = [0 if self.quiet and rng.random() < 0.7 else rng.choice(AGES)]
        while rng.random() < 0.25:
            ages.append(rng.choice(AGES + [-60, -300]))
        if rng.random() < 0.04:
            return []
        return [self.report(machine, age, interval, sequence)
                for sequence, age in enumerate(sorted(set(ages), reverse=True), 1)]

    def report(self, machine, age, interval, sequence):
        rng = self.rng
        report = {"schema": "mtawatch.report/1", "agent": {"id": machine["name"], "epoch": "e"},
                  "sequence": sequence, "interval_s": interval,
                  "collected_at": stamp(age),
                  "host": {"name": self.name(machine["name"])},
                  "exchange": self.exchange(machine),
                  "mta": self.mta(), "files": self.files()}
        if rng.random() < 0.1:
            report["collected_at"] = stamp(rng.choice([-86400, 86400, 60]))
            report["received_at"] = stamp(age - 120)
            report["age_s"] = 120
        if self.chance(0.12):
            report["problems"] = [{"fact": "mta.events", "code": 5}]
            report["mta"].pop("last_start", None)
        if not self.chance(0.05):
            report["adapters"] = [a for a in machine["adapters"] if not self.chance(0.03)]
        report["probes"] = self.probes(machine)
        report["self_probes"] = self.self_probes(machine)
        if "server" not in report.get("exchange", {}):
            report["host"]["name"] = machine["name"]
        for absent in ("probes", "self_probes", "files", "mta", "exchange"):
            if rng.random() < 0.01:
                del report[absent]
                report["host"]["name"] = machine["name"]
        return report

    def exchange(self, machine):
        rng = self.rng
        site = machine["site"] if rng.random() < 0.97 else rng.choice(self.sites)  # it moved
        facts = {"installed": rng.random() > 0.03, "version": "5.5",
                 "build": rng.choice(REGISTRY), "organization": maybe_case(rng, self.prefix),
                 "site": maybe_case(rng, site),
                 "server": maybe_case(rng, machine["server"]),
                 "clustered": rng.random() < 0.2}
        if rng.random() < 0.04:
            facts["version"] = "6.0"
        for fact in ("installed", "version", "build", "clustered"):
            if self.chance(0.1):
                del facts[fact]
        if rng.random() < 0.1 and machine["server"] == machine["name"]:
            del facts["server"]
        if rng.random() < 0.02:
            del facts["organization"], facts["site"]
        if rng.random() < 0.01:
            facts.pop("site", None)
        elif rng.random() < 0.01 and "site" in facts:
            facts["site"] = f"{self.prefix} {site}"  # the names of fleets stay apart
            del facts["organization"]
        return facts

    def mta(self):
        rng = self.rng
        facts = {"service": rng.choice(["running"] * 6 + ["stopped"] * 3 + [
            "start_pending", "stop_pending", "paused"])}
        if rng.random() < 0.02:
            facts["service"] = "not_installed"
        if self.chance(0.1):
            del facts["service"]
        failure = {"at": stamp(7200), "outcome": "failed",
                   "events": [{"id": 9321, "at": stamp(7200),
                               "nt_error": rng.choice([11004, 11004, 11004, 1720])},
                              {"id": 9266, "at": stamp(7200)}]}
        if rng.random() < 0.2:
            failure["events"] = rng.choice([failure["events"][:1], failure["events"][1:], []])
        start = {"at": stamp(3600), "outcome": "started",
                 "events": [{"id": 9298, "at": stamp(3600)}]}
        kind = rng.random()
        if kind < 0.4:
            facts["last_start"] = start
        elif kind < 0.6:
            facts["last_start"] = start
            facts["last_failure"] = failure
        elif kind < 0.9:
            facts["last_start"] = failure
            facts["last_failure"] = failure
        elif kind < 0.92:
            facts["last_failure"] = failure
        elif kind < 0.95:
            facts["last_start"] = {**failure}
            del facts["last_start"]["outcome"]
        return facts

    def files(self):
        rng = self.rng
        if self.chance(0.1):
            first = rng.choice([[], [{"name": "Emsmta.exe", "state": "missing"}],
                                [{"name": "Emsmta.exe", "state": "unreadable"}]])
        else:
            first = [{"name": rng.choice(["Emsmta.exe", "EMSMTA.EXE"]), "state": "versioned",
                      "version": rng.choice(EMSMTA)}]
        if rng.random() < 0.3:
            first.append({"name": "X400om.dll", "state": "versioned",
                          "version": rng.choice(["5.5.2653.12", "5.5.2654.54"])})
        return first

    # --- probes

    def length(self, row):
        if self.rng.random() < 0.8:
            row["for_s"] = self.rng.choice(LENGTHS)
        return row

    def probes(self, machine):
        rng = self.rng
        rows = []
        names = [m["server"] for m in self.machines if m["site"] == machine["site"]]
        names = [n for n in dict.fromkeys(names) if n != machine["server"]]
        names = [n for n in names if rng.random() < 0.8]
        if rng.random() < 0.1:
            names.append(rng.choice([f"{self.prefix}GONE", machine["server"], machine["name"],
                                     rng.choice(self.machines)["server"]]))
        for name in names:
            targets = self.targets(name)
            for adapter in machine["adapters"]:
                rows += [self.probe(machine, adapter, name, to) for to in targets
                         if rng.random() < 0.9]
        return rows

    def targets(self, name):
        found = [a.split("/")[0] for m in self.machines if m["server"] == name
                 for adapter in m["adapters"] for a in adapter["addresses"]]
        found = [a for a in found if not a.startswith(("0.", "127.", "fe80"))] or ["10.0.0.77"]
        self.rng.shuffle(found)
        return list(dict.fromkeys(found[:self.rng.choice([1, 1, 2, 3])]))

    def probe(self, machine, adapter, peer, to):
        rng = self.rng
        key = (machine["name"], adapter["id"], peer)
        alive = self.usual.setdefault(peer, rng.choice(["mta", "mta", "mta", "mapped", "none"]))
        if key not in self.usual:
            self.usual[key] = alive if rng.random() < 0.6 else rng.choice(GRADES)
        row = {"adapter": adapter["id"], "peer": self.name(peer), "to": to,
               "grade": grade(rng, self.usual[key])}
        if rng.random() < 0.75:
            row["via"] = adapter["id"] if rng.random() < 0.5 else rng.choice("ABCD")
        if row["grade"] == "none" and rng.random() < 0.1:
            row["error"] = "local"
        elif row["grade"] == "none":
            row["error"] = "timeout"
        return self.length(row)

    def self_probes(self, machine):
        return [self.length({"adapter": adapter["id"], "to": address.split("/")[0],
                             "grade": self.rng.choice(["mta", "mta", "mta", "mapped", "none"])})
                for adapter in machine["adapters"] for address in adapter["addresses"]
                if self.rng.random() < 0.6 and not address.startswith(("0.", "127.", "fe80"))]
