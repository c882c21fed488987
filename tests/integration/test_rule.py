"""The exposure rule, asked twice: `mtawatch-collector assess` against tests/oracle/rule.py.

First every row of the rule's truth table, then random fleets. A longer run by hand:
  MTAWATCH_FLEETS=50000 MTAWATCH_SEED=monday pytest tests/integration/test_rule.py
"""

import copy
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import pytest
from running import PROGRAM

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
import fleets  # noqa: E402
import rule  # noqa: E402

AT = fleets.stamp(0)
SEED = os.environ.get("MTAWATCH_SEED", "mtawatch")
FLEETS = int(os.environ.get("MTAWATCH_FLEETS", "2000"))
FLEETS_PER_CALL = 250
STATES = {"adapter_isolated": "isolated", "adapter_partial": "partial",
          "adapter_borrowed": "borrowed", "adapter_unjudged": "unjudged"}
LONG = 600


def assess(reports):
    """{machine: what the collector says of it}"""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for report in reports:
            names.append(f"{folder}/{len(names)}.json")
            pathlib.Path(names[-1]).write_text(json.dumps(report), encoding="utf-8")
        done = subprocess.run([PROGRAM, "assess", "--at", AT, *names], capture_output=True,
                              text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {rule.fold(server["server"]): server for server in json.loads(done.stdout)}


def codes(answer):
    return {reason["code"] for reason in answer["reasons"]}


# --- The truth table -------------------------------------------------------------------------

def row(adapter, peer, to, grade="mta", via=None, for_s=LONG):
    return {"adapter": adapter, "peer": peer, "to": to, "grade": grade, "via": via or adapter,
            "for_s": for_s}


def report(name, adapters, probes, **more):
    """One report of now; `more` replaces what its exchange, mta, files ... say."""
    return {"schema": "mtawatch.report/1", "agent": {"id": name, "epoch": "e"}, "sequence": 1,
            "collected_at": AT, "interval_s": 300, "host": {"name": name},
            "exchange": {"installed": True, "version": "5.5", "build": "5.5.2653.23",
                         "organization": "ACME", "site": "HQ", "server": name,
                         "clustered": False},
            "adapters": [{"id": i, "enabled": True, "link": "up", "addresses": [address]}
                         for i, address in adapters.items()],
            "probes": probes, "mta": RUNNING,
            "files": [{"name": "Emsmta.exe", "state": "versioned", "version": "5.5.2653.23"}],
            **more}


def peer(name, probes=(), self_grade=None):
    """C is at 10.0.0.2, D at .3, E at .4, F at .5; each with the one adapter X."""
    address = ADDRESS[name]
    own = [row("X", name, address, self_grade)] if self_grade else []
    return report(name, {"X": f"{address}/24"}, list(probes), self_probes=own)


def start(outcome, *events):
    return {"at": AT, "outcome": outcome,
            "events": [{"id": i, **({"nt_error": error} if error else {})}
                       for i, error in events]}


ADDRESS = {"C": "10.0.0.2", "D": "10.0.0.3", "E": "10.0.0.4", "F": "10.0.0.5"}
TWO = {"A": "10.0.0.1/24", "B": "10.9.0.1/24"}
GOOD_START = start("started", (9298, None))
RUNNING = {"service": "running", "last_start": GOOD_START}
FAILED = start("failed", (9321, 11004), (9266, None))
STOPPED_11004 = {"service": "stopped", "last_start": FAILED, "last_failure": FAILED}
STOPPED_1720 = {"service": "stopped", "last_start": start("failed", (9321, 1720))}
RECOVERED = {"service": "running", "last_start": GOOD_START, "last_failure": FAILED}
NO_LOG = {"mta": {"service": "stopped"}, "problems": [{"fact": "mta.events", "code": 5}]}


def reaches(adapter, *names, **more):
    return [row(adapter, name, ADDRESS[name], **more) for name in names]


def subject(probes, build=None, adapters=None, clustered=False, **more):
    """The server S that the table speaks of."""
    found = report("S", adapters or TWO, probes, **more)
    if build:
        found["files"] = [{"name": "Emsmta.exe", "state": "versioned", "version": build}]
        if build.startswith("6.0.4"):
            found["exchange"]["version"] = "6.0"
    if clustered is None:
        del found["exchange"]["clustered"]
    else:
        found["exchange"]["clustered"] = clustered
    return found


ALL_REACH = reaches("A", "C", "D") + reaches("B", "C", "D")
B_ISOLATED = reaches("A", "C", "D") + reaches("B", "C", "D", grade="none")
B_UNJUDGED = reaches("A", "C", "D")
D_PROVES_C = peer("D", reaches("X", "C"))
D_PROVED_C_LATELY = peer("D", reaches("X", "C", for_s=60))
STANDING = peer("C"), D_PROVES_C


def link_down():
    found = subject(reaches("A", "C") + reaches("B", "C", via="A"))
    found["adapters"][1]["link"] = "down"
    return found


def no_exchange():
    found = subject(reaches("A", "C", grade="none") + reaches("B", "C", grade="none"),
                    mta={"service": "not_installed"}, files=[])
    found["exchange"] = {"installed": False, "organization": "ACME", "site": "HQ"}
    return found


def unreadable(probes):
    return subject(probes, files=[{"name": "Emsmta.exe", "state": "unreadable"}])


def mixed_files():
    found = subject(B_ISOLATED, "5.5.2654.54")
    found["files"].append({"name": "X400om.dll", "state": "versioned",
                           "version": "5.5.2653.12"})
    return found


def c_died():
    """C fell silent after D's last proof of it; both adapters failed on it for the first time."""
    probes = [row(a, "C", ADDRESS["C"], "none", for_s=0) for a in "AB"]
    return subject(probes + reaches("A", "D") + reaches("B", "D"))


def both_fail_on_c(for_s):
    return subject([row(a, "C", ADDRESS["C"], "none", for_s=for_s) for a in "AB"])


def heartbeat_numbered_alike():
    mine = {"A": "10.0.0.1/24", "B": "10.10.10.1/24"}
    theirs = peer("C")
    theirs["adapters"].append({"id": "Y", "enabled": True, "addresses": ["10.10.10.1/24"]})
    return [subject(reaches("A", "D") + [row("B", "C", "10.10.10.1")], adapters=mine), theirs,
            D_PROVES_C]



def heartbeat_of_two_peers():
    """B aims at an address that C, silent by now, and D hold; A reaches D."""
    mine = {"A": "10.0.0.1/24", "B": "10.10.10.9/24"}
    silent, alive = peer("C"), peer("D", self_grade="mta")
    for one in (silent, alive):
        one["adapters"].append({"id": "Y", "enabled": True, "addresses": ["10.10.10.1/24"]})
    silent["collected_at"] = fleets.stamp(7200)
    return [subject(reaches("A", "D") + [row("B", "D", "10.10.10.1", "none")], adapters=mine),
            silent, alive]


def disabled_adapter_of_that_address():
    mine = {"A": "10.0.0.1/24", "B": "10.10.10.9/24", "X": "10.10.10.1/24"}
    theirs = peer("C")
    theirs["adapters"].append({"id": "Y", "enabled": True, "addresses": ["10.10.10.1/24"]})
    found = subject(reaches("A", "C") + [row("B", "C", "10.10.10.1", "none")], adapters=mine)
    found["adapters"][2]["enabled"] = False
    return [found, theirs]


def wire_of_b_works():
    """B's link is down; B reaches 3 of 4 through A, and A's own successes left through B."""
    found = subject(reaches("A", "C", "D", "E", "F", via="B") + reaches("B", "C", "D", "E", via="A")
                    + reaches("B", "F", grade="none"))
    found["adapters"][1]["link"] = "down"
    return [found, *STANDING, peer("E"), peer("F")]


THREE = {"A": "10.0.0.1/24", "B": "10.9.0.1/24", "C": "10.8.0.1/24"}
B_THREE_OF_FOUR = (reaches("A", "C", "D", "E", "F") + reaches("B", "C", "D", "E")
                   + reaches("B", "F", grade="none"))
MAPPED_EVERYWHERE = (reaches("A", "C", "D", grade="mapped")
                     + reaches("B", "C", "D", grade="mapped"))
ONE_SUBNET = {"A": "10.0.0.1/24", "B": "10.0.0.9/24"}
VIA_A = reaches("A", "C", "D") + reaches("B", "C", "D", via="A")
ONE = {"A": "10.0.0.1/24"}

TABLE = [  # what the row says, the reports, verdict, codes that are there, codes that are not
    ("no Exchange, all short", [no_exchange(), *STANDING], "not_applicable", "", ""),
    ("2650.24, B isolated, running", [subject(B_ISOLATED, "5.5.2650.24"), *STANDING],
     "not_applicable", "before_the_fault adapter_isolated", ""),
    ("2650.24, B isolated, 11004",
     [subject(B_ISOLATED, "5.5.2650.24", mta=STOPPED_11004), *STANDING], "failing",
     "mta_11004", ""),
    ("2651.96, B isolated", [subject(B_ISOLATED, "5.5.2651.96"), *STANDING], "exposed",
     "hotfix_missing", ""),
    ("6.0.4417.0", [subject(B_ISOLATED, "6.0.4417.0"), *STANDING], "not_applicable", "", ""),
    ("6.0.2656.20", [subject(B_ISOLATED, "6.0.2656.20"), *STANDING], "protected",
     "hotfix_present", ""),
    ("one adapter, all reach", [subject(reaches("A", "C", "D"), adapters=ONE), *STANDING],
     "clear", "single_homed", ""),
    ("one adapter, none reach, 11004",
     [subject(reaches("A", "C", "D", grade="none"), adapters=ONE, mta=STOPPED_11004), *STANDING],
     "failing", "mta_11004", ""),
    ("both reach all", [subject(ALL_REACH), *STANDING], "clear", "", "facts_missing"),
    ("B isolated, running", [subject(B_ISOLATED), *STANDING], "exposed",
     "adapter_isolated mta_may_fail_at_next_start hotfix_missing", ""),
    ("B's link down, success via A", [link_down(), *STANDING], "exposed",
     "adapter_isolated adapter_link_down", ""),
    ("B isolated, 11004", [subject(B_ISOLATED, mta=STOPPED_11004), *STANDING], "failing",
     "mta_11004", "mta_may_fail_at_next_start"),
    ("B isolated, 11004 and then a good start", [subject(B_ISOLATED, mta=RECOVERED), *STANDING],
     "exposed", "mta_may_fail_at_next_start", "mta_11004"),
    ("B isolated, NT error 1720", [subject(B_ISOLATED, mta=STOPPED_1720), *STANDING], "exposed",
     "other_article", "mta_11004 mta_may_fail_at_next_start"),
    ("B reaches 3 of 4", [subject(B_THREE_OF_FOUR), *STANDING, peer("E"), peer("F")],
     "at_risk", "adapter_partial", ""),
    ("B stops at epm where the peer is proven mta",
     [subject(reaches("A", "C") + reaches("B", "C", grade="epm")), *STANDING], "at_risk",
     "adapter_partial", ""),
    ("B reaches all via A of another subnet", [subject(VIA_A), *STANDING], "at_risk",
     "adapter_borrowed", ""),
    ("all stop at mapped, the self-probes reach mta",
     [subject(MAPPED_EVERYWHERE), peer("C", self_grade="mta"), peer("D", self_grade="mta")],
     "at_risk", "adapter_partial", ""),
    ("two on one subnet, via A", [subject(VIA_A, adapters=ONE_SUBNET), *STANDING], "clear", "",
     "adapter_borrowed"),
    ("no peer proven alive", [both_fail_on_c(LONG), peer("C")], "unknown",
     "no_live_peer facts_missing", ""),
    ("peer C died after its last proof", [c_died(), *STANDING], "clear", "", "adapter_partial"),
    ("only C, first report of the failure", [both_fail_on_c(0), *STANDING], "unknown",
     "no_live_peer", ""),
    ("only C, failing for 600 s", [both_fail_on_c(LONG), *STANDING], "exposed",
     "adapter_isolated", ""),
    ("B fails on C for the first time, A reaches it in the same report",
     [subject(reaches("A", "C") + reaches("B", "C", grade="none", for_s=0)), peer("C")],
     "exposed", "adapter_isolated", ""),
    ("B's only target is an address that S and C both hold", heartbeat_numbered_alike(),
     "unknown", "adapter_unjudged", "adapter_isolated"),
    ("B's only target is an address that C, silent by now, and D hold", heartbeat_of_two_peers(),
     "unknown", "adapter_unjudged", "adapter_isolated"),
    ("B's only target is an address that C holds and a disabled adapter carries",
     disabled_adapter_of_that_address(), "exposed", "adapter_isolated", "adapter_unjudged"),
    ("B's link down, B reaches 3 of 4 via A, A's successes left via B", wire_of_b_works(),
     "at_risk", "adapter_partial", "adapter_link_down"),
    ("B holds only 0.0.0.0",
     [subject(reaches("A", "C"), adapters={"A": "10.0.0.1/24", "B": "0.0.0.0/0"}), *STANDING],
     "clear", "single_homed", ""),
    ("two servers that never reached each other, the peer lives",
     [both_fail_on_c(LONG), peer("C", [row("X", "S", "10.0.0.1", "none")], self_grade="mta")],
     "exposed", "adapter_isolated", ""),
    ("E reaches nobody and only its self-probe answers",
     [subject(ALL_REACH + reaches("A", "E", grade="none") + reaches("B", "E", grade="none")),
      *STANDING, peer("E", reaches("X", "C", "D", grade="none"), self_grade="mta")],
     "clear", "", "adapter_partial adapter_isolated"),
    ("A reaches all, B unjudged", [subject(B_UNJUDGED), *STANDING], "unknown",
     "adapter_unjudged facts_missing", ""),
    ("A reaches all, B partial, C unjudged",
     [subject(reaches("A", "C", "D") + reaches("B", "C") + reaches("B", "D", grade="none"),
              adapters=THREE), *STANDING],
     "at_risk", "adapter_partial adapter_unjudged facts_missing", ""),
    ("both reach all, stopped, log unreadable", [subject(ALL_REACH, **NO_LOG), *STANDING],
     "unknown", "facts_missing", ""),
    ("B isolated, stopped, log unreadable", [subject(B_ISOLATED, **NO_LOG), *STANDING],
     "exposed", "facts_missing", ""),
    ("2654.50, B isolated", [subject(B_ISOLATED, "5.5.2654.50"), *STANDING], "exposed",
     "hotfix_missing", ""),
    ("2654.54, B isolated", [subject(B_ISOLATED, "5.5.2654.54"), *STANDING], "protected",
     "hotfix_present", "hotfix_mixed"),
    ("2655.10, B isolated", [subject(B_ISOLATED, "5.5.2655.10"), *STANDING], "protected",
     "hotfix_present", ""),
    ("2654.54 and an older X400om.dll", [mixed_files(), *STANDING], "protected",
     "hotfix_present hotfix_mixed", ""),
    ("Emsmta unreadable, both reach all", [unreadable(ALL_REACH), *STANDING], "clear",
     "facts_missing", ""),
    ("Emsmta unreadable, B isolated", [unreadable(B_ISOLATED), *STANDING], "unknown",
     "facts_missing", ""),
    ("2654.54, cluster unknown, B isolated",
     [subject(B_ISOLATED, "5.5.2654.54", clustered=None), *STANDING], "unknown",
     "facts_missing", ""),
    ("2653.23, cluster unknown, B isolated", [subject(B_ISOLATED, clustered=None), *STANDING],
     "exposed", "", "facts_missing"),
    ("2654.54, cluster, B isolated",
     [subject(B_ISOLATED, "5.5.2654.54", clustered=True), *STANDING], "exposed",
     "cluster_by_design", ""),
    ("2654.54, cluster, both reach all",
     [subject(ALL_REACH, "5.5.2654.54", clustered=True), *STANDING], "clear", "", ""),
    ("2654.54, B isolated, 11004",
     [subject(B_ISOLATED, "5.5.2654.54", mta=STOPPED_11004), *STANDING], "failing",
     "mta_11004 mta_failing_despite_fix", ""),
]


@pytest.mark.parametrize("reports, verdict, there, not_there", [line[1:] for line in TABLE],
                         ids=[line[0] for line in TABLE])
def test_the_truth_table_holds(reports, verdict, there, not_there):
    answer = assess(reports)["s"]
    assert answer["verdict"] == verdict
    assert set(there.split()) <= codes(answer)
    assert not set(not_there.split()) & codes(answer)
    assert differences(reports) == []


@pytest.mark.parametrize("reports, holders", [
    (heartbeat_numbered_alike(), "C and this server"), (heartbeat_of_two_peers(), "C and D")])
def test_the_reason_of_an_unjudged_adapter_names_the_address_and_who_holds_it(reports, holders):
    reason = next(r for r in assess(reports)["s"]["reasons"] if r["code"] == "adapter_unjudged")
    assert f"10.10.10.1 is held by {holders}" in reason["text"]
    assert reason["evidence"]["held"] == [f"10.10.10.1 is held by {holders}"]


def test_the_service_pack_comes_before_the_fix_where_the_build_is_older():
    reports = [subject(B_ISOLATED, "5.5.2651.96"), *STANDING]
    assert spoken(assess(reports)["s"])["remedy"] == [
        [("disable_adapter", "B", "clear")],
        [("install_service_pack", None, "exposed"), ("install_fix", None, "protected")]]


def test_a_later_failure_on_the_peer_is_held_only_against_what_was_true_together():
    """The proof stood for 60 s of now; the failure of a report of 300 s ago overlaps nothing."""
    early = both_fail_on_c(LONG)
    early["collected_at"] = fleets.stamp(300)
    found = assess([early, peer("C"), D_PROVED_C_LATELY])
    assert found["s"]["verdict"] == "unknown"
    assert assess([early, peer("C"), D_PROVES_C])["s"]["verdict"] == "exposed"


# --- Random fleets ---------------------------------------------------------------------------

def spoken(answer):
    """An answer of the collector in the oracle's words."""
    named = {reason["evidence"]["adapter"]: STATES[reason["code"]]
             for reason in answer["reasons"] if reason["code"] in STATES}
    missing = {fact for reason in answer["reasons"] if reason["code"] == "facts_missing"
               for fact in reason["evidence"]["facts"]}
    steps = [[(step["action"], step.get("adapter"), step["verdict_after"])
              for step in option["steps"]] for option in answer["remedy"]["options"]]
    return {"verdict": answer["verdict"], "silent": answer["silent"], "adapters": named,
            "missing": missing, "remedy": steps, "reasons": codes(answer)}


def adapters_to_name(mine, there):
    """The adapters that must be named: those that are not good on a multihomed server. Where no
    peer says anything of any adapter, one reason for all of them will do."""
    if len(mine["adapters"]) < 2 or "no_exchange_mta" in there:
        return {}
    for_all = {"no_live_peer", "no_peer_in_site"} & there
    return {name: state for name, state in mine["adapters"].items()
            if state != "good" and not (state == "unjudged" and for_all
                                        and name not in mine["held"])}


def difference(mine, answer):
    """[what, by the oracle, by the collector] of the first thing that differs, or None."""
    theirs = spoken(answer)
    mine = {**mine, "adapters": adapters_to_name(mine, theirs["reasons"])}
    for what in ("silent", "adapters", "missing", "verdict", "remedy"):
        if mine[what] != theirs[what]:
            return [mine["machine"], what, mine[what], theirs[what]]
    if not mine["reasons"] <= theirs["reasons"]:
        return [mine["machine"], "reasons", mine["reasons"], theirs["reasons"]]
    lead = answer["reasons"][0]["code"]
    if lead not in mine["leads"]:
        return [mine["machine"], "leading reason", mine["leads"], lead]
    return None


def differences(reports, answers=None):
    answers = answers or assess(reports)
    mine = rule.assess(reports, rule.moment(AT))
    assert {m["machine"] for m in mine} <= set(answers)
    return [d for d in (difference(m, answers[m["machine"]]) for m in mine) if d]


NEEDED = ("schema", "agent", "id", "epoch", "sequence", "collected_at", "interval_s", "host",
          "name", "organization", "site", "adapter", "peer", "to", "grade", "addresses", "fact")


def without_one(value):
    """The same JSON value with any one member or element left out."""
    items = list(value.items()) if isinstance(value, dict) else \
        list(enumerate(value)) if isinstance(value, list) else []
    for key, member in items:
        if key not in NEEDED:
            less = copy.copy(value)
            del less[key]
            yield less
        for smaller in without_one(member):
            less = copy.copy(value)
            less[key] = smaller
            yield less


def smallest(reports, found):
    """The least that still shows the difference."""
    for less in without_one(reports):
        if less and found in differences(less):
            return smallest(less, found)
    return reports


def test_random_fleets_are_judged_as_the_oracle_judges_them():
    seen = set()
    for first in range(0, FLEETS, FLEETS_PER_CALL):
        batch = [fleets.Fleet(random.Random(f"{SEED}/{number}"), number).reports
                 for number in range(first, min(first + FLEETS_PER_CALL, FLEETS))]
        answers = assess([report for reports in batch for report in reports])
        seen |= {answer["verdict"] for answer in answers.values()}
        for reports in batch:
            for found in differences(reports, answers):
                pytest.fail(f"{found}\n" + "\n".join(map(json.dumps, smallest(reports, found))))
    assert seen == {*rule.HARMFUL, *rule.HARMLESS, "unknown"}
