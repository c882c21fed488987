"""What changes of a site make of its facts, a second time, as plainly as it can be said.

Written from docs/plans.md alone. Changes are made to copies of the report documents, which
tests/oracle/rule.py judges then: it knows nothing of changes.
"""

import copy

import rule

NOBODY = "192.0.2.7"  # an address that no server holds: the way there is not said


class Refused(Exception):
    """The change is none that the site could have."""


class Facts:
    """The servers of one site at one moment, and what was changed of them until now."""

    def __init__(self, reports, site, now):
        self.everywhere = rule.latest(reports, now)
        self.history = reports
        self.now = now
        members = [r for r in self.everywhere if rule.site(r) == site]
        self.reports = {rule.machine(r): copy.deepcopy(r) for r in members}
        self.known = self.best_grades()

    def view(self):
        return rule.Site(list(self.reports.values()), self.everywhere, self.history, self.now)

    def best_grades(self):
        """How far anybody gets to a server, itself included, before anything is changed."""
        where = self.view()
        names = {rule.server(r) for r in self.reports.values()}
        return {name: max([row.grade for _, row in where.proofs_by_others(name)] +
                          [row.grade for row in where.self_rows(name)], default=0)
                for name in names}

    def fresh(self, machine):
        return self.now < rule.fresh_until(self.reports[machine])

    def judged(self):
        """{machine: (verdict, states of the active adapters)} of those that are not silent."""
        where = self.view()
        answers = {}
        for machine, report in self.reports.items():
            if self.fresh(machine):
                found = rule.states(where, report)
                answers[machine] = (rule.verdict(rule.facts_of(report, found)), found)
        return answers

    # --- changes

    def apply(self, change):
        machine = rule.machine({"host": {"name": change["server"]}})
        if machine not in self.reports:
            raise Refused("unknown_server")
        if not self.fresh(machine) and change["action"] != "remove_server":
            raise Refused("silent_server")
        getattr(self, change["action"])(machine, change)

    def adapter(self, machine, change):
        for adapter in self.reports[machine].get("adapters", []):
            if adapter["id"] == change["adapter"]:
                if adapter not in rule.active_adapters(self.reports[machine]):
                    raise Refused("inactive_adapter")
                return adapter
        raise Refused("unknown_adapter")

    def disable_adapter(self, machine, change):
        report = self.reports[machine]
        adapter = self.adapter(machine, change)
        name = adapter["id"]
        before = self.held(rule.server(report))
        own = {i.ip for i in rule.interfaces(adapter)}
        adapter["enabled"] = False
        report["probes"] = [p for p in report.get("probes", [])
                            if name not in (p["adapter"], p.get("via"))]
        report["self_probes"] = [p for p in report.get("self_probes", [])
                                 if name not in (p["adapter"], p.get("via"))
                                 and rule.interface_of(p["to"]).ip not in own]
        self.give_up(rule.server(report), before)
        self.start_is_history(report)

    def connect_adapter(self, machine, change):
        adapter = self.adapter(machine, change)
        if adapter.get("link") == "down":
            adapter["link"] = "up"
        self.add_ways(machine, change)
        self.start_is_history(self.reports[machine])

    def add_adapter(self, machine, change):
        report = self.reports[machine]
        if "adapters" not in report:
            raise Refused("unknown_adapters")
        if any(a["id"] == change["adapter"] for a in report["adapters"]):
            raise Refused("adapter_exists")
        report["adapters"].append({"id": change["adapter"], "enabled": True, "link": "up",
                                   "addresses": change["addresses"]})
        self.add_ways(machine, change)
        self.start_is_history(report)

    def install_service_pack(self, machine, _):
        report = self.reports[machine]
        self.needs_mta(report)
        if (rule.file_version(report, "Emsmta.exe") or (0,)) < rule.SP4:
            self.set_build(report, "5.5.2653.23")
            report["exchange"].update(service_pack=4, build="5.5.2653.23")
        self.start_is_history(report)

    def install_fix(self, machine, _):
        report = self.reports[machine]
        self.needs_mta(report)
        build = rule.file_version(report, "Emsmta.exe") or rule.registry_build(report)
        if build is not None and build < rule.SP4:
            raise Refused("needs_service_pack")
        if (rule.file_version(report, "Emsmta.exe") or (0,)) < rule.FIXED:
            self.set_build(report, "5.5.2654.54")
        self.start_is_history(report)

    def start_mta(self, machine, _):
        report = self.reports[machine]
        self.needs_mta(report)
        self.start_is_history(report)
        report["mta"]["service"] = "running"

    def remove_server(self, machine, _):
        name = rule.server(self.reports[machine])
        before = self.held(name)
        del self.reports[machine]
        if any(rule.server(r) == name for r in self.reports.values()):
            self.give_up(name, before)
            return
        for report in self.reports.values():
            report["probes"] = [p for p in report.get("probes", [])
                                if rule.fold(p["peer"]) != name]

    # --- what they are made of

    def needs_mta(self, report):
        if rule.exchange_here(report) is False:
            raise Refused("no_mta")

    def held(self, name):
        return {address for r in self.reports.values() if rule.server(r) == name
                for address in rule.holds(r)}

    def give_up(self, name, before):
        lost = before - self.held(name)
        for report in self.reports.values():
            report["probes"] = [p for p in report.get("probes", [])
                                if rule.fold(p["peer"]) != name
                                or rule.interface_of(p["to"]).ip not in lost]

    def add_ways(self, machine, change):
        report = self.reports[machine]
        others = {rule.server(r) for r in self.reports.values()} - {rule.server(report)}
        wanted = {rule.fold(p) for p in change["peers"]} if "peers" in change else others
        if not wanted <= others:
            raise Refused("unknown_peer")
        grades = {grade: name for name, grade in rule.GRADE.items()}
        report["probes"] = report.get("probes", []) + [
            {"adapter": change["adapter"], "peer": peer, "to": NOBODY,
             "grade": grades[self.known[peer]]}
            for peer in sorted(wanted) if self.known[peer] >= rule.EPM]

    def set_build(self, report, version):
        files = report.setdefault("files", [])
        new = {"name": "Emsmta.exe", "state": "versioned", "version": version}
        for place, file in enumerate(files):
            if file["name"].lower() == "emsmta.exe":
                files[place] = new
                return
        files.append(new)

    def start_is_history(self, report):
        """The MTA is started after a change: what its last start failed for is over."""
        mta = report.setdefault("mta", {})
        if mta.get("last_start", {}).get("outcome") != "started":
            mta.pop("last_start", None)
            mta.pop("last_failure", None)
        report["problems"] = [p for p in report.get("problems", [])
                              if p.get("fact") != "mta.events"]


# --- Random changes --------------------------------------------------------------------------

ACTIONS = ["disable_adapter"] * 4 + ["add_adapter"] * 2 + ["connect_adapter"] * 4 + [
    "install_service_pack", "install_fix", "install_fix", "start_mta"] + ["remove_server"] * 2


def random_change(rng, facts):
    """Some change; it may be one that is refused."""
    machine = rng.choice(sorted(facts.reports))
    change = {"action": rng.choice(ACTIONS), "server": machine}
    ids = [a["id"] for a in facts.reports[machine].get("adapters", [])]
    if change["action"] == "add_adapter":
        change["adapter"] = rng.choice("NXYZ")
        change["addresses"] = [f"10.{rng.randint(0, 4)}.0.{rng.choice([1, 2, 3, 77])}/24"]
    elif change["action"].endswith("_adapter"):
        change["adapter"] = rng.choice(ids or ["A"])
    if change["action"] in ("add_adapter", "connect_adapter") and rng.random() < 0.6:
        others = sorted({rule.server(r) for r in facts.reports.values()})
        change["peers"] = rng.sample(others, rng.randint(1, len(others)))
    return change


def random_changes(rng, facts, count):
    """So many changes that are possible one after the other, and made; fewer where none is found."""
    made = []
    for _ in range(20 * count):
        if len(made) == count or not facts.reports:
            break
        change = random_change(rng, facts)
        before = copy.deepcopy(facts.reports)
        try:
            facts.apply(change)
            made.append(change)
        except Refused:
            facts.reports = before
    return made
