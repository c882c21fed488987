"""The exposure rule a second time, as plainly as it can be said.

Written from the text of the rule alone, to be read next to it, so that the C code has something to
be compared with (tests/integration/test_rule.py). It takes report documents (dicts as they come
from JSON) and a moment, and says of every reporting machine: verdict, silence, the state of each
active adapter, the missing facts, the reasons that must be there and the remedy's steps.
Slow on purpose: everything is asked again wherever it is needed. Times are in milliseconds.
"""

import dataclasses
import datetime
import functools
import ipaddress
import itertools

GRADE = {"none": 0, "tcp": 1, "epm": 2, "mapped": 3, "mta": 4}
EPM, MAPPED, MTA = 2, 3, 4

FAULT_CAME = (5, 5, 2651, 75)  # Q303156, Q280449
SP3 = (5, 5, 2650, 24)
SP4 = (5, 5, 2653, 23)
FIXED = (5, 5, 2654, 54)  # Q285350

# Of the twelve files the PE files but Emsmta.exe: these have a version.
OTHER_VERSIONED = ("ems_rid.dll", "mtacheck.exe", "mtamsg.dll", "mtaperf.dll", "x400om.dll")

HARMFUL = ("at_risk", "exposed", "failing")  # mildest first
HARMLESS = ("clear", "protected", "not_applicable")


# --- What a report says ----------------------------------------------------------------------

@functools.cache
def moment(text):
    """Milliseconds since 1970."""
    then = datetime.datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    return round(then.timestamp() * 1000)


def fold_character(character):
    """Unicode's simple case folding: a letter for a letter."""
    folded = [f for f in (character.casefold(), character.lower()) if len(f) == 1]
    return folded[0] if folded else character


def fold(name):
    """Names compare without case."""
    return "".join(map(fold_character, name))


def machine(report):
    """A short host name, of which only ASCII letters compare without case."""
    return "".join(c.lower() if c.isascii() else c for c in report["host"]["name"].split(".")[0])


def server(report):
    """The Exchange server name; the nodes of a cluster share one."""
    return fold(report.get("exchange", {}).get("server") or "") or machine(report)


def site(report):
    """A machine that names neither organisation nor site is a site of its own."""
    exchange = report.get("exchange", {})
    if not exchange.get("organization") and not exchange.get("site"):
        return ("alone", machine(report))
    return (fold(exchange.get("organization", "")), fold(exchange.get("site", "")))


def time_of(report):
    """When its facts were collected, by the collector's clock."""
    if "received_at" in report and "age_s" in report:
        return moment(report["received_at"]) - 1000 * report["age_s"]
    return moment(report["collected_at"])


def fresh_until(report):
    """The first moment when it is no longer younger than three intervals."""
    return time_of(report) + 3 * 1000 * report["interval_s"]


interface_of = functools.cache(ipaddress.ip_interface)


def interfaces(adapter):
    """Its addresses with their subnets, without those that are none."""
    found = []
    for text in adapter.get("addresses", []):
        interface = interface_of(text)
        if interface.version == 4 and not interface.ip.is_loopback \
                and not interface.ip.is_unspecified:
            found.append(interface)
    return found


def active_adapters(report):
    """Enabled, with an address. The text does not say what an adapter is that does not tell
    whether it is enabled: it is taken for enabled."""
    return [a for a in report.get("adapters", []) if a.get("enabled", True) and interfaces(a)]


def holds(report):
    """The addresses of its enabled adapters; a disabled one holds none."""
    return {i.ip for adapter in active_adapters(report) for i in interfaces(adapter)}


def version(text):
    """As four numbers; 6.0.26xx.x is a 5.5 that was printed so."""
    fields = text.split(".")
    if len(fields) != 4 or not all(f.isdigit() for f in fields):
        return None
    numbers = tuple(int(f) for f in fields)
    if numbers[:2] == (6, 0) and 2600 <= numbers[2] <= 2699:
        return (5, 5) + numbers[2:]
    return numbers


def file_version(report, name):
    for file in report.get("files", []):
        if fold(file.get("name", "")) == fold(name) and file.get("state") == "versioned":
            return version(file.get("version", ""))
    return None


# --- What the site proves --------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Row:
    """A probe result that counts."""
    adapter: str
    peer: str
    grade: int
    via: str
    for_s: float  # infinite where the report does not say
    until: int  # the time of its report

    @property
    def since(self):
        return self.until - 1000 * self.for_s


class Site:
    """The latest reports of one site at one moment."""

    def __init__(self, reports, everywhere, history, now):
        self.reports = reports
        self.now = now
        self.elsewhere = {server(r) for r in everywhere} - {server(r) for r in reports}
        # Address: the servers that hold it, silent ones too, but for those that are seen to report
        # under another name.
        self.holders = {}
        for report in reports:
            if not self.fresh(report) and renamed(report, everywhere, history, now):
                continue
            for address in holds(report):
                self.holders.setdefault(address, set()).add(server(report))
        self.all_rows = {id(report): self.rows_that_count(report) for report in reports}

    def fresh(self, report):
        return self.now < fresh_until(report)

    def is_peer(self, report, name):
        """Of the same site with another name. A name that nobody reports under comes from the
        configuration of the agent, which says that it is one."""
        return name != server(report) and name not in self.elsewhere

    def void(self, report, probe):
        if probe.get("error") == "local":
            return True
        # The prober's own addresses are those of all nodes of its cluster: the text says only
        # "of the prober itself".
        holders = self.holders.get(interface_of(probe["to"]).ip, set())
        return server(report) in holders or len(holders) > 1

    def row(self, report, probe, peer):
        return Row(adapter=probe["adapter"], peer=peer, grade=GRADE[probe["grade"]],
                   via=probe.get("via", probe["adapter"]),
                   for_s=probe.get("for_s", float("inf")), until=time_of(report))

    def rows(self, report):
        return self.all_rows[id(report)]

    def rows_that_count(self, report):
        """All rows of a report that are not void. Peers are compared without case only: it is
        not clear whether a row may name one with its domain, as a host name may be."""
        return [self.row(report, p, fold(p["peer"])) for p in report.get("probes", [])
                if self.is_peer(report, fold(p["peer"])) and not self.void(report, p)]

    def self_rows(self, peer):
        """The fresh self-probes of a peer."""
        return [self.row(r, p, peer) for r in self.reports if server(r) == peer and self.fresh(r)
                for p in r.get("self_probes", []) if p.get("error") != "local"]

    def proofs_by_others(self, peer):
        """(report, row) of grade 2 or more in a fresh report of any server but the peer."""
        return [(r, row) for r in self.reports if server(r) != peer and self.fresh(r)
                for row in self.rows(r) if row.peer == peer and row.grade >= EPM]

    def proofs(self, report, peer):
        """What proves the peer, for the server of this report."""
        probed = {row.peer for row in self.rows(report)}
        if any(self.proofs_by_others(p) for p in probed):
            return self.proofs_by_others(peer)
        return [(None, row) for row in self.self_rows(peer) if row.grade >= EPM]

    def best_row(self, report, adapter, peer):
        """The grade of an adapter on a peer: of its best rows the longest."""
        rows = [row for row in self.rows(report) if (row.adapter, row.peer) == (adapter, peer)]
        return max(rows, key=lambda row: (row.grade, row.for_s), default=None)

    def falls_short(self, report, adapter, peer):
        low = self.best_row(report, adapter, peer)
        if low is None:
            return False
        proofs = self.proofs(report, peer)
        for source, proof in proofs:
            if proof.grade > low.grade and (source is report or true_together(low, proof)):
                return True
        # The proven grade is mapped and the peer itself reaches its MTA: it is mta. This is held
        # against adapters that stand at mapped, while the peer's self-probe stood.
        proven = max((proof.grade for _, proof in proofs), default=0)
        if proven == MAPPED and low.grade == MAPPED:
            return any(own.grade == MTA and true_together(low, own)
                       for own in self.self_rows(peer))
        return False


def cards(report):
    """The addresses of its network cards: they stay when the name changes."""
    return {fold(a["mac"]) for a in report.get("adapters", []) if a.get("mac")}


def renamed(report, everywhere, history, now):
    """Is the machine, silent now, seen under another name? One machine with a card of its reported
    since, and not before this report; where two live ones did, nobody knows which it is."""
    later = [r for r in everywhere
             if cards(r) & cards(report) and time_of(r) > time_of(report)]
    if sum(now < fresh_until(r) for r in later) > 1:
        return False
    last = max(later, key=time_of, default=None)
    return last is not None and not any(
        machine(r) == machine(last) and time_of(r) <= time_of(report) for r in history)


def true_together(low, proof):
    """The lower grade was seen in two reports running, and the two stretches overlap. Rows
    without for_s are taken to fulfil that."""
    if low.for_s == 0:
        return False
    if float("inf") in (low.for_s, proof.for_s):
        return True
    return low.since <= proof.until and proof.since <= low.until


def held_targets(where, report, name):
    """Where rows of this adapter aimed at that count for nothing because of who holds it."""
    return {p["to"] for p in report.get("probes", [])
            if p["adapter"] == name and p.get("error") != "local"
            and where.is_peer(report, fold(p["peer"])) and where.void(report, p)}


def adapter_state(where, report, adapter):
    name = adapter["id"]
    rows = [row for row in where.rows(report) if row.adapter == name]
    successes = [row for row in rows if row.grade >= EPM]
    peers = {row.peer for row in rows}
    short_on = {p for p in peers if where.falls_short(report, name, p)}
    reached = {row.peer for row in successes}
    conclusive = reached | short_on

    # "No success went via itself": of any row of the report, for a success proves the adapter that
    # it went through.
    if adapter.get("link") == "down" and not any(row.via == name and row.grade >= EPM
                                                 for row in where.rows(report)):
        return "isolated"
    if conclusive and not reached:
        return "isolated"
    if not conclusive:
        return "unjudged"
    if short_on:
        return "partial"
    for peer in conclusive:
        if all(borrowed_path(report, adapter, row.via) for row in successes if row.peer == peer):
            return "borrowed"
    return "good"


def borrowed_path(report, adapter, via):
    """It went via another adapter that has no address in this adapter's subnet."""
    if via == adapter["id"]:
        return False
    subnets = [i.network for i in interfaces(adapter)]
    return not any(i.ip in subnet for other in report["adapters"] if other["id"] == via
                   for i in interfaces(other) for subnet in subnets)


# --- The verdict -----------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Facts:
    """Each fact as all the values that it can have; one value where it is known."""
    exchange: tuple  # is an Exchange 5.5 with an MTA here?
    build: tuple  # of Emsmta.exe
    clustered: tuple
    adapters: tuple  # of tuples: the states of the active adapters
    running: tuple
    log_ends_in_11004: tuple


EITHER = (True, False)


def known(value):
    """A fact of the report: one value, or either where it is absent."""
    return EITHER if value is None else (value,)


def exchange_here(report):
    exchange = report.get("exchange", {})
    if exchange.get("installed") is False:
        return False
    if report.get("mta", {}).get("service") == "not_installed":
        return False
    if exchange.get("version", "5.5") != "5.5":
        return False
    # The text lets Emsmta.exe tell only where exchange.version is absent. Where they contradict
    # each other (5.5 beside an Emsmta.exe of another product) it does not say who is right.
    build = file_version(report, "Emsmta.exe") or registry_build(report)
    if build is not None and build[:2] != (5, 5):
        return False
    if build is None and "version" not in exchange:
        return None
    return exchange.get("installed")


def registry_build(report):
    return version(report.get("exchange", {}).get("build", ""))


def builds(report):
    build = file_version(report, "Emsmta.exe")
    if build is not None:
        return (build,)
    if registry_build(report) is not None:
        return (SP4, FIXED)
    return (SP3, SP4, FIXED)


def states(where, report):
    """{adapter: state} of the active adapters"""
    return {a["id"]: adapter_state(where, report, a) for a in active_adapters(report)}


def possible_states(found):
    return tuple(itertools.product(*(
        ("good", "partial", "isolated") if state == "unjudged" else (state,)
        for state in found.values())))


def adapter_lists(report, found):
    if "adapters" not in report:
        return ((), ("good", "good"), ("good", "partial"), ("good", "isolated"))
    return possible_states(found)


def last_start_11004(report):
    """True: the last finished start logged 9321 with NT error 11004; None: nobody knows. The text
    does not say so, but a report without `mta` read no log either, and where only the last
    failure is known it is the last start."""
    unread = [p for p in report.get("problems", []) if p.get("fact") == "mta.events"]
    if unread or "mta" not in report:
        return None
    start = report["mta"].get("last_start") or report["mta"].get("last_failure") or {}
    return start.get("outcome") != "started" and any(
        e.get("id") == 9321 and e.get("nt_error") == 11004 for e in start.get("events", []))


def running(report):
    service = report.get("mta", {}).get("service")
    return None if service is None else service == "running"


def facts_of(report, found):
    return Facts(exchange=known(exchange_here(report)),
                 build=builds(report),
                 clustered=known(report.get("exchange", {}).get("clustered")),
                 adapters=adapter_lists(report, found),
                 running=known(running(report)),
                 log_ends_in_11004=known(last_start_11004(report)))


def decide(exchange, build, clustered, adapters, is_running, log_ends_in_11004):
    """The order of the questions decides."""
    if not exchange:
        return "not_applicable"
    if not is_running and log_ends_in_11004:
        return "failing"
    if build < FAULT_CAME:
        return "not_applicable"
    if build >= FIXED and not clustered:
        return "protected"
    if len(adapters) < 2:
        return "clear"
    if "isolated" in adapters:
        return "exposed"
    if "partial" in adapters or "borrowed" in adapters:
        return "at_risk"
    return "clear"


def worlds(facts):
    return list(itertools.product(*(getattr(facts, f.name) for f in dataclasses.fields(facts))))


def verdict(facts):
    """Over every possible value of the missing facts."""
    possible = {decide(*world) for world in worlds(facts)}
    if len(possible) == 1:
        return possible.pop()
    if possible <= set(HARMLESS):
        return "clear"
    if possible <= set(HARMFUL):
        return min(possible, key=HARMFUL.index)
    return "unknown"


def missing(report, facts, found):
    """The names of the missing facts that can change the verdict, whatever the others are."""
    if len({decide(*world) for world in worlds(facts)}) == 1:
        return set()
    here = "exchange.installed"
    if report.get("exchange", {}).get("installed") is not None:
        here = "exchange.version"
    named = {"exchange": here, "build": "files/Emsmta.exe", "clustered": "exchange.clustered",
             "running": "mta.service", "log_ends_in_11004": "mta.events"}
    names = {named[fact] for fact in named if matters(facts, fact)}
    if "adapters" not in report:
        return names | ({"adapters"} if matters(facts, "adapters") else set())
    unjudged = [name for name in found if found[name] == "unjudged"]
    return names | {f"adapters/{name}" for name in unjudged if adapter_matters(facts, found, name)}


def matters(facts, fact):
    """Is there a world in which another value of this fact gives another verdict?"""
    others = dataclasses.replace(facts, **{fact: (None,)})
    return any(len({decide(*other_value(world, fact, value))
                    for value in getattr(facts, fact)}) > 1 for world in worlds(others))


def other_value(world, fact, value):
    place = [f.name for f in dataclasses.fields(Facts)].index(fact)
    return world[:place] + (value,) + world[place + 1:]


def adapter_matters(facts, found, name):
    place = list(found).index(name)
    for states_of_all in facts.adapters:
        alike = tuple(states_of_all[:place] + (state,) + states_of_all[place + 1:]
                      for state in ("good", "partial", "isolated"))
        if matters(dataclasses.replace(facts, adapters=alike), "adapters"):
            return True
    return False


# --- What must be said of it -----------------------------------------------------------------

def reasons(report, facts, found, answer):
    """The codes, of those about the server, that must be there."""
    codes = set()
    if answer == "failing":
        codes.add("mta_11004")
        if facts.build[0] >= FIXED and facts.clustered == (False,):
            codes.add("mta_failing_despite_fix")
    if facts.exchange != (True,):
        return codes
    if len(facts.build) == 1:
        build = facts.build[0]
        if build < FAULT_CAME:
            codes.add("before_the_fault")
        elif build < FIXED:
            codes.add("hotfix_missing")
        else:
            codes.add("hotfix_present")
            others = [file_version(report, name) for name in OTHER_VERSIONED]
            if any(v is not None and v < FIXED for v in others):
                codes.add("hotfix_mixed")
        if build >= FAULT_CAME and "adapters" in report and len(found) < 2:
            codes.add("single_homed")
    if answer == "exposed" and facts.running == (True,):
        codes.add("mta_may_fail_at_next_start")
    if answer in HARMFUL and facts.clustered == (True,):
        codes.add("cluster_by_design")
    return codes


def leads(facts, found, answer):
    """The codes of which one must come first: what decides."""
    if facts.exchange == (False,):
        return {"no_exchange_mta"}
    worst = next((s for s in ("isolated", "partial", "borrowed") if s in found.values()), None)
    if answer in ("exposed", "at_risk"):
        return {f"adapter_{worst}"}
    if answer == "clear" and not {state for states in facts.adapters for state in states} - {"good"}:
        return {"all_adapters_reach"} if len(found) > 1 else {"single_homed"}
    if answer == "clear":
        return {"single_homed"} if all(len(states) < 2 for states in facts.adapters) else {"hotfix_present"}
    return {"failing": {"mta_11004"}, "unknown": {"facts_missing"}, "protected": {"hotfix_present"},
            "not_applicable": {"before_the_fault"}}[answer]


# --- The remedy ------------------------------------------------------------------------------

def remedy(report, facts, found, answer):
    """Options, each a list of steps (action, adapter or None, verdict after it)."""
    # The text does not say when there is something to remedy where the verdict is unknown: here,
    # where an adapter is known to be in trouble.
    troubled = {"isolated", "partial", "borrowed"} & set(found.values())
    if answer in HARMLESS or answer == "unknown" and (len(found) < 2 or not troubled):
        return []
    history = dataclasses.replace(facts, log_ends_in_11004=(False,))
    # The failed start is history.
    options = [steps for steps in (disable(history, found), connect(history, found),
                                   fix(report, history)) if steps]
    if answer == "failing":
        if verdict(history) in HARMLESS:
            options.insert(0, [])  # nothing else needs to be done
        for steps in options:
            after = steps[-1][2] if steps else verdict(history)
            steps.append(("start_mta", None, after))
    return options


def disable(facts, found):
    """Exactly the adapters that are not good, if at least one good one remains. Never on what is or
    may be a cluster."""
    if "good" not in found.values() or facts.clustered != (False,):
        return []
    steps = []
    left = dict(found)
    for name in [n for n, state in found.items() if state != "good"]:
        del left[name]
        after = dataclasses.replace(facts, adapters=possible_states(left))
        steps.append(("disable_adapter", name, verdict(after)))
    return steps


def connect(facts, found):
    """Where it is or may be a cluster: the networks of the adapters that are not good are to be
    connected to the site's servers, one after the other; each is good then."""
    if facts.clustered == (False,) or len(found) < 2:
        return []
    steps = []
    better = dict(found)
    for name in [n for n, state in found.items() if state != "good"]:
        better[name] = "good"
        after = dataclasses.replace(facts, adapters=possible_states(better))
        steps.append(("connect_adapter", name, verdict(after)))
    return steps


def fix(report, facts):
    """Emsmta.exe and the set, SP4 first where the build is older; no cure on a cluster."""
    if facts.clustered == (True,) or all(build >= FIXED for build in facts.build):
        return []
    steps = []
    build = file_version(report, "Emsmta.exe") or registry_build(report)
    if build is not None and build < SP4:
        steps.append(("install_service_pack", None,
                      verdict(dataclasses.replace(facts, build=(SP4,)))))
    steps.append(("install_fix", None, verdict(dataclasses.replace(facts, build=(FIXED,)))))
    return steps


# --- All of it -------------------------------------------------------------------------------

def latest(reports, now):
    """Of every machine the latest report that was collected by now."""
    found = {}
    for report in reports:
        other = found.get(machine(report))
        if time_of(report) <= now and (other is None or time_of(other) < time_of(report)):
            found[machine(report)] = report
    return list(found.values())


def judge(report, reports, now):
    """What is to be said of one report at a moment when it is fresh."""
    everywhere = latest(reports, now)
    where = Site([r for r in everywhere if site(r) == site(report)], everywhere, reports, now)
    found = states(where, report)
    facts = facts_of(report, found)
    answer = verdict(facts)
    return {"server": server(report), "machine": machine(report), "verdict": answer,
            "adapters": found,
            "held": {name for name in found if held_targets(where, report, name)}, "reasons": reasons(report, facts, found, answer),
            "leads": leads(facts, found, answer), "missing": missing(report, facts, found),
            "remedy": remedy(report, facts, found, answer)}


def assess(reports, now):
    """One answer per machine; a silent one keeps the verdict of its last fresh moment."""
    answers = []
    for report in latest(reports, now):
        silent = now >= fresh_until(report)
        then = fresh_until(report) - 1 if silent else now
        answers.append({**judge(report, reports, then), "silent": silent})
    return answers
