"""docs/rule.md: its examples are what the collector says, its codes are those that there are."""

import json
import re
import subprocess

import pytest
from running import PATIENCE, PROGRAM, ROOT, row, server

PAGE = (ROOT / "docs/rule.md").read_text(encoding="utf-8")
PEERS = (("EXCH2", "10.0.0.2"), ("EXCH3", "10.0.0.3"))
NAMES = {"not applicable": "not_applicable", "at risk": "at_risk", "cannot tell": "unknown"}


def table(heading):
    """The cells of the rows of the first table below that heading."""
    lines = re.search(rf"^## {heading}\n.*?\n\|[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)+)", PAGE, re.M | re.S)[1].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def probes_of(adapter_b):
    grades = {"reaches all": ("mta", "mta"), "reaches nobody": ("none", "none"), "reaches EXCH2 alone": ("mta", "none"),
              "reaches the endpoint mapper only": ("epm", "epm"), "reaches all through A": ("mta", "mta"),
              "was not probed": (), "none": ()}[adapter_b]
    via = "A" if adapter_b == "reaches all through A" else "B"
    return [row("B", peer, "10.9.0.1", to, grade, via) for (peer, to), grade in zip(PEERS, grades)]


def mta(state):
    if state == "running":
        return {"service": "running", "start_type": "auto"}
    stopped = {"service": "stopped", "start_type": "auto"}
    if state == "stopped, log unreadable":
        return stopped
    error = int(re.fullmatch(r"failed with (\d+)", state)[1])
    return {**stopped, "last_start": {"at": "2026-11-22T10:31:00Z", "outcome": "failed", "events": [
        {"id": 9321, "at": "2026-11-22T10:31:00Z", "nt_error": error}, {"id": 9266, "at": "2026-11-22T10:31:00Z"}]}}


def site(build, cluster, adapter_b, state):
    rows = [row("A", peer, "10.0.0.1", to) for peer, to in PEERS] + probes_of(adapter_b)
    first = server("EXCH1", "10.0.0.1", rows, second=None if adapter_b == "none" else "10.9.0.1")
    first["mta"] = mta(state)
    first["exchange"]["clustered"] = cluster == "yes"
    if cluster == "not known":
        del first["exchange"]["clustered"]
    first["problems"] = []
    if build == "unreadable":
        first["files"] = [{"name": "Emsmta.exe", "state": "unreadable"}]
    else:
        first["files"][0]["version"] = first["exchange"]["build"] = build
    if state == "stopped, log unreadable":
        first["problems"].append({"fact": "mta.events", "code": 5, "message": "Access is denied."})
    return [first, *(server(name, address, [row("A", other, address, to) for other, to in PEERS if other != name])
                     for name, address in PEERS)]


@pytest.mark.parametrize("line", table("Examples"), ids=" ".join)
def test_an_example_is_what_the_collector_says(tmp_path, line):
    *facts, verdict = line
    paths = []
    for report in site(*facts):
        paths.append(tmp_path / f"{report['host']['name']}.json")
        paths[-1].write_text(json.dumps(report))
    done = subprocess.run([PROGRAM, "assess", "--at", "2026-11-22T10:45:30Z", *paths], capture_output=True, text=True,
                          timeout=PATIENCE)
    first = next(one for one in json.loads(done.stdout) if one["server"] == "EXCH1")
    assert first["verdict"] == NAMES.get(verdict, verdict), first["reasons"]


def test_each_reason_is_explained():
    explained = set(re.findall(r"`(\w+)`", " ".join(cells[0] for cells in table("Reasons"))))
    sources = "".join((ROOT / "proto/exposure" / name).read_text() for name in ("reasons.c", "notes.c", "missing.c"))
    made = set(re.findall(r"reason_add\(\s*x, list,\s*\"(\w+)\"", sources))
    assert len(made) > 15 and made == explained
