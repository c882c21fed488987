"""What-if, asked twice: `mtawatch-collector what-if` against tests/oracle/what_if.py, which changes
the facts by its own means and has tests/oracle/rule.py judge them. A longer run by hand:
  MTAWATCH_FLEETS=50000 MTAWATCH_SEED=monday pytest tests/integration/test_what_if_rule.py
"""

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest
from running import PROGRAM

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "oracle"))
import fleets  # noqa: E402
import rule  # noqa: E402
import what_if  # noqa: E402

AT = fleets.stamp(0)
NOW = rule.moment(AT)
SEED = os.environ.get("MTAWATCH_SEED", "mtawatch")
FLEETS = int(os.environ.get("MTAWATCH_FLEETS", "2000"))
FLEETS_PER_CALL = 250


def ask(folder, reports, changes):
    """{machine: its object in the answer}"""
    (folder / "reports.jsonl").write_text("".join(json.dumps(r) + "\n" for r in reports),
                                          encoding="utf-8")
    (folder / "changes.json").write_text(json.dumps({"changes": changes}), encoding="utf-8")
    done = subprocess.run([PROGRAM, "what-if", "--at", AT, "--json", "--changes",
                           folder / "changes.json", folder / "reports.jsonl"],
                          capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode in (0, 3, 4, 5), done.stderr
    return {rule.fold(server["server"]): server for site in json.loads(done.stdout)
            for server in site["servers"]}


class Case:
    """A fleet with changes of one of its sites, and what is expected of them."""

    def __init__(self, number):
        rng = random.Random(f"{SEED}/{number}")
        self.reports = fleets.Fleet(rng, number).reports
        self.changes = []
        self.expected = {}
        sites = sorted({rule.site(r) for r in rule.latest(self.reports, NOW)})
        if sites:
            facts = what_if.Facts(self.reports, rng.choice(sites), NOW)
            before = facts.judged()
            silent = {m for m in facts.reports if m not in before}
            self.changes = what_if.random_changes(rng, facts, rng.choice([1, 1, 2, 3]))
            self.expected = self.differences(before, silent, facts.judged())

    def differences(self, before, silent, after):
        named = {rule.fold(change["server"]) for change in self.changes}
        added = {rule.fold(c["server"]) for c in self.changes if c["action"] == "add_adapter"}
        shown = {machine for machine in before if machine in named | added
                 or before[machine] != after.get(machine)} | (named & silent)
        return {m: (before.get(m), after.get(m)) for m in shown}


def side(said):
    if said is None:
        return None
    return (said["verdict"], {a["adapter"]: a["state"] for a in said["adapters"]
                              if a["state"] != "inactive"})


def compare(case, answer):
    mine = case.expected
    names = {rule.fold(r["host"]["name"].split(".")[0]) for r in case.reports}
    theirs = {m: (side(s["before"]), side(s["after"])) for m, s in answer.items() if m in names}
    for machine, (before, after) in mine.items():
        if before is None and machine in theirs:  # a silent one that was taken out
            theirs[machine] = (None, theirs[machine][1])
    return None if mine == theirs else (mine, theirs)


def test_random_changes_are_judged_as_the_oracle_judges_them(tmp_path):
    made = 0
    seen = set()
    for first in range(0, FLEETS, FLEETS_PER_CALL):
        cases = [Case(n) for n in range(first, min(first + FLEETS_PER_CALL, FLEETS))]
        answer = ask(tmp_path, [r for c in cases for r in c.reports],
                     [change for c in cases for change in c.changes])
        for case in cases:
            found = compare(case, answer)
            if found:
                pytest.fail(f"{case.changes}\n{found[0]}\n{found[1]}\n" +
                            "\n".join(map(json.dumps, case.reports)))
            made += len(case.changes)
            seen |= {(b[0], a[0]) for b, a in case.expected.values() if a and b}
    assert made >= FLEETS
    assert {("exposed", "clear"), ("exposed", "protected"), ("clear", "at_risk"),
            ("clear", "unknown"), ("failing", "clear"), ("unknown", "clear")} <= seen
